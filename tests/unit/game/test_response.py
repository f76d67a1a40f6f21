"""Best responses: against formulas one can check by hand, against a search, at corners and at the edges."""

from __future__ import annotations

import time

import numpy as np
import pytest

from wattpost.game import (
    Ces,
    Crra,
    Exponential,
    Linear,
    Log,
    Producer,
    Quadratic,
    Response,
    Rivals,
    Standard,
    Utility,
    attainable,
    best_response,
    gain,
    outside,
    payoff,
)
from wattpost.game.prepayment import bids_of
from wattpost.game.response import _seen
from wattpost.game.search import search
from wattpost.game.tastes import Taste

MARKET = Rivals([10.0, 4.0, 7.0], [8.0, 9.0, 6.0], 40.0, 50.0)
NONE = np.zeros(3)


def forms(weights: list[float], good: float) -> list[Utility]:
    return [
        Log(weights, good),
        Ces(weights, good, rho=0.5),
        Ces(weights, good, rho=-2.0),
        Crra(weights, good, gamma=2.5),
        Exponential(weights, good, alpha=0.7),
        Quadratic(weights, good, bliss=2.0),
        Linear(weights, good),
    ]


def test_best_response__of_electricity_only_on_one_post__bids_its_whole_income() -> None:
    home = Standard("home", 10.0, Log([1.0], 0.0))
    found = best_response(home, Rivals([8.0], [6.0], 16.0, 10.0), verification=[0.0])
    assert found.bids[0] == pytest.approx(16.0 * 10.0 / 20.0, rel=1e-13)
    assert found.numeraire_bid == 0.0
    assert found.utility == pytest.approx(np.log(6.0 * 8.0 / 16.0), rel=1e-13)


def test_best_response__of_two_equal_posts__splits_by_weight_and_own_share() -> None:
    home = Standard("home", 1e-6, Log([3.0, 1.0], 0.0))
    found = best_response(home, Rivals([5.0, 5.0], [5.0, 5.0], 10.0, 10.0), verification=[0.0, 0.0])
    assert found.bids[0] / found.bids[1] == pytest.approx(3.0, rel=1e-5)


def test_best_response__of_producer_that_values_the_good__meets_its_condition() -> None:
    plant = Producer("plant", 2.0, 0.5, 50.0, Log([0.0], 1.0))
    rivals = Rivals([10.0], [8.0], 40.0, 50.0)
    found = best_response(plant, rivals, verification=[0.0])
    q, g = found.offers[0], found.numeraire_bid * 50.0 / (40.0 + found.numeraire_bid)
    money = 10.0 * 8.0 / (8.0 + q) ** 2
    price_of_good = 40.0 * 50.0 / (50.0 - g) ** 2
    assert money / price_of_good == pytest.approx(2.0 * q / 4.0, rel=1e-9)  # phi' = 2 q / theta^2
    assert payoff(plant, found, rivals, verification=[0.0]).balance == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("c", [0.3, 0.8, 1.0])
@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("good", [0.0, 0.6])
def test_best_response__of_producer__is_no_worse_than_a_search(number: int, c: float, good: float) -> None:
    utility = forms([0.7, 0.2, 0.5], good)[number]
    plant = Producer("plant", 1.7, c, [3.0, 0.0, 2.0], utility)
    kwh = np.full(3, 0.02)
    found = best_response(plant, MARKET, verification=kwh)
    scale, seen = _seen(plant, MARKET)
    assert seen is not None
    trades = search(plant, Taste.of([utility], kwh[None, :]), seen, np.inf, None)
    bids, xi = bids_of(trades, seen, 0.0)
    rival = payoff(plant, Response(bids * scale, xi * scale, trades.q, 0.0), MARKET, verification=kwh)
    outcome = payoff(plant, found, MARKET, verification=kwh)
    assert outcome.balance > -1e-9
    assert outcome.utility >= rival.utility - 1e-9 * abs(rival.utility) or outcome.utility == rival.utility


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("good", [0.0, 0.6])
def test_best_response__of_standard_agent__cannot_be_improved_by_moving_money(number: int, good: float) -> None:
    home = Standard("home", 9.0, forms([0.7, 0.2, 0.5], good)[number])
    found = best_response(home, MARKET, verification=NONE)
    posts = np.append(found.bids, found.numeraire_bid)
    # What a bid costs the budget: all of it on electricity, the others' share of it on post 0.
    cost = np.array([1.0, 1.0, 1.0, MARKET.endowments / (MARKET.endowments + 9.0)])
    for source in range(4):
        for target in range(4):
            moved = posts.copy()
            amount = min(1e-3, moved[source] * cost[source])
            moved[source] -= amount / cost[source]
            moved[target] += amount / cost[target]
            other = payoff(home, Response(moved[:3], moved[3], NONE, 0.0), MARKET, verification=NONE)
            assert other.utility <= found.utility + 1e-10 * max(1.0, abs(found.utility))


def test_best_response__with_scarce_bytecoin__stays_within_it_and_uses_it() -> None:
    home = Standard("home", 9.0, Log([0.7, 0.2, 0.5], 0.6))
    free = best_response(home, MARKET, verification=NONE)
    bound = best_response(home, MARKET, verification=NONE, held=2.0)
    assert free.bids.sum() + free.numeraire_bid > 2.0
    assert bound.bids.sum() + bound.numeraire_bid == pytest.approx(2.0, rel=1e-9)
    assert bound.utility < free.utility


@pytest.mark.parametrize("c", [0.5, 1.0])
def test_best_response__of_producer_with_scarce_bytecoin__stays_within_it(c: float) -> None:
    plant = Producer("plant", 2.0, c, 5.0, Log([0.3, 0.3, 0.2], 0.6))
    free = best_response(plant, MARKET, verification=NONE)
    held = 0.3 * (free.bids.sum() + free.numeraire_bid)
    bound = best_response(plant, MARKET, verification=NONE, held=held)
    assert bound.bids.sum() + bound.numeraire_bid <= held * (1 + 1e-12)
    assert payoff(plant, bound, MARKET, verification=NONE).balance > -1e-9
    assert -np.inf < bound.utility < free.utility


def test_best_response__with_increasing_returns__beats_a_grid() -> None:
    plant = Producer("plant", 3.0, 1.4, 6.0, Log([0.0], 1.0))
    rivals = Rivals([20.0], [10.0], 40.0, 50.0)
    found = best_response(plant, rivals, verification=[0.0])
    best = -np.inf
    for q in np.linspace(0.01, 6.0, 600):
        money = 20.0 * q / (10.0 + q)
        best = max(best, payoff(plant, Response(NONE[:1], money, np.array([q]), 0.0), rivals, verification=[0]).utility)
    assert found.utility >= best - 1e-9


def test_best_response__of_producer_with_verification__buys_it_back_exactly() -> None:
    plant = Producer("plant", 2.0, 0.5, 5.0, Log([0.0, 0.0, 0.0], 1.0))
    found = payoff(plant, best_response(plant, MARKET, verification=[0.1, 0.2, 0.3]), MARKET, verification=NONE)
    assert found.allocation == pytest.approx([0.1, 0.2, 0.3], rel=1e-9)


@pytest.mark.parametrize("verification", [0.0, 0.1, 5.0])
@pytest.mark.parametrize(
    "rivals",
    [
        Rivals([0, 1], [1, 1], 1, 1),
        Rivals([1, 1], [0, 1], 1, 1),
        Rivals([0, 1], [0, 1], 1, 1),
        Rivals([0, 0], [0, 0], 0, 0),
        Rivals([1, 1], [1, 1], 0, 1),
        Rivals([1, 1], [1, 1], 1, 0),
        Rivals([0, 0], [1, 1], 1, 1),
    ],
)
@pytest.mark.parametrize(
    "agent",
    [
        Standard("home", 1.0, Log([1.0, 1.0], 0.0)),
        Standard("pauper", 0.0, Log([1.0, 1.0], 1.0)),
        Standard("line", 1.0, Linear([1.0, 1.0], 0.0)),
        Producer("plant", 1.0, 0.5, 1.0, Log([1.0, 1.0], 0.0)),
        Producer("dark", 1.0, 0.5, 0.0, Log([0.0, 0.0], 1.0)),
        Producer("flat", 1.0, 1.0, 1.0, Log([0.0, 0.0], 1.0)),
    ],
    ids=lambda agent: agent.name,
)
def test_best_response__on_empty_posts__is_a_finite_plan(
    agent: Standard | Producer, rivals: Rivals, verification: float
) -> None:
    found = best_response(agent, rivals, verification=[verification] * 2)
    plan = np.concatenate([found.bids, found.offers, [found.numeraire_bid]])
    assert np.all(np.isfinite(plan)) and np.all(plan >= 0)
    assert not np.isnan(found.utility)


def test_best_response__of_24_periods__takes_under_20_ms() -> None:
    rng = np.random.default_rng(0)
    rivals = Rivals(rng.uniform(5, 20, 24), rng.uniform(5, 20, 24), 100.0, 80.0)
    utility = Log(rng.uniform(0, 1, 24), 1.0)
    for agent in (Standard("home", 10.0, utility), Producer("plant", 2.0, 0.5, 5.0, utility)):
        times = []
        for _ in range(7):
            began = time.perf_counter()
            best_response(agent, rivals, verification=np.full(24, 0.01))
            times.append(time.perf_counter() - began)
        assert min(times) < 0.02


def test_attainable__of_what_income_buys__is_the_ratio_to_verification() -> None:
    home = Standard("home", 10.0, Log([1.0], 0.0))
    assert attainable(home, Rivals([8.0], [6.0], 16.0, 10.0), verification=[1.5]) == pytest.approx(2.0)
    assert best_response(home, Rivals([8.0], [6.0], 16.0, 10.0), verification=[3.1]).utility == -np.inf


def test_gain__of_half_the_bids__is_what_doubling_would_add() -> None:
    home = Standard("home", 10.0, Log([1.0], 0.0))
    rivals = Rivals([8.0], [6.0], 16.0, 10.0)
    half = Response(np.array([4.0]), 0.0, np.zeros(1), 0.0)
    assert gain(home, half, rivals, verification=[0.0]) == pytest.approx(3.0 / 2.0 - 1.0)
    best = best_response(home, rivals, verification=[0.0])
    assert gain(home, best, rivals, verification=[0.0]) < 1e-12


def test_outside__of_log__is_minus_infinity_and_of_linear_its_endowment() -> None:
    assert outside(Standard("home", 3.0, Log([1.0], 1.0))) == -np.inf
    assert outside(Standard("home", 3.0, Linear([1.0], 2.0))) == 6.0


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Standard("home", -1.0, Log([1.0], 0.0)), "home: endowment"),
        (lambda: Standard("home", float("nan"), Log([1.0], 0.0)), "home: endowment"),
        (lambda: Producer("plant", 0.0, 0.5, 1.0, Log([1.0], 0.0)), "plant: theta"),
        (lambda: Producer("plant", 1.0, 0.5, [1.0, 2.0], Log([1.0], 0.0)), "plant: capacity"),
        (lambda: Log([float("nan")], 0.0), "utility.electricity"),
        (lambda: Log([0.0], 0.0), "values nothing"),
        (lambda: Ces([1.0], 0.0, rho=1.5), "utility.rho"),
        (lambda: best_response(Standard("h", 1.0, Log([1.0], 0.0)), MARKET, verification=[-1.0]), "h: verification"),
    ],
)
def test_bad_input__is_refused_by_name(build: object, words: str) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match=words):
        build()
