"""One market, two ways to submit: the same submissions come to the same market, and only verification differs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import Command, manifest, needs_anvil, sentence
from wattpost.chain.rpc import NodeUnreachable
from wattpost.fleet.relayer import Relayer
from wattpost.study.run import Options, run
from wattpost.study.scenario import load


class Quiet:
    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...


def played(scenario: str | Path, folder: Path, **options: Any) -> list[dict[str, Any]]:
    outcome = run(load(scenario), Options(out=folder, processes=1, **options), Quiet())
    assert outcome.verdict == "clean"
    rows: list[dict[str, Any]] = pq.read_table(folder / "agents.parquet").to_pylist()
    return rows


@pytest.mark.parametrize("engine", ["eth-tester", pytest.param("anvil", marks=needs_anvil)])
def test_the_same_submissions__relayed__are_the_same_market(engine: str, tmp_path: Path) -> None:
    direct = played("tiny", tmp_path / "direct", engine=engine)
    relayed = played(
        "tiny", tmp_path / "relayed", engine=engine, submit="relayed", policy=f"replay:{tmp_path / 'direct'}"
    )
    first, second = manifest(tmp_path / "direct"), manifest(tmp_path / "relayed")
    assert (first["submit"], second["submit"]) == ("direct", "relayed")
    assert first["market_digest"] == second["market_digest"] and first["state_digest"] != second["state_digest"]
    for one, other in zip(direct, relayed, strict=True):
        assert (one["relayed"], other["relayed"]) == (False, True)
        assert one["bids"] == other["bids"] and one["allocations"] == other["allocations"]
        assert other["own_gas"] < one["own_gas"] and other["verification_kwh"] != one["verification_kwh"]
        bought = sum(one["allocations"][1:])
        for row in (one, other):
            assert row["consumed_kwh"] + row["verification_kwh"] == pytest.approx(bought, abs=1e-9)


def test_a_relayer_that_fails_in_mid_run__loses_nobody(
    small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry = Relayer.carry

    def tired(self: Relayer, day: int) -> int:
        if day == 2:
            raise NodeUnreachable("No node answers.")
        return carry(self, day)

    monkeypatch.setattr(Relayer, "carry", tired)
    rows = played(small(days=3), tmp_path / "run", submit="relayed")
    assert all(row["submitted"] for row in rows)
    assert [row["relayed"] for row in rows] == [True] * 4 + [False] * 4 + [True] * 4
    said = " ".join(manifest(tmp_path / "run")["incidents"])
    assert "The relayer failed on day 2" in said and "4 signed bids were not relayed on day 2" in said


def test_an_unknown_way_to_submit__is_one_sentence(command: Command, tmp_path: Path) -> None:
    said = sentence(command("run", "tiny", "--submit", "pigeon", "--out", str(tmp_path / "run")))
    assert said == "There is no way to submit called 'pigeon': choose direct or relayed."
    both = command("run", "tiny", "--processes", "1", "--agents-per-process", "2", "--out", str(tmp_path / "run"))
    assert sentence(both) == "Give --processes or --agents-per-process, not both."


STORES = """
[verification]
joules_per_gas = 5.0
gas = {gas}
financing = "inventory"
efficiency = 0.8
store = {store}
"""


def test_stores__pay_for_verification_and_are_filled_again(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small(days=5, change=lambda text: text + STORES.format(gas=200_000, store=0.3))
    rows = played(path, tmp_path / "run", submit="relayed")
    last = [row for row in rows if row["day"] == 5]
    assert all(row["submitted"] and row["arrears_kwh"] == 0 for row in rows)
    for row in last:
        before = next(each for each in rows if each["day"] == 4 and each["agent"] == row["agent"])
        into = row["store_kwh"] - before["store_kwh"] + row["verification_kwh"]
        bought = sum(row["allocations"][1:])
        assert row["consumed_kwh"] == pytest.approx(bought - into / 0.8, abs=1e-9)
        assert row["store_kwh"] == pytest.approx(1.1 * row["verification_kwh"], rel=0.05)


def test_a_store_that_does_not_cover_a_day__locks_its_agent_out(small: Callable[..., Path], tmp_path: Path) -> None:
    # 5 J a gas: the first day must be covered as if it burnt 200,000 gas, 0.278 kWh.
    path = small(days=2, change=lambda text: text + STORES.format(gas=200_000, store=0.2))
    rows = played(path, tmp_path / "run")
    assert not any(row["submitted"] for row in rows)
    assert all(row["note"].startswith("it is locked out: its store holds 0.2 of 0.27") for row in rows)
    assert manifest(tmp_path / "run")["incidents"]
