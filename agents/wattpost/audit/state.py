"""Everything a market remembers, rebuilt from its history, and how a rule says no."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from wattpost.audit.hashing import keccak

COUNT = (1 << 24) - 1  # the low bits of a head: how many links its chain has
MOST_LINKS = (1 << 23) - 1  # of a kind a day


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


STANDARD, PRODUCER = 1, 2
SUBMITTED, ALLOCATED, METERED = 1, 2, 3  # how far an account's last submission has come


@dataclass(frozen=True, slots=True)
class Rules:
    """What is fixed at deployment."""

    market: int
    token: int
    technology: int
    periods: int
    window: int
    patience: int
    kappa: int
    registrar: int
    meter: int
    dust_account: int

    @property
    def posts(self) -> int:
        return self.periods + 1

    @property
    def words(self) -> int:
        return (self.periods + 4) // 4


@dataclass(slots=True)
class Account:
    money: int = 0  # 18 decimals, not in escrow
    energy: int = 0  # 10^-9, bought and not yet metered
    day: int = 0
    observed_gas: int = 0
    kind: int = 0
    state: int = 0
    arrears: int = 0


@dataclass(frozen=True, slots=True)
class Plant:
    theta: int
    c: int
    capacity: int
    profile: int


@dataclass(frozen=True, slots=True)
class Link:
    """A submission in its chain; `words` is how it is shown again, `head` the chain's head after it."""

    agent: int
    words: tuple[int, ...]
    bids: list[int]
    offers: list[int]
    head: int


@dataclass(slots=True)
class Piece:
    kind: int
    links: list[Link]
    prior: int
    produced: bool
    settled: bool = False


@dataclass(slots=True)
class Chain:
    """A day's submissions of one kind that no piece has shown yet."""

    genesis: int
    links: list[Link] = field(default_factory=list)

    @property
    def head(self) -> int:
        return self.links[-1].head if self.links else self.genesis

    def prior_of(self, count: int) -> int:
        """The head before the newest `count`."""
        return self.links[-count - 1].head if count < len(self.links) else self.genesis


def genesis(day: int, kind: int) -> int:
    return _number(keccak(day.to_bytes(32, "big") + kind.to_bytes(32, "big"))) & ~COUNT


def extend(head: int, agent: int, bids: list[int], offers: list[int]) -> int:
    """The head after one more link: 232 bits of hash above the count."""
    words = [head, agent, *bids, *[0] * (13 - len(bids)), *offers, *[0] * (13 - len(offers))]
    digest = keccak(b"".join(word.to_bytes(32, "big") for word in words))
    return (_number(digest) & ~COUNT) | ((head & COUNT) + 1)


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big")


@dataclass(slots=True)
class State:
    """A market as its history makes it.

    While `forced`, calls that rules forbid are followed all the same; while `rehearsing`, none is.
    """

    rules: Rules
    forced: bool = False
    rehearsing: bool = False
    created: bool = False

    accounts: dict[int, Account] = field(default_factory=dict)
    endowments: dict[int, int] = field(default_factory=dict)
    plants: dict[int, Plant] = field(default_factory=dict)
    profiles: list[list[int]] = field(default_factory=lambda: [[0, 0, 0] for _ in range(8)])
    total_endowment: int = 0
    total_capacity: int = 0
    registrar: int = 0
    next_registrar: int = 0
    owed: int = 0
    escrow: int = 0  # 18 decimals
    dust: list[int] = field(default_factory=lambda: [0, 0, 0])  # money, energy, good, all days, 10^-9

    day: int = 0
    phase: Phase = Phase.DONE
    opened: int = 0
    settled: int = 0
    chains: dict[int, Chain] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    submitters: list[int] = field(default_factory=list)
    submissions: int = 0  # shown
    left: int = 0
    bids: list[int] = field(default_factory=list)
    offers: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    fractions: dict[int, int] = field(default_factory=dict)  # each plant's last
    allocated: list[int] = field(default_factory=list)  # money, energy, good so far
    share: int = 0
    carried: int = 0
    charged: int = 0
    silent: bool = False
    metering: bool = False  # a batch has been charged

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
        self.phase, self.left = phase, left


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls and when. `observed_gas` is the one figure of a call that its data cannot tell."""

    address: int
    now: int
    observed_gas: int = 0
