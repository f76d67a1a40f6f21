"""All that the market's and the registry's views say at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_utils import keccak

from tests.harness.exchange import Exchange

FIXED_SLOTS = 64  # all variables of a contract that are no mappings lie below


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Views, and the market's bytecoin."""

    accounts: dict[str, Any]
    balances: dict[str, int]  # of electricity
    today: Any
    heads: tuple[bytes, bytes]
    owed: int
    registrar: tuple[str, str]
    registered: tuple[int, int]
    held: int  # bytecoin of the market


class Camera:
    """Takes snapshots. A view is asked again only when a storage word that may be behind it has changed."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._seen: dict[str, tuple[Any, Any, int]] = {}
        self._words: tuple[int, ...] = ()
        self._registry: tuple[Any, Any] = ((), ())

    def take(self, owners: Iterable[str]) -> Snapshot:
        exchange, market = self.exchange, self.exchange.market
        owners = sorted(owners)
        today = market.today()
        for owner in owners:
            self._look_at(owner, (today.number, today.phase))
        self._look_at_the_registry()
        return Snapshot(
            accounts={owner: self._seen[owner][1] for owner in owners},
            balances={owner: self._seen[owner][2] for owner in owners},
            today=today,
            heads=market.heads(),
            owed=market.owed(),
            registrar=self._registry[0],
            registered=self._registry[1],
            held=exchange.bytecoin.balanceOf(market.address),
        )

    def _look_at_the_registry(self) -> None:
        registry = self.exchange.registry
        words = tuple(self.exchange.evm.storage(registry, slot) for slot in range(FIXED_SLOTS))
        if words != self._words:
            self._words = words
            self._registry = (
                (registry.registrar(), registry.next_registrar()),
                (registry.total_endowment(), registry.total_capacity()),
            )

    def _look_at(self, owner: str, moment: tuple[int, int]) -> None:
        # a balance changes with its account's word, when a day is over, and never else
        word = self.exchange.evm.storage(self.exchange.market, slot_of_account(owner))
        seen = self._seen.get(owner)
        if seen and seen[0] == (word, moment):
            return
        market = self.exchange.market
        account = seen[1] if seen and seen[0][0] == word else market.account_of(owner)
        assert (word & 2**64 - 1) * 10**9 == account.money, "the layout of storage has changed: see slot_of_account"
        self._seen[owner] = ((word, moment), account, market.balance_of(owner))


@cache
def slot_of_account(owner: str) -> int:
    """Where the vault keeps an account: the second variable of the market."""
    return int.from_bytes(keccak((1).to_bytes(32, "big") + int(owner, 16).to_bytes(32, "big")), "big")


def slot_of_pool(exchange: Exchange) -> int:
    """Where the market keeps what it saw of relayed batches: found by what it holds when a day has just opened."""
    (slot,) = [slot for slot in range(FIXED_SLOTS) if exchange.evm.storage(exchange.market, slot) == 2**255]
    return slot


def observed_share(exchange: Exchange, slot: int) -> int:
    """Gas that the market saw of today's batches, a relayed submission."""
    word = exchange.evm.storage(exchange.market, slot)
    return ((word ^ 2**255) >> 24) // max(1, word & 2**24 - 1)
