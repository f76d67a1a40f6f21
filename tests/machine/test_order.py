"""The order of submissions, pieces and settlements changes nobody's balance, and nobody's gas (invariant 8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from tests.harness.chain_of_submissions import PRODUCER, STANDARD, Link, genesis, shown
from tests.harness.evm import Contract, role
from tests.harness.exchange import DUST
from tests.harness.invariants import Invariants
from tests.harness.receipts import Node, founded_street, signer
from tests.harness.street import BIDS, OFFERS, Street

from wattpost.spec import pack

NAMES = tuple(BIDS)


def day_on(street: Street, order: Sequence[str], pieces: Sequence[int]) -> tuple[dict[str, object], dict[str, object]]:
    """Balances and gas after a day in that order."""
    street.open()
    gas: dict[str, object] = {}
    for name in order:
        receipt = street.submit(role(name), BIDS[name], OFFERS.get(name, []))
        gas[name] = (receipt.gas, receipt.only("Submitted").observed_gas)
    street.close_all()
    street.produce_all()
    for piece in pieces:
        street.settle(piece)
    balances: dict[str, object] = {name: tuple(street.account(role(name)))[:2] for name in NAMES}
    balances["dust account"] = street.account(DUST).money
    return balances, gas


def test_every_order_of_submissions_and_settlements__leads_to_equal_balances_and_gas() -> None:
    results = [
        day_on(Street(), order, pieces)
        for number, order in enumerate(permutations(NAMES))
        for pieces in [(0, 1) if number % 2 else (1, 0)]
    ]

    assert len(results) == 24
    Invariants.orders_agree([balances for balances, _ in results])
    Invariants.orders_agree([gas for _, gas in results])


def test_the_second_day__costs_every_order_the_same_too() -> None:
    results = []
    for order in (NAMES, NAMES[::-1]):
        street = Street()
        day_on(street, NAMES, (0, 1))
        street.meter([(role(name), 100_000) for name in NAMES])
        results.append(day_on(street, order, (1, 0)))

    Invariants.orders_agree([balances for balances, _ in results])
    Invariants.orders_agree([gas for _, gas in results])


@pytest.fixture(scope="module")
def market() -> object:
    with Node() as node:
        yield node, *founded_street(node)


def day_on_node(node: Node, market: Contract, day: int, order: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """One day on real blocks: each agent's gas on its receipt, and its kWh."""
    anyone = signer("anyone")
    node.run(anyone, market.address, market.calldata("open"))
    opened = node.engine.head()[1]
    links = {}
    sent = {}
    for name in order:
        bids, offers = pack(BIDS[name]), pack(OFFERS[name]) if name in OFFERS else []
        links[name] = Link(signer(name).address, tuple(bids), tuple(offers))
        sent[name] = node.send(signer(name), market.address, market.calldata("submit", day, bids, offers))
    node.engine.mine()
    gas = {name: int(node.receipt(transaction)["gasUsed"], 16) for name, transaction in sent.items()}
    node.engine.mine(opened + 600)
    kinds = {STANDARD: [n for n in order if n not in OFFERS], PRODUCER: [n for n in order if n in OFFERS]}
    pieces = [(kind, shown([links[name] for name in kinds[kind]])) for kind in (PRODUCER, STANDARD)]
    for kind, words in pieces:
        node.run(anyone, market.address, market.calldata("close", day, kind, genesis(day, kind), words))
    node.run(anyone, market.address, market.calldata("produce", day, 0, genesis(day, PRODUCER), pieces[0][1]))
    for piece, (kind, words) in enumerate(pieces):
        node.run(anyone, market.address, market.calldata("settle", day, kind, piece, genesis(day, kind), words))
    energy = {name: node.view(market, "account_of", signer(name).address)[1] for name in NAMES}
    readings = [int(signer(name).address, 16) | gas[name] << 160 for name in NAMES]
    node.run(signer("meter"), market.address, market.calldata("meter", day, 0, 0, readings))
    return gas, energy


def test_receipts_on_a_chain__show_equal_gas_in_every_order(market: tuple[Node, Contract, Contract]) -> None:
    node, _, contract = market
    orders = [NAMES, NAMES[::-1], ("sun", "ada", "wind", "ben"), ("ben", "wind", "ada", "sun")]
    first = node.view(contract, "today")[0]

    days = [day_on_node(node, contract, first + 1 + number, order) for number, order in enumerate(orders)]

    Invariants.orders_agree([energy for _, energy in days])
    Invariants.orders_agree([gas for gas, _ in days])
    assert all(gas < 75_000 for gas in days[-1][0].values())
