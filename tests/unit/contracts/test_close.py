"""close: after the window the submissions are shown again, newest piece first, and totals freeze with the last."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.evm import role
from tests.harness.exchange import PRODUCER, STANDARD, Exchange
from tests.harness.refusal import refused
from tests.harness.street import WAD, WHOLE, Street

from wattpost.chain.showing import PADDING, genesis
from wattpost.spec import unpack

NOT_SUBMITTED = "posts: not what was submitted"


@pytest.fixture
def street() -> Street:
    return Street().play_until("close")


def crowd(count: int, periods: int = 2) -> Exchange:
    """Standard agents who each bid a little, their day's window over."""
    exchange = Exchange(periods=periods)
    names = [exchange.standard(f"home {number}", 1_000 + number, WAD) for number in range(count)]
    exchange.open()
    for number, name in enumerate(names):
        exchange.submit(name, [3, 100 + number] + [0] * (periods - 1))
    exchange.after_window()
    return exchange


def test_close__adds_everything_up(street: Street) -> None:
    street.after_window()
    head = street.market.heads()[1]
    first = street.close(PRODUCER)
    assert street.market.today().phase == 1
    last = street.close(STANDARD)

    bids, offers = [100, 123, 24], [1_000 * WHOLE, 264 * WHOLE, 138 * WHOLE]
    today = street.market.today()
    assert (today.phase, today.submissions, today.left, today.pieces) == (2, 4, 2, 2)
    piece = first.only("PieceClosed")
    assert (piece.day, piece.piece, piece.kind) == (1, 0, 2)
    assert (piece.prior, piece.end) == (genesis(1, 2), head)
    assert last.only("PieceClosed").piece == 1
    closed = last.only("DayClosed")
    assert (closed.day, closed.submissions, closed.producers) == (1, 4, 2)
    assert unpack(closed.bids, 3) == tuple(bids)
    assert unpack(closed.offers, 3) == tuple(offers)
    assert not first.all("DayClosed")


def test_close__in_the_last_second_of_the_window__is_refused(street: Street) -> None:
    street.after_window()
    street.evm.now -= 1

    refused(street, "calendar: window is open", street.close, PRODUCER)
    street.evm.now += 1
    street.close(PRODUCER)


def test_close__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    street.after_window()
    refused(street, "calendar: not that day", street.show, "close", 2, STANDARD, bytes(32), 0)
    street.close_all()
    refused(street, "calendar: not that step's turn", street.show, "close", 1, STANDARD, bytes(32), 0)


def test_close__of_a_day_without_submissions__ends_it() -> None:
    street = Street().play_until("submit")
    street.after_window()

    receipt = street.close()

    assert street.market.today().phase == 0
    assert receipt.only("DayClosed").submissions == 0
    street.open()
    assert street.market.today().number == 2


def test_close__showing_nothing_while_something_waits__is_refused(street: Street) -> None:
    street.after_window()
    refused(street, "posts: nothing shown", street.show, "close", 1, STANDARD, bytes(32), 0)
    street.close(PRODUCER)
    refused(street, "posts: nothing shown", street.show, "close", 1, STANDARD, bytes(32), 0)


@pytest.mark.parametrize("kind", [0, 3, 2**256 - 1])
def test_close__of_an_unknown_kind__is_refused(street: Street, kind: int) -> None:
    street.after_window()
    piece = street.newest(STANDARD, 2)

    # Nothing of such a kind was ever submitted; one whose records would be endless stops at the arithmetic.
    reason = "" if kind > 3 else "market: malformed call data" if kind == 3 else "calendar: batch too large"
    links = piece.submissions if kind else [replace(link, words=()) for link in piece.submissions]
    refused(street, reason, street.show, "close", 1, kind, piece.prior, 2, links=links)
    if kind == 3:
        links = [replace(link, words=link.words * 3) for link in piece.submissions]
        refused(street, "calendar: batch too large", street.show, "close", 1, kind, piece.prior, 2, links=links)


def test_close__with_call_data_cut_padded_or_dirty__is_refused(street: Street) -> None:
    street.after_window()
    piece = street.newest(PRODUCER, 2)
    head = street.market.calldata("close", 1, PRODUCER, piece.prior, 2)
    data = head + b"".join(link.record for link in piece.submissions) + PADDING

    for wrong in (data[:-1], data + b"\0", data[:-32], data + bytes(32), head, data[:-864]):
        refused(street, "market: malformed call data", street.market.send, wrong)
    for place in (1, 432, 863):
        dirty = data[:-864] + bytes(place) + b"\1" + bytes(863 - place)
        refused(street, "market: padding is not zero", street.market.send, dirty)
    street.market.send(data)


def test_close__of_more_than_later_steps_could_handle__is_refused(street: Street) -> None:
    street.after_window()
    piece = street.newest(PRODUCER, 2)
    links = [piece.submissions[0]] * 49

    refused(street, "posts: piece too large", street.show, "close", 1, PRODUCER, piece.prior, 49, links=links)


def test_close__showing_anything_else__is_refused(street: Street) -> None:
    street.after_window()
    piece = street.newest(STANDARD, 2)
    first, second = piece.submissions
    wrong = [
        [replace(first, words=(first.words[0] ^ 8,)), second],
        [first, replace(second, words=(second.words[0] ^ 1 << 255,))],
        [replace(first, agent=role("stranger")), second],
        [replace(first, to_store=1), second],
        [replace(first, observed_gas=first.observed_gas - 1), second],
        [second, first],
        [first, first],
    ]
    for links in wrong:
        refused(street, NOT_SUBMITTED, street.show, "close", 1, STANDARD, piece.prior, 2, links=links)
    for prior in (bytes(32), genesis(2, 1), genesis(1, 2), street.heads[STANDARD][1]):
        refused(street, NOT_SUBMITTED, street.show, "close", 1, STANDARD, prior, 2, links=[first, second])
    street.close(STANDARD)


def test_close__in_pieces__takes_the_newest_first_and_sixteen_at_least() -> None:
    exchange = crowd(37)

    refused(exchange, "calendar: batch too small", exchange.close, STANDARD, 15)
    refused(exchange, "calendar: batch too small", exchange.close, STANDARD, 1)
    exchange.close(STANDARD, 16)
    exchange.close(STANDARD, 17)
    refused(exchange, "calendar: batch too small", exchange.close, STANDARD, 3)
    receipt = exchange.close(STANDARD, 4)

    today = exchange.market.today()
    assert (today.phase, today.submissions, today.pieces) == (2, 37, 3)
    assert unpack(receipt.only("DayClosed").bids, 2) == (111, sum(100 + number for number in range(37)))
    assert receipt.only("DayClosed").offers[0] & (2**64 - 1) == sum(1_000 + number for number in range(37))


def test_close__from_the_middle__is_refused() -> None:
    exchange = crowd(20)
    oldest = exchange.links[STANDARD][:16]

    refused(exchange, NOT_SUBMITTED, exchange.show, "close", 1, STANDARD, genesis(1, 1), 16, links=oldest)


def test_close__of_more_than_were_submitted__is_refused() -> None:
    exchange = crowd(2)
    piece = exchange.newest(STANDARD, 2)
    links = [*piece.submissions, piece.submissions[0]]

    refused(exchange, "calendar: batch too large", exchange.show, "close", 1, STANDARD, piece.prior, 3, links=links)


def test_close__of_48_periods__holds_every_lane() -> None:
    exchange = Exchange(periods=48)
    ada = exchange.standard("ada", 7_001, 10**18)
    exchange.open()
    bids = [1_000 + 7 * post for post in range(49)]
    exchange.submit(ada, bids)

    receipt = exchange.close_all()

    assert unpack(receipt.only("DayClosed").bids, 49) == tuple(bids)
