"""open: a day begins when the last is done, and writes what its submissions will touch."""

from __future__ import annotations

import pytest
from tests.harness.exchange import Exchange
from tests.harness.refusal import refused
from tests.harness.street import PHASES, Street

from wattpost.chain.showing import genesis


def test_open__begins_day_one_at_block_time() -> None:
    exchange = Exchange(window=613)

    receipt = exchange.open()

    now = exchange.evm.now
    assert tuple(exchange.market.today()) == (1, 1, False, now, 0, 0, 0, 0, 0)
    assert exchange.market.heads() == (genesis(1, 1), genesis(1, 2))
    assert receipt.only("DayOpened").args == {"day": 1, "opened": now, "deadline": now + 613}


def test_open__of_the_next_day__starts_new_chains() -> None:
    street = Street().play_until("meter")
    street.meter()

    street.open()

    assert street.market.today().number == 2
    assert street.market.heads() == (genesis(2, 1), genesis(2, 2))


@pytest.mark.parametrize("phase", PHASES[1:])
def test_open__before_the_last_day_is_done__is_refused(phase: str) -> None:
    street = Street().play_until(phase)

    refused(street, "calendar: a day is under way", street.market.open)


def test_open__after_2_to_the_24_days__is_refused() -> None:
    exchange = Exchange()
    exchange.evm.set_storage(exchange.market, 0, 2**24 - 2)  # the calendar's word: the day before the last
    assert exchange.market.today().number == 2**24 - 2
    exchange.open()
    exchange.after_window()
    exchange.close()

    refused(exchange, "calendar: no more days", exchange.market.open)
