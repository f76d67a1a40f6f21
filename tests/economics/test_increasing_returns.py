"""c > 1: no dual bound need be tight, so equilibria face a dense grid of actions under the market's rules."""

from __future__ import annotations

import os

import numpy as np
import pytest
from families import RISING, random_economy

from wattpost.game import Economy, Log, Producer, Response, Rivals, Solution, Standard, payoff, solve_nash

NIGHTLY = bool(os.environ.get("WATTPOST_NIGHTLY"))


def bent(c: float, capacity: float, *, mixed: bool = False) -> Economy:
    homes = tuple(Standard(f"home-{i}", omega, Log([1.0], 0.4)) for i, omega in enumerate([4.0, 6.0, 10.0]))
    returns = (c, c, 0.5) if mixed else (c, c, c)
    plants = tuple(Producer(f"plant-{i}", 1.7, each, capacity, Log([0.0], 1.0)) for i, each in enumerate(returns))
    return Economy(1, homes, plants)


def best_of_grid(economy: Economy, found: Solution, place: int, points: int = 4001) -> float:
    """The most that one producer, which values only the good, gets from any offer on a grid, all its money spent."""
    plant = economy.producers[place - len(economy.standard)]
    omega = sum(home.endowment for home in economy.standard)
    bids, offers, xi = found.bids.sum(axis=0), found.offers.sum(axis=0), float(found.numeraire_bids.sum())
    rivals = Rivals(
        bids - found.bids[place], offers - found.offers[place], xi - float(found.numeraire_bids[place]), omega
    )
    best = -np.inf
    for made in np.linspace(0.0, float(plant.limits[0]), points):
        money = float(made * rivals.bids[0] / (rivals.offers[0] + made))
        action = Response(np.zeros(1), money, np.array([made]), 0.0)
        best = max(best, payoff(plant, action, rivals, verification=[0.0]).utility)
    return best


@pytest.mark.parametrize("c", [1.1, 1.3, 1.6])
@pytest.mark.parametrize("capacity", [2.0, 6.0, 100.0])
@pytest.mark.parametrize("mixed", [False, True])
def test_nash__with_increasing_returns__either_beats_every_offer_of_a_grid_or_says_no(
    c: float, capacity: float, mixed: bool
) -> None:
    economy = bent(c, capacity, mixed=mixed)
    found = solve_nash(economy)
    gains = [
        best_of_grid(economy, found, place, 1001) - found.utilities[place]
        for place in range(3, 6)
        if found.participants[place]
    ]
    assert np.all(np.isfinite(found.utilities)) and found.regret >= 0
    if found.solved:
        assert found.regret <= 1e-8 and found.residual <= 1e-9
        assert max(gains, default=0.0) <= 1e-9
    else:
        assert "no equilibrium" in found.status.value or "not met" in found.status.value


def test_nash__at_capacity_with_increasing_returns__sells_all_it_can() -> None:
    found = solve_nash(bent(1.3, 2.0))
    assert found.solved
    assert found.offers[3:, 0] == pytest.approx(np.full(3, 2.0))


@pytest.mark.parametrize("seed", range(20 if NIGHTLY else 3))
def test_family__with_increasing_returns__is_proved_or_says_so(seed: int) -> None:
    found = solve_nash(random_economy(seed, largest=12, periods=3, returns=RISING))
    assert not found.solved or (found.regret <= 1e-8 and found.residual <= 1e-9)
    assert not np.isnan(found.utilities).any() and not np.isnan(found.allocations).any()
