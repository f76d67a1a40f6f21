"""The market as a state machine: every call, every refusal, every balance, and nothing of how it is stored.

A call either changes the state as the rules say or raises `Refused` with the chain's reason and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from wattpost.spec.amounts import FULL, MAX_AMOUNT, MAX_PERIODS, UNIT
from wattpost.spec.day import Amounts, Outcome, Plant, Run, Submission, Totals, deliver, outcome, run_plant, totals
from wattpost.spec.technology import MAX_C, MAX_THETA, inputs_for

MAX_HELD = MAX_AMOUNT * UNIT
MAX_ENDOWMENT = MAX_CAPACITY = 10**18
MAX_KAPPA = 10**18
PROFILES = 8
MAX_PIECE = 128


class Refused(Exception):
    """A call that breaks a rule; its text is the chain's reason."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise Refused(reason)


class Phase(IntEnum):
    """What the day waits for."""

    DONE = 0
    OPEN = 1
    CLOSED = 2
    PRODUCED = 3
    SETTLED = 4


class Kind(IntEnum):
    PLAIN = 0
    STANDARD = 1
    PRODUCER = 2


class State(IntEnum):
    """Where an account's last submission stands."""

    NONE = 0
    SUBMITTED = 1
    SETTLED = 2
    METERED = 3


@dataclass(frozen=True, slots=True)
class Account:
    """Money with 18 decimals; kWh bought and not yet metered in 10^-9; kWh owed with 18 decimals."""

    money: int = 0
    energy: int = 0
    arrears: int = 0
    day: int = 0
    observed_gas: int = 0
    kind: Kind = Kind.PLAIN
    state: State = State.NONE


@dataclass(frozen=True, slots=True)
class Dust:
    """What flooring left over on all settled days, in 10^-9."""

    money: int = 0
    energy: int = 0
    good: int = 0


@dataclass(slots=True)
class Piece:
    """Submissions that were shown together at the close."""

    kind: Kind
    submissions: tuple[Submission, ...]
    produced: bool = False
    settled: bool = False


@dataclass(slots=True)
class Market:
    """One market; arguments as of the contract's constructor."""

    periods: int
    window: int
    patience: int
    kappa: int
    registrar: str
    meter_key: str
    dust_account: str
    address: str = "market"

    accounts: dict[str, Account] = field(default_factory=dict)
    endowments: dict[str, int] = field(default_factory=dict)
    plants: dict[str, Plant] = field(default_factory=dict)
    profiles: list[tuple[int, ...]] = field(default_factory=lambda: [()] * PROFILES)
    next_registrar: str = ""
    owed: int = 0
    dust: Dust = Dust()

    day: int = 0
    phase: Phase = Phase.DONE
    opened: int = 0
    settled: int = 0
    waiting: dict[Kind, list[Submission]] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    submissions: int = 0
    left: int = 0
    totals: Totals = Totals((), ())
    runs: dict[str, Run] = field(default_factory=dict)
    delivered: Amounts = ()
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    share: int = 0
    carried: int = 0
    charged: int = 0
    silent: bool = False

    def __post_init__(self) -> None:
        require(0 < self.periods <= MAX_PERIODS, "market: 1 to 48 periods")
        require(0 < self.window < 2**32, "calendar: window out of range")
        require(0 < self.patience < 2**32, "calendar: patience out of range")
        require(self.kappa <= MAX_KAPPA, "energy: kappa out of range")
        self.totals = Totals((0,) * self.posts, (0,) * self.posts)
        self.delivered = (0,) * self.posts

    @property
    def posts(self) -> int:
        return self.periods + 1

    def account(self, owner: str) -> Account:
        return self.accounts.get(owner, Account())

    # ---- accounts

    def deposit(self, owner: str, money: int) -> None:
        require(money > 0, "vault: nothing to deposit")
        require(self.owed + money <= MAX_HELD, "vault: market is full")
        self.owed += money
        self._pay(owner, money)

    def withdraw(self, owner: str, money: int) -> None:
        require(money > 0, "vault: nothing to withdraw")
        require(self.account(owner).money >= money, "vault: more than is prepaid")
        self.owed -= money
        self._pay(owner, -money)

    def _pay(self, owner: str, money: int) -> None:
        account = self.account(owner)
        self.accounts[owner] = replace(account, money=account.money + money)

    # ---- register

    def offer_registrar(self, caller: str, successor: str) -> None:
        require(caller == self.registrar, "registry: registrar only")
        self.next_registrar = successor

    def accept_registrar(self, caller: str) -> None:
        require(caller == self.next_registrar, "registry: role not offered")
        self.registrar, self.next_registrar = caller, ""

    def set_profile(self, caller: str, profile: int, parts: Sequence[int]) -> None:
        """Parts in ten-thousandths, period 1 first; missing ones are zero."""
        require(caller == self.registrar, "registry: registrar only")
        self._between_days()
        require(profile < PROFILES, "registry: no such profile")
        for index, part in enumerate(parts):
            require(part <= FULL, "registry: profile above whole")
            require(part == 0 or index < self.periods, "registry: profile too long")
        self.profiles[profile] = tuple(parts)

    def register_standard(self, caller: str, agent: str, endowment: int) -> None:
        require(caller == self.registrar, "registry: registrar only")
        self._check_admission(agent)
        require(endowment > 0, "registry: no endowment")
        require(endowment <= MAX_ENDOWMENT, "registry: endowment too large")
        require(sum(self.endowments.values()) + endowment <= MAX_AMOUNT, "registry: endowments too large")
        self.endowments[agent] = endowment
        self.accounts[agent] = replace(self.account(agent), kind=Kind.STANDARD)

    def register_producer(self, caller: str, agent: str, plant: Plant) -> None:
        require(caller == self.registrar, "registry: registrar only")
        self._check_admission(agent)
        require(plant.capacity > 0, "registry: no capacity")
        require(plant.capacity <= MAX_CAPACITY, "registry: capacity too large")
        require(plant.profile < PROFILES, "registry: unknown profile")
        capacities = sum(other.capacity for other in self.plants.values())
        require(capacities + plant.capacity <= MAX_AMOUNT, "registry: capacities too large")
        require(0 < plant.theta <= MAX_THETA, "technology: theta out of range")
        require(0 < plant.c <= MAX_C, "technology: c out of range")
        inputs = inputs_for(plant.capacity * UNIT, plant.theta, plant.c)
        require(inputs <= MAX_AMOUNT * UNIT // self.periods, "registry: plant needs too much")
        self.plants[agent] = plant
        self.accounts[agent] = replace(self.account(agent), kind=Kind.PRODUCER)

    def _between_days(self) -> None:
        require(self.phase == Phase.DONE, "calendar: a day is under way")

    def _check_admission(self, agent: str) -> None:
        self._between_days()
        require(agent not in ("", self.address, self.dust_account), "registry: not an agent's address")
        require(self.account(agent).kind == Kind.PLAIN, "registry: registered already")

    # ---- the day

    def open(self, now: int) -> None:
        self._between_days()
        self.day += 1
        self._enter(Phase.OPEN, 0)
        self.opened, self.settled, self.submissions, self.pieces = now, 0, 0, []
        self.waiting = {Kind.STANDARD: [], Kind.PRODUCER: []}

    def submit(
        self, agent: str, day: int, bids: Sequence[int], offers: Sequence[int], now: int, observed_gas: int = 0
    ) -> None:
        """Bids on all posts; offers on all posts, post 0 zero, of producers, and none of standard agents.

        `observed_gas` is the one figure of a submission that only the chain knows.
        """
        require(day == self.day, "calendar: another day")
        require(self.phase == Phase.OPEN, "calendar: not open")
        require(now < self.opened + self.window, "calendar: window is over")
        account = self.account(agent)
        require(account.kind != Kind.PLAIN, "posts: not registered")
        require(account.day != day, "posts: already submitted")
        require(len(bids) == self.posts, "posts: wrong number of bids")
        if account.kind == Kind.STANDARD:
            require(len(offers) == 0, "posts: endowment is the offer")
        else:
            require(len(offers) == self.posts, "posts: wrong number of offers")
            self._check_capacity(agent, offers)
        require(any(bids) or any(offers), "posts: nothing bid or offered")
        money = sum(bids) * UNIT
        require(account.money >= money, "posts: bids above money held")

        submission = Submission(agent, tuple(bids), tuple(offers) or (0,) * self.posts)
        self.waiting[account.kind].append(submission)
        self.accounts[agent] = replace(
            account, money=account.money - money, day=day, state=State.SUBMITTED, observed_gas=observed_gas
        )

    def _check_capacity(self, agent: str, offers: Sequence[int]) -> None:
        require(offers[0] == 0, "registry: producers own no good")
        plant = self.plants[agent]
        parts = self.profiles[plant.profile] + (0,) * self.periods
        for offer, part in zip(offers[1:], parts, strict=False):
            require(offer * FULL <= plant.capacity * part, "registry: offer above capacity")

    def close(self, day: int, kind: Kind, count: int, now: int) -> None:
        """Show the newest `count` submissions of a kind that were not yet shown."""
        self._in_phase(day, Phase.OPEN)
        require(now >= self.opened + self.window, "calendar: window is open")
        if count:
            require(kind in self.waiting, "posts: no such kind")
            require(count <= MAX_PIECE, "posts: piece too large")
            _check_batch(count, len(self.waiting[kind]))
            shown = self.waiting[kind][-count:]
            del self.waiting[kind][-count:]
            self.pieces.append(Piece(kind, tuple(shown)))
            self.submissions += count
            self.left += count * (kind == Kind.PRODUCER)
        else:
            require(self.submissions + sum(map(len, self.waiting.values())) == 0, "posts: nothing shown")

        shown_all = [submission for piece in self.pieces for submission in piece.submissions]
        self.totals = totals(self.posts, shown_all, self.endowments)
        if not any(self.waiting.values()):
            self._enter(Phase.CLOSED if self.submissions else Phase.DONE, self.left)
            self.runs = {}
            self.delivered = (self.totals.offers[0],) + (0,) * self.periods

    def produce(self, day: int, piece: int) -> None:
        """Run the plants of a piece; on a day without producers any number stands for none."""
        self._in_phase(day, Phase.CLOSED)
        if self.left:
            chosen = self._piece(piece)
            require(chosen.kind == Kind.PRODUCER and not chosen.produced, "posts: not that piece")
            chosen.produced = True
            for submission in chosen.submissions:
                run = run_plant(self.plants[submission.agent], submission, self.totals)
                self.runs[submission.agent] = run
                made = deliver(submission, self.totals, run.fraction)
                self.delivered = tuple(a + b for a, b in zip(self.delivered, made, strict=True))
            self.left -= len(chosen.submissions)
        if self.left == 0:
            self._enter(Phase.PRODUCED, self.submissions)
            self.outcomes = {}

    def settle(self, day: int, piece: int, now: int) -> None:
        self._in_phase(day, Phase.PRODUCED)
        chosen = self._piece(piece)
        require(not chosen.settled, "posts: not that piece")
        chosen.settled = True
        for submission in chosen.submissions:
            agent = submission.agent
            if chosen.kind == Kind.STANDARD:
                sold: Amounts = (self.endowments[agent],) + (0,) * self.periods
            else:
                sold = deliver(submission, self.totals, self.runs[agent].fraction)
            result = outcome(submission.bids, sold, self.totals.bids, self.delivered)
            self.outcomes[agent] = result
            account = self.account(agent)
            money = account.money + (result.revenue + result.refund) * UNIT
            self.accounts[agent] = replace(account, money=money, energy=result.energy, state=State.SETTLED)
        self.left -= len(chosen.submissions)
        if self.left == 0:
            self._book_dust()
            self._enter(Phase.SETTLED, self.submissions)
            self.settled = now

    def _book_dust(self) -> None:
        results = self.outcomes.values()
        money = sum(self.totals.bids) - sum(each.revenue + each.refund for each in results)
        energy = sum(self.delivered[1:]) - sum(each.energy for each in results)
        good = self.delivered[0] - sum(each.good for each in results)
        self._pay(self.dust_account, money * UNIT)
        self.dust = Dust(self.dust.money + money, self.dust.energy + energy, self.dust.good + good)

    def _in_phase(self, day: int, phase: Phase) -> None:
        require(day == self.day, "calendar: not that day")
        require(self.phase == phase, "calendar: not that step's turn")

    def _enter(self, phase: Phase, left: int) -> None:
        self.phase, self.left = phase, left

    def _piece(self, number: int) -> Piece:
        require(number < len(self.pieces), "posts: not that piece")
        return self.pieces[number]

    # ---- energy

    def meter(self, caller: str, day: int, share: int, carried: int, readings: Sequence[tuple[str, int]]) -> None:
        """Charge a batch for the gas on its receipts: each agent's own, and the share of what all caused."""
        require(caller == self.meter_key, "energy: meter only")
        require(share < 2**64 and carried < 2**64, "energy: shared gas out of range")
        self._in_phase(day, Phase.SETTLED)
        _check_batch(len(readings), self.left)
        if self.left < self.submissions:
            require(share == self.share, "energy: share differs")
            require(carried == self.carried, "energy: carried gas differs")
            charged = self.charged
        else:
            charged = 0
        self._check_unmetered([agent for agent, _ in readings], day)
        for agent, own in readings:
            require(own >= self.account(agent).observed_gas, "energy: below observed gas")
            charged += own + share
        require(charged < 2**96, "energy: gas out of range")

        fresh = self.left == self.submissions
        self.share, self.carried, self.charged = share, carried, charged
        self.silent = False if fresh else self.silent
        for agent, own in readings:
            self._charge(agent, own + share)
        self._end_batch(len(readings))

    def end_unmetered(self, day: int, agents: Sequence[str], now: int) -> None:
        """Charge a batch what the market saw it use, because the meter is silent."""
        self._in_phase(day, Phase.SETTLED)
        require(now >= self.settled + self.patience, "energy: the meter has time left")
        _check_batch(len(agents), self.left)
        self._check_unmetered(agents, day)

        if self.left == self.submissions:
            self.share = self.carried = self.charged = 0
        self.silent = True
        for agent in agents:
            gas = self.account(agent).observed_gas
            self.charged += gas
            self._charge(agent, gas)
        self._end_batch(len(agents))

    def _check_unmetered(self, agents: Sequence[str], day: int) -> None:
        seen: set[str] = set()
        for agent in agents:
            account = self.account(agent)
            require(account.day == day, "energy: did not take part")
            require(account.state == State.SETTLED and agent not in seen, "energy: metered already")
            seen.add(agent)

    def _charge(self, agent: str, gas: int) -> None:
        account = self.account(agent)
        owed = account.arrears + self.kappa * gas
        arrears = max(0, owed - account.energy * UNIT)
        self.accounts[agent] = replace(account, energy=0, arrears=arrears, state=State.METERED)

    def _end_batch(self, count: int) -> None:
        self.left -= count
        if self.left == 0:
            self._enter(Phase.DONE, 0)


def _check_batch(size: int, left: int) -> None:
    require(size >= min(16, left), "calendar: batch too small")
    require(size <= left, "calendar: batch too large")
