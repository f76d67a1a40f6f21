"""relay: bids that agents signed, submitted together; what cannot be accepted is skipped and said."""

from __future__ import annotations

import pytest
from tests.harness.evm import Event, role
from tests.harness.exchange import LATER, RELAYER, Exchange
from tests.harness.refusal import refused
from tests.harness.street import BIDS, OFFERS, PURSES, UNIT, WAD, Street

from wattpost.chain.showing import Shown, extend, genesis
from wattpost.chain.signed_bid import batch


@pytest.fixture
def street() -> Street:
    return Street().play_until("submit")


def signed(street: Street, *names: str, **terms: object) -> list[object]:
    return [street.sign(role(name), BIDS[name], OFFERS.get(name, []), **terms) for name in names]  # type: ignore[arg-type]


def skipped(events: list[Event]) -> list[tuple[int, str, str]]:
    return [(event.place, event.agent, event.reason) for event in events]


def test_relay__submits_every_bid_as_if_it_had_come_directly(street: Street) -> None:
    receipt = street.relay(signed(street, "ada", "ben", "sun", "wind"))

    assert receipt.only("Relayed").args == {"day": 1, "standard": 2, "producers": 2}
    assert not receipt.all("Skipped")
    for name in BIDS:
        account = street.account(role(name))
        assert (account.money, account.submitted) == ((PURSES[name] - sum(BIDS[name])) * UNIT, True)
    heads = [genesis(1, 1), genesis(1, 2)]
    for event in receipt.all("Submitted"):
        link = Shown(event.agent, event.kind, event.words)
        heads[event.kind - 1] = extend(heads[event.kind - 1], link)
    assert street.market.heads() == tuple(heads)
    street.finish()
    assert street.account(street.ada).energy == 146_558_943_089


def test_relay__and_submit_on_one_day__share_the_chains(street: Street) -> None:
    street.submit(street.ben, BIDS["ben"])
    street.relay(signed(street, "ada", "sun"))
    street.submit(street.wind, BIDS["wind"], OFFERS["wind"])
    street.after_window()
    street.clear()

    assert (street.account(street.ada).place, street.account(street.wind).place) == (1, 1)
    assert street.account(street.ada).observed_gas == 0
    assert street.account(street.ben).observed_gas > 0


def test_relay__skips_what_cannot_be_accepted_and_says_why(street: Street) -> None:
    street.submit(street.ben, [1, 0, 0])
    bids = [
        street.sign(street.ada, [500, 500, 2]),
        *signed(street, "ben"),
        street.sign(role("stranger"), [1, 0, 0]),
        street.sign(street.sun, [1, 0, 0]),
        *signed(street, "sun"),
        street.sign(street.wind, [1, 0, 0], [0, 10**18, 0]),
    ]

    receipt = street.relay(bids)

    assert skipped(receipt.all("Skipped")) == [
        (0, street.ada, "posts: bids above money held"),
        (1, street.ben, "posts: already submitted"),
        (2, role("stranger"), "posts: not of that kind"),
        (3, street.sun, "posts: not of that kind"),
        (5, street.wind, "posts: offer above capacity"),
    ]
    assert receipt.only("Relayed").args == {"day": 1, "standard": 0, "producers": 1}


def test_relay__of_one_agent_twice__takes_the_first(street: Street) -> None:
    receipt = street.relay([street.sign(street.ada, [5, 0, 0]), street.sign(street.ada, [7, 0, 0])])

    assert skipped(receipt.all("Skipped")) == [(1, street.ada, "posts: already submitted")]
    assert street.account(street.ada).money == (PURSES["ada"] - 5) * UNIT


def test_relay__at_the_deadline__is_in_time_and_a_second_later_is_not(street: Street) -> None:
    in_time = street.sign(street.ada, [5, 0, 0], deadline=street.evm.now)
    late = street.sign(street.ben, [5, 0, 0], deadline=street.evm.now - 1)

    receipt = street.relay([in_time, late, *signed(street, "sun", deadline=LATER)])

    assert skipped(receipt.all("Skipped")) == [(1, street.ben, "bids: expired")]


def test_relay__of_nothing_that_can_be_accepted__is_refused(street: Street) -> None:
    late = street.sign(street.ada, [5, 0, 0], deadline=street.evm.now - 1)

    refused(street, "bids: none can be accepted", street.relay, [late])
    refused(street, "bids: none can be accepted", street.relay, [street.sign(street.ada, [0, 0, 0])])
    empty = street.market.calldata("relay", 1, 0, 0) + bytes(864)
    refused(street, "bids: none can be accepted", street.market.send, empty, by=RELAYER)


def test_relay__outside_the_window_or_for_another_day__is_refused(street: Street) -> None:
    refused(street, "calendar: not that day", street.relay, signed(street, "ada", day=2))
    street.after_window()
    refused(street, "calendar: window is over", street.relay, signed(street, "ada"))
    street.close()
    refused(street, "calendar: not that step's turn", street.relay, signed(street, "ada"))


def test_relay__by_a_contract__is_refused(street: Street) -> None:
    """A contract could say how much gas its calls are given; and a batch is read again from a transaction."""
    from tests.harness.sources import character

    wallet = street.evm.deploy(character("Wallet"), RELAYER)
    data = batch(signed(street, "ada", relayer=wallet.address))
    reason = "bids: relayer is no plain account"
    refused(street, reason, wallet.act, street.market.address, data, by=RELAYER)
    refused(street, reason, street.relay, signed(street, "ada", relayer=wallet.address), by=wallet.address)


def test_relay__with_call_data_cut_padded_or_dirty__is_refused(street: Street) -> None:
    data = batch(signed(street, "ada", "sun"))

    for wrong in (data[:-1], data + b"\0", data + bytes(32), data[:100]):
        refused(street, "market: malformed call data", street.market.send, wrong, by=RELAYER)
    refused(street, "market: padding is not zero", street.market.send, data[:-1] + b"\1", by=RELAYER)
    refused(street, "market: padding is not zero", street.market.send, data[:-864] + b"\1" + bytes(863), by=RELAYER)
    street.market.send(data, by=RELAYER)


def test_relay__on_a_full_day__is_refused(street: Street) -> None:
    from tests.unit.contracts.test_submit import slot_of_head

    slot = slot_of_head(street, 1)
    street.evm.set_storage(street.market, slot, street.evm.storage(street.market, slot) | (2**23 - 2))

    refused(street, "posts: day is full", street.relay, signed(street, "ada", "ben"))


def test_relay__of_48_periods__signs_every_lane() -> None:
    exchange = Exchange(periods=48)
    exchange.set_profile(0, [10_000] * 48)
    ada = exchange.standard("ada", 7_001, WAD)
    sun = exchange.producer("sun", theta=WAD, c=WAD, capacity=10**9, money=WAD)
    exchange.open()
    bids, offers = [1_000 + 7 * post for post in range(49)], [0, *range(1, 49)]

    receipt = exchange.relay([exchange.sign(ada, bids), exchange.sign(sun, bids, offers)])

    assert receipt.only("Relayed").args == {"day": 1, "standard": 1, "producers": 1}
    exchange.finish()
    assert exchange.market.today().phase == 0
