"""Constructors: what they keep, and what no market can be founded on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.harness.evm import NOBODY, Evm, Reverted, role
from tests.harness.exchange import DUST, METER, REGISTRAR, Exchange
from tests.harness.sources import trio

SETTINGS = {
    "bytecoin": "",
    "technology": "",
    "periods": 3,
    "window": 601,
    "patience": 3_607,
    "kappa": 11,
    "registrar": REGISTRAR,
    "meter": METER,
    "dust_account": DUST,
}


def founded(**changes: Any) -> Any:
    evm = Evm()
    settings = SETTINGS | {
        "bytecoin": evm.deploy(trio()["Bytecoin"], role("bank"), 5).address,
        "technology": evm.deploy(trio()["Technology"]).address,
    }
    return evm.deploy(trio()["Market"], *(settings | changes).values())


def test_the_constructor__keeps_every_rule() -> None:
    exchange = Exchange(periods=5, window=601, patience=3_607, kappa=11)

    token, technology = exchange.bytecoin.address, exchange.technology.address
    assert exchange.market.rules() == (
        token.lower(),
        technology.lower(),
        5,
        601,
        3_607,
        11,
        METER.lower(),
        DUST.lower(),
    )
    assert exchange.market.registrar() == REGISTRAR
    assert exchange.market.next_registrar() == NOBODY
    assert tuple(exchange.market.today()) == (0, 0, 0, 0, 0, 0, 0, False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"periods": 0}, "market: 1 to 48 periods"),
        ({"periods": 49}, "market: 1 to 48 periods"),
        ({"window": 0}, "calendar: window out of range"),
        ({"window": 2**32}, "calendar: window out of range"),
        ({"patience": 0}, "calendar: patience out of range"),
        ({"patience": 2**32}, "calendar: patience out of range"),
        ({"bytecoin": role("nobody home")}, "vault: bytecoin is no contract"),
        ({"bytecoin": NOBODY}, "vault: bytecoin is no contract"),
        ({"technology": role("nobody home")}, "production: no technology"),
        ({"registrar": NOBODY}, "registry: no registrar"),
        ({"dust_account": NOBODY}, "registry: no dust account"),
        ({"meter": NOBODY}, "energy: no meter"),
        ({"kappa": 10**18 + 1}, "energy: kappa out of range"),
    ],
)
def test_a_market_on_bad_ground__is_not_founded(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reverted) as refusal:
        founded(**changes)

    assert refusal.value.reason == reason


@pytest.mark.parametrize("changes", [{"periods": 48}, {"window": 2**32 - 1}, {"patience": 1}, {"kappa": 10**18}])
def test_a_market_at_the_limits__is_founded(changes: dict[str, Any]) -> None:
    assert founded(**changes).registrar() == REGISTRAR


def test_every_contract__stays_below_the_size_limit() -> None:
    assert all(artifact.size <= 24_576 for artifact in trio().values())
