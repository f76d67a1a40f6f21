"""Best responses at one go are those one by one."""

from __future__ import annotations

import numpy as np
import pytest

from wattpost.fleet.responses import Responses
from wattpost.game import Ces, Log, Producer, Rivals, Standard, best_response
from wattpost.game.agents import Agent


def crowd(periods: int) -> list[Agent]:
    rng = np.random.default_rng(7)

    def weights() -> list[float]:
        return rng.uniform(0.2, 1.0, periods).tolist()  # type: ignore[no-any-return]

    homes = [Standard(f"home-{i}", float(rng.uniform(5, 12)), Log(weights(), 0.4)) for i in range(8)]
    others = [Standard(f"shop-{i}", 9.0, Ces(weights(), 0.3, rho=-0.5)) for i in range(3)]
    plants = [
        Producer(f"plant-{i}", 2.0, c, 6.0 * np.ones(periods), Log(weights(), 0.8))
        for i, c in enumerate((0.5, 0.6, 1.0))
    ]
    return [*homes, *others, *plants, Producer("rising", 2.0, 1.4, 6.0 * np.ones(periods), Log(weights(), 0.8))]


@pytest.mark.parametrize("periods", [1, 5])
def test_together__is_as_alone(periods: int) -> None:
    agents = crowd(periods)
    rng = np.random.default_rng(8)
    bids, sold = (rng.uniform(20.0, 60.0, (len(agents), periods + 1)) for _ in range(2))
    burnt = rng.uniform(0.0, 0.05, (len(agents), periods))
    found = Responses(agents).to(np.arange(len(agents)), bids, sold, burnt, np.full(len(agents), 1e6))
    assert found.found.tolist() == [True] * (len(agents) - 1) + [False]  # the last is left to a global search
    for row, agent in enumerate(agents[:-1]):
        rivals = Rivals(bids[row, 1:], sold[row, 1:], float(bids[row, 0]), float(sold[row, 0]))
        alone = best_response(agent, rivals, verification=burnt[row])
        assert found.bids[row, 1:] == pytest.approx(alone.bids, rel=1e-9, abs=1e-9)
        assert found.bids[row, 0] == pytest.approx(alone.numeraire_bid, rel=1e-9, abs=1e-9)
        assert found.offers[row, 1:] == pytest.approx(alone.offers, rel=1e-9, abs=1e-9)


def test_those_whose_money_binds_or_whose_posts_are_empty__are_left_alone() -> None:
    agents = crowd(1)[:3]
    bids, sold = np.full((3, 2), 50.0), np.full((3, 2), 40.0)
    bids[1, 1] = 0.0
    found = Responses(agents).to(np.arange(3), bids, sold, np.zeros((3, 1)), np.array([1e6, 1e6, 0.01]))
    assert found.found.tolist() == [True, False, False]
