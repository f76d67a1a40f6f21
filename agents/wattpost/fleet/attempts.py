"""Attempts at a submission as transactions: those that fail, and those that congestion makes heavier.

An attempt that fails is the same call for the day before, which the market refuses: it is mined, reverts, and its gas
is on its receipt. Gas beyond what a call takes is burnt by an access list of an account that nobody uses: it is paid
for as the list is read, changes nothing else, and belongs to its sender as any gas of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wattpost.chain.events import Event
from wattpost.chain.market import Market, call
from wattpost.chain.transaction import LISTED_ADDRESS, LISTED_KEY, Access, calldata_gas
from wattpost.chain.wallet import Order
from wattpost.fleet.faults import Fault

MOST_ADDRESSES = 19  # as many as change the remainder by LISTED_KEY
REFUSAL = 2_500  # about what the market takes to refuse a call for another day
SPARE = 100_000  # of a gas limit; what is not used is not charged


def burning(gas: float) -> Access:
    """An access list that costs as much of `gas` as one can: all but 100 where that is much.

    >>> from wattpost.chain.transaction import access_gas
    >>> access_gas(burning(60_000)), access_gas(burning(2_000))
    (60000, 0)
    """
    whole = int(gas)
    fitting = [count for count in range(1, MOST_ADDRESSES + 1) if LISTED_ADDRESS * count <= whole]
    if not fitting:
        return ()
    count = min(fitting, key=lambda each: (whole - LISTED_ADDRESS * each) % LISTED_KEY)
    keys = (whole - LISTED_ADDRESS * count) // LISTED_KEY
    unused = [(0xFA017 << 64 | number).to_bytes(20, "big") for number in range(count)]
    slots = tuple(key.to_bytes(32, "big") for key in range(keys))
    return tuple((address, slots if number == 0 else ()) for number, address in enumerate(unused))


def good_one(market: Market, day: int, to_store: int, raw: bytes, fault: Fault, plain: float) -> Order:
    """The submission itself; `plain` is the gas that one takes where nothing befalls it."""
    return Order(market.address, call("submit", day, to_store, raw), access=burning((fault.gas_multiplier - 1) * plain))


def failing_ones(market: Market, day: int, to_store: int, raw: bytes, fault: Fault, plain: float) -> list[Order]:
    """The attempts before it: refused, each burning what a good one in its state does."""
    return [refused(market, day, to_store, raw, fault.gas_multiplier * plain)] * fault.failures


def refused(market: Market, day: int, to_store: int, raw: bytes, gas: float) -> Order:
    """A submission for the day before, which no market takes, that burns `gas`, or its least where that is more."""
    data = call("submit", day - 1, to_store, raw)
    least = 21_000 + calldata_gas(data) + REFUSAL
    return Order(market.address, data, least + SPARE, access=burning(gas - least))


class PlainGas:
    """What each agent's last direct submission took by itself, its access list not counted, from its receipt.

    So a forecast does not drift because a state multiplied the gas that it is learnt from.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._rows = {address: row for row, address in enumerate(addresses)}
        self.gas = np.full(len(addresses), -1, dtype=np.int64)  # below zero before the first

    def learn(self, market: Market, events: Sequence[Event]) -> None:
        """Look up those of the agents' submissions that are among `events`."""
        own = [each for each in events if each.name == "Submitted" and not each["relayed"]]
        own = [each for each in own if each["agent"] in self._rows]
        for each, gas in zip(own, plain_gas(market, own), strict=True):
            self.gas[self._rows[each["agent"]]] = gas


def plain_gas(market: Market, submitted: Sequence[Event]) -> list[int]:
    """Gas of direct submissions, from their receipts, less what their access lists cost."""
    hashes = [each.transaction for each in submitted]
    sent = market.rpc.batch(("eth_getTransactionByHash", (each,)) for each in hashes)
    receipts = market.rpc.batch(("eth_getTransactionReceipt", (each,)) for each in hashes)
    return [
        int(receipt["gasUsed"], 16) - listed_gas(transaction)
        for transaction, receipt in zip(sent, receipts, strict=True)
    ]


def listed_gas(transaction: dict[str, object]) -> int:
    """What the access list of a transaction, as a node tells it, cost."""
    listed = transaction.get("accessList") or []
    assert isinstance(listed, list)
    return sum(LISTED_ADDRESS + LISTED_KEY * len(each["storageKeys"]) for each in listed)
