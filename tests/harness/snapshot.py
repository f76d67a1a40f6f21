"""All that the market's views say at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_utils import keccak
from wattpost.spec import unpack

from tests.harness.exchange import Exchange

CLOSED, PRODUCED = 2, 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Views of the market, and its bytecoin; amounts on posts as tuples of 10^-9, post 0 first."""

    accounts: dict[str, Any]
    arrears: dict[str, int]
    fractions: dict[str, int]  # while plants run and submissions settle
    today: Any
    bids: tuple[int, ...]
    offers: tuple[int, ...]
    delivered: tuple[int, ...]
    heads: tuple[bytes, bytes]
    owed: int
    dust: tuple[int, ...]
    registrar: tuple[str, str]
    registered: tuple[int, int]
    held: int  # bytecoin of the market


class Camera:
    """Takes snapshots. A view of an account is asked again only when the storage word behind it has changed."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._seen: dict[str, tuple[int, Any, int]] = {}

    def take(self, owners: Iterable[str]) -> Snapshot:
        exchange, market = self.exchange, self.exchange.market
        owners = sorted(owners)
        posts = exchange.periods + 1

        def lanes(view: Any) -> tuple[int, ...]:
            return unpack([view(word) for word in range(exchange.words)], posts)

        for owner in owners:
            self._look_at(owner)
        today = market.today()
        accounts = {owner: self._seen[owner][1] for owner in owners}
        plants = [owner for owner in owners if accounts[owner].kind == 2 and today.phase in (CLOSED, PRODUCED)]
        return Snapshot(
            accounts=accounts,
            arrears={owner: self._seen[owner][2] for owner in owners},
            fractions={owner: market.fraction_of(owner) for owner in plants},
            today=today,
            bids=lanes(market.total_bids),
            offers=lanes(market.total_offers),
            delivered=lanes(market.total_delivered),
            heads=market.heads(),
            owed=market.owed(),
            dust=tuple(market.dust()),
            registrar=(market.registrar(), market.next_registrar()),
            registered=(market.total_endowment(), market.total_capacity()),
            held=exchange.bytecoin.balanceOf(market.address),
        )

    def _look_at(self, owner: str) -> None:
        # a change of arrears is always one of the account's word too: its last submission becomes metered
        word = self.exchange.evm.storage(self.exchange.market, _slot_of_account(owner))
        if owner not in self._seen or self._seen[owner][0] != word:
            market = self.exchange.market
            account = market.account_of(owner)
            assert word & (2**96 - 1) == account.money, "the layout of storage has changed: see _slot_of_account"
            self._seen[owner] = (word, account, market.arrears_of(owner))


@cache
def _slot_of_account(owner: str) -> int:
    """Where the vault keeps an account: the second variable of the market."""
    return int.from_bytes(keccak((1).to_bytes(32, "big") + int(owner, 16).to_bytes(32, "big")), "big")
