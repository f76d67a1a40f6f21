"""The gas that the README quotes is the gas that a day costs: committed figures against a fresh measurement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wattpost.bench.floor import floor
from wattpost.bench.gas import measure_gas

COMMITTED = Path(__file__).parents[3] / "benchmarks" / "gas.json"


def committed(periods: int, agents: int) -> list[dict[str, Any]]:
    rows = json.loads(COMMITTED.read_text())
    return [row for row in rows if row["periods"] == periods and row["agents"] == agents and row["way"] != "plain"]


def test_gas__of_a_small_day__is_what_was_committed() -> None:
    found = [row for row in measure_gas(periods=(1,), agents=(10,)) if row["way"] != "plain"]
    assert found == committed(1, 10)


@pytest.mark.parametrize("periods", [1, 4, 24, 48])
def test_committed_gas__lies_above_the_floor_and_far_below_the_plain_way(periods: int) -> None:
    rows = {row["way"]: row for row in json.loads(COMMITTED.read_text()) if row["periods"] == periods}
    assert rows["relayed"]["floor"] < rows["relayed"]["all_in"] < rows["direct"]["all_in"] < rows["plain"]["all_in"] / 3


def test_floor__counts_call_data_twice() -> None:
    assert floor(b"\x01", relayed=True) - floor(b"", relayed=True) == 2 * 16
