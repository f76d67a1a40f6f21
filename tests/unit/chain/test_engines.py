"""What both test engines promise alike, each test on each."""

import threading
import time
from typing import Any

import pytest
import rlp
from tests.unit.chain.support import call, funded_wallet, start, tally_on
from trie import HexaryTrie

from wattpost.chain.compile import Artifact
from wattpost.chain.engine import CHAIN_ID, ENGINES, Engine, EngineError, open_engine
from wattpost.chain.engine.base import GENESIS_TIME
from wattpost.chain.keccak import keccak
from wattpost.chain.rpc import NodeRefused, NodeUnreachable, Rpc
from wattpost.chain.wallet import StillWaiting

NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}
NUMBERS |= {"baseFeePerGas", "blobGasUsed", "excessBlobGas"}
HEADER = ["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"]
HEADER += ["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"]
HEADER += ["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"]


def number(text: str) -> bytes:
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def root_of(items: list[bytes]) -> str:
    trie = HexaryTrie({})
    for index, item in enumerate(items):
        trie[rlp.encode(index)] = item
    return "0x" + trie.root_hash.hex()


def receipt_bytes(receipt: dict[str, Any]) -> bytes:
    logs = [[raw(log["address"]), [raw(t) for t in log["topics"]], raw(log["data"])] for log in receipt["logs"]]
    body = [number(receipt["status"]), number(receipt["cumulativeGasUsed"]), raw(receipt["logsBloom"]), logs]
    return bytes([int(receipt["type"], 16)]) + rlp.encode(body)


@pytest.fixture(params=["eth-tester", "anvil"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_start__on_a_free_port__is_empty_prague_at_the_shared_chain_id(each_chain: Engine) -> None:
    block = each_chain.rpc.block(0)
    assert each_chain.rpc.chain_id() == each_chain.chain_id == CHAIN_ID
    assert each_chain.head() == (0, GENESIS_TIME)
    assert int(block["gasLimit"], 16) == 30_000_000
    assert int(block["baseFeePerGas"], 16) == 0
    assert each_chain.url.startswith("http://127.0.0.1:")
    assert each_chain.is_test


def test_start__on_a_wanted_port__takes_it(name: str) -> None:
    with start(name) as first:
        port = int(first.url.rpartition(":")[2])
    with start(name, port) as second:
        assert second.url.endswith(f":{port}")
        assert second.rpc.block_number() == 0


def test_start__on_a_port_already_taken__refuses_in_one_sentence(name: str) -> None:
    with start("eth-tester") as other:
        port = int(other.url.rpartition(":")[2])
        with pytest.raises(EngineError) as refusal:
            start(name, port)
        assert str(refusal.value) == f"Port {port} cannot be used (Address already in use): choose another one."
        assert other.rpc.block_number() == 0


def test_leaving__an_engine__ends_it(name: str) -> None:
    with start(name) as engine:
        rpc = Rpc(engine.url)
        rpc.block_number()
    with pytest.raises(NodeUnreachable):
        rpc.block_number()


def test_open_engine__of_an_unknown_name__lists_those_there_are() -> None:
    with pytest.raises(EngineError, match=", ".join(ENGINES)):
        open_engine("geth")


def test_mine__at_a_timestamp__gives_it_to_the_block(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = tally_on(each_chain, tally_artifact)
    assert each_chain.mine(GENESIS_TIME + 5000) == 2
    assert each_chain.head() == (2, GENESIS_TIME + 5000)
    clock = each_chain.rpc.view(tally.address, call("clock()"))
    assert (int.from_bytes(clock[:32]), int.from_bytes(clock[32:])) == (2, GENESIS_TIME + 5000)
    assert each_chain.mine() == 3
    assert each_chain.head() == (3, GENESIS_TIME + 5001)


def test_mine__back_in_time__refuses_and_makes_no_block(each_chain: Engine) -> None:
    each_chain.mine(GENESIS_TIME + 100)
    for moment in (GENESIS_TIME + 100, GENESIS_TIME + 99, 0):
        with pytest.raises(EngineError, match="must be later than"):
            each_chain.mine(moment)
    assert each_chain.head() == (1, GENESIS_TIME + 100)


def test_fund__an_account__shows_at_once_and_stays(each_chain: Engine) -> None:
    address = "0x" + "ab" * 20
    each_chain.fund([address], 12345)
    assert each_chain.rpc.balance(address) == 12345
    each_chain.mine()
    assert each_chain.rpc.balance(address) == 12345
    each_chain.fund([address], 7)
    assert each_chain.rpc.balance(address) == 7


def test_send__without_mining__waits(each_chain: Engine) -> None:
    wallet = funded_wallet(each_chain)
    sent = [wallet.send(wallet.address, b"") for _ in range(3)]
    assert each_chain.pending().total == each_chain.pending().ready == 3
    assert each_chain.pending().by_sender == {wallet.address: 3}
    assert each_chain.waiting([wallet.address]) == {wallet.address: 3}
    assert each_chain.rpc.nonce(wallet.address, "latest") == 0
    assert each_chain.rpc.call("eth_getTransactionReceipt", sent[0].hash) is None
    assert each_chain.rpc.call("eth_getTransactionByHash", sent[0].hash)["blockNumber"] is None
    with pytest.raises(StillWaiting, match="No block has taken"):
        wallet.wait(sent[0], timeout=0.05)
    each_chain.mine()
    assert each_chain.pending().total == 0
    assert [receipt.index for receipt in wallet.wait_all(sent)] == [0, 1, 2]


def test_waiting__counts_what_each_address_sent_and_no_block_took(each_chain: Engine) -> None:
    busy, silent = funded_wallet(each_chain, 0), funded_wallet(each_chain, 1)
    busy.send(busy.address, b"")
    assert each_chain.waiting([busy.address, silent.address]) == {busy.address: 1, silent.address: 0}
    each_chain.mine()
    assert each_chain.waiting([busy.address]) == {busy.address: 0}


def test_refusal_by_a_contract__in_a_block__is_a_failed_receipt(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = tally_on(each_chain, tally_artifact)
    good, bad = funded_wallet(each_chain, 1), funded_wallet(each_chain, 2)
    sent = [good.send(tally.address, call("add(uint256)", 9)), bad.send(tally.address, call("add(uint256)", 0))]
    each_chain.mine()
    fine, failed = good.wait_all(sent)
    assert (fine.ok, failed.ok) == (True, False)
    assert (len(fine.logs), failed.logs) == (1, ())
    assert 21_000 < failed.gas_used < fine.gas_used
    assert good.reason(fine) is None
    assert bad.reason(failed) == "tally: nothing to add"


def test_block__with_more_than_fits__leaves_the_rest_for_the_next(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = tally_on(each_chain, tally_artifact)
    wallets = [funded_wallet(each_chain, i) for i in range(4)]
    sent = [wallet.send(tally.address, call("waste()"), gas=14_000_000) for wallet in wallets]
    small = funded_wallet(each_chain, 5).send(tally.address, call("add(uint256)", 7), gas=200_000)
    each_chain.mine()
    assert each_chain.pending().total == 2
    each_chain.mine()
    receipts = wallets[0].wait_all([*sent, small])
    assert [receipt.block for receipt in receipts] == [2, 2, 3, 3, 2]
    assert [receipt.gas_used for receipt in receipts[:4]] == [14_000_000] * 4
    assert receipts[4].ok


def test_order__within_a_block__follows_rank_and_then_nonce(each_chain: Engine) -> None:
    wallets = [funded_wallet(each_chain, i, rank=rank) for i, rank in enumerate((7, 3, 900_000, 0))]
    sent = [w.send(w.address, b"") for _ in range(2) for w in wallets]
    each_chain.mine()
    receipts = sorted(wallets[0].wait_all(sent), key=lambda receipt: receipt.index)
    expected = [wallets[i].address for i in (3, 1, 0, 2)]
    assert [receipt.sender for receipt in receipts] == [a for a in expected for _ in range(2)]
    assert {receipt.block for receipt in receipts} == {1}


def test_transaction__behind_a_nonce_gap__waits_and_is_counted_as_held(each_chain: Engine) -> None:
    wallet = funded_wallet(each_chain)
    wallet._next = 1
    late = wallet.send(wallet.address, b"")
    assert (each_chain.pending().ready, each_chain.pending().held) == (0, 1)
    each_chain.mine()
    wallet._next = 0
    early = wallet.send(wallet.address, b"")
    assert (each_chain.pending().ready, each_chain.pending().held) == (2, 0)
    each_chain.mine()
    assert [receipt.index for receipt in wallet.wait_all([early, late])] == [0, 1]


def test_mining_and_minting__over_the_wire__does_not_exist_on_the_default_engine(chain: Engine) -> None:
    for method in ("evm_mine", "anvil_mine", "anvil_setBalance", "evm_increaseTime", "eth_sendTransaction"):
        with pytest.raises(NodeRefused, match="does not exist here"):
            chain.rpc.call(method)


def test_chain__seen_from_outside__proves_its_own_headers_transactions_and_receipts(
    each_chain: Engine, tally_artifact: Artifact
) -> None:
    tally = tally_on(each_chain, tally_artifact)
    for amount in (0, 5, 6):
        for i in range(20):
            funded_wallet(each_chain, i).send(tally.address, call("add(uint256)", amount))
        each_chain.mine()
    rpc, parent = each_chain.rpc, None
    for height in range(rpc.block_number() + 1):
        block = rpc.block(height, full=True)
        fields = [number(block[f]) if f in NUMBERS else raw(block[f]) for f in HEADER]
        assert "0x" + keccak(rlp.encode(fields)).hex() == block["hash"]
        assert parent is None or block["parentHash"] == parent
        parent = block["hash"]
        hashes = [tx["hash"] for tx in block["transactions"]]
        raws = [raw(rpc.call("eth_getRawTransactionByHash", one)) for one in hashes]
        assert ["0x" + keccak(one).hex() for one in raws] == hashes
        assert root_of(raws) == block["transactionsRoot"]
        receipts = [rpc.call("eth_getTransactionReceipt", one) for one in hashes]
        assert root_of([receipt_bytes(receipt) for receipt in receipts]) == block["receiptsRoot"]
        assert sum(int(receipt["gasUsed"], 16) for receipt in receipts) == int(block["gasUsed"], 16)
        assert rpc.call("eth_getBlockReceipts", hex(height)) == receipts
    assert len(rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": tally.address})) == 40


def test_logs__by_topic_and_block__are_only_those_asked_for(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = tally_on(each_chain, tally_artifact)
    one, two = funded_wallet(each_chain, 1), funded_wallet(each_chain, 2)
    for amount in (3, 4):
        one.send(tally.address, call("add(uint256)", amount))
        two.send(tally.address, call("add(uint256)", amount))
        each_chain.mine()
    event = "0x" + keccak(b"Added(address,uint256,uint256)").hex()
    wish = {"fromBlock": "0x3", "toBlock": "0x3", "address": [tally.address]}
    by_one = wish | {"topics": [event, "0x" + one.address[2:].rjust(64, "0")]}
    assert [int(log["data"][2:66], 16) for log in each_chain.rpc.call("eth_getLogs", wish)] == [4, 4]
    (found,) = each_chain.rpc.call("eth_getLogs", by_one)
    assert found["logIndex"] == "0x0"
    assert each_chain.rpc.call("eth_getLogs", wish | {"topics": ["0x" + "00" * 32]}) == []
    either = wish | {"topics": [None, ["0x" + w.address[2:].rjust(64, "0") for w in (one, two)]]}
    assert len(each_chain.rpc.call("eth_getLogs", either)) == 2


def test_view__of_an_earlier_block__shows_its_state(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = tally_on(each_chain, tally_artifact)
    wallet = funded_wallet(each_chain, 1)
    for amount in (3, 4):
        wallet.send(tally.address, call("add(uint256)", amount))
        each_chain.mine()
    totals = [each_chain.rpc.view(tally.address, call("total()"), block=number) for number in (1, 2, 3)]
    assert [int.from_bytes(total) for total in totals] == [0, 3, 7]
    assert int(each_chain.rpc.call("eth_getStorageAt", tally.address, "0x0", "0x2"), 16) == 3
    assert int(each_chain.rpc.call("eth_getTransactionCount", wallet.address, "0x2"), 16) == 1


@pytest.mark.parametrize("amount", [1, 2**200])
def test_estimate__of_a_call__suffices_and_is_not_wasteful(
    each_chain: Engine, tally_artifact: Artifact, amount: int
) -> None:
    tally = tally_on(each_chain, tally_artifact)
    wallet = funded_wallet(each_chain, 1)
    data = call("add(uint256)", amount)
    wish = {"from": wallet.address, "to": tally.address, "data": "0x" + data.hex()}
    estimate = int(each_chain.rpc.call("eth_estimateGas", wish), 16)
    sent = wallet.send(tally.address, data, gas=estimate)
    each_chain.mine()
    receipt = wallet.wait(sent)
    assert receipt.ok
    assert receipt.gas_used <= estimate <= receipt.gas_used * 1.1


def test_block_number__while_a_heavy_block_is_executed__answers_at_once(
    chain: Engine, tally_artifact: Artifact
) -> None:
    tally = tally_on(chain, tally_artifact)
    wallet = funded_wallet(chain, 1)
    for _ in range(2):
        wallet.send(tally.address, call("burn(uint256)", 12_000), gas=14_000_000)
    miner = threading.Thread(target=chain.mine)
    miner.start()
    rpc, slowest, asked = Rpc(chain.url), 0.0, 0
    while miner.is_alive():
        began = time.perf_counter()
        rpc.block_number()
        slowest, asked = max(slowest, time.perf_counter() - began), asked + 1
        time.sleep(0.01)
    assert asked > 10
    assert slowest < 0.5


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (["0x"], "could not be decoded"),
        (["0x02c0"], "could not be decoded"),
        (["0x" + "ff" * 40], "could not be decoded"),
        (["hello"], "invalid params"),
        ([], "invalid params"),
        ([7], "invalid params"),
    ],
)
def test_send__of_rubbish__is_refused(chain: Engine, params: list[Any], words: str) -> None:
    with pytest.raises(NodeRefused, match=words):
        chain.rpc.call("eth_sendRawTransaction", *params)
    assert chain.pending().total == 0
