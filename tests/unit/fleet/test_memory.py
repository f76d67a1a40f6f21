"""What an agent remembers: only what the chain said, post by post."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wattpost.chain.events import Event
from wattpost.fleet.memory import Memory
from wattpost.game import Log, Producer, Standard
from wattpost.spec.amounts import UNIT, pack

ME, OTHER = "0x" + "11" * 20, "0x" + "22" * 20


def event(name: str, **values: Any) -> Event:
    return Event(name, values, 1, 1)


def words(*amounts: float) -> list[int]:
    return pack([round(amount * UNIT) for amount in amounts])


def day(number: int, own: list[Event], bids: tuple[float, ...], sold: tuple[float, ...]) -> list[Event]:
    submitted = [each for each in own if each.name == "Submitted"]
    runs = [each for each in own if each.name == "PlantRun"]
    return [
        event("DayOpened", day=number, opened=0, deadline=600),
        *submitted,
        event("DayClosed", day=number, submissions=2, producers=1, bids=words(*bids), offers=words(*sold)),
        *runs,
        event("DayProduced", day=number, delivered=words(*sold)),
    ]


def standard() -> Memory:
    return Memory(Standard("home", 4.0, Log([1.0, 1.0], 0.0)), ME)


def test_before_any_day__there_are_no_rivals() -> None:
    assert standard().rivals is None


def test_rivals__are_the_totals_without_oneself() -> None:
    memory = standard()
    own = [event("Submitted", day=1, agent=ME, observed_gas=0, bids=words(0.5, 2.0, 3.0), offers=[])]
    memory.absorb(day(1, own, bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    assert memory.rivals is not None
    assert memory.rivals.bids.tolist() == [8.0, 17.0] and memory.rivals.offers.tolist() == [5.0, 7.0]
    assert (memory.rivals.numeraire_bids, memory.rivals.endowments) == (5.5, 10.0)
    assert memory.previous is not None and memory.previous.bids.tolist() == [2.0, 3.0]
    assert memory.previous.numeraire_bid == 0.5


def test_a_producer__subtracts_what_it_really_delivered() -> None:
    memory = Memory(Producer("mill", 2.0, 0.5, np.array([9.0]), Log([0.0], 1.0)), ME)
    own = [
        event("Submitted", day=1, agent=ME, observed_gas=0, bids=words(1.0, 0.0), offers=words(0.0, 4.0)),
        event("PlantRun", day=1, agent=ME, inputs_bought=0, inputs_used=0, fraction=25 * 10**16),
    ]
    memory.absorb(day(1, own, bids=(6.0, 10.0), sold=(14.0, 5.0)))
    assert memory.rivals is not None and memory.rivals.offers.tolist() == [4.0]


def test_a_post_without_trade__keeps_its_last_traded_day() -> None:
    memory = standard()
    memory.absorb(day(1, [], bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    memory.absorb(day(2, [], bids=(6.0, 11.0, 0.0), sold=(14.0, 6.0, 0.0)))
    assert memory.rivals is not None
    assert memory.rivals.bids.tolist() == [11.0, 20.0] and memory.rivals.offers.tolist() == [6.0, 7.0]


def test_a_day_it_sat_out__is_all_rivals() -> None:
    memory = standard()
    own = [event("Submitted", day=1, agent=ME, observed_gas=0, bids=words(0.5, 2.0, 3.0), offers=[])]
    memory.absorb(day(1, own, bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    memory.absorb(day(2, [], bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    assert memory.rivals is not None and memory.rivals.bids.tolist() == [10.0, 20.0]


def test_other_agents__leave_no_trace() -> None:
    memory = standard()
    memory.absorb([event("Submitted", day=1, agent=OTHER, observed_gas=0, bids=words(1, 1, 1), offers=[])])
    memory.absorb([event("Metered", day=1, agent=OTHER, gas_used=5, verification=0, consumed=0, arrears=0)])
    assert memory.previous is None and memory.gas is None and memory.submitted_day == 0


def test_an_open_day__is_one_that_opened_and_did_not_close() -> None:
    memory = standard()
    memory.absorb([event("DayOpened", day=3, opened=0, deadline=600)])
    assert (memory.open_day, memory.deadline) == (3, 600)
    memory.absorb(day(3, [], bids=(1, 1, 1), sold=(1, 1, 1))[1:])
    assert memory.open_day == 0


@pytest.mark.parametrize("split", [0, 1, 3, 5])
def test_a_restart_in_the_middle__remembers_the_same(split: int) -> None:
    own = [event("Submitted", day=1, agent=ME, observed_gas=0, bids=words(0.5, 2.0, 3.0), offers=[])]
    said = day(1, own, bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0))
    whole, parts = standard(), standard()
    whole.absorb(said)
    parts.absorb(said[:split])
    parts.absorb(said[split:])
    assert whole.rivals is not None and parts.rivals is not None
    assert whole.rivals.bids.tolist() == parts.rivals.bids.tolist()


def test_turns__follow_the_order_of_admission() -> None:
    memory = standard()
    memory.absorb([event("StandardRegistered", agent=OTHER, endowment=1)])
    assert not memory.turn
    memory.absorb([event("StandardRegistered", agent=ME, endowment=1)] * 2)  # told twice, counted once
    turns = []
    for number in (1, 2, 3, 4):
        memory.absorb([event("DayOpened", day=number, opened=0, deadline=600)])
        turns.append(memory.turn)
    assert turns == [False, True, False, True]
