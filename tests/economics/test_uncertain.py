"""Equilibria where verification is uncertain: certified like any other, and nothing new where nothing differs."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from families import random_economy

from wattpost.game import (
    Ces,
    Crra,
    Economy,
    Exponential,
    Linear,
    Log,
    Producer,
    Quadratic,
    Response,
    Rivals,
    Solution,
    Standard,
    States,
    Status,
    best_response,
    best_response_dynamics,
    gain,
    loss,
    solve_cartel,
    solve_competitive,
    solve_nash,
    solve_to_json,
)

CHANCES, MULTIPLIERS = [0.7, 0.2, 0.1], [1.0, 3.0, 8.0]


def street(periods: int = 4, *, linear: bool = True) -> tuple[tuple[Standard, ...], tuple[Producer, ...], np.ndarray]:
    rng = np.random.default_rng(1)

    def weights() -> np.ndarray:
        return rng.uniform(0.1, 1.0, periods)

    utilities = [
        Log(weights(), 0.3),
        Crra(weights(), 0.0, gamma=2.0),
        Exponential(weights(), 0.3, alpha=0.5),
        Quadratic(weights(), 0.2, bliss=4.0),
        Log(weights(), 0.0),
    ] + [Linear(weights(), 0.3)] * linear
    homes = tuple(Standard(f"home-{i}", rng.uniform(3, 10), u) for i, u in enumerate(utilities))
    plants = tuple(
        Producer(f"plant-{i}", 2.0, c, 5.0, Log(np.zeros(periods) if i else weights(), 1.0))
        for i, c in enumerate([0.5, 0.7, 1.0])
    )
    count = len(homes) + len(plants)
    return homes, plants, np.full((count, periods), 0.02) * rng.uniform(0.5, 1.5, (count, 1))


def others(economy: Economy, found: Solution, place: int) -> Rivals:
    bids, xi, offers = found.bids, found.numeraire_bids, found.offers
    owned = np.array([a.endowment if isinstance(a, Standard) else 0.0 for a in economy.agents]) * found.participants
    rest = np.arange(economy.count) != place
    return Rivals(bids[rest].sum(axis=0), offers[rest].sum(axis=0), float(xi[rest].sum()), float(owned[rest].sum()))


def test_nash__over_states__is_certified_and_survives_every_best_response() -> None:
    homes, plants, base = street()
    economy = Economy(4, homes, plants, States.scaled(base, CHANCES, MULTIPLIERS))
    found = solve_nash(economy)
    assert found.status is Status.SOLVED
    assert found.regret <= 1e-10 and found.residual <= 1e-11
    assert np.all((found.allocations - economy.states.amounts)[:, found.participants] >= -1e-12)
    for place in np.flatnonzero(found.participants):
        action = Response(found.bids[place], float(found.numeraire_bids[place]), found.offers[place], 0.0)
        rivals = others(economy, found, int(place))
        assert gain(economy.agents[place], action, rivals, verification=economy.states.of(int(place))) <= 1e-9


def test_nash__over_states__is_where_best_responses_lead() -> None:
    homes, plants, base = street(2, linear=False)
    economy = Economy(2, homes, plants, States.scaled(base, CHANCES, MULTIPLIERS))
    found, path = solve_nash(economy), best_response_dynamics(economy)
    assert path.settled
    assert path.prices == pytest.approx(found.prices, rel=1e-7)


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 6, 11])
def test_family__over_states__carries_its_proof(seed: int) -> None:
    sure = random_economy(seed, largest=12, periods=6)
    standard = tuple(h for h in sure.standard if not isinstance(h.utility, Ces))
    plants = tuple(p for p in sure.producers if not isinstance(p.utility, Ces))
    base = np.full((len(standard) + len(plants), sure.periods), 0.01)
    economy = Economy(sure.periods, standard, plants, States.scaled(base, [0.5, 0.4, 0.1], [0.0, 1.0, 5.0]))
    found = solve_nash(economy)
    assert found.solved, found.status.value
    assert found.regret <= 1e-8 and found.residual <= 1e-9


@pytest.mark.parametrize("chances", [[1.0], [0.25, 0.75], [0.3, 0.3, 0.4]])
def test_states_that_do_not_differ__change_no_digit(chances: list[float]) -> None:
    homes, plants, base = street()
    one = solve_nash(Economy(4, homes, plants, base))
    two = solve_nash(Economy(4, homes, plants, States.scaled(base, chances, [1.0] * len(chances))))
    for key in fields(Solution):
        if key.name != "shadow_prices":
            assert np.array_equal(getattr(one, key.name), getattr(two, key.name), equal_nan=key.name == "prices")


def test_risk__at_the_same_expected_verification__hurts_everybody_who_is_averse_to_it() -> None:
    homes, plants, base = street(2, linear=False)
    risky = States.scaled(3.0 * base, [0.8, 0.2], [0.5, 3.0])
    sure = solve_nash(Economy(2, homes, plants, risky.mean))
    found = solve_nash(Economy(2, homes, plants, risky))
    assert np.sum(found.utilities) < np.sum(sure.utilities)


def test_verification__of_a_rare_state_beyond_any_purchase__ends_trade() -> None:
    homes, plants, base = street(1)
    found = solve_nash(Economy(1, homes, plants, States.scaled(base, [0.999, 0.001], [1.0, 1e5])))
    assert found.status is Status.NO_TRADE


def test_shadow_prices__at_an_equilibrium__are_what_re_solving_each_agent_finds() -> None:
    homes, plants, base = street()
    economy = Economy(4, homes, plants, States.scaled(base, CHANCES, MULTIPLIERS), profile=[0.1, 0.2, 0.3, 0.4])
    found = solve_nash(economy)
    assert found.shadow_prices.shape == (9, 3)
    step, profile = 1e-5, np.array([0.1, 0.2, 0.3, 0.4])
    for place in np.flatnonzero(found.participants):
        mine, rivals = economy.states.of(int(place)), others(economy, found, int(place))
        for state, chance in enumerate(mine.weights):
            ends = []
            for sign in (-1.0, 1.0):
                kwh = mine.amounts.copy()
                kwh[state] += sign * step * profile
                moved = States(mine.weights, kwh)
                ends.append(best_response(economy.agents[place], rivals, verification=moved).utility)
            by_hand = (ends[0] - ends[1]) / (2.0 * step * chance)
            assert found.shadow_prices[place, state] == pytest.approx(by_hand, rel=1e-7, abs=1e-8)


def test_shadow_prices__of_those_outside__are_zero() -> None:
    homes, plants, _ = street(1)
    pauper = Standard("pauper", 1e-6, Log([1.0], 0.0))
    economy = Economy(1, (*homes, pauper), plants, 0.01)
    found = solve_nash(economy)
    assert not found.participants[6]
    assert found.shadow_prices[6, 0] == 0.0 and np.all(found.shadow_prices[:5] > 0)


def test_loss__over_states__compares_expected_utilities() -> None:
    homes, plants, base = street(1, linear=False)
    economy = Economy(1, homes, plants[:2], States.scaled(base[:-1], [0.5, 0.5], [1.0, 5.0]))
    nash, ideal = solve_nash(economy), solve_competitive(economy)
    assert ideal.solved
    lost = loss(economy, ideal, nash)
    place = 4  # values electricity alone, so the factor can be checked by hand
    grown = (1.0 + lost.equivalents[place]) * (nash.allocations[place] - economy.states.amounts[:, place])
    assert np.sum(0.5 * homes[4].utility.weights * np.log(grown)) == pytest.approx(ideal.utilities[place], rel=1e-9)


def test_json__over_states__says_what_each_state_burns_and_what_it_is_worth() -> None:
    homes, plants, base = street(2, linear=False)
    economy = Economy(2, homes, plants[:2], States.scaled(base[:-1], CHANCES, MULTIPLIERS))
    report = solve_to_json(economy)
    assert report["states"]["probabilities"] == pytest.approx(CHANCES)
    assert np.shape(report["states"]["verification_kwh"]) == (3, 7, 2)
    assert np.shape(report["shadow_prices"]) == (7, 3)
    assert report["verification_kwh"][0] == pytest.approx(economy.states.mean[0].tolist())


def test_cartel__over_states__is_refused() -> None:
    homes, plants, base = street(1)
    with pytest.raises(ValueError, match="uncertain"):
        solve_cartel(Economy(1, homes, plants, States.scaled(base, CHANCES, MULTIPLIERS)), (6, 7))
