"""eth-tester and anvil are one chain: same transactions, same gas, same order, same balances."""

import random

import pytest
from tests.unit.chain.support import call, funded_wallet, start, tally_on

from wattpost.chain.compile import Artifact
from wattpost.chain.engine import Engine
from wattpost.chain.wallet import Receipt

ETHER = 10**18


def play(engine: Engine, artifact: Artifact, seed: int) -> tuple[list[Receipt], list[int], list[bytes]]:
    """Three blocks of sixteen senders whose transactions arrive in an order drawn by `seed`."""
    tally = tally_on(engine, artifact)
    wallets = [funded_wallet(engine, i) for i in range(16)]
    receipts = []
    for day in range(3):
        plans = []
        for i, wallet in enumerate(wallets):
            data = call("add(uint256)", 0 if i % 5 == 2 else 2 ** (9 * i + day))
            plans.append((wallet, call("clear()") if i % 7 == 3 and day == 1 else data))
        random.Random(seed + day).shuffle(plans)
        sent = [wallet.send(tally.address, data) for wallet, data in plans]
        sent += [wallets[4].send(tally.address, call("refuse()")), wallets[0].send(wallets[9].address, b"", value=3)]
        sent += [wallets[5].send(tally.address, call("waste()"), gas=123_456)]
        engine.mine()
        receipts += sorted(wallets[0].wait_all(sent), key=lambda receipt: receipt.index)
    balances = [engine.rpc.balance(wallet.address) for wallet in wallets]
    storage = [engine.rpc.view(tally.address, call("parts(address)", wallet.address)) for wallet in wallets]
    return receipts, balances, [*storage, engine.rpc.view(tally.address, call("total()")), tally.address.encode()]


@pytest.fixture(scope="module")
def reference(tally_artifact: Artifact) -> tuple[list[Receipt], list[int], list[bytes]]:
    with start("eth-tester") as engine:
        return play(engine, tally_artifact, seed=1)


@pytest.mark.parametrize(("name", "seed"), [("eth-tester", 2), ("anvil", 3), ("anvil", 4)])
def test_engines__whatever_arrives_first__give_equal_receipts_gas_and_balances(
    name: str, seed: int, tally_artifact: Artifact, reference: tuple[list[Receipt], list[int], list[bytes]]
) -> None:
    with start(name) as engine:
        receipts, balances, state = play(engine, tally_artifact, seed)
    assert [r.gas_used for r in receipts] == [r.gas_used for r in reference[0]]
    assert receipts == reference[0]
    assert balances == reference[1]
    assert state == reference[2]
    assert sum(not receipt.ok for receipt in receipts) == 3 * 5


def test_creation__of_a_contract__costs_the_same_on_both(tally_artifact: Artifact) -> None:
    used = []
    for name in ("eth-tester", "anvil"):
        with start(name) as engine:
            tally = tally_on(engine, tally_artifact)
            used.append(
                (int(engine.rpc.call("eth_getTransactionReceipt", tally.transaction)["gasUsed"], 16), tally.address)
            )
    assert used[0] == used[1]


def test_default_engine__given_the_same_transactions__makes_the_same_blocks(tally_artifact: Artifact) -> None:
    hashes = []
    for seed in (5, 6):
        with start("eth-tester") as engine:
            play(engine, tally_artifact, seed)
            hashes.append(engine.rpc.block("latest")["hash"])
    assert hashes[0] == hashes[1]
