"""The order of submissions, pieces and settlements changes nobody's balance, and nobody's gas (invariant 8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from tests.harness.evm import Contract, key_of, role
from tests.harness.exchange import DUST, raw
from tests.harness.invariants import Invariants
from tests.harness.receipts import Node, founded_street, signer
from tests.harness.snapshot import observed_share, slot_of_pool
from tests.harness.street import BIDS, OFFERS, Street

from wattpost.chain.readings import pack as pack_readings
from wattpost.chain.showing import PRODUCER, STANDARD, Shown, show
from wattpost.chain.signed_bid import Terms, batch, sign_bid
from wattpost.spec import pack

NAMES = tuple(BIDS)
LATER = 2**40


def day_on(street: Street, order: Sequence[str], pieces: Sequence[int]) -> tuple[dict[str, object], dict[str, object]]:
    """Balances and gas after a day in that order."""
    street.open()
    gas: dict[str, object] = {}
    for name in order:
        receipt = street.submit(role(name), BIDS[name], OFFERS.get(name, []))
        gas[name] = (receipt.gas, receipt.only("Submitted").observed_gas)
    if pieces:
        street.close_all()
        street.produce_all()
        for piece in pieces:
            street.settle(piece)
    else:
        street.after_window()
        street.clear()
    return outcome_of(street), gas


def outcome_of(street: Street) -> dict[str, object]:
    balances: dict[str, object] = {
        name: (*tuple(street.account(role(name)))[:2], street.balance(role(name))) for name in NAMES
    }
    balances["dust account"] = street.account(DUST).money
    return balances


def test_every_order_of_submissions_and_settlements__leads_to_equal_balances_and_gas() -> None:
    results = [
        day_on(Street(), order, [(0, 1), (1, 0), ()][number % 3]) for number, order in enumerate(permutations(NAMES))
    ]

    assert len(results) == 24
    Invariants.orders_agree([balances for balances, _ in results])
    Invariants.orders_agree([gas for _, gas in results])


@pytest.mark.parametrize("efficiency", [0, 10**18])
def test_the_second_day__costs_every_order_the_same_too(efficiency: int) -> None:
    """With what the first day burnt, whoever is charged for it first."""
    results = []
    for order, pieces in ((NAMES, (0, 1)), (NAMES[::-1], (1, 0)), (NAMES[2:] + NAMES[:2], ())):
        street = Street(efficiency=efficiency, store=efficiency)
        day_on(street, NAMES, (0, 1))
        street.meter({role(name): 100_000 + len(name) for name in NAMES}, share=777)
        results.append(day_on(street, order, pieces))
        street.meter()
        results[-1][0].update({f"{name}, charged": street.balance(role(name)) for name in NAMES})

    Invariants.orders_agree([balances for balances, _ in results])
    Invariants.orders_agree([gas for _, gas in results])


def test_the_order_in_a_batch__changes_no_balance_and_no_share() -> None:
    results = []
    for order in (("ada", "ben", "sun", "wind"), ("ben", "ada", "wind", "sun")):
        street = Street().play_until("submit")
        slot = slot_of_pool(street)
        receipt = street.relay([street.sign(role(name), BIDS[name], OFFERS.get(name, [])) for name in order])
        share = observed_share(street, slot)
        street.after_window()
        street.clear()
        results.append(outcome_of(street) | {"gas": receipt.gas, "share": share})

    Invariants.orders_agree(results)


def test_batches__cost_the_same_first_and_last() -> None:
    """No batch pays for slots that all batches use."""
    gas = []
    for first in ("ada", "ben"):
        street = Street().play_until("submit")
        second = "ben" if first == "ada" else "ada"
        receipts = {name: street.relay([street.sign(role(name), [5, 5, 5])]) for name in (first, second)}
        gas.append({name: receipt.gas for name, receipt in receipts.items()})

    # call data of signatures differ in their zeros, and those are priced by the byte
    assert all(abs(gas[0][name] - gas[1][name]) <= 12 * 64 for name in gas[0])


@pytest.fixture(scope="module")
def market() -> object:
    with Node() as node:
        yield node, *founded_street(node)


def day_on_node(node: Node, market: Contract, day: int, order: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """One day on real blocks: each agent's gas on its receipt, and its kWh."""
    anyone = signer("anyone")
    node.run(anyone, market.address, market.calldata("open"))
    opened = node.engine.head()[1]
    sent = {}
    for name in order:
        words = raw(BIDS[name], OFFERS.get(name, []))
        sent[name] = node.send(signer(name), market.address, market.calldata("submit", day, 0, words))
    node.engine.mine()
    receipts = {name: node.receipt(transaction) for name, transaction in sent.items()}
    gas = {name: int(receipt["gasUsed"], 16) for name, receipt in receipts.items()}
    links = {name: shown(name, receipt) for name, receipt in receipts.items()}
    ordered = [links[name] for kind in (STANDARD, PRODUCER) for name in order if links[name].kind == kind]
    node.engine.mine(opened + 600)
    node.run(anyone, market.address, show("clear", day, 2, 2, submissions=ordered))
    energy = {name: node.view(market, "account_of", signer(name).address)[1] for name in NAMES}
    beyond = [gas[name] - links[name].observed_gas for name in order if links[name].kind == STANDARD]
    words = pack_readings(STANDARD, beyond)
    node.run(signer("meter"), market.address, market.calldata("meter", day, 0, 0, 0, words, True))
    return gas, energy


def shown(name: str, receipt: dict[str, object]) -> Shown:
    (log,) = receipt["logs"]  # type: ignore[misc]
    owner = int(log["data"][2:66], 16)  # type: ignore[index]
    kind = PRODUCER if name in OFFERS else STANDARD
    words = (*pack(BIDS[name]), *(pack(OFFERS[name]) if name in OFFERS else ()))
    return Shown(signer(name).address, kind, words, 0, owner >> 224)


def test_receipts_on_a_chain__show_equal_gas_in_every_order(market: tuple[Node, Contract, Contract]) -> None:
    node, _, contract = market
    orders = [NAMES, NAMES[::-1], ("sun", "ada", "wind", "ben"), ("ben", "wind", "ada", "sun")]
    first = node.view(contract, "today")[0]

    days = [day_on_node(node, contract, first + 1 + number, order) for number, order in enumerate(orders)]

    Invariants.orders_agree([energy for _, energy in days])
    Invariants.orders_agree([gas for gas, _ in days[1:]])  # the first day's accounts are fresh
    assert all(gas < 60_000 for gas in days[-1][0].values())


def test_a_relayed_batch_on_a_chain__costs_less_than_its_bids_alone(market: tuple[Node, Contract, Contract]) -> None:
    node, _, contract = market
    anyone, relayer = signer("anyone"), signer("relayer")
    node.run(anyone, contract.address, contract.calldata("open"))
    day = node.view(contract, "today")[0]
    terms = Terms(node.engine.chain_id, contract.address, relayer.address)
    bids = []
    for name in NAMES:
        words = [*pack(BIDS[name]), *(pack(OFFERS[name]) if name in OFFERS else ())]
        kind = PRODUCER if name in OFFERS else STANDARD
        bids.append(sign_bid(key_of(name), terms, day, kind, words, deadline=LATER))

    gas = int(node.run(relayer, contract.address, batch(bids))["gasUsed"], 16)

    assert gas < 4 * 45_000
    assert all(node.view(contract, "account_of", signer(name).address)[8] for name in NAMES)
