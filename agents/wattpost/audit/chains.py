"""A day's submissions as the market commits to them: links of a chain for each kind, and the pieces it is shown in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wattpost.audit.hashing import keccak

COUNT = (1 << 24) - 1  # the low bits of a head: how many links its chain has
MOST_LINKS = (1 << 23) - 1  # of a kind a day
PADDING = 864  # zero bytes behind the last record of a call
LANE = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Link:
    """A submission in its chain; `record` is how it is shown again, `head` the chain's head after it."""

    agent: int
    owner: int  # the agent, above it kWh for its store, above that the gas that the market saw
    words: tuple[int, ...]
    bids: list[int]
    offers: list[int]
    head: int
    place: int

    @property
    def record(self) -> tuple[int, ...]:
        return (self.owner, *self.words)

    @property
    def to_store(self) -> int:
        return self.owner >> 160 & LANE

    @property
    def observed_gas(self) -> int:
        """Zero if it was relayed."""
        return self.owner >> 224


@dataclass(slots=True)
class Piece:
    kind: int
    links: list[Link]
    prior: int
    produced: bool
    settled: bool = False


@dataclass(slots=True)
class Chain:
    """A day's submissions of one kind, of which the newest `shown` stand in pieces already."""

    genesis: int
    links: list[Link] = field(default_factory=list)
    shown: int = 0

    @property
    def left(self) -> list[Link]:
        return self.links[: len(self.links) - self.shown]

    @property
    def head(self) -> int:
        """Of what no piece has shown yet."""
        return self.prior_of(0)

    def prior_of(self, count: int) -> int:
        """The head before the newest `count` of those that no piece has shown."""
        last = len(self.links) - self.shown - count
        return self.links[last - 1].head if last > 0 else self.genesis


def genesis(day: int, kind: int) -> int:
    return _number(keccak(day.to_bytes(32, "big") + kind.to_bytes(32, "big"))) & ~COUNT


def extend(head: int, record: Sequence[int]) -> int:
    """The head after one more link: 232 bits of hash above the count."""
    digest = keccak(b"".join(word.to_bytes(32, "big") for word in (head, *record)))
    return (_number(digest) & ~COUNT) | ((head & COUNT) + 1)


def words_of(links: Sequence[Link]) -> list[int]:
    """Links as a call shows them again."""
    return [word for link in links for word in link.record]


def shown_again(links: Sequence[Link]) -> bytes:
    """What stands behind the arguments of a call that shows these links."""
    return b"".join(word.to_bytes(32, "big") for word in words_of(links)) + bytes(PADDING)


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big")
