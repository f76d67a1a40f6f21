"""The market as a state machine: every call, every refusal, every balance, and nothing of how it is stored.

A call either changes the state as the rules say or raises `Refused` with the chain's reason and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wattpost.spec.account import Account, Dust, Kind, Phase, Piece, SignedBid, Skipped
from wattpost.spec.amounts import MAX_AMOUNT, MAX_PERIODS, UNIT
from wattpost.spec.day import Amounts, Outcome, Plant, Run, Submission, Totals, deliver, outcome, run_plant, totals
from wattpost.spec.energy import Books, EnergyLedger, Reading
from wattpost.spec.refusal import Refused, require
from wattpost.spec.registry import Registry

MAX_HELD = MAX_AMOUNT * UNIT
MAX_PIECE = 48

__all__ = ["Account", "Dust", "Kind", "Market", "Phase", "Refused", "require"]


@dataclass(slots=True)
class Market:
    """One market with its registry; arguments as of their constructors."""

    periods: int
    window: int
    patience: int
    kappa: int
    efficiency: int
    first_gas: int
    registrar: str
    meter_key: str
    dust_account: str
    address: str = "market"

    registry: Registry = field(init=False)
    ledger: EnergyLedger = field(init=False)
    accounts: dict[str, Account] = field(default_factory=dict)
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

    def __post_init__(self) -> None:
        require(0 < self.periods <= MAX_PERIODS, "market: 1 to 48 periods")
        require(self.registrar != "", "registry: no registrar")
        require(self.dust_account != "", "market: no dust account")
        require(0 < self.window < 2**32, "calendar: window out of range")
        require(0 < self.patience < 2**32, "calendar: patience out of range")
        self.registry = Registry(self.periods, self.registrar)
        self.ledger = EnergyLedger(self.kappa, self.efficiency, self.first_gas, self.meter_key)
        self.totals = Totals((0,) * self.posts, (0,) * self.posts)
        self.delivered = (0,) * self.posts

    @property
    def posts(self) -> int:
        return self.periods + 1

    def account(self, owner: str) -> Account:
        return self.accounts.get(owner, Account())

    def balance_of(self, agent: str) -> int:
        """kWh stored or, below zero, owed, all finished days charged."""
        account = self.account(agent)
        unfinished = account.day == self.day and self.phase != Phase.DONE
        return account.balance if unfinished else self.ledger.charged(account)

    # ---- accounts

    def deposit(self, owner: str, money: int) -> None:
        _check_units(money)
        require(self.owed + money <= MAX_HELD, "vault: market is full")
        self.owed += money
        self._pay(owner, money)

    def withdraw(self, owner: str, money: int) -> None:
        _check_units(money)
        require(self.account(owner).money >= money, "vault: more than is prepaid")
        self.owed -= money
        self._pay(owner, -money)

    def _pay(self, owner: str, money: int) -> None:
        account = self.account(owner)
        self.accounts[owner] = replace(account, money=account.money + money)

    # ---- register

    def set_profile(self, caller: str, profile: int, parts: Sequence[int]) -> None:
        self.registry.check_registrar(caller)
        self._between_days()
        self.registry.set_profile(profile, parts)

    def register_standard(self, caller: str, agent: str, endowment: int, store: int = 0) -> None:
        self.registry.check_registrar(caller)
        self._between_days()
        self.registry.check_standard(endowment, store)
        self._admit(agent, Kind.STANDARD, store)
        self.registry.endowments[agent] = endowment

    def register_producer(self, caller: str, agent: str, plant: Plant, store: int = 0) -> None:
        self.registry.check_registrar(caller)
        self._between_days()
        self.registry.check_producer(plant, store)
        self._admit(agent, Kind.PRODUCER, store)
        self.registry.plants[agent] = plant

    def _between_days(self) -> None:
        require(self.phase == Phase.DONE, "calendar: a day is under way")

    def _admit(self, agent: str, kind: Kind, store: int) -> None:
        require(agent not in ("", self.address, self.dust_account), "registry: not an agent's address")
        require(self.account(agent).kind == Kind.PLAIN, "registry: registered already")
        require(store == 0 or self.efficiency > 0, "registry: no stores here")
        self.accounts[agent] = replace(self.account(agent), kind=kind, balance=store)

    # ---- the window

    def open(self, now: int) -> None:
        self._between_days()
        self.day += 1
        self.phase, self.left = Phase.OPEN, 0
        self.opened, self.settled, self.submissions, self.pieces = now, 0, 0, []
        self.waiting = {Kind.STANDARD: [], Kind.PRODUCER: []}
        self.ledger.batch_gas = self.ledger.batch_count = 0

    def submit(
        self,
        agent: str,
        day: int,
        bids: Sequence[int],
        offers: Sequence[int],
        now: int,
        *,
        to_store: int = 0,
        observed_gas: int = 0,
    ) -> None:
        """Bids on all posts; offers on all posts, post 0 zero, of producers, and none of standard agents.

        `observed_gas` is the one figure of a submission that only the chain knows.
        """
        require(to_store <= MAX_AMOUNT, "posts: too much to store")
        self._in_window(day, now)
        kind = Kind.PRODUCER if offers else Kind.STANDARD
        reason = self._judge(agent, kind, tuple(bids), tuple(offers), to_store)
        require(reason == "", reason)
        self._enter(kind, Submission(agent, tuple(bids), tuple(offers), to_store, observed_gas))

    def relay(self, day: int, batch: Sequence[SignedBid], now: int, observed_gas: int = 0) -> list[Skipped]:
        """Submit what can be accepted of a batch, and say why the rest cannot; refused if nothing can.

        `observed_gas` is what the chain saw the whole batch use.
        """
        self._in_window(day, now)
        skipped: list[Skipped] = []
        accepted: list[SignedBid] = []
        before = dict(self.accounts), {kind: list(links) for kind, links in self.waiting.items()}
        for place, bid in enumerate(sorted(batch, key=lambda bid: bid.kind)):
            reason = "bids: expired"
            if now <= bid.deadline:
                reason = self._judge(bid.agent, bid.kind, bid.bids, bid.offers, bid.to_store)
            if reason:
                skipped.append(Skipped(bid.agent, place, reason))
            else:
                self._enter(bid.kind, Submission(bid.agent, bid.bids, bid.offers, bid.to_store))
                accepted.append(bid)
        if not accepted:
            self.accounts, self.waiting = before
            raise Refused("bids: none can be accepted")
        self.ledger.batch_gas += observed_gas
        self.ledger.batch_count += len(accepted)
        return skipped

    def _in_window(self, day: int, now: int) -> None:
        self._in_phase(day, Phase.OPEN)
        require(now < self.opened + self.window, "calendar: window is over")

    def _judge(self, agent: str, kind: Kind, bids: Amounts, offers: Amounts, to_store: int) -> str:
        """Why a submission is refused; nothing if it is not."""
        account = self.account(agent)
        if account.kind != kind:
            return "posts: not of that kind"
        if account.submitted:
            return "posts: already submitted"
        if offers and not self.registry.within_capacity(agent, offers):
            return "posts: offer above capacity"
        if not any(bids) and not any(offers):
            return "posts: nothing bid or offered"
        if account.money < sum(bids) * UNIT:
            return "posts: bids above money held"
        if self.efficiency == 0 and to_store > 0:
            return "energy: no stores here"
        if self.efficiency > 0 and not self.ledger.covers(account):
            return "energy: store below last cost"
        return ""

    def _enter(self, kind: Kind, submission: Submission) -> None:
        account = self.account(submission.agent)
        money = account.money - sum(submission.bids) * UNIT
        self.accounts[submission.agent] = replace(account, money=money, submitted=True)
        offers = submission.offers or (0,) * self.posts
        self.waiting[kind].append(replace(submission, offers=offers))

    # ---- after the window, all at once

    def clear(self, day: int, now: int) -> None:
        """Close, produce and settle in one call, unless the close was begun in pieces."""
        self._after_window(day, now)
        require(any(self.waiting.values()) and not self.pieces, "posts: nothing shown")
        shown = {kind: tuple(links) for kind, links in self.waiting.items()}
        self.submissions = sum(map(len, shown.values()))
        self._add_up([each for links in shown.values() for each in links])
        self._before_plants()
        self._run_plants(shown[Kind.PRODUCER])
        for kind, links in shown.items():
            self._settle(kind, 0, links)
        self._finish(now)

    # ---- after the window, in pieces

    def close(self, day: int, kind: Kind, count: int, now: int) -> None:
        """Show the newest `count` submissions of a kind that were not yet shown."""
        self._after_window(day, now)
        if count:
            require(count <= MAX_PIECE, "posts: piece too large")
            left = len(self.waiting[kind])
            require(count >= min(16, left), "calendar: batch too small")
            require(count <= left, "calendar: batch too large")
            shown = tuple(self.waiting[kind][-count:])
            del self.waiting[kind][-count:]
            self.pieces.append(Piece(kind, left - count, shown))
            self.submissions += count
            self.left += count * (kind == Kind.PRODUCER)
        else:
            require(self.submissions + sum(map(len, self.waiting.values())) == 0, "posts: nothing shown")

        self._add_up([each for piece in self.pieces for each in piece.submissions])
        if not any(self.waiting.values()):
            self.phase = Phase.CLOSED if self.submissions else Phase.DONE
            self._before_plants()

    def produce(self, day: int, piece: int) -> None:
        """Run the plants of a piece; on a day without producers any number stands for none."""
        self._in_phase(day, Phase.CLOSED)
        if self.left:
            chosen = self._piece(piece)
            require(chosen.kind == Kind.PRODUCER and not chosen.produced, "posts: not that piece")
            chosen.produced = True
            self._run_plants(chosen.submissions)
            self.left -= len(chosen.submissions)
        if self.left == 0:
            self.phase, self.left = Phase.PRODUCED, self.submissions

    def settle(self, day: int, piece: int, now: int) -> None:
        self._in_phase(day, Phase.PRODUCED)
        chosen = self._piece(piece)
        require(not chosen.settled, "posts: not that piece")
        chosen.settled = True
        self._settle(chosen.kind, chosen.first, chosen.submissions)
        self.left -= len(chosen.submissions)
        if self.left == 0:
            self._finish(now)

    def _in_phase(self, day: int, phase: Phase) -> None:
        require(day == self.day, "calendar: not that day")
        require(self.phase == phase, "calendar: not that step's turn")

    def _after_window(self, day: int, now: int) -> None:
        self._in_phase(day, Phase.OPEN)
        require(now >= self.opened + self.window, "calendar: window is open")

    def _piece(self, number: int) -> Piece:
        require(number < len(self.pieces), "posts: not that piece")
        return self.pieces[number]

    # ---- what each step does

    def _add_up(self, shown: Sequence[Submission]) -> None:
        self.totals = totals(self.posts, shown, self.registry.endowments)

    def _before_plants(self) -> None:
        self.runs, self.outcomes = {}, {}
        self.delivered = (self.totals.offers[0],) + (0,) * self.periods

    def _run_plants(self, submissions: Sequence[Submission]) -> None:
        for submission in submissions:
            run = run_plant(self.registry.plants[submission.agent], submission, self.totals)
            self.runs[submission.agent] = run
            made = deliver(submission, self.totals, run.fraction)
            self.delivered = tuple(a + b for a, b in zip(self.delivered, made, strict=True))

    def _settle(self, kind: Kind, first: int, submissions: Sequence[Submission]) -> None:
        """Pay everyone out, and charge everyone for the day it took part in before."""
        for place, submission in enumerate(submissions, first):
            agent = submission.agent
            if kind == Kind.STANDARD:
                sold: Amounts = (self.registry.endowments[agent],) + (0,) * self.periods
            else:
                sold = deliver(submission, self.totals, self.runs[agent].fraction)
            result = outcome(submission.bids, sold, self.totals.bids, self.delivered)
            self.outcomes[agent] = result
            account = self.ledger.credited(self.account(agent), result.energy, submission.to_store)
            self.accounts[agent] = replace(
                account,
                money=account.money + (result.revenue + result.refund) * UNIT,
                day=self.day,
                observed_gas=submission.observed_gas,
                place=place,
                submitted=False,
            )

    def _finish(self, now: int) -> None:
        results = self.outcomes.values()
        money = sum(self.totals.bids) - sum(each.revenue + each.refund for each in results)
        energy = sum(self.delivered[1:]) - sum(each.energy for each in results)
        good = self.delivered[0] - sum(each.good for each in results)
        self._pay(self.dust_account, money * UNIT)
        self.dust = Dust(self.dust.money + money, self.dust.energy + energy, self.dust.good + good)
        self.phase, self.left, self.settled = Phase.SETTLED, 0, now

    # ---- metering

    def meter(
        self, caller: str, day: int, share: int, relayed: int, readings: Sequence[Reading], *, last: bool = True
    ) -> None:
        """Post shares, and gas beyond what the market saw; with the last post the day is done."""
        require(caller == self.ledger.meter_key, "energy: meter only")
        self._in_phase(day, Phase.SETTLED)
        self.ledger.meter(day, share, relayed, readings)
        if last:
            self._end(Books(share, relayed))

    def end_unmetered(self, day: int, now: int) -> None:
        """End a day whose meter is silent: all are charged what the market saw, and no more."""
        self._in_phase(day, Phase.SETTLED)
        require(now >= self.settled + self.patience, "energy: the meter has time left")
        self._end(Books(0, self.ledger.observed_share, silent=True))

    def _end(self, books: Books) -> None:
        self.ledger.end(self.day, books)
        self.phase = Phase.DONE


def _check_units(money: int) -> None:
    require(money > 0, "vault: nothing to move")
    require(money % UNIT == 0, "vault: not in whole 10^-9")
