"""Everything a market remembers, rebuilt from its history, and how a rule says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from wattpost.audit.chains import Chain, Link, Piece


class Refused(Exception):
    """A call that a rule forbids."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule, self.reason = rule, reason


class Rehearsed(Exception):
    """A call that was only rehearsed has passed every rule."""


class Phase(IntEnum):
    """What a day waits for."""

    DONE = 0
    OPEN = 1
    CLOSED = 2
    PRODUCED = 3
    SETTLED = 4


PLAIN, STANDARD, PRODUCER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Rules:
    """What is fixed at deployment."""

    chain_id: int
    market: int
    token: int
    registry: int
    periods: int
    window: int
    patience: int
    kappa: int
    efficiency: int  # of stores, 18 decimals; zero where verification is paid from the purchase
    first_gas: int
    registrar: int
    meter: int
    dust_account: int

    @property
    def posts(self) -> int:
        return self.periods + 1

    @property
    def words(self) -> int:
        return (self.periods + 4) // 4

    def size(self, kind: int) -> int:
        """Words of a record of that kind: the owner's, and those of its bids and offers."""
        return 1 + kind * self.words


@dataclass(slots=True)
class Account:
    """What stands of its last settled submission, but for the money and what is stored or owed."""

    money: int = 0  # 18 decimals, not in escrow
    energy: int = 0  # 10^-9, bought and neither stored nor charged yet
    day: int = 0
    observed_gas: int = 0  # zero if it was relayed
    place: int = 0
    endowment: int = 0
    kind: int = PLAIN
    balance: int = 0  # kWh stored or, below zero, owed, 18 decimals
    submitted: bool = False  # today, and not yet settled
    due: int = 0  # gas that its last day is charged, once that is done
    lost: int = 0  # kWh of all days that went into its store and will not come out, 18 decimals
    consumed: int = 0  # kWh of all days charged, 18 decimals
    gas: int = 0  # of all days charged


@dataclass(frozen=True, slots=True)
class Plant:
    theta: int
    c: int
    capacity: int
    profile: int


@dataclass(slots=True)
class Pool:
    """Today's relayed batches: between what bounds lies the gas that the market saw of them."""

    least: int = 0
    most: int = 0
    count: int = 0


@dataclass(slots=True)
class State:
    """A market as its history makes it.

    While `forced`, calls that rules forbid are followed all the same; while `rehearsing`, none is.
    """

    rules: Rules
    forced: bool = False
    rehearsing: bool = False
    created: bool = False
    bound: bool = False  # the registry serves a market

    before_open: Callable[[], None] | None = None  # told before a day is forgotten for the next

    accounts: dict[int, Account] = field(default_factory=dict)
    agents: list[int] = field(default_factory=list)  # in the order of their admission
    plants: dict[int, Plant] = field(default_factory=dict)
    profiles: list[list[int]] = field(default_factory=lambda: [[0, 0, 0] for _ in range(8)])
    total_endowment: int = 0
    total_capacity: int = 0
    registrar: int = 0
    next_registrar: int = 0
    owed: int = 0
    escrow: int = 0  # 18 decimals

    day: int = 0
    phase: Phase = Phase.DONE
    begun: bool = False  # the phase has handled a piece
    opened: int = 0
    settled: int = 0
    chains: dict[int, Chain] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    submissions: int = 0  # shown
    left: int = 0
    bids: list[int] = field(default_factory=list)
    offers: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    fractions: dict[int, int] = field(default_factory=dict)  # of the day's plants
    outcomes: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)  # of the day's agents
    allocated: list[int] = field(default_factory=list)  # money, energy, good so far
    pool: Pool = field(default_factory=Pool)
    readings: dict[int, int] = field(default_factory=dict)  # of the day, lanes by slot
    books: int = 0  # of the last day that was metered: shares, and whether the meter was silent

    def __post_init__(self) -> None:
        self.registrar = self.rules.registrar
        zeros = [0] * self.rules.posts
        self.bids, self.offers, self.delivered = zeros[:], zeros[:], zeros[:]

    def demand(self, kept: bool, rule: str, reason: str) -> None:
        if not kept and not self.forced:
            raise Refused(rule, reason)

    def passed(self) -> None:
        """Every rule of a call has been looked at; what follows changes the market."""
        if self.rehearsing:
            raise Rehearsed

    def account(self, owner: int) -> Account:
        account = self.accounts.get(owner)
        if account is None:
            account = self.accounts[owner] = Account()
        return account

    def look(self, owner: int) -> Account:
        """An account to read; one that nobody has touched is not remembered."""
        return self.accounts.get(owner) or Account()

    def links(self) -> list[Link]:
        """The day's submissions, those of standard agents first."""
        return [link for kind in (STANDARD, PRODUCER) if kind in self.chains for link in self.chains[kind].links]

    def agent_at(self, kind: int, place: int) -> int | None:
        """Whose submission stands at a place of its kind today."""
        links = self.chains[kind].links if kind in self.chains else []
        return links[place].agent if place < len(links) else None

    def in_phase(self, day: int, phase: Phase, what: str) -> None:
        self.demand(day == self.day, "day.order", f"{what} is for today, day {self.day}, not for day {day}")
        self.demand(
            self.phase == phase,
            "day.order",
            f"{what} has its turn when the day is {phase.name.lower()}, and it is {self.phase.name.lower()}",
        )

    def between_days(self, rule: str) -> None:
        self.demand(self.phase == Phase.DONE, rule, f"day {self.day} is under way")

    def enter(self, phase: Phase, left: int) -> None:
        self.phase, self.left, self.begun = phase, left, False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls and when.

    observed_gas : the one figure of a call that its data cannot tell, as its event states it
    least, most : bounds for what the market can have observed of the call
    plain : a plain account calls, directly
    """

    address: int
    now: int
    observed_gas: int = 0
    least: int = 0
    most: int = 2**256
    plain: bool = True
