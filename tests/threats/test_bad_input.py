"""A submission that is late, early, second, unregistered, unfunded, over capacity, empty, of a wrong length, monstrous
or replayed: each refused in one sentence, and nothing changes."""

from __future__ import annotations

import pytest
from tests.harness.evm import role
from tests.harness.exchange import Exchange, raw
from tests.harness.refusal import refused
from tests.harness.street import OFFERS, UNIT, WHOLE, Street

ONE, NOTHING = raw([1, 0, 0]), raw([0, 0, 0])


@pytest.fixture
def street() -> Street:
    return Street().play_until("submit")


def test_late__is_refused(street: Street) -> None:
    street.after_window()

    refused(street, "calendar: window is over", street.market.submit, 1, 0, ONE, by=street.ada)


def test_early__is_refused() -> None:
    street = Street()

    refused(street, "calendar: not that day", street.market.submit, 1, 0, ONE, by=street.ada)
    refused(street, "calendar: not that step's turn", street.market.submit, 0, 0, ONE, by=street.ada)


def test_second__is_refused(street: Street) -> None:
    street.submit(street.ada, [1, 2, 3])

    refused(street, "posts: already submitted", street.market.submit, 1, 0, raw([3, 2, 1]), by=street.ada)


def test_unregistered__is_refused(street: Street) -> None:
    street.fund(role("stranger"), 10 * UNIT)

    refused(street, "posts: not of that kind", street.market.submit, 1, 0, ONE, by=role("stranger"))


def test_unfunded__is_refused(street: Street) -> None:
    street.market.withdraw(1_000 * UNIT, by=street.ada)

    refused(street, "posts: bids above money held", street.market.submit, 1, 0, raw([1, 1, 0]), by=street.ada)


def test_over_capacity__is_refused(street: Street) -> None:
    words = raw([1, 0, 0], [0, 0, 180 * WHOLE + 1])

    refused(street, "posts: offer above capacity", street.market.submit, 1, 0, words, by=street.sun)


def test_zero_everything__is_refused(street: Street) -> None:
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, 0, NOTHING, by=street.ada)
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, 0, NOTHING * 2, by=street.sun)


def test_wrong_length__is_refused(street: Street) -> None:
    refused(street, "posts: wrong number of words", street.market.submit, 1, 0, ONE[:31], by=street.ada)
    refused(street, "posts: not of that kind", street.market.submit, 1, 0, ONE * 2, by=street.ada)
    refused(street, "posts: not of that kind", street.market.submit, 1, 0, ONE, by=street.sun)


def test_2_to_the_128__is_refused() -> None:
    street = Exchange(periods=1)
    ada = street.standard("ada", 5, UNIT)
    street.open()

    refused(street, "posts: bid beyond the last post", street.market.submit, 1, 0, (2**128).to_bytes(32, "big"), by=ada)
    refused(street, "vault: market is full", street.market.deposit, 2**128 * UNIT, by=ada)
    refused(street, "vault: more than is prepaid", street.market.withdraw, 2**128 * UNIT, by=ada)


def test_replayed__is_refused_the_same_day_and_the_next(street: Street) -> None:
    data = street.market.calldata("submit", 1, 0, raw([1, 2, 3], OFFERS["sun"]))

    def replay() -> None:
        street.evm.send(street.market.address, data, by=street.sun)

    replay()
    refused(street, "posts: already submitted", replay)
    street.after_window()
    refused(street, "calendar: window is over", replay)
    next_day = Street()
    next_day.open()
    next_day.after_window()
    next_day.close()
    next_day.open()
    refused(
        next_day,
        "calendar: not that day",
        lambda: next_day.evm.send(next_day.market.address, data, by=next_day.sun),
    )
