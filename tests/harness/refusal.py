"""A refusal says why and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.harness.evm import Reverted
from tests.harness.exchange import Exchange
from tests.harness.snapshot import Camera


def picture(exchange: Exchange) -> tuple[Any, ...]:
    """All that can be seen of an exchange and the bytecoin of those it knows."""
    balances = [exchange.bytecoin.balanceOf(owner) for owner in exchange.known]
    allowances = [exchange.bytecoin.allowance(owner, exchange.market.address) for owner in exchange.known]
    return Camera(exchange).take(set(exchange.known)), balances, allowances


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
