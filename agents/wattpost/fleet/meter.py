"""The meter: reads receipts, keeps the books, and posts each day's gas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattpost.chain import archive
from wattpost.chain.engine import Engine
from wattpost.chain.events import Event
from wattpost.chain.market import MOVES_THE_DAY, Market, call, name_of, read_events, reading
from wattpost.chain.wallet import Order, Receipt, Wallet
from wattpost.energy import Books, Reading

BATCH = 256  # readings a call takes
PER_READING = 45_000  # gas limit; a first arrears costs 32,000
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
    _registered: set[str] = field(default_factory=set)
    _observed: dict[str, int] = field(default_factory=dict)  # of the day's submissions, in order
    _metered: list[str] = field(default_factory=list)
    _silent: dict[str, int] = field(default_factory=dict)

    def post(self, day: int, transact: Transact) -> None:
        """Charge a settled day, whatever of it is not yet charged; a day without submissions needs nothing."""
        self.read()
        drawn = self.readings.get(day)
        if drawn is None:
            return
        done = {*self._metered, *self._silent}
        words = [reading(agent, gas) for agent, gas in drawn.own.items() if agent not in done]
        orders = []
        for start in range(0, len(words), BATCH):
            part = words[start : start + BATCH]
            data = call("meter", day, drawn.share, drawn.carried, part)
            orders.append(Order(self.market.address, data, PER_CALL + PER_READING * len(part)))
        if orders:
            transact(self.engine, self.wallet, orders)
        self.read()

    def read(self) -> None:
        """Take in the blocks that are new."""
        last = self.market.rpc.block_number()
        for block in archive.blocks(self.market.rpc, self._next_block or self.market.first_block, last):
            self._count(block["block"]["transactions"], block["receipts"])
        self._next_block = last + 1

    def _count(self, transactions: list[dict[str, Any]], receipts: list[dict[str, Any]]) -> None:
        settled: int | None = None
        for transaction, receipt in zip(transactions, receipts, strict=True):
            happened = read_events([log for log in receipt["logs"] if log["address"].lower() == self.market.address])
            for event in happened:
                self._follow(event)
                settled = event["day"] if event.name == "DaySettled" else settled
            to = (transaction["to"] or "").lower()
            if not self._begun or to not in (self.market.address, self.market.bytecoin):
                continue
            name = name_of(bytes.fromhex(transaction["input"][2:10])) if to == self.market.address else None
            plain = not (transaction.get("accessList") or transaction.get("authorizationList"))
            self._books.count(
                transaction["from"].lower(),
                int(receipt["gasUsed"], 16),
                moved_the_day=name in MOVES_THE_DAY and int(receipt["status"], 16) == 1 and plain,
                registered=transaction["from"].lower() in self._registered,
            )
        if settled is not None:
            self.readings[settled] = self._books.draw(self._observed)

    def _follow(self, event: Event) -> None:
        match event.name:
            case "StandardRegistered" | "ProducerRegistered":
                self._registered.add(event["agent"])
            case "DayOpened":
                self._begun, self._observed = True, {}
                self._metered, self._silent = [], {}
            case "Submitted":
                self._observed[event["agent"]] = event["observed_gas"]
            case "Metered":
                drawn, agent = self.readings.get(event["day"]), event["agent"]
                if drawn and event["gas_used"] == drawn.own[agent] + drawn.share:
                    self._metered.append(agent)
                else:
                    self._silent[agent] = event["gas_used"]
            case "DayMetered" if event["day"] in self.readings:
                self._books.charge(self.readings[event["day"]], self._metered, self._silent)
