"""The relayer: takes bids that agents signed for it, and brings them to the chain in batches with a key of its own.

It can leave a bid out, and nothing else: its agent sees that and submits by itself. What cannot be accepted it does not
take, because a batch is paid for by those it carries.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattpost.chain.market import REGISTRATIONS, Market
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.rpc import NodeRefused, Reverted, RpcError
from wattpost.chain.signed_bid import SignedBid, Terms, batch, signer
from wattpost.chain.transaction import MAX_GAS, Signed, calldata_gas, floor_gas
from wattpost.chain.wallet import OutcomeUnknown, Wallet
from wattpost.spec.amounts import UNIT, unpack, words_for

# Gas limits, which are generous: what a batch does not use is not charged.
PER_BATCH = 200_000
PER_BID = 26_000
PER_PLANT = 12_000  # what a producer's bid takes beyond that
PER_WORD = 800
TRIES = 3


@dataclass(frozen=True, slots=True)
class _Batch:
    signed: Signed
    bids: list[SignedBid]
    gas: int


class Relayer:
    """Holds signed bids until it is told to carry them; agents may hand theirs over at any time, from any thread."""

    def __init__(self, wallet: Wallet, market: Market) -> None:
        self.address = wallet.address
        self._wallet, self._market = wallet, market
        self._terms = Terms(market.chain_id, market.address, wallet.address)
        self._domain, self._words, self._posts = self._terms.domain, words_for(market.periods), market.periods + 1
        self._lock = threading.Lock()
        self._kinds: dict[str, int] = {}
        self._held: dict[int, dict[str, SignedBid]] = {}  # by day and agent
        self._trusted: set[str] = set()  # whose bids were accepted before
        self._tried: dict[int, set[str]] = {}  # by day, whose bid was sent
        self._sent: list[_Batch] = []
        self._day_block = market.first_block  # where to look for the day's submissions
        self._limit = MAX_GAS

    # ---- from agents

    def take(self, bids: Sequence[SignedBid]) -> list[str]:
        """For each bid an empty text, or why it is refused."""
        agents = [self._signer(bid) for bid in bids]
        with self._lock:
            if any(agent not in self._kinds for agent in agents):
                self._read_registry()
            return [self._take(agent, bid) for agent, bid in zip(agents, bids, strict=True)]

    def _signer(self, bid: SignedBid) -> str:
        right = len(bid.words) == bid.kind * self._words
        return signer(bid, self._terms, self._domain) if right else ""

    def _take(self, agent: str, bid: SignedBid) -> str:
        if not agent:
            return "relayer: wrong number of words"
        if self._kinds.get(agent) != bid.kind:
            return "relayer: not signed by such an agent for this relayer, chain and market"
        held = self._held.setdefault(bid.day, {})
        if agent in held and held[agent] != bid:
            return "relayer: another bid of this agent is held for the day"
        held[agent] = bid
        return ""

    # ---- to the chain

    def carry(self, day: int) -> int:
        """Send what is held for a day and not on chain yet; how many bids are now on their way.

        Raises RpcError if the node cannot be reached; carrying again then continues.
        """
        head = self._market.rpc.block("latest")
        now = int(head["timestamp"], 16)
        missing = self.missing(day)
        self._sent = [each for each in self._sent if self._waits(each)]
        waiting = {bid.signature for each in self._sent for bid in each.bids}
        with self._lock:
            fresh = {
                agent: bid
                for agent, bid in self._held.get(day, {}).items()
                if agent in missing and bid.deadline > now and bid.signature not in waiting
            }
        bids = self._affordable(fresh, self._tried.setdefault(day, set()))
        most = min(self._limit, MAX_GAS, int(head["gasLimit"], 16))
        for part in _parts(bids, most):
            self._send(part, most)
        self._tried[day].update(fresh)
        return len(waiting) + len(bids)

    def missing(self, day: int) -> set[str]:
        """Agents whose bid is held for a day and which the chain does not show; earlier days are forgotten."""
        there = self._submitted(day)
        with self._lock:
            for past in [each for each in self._held if each < day]:
                del self._held[past]
                self._tried.pop(past, None)
            held = set(self._held.get(day, {}))
        self._trusted |= held & there
        return held - there

    def _affordable(self, bids: dict[str, SignedBid], tried: set[str]) -> list[SignedBid]:
        """Bids that are not empty and that their agents can pay, by kind; who could before is believed once."""
        asked = [agent for agent in bids if agent not in self._trusted or agent in tried]
        money = {a: account.money for a, account in zip(asked, self._market.accounts(asked), strict=True)}
        found = []
        for agent, bid in bids.items():
            total = sum(unpack(bid.words[: self._words], self._posts)) * UNIT
            if any(bid.words) and total <= money.get(agent, total):
                found.append(bid)
        return sorted(found, key=lambda bid: bid.kind)

    def _send(self, bids: Sequence[SignedBid], most: int) -> None:
        """One batch; halved where the node finds it too large, sent again where it was lost."""
        data, gas = batch(bids), min(_gas_of(bids), most)
        for _ in range(TRIES):
            try:
                signed: Signed | None = self._wallet.send(self._market.address, data, gas=gas)
            except OutcomeUnknown:
                signed = self._wallet.resolve()
            except Reverted:
                return  # none of them can be accepted any more
            except NodeRefused:
                if len(bids) == 1:
                    raise
                middle = len(bids) // 2
                self._limit = max(_gas_of(bids[:middle]), _gas_of(bids[middle:]))
                self._send(bids[:middle], most)
                self._send(bids[middle:], most)
                return
            if signed:
                self._sent.append(_Batch(signed, list(bids), gas))
                return
        raise RpcError("The node took no batch of signed bids.")

    def _waits(self, sent: _Batch) -> bool:
        """Whether a batch may still be mined; one that ran out of gas makes the next ones smaller."""
        rpc = self._market.rpc
        receipt = rpc.call("eth_getTransactionReceipt", sent.signed.hash)
        if receipt is not None:
            if int(receipt["status"], 16) == 0 and int(receipt["gasUsed"], 16) >= 0.95 * sent.gas:
                self._limit = max(sent.gas // 2, PER_BATCH)
            return False
        if rpc.call("eth_getTransactionByHash", sent.signed.hash) is None:  # the node forgot it; its nonce is a gap
            try:
                rpc.send(sent.signed.raw)
            except NodeRefused:
                return False
        return True

    def _submitted(self, day: int) -> set[str]:
        events = self._market.events(self._day_block, self._market.rpc.block_number(), "DayOpened", "Submitted")
        for event in events:
            if event.name == "DayOpened" and event["day"] == day:
                self._day_block = event.block
        return {event["agent"] for event in events if event.name == "Submitted" and event["day"] == day}

    def _read_registry(self) -> None:
        market = self._market
        for event in market.events(market.first_block, market.rpc.block_number(), *REGISTRATIONS):
            self._kinds[event["agent"]] = STANDARD if event.name == "StandardRegistered" else PRODUCER


def _gas_of(bids: Sequence[SignedBid]) -> int:
    data = b"".join(bid.record for bid in bids)
    run = sum(PER_BID + PER_PLANT * (bid.kind == PRODUCER) + PER_WORD * len(bid.words) for bid in bids)
    return max(PER_BATCH + calldata_gas(data) + run, PER_BATCH + floor_gas(data))


def _parts(bids: Sequence[SignedBid], most: int) -> Iterator[Sequence[SignedBid]]:
    """Batches of about equal size, none of which takes more than `most` gas."""
    if not bids:
        return
    count = -(-(_gas_of(bids) - PER_BATCH) // max(most - PER_BATCH, 1))
    size = -(-len(bids) // count)
    while size > 1 and any(_gas_of(bids[at : at + size]) > most for at in range(0, len(bids), size)):
        size -= -(-size // 10)
    for first in range(0, len(bids), size):
        yield bids[first : first + size]
