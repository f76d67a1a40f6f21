"""eth-tester and anvil are one chain: same transactions, same gas, same order, same balances."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.chain.support import call, funded_wallet, start, tally_on

from wattpost.chain.compile import Artifact
from wattpost.chain.deployment import deploy
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


REFERENCE: list[tuple[list[Receipt], list[int], list[bytes]]] = []


@pytest.fixture
def reference(tally_artifact: Artifact) -> tuple[list[Receipt], list[int], list[bytes]]:
    if not REFERENCE:
        with start("eth-tester") as engine:
            REFERENCE.append(play(engine, tally_artifact, seed=1))
    return REFERENCE[0]


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


def visit(engine: Engine, artifact: Artifact, seed: int) -> list[tuple[bool, int, int]]:
    """Everything in the zoo, with arguments drawn by `seed`; (success, gas, logs) of each transaction."""
    draw = random.Random(seed)
    keeper = funded_wallet(engine, 0)
    zoo = deploy(keeper, artifact, mine=engine.mine).address
    engine.fund([zoo], 10**9)
    signature = keeper.key.sign(bytes(range(32)))
    target = "0x" + draw.randbytes(20).hex()
    asked = [
        *(
            call("write(uint256,uint256,uint256)", 0, n, value)
            for n, value in ((9, 5), (12, 0), (9, 5), (9, 6), (20, 1))
        ),
        *(call("hashes(bytes)", draw.randbytes(n) + bytes(n)) for n in (0, 1, 31, 32, 333, 1024)),
        call("recover(bytes32,uint8,uint256,uint256)", bytes(range(32)), 27 + signature[0], *signature[1:]),
        call("recover(bytes32,uint8,uint256,uint256)", bytes(32), 29, 1, 1),
        *(call("powers(uint256,uint256)", draw.getrandbits(256), draw.getrandbits(n)) for n in (1, 9, 64, 255)),
        *(call("store_name(uint256,string)", i % 2, "x" * n) for i, n in enumerate((64, 64, 10, 0, 33, 1))),
        *(call("clone(bytes32)", draw.randbytes(32)) for _ in range(2)),
        *(
            call("inner(address,bytes,uint256)", zoo, data, gas)
            for data, gas in zip(
                (call("past()"), call("write(uint256,uint256,uint256)", 90, 9, 1), b"", b"\x01\x02\x03\x04"),
                (40_000, 50_000, 9_000, 100),
                strict=True,
            )
        ),
        call("inner(address,bytes,uint256)", f"0x{4:040x}", draw.randbytes(64), 60_000),
        call("inner(address,bytes,uint256)", f"0x{5:040x}", draw.randbytes(96), 60_000),
        *(
            call("pay(address,uint256)", who, amount)
            for who, amount in ((target, 5), (target, 5), (zoo, 1), (target, 10**12))
        ),
        call("past()"),
        call("nothing()"),
        draw.randbytes(3),
    ]
    draw.shuffle(asked)
    sent = [keeper.send(zoo, data, gas=draw.choice((75_000, 90_000, 2_000_000))) for data in asked]
    sent += [
        keeper.send(None, bytes.fromhex(code), gas=100_000)
        for code in ("", "00", "fe", "60ef60005360016000f3", "6000ff")
    ]
    sent += [keeper.send(keeper.address, bytes(900) + draw.randbytes(300), gas=200_000)]
    for _ in range(4):
        engine.mine()
    return [(r.ok, r.gas_used, len(r.logs)) for r in keeper.wait_all(sent)]


@pytest.mark.parametrize("seed", range(4))
def test_engines__on_everything_an_evm_can_do__count_equal_gas(seed: int, zoo_artifact: Artifact) -> None:
    results = []
    for name in ("eth-tester", "anvil"):
        with start(name) as engine:
            results.append(visit(engine, zoo_artifact, seed))
    assert results[0] == results[1]
    assert 20 < sum(ok for ok, _, _ in results[0]) < len(results[0])


def test_engines__running_random_machine_code__count_equal_gas() -> None:
    """In a process of its own: titanoboa's plugin wraps operations of py-evm for all of this one."""
    start("anvil").close()  # skips without the binary
    root = str(Path(__file__).parents[3])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, str(Path(root) / "agents")])}
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.chain.machine_code", "6"], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_default_engine__given_the_same_transactions__makes_the_same_blocks(tally_artifact: Artifact) -> None:
    hashes = []
    for seed in (5, 6):
        with start("eth-tester") as engine:
            play(engine, tally_artifact, seed)
            hashes.append(engine.rpc.block("latest")["hash"])
    assert hashes[0] == hashes[1]
