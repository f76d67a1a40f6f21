"""What every engine offers: a chain with an address, and the powers its operator has over it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from wattpost.chain.rpc import Rpc

CHAIN_ID = 131277322940537  # eth-tester's own; shared by both test engines, as it is part of what agents sign
GAS_LIMIT = 30_000_000  # of a block
GENESIS_TIME = 1_704_067_200  # the start of 2024; days count from the block of `open`, not from here
ETHER = 10**18


class EngineError(Exception):
    """An engine cannot start or do what was asked; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Transactions that wait. `ready` can go into the next block; `held` wait for a nonce before theirs."""

    ready: int
    held: int
    by_sender: dict[str, int] = field(default_factory=dict)  # both kinds, by lower-case address

    @property
    def total(self) -> int:
        return self.ready + self.held


class Engine(ABC):
    """A running chain; leaving the context ends what was started for it and nothing else."""

    name: str
    url: str
    chain_id: int
    is_test: bool  # the operator mines and funds, and keys may be derived from the seed
    rpc: Rpc  # the operator's own line

    @abstractmethod
    def mine(self, timestamp: int | None = None) -> int:
        """Adds one block at `timestamp` (default: one second later) and returns its number.

        An engine that does not mine waits for a block at or after `timestamp` (default: for the next).
        """

    @abstractmethod
    def pending(self) -> Pending:
        """What waits in the pool."""

    @abstractmethod
    def fund(self, addresses: Iterable[str], wei: int = 1_000 * ETHER) -> None:
        """Gives each address this much ether for gas, at once; test engines only."""

    @abstractmethod
    def close(self) -> None: ...

    def head(self) -> tuple[int, int]:
        """Number and timestamp of the latest block."""
        block = self.rpc.block("latest")
        return int(block["number"], 16), int(block["timestamp"], 16)

    def waiting(self, addresses: Iterable[str]) -> dict[str, int]:
        """Transactions of each address that were sent and not mined, found with standard methods alone."""
        names = list(addresses)
        calls = [("eth_getTransactionCount", (name, tag)) for name in names for tag in ("pending", "latest")]
        counts = [int(count, 16) for count in self.rpc.batch(calls)]
        return {name: counts[2 * i] - counts[2 * i + 1] for i, name in enumerate(names)}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def next_timestamp(timestamp: int | None, last: int) -> int:
    """The time of the next block; refuses to go back."""
    if timestamp is None:
        return last + 1
    if timestamp <= last:
        raise EngineError(f"The next block must be later than {last}, the time of the last one, not {timestamp}.")
    return timestamp
