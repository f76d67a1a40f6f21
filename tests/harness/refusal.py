"""A refusal says why and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.harness.evm import Reverted
from tests.harness.exchange import Exchange
from tests.harness.snapshot import FIXED_SLOTS, slot_of_account


def picture(exchange: Exchange) -> tuple[Any, ...]:
    """The words behind every view of market and registry, accounts included, and the bytecoin of those it knows."""
    evm, market, token, known = exchange.evm, exchange.market, exchange.bytecoin, exchange.known
    words = [evm.storage(each, slot) for each in (market, exchange.registry) for slot in range(FIXED_SLOTS)]
    accounts = [evm.storage(market, slot_of_account(owner)) for owner in known]
    electricity = [market.balance_of(owner) for owner in known]
    balances = [token.balanceOf(owner) for owner in (*known, market.address)]
    allowances = [token.allowance(owner, market.address) for owner in known]
    return words, accounts, electricity, market.heads(), balances, allowances


def refused(exchange: Exchange, reason: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Assert that a call is refused for that reason and leaves everything as it was."""
    before = picture(exchange)
    try:
        call(*arguments, **options)
    except Reverted as refusal:
        assert refusal.reason == reason, f"expected {reason!r}, got {str(refusal)!r}"
    else:
        raise AssertionError(f"accepted, and should be refused: {reason}")
    assert picture(exchange) == before, "a refused call changed something"
