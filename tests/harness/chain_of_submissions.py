"""The commitment to submissions, anew: what a head is, and which words show a piece again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_abi import encode
from eth_utils import keccak

STANDARD, PRODUCER = 1, 2
MAX_WORDS = 13
COUNT_BITS = 24


@dataclass(frozen=True, slots=True)
class Link:
    """One submission as its event carries it; `offers` is empty for a standard agent."""

    agent: str
    bids: tuple[int, ...]
    offers: tuple[int, ...] = ()

    @property
    def words(self) -> list[int]:
        return [int(self.agent, 16), *self.bids, *self.offers]


def genesis(day: int, kind: int) -> bytes:
    """The head before the day's first submission."""
    return keccak(encode(["uint256", "uint256"], [day, kind]))[:-3] + bytes(3)


def extend(head: bytes, link: Link) -> bytes:
    """The head once a submission was added."""
    bids = link.bids + (0,) * (MAX_WORDS - len(link.bids))
    offers = link.offers + (0,) * (MAX_WORDS - len(link.offers))
    types = ["bytes32", "(address,uint256[13],uint256[13])"]
    count = int.from_bytes(head[-3:], "big") + 1
    return keccak(encode(types, [head, (link.agent, bids, offers)]))[:-3] + count.to_bytes(3, "big")


def head_after(day: int, kind: int, links: Iterable[Link]) -> bytes:
    head = genesis(day, kind)
    for link in links:
        head = extend(head, link)
    return head


def count_of(head: bytes) -> int:
    return int.from_bytes(head[-3:], "big")


def shown(links: Sequence[Link]) -> list[int]:
    """The words that show links again."""
    return [word for link in links for word in link.words]
