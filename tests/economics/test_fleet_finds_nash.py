"""Processes that only see the chain end where the solver, which never sees one, says they must."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from wattpost.game import Economy, solve_nash
from wattpost.study import run as runs
from wattpost.study.scenario import load


class Silent:
    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...


def test_a_fleet_on_a_chain__settles_at_the_nash_equilibrium(tmp_path: Path) -> None:
    scenario = replace(load("tiny"), days=20)
    runs.run(scenario, runs.Options(out=tmp_path / "run", processes=2), Silent())
    days = [row for row in pq.read_table(tmp_path / "run/days.parquet").to_pylist() if row["day"] == 20]
    agents = [row for row in pq.read_table(tmp_path / "run/agents.parquet").to_pylist() if row["day"] == 20]
    assert max(row["gap"] for row in agents) < 1e-4

    burnt = np.outer([row["verification_kwh"] for row in agents], scenario.verification.profile)
    nash = solve_nash(Economy(scenario.periods, scenario.standard, scenario.producers, burnt))
    assert nash.solved
    good = next(row["price"] for row in days if row["period"] == 0)
    prices = [row["price"] / good for row in days if row["period"] > 0]
    np.testing.assert_allclose(prices, nash.prices, rtol=2e-3)
    bought = [row["allocations"][1:] for row in agents[:3]]  # of producers only net sales are unique
    np.testing.assert_allclose(bought, nash.allocations[:3], rtol=2e-3)
