"""What paying costs: a submission's gas, turned into kWh, comes out of the electricity its agent has stored or bought.

An account is charged for its last day when its next submission is settled, and shown as charged once that day is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wattpost.spec.account import Account, Kind
from wattpost.spec.amounts import UNIT, WAD
from wattpost.spec.refusal import require

MAX_KAPPA = 10**18
MAX_SHARED = 2**32 - 1
LANES = 9  # places of a kind to a reading


@dataclass(frozen=True, slots=True)
class Books:
    """A day's shared gas: a submission's share, and a relayed submission's share of the batches."""

    share: int = 0
    relayed: int = 0
    silent: bool = False  # the meter was: nothing but what the market saw is charged


@dataclass(frozen=True, slots=True)
class Reading:
    """Gas beyond what the market saw, of nine places of a kind in a row."""

    kind: Kind
    ninth: int
    beyond: tuple[int, ...]


@dataclass(slots=True)
class EnergyLedger:
    """Whose gas it was, and what is left of everyone's electricity once it is charged."""

    kappa: int
    efficiency: int  # of stores; zero where verification is paid from the purchase
    first_gas: int  # what a store must cover before the first metered day
    meter_key: str
    books: dict[int, Books] = field(default_factory=dict)  # of finished days
    readings: dict[tuple[int, Kind, int], Reading] = field(default_factory=dict)  # by day, kind and ninth
    posting: Books | None = None  # of the day that is being metered
    batch_gas: int = 0  # that the market saw of today's relayed batches
    batch_count: int = 0  # of submissions in them

    def __post_init__(self) -> None:
        require(self.meter_key != "", "energy: no meter")
        require(self.kappa <= MAX_KAPPA, "energy: kappa out of range")
        require(self.efficiency <= WAD, "energy: efficiency out of range")
        require(self.first_gas <= MAX_SHARED, "energy: gas out of range")

    @property
    def observed_share(self) -> int:
        """Gas that the market saw of batches, a relayed submission."""
        return self.batch_gas // max(self.batch_count, 1)

    # ---- charges

    def gas_of(self, account: Account) -> int:
        """Gas of an account's last day, which is done; before the first, what a store must cover."""
        if account.day == 0:
            return self.first_gas
        books = self.books[account.day]
        observed = account.observed_gas or books.relayed
        if books.silent:
            return observed
        reading = self.readings.get((account.day, account.kind, account.place // LANES))
        beyond = reading.beyond[account.place % LANES] if reading else 0
        return observed + beyond + books.share

    def charged(self, account: Account) -> int:
        """The balance once the last day is charged: from the store first, then from that day's purchase."""
        if account.day == 0:
            return account.balance
        balance = account.balance - self.kappa * self.gas_of(account)
        return balance if balance >= 0 else min(0, balance + account.energy * UNIT)

    def covers(self, account: Account) -> bool:
        """Whether a store, once charged, holds what the last day burnt."""
        return self.charged(account) >= self.kappa * self.gas_of(account)

    def credited(self, account: Account, bought: int, to_store: int) -> Account:
        """The account charged for its last day, with what it bought today: a part in the store, and the rest."""
        part = min(to_store, bought)
        balance = self.charged(account) + part * UNIT * self.efficiency // WAD
        return replace(account, balance=balance, energy=bought - part)

    # ---- metering

    def meter(self, day: int, share: int, relayed: int, readings: Sequence[Reading]) -> None:
        require(max(share, relayed) <= MAX_SHARED, "energy: shared gas out of range")
        require(relayed >= self.observed_share, "energy: below observed gas")
        books = Books(share, relayed)
        require(self.posting in (None, books), "energy: share differs")
        fresh = {(day, reading.kind, reading.ninth): reading for reading in readings}
        require(len(fresh) == len(readings) and not fresh.keys() & self.readings.keys(), "energy: metered already")
        self.readings |= fresh
        self.posting = books

    def end(self, day: int, books: Books) -> None:
        self.books[day], self.posting = books, None
