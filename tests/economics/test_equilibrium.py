"""Is it an equilibrium, and does theory's prediction appear? Closed forms live here, not in the solver."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from families import random_economy

from wattpost.game import (
    Ces,
    Crra,
    Economy,
    Linear,
    Log,
    Producer,
    Quadratic,
    Response,
    Rivals,
    Standard,
    Status,
    best_response_dynamics,
    gain,
    loss,
    payoff,
    solve_competitive,
    solve_nash,
    solve_to_json,
)

FAMILY = int(os.environ.get("WATTPOST_FAMILY", "60" if os.environ.get("WATTPOST_NIGHTLY") else "8"))


def textbook(c: float, plants: int, homes: tuple[float, ...] = (4.0, 6.0, 10.0)) -> Economy:
    standard = tuple(Standard(f"home-{i}", omega, Log([1.0], 0.0)) for i, omega in enumerate(homes))
    makers = tuple(Producer(f"plant-{i}", 1.7, c, 1e6, Log([0.0], 1.0)) for i in range(plants))
    return Economy(1, standard, makers)


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("plants", [2, 3, 7])
def test_nash__of_identical_producers__makes_the_closed_form(c: float, plants: int) -> None:
    economy = textbook(c, plants)
    found = solve_nash(economy)
    share = (plants - 1) / plants
    made = 1.7 * (c * share**2 * 20.0 / plants) ** c
    assert found.status is Status.SOLVED
    assert found.offers[3:, 0] == pytest.approx(np.full(plants, made), rel=1e-10)
    assert found.allocations[:3, 0] == pytest.approx(plants * made * np.array([4, 6, 10]) / 20, rel=1e-10)
    assert found.regret <= 1e-8 and found.residual <= 1e-9


def test_nash__with_increasing_returns__meets_the_same_condition_and_survives_the_search() -> None:
    found = solve_nash(textbook(1.2, 3))
    assert found.status is Status.SOLVED
    assert found.offers[3:, 0] == pytest.approx(np.full(3, 1.7 * (1.2 * (2 / 3) ** 2 * 20.0 / 3) ** 1.2), rel=1e-9)
    assert found.regret <= 1e-8


@pytest.mark.parametrize("plants", [2, 3, 7])
@pytest.mark.parametrize("c", [0.3, 0.5, 0.8, 1.0])
def test_competitive__of_identical_producers__makes_the_closed_form(c: float, plants: int) -> None:
    found = solve_competitive(textbook(c, plants))
    made = 1.7 * (c * 20.0 / plants) ** c
    assert found.solved and found.residual <= 1e-9
    assert found.offers[3:, 0] == pytest.approx(np.full(plants, made), rel=1e-9)
    assert found.allocations[:3, 0] == pytest.approx(plants * made * np.array([4, 6, 10]) / 20, rel=1e-9)


def replicated(times: int) -> Economy:
    standard = (
        Standard("home", 4.0, Log([1.0, 0.5], 0.3)),
        Standard("shop", 7.0, Crra([0.4, 1.0], 0.5, gamma=2.0)),
    )
    makers = (
        Producer("sun", 2.0, 0.5, [4.0, 2.0], Log([0.1, 0.2], 1.0)),
        Producer("wind", 1.5, 0.7, 5.0, Log([0.0, 0.0], 1.0)),
    )
    return Economy(2, standard * times, makers * times, 0.02)


def test_replication__drives_prices_to_competitive_ones__at_rate_one_over_r() -> None:
    ideal = solve_competitive(replicated(1)).prices
    times = np.array([2, 4, 8, 16, 32])
    gaps = [np.max(np.abs(solve_nash(replicated(int(r))).prices / ideal - 1.0)) for r in times]
    slope = np.polyfit(np.log(times[1:]), np.log(gaps[1:]), 1)[0]
    assert gaps[-1] < 0.05
    assert slope == pytest.approx(-1.0, abs=0.1)


def test_nash__is_worse_than_competition_for_the_homes() -> None:
    economy = textbook(0.5, 3)
    nash, ideal = solve_nash(economy), solve_competitive(economy)
    lost = loss(economy, ideal, nash)
    # Everybody's electricity falls by the factor ((P-1)/P)^(2c) = 2/3, so it must grow by half.
    assert lost.equivalents[:3] == pytest.approx(np.full(3, 0.5), rel=1e-9)


def test_identical_agents__get_identical_allocations() -> None:
    found = solve_nash(replicated(3))
    for kind in range(2):
        for block in (0, 6):
            rows = found.allocations[block + kind : block + 6 : 2]
            assert np.ptp(rows, axis=0) == pytest.approx(0.0, abs=1e-12)


def test_permuting_agents__permutes_results() -> None:
    economy = random_economy(3, largest=8, periods=4, verification=False)
    order = np.random.default_rng(0).permutation(len(economy.standard))
    mixed = Economy(economy.periods, tuple(economy.standard[i] for i in order), economy.producers)
    one, two = solve_nash(economy), solve_nash(mixed)
    assert two.prices == pytest.approx(one.prices, rel=1e-10)
    assert two.allocations[: len(order)] == pytest.approx(one.allocations[order], rel=1e-8, abs=1e-10)
    made = np.random.default_rng(1).permutation(len(economy.producers))
    third = solve_nash(Economy(economy.periods, economy.standard, tuple(economy.producers[i] for i in made)))
    assert third.prices == pytest.approx(one.prices, rel=1e-10)
    assert third.offers[len(order) :] == pytest.approx(one.offers[len(order) :][made], rel=1e-8, abs=1e-10)


def test_scaling_all_bids__changes_no_allocation() -> None:
    home, rivals = Standard("home", 4.0, Log([1.0], 0.0)), ([3.0], [5.0], 2.0, 6.0)
    one = payoff(home, Response(np.array([2.0]), 1.0, np.zeros(1), 0.0), Rivals(*rivals), verification=[0.0])
    scaled = Rivals([300.0], [5.0], 200.0, 6.0)
    two = payoff(home, Response(np.array([200.0]), 100.0, np.zeros(1), 0.0), scaled, verification=[0.0])
    assert two.allocation == pytest.approx(one.allocation)
    assert two.good == pytest.approx(one.good)


@pytest.mark.parametrize("seed", range(FAMILY))
def test_family__every_reported_equilibrium__carries_its_proof(seed: int) -> None:
    economy = random_economy(seed, largest=50 if FAMILY > 8 else 20, periods=24 if FAMILY > 8 else 8)
    found = solve_nash(economy)
    assert found.solved, found.status.value
    assert found.regret <= 1e-8
    assert found.residual <= 1e-9
    if found.status is Status.SOLVED:
        _check_against_best_responses(economy, found.participants, found)


def _check_against_best_responses(economy: Economy, inside: np.ndarray, found: object) -> None:
    """Nobody in a sample gains by the single-agent solver either, which knows no aggregate equations."""
    bids, xi, offers = found.bids, found.numeraire_bids, found.offers  # type: ignore[attr-defined]
    posts = np.isfinite(found.prices)  # type: ignore[attr-defined]
    if not posts.all():
        return
    endowed = np.array([a.endowment if isinstance(a, Standard) else 0.0 for a in economy.agents]) * inside
    for place in np.flatnonzero(inside)[:: max(1, int(inside.sum()) // 4)]:
        rivals = Rivals(
            bids.sum(axis=0) - bids[place],
            np.maximum(offers.sum(axis=0) - offers[place], 0.0),
            float(xi.sum() - xi[place]),
            float(endowed.sum() - endowed[place]),
        )
        action = Response(bids[place], float(xi[place]), offers[place], 0.0)
        assert gain(economy.agents[place], action, rivals, verification=economy.verification_kwh[place]) <= 1e-7


@pytest.mark.parametrize(("seed", "sequential"), [(0, False), (2, False), (5, False), (0, True)])
def test_best_response_dynamics__arrives_at_the_same_equilibrium(seed: int, sequential: bool) -> None:
    economy = random_economy(seed, largest=6, periods=3, verification=False)
    found = solve_nash(economy)
    assert found.open.all()
    path = best_response_dynamics(economy, participants=found.participants, step=0.35, sequential=sequential)
    assert path.settled
    assert path.prices == pytest.approx(found.prices, rel=1e-6)
    assert path.allocations == pytest.approx(found.allocations, abs=1e-6)


def test_best_response_dynamics__of_satiated_agents__spends_what_is_left_on_the_good() -> None:
    # Budgets bind: were money left unbid, bids would shrink round after round and nothing would settle.
    homes = (Standard("full", 9.0, Quadratic([1.0], 0.5, bliss=0.3)), Standard("home", 4.0, Log([1.0], 0.3)))
    makers = tuple(Producer(f"plant-{i}", 1.7, 0.5, 9.0, Log([0.0], 1.0)) for i in range(3))
    economy = Economy(1, homes, makers)
    found, path = solve_nash(economy), best_response_dynamics(economy, step=0.35, max_rounds=300)
    assert found.solved and path.settled
    assert path.prices == pytest.approx(found.prices, rel=1e-6)
    assert path.allocations == pytest.approx(found.allocations, abs=1e-6)


def test_exit__of_those_who_cannot_pay_for_verification__follows_the_rule() -> None:
    # One post, electricity only: x_h = Q omega_h/Omega, so x/V is smallest for the poorest.
    standard = tuple(Standard(f"home-{i}", omega, Log([1.0], 0.0)) for i, omega in enumerate([1.0, 8.0, 3.0, 1.0]))
    makers = tuple(Producer(f"plant-{i}", 1.0, 0.5, 99.0, Linear([0.0], 1.0)) for i in range(3))
    burnt = np.zeros((7, 1))
    burnt[:4] = 0.35
    found = solve_nash(Economy(1, standard, makers, burnt))
    assert found.solved
    assert found.exits[:2] == (3, 0)
    assert found.participants.tolist() == [False, True, True, False, True, True, True]
    assert found.numeraire[0] == 1.0 and found.allocations[0, 0] == 0.0


def test_verification__beyond_any_purchase__leaves_only_no_trade() -> None:
    economy = Economy(1, textbook(0.5, 3).standard, textbook(0.5, 3).producers, 1e3)
    found = solve_nash(economy)
    assert found.status is Status.NO_TRADE and not found.participants.any()
    assert np.all(np.isnan(found.prices)) and np.all(np.isfinite(found.numeraire))


def test_one_producer__is_no_market() -> None:
    found = solve_nash(textbook(0.5, 1))
    assert found.solved and not found.participants.any()
    assert "no trade" in found.status.value


def test_zero_capacity_and_zero_endowment__stay_out() -> None:
    base = textbook(0.5, 3)
    idle = Producer("dark", 2.0, 0.5, 0.0, Log([0.0], 1.0))
    pauper = Standard("pauper", 0.0, Log([1.0], 0.0))
    found = solve_nash(Economy(1, (*base.standard, pauper), (*base.producers, idle)))
    assert found.solved
    assert found.participants.tolist() == [True, True, True, False, True, True, True, False]


def test_unsatisfiable_subsistence__stays_out() -> None:
    base = textbook(0.5, 3)
    greedy = Standard("greedy", 1.0, Ces([1.0], 0.0, [1e4], rho=0.5))
    found = solve_nash(Economy(1, (*base.standard, greedy), base.producers))
    assert found.solved and not found.participants[3]


def test_post_without_sun__stays_closed() -> None:
    standard = tuple(Standard(f"home-{i}", 5.0, Linear([1.0, 1.0], 0.0)) for i in range(3))
    makers = tuple(Producer(f"sun-{i}", 1.0, 0.5, [5.0, 0.0], Log([0.0, 0.0], 1.0)) for i in range(3))
    found = solve_nash(Economy(2, standard, makers))
    assert found.solved
    assert found.open.tolist() == [True, False]


def test_json__is_strict_and_has_the_keys_of_the_design() -> None:
    report = solve_to_json(replicated(1))
    text = json.dumps(report, allow_nan=False)
    for key in [
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
    ]:
        assert key in report and f'"{key}"' in text
    assert report["agents"][0] == {"name": "home", "kind": "standard"}
    assert "regret" not in report["competitive"]


@pytest.mark.parametrize(
    ("verification", "words"),
    [([[float("nan")]] * 6, "home-0: verification"), (-1.0, "verification"), ([[0.0]], "6 rows")],
)
def test_bad_verification__is_refused_by_name(verification: object, words: str) -> None:
    base = textbook(0.5, 3)
    with pytest.raises(ValueError, match=words):
        Economy(1, base.standard, base.producers, verification)  # type: ignore[arg-type]
