"""Policies: pure, checked, and loaded by name."""

from __future__ import annotations

import numpy as np
import pytest

from wattpost.fleet.participation import reconsiders
from wattpost.fleet.policy import BestResponse, Plan, PolicyError, StayOut, View, check, load
from wattpost.game import Log, Rivals, Standard, States, attainable, best_response

HOME = Standard("home", 10.0, Log([3.0, 1.0], 0.0))
RIVALS = Rivals([8.0, 4.0], [6.0, 3.0], 16.0, 10.0)


def view(**changes: object) -> View:
    facts: dict[str, object] = {
        "day": 2,
        "agent": HOME,
        "held": 100.0,
        "rivals": RIVALS,
        "previous": Plan(np.array([2.0, 6.0]), 0.0, np.zeros(2)),
        "verification": np.zeros(2),
        "step": 0.25,
    }
    return View(**(facts | changes))  # type: ignore[arg-type]


def test_on_the_first_day__half_the_money_is_bid_by_weight() -> None:
    plan = BestResponse().decide(view(rivals=None, previous=None))
    assert isinstance(plan, Plan)
    assert plan.bids.tolist() == [37.5, 12.5] and plan.numeraire_bid == 0.0


def test_later__it_moves_a_step_towards_the_best_response() -> None:
    plan = BestResponse().decide(view())
    best = best_response(HOME, RIVALS, verification=np.zeros(2)).bids
    assert isinstance(plan, Plan)
    assert plan.bids == pytest.approx([2.0 + 0.25 * (best[0] - 2.0), 6.0 + 0.25 * (best[1] - 6.0)])


def test_with_less_money_than_its_plan__it_bids_what_it_holds() -> None:
    plan = BestResponse().decide(view(held=1.0))
    assert isinstance(plan, Plan)
    assert plan.bids.sum() + plan.numeraire_bid == pytest.approx(1.0)


def test_deciding__leaves_the_view_as_it_was() -> None:
    seen = view()
    BestResponse().decide(seen)
    assert seen.previous is not None and seen.previous.bids.tolist() == [2.0, 6.0]


@pytest.mark.parametrize("bad", [-1e-9, float("nan"), float("inf")])
def test_check__refuses_amounts_that_are_none(bad: float) -> None:
    for plan in (
        Plan(np.array([bad, 1.0]), 0.0, np.zeros(2)),
        Plan(np.ones(2), bad, np.zeros(2)),
        Plan(np.ones(2), 0.0, np.array([0.0, bad])),
    ):
        with pytest.raises(PolicyError, match="negative or not a number"):
            check(plan, view())


def test_check__refuses_wrong_lengths_and_more_than_is_held() -> None:
    with pytest.raises(PolicyError, match="3 bids and 2 offers for 2 periods"):
        check(Plan(np.ones(3), 0.0, np.zeros(2)), view())
    with pytest.raises(PolicyError, match="more bytecoin than"):
        check(Plan(np.array([60.0, 40.0]), 0.1, np.zeros(2)), view())
    assert check(Plan(np.array([60.0, 40.0]), 0.0, np.zeros(2)), view()).bids.sum() == 100.0


def test_load__finds_built_in_and_foreign_policies() -> None:
    assert isinstance(load("best-response"), BestResponse)
    assert isinstance(load("wattpost.fleet.policy:BestResponse"), BestResponse)


@pytest.mark.parametrize(
    ("name", "words"),
    [("best", "module:Class"), ("no.module:X", "ModuleNotFoundError"), ("wattpost.fleet.policy:X", "AttributeError")],
)
def test_load__of_what_is_not_there__says_so(name: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        load(name)


def test_load__of_something_else__says_so() -> None:
    with pytest.raises(PolicyError, match="no decide"):
        load("collections:Counter")


def test_on_its_turn__an_agent_that_cannot_live_on_its_purchase_stays_out() -> None:
    burnt = np.array([5.9, 0.0])  # of 6 kWh on offer
    decision = BestResponse().decide(view(verification=burnt, turn=True))
    assert isinstance(decision, StayOut) and "of what its payments burn" in decision.why


def test_between_turns__it_stays_as_it_was() -> None:
    burnt = np.array([5.9, 0.0])
    assert isinstance(BestResponse().decide(view(verification=burnt)), Plan)
    assert isinstance(BestResponse().decide(view(outside=True)), StayOut)


def test_on_its_turn__an_agent_that_can_live_again_comes_back() -> None:
    assert isinstance(BestResponse().decide(view(outside=True, turn=True)), Plan)


def test_an_agent_that_owns_what_it_likes__compares_utilities() -> None:
    from wattpost.game import Linear

    trader = Standard("trader", 10.0, Linear([1.0, 1.0], 1.0))
    assert isinstance(BestResponse().decide(view(agent=trader, turn=True)), Plan)
    decision = BestResponse().decide(view(agent=trader, turn=True, verification=np.array([5.0, 2.0])))
    assert isinstance(decision, StayOut) and "staying out 10" in decision.why


def test_turns__come_round_once_in_as_many_days_as_there_are_agents() -> None:
    turns = [[reconsiders(day, place, 4) for place in range(4)] for day in range(1, 9)]
    assert all(sum(row) == 1 for row in turns)
    assert [row.index(True) for row in turns] == [0, 1, 2, 3, 0, 1, 2, 3]


def test_coming_back__it_answers_the_market_as_it_is() -> None:
    plan = BestResponse().decide(view(outside=True, turn=True))
    best = best_response(HOME, RIVALS, verification=np.zeros(2))
    assert isinstance(plan, Plan) and plan.bids.tolist() == best.bids.tolist()


def test_where_validation_is_uncertain__it_plans_with_every_state() -> None:
    states = States([0.9, 0.1], [[0.1, 0.1], [1.0, 1.0]])
    plan = BestResponse().decide(view(step=1.0, verification=states))
    best = best_response(HOME, RIVALS, verification=states)
    assert isinstance(plan, Plan) and plan.bids.tolist() == best.bids.tolist()
    assert plan.bids.tolist() != best_response(HOME, RIVALS, verification=states.mean).bids.tolist()
    assert check(plan, view(verification=states)).bids.tolist() == plan.bids.tolist()


def test_a_store__is_filled_for_the_worst_state() -> None:
    states = States([0.9, 0.1], [[0.1, 0.1], [1.0, 1.0]])
    plan = BestResponse().decide(view(verification=states, efficiency=1.0, store=3.0))
    assert isinstance(plan, Plan) and plan.to_store == pytest.approx(2.1 * 2.0 - 3.0)
    assert isinstance(BestResponse().decide(view(verification=states, efficiency=1.0, store=1.9)), StayOut)


def test_while_prices_move__it_stays_as_it_was() -> None:
    """At these totals it could buy 0.9 of what its payments burn: out, unless prices still move by more than that."""
    ratio = attainable(HOME, RIVALS, verification=np.ones(2))
    needs = np.full(2, ratio / 0.9)
    for moved, stays in ((0.0, False), (0.05, False), (0.2, True), (np.inf, True)):
        decision = BestResponse().decide(view(verification=needs, turn=True, moved=moved))
        assert isinstance(decision, Plan) == stays
    needs = np.full(2, ratio / 1.1)
    for moved, enters in ((0.0, True), (0.05, True), (0.2, False)):
        decision = BestResponse().decide(view(verification=needs, turn=True, outside=True, moved=moved))
        assert isinstance(decision, Plan) == enters
