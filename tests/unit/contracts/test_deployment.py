"""Constructors: what they keep, and what no market can be founded on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.harness.evm import NOBODY, Evm, Reverted, role
from tests.harness.exchange import DUST, METER, REGISTRAR, Exchange
from tests.harness.sources import trio

SETTINGS = {
    "bytecoin": "",
    "registry": "",
    "window": 601,
    "patience": 3_607,
    "kappa": 11,
    "efficiency": 0,
    "first_gas": 0,
    "meter": METER,
    "dust_account": DUST,
}


def founded(**changes: Any) -> Any:
    evm = Evm()
    settings = SETTINGS | {
        "bytecoin": evm.deploy(trio()["Bytecoin"], role("bank"), 5).address,
        "registry": evm.deploy(trio()["Registry"], 3, REGISTRAR).address,
    }
    return evm.deploy(trio()["Market"], *(settings | changes).values())


def test_the_constructor__keeps_every_rule() -> None:
    exchange = Exchange(periods=5, window=601, patience=3_607, kappa=11, efficiency=13, first_gas=17)

    token, registry = exchange.bytecoin.address, exchange.registry.address
    rules = (token.lower(), registry.lower(), 5, 601, 3_607, 11, 13, 17, METER.lower(), DUST.lower())
    assert exchange.market.rules() == rules
    assert exchange.registry.registrar() == REGISTRAR
    assert exchange.registry.next_registrar() == NOBODY
    assert exchange.registry.market() == exchange.market.address
    assert tuple(exchange.market.today()) == (0, 0, False, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"window": 0}, "calendar: window out of range"),
        ({"window": 2**32}, "calendar: window out of range"),
        ({"patience": 0}, "calendar: patience out of range"),
        ({"patience": 2**32}, "calendar: patience out of range"),
        ({"bytecoin": role("nobody home")}, "vault: bytecoin is no contract"),
        ({"bytecoin": NOBODY}, "vault: bytecoin is no contract"),
        ({"registry": role("nobody home")}, "market: no registry"),
        ({"dust_account": NOBODY}, "market: no dust account"),
        ({"meter": NOBODY}, "energy: no meter"),
        ({"kappa": 10**18 + 1}, "energy: kappa out of range"),
        ({"efficiency": 10**18 + 1}, "energy: efficiency out of range"),
        ({"first_gas": 2**32}, "energy: gas out of range"),
    ],
)
def test_a_market_on_bad_ground__is_not_founded(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reverted) as refusal:
        founded(**changes)

    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [{"window": 2**32 - 1}, {"patience": 1}, {"kappa": 10**18}, {"efficiency": 10**18}, {"first_gas": 2**32 - 1}],
)
def test_a_market_at_the_limits__is_founded(changes: dict[str, Any]) -> None:
    assert founded(**changes).owed() == 0


@pytest.mark.parametrize(
    ("periods", "registrar", "reason"),
    [
        (0, REGISTRAR, "market: 1 to 48 periods"),
        (49, REGISTRAR, "market: 1 to 48 periods"),
        (48, NOBODY, "registry: no registrar"),
    ],
)
def test_a_registry_on_bad_ground__is_not_founded(periods: int, registrar: str, reason: str) -> None:
    with pytest.raises(Reverted) as refusal:
        Evm().deploy(trio()["Registry"], periods, registrar)

    assert refusal.value.reason == reason


def test_a_second_market_on_one_registry__is_not_founded() -> None:
    exchange = Exchange()
    rules = [exchange.bytecoin.address, exchange.registry.address, 600, 3_600, 7, 0, 0, METER, DUST]

    with pytest.raises(Reverted) as refusal:
        exchange.evm.deploy(trio()["Market"], *rules)

    assert refusal.value.reason == "registry: bound already"


def test_every_contract__stays_below_the_size_limit() -> None:
    assert all(artifact.size <= 24_576 for artifact in trio().values())
