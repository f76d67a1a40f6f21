"""Price-taking equilibria from their definition: nobody does better at the prices, and every post clears."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from families import random_economy
from scipy.optimize import minimize_scalar

from wattpost.game import (
    Economy,
    Exponential,
    Linear,
    Log,
    Producer,
    Quadratic,
    Solution,
    Standard,
    Status,
    Utility,
    solve_competitive,
    solve_nash,
)

SEEDS = range(300) if os.environ.get("WATTPOST_NIGHTLY") == "1" else range(12)


def most(utility: Utility, prices: np.ndarray, money: float) -> float:  # type: ignore[type-arg]
    """The largest weighted sum that `money` buys at `prices`, by its dual: min over lambda of the relaxed problem."""

    def bound(log_lam: float) -> float:
        lam = np.exp(log_lam)
        total = lam * money
        for weight, price in [*zip(utility.weights, prices, strict=True), (utility.numeraire, 1.0)]:
            if weight <= 0:
                continue
            best = float(utility.demand(np.array([lam * price / weight]), utility.shape)[0])
            if np.isinf(best):
                return 1e300
            total += weight * float(utility.worth(np.array([best]), utility.shape)[0]) - lam * price * best
        return total

    if utility.kinked:
        rates = [*np.log(utility.weights[utility.weights > 0] / prices[utility.weights > 0])]
        rates += [np.log(utility.numeraire)] if utility.numeraire > 0 else []
        return bound(float(max(rates)) + 1e-15)
    # The bound is convex in lambda, so it has one valley in ln lambda.
    return float(minimize_scalar(bound, bounds=(-60.0, 60.0), method="bounded", options={"xatol": 1e-9}).fun)


def profit(plant: Producer, prices: np.ndarray) -> float:  # type: ignore[type-arg]
    """The largest profit at `prices`."""

    def earned(limits: np.ndarray) -> float:  # type: ignore[type-arg]
        if plant.c == 1:
            made = np.where(prices * plant.theta > 1, limits, 0.0)
        else:
            made = np.minimum(plant.theta * (plant.c * plant.theta * prices) ** (plant.c / (1 - plant.c)), limits)
        return float(prices @ made - np.sum((made / plant.theta) ** (1 / plant.c)))

    if plant.investment_cost is None:
        return earned(plant.limits)
    rents = plant.sun @ np.maximum(prices - 1 / plant.theta, 0.0) - plant.investment_cost
    if plant.c == 1:
        return 0.0 if rents <= 1e-10 * plant.investment_cost else np.inf
    search = minimize_scalar(
        lambda z: plant.investment_cost * np.exp(z) - earned(np.exp(z) * plant.sun),
        bounds=(-30.0, 10.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return max(0.0, -float(search.fun))


def assert_competitive(economy: Economy, found: Solution) -> None:
    posts = found.open
    prices = found.prices[posts]
    bought, made = found.allocations.sum(axis=0), found.offers.sum(axis=0)
    assert bought[posts] == pytest.approx(made[posts], rel=1e-9)
    assert np.all(found.offers[:, ~posts] == 0)
    for place in np.flatnonzero(found.participants):
        agent, x = economy.agents[place], found.allocations[place]
        spent = float(x[posts] @ prices + found.numeraire[place])
        if isinstance(agent, Standard):
            money = agent.endowment
        else:
            made = found.offers[place]
            money = float(made[posts] @ prices - agent.inputs(made))
            best = profit(agent, prices)
            assert money == pytest.approx(best, rel=1e-8, abs=1e-9 * float(made[posts] @ prices) + 1e-12), agent.name
        assert spent == pytest.approx(money, rel=1e-9, abs=1e-12)
        utility = agent.utility
        floor = utility.floor + found.verification_kwh[place]
        free = money - float(floor[posts] @ prices)
        if free <= 1e-9 * economy.count:
            continue  # nothing to choose with
        assert np.all(x[posts] >= floor[posts] * (1 - 1e-12))
        part = replace(utility, electricity=utility.weights[posts], subsistence=np.zeros(int(posts.sum())))
        have = part.total(np.maximum(x[posts] - floor[posts], 0.0), float(found.numeraire[place]))
        less = part.total(
            np.maximum(x[posts] - floor[posts], 0.0) * (1 - 1e-8), float(found.numeraire[place]) * (1 - 1e-8)
        )
        # Nothing that the money buys is worth more than a 10^-8 part more of everything.
        assert most(part, prices, free) - have <= have - less + 1e-14 * abs(have), agent.name


def test_check__of_a_nash_outcome__notices_that_it_is_not_competitive() -> None:
    economy = random_economy(3, largest=6, periods=3, verification=False)
    with pytest.raises(AssertionError):
        assert_competitive(economy, solve_nash(economy))


@pytest.mark.parametrize("seed", SEEDS)
def test_competitive__of_any_economy__leaves_nobody_a_better_choice(seed: int) -> None:
    economy = random_economy(seed, largest=20, periods=12)
    found = solve_competitive(economy)
    if found.status is Status.NO_COMPETITIVE:
        assert len(found.exits) > 0
        return
    assert found.status is Status.SOLVED and found.residual <= 1e-9, found
    assert_competitive(economy, found)


@pytest.mark.parametrize("seed", SEEDS)
def test_competitive__where_some_choose_capacity__leaves_nobody_a_better_choice(seed: int) -> None:
    given = random_economy(1000 + seed, largest=12, periods=8, verification=False)
    rng = np.random.default_rng(seed)
    makers = tuple(
        replace(
            p,
            c=min(p.c, 1.0),
            investment_cost=float(rng.uniform(0.05, 1.0)),
            solar=rng.uniform(0.2, 1.0, given.periods),
        )
        if rng.random() < 0.6
        else p
        for p in given.producers
    )
    economy = Economy(given.periods, given.standard, makers)
    found = solve_competitive(economy)
    assert found.status is Status.SOLVED and found.residual <= 1e-9, found.status
    assert_competitive(economy, found)


def test_competitive__of_equal_steps__splits_them_equally() -> None:
    homes = [Standard("home", 3.0, Log([1.0, 2.0], 0.5))] * 3
    plants = [Producer("plant", 2.0, 1.0, 9.0, Log([0.0, 0.0], 1.0))] * 4
    found = solve_competitive(Economy(2, homes, plants))
    assert found.prices == pytest.approx([0.5, 0.5], rel=1e-12)
    assert found.offers[3:] == pytest.approx(np.tile(found.offers[3], (4, 1)), rel=1e-9)
    assert found.totals == pytest.approx([9 / 3.5 * 2, 18 / 3.5 * 2], rel=1e-9)  # weight shares of 9 at 1/2 apiece


def test_competitive__of_dear_and_cheap_steps__runs_the_cheap_one_full() -> None:
    homes = [Standard("home", 5.0, Log([1.0], 0.0))] * 2
    plants = [Producer("cheap", 4.0, 1.0, 12.0, Log([0.0], 1.0)), Producer("dear", 2.0, 1.0, 99.0, Log([0.0], 1.0))]
    found = solve_competitive(Economy(1, homes, plants))
    assert found.prices == pytest.approx([0.5], rel=1e-12)
    assert found.offers[2:, 0] == pytest.approx([12.0, 8.0], rel=1e-9)
    assert found.numeraire[2:] == pytest.approx([12.0 * (0.5 - 0.25), 0.0], abs=1e-9)


def test_competitive__of_linear_buyers__equates_what_money_buys() -> None:
    # Two posts fed at fixed rates (dear to widen): p_1/p_2 = a_1/a_2 = 1/3 as long as both are bought.
    homes = [Standard("home", 6.0, Linear([1.0, 3.0], 0.0))] * 2
    plants = [Producer("plant", 100.0, 1.0, [5.0, 2.0], Log([0.0, 0.0], 1.0))] * 2
    found = solve_competitive(Economy(2, homes, plants))
    assert found.status is Status.SOLVED
    assert found.prices[1] / found.prices[0] == pytest.approx(3.0, rel=1e-12)
    assert found.prices[0] == pytest.approx(12.0 / (10.0 + 3 * 4.0), rel=1e-10)


def test_competitive__of_a_post_that_nobody_would_pay_for__closes_it() -> None:
    homes = [Standard("home", 6.0, Linear([1.0, 0.01], 0.0))] * 2
    plants = [Producer("plant", 2.0, 1.0, [50.0, 50.0], Log([0.0, 0.0], 1.0))] * 2
    found = solve_competitive(Economy(2, homes, plants))
    assert found.status is Status.SOLVED
    assert found.open.tolist() == [True, False] and found.totals[0] == pytest.approx(24.0)


def test_competitive__where_building_costs_more_than_anybody_pays__is_no_trade() -> None:
    homes = [Standard("home", 6.0, Linear([1.0], 1.0))] * 2
    plants = [Producer("plant", 2.0, 1.0, 1.0, Log([0.0], 1.0), investment_cost=0.9)] * 2
    found = solve_competitive(Economy(1, homes, plants))
    assert found.status is Status.NO_TRADE and found.residual <= 1e-9
    assert not found.open.any() and found.numeraire == pytest.approx([6.0, 6.0, 0.0, 0.0], abs=1e-9)


def test_competitive__of_satiated_buyers__gives_change_in_the_good() -> None:
    homes = [Standard("home", 6.0, Quadratic([1.0], 0.0, bliss=1.0))] * 2
    plants = [Producer("plant", 2.0, 0.5, 50.0, Log([0.0], 1.0))] * 2
    found = solve_competitive(Economy(1, homes, plants))
    assert found.status is Status.SOLVED
    assert found.consumption[0] == pytest.approx([1.0], rel=1e-9)
    assert found.prices == pytest.approx([2 / 4.0], rel=1e-9)  # phi' = 2 q/theta^2 at q = 1
    assert found.numeraire[0] == pytest.approx(5.5, rel=1e-9)


def test_competitive__of_a_plant_that_cannot_pay_for_its_verification__sends_it_away() -> None:
    # At p = 1/theta a plant of constant returns earns nothing, and cannot buy V back.
    homes = [Standard("home", 6.0, Exponential([1.0], 1.0, alpha=1.0))] * 2
    plants = [Producer("flat", 1.2, 1.0, 90.0, Log([0.0], 1.0))] * 2
    plants += [Producer("bent", 3.0, 0.5, 90.0, Log([0.0], 1.0))] * 2
    found = solve_competitive(Economy(1, homes, plants, 0.01))
    assert found.status is Status.SOLVED
    assert found.exits == (3, 2) and found.participants.tolist() == [True, True, False, False, True, True]
    assert found.numeraire[2] == 0.0 and found.offers[2, 0] == 0.0


def test_competitive__with_increasing_returns__is_at_full_load_or_not_at_all() -> None:
    homes = [Standard("home", 5.0, Log([1.0], 0.0))] * 2

    def market(capacity: float) -> Solution:
        big = Producer("big", 1.0, 1.5, capacity, Log([0.0], 1.0))
        return solve_competitive(Economy(1, homes, [big, Producer("small", 2.0, 0.5, 99.0, Log([0.0], 1.0))]))

    full, none = market(2.0), market(40.0)
    assert full.status is Status.SOLVED and full.offers[2, 0] == pytest.approx(2.0)
    assert 10.0 / full.totals[0] == pytest.approx(full.prices[0])
    assert none.status is Status.PART_LOAD and not none.solved


def test_competitive__of_replicas__is_what_nash_tends_to_where_supply_is_a_step() -> None:
    homes = (Standard("a", 4.0, Log([1.0], 0.2)), Standard("b", 6.0, Log([1.0], 0.4)))
    plants = (Producer("p", 2.0, 1.0, 3.0, Log([0.0], 1.0)), Producer("q", 1.5, 1.0, 9.0, Log([0.0], 1.0)))
    ideal = solve_competitive(Economy(1, homes, plants)).prices[0]
    gaps = [solve_nash(Economy(1, homes * r, plants * r)).prices[0] / ideal - 1 for r in (8, 16, 32)]
    assert 0 < gaps[2] < 0.6 * gaps[1] < 0.36 * gaps[0]


def test_competitive__of_agents_in_another_order__is_the_same() -> None:
    given = random_economy(7, largest=10, periods=5, verification=False)
    found = solve_competitive(given)
    turned = solve_competitive(Economy(given.periods, given.standard[::-1], given.producers[::-1]))
    assert turned.prices == pytest.approx(found.prices, rel=1e-9, nan_ok=True)
