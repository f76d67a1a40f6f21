"""Waiting transactions, in the order that anvil's `--order fees` gives them.

Ready: the nonces of a sender follow its last mined one without a gap. Ready transactions leave by maximal
fee, highest first, then by when they became ready; a sender's next is a candidate once the last has left.
Whoever wants an order that no race decides gives every sender its own fee (`Wallet` does, from its rank).
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class PoolRefusal(Exception):
    """A transaction is not taken; the words are those that nodes commonly use."""


@dataclass(slots=True)
class Waiting:
    hash: str
    sender: str
    nonce: int
    fee: int  # the most it pays for a unit of gas
    price: int  # what it does pay, the base fee being zero
    gas: int
    transaction: Any
    raw: bytes
    place: int = -1  # when it became ready; -1 while a gap holds it back


class Pool:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_hash: dict[str, Waiting] = {}
        self._by_sender: dict[str, dict[int, Waiting]] = {}
        self._places = itertools.count()

    def add(self, entry: Waiting, next_nonce: int) -> None:
        """`next_nonce` is the sender's on chain."""
        with self._lock:
            if entry.hash in self._by_hash:
                raise PoolRefusal("already known")
            if entry.nonce < next_nonce:
                raise PoolRefusal(f"nonce too low: next nonce {next_nonce}, tx nonce {entry.nonce}")
            mine = self._by_sender.setdefault(entry.sender, {})
            other = mine.get(entry.nonce)
            if other is not None:
                if entry.fee <= other.fee:
                    raise PoolRefusal("replacement transaction underpriced")
                del self._by_hash[other.hash]
            mine[entry.nonce] = self._by_hash[entry.hash] = entry
            self._promote(mine, next_nonce)

    def get(self, hash: str) -> Waiting | None:
        with self._lock:
            return self._by_hash.get(hash)

    def next_nonce(self, sender: str, on_chain: int) -> int:
        """The first nonce that neither the chain nor a ready transaction has used."""
        with self._lock:
            mine = self._by_sender.get(sender, {})
            while on_chain in mine:
                on_chain += 1
            return on_chain

    def in_order(self) -> Iterator[Waiting]:
        """Everything that was ready when called, in canonical order."""
        with self._lock:
            ready = {
                sender: sorted((w for w in mine.values() if w.place >= 0), key=lambda w: w.nonce)
                for sender, mine in self._by_sender.items()
            }
        heap = [(-queue[0].fee, queue[0].place, sender, 0) for sender, queue in ready.items() if queue]
        heapq.heapify(heap)
        while heap:
            _, _, sender, index = heapq.heappop(heap)
            queue = ready[sender]
            if index + 1 < len(queue):
                follower = queue[index + 1]
                heapq.heappush(heap, (-follower.fee, follower.place, sender, index + 1))
            yield queue[index]

    def settle(self, nonces: dict[str, int], invalid: list[Waiting]) -> None:
        """Forgets what was mined (senders' nonces as they are now) and what can never be."""
        with self._lock:
            for entry in invalid:
                self._forget(entry)
                for later in self._by_sender.get(entry.sender, {}).values():
                    later.place = -1  # until the gap is filled
            for sender, nonce in nonces.items():
                mine = self._by_sender.get(sender, {})
                for used in [n for n in mine if n < nonce]:
                    self._forget(mine[used])
                self._promote(mine, nonce)
            self._by_sender = {sender: mine for sender, mine in self._by_sender.items() if mine}

    def count(self) -> dict[str, tuple[int, int]]:
        """Ready and held-back transactions by sender."""
        with self._lock:
            return {
                sender: (ready := sum(w.place >= 0 for w in mine.values()), len(mine) - ready)
                for sender, mine in self._by_sender.items()
                if mine
            }

    def _forget(self, entry: Waiting) -> None:
        if self._by_hash.pop(entry.hash, None):
            self._by_sender.get(entry.sender, {}).pop(entry.nonce, None)

    def _promote(self, mine: dict[int, Waiting], nonce: int) -> None:
        while nonce in mine:
            if mine[nonce].place < 0:
                mine[nonce].place = next(self._places)
            nonce += 1
        for held in mine.values():
            if held.nonce > nonce:
                held.place = -1
