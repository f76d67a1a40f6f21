"""A whole market by one command: what it leaves, that it repeats, and that it is the same on a real node."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import Command, manifest, needs_anvil
from wattpost.chain.keys import derive

FILES = {
    "manifest.json",
    "deployment.json",
    "chain.jsonl.gz",
    "days.parquet",
    "agents.parquet",
    "audit.json",
    "report.html",
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.e2e.conftest import wattpost

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    result = wattpost("run", "tiny", "--seed", "7", "--out", str(folder))
    assert result.returncode == 0, result.stderr
    assert str(folder / "report.html") in result.stdout.replace("\n", "")
    return folder


def test_run__leaves_a_complete_folder_and_a_clean_audit(tiny: Path) -> None:
    assert {each.name for each in tiny.iterdir()} == FILES
    assert json.loads((tiny / "audit.json").read_text())["verdict"] == "clean"
    rows = pq.read_table(tiny / "agents.parquet").to_pylist()
    assert len(rows) == 5 * 3 and all(row["submitted"] for row in rows)
    kappa = manifest(tiny)["kappa_kwh_per_gas"]
    for row in rows:
        assert row["verification_kwh"] == pytest.approx(kappa * (row["own_gas"] + row["shared_gas"]), rel=1e-12)
        assert sum(row["allocations"][1:]) == pytest.approx(row["consumed_kwh"] + row["verification_kwh"], abs=1e-12)
    assert sum(row["bytecoin"] for row in rows if row["day"] == 3) == pytest.approx(500.0, abs=1e-6)


def test_run__twice__gives_equal_states(tiny: Path, tmp_path: Path, command: Command) -> None:
    command("run", "tiny", "--seed", "7", "--processes", "2", "--out", str(tmp_path / "again"))
    for digest in ("state_digest", "market_digest"):
        assert manifest(tmp_path / "again")[digest] == manifest(tiny)[digest]


def test_run__with_another_seed__differs_in_keys_alone(tiny: Path, tmp_path: Path, command: Command) -> None:
    command("run", "tiny", "--seed", "8", "--out", str(tmp_path / "other"))
    own, other = ({row["agent"] for row in _rows(each)} for each in (tiny, tmp_path / "other"))
    assert not own & other
    assert manifest(tmp_path / "other")["market_digest"] == manifest(tiny)["market_digest"]


@needs_anvil
def test_run__on_anvil__gives_the_same_balances_energies_and_gas(tiny: Path, tmp_path: Path, command: Command) -> None:
    result = command("run", "tiny", "--seed", "7", "--engine", "anvil", "--out", str(tmp_path / "anvil"))
    assert result.returncode == 0, result.stderr
    assert manifest(tmp_path / "anvil")["engine"] == "anvil"
    for digest in ("state_digest", "market_digest"):
        assert manifest(tmp_path / "anvil")[digest] == manifest(tiny)[digest]


def test_run__shows_no_private_key_anywhere(tiny: Path) -> None:
    roles = [("operator", 0), ("meter", 0), *(("agent", index) for index in range(5))]
    secrets = [derive(7, role, index)._private.secret.hex() for role, index in roles]
    for path in tiny.iterdir():
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert not any(secret.encode() in raw.lower() for secret in secrets), path.name
    assert manifest(tiny)["test_keys"] is True


def test_report__is_one_file_that_loads_nothing(tiny: Path) -> None:
    page = (tiny / "report.html").read_text()
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert manifest(tiny)["scenario"]["sha256"][:8] in page


def _rows(folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(folder / "agents.parquet").to_pylist()
    return rows
