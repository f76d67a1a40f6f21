"""The operator: opens days, waits, and takes each on to its end. It holds no agent's key and decides nothing.

Every step is one that anyone may take. The operator looks at what the chain waits for and does that, so it makes no
difference who took the last step, how they cut the pieces, or whether an operator before it died half-way.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wattpost.chain.engine import Engine
from wattpost.chain.events import Event
from wattpost.chain.market import REGISTRATIONS, Market, Rules, Today, call
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.refusals import advice
from wattpost.chain.showing import Chain, Piece, Shown, show
from wattpost.chain.transaction import Signed, calldata_gas
from wattpost.chain.wallet import Order, Receipt, Wallet
from wattpost.fleet.meter import Meter
from wattpost.spec.market import Phase

# Gas limits, which are generous: what a call does not use is not charged.
PER_CALL = 600_000
PER_SUBMISSION = 90_000
PER_WORD = 20_000  # of each submission
PER_POWER = 12_000  # of each plant and period: c may be any number
MAX_CALL = 2**24 - 1

# Of clearing a day in one call: close to what it takes, because they decide whether it fits; it may use all there is.
CLEARING = 300_000
CLEARED = {STANDARD: 9_000, PRODUCER: 24_500}  # a submission, by kind
CLEARED_WORD = {STANDARD: 100, PRODUCER: 1_350}
CLEARED_STORE = 6_000
CLEARED_POWER = 4_500  # a plant's period
PLAIN_RETURNS = {10**18, 10**18 // 2}  # c that need no powers
POLL = 1.0  # seconds, where somebody else mines
SHORT, LONG, MINING = 0.001, 0.25, 60.0  # seconds, where we do


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
        _mine_all(engine, wallet, sent)
    receipts = wallet.wait_all(sent, timeout=60.0 if engine.is_test else 600.0)
    for order, receipt in zip(orders, receipts, strict=True):
        if not receipt.ok:
            raise OperatorError(_why(wallet, order, receipt))
    return receipts


def _mine_all(engine: Engine, wallet: Wallet, sent: Sequence[Signed]) -> None:
    """Mine until all is in blocks; what anvil's pool forgets after full blocks is sent again."""
    left, pause = len(sent), SHORT
    until = time.monotonic() + MINING
    while (unmined := wallet.unmined(sent)) and time.monotonic() < until:
        if len(unmined) == left:
            pause = _slept(pause)
            wallet.revive(unmined)
        left = len(unmined)
        engine.mine()


def _slept(pause: float) -> float:
    """Sleep; how long to sleep next time."""
    time.sleep(pause)
    return min(2 * pause, LONG)


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
    _returns: dict[str, int] = field(default_factory=dict)  # c of plants

    def play(self, gather: Callable[[int, int], None]) -> int:
        """One whole day, from wherever it stands; returns its number.

        gather : told the day and the end of its window, returns once all bids that will come are in blocks
        """
        self.open()
        today = self.market.today()
        deadline = today.opened + self.market.rules().window
        if today.phase == Phase.OPEN and self.engine.head()[1] < deadline:
            gather(today.number, deadline)
        self.finish(today.number)
        return today.number

    def open(self) -> int:
        """Open the next day, if the last one is done; the number of the day under way."""
        if self.market.today().phase == Phase.DONE:
            self._attempt([Order(self.market.address, call("open"), PER_CALL)])
        return self.market.today().number

    def finish(self, day: int) -> None:
        """Everything after the window: close, produce, settle, and metering."""
        self.settle(day)
        self.end(day)

    def settle(self, day: int) -> None:
        """Close, produce and settle whatever of a day is not yet closed, produced and settled."""
        rules, at_once = self.market.rules(), True
        while (today := self.market.today()).number == day and today.phase in (
            Phase.OPEN,
            Phase.CLOSED,
            Phase.PRODUCED,
        ):
            deadline = today.opened + rules.window if today.phase == Phase.OPEN else 0
            try:
                self._attempt(self._steps(today, rules, at_once), deadline)
            except OperatorError:  # accounts that come to owe cost more, and many may
                if not at_once:
                    raise
                at_once = False

    def end(self, day: int) -> None:
        """Meter a settled day; where nobody does, wait out the meter's patience and end it."""
        rules = self.market.rules()
        while (today := self.market.today()).number == day and today.phase == Phase.SETTLED:
            if self.meter:
                self.meter.post(day, transact)
            elif self.engine.is_test or self.engine.head()[1] >= today.settled + rules.patience:
                ending = Order(self.market.address, call("end_unmetered", today.number), PER_CALL)
                self._attempt([ending], today.settled + rules.patience)
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
            Shown(
                event["agent"],
                self.kinds[event["agent"]],
                tuple(event["words"]),
                event["to_store"],
                event["observed_gas"],
            )
            for event in submitted
        ]

    def _steps(self, today: Today, rules: Rules, at_once: bool) -> list[Order]:
        """Calls that bring a day from where it stands to its last settlement: one, where one transaction holds it."""
        told = self._of_day(today.number)
        shown = self._shown(told["Submitted"])
        if not shown:
            return [self._sized(show("close", today.number, STANDARD, bytes(32), 0, submissions=[]), 0)]
        if at_once and today.phase == Phase.OPEN and not today.begun:
            whole = self._clearing(today.number, rules, shown)
            if whole:
                return [whole]
        return self._piece_by_piece(today, rules.periods, told, shown)

    def _clearing(self, day: int, rules: Rules, shown: Sequence[Shown]) -> Order | None:
        kinds = [[each for each in shown if each.kind == kind] for kind in (STANDARD, PRODUCER)]
        data = show("clear", day, *map(len, kinds), submissions=[*kinds[0], *kinds[1]])
        gas = CLEARING + calldata_gas(data)
        gas += sum(CLEARED[each.kind] + CLEARED_WORD[each.kind] * len(each.words) for each in shown)
        gas += CLEARED_POWER * rules.periods * sum(self._takes_powers(each.agent) for each in kinds[1])
        gas += CLEARED_STORE * len(shown) if rules.efficiency else 0
        return Order(self.market.address, data, MAX_CALL) if gas <= MAX_CALL else None

    def _takes_powers(self, plant: str) -> bool:
        if plant not in self._returns:
            self._returns = {event["agent"]: event["c"] for event in self._events("ProducerRegistered")}
        return self._returns[plant] not in PLAIN_RETURNS

    def _piece_by_piece(
        self, today: Today, periods: int, told: Mapping[str, Sequence[Event]], shown: Sequence[Shown]
    ) -> list[Order]:
        day = today.number
        chains = {kind: Chain.of(day, kind, shown) for kind in (STANDARD, PRODUCER)}
        closed = [chains[each["kind"]].between(each["prior"], each["end"]) for each in told["PieceClosed"]]
        fresh: list[Piece] = []
        if today.phase == Phase.OPEN:
            for chain, head in zip(chains.values(), self.market.heads(), strict=True):
                fresh += chain.before(head)
        parts = [*closed, *fresh]
        run = {event["agent"] for event in told["PlantRun"]}
        settled = {event["agent"] for event in told["Settled"]}

        def step(name: str, *arguments: object, part: Piece, more: int = 0) -> Order:
            count = len(part.submissions)
            data = show(name, day, *arguments, part.prior, count, submissions=part.submissions)
            return self._sized(data, count, len(part.submissions[0].words), more)

        orders = [step("close", each.kind, part=each) for each in fresh]
        for number, part in enumerate(parts):
            if part.kind == PRODUCER and part.submissions[0].agent not in run:
                orders.append(step("produce", number, part=part, more=PER_POWER * periods))
        if not any(part.kind == PRODUCER for part in parts) and today.phase != Phase.PRODUCED:
            orders.append(self._sized(show("produce", day, 0, bytes(32), 0, submissions=[]), 0))
        for number, part in enumerate(parts):
            if part.submissions[0].agent not in settled:
                orders.append(step("settle", part.kind, number, part=part))
        return orders

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

    def _sized(self, data: bytes, count: int, words: int = 0, more: int = 0) -> Order:
        """A call with a gas limit for the submissions it handles; `more` is what each takes beyond its words."""
        gas = min(PER_CALL + count * (PER_SUBMISSION + PER_WORD * words + more), MAX_CALL)
        return Order(self.market.address, data, gas)

    def mine_submissions(self, deadline: int) -> None:
        """Put what waits into blocks inside the window; what does not fit the window is late, as anywhere."""
        left, pause = 0, SHORT
        while (waiting := self.engine.pending().ready) and self.engine.head()[1] + 1 < deadline:
            pause = _slept(pause) if waiting == left else SHORT
            left = waiting
            self.engine.mine()
