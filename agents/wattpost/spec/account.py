"""What the market knows of everyone, and of a day in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from wattpost.spec.day import Submission


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


@dataclass(frozen=True, slots=True)
class Account:
    """Money with 18 decimals; what is left of the kWh bought on `day` in 10^-9; and with 18 decimals a balance of kWh,
    stored or, below zero, owed.

    Everything but money, balance and `submitted` is of the last submission that was settled, for whose gas the account
    is not charged yet.
    """

    money: int = 0
    energy: int = 0
    balance: int = 0
    day: int = 0
    observed_gas: int = 0  # zero if it was relayed
    place: int = 0  # among the submissions of its kind on its day
    kind: Kind = Kind.PLAIN
    submitted: bool = False  # today, and not yet settled


@dataclass(frozen=True, slots=True)
class Dust:
    """What flooring left over on all settled days, in 10^-9."""

    money: int = 0
    energy: int = 0
    good: int = 0


@dataclass(slots=True)
class Piece:
    """Submissions that were shown together at the close; `first` is the place of the first of them."""

    kind: Kind
    first: int
    submissions: tuple[Submission, ...]
    produced: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class SignedBid:
    """A bid as a relayer hands it in; `agent` is whoever's key signed exactly that."""

    agent: str
    kind: Kind
    bids: tuple[int, ...]
    offers: tuple[int, ...]
    to_store: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A bid of a batch that was not accepted."""

    agent: str
    place: int
    reason: str
