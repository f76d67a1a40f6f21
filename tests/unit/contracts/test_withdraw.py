"""withdraw: what is not in escrow leaves at any time, to its owner alone."""

from __future__ import annotations

import pytest
from tests.harness.evm import Evm, role
from tests.harness.exchange import BANK, Exchange
from tests.harness.refusal import refused
from tests.harness.sources import character
from tests.harness.street import PHASES, PURSES, UNIT, Street


def test_withdraw__pays_the_owner_and_nobody_else() -> None:
    street = Street()

    receipt = street.market.withdraw(401 * UNIT, by=street.ada)

    assert street.held(street.ada) == 401 * UNIT
    assert street.account(street.ada).money == 600 * UNIT
    assert street.account(street.ben).money == PURSES["ben"] * UNIT
    assert street.market.owed() == (sum(PURSES.values()) - 401) * UNIT
    assert receipt.only("Withdrawn").args == {"account": street.ada, "money": 401 * UNIT}


def test_withdraw__of_nothing__is_refused() -> None:
    street = Street()

    refused(street, "vault: nothing to move", street.market.withdraw, 0, by=street.ada)


def test_withdraw__of_a_part_of_a_unit__is_refused() -> None:
    street = Street()

    for money in (1, UNIT - 1, 7 * UNIT + 1, 2**256 - 1):
        refused(street, "vault: not in whole 10^-9", street.market.withdraw, money, by=street.ada)


def test_withdraw__of_more_than_is_prepaid__is_refused() -> None:
    street = Street()

    refused(street, "vault: more than is prepaid", street.market.withdraw, 1_002 * UNIT, by=street.ada)
    refused(street, "vault: more than is prepaid", street.market.withdraw, 2**200 * UNIT, by=street.ada)
    refused(street, "vault: more than is prepaid", street.market.withdraw, UNIT, by=role("stranger"))


def test_withdraw__cannot_touch_what_is_bid() -> None:
    street = Street().play_until("close")
    free = (PURSES["ada"] - 71) * UNIT

    refused(street, "vault: more than is prepaid", street.market.withdraw, free + UNIT, by=street.ada)
    street.market.withdraw(free, by=street.ada)


@pytest.mark.parametrize("phase", PHASES)
def test_withdraw__works_whatever_the_day_waits_for(phase: str) -> None:
    street = Street().play_until(phase)
    before = street.held(street.ben)

    street.market.withdraw(77 * UNIT, by=street.ben)

    assert street.held(street.ben) == before + 77 * UNIT


def test_withdraw__from_a_token_that_will_not_pay__is_refused() -> None:
    exchange = Exchange(token=Evm().deploy(character("Sulky"), BANK, 1_000 * UNIT, 0))
    exchange.fund(role("buyer"), 100 * UNIT)
    exchange.bytecoin.set_mood(1)

    refused(exchange, "vault: token refused to pay", exchange.market.withdraw, 60 * UNIT, by=role("buyer"))
