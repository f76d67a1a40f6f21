"""The operator: opens days, waits, and takes each on to its end. It holds no agent's key and decides nothing.

Every step is one that anyone may take. The operator looks at what the chain waits for and does that, so it makes no
difference who took the last step, how they cut the pieces, or whether an operator before it died half-way.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattpost.chain.engine import Engine
from wattpost.chain.events import Event
from wattpost.chain.market import REGISTRATIONS, Market, Today, call
from wattpost.chain.refusals import advice
from wattpost.chain.showing import PRODUCER, STANDARD, Chain, Piece, Shown
from wattpost.chain.wallet import Order, Receipt, Wallet
from wattpost.fleet.meter import Meter
from wattpost.spec.amounts import words_for
from wattpost.spec.market import Phase

# Gas limits, which are generous: what a call does not use is not charged.
PER_CALL = 600_000
PER_SUBMISSION = 90_000
PER_LANE = 5_000  # of each submission
PER_POWER = 12_000  # of each plant and period: c may be any number
MAX_CALL = 2**24 - 1
BATCH = 256  # agents whose day one call ends
POLL = 1.0  # seconds, where somebody else mines


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
    for order, receipt in zip(orders, receipts, strict=True):
        if not receipt.ok:
            raise OperatorError(_why(wallet, order, receipt))
    return receipts


def _why(wallet: Wallet, order: Order, receipt: Receipt) -> str:
    if order.gas is not None and receipt.gas_used >= order.gas:
        return f"A call ran out of its {order.gas:,} gas; the market needs blocks and transactions that hold more."
    reason = wallet.reason(receipt)
    return f"A call was refused: {advice(reason) if reason else receipt.hash}"


@dataclass(slots=True)
class Operator:
    """Takes days on, with a key of its own; the meter has another."""

    engine: Engine
    wallet: Wallet
    market: Market
    meter: Meter | None  # None where somebody else meters
    kinds: dict[str, int] = field(default_factory=dict)  # registered agents

    def play(self, wait_for_agents: Callable[[int], None]) -> int:
        """One whole day, from wherever it stands; returns its number.

        wait_for_agents : told the day, returns once those who will bid on it have sent their bids
        """
        if self.market.today().phase == Phase.DONE:
            self._attempt([Order(self.market.address, call("open"), PER_CALL)])
        today = self.market.today()
        deadline = today.opened + self.market.rules().window
        if today.phase == Phase.OPEN and self.engine.head()[1] < deadline:
            wait_for_agents(today.number)
            if self.engine.is_test:
                self._mine_submissions(deadline)
        self.finish(today.number)
        return today.number

    def finish(self, day: int) -> None:
        """Everything after the window: close, produce, settle, and metering."""
        self.settle(day)
        self.end(day)

    def settle(self, day: int) -> None:
        """Close, produce and settle whatever of a day is not yet closed, produced and settled."""
        rules = self.market.rules()
        while (today := self.market.today()).number == day and today.phase in (
            Phase.OPEN,
            Phase.CLOSED,
            Phase.PRODUCED,
        ):
            deadline = today.opened + rules.window if today.phase == Phase.OPEN else 0
            self._attempt(self._steps(today, rules.periods), deadline)

    def end(self, day: int) -> None:
        """Meter a settled day; where nobody does, wait out the meter's patience and end it."""
        rules = self.market.rules()
        while (today := self.market.today()).number == day and today.phase == Phase.SETTLED:
            if self.meter:
                self.meter.post(day, transact)
            elif self.engine.is_test or self.engine.head()[1] >= today.settled + rules.patience:
                self._attempt(self._endings(today), today.settled + rules.patience)
            else:
                time.sleep(POLL)

    def submissions(self, day: int) -> list[Shown]:
        """What was submitted on a day, in the order of the chain, as anyone can read it."""
        return self._shown(self._of_day(day)["Submitted"])

    def _shown(self, submitted: Sequence[Event]) -> list[Shown]:
        if any(event["agent"] not in self.kinds for event in submitted):
            for event in self._events(*REGISTRATIONS):
                self.kinds[event["agent"]] = STANDARD if event.name == "StandardRegistered" else PRODUCER
        return [
            Shown(event["agent"], self.kinds[event["agent"]], tuple(event["bids"]), tuple(event["offers"]))
            for event in submitted
        ]

    def _steps(self, today: Today, periods: int) -> list[Order]:
        """All calls that bring a day from where it stands to its last settlement."""
        day, words = today.number, words_for(periods)
        told = self._of_day(day)
        shown = self._shown(told["Submitted"])
        chains = {kind: Chain.of(day, kind, shown) for kind in (STANDARD, PRODUCER)}
        if not shown:
            return [self._sized(call("close", day, STANDARD, bytes(32), []), None)]
        closed = [chains[each["kind"]].between(each["prior"], each["end"]) for each in told["PieceClosed"]]
        fresh: list[Piece] = []
        if today.phase == Phase.OPEN:
            for chain, head in zip(chains.values(), self.market.heads(), strict=True):
                fresh += chain.before(head, words)
        parts = [*closed, *fresh]
        run = {event["agent"] for event in told["PlantRun"]}
        settled = {event["agent"] for event in told["Settled"]}

        orders = [self._sized(call("close", day, each.kind, each.prior, each.words), each) for each in fresh]
        for number, part in enumerate(parts):
            if part.kind == PRODUCER and part.submissions[0].agent not in run:
                data = call("produce", day, number, part.prior, part.words)
                orders.append(self._sized(data, part, PER_POWER * periods))
        if not any(part.kind == PRODUCER for part in parts) and today.phase != Phase.PRODUCED:
            orders.append(self._sized(call("produce", day, 0, bytes(32), []), None))
        for number, part in enumerate(parts):
            if part.submissions[0].agent not in settled:
                data = call("settle", day, part.kind, number, part.prior, part.words)
                orders.append(self._sized(data, part))
        return orders

    def _endings(self, today: Today) -> list[Order]:
        told = self._of_day(today.number)
        metered = {event["agent"] for event in told["Metered"]}
        left = [event["agent"] for event in told["Submitted"] if event["agent"] not in metered]
        return [
            Order(self.market.address, call("end_unmetered", today.number, part), PER_CALL + PER_SUBMISSION * len(part))
            for part in (left[first : first + BATCH] for first in range(0, len(left), BATCH))
        ]

    def _attempt(self, orders: Sequence[Order], not_before: int = 0) -> None:
        """Send calls; one that fails because somebody else was faster is no failure."""
        before = self.market.today()
        try:
            transact(self.engine, self.wallet, orders, not_before)
        except OperatorError:
            if self.market.today() == before:
                raise

    def _of_day(self, day: int) -> defaultdict[str, list[Event]]:
        """Everything the market said of a day, by name."""
        opened = next(event for event in reversed(self._events("DayOpened")) if event["day"] == day)
        told: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.market.events(opened.block, self.market.rpc.block_number()):
            if event.values.get("day") == day:
                told[event.name].append(event)
        return told

    def _events(self, *names: str) -> list[Event]:
        return self.market.events(self.market.first_block, self.market.rpc.block_number(), *names)

    def _sized(self, data: bytes, part: Piece | None, more: int = 0) -> Order:
        """A call with a gas limit for the submissions it handles; `more` is what each takes beyond its lanes."""
        count = len(part.submissions) if part else 0
        lanes = 4 * len(part.submissions[0].bids) if part else 0
        gas = min(PER_CALL + count * (PER_SUBMISSION + PER_LANE * lanes + more), MAX_CALL)
        return Order(self.market.address, data, gas)

    def _mine_submissions(self, deadline: int) -> None:
        """Put what waits into blocks inside the window; what does not fit the window is late, as anywhere."""
        while self.engine.pending().ready and self.engine.head()[1] + 1 < deadline:
            self.engine.mine()
