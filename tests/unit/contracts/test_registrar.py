"""offer_registrar and accept_registrar: the role changes hands in two steps."""

from __future__ import annotations

from tests.harness.evm import NOBODY, role
from tests.harness.exchange import REGISTRAR, Exchange
from tests.harness.refusal import refused


def test_the_role__changes_hands_when_the_successor_accepts() -> None:
    exchange = Exchange()
    successor = role("successor")

    offered = exchange.registry.offer_registrar(successor, by=REGISTRAR)

    assert exchange.registry.registrar() == REGISTRAR
    assert exchange.registry.next_registrar() == successor
    assert offered.only("RegistrarOffered").args == {"registrar": REGISTRAR, "successor": successor}

    accepted = exchange.registry.accept_registrar(by=successor)

    assert exchange.registry.registrar() == successor
    assert exchange.registry.next_registrar() == NOBODY
    assert accepted.only("RegistrarChanged").args == {"former": REGISTRAR, "registrar": successor}
    refused(exchange, "registry: registrar only", exchange.registry.register_standard, role("ada"), 5, 0, by=REGISTRAR)
    exchange.registry.register_standard(role("ada"), 5, 0, by=successor)


def test_an_offer__by_a_stranger__is_refused() -> None:
    exchange = Exchange()

    refused(exchange, "registry: registrar only", exchange.registry.offer_registrar, role("thief"), by=role("thief"))


def test_a_role__that_was_not_offered__cannot_be_taken() -> None:
    exchange = Exchange()
    exchange.registry.offer_registrar(role("successor"), by=REGISTRAR)

    refused(exchange, "registry: role not offered", exchange.registry.accept_registrar, by=role("thief"))
    refused(exchange, "registry: role not offered", exchange.registry.accept_registrar, by=REGISTRAR)


def test_an_offer__can_be_taken_back() -> None:
    exchange = Exchange()
    exchange.registry.offer_registrar(role("successor"), by=REGISTRAR)
    exchange.registry.offer_registrar(NOBODY, by=REGISTRAR)

    refused(exchange, "registry: role not offered", exchange.registry.accept_registrar, by=role("successor"))


def test_the_registrar__needs_no_day_to_be_over_to_go() -> None:
    exchange = Exchange()
    exchange.open()

    exchange.registry.offer_registrar(role("successor"), by=REGISTRAR)
    exchange.registry.accept_registrar(by=role("successor"))

    assert exchange.registry.registrar() == role("successor")
