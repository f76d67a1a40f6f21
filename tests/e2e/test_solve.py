"""`wattpost solve`: equilibria without a chain, under the keys that a reader of its JSON relies on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Command, sentence

KEYS = {
    "solved",
    "status",
    "regret",
    "residual",
    "prices",
    "participants",
    "agents",
    "bids",
    "numeraire_bids",
    "offers",
    "allocations",
    "consumption",
    "numeraire",
    "utilities",
    "verification_kwh",
    "competitive",
}


def test_solve__writes_every_key_with_its_shape(tmp_path: Path, command: Command) -> None:
    done = command("solve", "tiny", "--json", str(tmp_path / "tiny.json"))
    assert done.returncode == 0 and "solved" in done.stdout
    found = json.loads((tmp_path / "tiny.json").read_text())
    assert set(found) >= KEYS
    assert found["regret"] <= 1e-8 and found["residual"] <= 1e-9
    assert [each["kind"] for each in found["agents"]] == ["standard"] * 3 + ["producer"] * 2
    for key in ("bids", "offers", "allocations", "consumption", "verification_kwh"):
        assert [len(row) for row in found[key]] == [2] * 5, key
        assert set(found["competitive"]) >= KEYS - {"regret", "competitive"}
    for period in range(2):  # the post clears, and everybody pays the price
        made = sum(row[period] for row in found["offers"])
        assert sum(row[period] for row in found["allocations"]) == pytest.approx(made, rel=1e-9)
        paid = sum(row[period] for row in found["bids"])
        assert paid == pytest.approx(found["prices"][period] * made, rel=1e-9)


def test_solve__to_the_screen__is_json_alone(command: Command) -> None:
    done = command("solve", "tiny", "--json", "-")
    assert json.loads(done.stdout)["solved"] is True


def test_solve__where_trade_cannot_pay__says_so(tmp_path: Path, small: Callable[..., Path], command: Command) -> None:
    ended = small(change=lambda text: text + "\n[verification]\njoules_per_gas = 2000.0\n")
    done = command("solve", str(ended), "--json", "-")
    found = json.loads(done.stdout)
    assert "no trade" in found["status"]
    assert found["prices"] == [None] and not any(found["participants"])


def test_solve__of_what_is_no_scenario__is_one_sentence(command: Command) -> None:
    assert "tiny" in sentence(command("solve", "tinny"))
