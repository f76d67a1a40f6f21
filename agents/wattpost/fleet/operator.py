"""The operator: opens days, waits, and takes each on to its end. It holds no agent's key and decides nothing.

Every step is one that anyone may take; the operator is simply there to take it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattpost.chain.engine import Engine
from wattpost.chain.events import Event
from wattpost.chain.market import REGISTRATIONS, Market, Rules, call
from wattpost.chain.refusals import advice
from wattpost.chain.showing import PRODUCER, STANDARD, Piece, Shown, pieces
from wattpost.chain.wallet import Order, Receipt, Wallet
from wattpost.fleet.meter import Meter

PER_CALL = 400_000  # gas limit of a call that handles nobody
PER_SUBMISSION = 60_000  # and what each submission adds to it, by words
PER_LANE = 2_500
MAX_CALL = 2**24 - 1


class OperatorError(Exception):
    """A day cannot be taken on; the message is one sentence."""


def transact(engine: Engine, wallet: Wallet, orders: Sequence[Order], not_before: int = 0) -> list[Receipt]:
    """Send calls together and see them mined, in no block before a time.

    Raises OperatorError at the first that failed.
    """
    if not engine.is_test and not_before and engine.head()[1] < not_before:
        engine.mine(not_before)
    sent = wallet.send_all(orders)
    if engine.is_test:
        engine.mine(max(not_before, engine.head()[1] + 1))
        while engine.pending().ready:
            engine.mine()
    receipts = wallet.wait_all(sent, timeout=60.0 if engine.is_test else 600.0)
    for receipt in receipts:
        if not receipt.ok:
            reason = wallet.reason(receipt)
            raise OperatorError(f"A call was refused: {advice(reason) if reason else receipt.hash}")
    return receipts


@dataclass(slots=True)
class Operator:
    """Takes days on, with a key of its own; the meter has another."""

    engine: Engine
    wallet: Wallet
    market: Market
    meter: Meter | None  # None where somebody else meters
    kinds: dict[str, int] = field(default_factory=dict)  # registered agents

    def play(self, wait_for_agents: Callable[[int], None]) -> int:
        """One whole day; `wait_for_agents` returns once those who will bid on it have sent their bids."""
        rules = self.market.rules()
        self._order(call("open"))
        today = self.market.today()
        wait_for_agents(today.number)
        if self.engine.is_test:
            self._mine_submissions(today.opened + rules.window)
        self.finish(today.number, rules)
        return today.number

    def finish(self, day: int, rules: Rules) -> None:
        """Everything after the window: close, produce, settle, and metering."""
        shown = self.submissions(day)
        parts = pieces(day, rules.periods, shown)
        orders = [self._sized(call("close", day, part.kind, part.prior, part.words), part) for part in parts]
        producers = [number for number, part in enumerate(parts) if part.kind == PRODUCER]
        for number in producers:
            part = parts[number]
            orders.append(self._sized(call("produce", day, number, part.prior, part.words), part))
        if parts and not producers:
            orders.append(self._sized(call("produce", day, 0, bytes(32), []), None))
        for number, part in enumerate(parts):
            data = call("settle", day, part.kind, number, part.prior, part.words)
            orders.append(self._sized(data, part))
        if not parts:
            orders.append(self._sized(call("close", day, STANDARD, bytes(32), []), None))
        deadline = self.market.today().opened + rules.window
        transact(self.engine, self.wallet, orders, not_before=deadline)
        if self.meter:
            self.meter.post(day, transact)

    def submissions(self, day: int) -> list[Shown]:
        """What was submitted on a day, in the order of the chain, as anyone can read it."""
        self._learn_kinds()
        opened = next(event for event in reversed(self._events("DayOpened")) if event["day"] == day)
        last = self.market.rpc.block_number()
        found = self.market.events(opened.block, last, "Submitted")
        return [
            Shown(event["agent"], self.kinds[event["agent"]], tuple(event["bids"]), tuple(event["offers"]))
            for event in found
            if event["day"] == day
        ]

    def _learn_kinds(self) -> None:
        for event in self._events(*REGISTRATIONS):
            self.kinds[event["agent"]] = STANDARD if event.name == "StandardRegistered" else PRODUCER

    def _events(self, *names: str) -> list[Event]:
        return self.market.events(self.market.first_block, self.market.rpc.block_number(), *names)

    def _order(self, data: bytes) -> None:
        transact(self.engine, self.wallet, [self._sized(data, None)])

    def _sized(self, data: bytes, part: Piece | None) -> Order:
        count = len(part.submissions) if part else 0
        lanes = 4 * len(part.submissions[0].bids) if part else 0
        gas = min(PER_CALL + count * (PER_SUBMISSION + PER_LANE * lanes), MAX_CALL)
        return Order(self.market.address, data, gas)

    def _mine_submissions(self, deadline: int) -> None:
        """Put what waits into blocks inside the window; what does not fit the window is late, as anywhere."""
        while self.engine.pending().ready and self.engine.head()[1] + 1 < deadline:
            self.engine.mine()
