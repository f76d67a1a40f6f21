"""Capacity that is chosen: closed forms of one post, of T equal ones, and of a sunny and a dull one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from wattpost.game import (
    Action,
    Ces,
    Crra,
    Economy,
    Log,
    Producer,
    Response,
    Rivals,
    Standard,
    Status,
    best_response,
    best_response_dynamics,
    payoff,
    sensitivity,
    solve_competitive,
    solve_nash,
    solve_to_json,
)

THETA, RHO = 1.7, 0.2


def builders(
    c: float, plants: int, *, periods: int = 1, rho: float = RHO, sun: tuple[float, ...] | None = None
) -> Economy:
    homes = tuple(Standard(f"home-{i}", w, Log([1.0] * periods, 0.0)) for i, w in enumerate((4.0, 6.0, 10.0)))
    wants = Log([0.0] * periods, 1.0)
    makers = tuple(
        Producer(f"builder-{i}", THETA, c, 1.0, wants, investment_cost=rho, solar=sun) for i in range(plants)
    )
    return Economy(periods, homes, makers)


def marginal(q: float, c: float) -> float:
    return float((q / THETA) ** ((1.0 - c) / c) / (c * THETA))


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("plants", [2, 3, 7])
def test_nash__of_one_post__adds_what_capacity_costs_to_marginal_cost(c: float, plants: int) -> None:
    found = solve_nash(builders(c, plants))
    worth = ((plants - 1) / plants) ** 2 * 20.0 / plants
    made = brentq(lambda q: worth / q - marginal(q, c) - RHO, 1e-9, 1e3, xtol=1e-15)
    assert found.status is Status.SOLVED
    assert found.offers[3:, 0] == pytest.approx(np.full(plants, made), rel=1e-10)
    assert found.regret <= 1e-8 and found.residual <= 1e-9


def test_nash__of_equal_periods__shares_what_capacity_costs_among_them() -> None:
    found = solve_nash(builders(0.5, 3, periods=4))
    worth = (2 / 3) ** 2 * 20.0 / 3 / 4
    made = brentq(lambda q: worth / q - marginal(q, 0.5) - RHO / 4, 1e-9, 1e3, xtol=1e-15)
    assert found.solved
    assert found.offers[3:] == pytest.approx(np.full((3, 4), made), rel=1e-10)


def test_nash__where_one_post_has_little_sun__only_the_others_pay_for_capacity() -> None:
    # Capacity for post 1 leaves post 2 room to spare at s = 1, so post 2 is free of it when it is the smaller one.
    homes = tuple(Standard(f"home-{i}", 10.0, Log([9.0, 1.0], 0.0)) for i in range(40))
    makers = tuple(Producer(f"b-{i}", THETA, 0.5, 1.0, Log([0.0, 0.0], 1.0), investment_cost=3.0) for i in range(30))
    found = solve_nash(Economy(2, homes, makers))
    rate = found.prices * (1.0 - found.offers[40] / found.totals) / (1.0 - found.good_bought[40] / 400.0) ** -1
    made = found.offers[40]
    assert found.solved and made[1] < made[0]
    assert rate[1] == pytest.approx(marginal(made[1], 0.5), rel=1e-9)
    assert rate[0] == pytest.approx(marginal(made[0], 0.5) + 3.0, rel=1e-9)


def test_nash__of_dull_and_sunny_periods__is_where_dynamics_settle() -> None:
    economy = builders(0.5, 3, periods=3, rho=0.6, sun=(0.3, 1.0, 0.9))
    found, path = solve_nash(economy), best_response_dynamics(economy)
    assert found.solved and path.settled
    assert path.prices == pytest.approx(found.prices, rel=1e-8)
    assert solve_to_json(economy)["capacity"][0] == pytest.approx(found.offers[3, 0] / 0.3 * np.array([0.3, 1.0, 0.9]))
    assert (
        found.offers[3, 1] == pytest.approx(found.offers[3, 2]) and found.offers[3, 1] < found.offers[3, 0] / 0.3 * 0.9
    )


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8])
def test_competitive__of_one_post__pays_cost_and_capacity(c: float) -> None:
    found = solve_competitive(builders(c, 3))
    made = brentq(lambda q: 20.0 / 3 / q - marginal(q, c) - RHO, 1e-9, 1e3, xtol=1e-15)
    assert found.solved
    assert found.offers[3:, 0] == pytest.approx(np.full(3, made), rel=1e-10)


def test_competitive__of_dull_and_sunny_periods__rents_pay_for_capacity() -> None:
    sun = np.array([0.3, 1.0, 0.9])
    found = solve_competitive(builders(0.5, 3, periods=3, rho=0.6, sun=tuple(sun)))
    cost = np.array([marginal(q, 0.5) for q in found.offers[3]])
    assert found.solved
    assert np.sum(sun * np.maximum(found.prices - cost, 0.0)) == pytest.approx(0.6, rel=1e-9)


def test_competitive__of_constant_returns__costs_what_building_and_running_cost() -> None:
    found = solve_competitive(builders(1.0, 3))
    assert found.solved
    assert found.prices == pytest.approx([1 / THETA + RHO], rel=1e-12)  # so nobody earns, and all 20 buy electricity
    assert found.offers[3:, 0] == pytest.approx(np.full(3, 20.0 / found.prices[0] / 3), rel=1e-9)


def test_nash__beside_plants_of_the_short_run__is_certified() -> None:
    long = Producer("long", 1.5, 0.7, 1.0, Ces([0.2, 0.1], 1.0, rho=0.5), investment_cost=0.3, solar=[1.0, 0.4])
    short = Producer("short", 2.0, 0.5, [2.0, 1.0], Crra([0.2, 0.3], 0.8, gamma=2.0))
    found = solve_nash(Economy(2, builders(0.5, 2, periods=2).standard, (long, long, short, short), 0.01))
    assert found.solved and found.regret <= 1e-8 and found.residual <= 1e-9


def test_best_response__in_the_long_run__is_no_worse_than_random_plans() -> None:
    plant = Producer("b", 1.7, 0.6, 1.0, Log([0.3, 0.1, 0.2], 0.8), investment_cost=0.25, solar=[0.5, 1.0, 0.8])
    rivals, kwh = Rivals([10.0, 4.0, 7.0], [8.0, 9.0, 6.0], 40.0, 50.0), [0.02] * 3
    best = best_response(plant, rivals, verification=kwh)
    outcome = payoff(plant, best, rivals, verification=kwh)
    assert outcome.balance == pytest.approx(0.0, abs=1e-9) and outcome.utility == pytest.approx(best.utility)
    rng = np.random.default_rng(1)
    scales = 10.0 ** -rng.integers(1, 5, 3000)[:, None] * rng.normal(size=(3000, 7))
    for nudge in np.exp(scales):
        trial: Action = Response(best.bids * nudge[:3], best.numeraire_bid * nudge[6], best.offers * nudge[3:6], 0.0)
        tried = payoff(plant, trial, rivals, verification=kwh)
        if tried.balance >= 0.0:
            assert tried.utility <= best.utility + 1e-12


def test_nash__where_capacity_costs_more_than_it_earns__lets_the_builders_go() -> None:
    found = solve_nash(builders(1.0, 3, rho=1e9))
    assert np.all(np.isfinite(found.utilities[3:]) | (found.utilities[3:] == -np.inf))
    assert found.offers.max() <= 20.0 / 1e9


def test_sensitivity__to_what_capacity_costs__meets_finite_differences() -> None:
    def build(rho: float) -> Economy:
        return builders(0.5, 3, periods=2, rho=rho, sun=(1.0, 0.4))

    moved = sensitivity(build, 0.4, solve_nash(build(0.4)))
    step = (solve_nash(build(0.401)).prices - solve_nash(build(0.399)).prices) / 0.002
    assert moved.prices == pytest.approx(step, rel=1e-4, abs=1e-7)


def test_long_run__with_increasing_returns__is_refused_by_name() -> None:
    plant = Producer("builder", 1.0, 1.5, 1.0, Log([0.0], 1.0), investment_cost=0.2)
    with pytest.raises(ValueError, match="builder: investment_cost"):
        Economy(1, builders(0.5, 2).standard, (plant,))
    with pytest.raises(ValueError, match="builder: investment_cost"):
        best_response(plant, Rivals([1.0], [1.0], 1.0, 1.0), verification=[0.0])


def test_long_run__with_too_little_bytecoin__is_refused_by_name() -> None:
    plant = builders(0.5, 1).producers[0]
    with pytest.raises(ValueError, match="builder-0: investment_cost beside a binding `held`"):
        best_response(plant, Rivals([10.0], [8.0], 40.0, 50.0), verification=[0.0], held=1e-3)


def test_nash__of_the_long_run__burns_what_it_builds_and_makes() -> None:
    economy = Economy(
        2,
        builders(0.5, 2, periods=2).standard,
        tuple(
            Producer(f"b-{i}", 1.5, 0.7, 1.0, Log([0.2, 0.1], 1.0), investment_cost=0.3, solar=[1.0, 0.4])
            for i in range(3)
        ),
        0.01,
    )
    for found in (solve_nash(economy), solve_competitive(economy)):
        made = found.offers[3:]
        built = np.maximum(made[:, 0], made[:, 1] / 0.4)
        burnt = np.sum((made / 1.5) ** (1 / 0.7), axis=1) + 0.3 * built
        assert found.solved
        assert found.numeraire[3:] == pytest.approx(found.good_bought[3:] - burnt, rel=1e-9)
        assert found.numeraire.sum() + burnt.sum() == pytest.approx(20.0, rel=1e-9)
