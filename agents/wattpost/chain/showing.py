"""Showing submissions again after the window: the pieces that close, produce and settle are called with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattpost.chain import abi
from wattpost.chain.keccak import keccak
from wattpost.spec.amounts import words_for

STANDARD, PRODUCER = 1, 2
MAX_SHOWN = 1024  # words a call takes
MAX_PIECE = 128  # submissions
MAX_WORDS = 13
COUNT_MASK = 2**24 - 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A submission as its event carried it: an agent and its words."""

    agent: str
    kind: int
    bids: tuple[int, ...]
    offers: tuple[int, ...]

    @property
    def words(self) -> list[int]:
        return [int(self.agent, 16), *self.bids, *self.offers]


@dataclass(frozen=True, slots=True)
class Piece:
    """Submissions of one kind, in order, and the heads of their chain before and after them."""

    kind: int
    prior: bytes
    end: bytes
    submissions: tuple[Shown, ...]

    @property
    def words(self) -> list[int]:
        return [word for each in self.submissions for word in each.words]


def genesis(day: int, kind: int) -> bytes:
    """The head of a day's chain before its first submission."""
    return _with_count(keccak(abi.encode(["uint256", "uint256"], [day, kind])), 0)


def extend(head: bytes, submission: Shown) -> bytes:
    """The head after one more submission."""
    link = head + int(submission.agent, 16).to_bytes(32, "big") + _padded(submission.bids) + _padded(submission.offers)
    return _with_count(keccak(link), (int.from_bytes(head[-3:], "big")) + 1)


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

    def before(self, head: bytes, words: int) -> list[Piece]:
        """What stands before a head in pieces, newest first; a submission's bids take so many words."""
        most = min(MAX_PIECE, MAX_SHOWN // (1 + self.kind * words))
        last, found = self.heads.index(head), []
        while last:
            first = max(0, last - most)
            found.append(self.between(self.heads[first], self.heads[last]))
            last = first
        return found


def pieces(day: int, periods: int, submissions: Sequence[Shown]) -> list[Piece]:
    """A day's submissions in pieces, in the order in which the close must show them: newest first."""
    chains = [Chain.of(day, kind, submissions) for kind in (STANDARD, PRODUCER)]
    return [piece for chain in chains for piece in chain.before(chain.heads[-1], words_for(periods))]


def _padded(words: Sequence[int]) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in words).ljust(32 * MAX_WORDS, b"\0")


def _with_count(digest: bytes, count: int) -> bytes:
    return digest[:-3] + count.to_bytes(3, "big")
