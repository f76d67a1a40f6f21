"""Verification as a fixed cost: who is left, what is made, and where trade ends, against formulas worked out by hand.

One period; standard agents that want electricity only and own omega each, P identical producers that want the good.
Where everybody burns V, producers buy theirs back, so that standard agents share Q - PV, the price is
Omega/(Q - PV), and a producer's marginal kWh earns (1 - 1/P) p (Q - q)/(Q - V) units of the good:

    phi'(q) = (1 - 1/P) Omega/(Q - PV) (Q - q)/(Q - V),   x = (Q - PV)/M',   Omega = M' omega

with M' the largest number for which x > V. That holds while phi(q) <= Omega/P, the good a producer can buy. Where
phi(q) would be more, producers would all want to run beyond their means and no equilibrium with all of them exists; see
`test_beyond_the_means_of_producers__the_corner_is_no_equilibrium`.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from wattpost.game import (
    Economy,
    Linear,
    Log,
    Producer,
    Response,
    Rivals,
    Solution,
    Standard,
    Utility,
    best_response,
    payoff,
    solve_nash,
)
from wattpost.study.footprint_theory import Street

THETA, OMEGA = 1.7, 2.5


def market(
    homes: int, plants: int, c: float, kwh: float, payers: str, utility: Utility | None = None, *, theta: float = THETA
) -> Economy:
    standard = tuple(Standard(f"home-{i}", OMEGA, Log([1.0], 0.0)) for i in range(homes))
    makers = tuple(Producer(f"plant-{j}", theta, c, 1e6, utility or Log([0.0], 1.0)) for j in range(plants))
    burnt = np.full((homes + plants, 1), kwh)
    if payers == "standard":
        burnt[homes:] = 0.0
    return Economy(1, standard, makers, burnt)


def made(homes: int, plants: int, c: float, kwh: float) -> float | None:
    """q of each producer when `homes` and all producers take part and burn `kwh`; None beyond their means."""
    good = homes * OMEGA
    most = THETA * (good / plants) ** c

    def excess(q: float) -> float:
        cost = (q / THETA) ** (1.0 / c - 1.0) / (c * THETA)
        total = plants * q
        return cost - (1 - 1 / plants) * good / (total - plants * kwh) * (total - q) / (total - kwh)

    if kwh >= most or excess(most) <= 0:
        return None
    return float(brentq(excess, max(kwh * (1 + 1e-12), 1e-9), most, xtol=1e-16, rtol=1e-14))


def predicted(homes: int, plants: int, c: float, kwh: float, payers: str) -> tuple[int, float, float] | None:
    """M', q and x; zeros where nobody is left, None where the answer lies beyond the means of producers."""
    for left in range(homes, 0, -1):
        q = made(left, plants, c, kwh if payers == "all" else 0.0)
        if q is None:
            return None
        x = plants * (q - (kwh if payers == "all" else 0.0)) / left
        if x > kwh:
            return left, q, x
    return 0, 0.0, 0.0


def alone(c: float, plants: int, homes: int) -> float:
    """x of each of `homes` where nothing is burnt."""
    q = made(homes, plants, c, 0.0)
    assert q is not None
    return plants * q / homes


def check(found: Solution, homes: int, plants: int, answer: tuple[int, float, float]) -> None:
    left, q, x = answer
    assert found.solved, found.status.value
    assert int(found.participants[:homes].sum()) == left
    assert found.exits[: homes - left] == tuple(range(homes - 1, left - 1, -1))  # all alike: the last registered first
    if left == 0:
        assert not found.participants.any()
        return
    assert found.participants[homes:].all()
    assert found.offers[homes:, 0] == pytest.approx(np.full(plants, q), rel=1e-9)
    assert found.allocations[:left, 0] == pytest.approx(np.full(left, x), rel=1e-9)
    assert np.all(found.consumption >= 0) and np.all(found.consumption[:left] > 0)


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("plants", [2, 4])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_nash__where_everybody_pays__is_the_closed_form(c: float, plants: int, share: float) -> None:
    kwh = share * alone(c, plants, 6)
    answer = predicted(6, plants, c, kwh, "all")
    if answer is not None:
        check(solve_nash(market(6, plants, c, kwh, "all")), 6, plants, answer)


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("left", [7, 4, 2, 1, 0])
def test_nash__where_standard_agents_pay__leaves_as_many_as_the_closed_form(c: float, left: int) -> None:
    # Between what `left` and what one more could buy.
    most = alone(c, 3, left) if left else 1.3 * alone(c, 3, 1)
    kwh = np.sqrt(most * (alone(c, 3, left + 1) if left else alone(c, 3, 1)))
    answer = predicted(7, 3, c, float(kwh), "standard")
    assert answer is not None and answer[0] == left
    check(solve_nash(market(7, 3, c, float(kwh), "standard")), 7, 3, answer)


@pytest.mark.parametrize("off", [-1e-5, 1e-5, -1e-9, 1e-9])
@pytest.mark.parametrize("left", [5, 3, 1])
def test_exits__at_square_root_returns__end_at_the_stated_number(left: int, off: float) -> None:
    plants, homes = 3, 6
    k = THETA * (plants - 1) * np.sqrt(OMEGA / (2 * plants))
    kwh = k / np.sqrt(left) * (1.0 + off)  # a hair on either side of where one more leaves
    expected = min(homes, int(np.ceil((k / kwh) ** 2)) - 1)
    assert expected == (left if off < 0 else left - 1)
    found = solve_nash(market(homes, plants, 0.5, float(kwh), "standard"))
    assert int(found.participants[:homes].sum()) == expected
    # So near the edge that E is a billionth of x, E itself is known to eight digits only, and so is what it is worth.
    assert found.solved or abs(off) < 1e-8


@pytest.mark.parametrize(("homes", "plants"), [(3, 4), (6, 3), (12, 3)])
@pytest.mark.parametrize("off", [1e-3, 1e-5, 1e-6])
def test_regret__holds_where_plants_of_constant_returns_keep_a_millionth_of_what_they_turn_over(
    homes: int, plants: int, off: float
) -> None:
    economy = market(homes, plants, 1.0, 1.0, "all")
    end = Street(homes, plants, OMEGA, THETA, 1.0, 1e6).threshold(1.0, 1.2) * (1.0 - off)
    burnt = np.array([[end]] * homes + [[1.2 * end]] * plants)
    found = solve_nash(Economy(1, economy.standard, economy.producers, burnt))
    assert found.participants.any() and found.solved, found.status.value
    assert found.regret <= 2e-9 and found.residual <= 1e-12


@pytest.mark.parametrize("payers", ["standard", "all"])
@pytest.mark.parametrize("c", [0.5])
def test_halving_gas__doubles_the_intensity_at_which_trade_ends(payers: str, c: float) -> None:
    def trades(kappa: float, gas: float) -> bool:
        return bool(solve_nash(market(2, 2, c, kappa * gas, payers)).participants.any())

    low, high = 1e-6, 1e-5
    assert trades(low, 150_000.0) and not trades(high, 150_000.0)
    while high / low > 1.0 + 4e-10:
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if trades(middle, 150_000.0) else (low, middle)
    assert trades(2.0 * low * (1.0 - 1e-9), 75_000.0) and not trades(2.0 * high * (1.0 + 1e-9), 75_000.0)


def test_trade__where_standard_agents_pay__ends_where_the_last_could_buy_no_more_than_it_burns() -> None:
    last = THETA * np.sqrt(OMEGA / 4)  # k at P = 2
    assert solve_nash(market(4, 2, 0.5, float(last) * (1 - 1e-9), "standard")).participants.any()
    assert not solve_nash(market(4, 2, 0.5, float(last) * (1 + 1e-9), "standard")).participants.any()


def test_nothing_burnt__is_the_game_without_verification__to_the_last_digit() -> None:
    bare = market(5, 3, 0.5, 0.0, "all")
    none = Economy(1, bare.standard, bare.producers)
    one, two = solve_nash(bare), solve_nash(none)
    assert np.array_equal(one.allocations, two.allocations) and np.array_equal(one.bids, two.bids)
    assert np.array_equal(one.offers, two.offers) and np.array_equal(one.utilities, two.utilities)


def test_a_lone_buyer__gets_all_there_is__for_what_it_earns() -> None:
    found = solve_nash(market(1, 3, 0.5, 0.0, "standard"))
    assert found.solved and found.participants.all()
    assert found.bids[0, 0] == pytest.approx(OMEGA)
    assert (
        found.allocations[0, 0] == found.totals[0] == pytest.approx(3 * THETA * np.sqrt(0.5 * (2 / 3) ** 2 * OMEGA / 3))
    )


def test_beyond_the_means_of_producers__the_corner_is_no_equilibrium() -> None:
    # Were all producers to turn all the good they can buy, Omega/P, into electricity, each would gain by making more.
    homes, plants, c = 2, 4, 0.9
    kwh = 0.97 * alone(c, plants, homes) * homes / plants
    good = homes * OMEGA
    corner = THETA * (good / plants) ** c
    assert made(homes, plants, c, kwh) is None and plants * (corner - kwh) / homes > kwh
    price = good / (plants * (corner - kwh))
    rivals = Rivals([good + (plants - 1) * price * kwh], [(plants - 1) * corner], good * (plants - 1) / plants, good)
    plant = Producer("plant", THETA, c, 1e6, Linear([0.0], 1.0))
    there = Response(np.array([price * kwh]), good / plants, np.array([corner]), 0.0)
    now = payoff(plant, there, rivals, verification=[kwh])
    best = payoff(plant, best_response(plant, rivals, verification=[kwh]), rivals, verification=[kwh])
    assert abs(now.good) < 1e-9 and abs(now.balance) < 1e-9
    assert best.good > 1e-4 and best.balance > -1e-9 and best.consumption[0] >= -1e-12
