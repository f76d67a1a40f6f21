"""The rule's own limits, at the level of the solver's payoffs: pro rata, refunds, and what nobody bids for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wattpost.game import Economy, Log, Producer, Response, Rivals, Standard, payoff, solve_nash

HOME = Standard("home", 6.0, Log([1.0, 1.0], 1.0))
PLANT = Producer("plant", 2.0, 0.5, 9.0, Log([0.0, 0.0], 1.0))
NOTHING = np.zeros(2)


def bid(money: list[float], good: float = 0.0, kwh: list[float] | None = None) -> Response:
    return Response(np.array(money), good, np.array(kwh or NOTHING), 0.0)


@pytest.mark.parametrize(("own", "other"), [(1.0, 3.0), (5.0, 2.0), (1e-6, 7.0)])
def test_two_bidders__split_what_is_offered_as_their_bids(own: float, other: float) -> None:
    one = payoff(HOME, bid([own, 2.0]), Rivals([other, 1.0], [8.0, 3.0], 4.0, 5.0), verification=NOTHING)
    two = payoff(HOME, bid([other, 1.0]), Rivals([own, 2.0], [8.0, 3.0], 4.0, 5.0), verification=NOTHING)
    assert one.allocation[0] / two.allocation[0] == pytest.approx(own / other, rel=1e-14)
    assert one.allocation + two.allocation == pytest.approx([8.0, 3.0], rel=1e-14)
    assert one.allocation[1] == pytest.approx(2.0, rel=1e-14)


def test_zero_offers__refund_bids() -> None:
    with_empty = payoff(HOME, bid([3.0, 2.0], 1.0), Rivals([1.0, 1.0], [0.0, 6.0], 4.0, 5.0), verification=NOTHING)
    without = payoff(HOME, bid([0.0, 2.0], 1.0), Rivals([1.0, 1.0], [0.0, 6.0], 4.0, 5.0), verification=NOTHING)
    assert with_empty.allocation == pytest.approx([0.0, 4.0])
    assert with_empty.balance == without.balance == pytest.approx(5.0 * 6.0 / 11.0 - 3.0)


def test_zero_bids__make_nothing_and_burn_nothing() -> None:
    rivals = Rivals([0.0, 5.0], [1.0, 1.0], 4.0, 10.0)
    made = payoff(PLANT, bid([0.0, 0.0], 1.0, [4.0, 1.0]), rivals, verification=NOTHING)
    assert made.good == pytest.approx(2.0 - 0.25)  # a fifth of 10 bought; (1/2)^2 burnt for the second post alone
    assert made.balance == pytest.approx(5.0 * 1.0 / 2.0 - 1.0)
    assert payoff(PLANT, bid([0.0, 0.0], 0.0, [4.0, 0.0]), rivals, verification=NOTHING).good == 0.0


@pytest.mark.parametrize("factor", [1e-6, 3.0, 1e9])
def test_bids_of_everybody_scaled_at_an_equilibrium__leave_prices_and_allocations_unchanged(factor: float) -> None:
    economy = Economy(2, (HOME, replace(HOME, name="shop", endowment=9.0)), (PLANT, replace(PLANT, theta=3.0)), 0.01)
    found = solve_nash(economy)
    assert found.solved and found.participants.all()
    money, kwh = found.bids.sum(axis=0), found.offers.sum(axis=0)
    for row, agent in enumerate(economy.agents):
        others = kwh - found.offers[row], 15.0 - (economy.standard[row].endowment if row < 2 else 0.0)
        outcomes = []
        for scale in (1.0, factor):
            total = scale * found.numeraire_bids.sum() - scale * found.numeraire_bids[row]
            rivals = Rivals(scale * (money - found.bids[row]), others[0], total, others[1])
            action = Response(scale * found.bids[row], scale * found.numeraire_bids[row], found.offers[row], 0.0)
            outcomes.append(payoff(agent, action, rivals, verification=[0.01, 0.01]))
            # The post's price in units of the good: B^t/Q^t over B^0/Omega.
            bids = rivals.bids + action.bids
            level = (rivals.numeraire_bids + action.numeraire_bid) / 15.0
            assert bids / kwh / level == pytest.approx(found.prices, rel=1e-12)
        assert outcomes[1].allocation == pytest.approx(outcomes[0].allocation, rel=1e-12)
        assert outcomes[0].allocation == pytest.approx(found.allocations[row], rel=1e-10)
        assert outcomes[1].good == pytest.approx(found.numeraire[row], rel=1e-10)
        assert outcomes[1].balance == pytest.approx(0.0, abs=1e-9 * factor)
