"""clear: a day closed, produced and settled in one call, with the very outcome of the steps one by one."""

from __future__ import annotations

import pytest
from tests.harness.evm import role
from tests.harness.exchange import DUST, PRODUCER, STANDARD
from tests.harness.refusal import refused
from tests.harness.street import BIDS, ENERGY, GOOD, PURSES, REVENUE, UNIT, WHOLE, Street

from wattpost.spec import unpack

NOT_SUBMITTED = "posts: not what was submitted"
STEPS = ("PlantRun", "DayProduced", "Settled", "DaySettled")


@pytest.fixture
def street() -> Street:
    street = Street().play_until("close")
    street.after_window()
    return street


def test_clear__does_what_the_steps_do() -> None:
    at_once, stepwise = Street().play_until("close"), Street().play_until("settle")
    at_once.after_window()

    events = at_once.clear().events
    stepwise.settle(1)
    stepwise.settle(0)

    for name in BIDS:
        assert at_once.account(role(name)) == stepwise.account(role(name))
    assert at_once.account(DUST) == stepwise.account(DUST)
    today, other = at_once.market.today(), stepwise.market.today()
    assert (*today[:5], today.submissions, today.left) == (*other[:5], other.submissions, other.left)
    assert {event.name for event in events} == {"DayClosed", *STEPS}


def test_clear__pays_and_allocates_as_done_by_hand(street: Street) -> None:
    receipt = street.clear()

    closed = receipt.only("DayClosed")
    assert (closed.day, closed.submissions, closed.producers) == (1, 4, 2)
    assert unpack(closed.bids, 3) == (100, 123, 24)
    assert unpack(closed.offers, 3) == (1_000 * WHOLE, 264 * WHOLE, 138 * WHOLE)
    assert unpack(receipt.only("DayProduced").delivered, 3) == (1_000 * WHOLE, 232 * WHOLE, 114 * WHOLE)
    events = {event.agent: event for event in receipt.all("Settled")}
    for name in BIDS:
        event = events[role(name)]
        assert (event.energy, event.good, event.revenue, event.refund) == (ENERGY[name], GOOD[name], REVENUE[name], 0)
        assert street.account(role(name)).money == (PURSES[name] - sum(BIDS[name]) + REVENUE[name]) * UNIT
    dust = receipt.only("DaySettled")
    assert (dust.settled, dust.dust_money, dust.dust_energy, dust.dust_good) == (street.evm.now, 2, 1, 0)
    assert (street.market.today().phase, street.market.today().submissions) == (4, 4)


@pytest.mark.parametrize("names", [("ada",), ("sun",), ("ada", "ben"), ("wind", "sun")])
def test_clear__of_a_single_kind__is_a_day_like_any(names: tuple[str, ...]) -> None:
    street = Street().play_until("submit")
    street.submit_all(names)
    street.finish()

    assert street.market.today().phase == 0
    assert not any(street.account(role(name)).submitted for name in BIDS)


def test_clear__before_the_window_is_over__is_refused(street: Street) -> None:
    street.evm.now -= 1

    refused(street, "calendar: window is open", street.clear)


def test_clear__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    refused(street, "calendar: not that day", street.show, "clear", 2, 2, 2, links=street.all_links)
    street.clear()
    refused(street, "calendar: not that step's turn", street.clear)


def test_clear__of_nothing__is_refused() -> None:
    street = Street().play_until("submit")
    street.after_window()

    refused(street, "posts: nothing shown", street.clear)


def test_clear__of_less_or_more_or_other_than_was_submitted__is_refused(street: Street) -> None:
    homes, plants = street.links[STANDARD], street.links[PRODUCER]

    for shown in ((homes[:1], plants), (homes, plants[1:]), (homes, []), ([], plants), (homes[::-1], plants)):
        arguments = (1, len(shown[0]), len(shown[1]))
        refused(street, NOT_SUBMITTED, street.show, "clear", *arguments, links=[*shown[0], *shown[1]])
    twice = [*homes, homes[0]]
    refused(street, NOT_SUBMITTED, street.show, "clear", 1, 3, 2, links=[*twice, *plants])


def test_clear__of_a_day_whose_close_was_begun_in_pieces__is_refused() -> None:
    """Otherwise it would settle the rest as if that were the day, and what the pieces showed never."""
    street = Street().play_until("close")
    street.after_window()
    street.close(PRODUCER)

    refused(street, "posts: nothing shown", street.show, "clear", 1, 2, 0, links=street.links[STANDARD])
    refused(street, "posts: nothing shown", street.clear)
    street.close(STANDARD)
    street.produce_all()
    street.settle_all()
    assert not any(street.account(role(name)).submitted for name in BIDS)


def test_clear__with_call_data_cut_padded_or_dirty__is_refused(street: Street) -> None:
    from wattpost.chain.showing import show

    data = show("clear", 1, 2, 2, submissions=street.all_links)
    for wrong in (data[:-1], data + b"\0", data[:-864]):
        refused(street, "market: malformed call data", street.market.send, wrong)
    refused(street, "market: padding is not zero", street.market.send, data[:-1] + b"\1")
    street.market.send(data)
