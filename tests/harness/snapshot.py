"""All that the market's views say at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_utils import keccak

from tests.harness.exchange import Exchange
from wattpost.spec import unpack

CLOSED, PRODUCED = 2, 3
FIXED_SLOTS = 96  # all variables of the market that are no mappings lie below
SCALARS = 7  # and of these, single figures that change often come first


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
    """Takes snapshots. A view is asked again only when a storage word that may be behind it has changed."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._seen: dict[str, tuple[int, Any, int]] = {}
        self._words: tuple[int, ...] = ()
        self._fixed: dict[str, Any] = {}

    def take(self, owners: Iterable[str]) -> Snapshot:
        exchange, market = self.exchange, self.exchange.market
        owners = sorted(owners)
        posts = exchange.periods + 1

        for owner in owners:
            self._look_at(owner)
        self._look_at_the_rest(posts)
        accounts = {owner: self._seen[owner][1] for owner in owners}
        running = self._fixed["today"].phase in (CLOSED, PRODUCED)
        plants = [owner for owner in owners if accounts[owner].kind == 2 and running]
        return Snapshot(
            accounts=accounts,
            arrears={owner: self._seen[owner][2] for owner in owners},
            fractions={owner: market.fraction_of(owner) for owner in plants},
            heads=market.heads(),
            held=exchange.bytecoin.balanceOf(market.address),
            **self._fixed,
        )

    def _look_at_the_rest(self, posts: int) -> None:
        market = self.exchange.market
        words = tuple(self.exchange.evm.storage(market, slot) for slot in range(FIXED_SLOTS))
        if words == self._words:
            return
        if words[SCALARS:] != self._words[SCALARS:]:
            for name, view in (
                ("bids", market.total_bids),
                ("offers", market.total_offers),
                ("delivered", market.total_delivered),
            ):
                self._fixed[name] = unpack([view(word) for word in range(self.exchange.words)], posts)
            self._fixed["dust"] = tuple(market.dust())
        self._words = words
        self._fixed |= {
            "today": market.today(),
            "owed": market.owed(),
            "registrar": (market.registrar(), market.next_registrar()),
            "registered": (market.total_endowment(), market.total_capacity()),
        }

    def _look_at(self, owner: str) -> None:
        # a change of arrears is always one of the account's word too: its last submission becomes metered
        word = self.exchange.evm.storage(self.exchange.market, slot_of_account(owner))
        if owner not in self._seen or self._seen[owner][0] != word:
            market = self.exchange.market
            account = market.account_of(owner)
            assert word & (2**96 - 1) == account.money, "the layout of storage has changed: see slot_of_account"
            self._seen[owner] = (word, account, market.arrears_of(owner))


@cache
def slot_of_account(owner: str) -> int:
    """Where the vault keeps an account: the second variable of the market."""
    return int.from_bytes(keccak((1).to_bytes(32, "big") + int(owner, 16).to_bytes(32, "big")), "big")
