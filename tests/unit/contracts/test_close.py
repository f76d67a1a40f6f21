"""close: after the window the submissions are shown again, newest piece first, and totals freeze with the last."""

from __future__ import annotations

import pytest
from tests.harness.chain_of_submissions import Link, genesis, shown
from tests.harness.evm import role
from tests.harness.exchange import PRODUCER, STANDARD, Exchange
from tests.harness.refusal import refused
from tests.harness.street import WAD, WHOLE, Street

from wattpost.spec import pack, unpack

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
    assert [street.market.total_bids(0), street.market.total_offers(0)] == [pack(bids)[0], pack(offers)[0]]
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

    piece = street.newest(PRODUCER, 2)
    arguments = (1, PRODUCER, piece.prior, shown(piece.links))
    refused(street, "calendar: window is open", street.market.close, *arguments)
    street.evm.now += 1
    street.market.close(*arguments)


def test_close__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    street.after_window()
    refused(street, "calendar: not that day", street.market.close, 2, STANDARD, bytes(32), [])
    street.close_all()
    refused(street, "calendar: not that step's turn", street.market.close, 1, STANDARD, bytes(32), [])


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
    refused(street, "posts: nothing shown", street.market.close, 1, STANDARD, bytes(32), [])
    street.close(PRODUCER)
    refused(street, "posts: nothing shown", street.market.close, 1, STANDARD, bytes(32), [])


@pytest.mark.parametrize("kind", [0, 3, 2**256 - 1])
def test_close__of_an_unknown_kind__is_refused(street: Street, kind: int) -> None:
    street.after_window()
    piece = street.newest(STANDARD, 2)

    refused(street, "posts: no such kind", street.market.close, 1, kind, piece.prior, shown(piece.links))


def test_close__showing_half_a_submission__is_refused(street: Street) -> None:
    street.after_window()
    piece = street.newest(PRODUCER, 2)
    words = shown(piece.links)

    for wrong in (words[:-1], [*words, 0], words[:1]):
        refused(street, "posts: incomplete submission", street.market.close, 1, PRODUCER, piece.prior, wrong)


def test_close__of_more_than_later_steps_could_handle__is_refused(street: Street) -> None:
    street.after_window()
    piece = street.newest(PRODUCER, 2)
    size = len(shown(piece.links)) // 2

    refused(street, "posts: piece too large", street.market.close, 1, PRODUCER, piece.prior, [0] * (129 * size))


def test_close__showing_anything_else__is_refused(street: Street) -> None:
    street.after_window()
    piece = street.newest(STANDARD, 2)
    words = shown(piece.links)
    stranger = shown([Link(role("stranger"), piece.links[0].bids), piece.links[1]])
    swapped = shown(list(reversed(piece.links)))

    for place in range(len(words)):
        changed = [word ^ (1 << 3) if n == place else word for n, word in enumerate(words)]
        refused(street, NOT_SUBMITTED, street.market.close, 1, STANDARD, piece.prior, changed)
    for wrong in (stranger, swapped):
        refused(street, NOT_SUBMITTED, street.market.close, 1, STANDARD, piece.prior, wrong)
    for prior in (bytes(32), genesis(2, 1), genesis(1, 2), street.priors[STANDARD][1]):
        refused(street, NOT_SUBMITTED, street.market.close, 1, STANDARD, prior, words)
    street.market.close(1, STANDARD, piece.prior, words)


def test_close__with_dirt_above_an_address__is_refused(street: Street) -> None:
    street.after_window()
    piece = street.newest(STANDARD, 2)
    words = shown(piece.links)
    words[0] |= 1 << 200

    refused(street, "", street.market.close, 1, STANDARD, piece.prior, words)


def test_close__in_pieces__takes_the_newest_first_and_sixteen_at_least() -> None:
    exchange = crowd(37)

    def attempt(count: int) -> tuple[int, int, bytes, list[int]]:
        piece = exchange.newest(STANDARD, count)
        return 1, STANDARD, piece.prior, shown(piece.links)

    refused(exchange, "calendar: batch too small", exchange.market.close, *attempt(15))
    refused(exchange, "calendar: batch too small", exchange.market.close, *attempt(1))
    exchange.close(STANDARD, 16)
    exchange.close(STANDARD, 17)
    refused(exchange, "calendar: batch too small", exchange.market.close, *attempt(3))
    receipt = exchange.close(STANDARD, 4)

    today = exchange.market.today()
    assert (today.phase, today.submissions, today.pieces) == (2, 37, 3)
    assert unpack(receipt.only("DayClosed").bids, 2) == (111, sum(100 + number for number in range(37)))
    assert receipt.only("DayClosed").offers[0] & (2**64 - 1) == sum(1_000 + number for number in range(37))


def test_close__from_the_middle__is_refused() -> None:
    exchange = crowd(20)
    oldest = exchange.waiting[STANDARD][:16]

    refused(exchange, NOT_SUBMITTED, exchange.market.close, 1, STANDARD, genesis(1, 1), shown(oldest))


def test_close__of_more_than_were_submitted__is_refused() -> None:
    exchange = crowd(2)
    piece = exchange.newest(STANDARD, 2)
    words = shown([*piece.links, piece.links[0]])

    refused(exchange, "calendar: batch too large", exchange.market.close, 1, STANDARD, piece.prior, words)


def test_close__of_48_periods__holds_every_lane() -> None:
    exchange = Exchange(periods=48)
    ada = exchange.standard("ada", 7_001, 10**18)
    exchange.open()
    bids = [1_000 + 7 * post for post in range(49)]
    exchange.submit(ada, bids)

    receipt = exchange.close_all()

    assert unpack(receipt.only("DayClosed").bids, 49) == tuple(bids)
    assert unpack([exchange.market.total_bids(word) for word in range(13)], 49) == tuple(bids)
