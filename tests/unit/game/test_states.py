"""Uncertain verification for one agent: what states come to, expected utility, and what is bought under it."""

from __future__ import annotations

import numpy as np
import pytest

from wattpost.game import (
    Agent,
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
    States,
    Utility,
    attainable,
    best_response,
    equivalent,
    gain,
    gas_distribution,
    opening_plan,
    payoff,
)
from wattpost.game.risk import Risk

MARKET = Rivals([10.0, 4.0, 7.0], [8.0, 9.0, 6.0], 40.0, 50.0)
BASE = np.array([0.05, 0.02, 0.03])
STATES = States.scaled(BASE, [0.7, 0.2, 0.1], [1.0, 3.0, 8.0])
WEIGHTS = [0.7, 0.2, 0.5]


def forms(good: float) -> list[Utility]:
    return [
        Log(WEIGHTS, good),
        Crra(WEIGHTS, good, gamma=2.5),
        Exponential(WEIGHTS, good, alpha=0.7),
        Quadratic(WEIGHTS, good, bliss=2.0),
        Linear(WEIGHTS, good),
    ]


def agents() -> list[Agent]:
    found: list[Agent] = []
    for utility in forms(0.6):
        found.append(Standard("home", 9.0, utility))
        found.append(Producer("plant", 1.7, 0.7, [3.0, 0.5, 2.0], utility))
    found.append(Standard("thirsty", 9.0, Log(WEIGHTS, 0.0)))
    found.append(Producer("miller", 1.7, 0.5, 3.0, Log([0.0, 0.0, 0.0], 1.0)))
    return found


def test_gas_distribution__of_calm_and_busy_days__is_a_chance_for_each_multiplier() -> None:
    chances, multipliers = gas_distribution(
        [{"probability": 0.9}, {"probability": 0.1, "gas_multiplier": 3.0, "failure": 0.2, "retries": 2}]
    )
    # A busy day: 0.8 of getting through at once, 0.16 at the second attempt, and 0.04 for the third and last.
    assert multipliers.tolist() == [1.0, 3.0, 6.0, 9.0]
    assert chances == pytest.approx([0.9, 0.08, 0.016, 0.004], rel=1e-14)


def test_gas_distribution__without_retries__charges_one_attempt() -> None:
    chances, multipliers = gas_distribution([{"probability": 1.0, "failure": 0.3}])
    assert (chances.tolist(), multipliers.tolist()) == ([1.0], [1.0])


def test_gas_distribution__of_many_retries__has_the_mean_of_a_geometric_law() -> None:
    chances, multipliers = gas_distribution([{"probability": 1.0, "failure": 0.4, "retries": 60}])
    assert chances @ multipliers == pytest.approx(1.0 / 0.6, rel=1e-12)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([{"probability": 0.5}], "sum to 0.5"),
        ([{"probability": 1.5}], "probability must be at most 1"),
        ([{"probability": -0.5}], "probability must not be negative"),
        ([{}], "state 1: probability must be a number"),
        ([{"probability": 1.0, "failure": 1.0}], "failure must be below 1"),
        ([{"probability": 1.0, "gas_multiplier": float("nan")}], "gas_multiplier must be finite"),
        ([{"probability": 1.0, "retries": 1.5}], "retries must be a whole number"),
        ([{"probability": 1.0, "retires": 1}], "retires is not a key"),
    ],
)
def test_gas_distribution__of_nonsense__is_refused_by_name(states: list[dict[str, float]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gas_distribution(states)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: States([0.5, 0.4], [[1.0], [2.0]]), "sum to one"),
        (lambda: States([0.5, 0.5], [[1.0], [-2.0]]), "not negative"),
        (lambda: States([0.5, 0.5], [[1.0]]), "one entry for each"),
        (lambda: best_response(agents()[0], MARKET, verification=States([1.0], [[1.0]])), "home: verification"),
        (lambda: best_response(Standard("h", 1.0, Ces(WEIGHTS, 0.0, rho=0.5)), MARKET, verification=STATES), "h: ces"),
    ],
)
def test_states__of_nonsense__are_refused_by_name(build: object, words: str) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match=words):
        build()


@pytest.mark.parametrize("number", range(4))
def test_demand__at_the_slope_of_an_amount__is_that_amount(number: int) -> None:
    utility = forms(0.0)[number]
    spare = np.random.default_rng(1).uniform(0.0, 2.0, (3, 1, 40))
    spare[2] = 0.0
    risk = Risk(np.array([0.6, 0.3, 0.1]), spare)
    amount = np.geomspace(1e-9, 1.9, 40)[None, :]
    shape = np.array([[utility.shape]])
    slope = risk.slope(type(utility), amount, shape)
    assert risk.demand(type(utility), slope, shape) == pytest.approx(amount, rel=1e-11, abs=1e-13)
    step = 1e-6 * amount
    rise = risk.slope(type(utility), amount + step, shape) - risk.slope(type(utility), amount - step, shape)
    if utility.form != "quadratic":  # which has kinks where a state is satiated
        large = amount > 1e-3  # where a difference is not lost in rounding
        decay = risk.decay(type(utility), amount, shape)
        assert decay[large] == pytest.approx((-rise / (2 * step * slope))[large], rel=1e-5)


@pytest.mark.parametrize("agent", agents(), ids=lambda a: f"{a.name}-{a.utility.form}")
@pytest.mark.parametrize("chances", [[1.0], [0.3, 0.7]])
def test_states_that_do_not_differ__change_no_digit(agent: Agent, chances: list[float]) -> None:
    sure = best_response(agent, MARKET, verification=BASE)
    same = best_response(agent, MARKET, verification=States.scaled(BASE, chances, [1.0] * len(chances)))
    assert np.array_equal(sure.bids, same.bids) and np.array_equal(sure.offers, same.offers)
    assert sure.numeraire_bid == same.numeraire_bid
    assert same.utility == pytest.approx(sure.utility, rel=1e-15)


def test_payoff__over_states__is_the_expectation_of_payoffs() -> None:
    home = Standard("home", 9.0, Log(WEIGHTS, 0.6))
    plan = best_response(home, MARKET, verification=STATES)
    alone = [payoff(home, plan, MARKET, verification=kwh) for kwh in STATES.amounts]
    whole = payoff(home, plan, MARKET, verification=STATES)
    assert whole.utility == pytest.approx(float(STATES.weights @ [o.utility for o in alone]), rel=1e-14)
    assert whole.consumption == pytest.approx(whole.allocation - STATES.mean, rel=1e-12)
    assert np.all(whole.in_states >= 0)


@pytest.mark.parametrize("agent", agents(), ids=lambda a: f"{a.name}-{a.utility.form}")
def test_best_response__over_states__cannot_be_improved_nearby(agent: Agent) -> None:
    found = best_response(agent, MARKET, verification=STATES)
    outcome = payoff(agent, found, MARKET, verification=STATES)
    assert outcome.balance > -1e-9 and np.all(outcome.in_states >= -1e-12)
    rng = np.random.default_rng(3)
    tried = 0
    for _ in range(400):
        size = 10.0 ** rng.uniform(-4, -1)
        nudge = np.exp(size * rng.normal(size=7))
        trial = Response(found.bids * nudge[:3], found.numeraire_bid * nudge[6], found.offers * nudge[3:6], 0.0)
        if isinstance(agent, Producer):
            trial = Response(trial.bids, trial.numeraire_bid, np.minimum(trial.offers, agent.limits), 0.0)
        other = payoff(agent, trial, MARKET, verification=STATES)
        if other.balance >= 0:
            tried += 1
            assert other.utility <= found.utility + 1e-10 * max(1.0, abs(found.utility))
    assert tried > 20


def test_best_response__of_one_who_needs_the_worst_state__covers_it() -> None:
    miller = Producer("miller", 1.7, 0.5, 3.0, Log([0.0, 0.0, 0.0], 1.0))
    outcome = payoff(miller, best_response(miller, MARKET, verification=STATES), MARKET, verification=STATES)
    assert outcome.allocation == pytest.approx(STATES.worst, rel=1e-9)


def test_attainable__over_states__asks_for_the_worst() -> None:
    home = Standard("home", 9.0, Log(WEIGHTS, 0.0))
    assert attainable(home, MARKET, verification=STATES) == attainable(home, MARKET, verification=STATES.worst)


def test_gain__over_states__of_half_the_bids__is_positive_and_of_the_best_none() -> None:
    home = Standard("home", 9.0, Log(WEIGHTS, 0.0))
    best = best_response(home, MARKET, verification=STATES)
    half = Response(0.6 * best.bids, 0.0, best.offers, 0.0)
    assert gain(home, best, MARKET, verification=STATES) <= 1e-12
    assert gain(home, half, MARKET, verification=STATES) > 0.1


def test_equivalent__over_states__is_the_factor_that_reaches_the_target() -> None:
    utility, chances = Log([1.0], 0.0), np.array([0.5, 0.5])
    target = 0.5 * np.log(1.1) + 0.5 * np.log(2.2)
    assert equivalent(utility, [[1.0], [2.0]], 0.0, target, chances=chances) == pytest.approx(0.1, rel=1e-12)


def test_opening_plan__over_states__is_made() -> None:
    assert np.all(opening_plan(agents()[-1], held=10.0, verification=STATES).bids > 0)


def shadow_by_difference(agent: Agent, states: States, held: float, profile: np.ndarray, size: float) -> np.ndarray:
    out = []
    for place, chance in enumerate(states.weights):
        ends = []
        for sign in (-1.0, 1.0):
            kwh = states.amounts.copy()
            kwh[place] += sign * size * profile
            moved = States(states.weights, kwh)
            ends.append(best_response(agent, MARKET, verification=moved, held=held).utility)
        out.append((ends[0] - ends[1]) / (2.0 * size * chance))
    return np.array(out)


@pytest.mark.parametrize("profile", [None, [0.2, 0.5, 0.3]])
@pytest.mark.parametrize("agent", agents(), ids=lambda a: f"{a.name}-{a.utility.form}")
def test_shadow_prices__are_what_re_solving_finds(agent: Agent, profile: list[float] | None) -> None:
    found = best_response(agent, MARKET, verification=STATES, profile=profile)
    laid = BASE / BASE.sum() if profile is None else np.array(profile)
    by_hand = shadow_by_difference(agent, STATES, np.inf, laid, 1e-5)
    assert found.shadow_prices == pytest.approx(by_hand, rel=2e-7, abs=2e-9)
    assert np.all(np.diff(found.shadow_prices) >= -1e-12)  # a kWh is worth most where most is burnt


@pytest.mark.parametrize("held", [2.0, 6.0])
@pytest.mark.parametrize("agent", [a for a in agents() if isinstance(a, Standard)], ids=lambda a: f"{a.utility.form}")
def test_shadow_prices__where_prepayment_binds__are_what_re_solving_finds(agent: Agent, held: float) -> None:
    found = best_response(agent, MARKET, verification=STATES, held=held)
    by_hand = shadow_by_difference(agent, STATES, held, BASE / BASE.sum(), 1e-5)
    assert found.shadow_prices == pytest.approx(by_hand, rel=2e-7, abs=2e-9)


@pytest.mark.parametrize("rho", [-2.0, 0.5])
def test_shadow_prices__of_ces_without_risk__are_what_re_solving_finds(rho: float) -> None:
    home = Standard("home", 9.0, Ces(WEIGHTS, 0.4, rho=rho))
    found = best_response(home, MARKET, verification=BASE)
    by_hand = shadow_by_difference(home, States([1.0], BASE[None, :]), np.inf, BASE / BASE.sum(), 1e-5)
    assert found.shadow_prices == pytest.approx(by_hand, rel=1e-7)


def test_shadow_prices__where_nothing_helps__are_not_a_number() -> None:
    pauper = Standard("pauper", 1e-9, Log(WEIGHTS, 0.0))
    assert np.all(np.isnan(best_response(pauper, MARKET, verification=STATES).shadow_prices))
