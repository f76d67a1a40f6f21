"""What an agent remembers: only what the chain said, post by post."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wattpost.chain.events import Event
from wattpost.chain.readings import pack as pack_readings
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


def submitted(day: int, agent: str, words_: list[int], **more: Any) -> Event:
    values = {"observed_gas": 40_000, "relayed": False, "kind": 1, "place": 0, "to_store": 0} | more
    return event("Submitted", day=day, agent=agent, words=words_, **values)


def standard() -> Memory:
    return Memory([Standard("home", 4.0, Log([1.0, 1.0], 0.0))], [ME])


def test_before_any_day__there_are_no_rivals() -> None:
    assert standard().rivals(0) is None


def test_rivals__are_the_totals_without_oneself() -> None:
    memory = standard()
    own = [submitted(1, ME, words(0.5, 2.0, 3.0))]
    memory.absorb(day(1, own, bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    rivals = memory.rivals(0)
    assert rivals is not None
    assert memory.rivals(0).bids.tolist() == [8.0, 17.0] and memory.rivals(0).offers.tolist() == [5.0, 7.0]
    assert (memory.rivals(0).numeraire_bids, memory.rivals(0).endowments) == (5.5, 10.0)
    assert memory.previous(0) is not None and memory.previous(0).bids.tolist() == [2.0, 3.0]
    assert memory.previous(0).numeraire_bid == 0.5


def test_a_producer__subtracts_what_it_really_delivered() -> None:
    memory = Memory([Producer("mill", 2.0, 0.5, np.array([9.0]), Log([0.0], 1.0))], [ME])
    own = [
        submitted(1, ME, [*words(1.0, 0.0), *words(0.0, 4.0)], kind=2),
        event("PlantRun", day=1, agent=ME, inputs_bought=0, inputs_used=0, fraction=25 * 10**16),
    ]
    memory.absorb(day(1, own, bids=(6.0, 10.0), sold=(14.0, 5.0)))
    assert memory.rivals(0) is not None and memory.rivals(0).offers.tolist() == [4.0]


def test_a_post_without_trade__keeps_its_last_traded_day() -> None:
    memory = standard()
    memory.absorb(day(1, [], bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    memory.absorb(day(2, [], bids=(6.0, 11.0, 0.0), sold=(14.0, 6.0, 0.0)))
    rivals = memory.rivals(0)
    assert rivals is not None
    assert memory.rivals(0).bids.tolist() == [11.0, 20.0] and memory.rivals(0).offers.tolist() == [6.0, 7.0]


def test_a_day_it_sat_out__is_all_rivals() -> None:
    memory = standard()
    own = [submitted(1, ME, words(0.5, 2.0, 3.0))]
    memory.absorb(day(1, own, bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    memory.absorb(day(2, [], bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    assert memory.rivals(0) is not None and memory.rivals(0).bids.tolist() == [10.0, 20.0]


def test_other_agents__leave_no_trace() -> None:
    memory = standard()
    memory.absorb([submitted(1, OTHER, words(1, 1, 1))])
    memory.absorb([event("DayMetered", day=1, share=5, relayed=0, carried=0, silent=False)])
    assert memory.previous(0) is None and memory.gas[0] < 0 and memory.submitted_day[0] == 0 and memory.money == [0]


def test_money__is_what_is_prepaid_and_not_in_escrow() -> None:
    memory = standard()
    memory.absorb([event("Deposited", account=ME, money=7 * 10**18), event("Deposited", account=OTHER, money=10**18)])
    memory.absorb([submitted(1, ME, words(0.5, 2.0, 3.0))])
    assert memory.money == [1_500_000_000]
    memory.absorb([event("Settled", day=1, agent=ME, energy=9, good=9, revenue=30, refund=4)])
    memory.absorb([event("Withdrawn", account=ME, money=10**9)])
    assert memory.money == [1_500_000_033]


READINGS = pack_readings(1, [11, 7])


@pytest.mark.parametrize(
    ("told", "silent", "gas"),
    [
        ({"place": 1}, False, 40_000 + 7 + 300),
        ({"place": 2}, False, 40_000 + 300),
        ({"place": 1}, True, 40_000),
        ({"place": 1, "relayed": True, "observed_gas": 0}, False, 7 + 300 + 5_000),
        ({"place": 1, "relayed": True, "observed_gas": 0}, True, 5_000),
    ],
)
def test_gas__is_what_the_market_saw_what_receipts_add_and_shares(told: dict[str, Any], silent: bool, gas: int) -> None:
    memory = standard()
    share = 0 if silent else 300
    memory.absorb([event("DayOpened", day=1, opened=0, deadline=600), submitted(1, ME, words(1, 1, 1), **told)])
    memory.absorb([event("Readings", day=1, share=300, relayed=5_000, readings=READINGS)])
    memory.absorb([event("DayMetered", day=1, share=share, relayed=5_000, carried=0, silent=silent)])
    assert memory.gas.tolist() == [gas]


def test_readings__are_of_their_day() -> None:
    memory = standard()
    memory.absorb([event("DayOpened", day=1, opened=0, deadline=600)])
    memory.absorb([event("Readings", day=1, share=1, relayed=0, readings=READINGS)])
    memory.absorb([event("DayOpened", day=2, opened=900, deadline=1500), submitted(2, ME, words(1, 1, 1))])
    memory.absorb([event("DayMetered", day=2, share=1, relayed=0, carried=0, silent=False)])
    assert memory.gas.tolist() == [40_001]


def test_agents_of_one_process__keep_their_own_rows() -> None:
    homes = [Standard(name, 4.0, Log([1.0, 1.0], 0.0)) for name in ("a", "b")]
    memory = Memory(homes, [ME, OTHER])
    own = [submitted(1, OTHER, words(0.25, 1.0, 1.0), place=1), submitted(1, ME, words(0.5, 2.0, 3.0))]
    memory.absorb(day(1, own, bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0)))
    mine, other = memory.rivals(0), memory.rivals(1)
    assert mine is not None and other is not None
    assert (mine.bids.tolist(), other.bids.tolist()) == ([8.0, 17.0], [9.0, 19.0])
    assert (mine.numeraire_bids, other.numeraire_bids) == (5.5, 5.75)


def test_an_open_day__is_one_that_opened_and_did_not_close() -> None:
    memory = standard()
    memory.absorb([event("DayOpened", day=3, opened=0, deadline=600)])
    assert (memory.open_day, memory.deadline) == (3, 600)
    memory.absorb(day(3, [], bids=(1, 1, 1), sold=(1, 1, 1))[1:])
    assert memory.open_day == 0


@pytest.mark.parametrize("split", [0, 1, 3, 5])
def test_a_restart_in_the_middle__remembers_the_same(split: int) -> None:
    own = [submitted(1, ME, words(0.5, 2.0, 3.0))]
    said = day(1, own, bids=(6.0, 10.0, 20.0), sold=(14.0, 5.0, 7.0))
    whole, parts = standard(), standard()
    whole.absorb(said)
    parts.absorb(said[:split])
    parts.absorb(said[split:])
    assert whole.rivals(0) is not None and parts.rivals(0) is not None
    assert whole.rivals(0).bids.tolist() == parts.rivals(0).bids.tolist()


def test_turns__follow_the_order_of_admission() -> None:
    memory = standard()
    memory.absorb([event("StandardRegistered", agent=OTHER, endowment=1, store=0)])
    assert not memory.turn(0)
    memory.absorb([event("StandardRegistered", agent=ME, endowment=1, store=0)] * 2)  # told twice, counted once
    turns = []
    for number in (1, 2, 3, 4):
        memory.absorb([event("DayOpened", day=number, opened=0, deadline=600)])
        turns.append(memory.turn(0))
    assert turns == [False, True, False, True]


def test_moved__is_the_most_that_a_relative_price_changed() -> None:
    memory = standard()
    found = []
    for number, bid in ((1, 20.0), (2, 21.0), (3, 21.0)):
        own = [event("Submitted", day=number, agent=ME, observed_gas=1, relayed=False, kind=1, place=0, to_store=0,
                     words=words(0.5, 2.0, 3.0))]  # fmt: skip
        memory.absorb(day(number, own, bids=(6.0, 10.0, bid), sold=(14.0, 5.0, 7.0)))
        found.append(memory.moved)
    assert found == [np.inf, pytest.approx(0.05), 0.0]


def test_outside__it_knows_what_sharing_has_come_to_cost() -> None:
    memory = standard()
    own = event("Submitted", day=1, agent=ME, observed_gas=40_000, relayed=False, kind=1, place=0, to_store=0,
                words=words(0.5, 2.0, 3.0))  # fmt: skip
    books = {"relayed": 0, "carried": 0, "silent": False}
    memory.absorb([own, event("DayMetered", day=1, share=10_000, **books)])
    memory.absorb([event("DayMetered", day=2, share=25_000, **books)])
    assert memory.gas.tolist() == [50_000]  # one dear day says nothing about the next
    memory.absorb([event("DayMetered", day=3, share=26_000, **books)])
    assert memory.gas.tolist() == [65_000] and memory.gas_of(0) == 65_000
