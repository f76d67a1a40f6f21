"""What the market sees of a plain submission's gas is what its receipt shows, to the unit, for any number of words."""

from __future__ import annotations

import pytest
from tests.harness.evm import role
from tests.harness.exchange import Exchange

UNIT = 10**9
PERIODS = range(1, 49, 4)  # 1 to 12 words of bids, and 13


def day(periods: int, *, efficiency: int = 0) -> Exchange:
    exchange = Exchange(periods=periods, efficiency=efficiency)
    store = efficiency * 100
    exchange.standard("standard", 10**9, 10**3 * UNIT * UNIT, store)
    exchange.producer("producer", theta=2 * 10**18, c=10**18 // 2, capacity=10**9, store=store)
    exchange.set_profile(0, [10_000] * periods)
    exchange.fund(role("producer"), 10**3 * UNIT * UNIT)
    exchange.open()
    return exchange


@pytest.mark.parametrize("efficiency", [0, 10**18])
@pytest.mark.parametrize("periods", [*PERIODS, 48])
def test_observed_gas__is_the_receipts(periods: int, efficiency: int) -> None:
    exchange = day(periods, efficiency=efficiency)
    bids = [0x0100_0000 + 7 * post for post in range(periods + 1)]  # some bytes are zero, some are not
    offers = [0, *(0x01_0001 * post for post in range(1, periods + 1))]
    to_store = 0x0102_0003 if efficiency else 0

    standard = exchange.submit(role("standard"), bids, to_store=to_store)
    producer = exchange.submit(role("producer"), bids, offers, to_store=to_store)

    for receipt in (standard, producer):
        assert receipt.only("Submitted").observed_gas == receipt.gas
