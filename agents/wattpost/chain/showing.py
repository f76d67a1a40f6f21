"""Showing submissions again after the window: the records that clear, close, produce and settle are called with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattpost.chain import abi
from wattpost.chain.keccak import keccak
from wattpost.chain.market import call
from wattpost.chain.records import PADDING, PRODUCER, STANDARD

MAX_PIECE = 48  # submissions
COUNT_MASK = 2**24 - 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A submission as its event carried it: an agent, kWh (10^-9) it puts into its store, and its words."""

    agent: str
    kind: int
    words: tuple[int, ...]
    to_store: int = 0
    observed_gas: int = 0  # what the market saw of a direct submission

    @property
    def record(self) -> bytes:
        owner = int(self.agent, 16) | self.to_store << 160 | self.observed_gas << 224
        return b"".join(word.to_bytes(32, "big") for word in (owner, *self.words))


@dataclass(frozen=True, slots=True)
class Piece:
    """Submissions of one kind, in order, and the heads of their chain before and after them."""

    kind: int
    prior: bytes
    end: bytes
    submissions: tuple[Shown, ...]


def show(name: str, *arguments: object, submissions: Sequence[Shown]) -> bytes:
    """Call data of `clear`, `close`, `produce` or `settle`: the arguments, then the records, then zeros."""
    return call(name, *arguments) + b"".join(each.record for each in submissions) + PADDING


def genesis(day: int, kind: int) -> bytes:
    """The head of a day's chain before its first submission."""
    return _with_count(keccak(abi.encode(["uint256", "uint256"], [day, kind])), 0)


def extend(head: bytes, submission: Shown) -> bytes:
    """The head after one more submission."""
    return _with_count(keccak(head + submission.record), (int.from_bytes(head[-3:], "big")) + 1)


@dataclass(frozen=True, slots=True)
class Chain:
    """A day's submissions of one kind, and the heads of their chain: before the first, and after each."""

    kind: int
    submissions: tuple[Shown, ...]
    heads: tuple[bytes, ...]

    @classmethod
    def of(cls, day: int, kind: int, submissions: Sequence[Shown]) -> Chain:
        """The chain that submissions make, in their order; those of the other kind are left out."""
        own = tuple(each for each in submissions if each.kind == kind)
        heads = [genesis(day, kind)]
        for each in own:
            heads.append(extend(heads[-1], each))
        return cls(kind, own, tuple(heads))

    def between(self, prior: bytes, end: bytes) -> Piece:
        """The piece between two heads, wherever somebody cut it."""
        first, last = self.heads.index(prior), self.heads.index(end)
        return Piece(self.kind, prior, end, self.submissions[first:last])

    def before(self, head: bytes) -> list[Piece]:
        """What stands before a head in pieces, newest first."""
        last, found = self.heads.index(head), []
        while last:
            first = max(0, last - MAX_PIECE)
            found.append(self.between(self.heads[first], self.heads[last]))
            last = first
        return found


def pieces(day: int, submissions: Sequence[Shown]) -> list[Piece]:
    """A day's submissions in pieces, in the order in which the close must show them: newest first."""
    chains = [Chain.of(day, kind, submissions) for kind in (STANDARD, PRODUCER)]
    return [piece for chain in chains for piece in chain.before(chain.heads[-1])]


def _with_count(digest: bytes, count: int) -> bytes:
    return digest[:-3] + count.to_bytes(3, "big")
