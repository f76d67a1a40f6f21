"""The meter: reads receipts, keeps the books, and posts each day's gas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattpost.chain import archive
from wattpost.chain.engine import Engine
from wattpost.chain.events import Event
from wattpost.chain.market import MOVES_THE_DAY, Market, call, name_of
from wattpost.chain.readings import pack
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.wallet import Order, Receipt, Wallet
from wattpost.energy import Books, Reading, Use

BATCH = 256  # words of readings a call takes
PER_WORD = 45_000  # gas limit
PER_CALL = 150_000

Transact = Callable[[Engine, Wallet, Sequence[Order]], list[Receipt]]


@dataclass(slots=True)
class Meter:
    """Counts gas block by block, from the chain alone, and posts it with its own key."""

    engine: Engine
    wallet: Wallet
    market: Market
    readings: dict[int, Reading] = field(default_factory=dict)  # by day, as drawn
    _books: Books = field(default_factory=Books)
    _next_block: int = 0
    _begun: bool = False
    _kinds: dict[str, int] = field(default_factory=dict)  # of registered agents
    _direct: dict[str, int] = field(default_factory=dict)  # of the day's submissions, with what the market saw
    _relayed: list[str] = field(default_factory=list)
    _order: list[str] = field(default_factory=list)  # of all of them
    _posted: set[int] = field(default_factory=set)  # slots of readings

    def post(self, day: int, transact: Transact) -> None:
        """Post a settled day, whatever of it is not yet posted; a day without submissions needs nothing."""
        self.read()
        drawn = self.readings.get(day)
        if drawn is None:
            return
        words = [word for word in self._words(drawn) if word >> 216 not in self._posted]
        parts = [words[start : start + BATCH] for start in range(0, len(words), BATCH)] or [[]]
        orders = []
        for part in parts:
            data = call("meter", day, drawn.share, drawn.relayed, drawn.carried, part, part is parts[-1])
            orders.append(Order(self.market.address, data, PER_CALL + PER_WORD * len(part)))
        transact(self.engine, self.wallet, orders)
        self.read()

    def _words(self, drawn: Reading) -> list[int]:
        words: list[int] = []
        for kind in (STANDARD, PRODUCER):
            agents = [agent for agent in self._order if self._kinds[agent] == kind]
            words += pack(kind, [drawn.own.get(agent, 0) - self._direct.get(agent, 0) for agent in agents])
        return words

    def read(self) -> None:
        """Take in the blocks that are new."""
        last = self.market.rpc.block_number()
        for block in archive.blocks(self.market.rpc, self._next_block or self.market.first_block, last):
            self._count(block["block"]["transactions"], block["receipts"])
        self._next_block = last + 1

    def _count(self, transactions: list[dict[str, Any]], receipts: list[dict[str, Any]]) -> None:
        settled: int | None = None
        for transaction, receipt in zip(transactions, receipts, strict=True):
            for event in self.market.told(receipt["logs"]):
                self._follow(event)
                settled = event["day"] if event.name == "DaySettled" else settled
            to = (transaction["to"] or "").lower()
            if not self._begun or to not in (self.market.address, self.market.bytecoin):
                continue
            sender = transaction["from"].lower()
            self._books.count(
                sender, int(receipt["gasUsed"], 16), self._use(transaction, receipt), registered=sender in self._kinds
            )
        if settled is not None:
            self.readings[settled] = self._books.draw(self._direct, self._relayed)

    def _use(self, transaction: dict[str, Any], receipt: dict[str, Any]) -> Use:
        if transaction["to"].lower() != self.market.address or int(receipt["status"], 16) != 1:
            return Use.OWN
        name = name_of(bytes.fromhex(transaction["input"][2:10]))
        if name == "relay":  # plain or not: its agents chose who relays, and the market has seen its gas
            return Use.BATCH
        plain = not (transaction.get("accessList") or transaction.get("authorizationList"))
        return Use.DAY if name in MOVES_THE_DAY and plain else Use.OWN

    def _follow(self, event: Event) -> None:
        match event.name:
            case "StandardRegistered" | "ProducerRegistered":
                self._kinds[event["agent"]] = STANDARD if event.name == "StandardRegistered" else PRODUCER
            case "DayOpened":
                self._begun = True
                self._direct, self._relayed, self._order, self._posted = {}, [], [], set()
            case "Submitted":
                self._order.append(event["agent"])
                if event["relayed"]:
                    self._relayed.append(event["agent"])
                else:
                    self._direct[event["agent"]] = event["observed_gas"]
            case "Readings":
                self._posted |= {word >> 216 for word in event["readings"]}
            case "DayMetered" if event["day"] in self.readings:
                observed = event["relayed"] if event["silent"] else None
                self._books.charge(self.readings[event["day"]], self._direct, self._relayed, observed)
