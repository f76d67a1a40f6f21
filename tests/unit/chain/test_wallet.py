"""Nonces that survive whatever happens to a transaction on its way."""

import threading
import time

import pytest
from tests.unit.chain.support import LossyNetwork, call, funded_wallet, losing_sends, start, tally_on

from wattpost.chain.compile import Artifact
from wattpost.chain.engine import Engine
from wattpost.chain.keys import derive
from wattpost.chain.rpc import NodeRefused, NodeUnreachable, Rpc
from wattpost.chain.wallet import LAST_RANK, Lost, Order, OutcomeUnknown, Wallet

NOWHERE = "0x" + "99" * 20


def test_send__many_times__numbers_without_gaps(each_chain: Engine) -> None:
    wallet = funded_wallet(each_chain)
    assert [wallet.send(NOWHERE, b"").nonce for _ in range(4)] == [0, 1, 2, 3]
    each_chain.mine()
    assert wallet.send(NOWHERE, b"").nonce == 4


def test_send__by_a_restarted_process__goes_on_behind_what_waits(each_chain: Engine) -> None:
    funded_wallet(each_chain).send(NOWHERE, b"")
    assert funded_wallet(each_chain).send(NOWHERE, b"").nonce == 1


def test_send__refused__does_not_use_up_the_nonce(each_chain: Engine) -> None:
    wallet = funded_wallet(each_chain)
    wallet.send(NOWHERE, b"")
    with pytest.raises(NodeRefused):
        wallet.send(NOWHERE, b"", value=10**30)
    with pytest.raises(NodeRefused):
        wallet.send(NOWHERE, b"", gas=20_999)
    with pytest.raises(NodeRefused):
        wallet.send(NOWHERE, b"x" * 100, gas=21_000 + 100 * 40 - 1)  # below the floor for call data
    after = wallet.send(NOWHERE, b"")
    assert after.nonce == 1
    each_chain.mine()
    assert wallet.wait(after).ok


def test_send__of_an_account_without_ether__says_insufficient_funds(each_chain: Engine) -> None:
    pauper = Wallet(each_chain.rpc, derive(1, "pauper", 0), chain_id=each_chain.chain_id)
    with pytest.raises(NodeRefused, match=r"(?i)insufficient funds"):
        pauper.send(NOWHERE, b"", value=1)
    each_chain.fund([pauper.address])
    assert pauper.send(NOWHERE, b"", value=1).nonce == 0


def test_send__for_another_chain__is_refused(each_chain: Engine) -> None:
    wallet = funded_wallet(each_chain)
    wallet.chain_id = 1
    with pytest.raises(NodeRefused, match=r"(?i)chain id"):
        wallet.send(NOWHERE, b"")
    wallet.chain_id = each_chain.chain_id
    assert wallet.send(NOWHERE, b"").nonce == 0


def test_send__whose_answer_was_lost__is_looked_up_and_not_repeated(chain: Engine, lossy: LossyNetwork) -> None:
    wallet = funded_wallet(chain, url=lossy.url)
    lossy.lose = losing_sends(1, "answer")
    sent = wallet.send(NOWHERE, b"", value=7)
    assert lossy.sends() == 1
    assert wallet.send(NOWHERE, b"", value=8).nonce == 1
    chain.mine()
    assert wallet.wait(sent).ok
    assert chain.rpc.balance(NOWHERE) == 15


def test_send__that_never_arrived__says_unknown_and_leaves_its_nonce_to_the_next(
    chain: Engine, lossy: LossyNetwork
) -> None:
    wallet = funded_wallet(chain, url=lossy.url)
    lossy.lose = losing_sends(1, "request")
    with pytest.raises(OutcomeUnknown, match="not known whether"):
        wallet.send(NOWHERE, b"", value=7)
    assert lossy.sends() == 1
    assert wallet.send(NOWHERE, b"", value=8).nonce == 0
    chain.mine()
    assert chain.rpc.balance(NOWHERE) == 8


def test_send__that_arrives_late_after_all__never_runs_beside_its_successor(chain: Engine, lossy: LossyNetwork) -> None:
    wallet = funded_wallet(chain, url=lossy.url)
    lossy.lose = losing_sends(1, "request")
    with pytest.raises(OutcomeUnknown):
        wallet.send(NOWHERE, b"", value=7)
    late = wallet._sign(Order(NOWHERE, b"", value=7))  # the very bytes that were lost
    successor = wallet.send(NOWHERE, b"", value=8)
    with pytest.raises(NodeRefused, match="underpriced"):
        chain.rpc.send(late.raw)
    chain.mine()
    assert wallet.wait(successor).ok
    assert chain.rpc.balance(NOWHERE) == 8


def test_send__while_the_node_is_gone__says_unknown_and_looks_before_it_sends_again(
    chain: Engine, lossy: LossyNetwork
) -> None:
    wallet = funded_wallet(chain, url=lossy.url)
    wallet.send(NOWHERE, b"", value=1)
    lossy.lose = lambda body: "answer" if b"eth_sendRaw" in body else "request"  # it arrives, and then silence
    with pytest.raises(OutcomeUnknown):
        wallet.send(NOWHERE, b"", value=2)
    with pytest.raises(NodeUnreachable):
        wallet.send(NOWHERE, b"", value=4)
    lossy.lose = lambda body: None
    assert wallet.send(NOWHERE, b"", value=4).nonce == 2
    chain.mine()
    assert chain.rpc.balance(NOWHERE) == 1 + 2 + 4


def test_send__at_a_dead_node__is_refused_in_one_sentence(chain: Engine) -> None:
    wallet = funded_wallet(chain)
    chain.close()
    with pytest.raises(NodeUnreachable, match=r"No node answers at .*\.$"):
        wallet.send(NOWHERE, b"")


def test_send__when_another_process_used_the_nonce__takes_the_next(each_chain: Engine) -> None:
    first, second = funded_wallet(each_chain), funded_wallet(each_chain)
    second._nonce()
    first.send(NOWHERE, b"", value=1)
    waiting = second.send(NOWHERE, b"", value=2)  # the pool holds nonce 0 already
    assert waiting.nonce == 1
    each_chain.mine()
    first._next = 1
    assert first.send(NOWHERE, b"", value=4).nonce == 2  # nonce 1 was mined meanwhile
    each_chain.mine()
    assert each_chain.rpc.balance(NOWHERE) == 7


def test_send_all__hands_everything_over_in_order(each_chain: Engine) -> None:
    wallet = funded_wallet(each_chain)
    sent = wallet.send_all([Order(NOWHERE, b"", value=i) for i in range(700)])
    assert [one.nonce for one in sent] == list(range(700))
    each_chain.mine()
    assert [receipt.index for receipt in wallet.wait_all(sent)] == list(range(700))
    assert wallet.send(NOWHERE, b"").nonce == 700


def test_send_all__with_one_refused__raises_and_finds_its_nonce_again(each_chain: Engine) -> None:
    wallet = funded_wallet(each_chain)
    with pytest.raises(NodeRefused):
        wallet.send_all([Order(NOWHERE, b"", value=1), Order(NOWHERE, b"", value=10**30), Order(NOWHERE, b"", value=2)])
    repaired = wallet.send(NOWHERE, b"", value=4)
    assert repaired.nonce == 1
    each_chain.mine()
    assert wallet.wait(repaired).ok
    assert each_chain.rpc.balance(NOWHERE) == 1 + 2 + 4


@pytest.mark.parametrize("loss", ["answer", "request"])
def test_send_all__whose_answer_was_lost__runs_each_at_most_once(chain: Engine, lossy: LossyNetwork, loss: str) -> None:
    wallet = funded_wallet(chain, url=lossy.url)
    lossy.lose = losing_sends(1, loss)
    orders = [Order(NOWHERE, b"", value=1)] * 3
    if loss == "request":
        with pytest.raises(OutcomeUnknown):
            wallet.send_all(orders)
    sent = wallet.send_all(orders)
    chain.mine()
    assert [receipt.ok for receipt in wallet.wait_all(sent)] == [True] * 3
    assert chain.rpc.balance(NOWHERE) == (6 if loss == "answer" and sent[0].nonce == 3 else 3)


def test_wait__for_a_transaction_that_the_node_dropped__sends_the_same_bytes_once_more(
    each_chain: Engine, tally_artifact: Artifact
) -> None:
    """A full block: anvil drops a sender's second transaction, the default engine keeps it."""
    tally = tally_on(each_chain, tally_artifact)
    greedy, victim = funded_wallet(each_chain, 1), funded_wallet(each_chain, 2)
    for _ in range(2):
        greedy.send(tally.address, call("waste()"), gas=14_000_000)
    sent = [victim.send(tally.address, call("add(uint256)", 1), gas=gas) for gas in (3_000_000, 100_000)]
    each_chain.mine()
    dropped = each_chain.rpc.call("eth_getTransactionByHash", sent[1].hash) is None
    assert dropped == (each_chain.name == "anvil")
    miner = threading.Timer(1.0, lambda: [each_chain.mine(), time.sleep(0.5), each_chain.mine()])
    miner.start()
    receipts = victim.wait_all(sent, timeout=10)
    miner.join()
    assert [receipt.ok for receipt in receipts] == [True, True]
    assert victim.send(NOWHERE, b"").nonce == 2


def test_wait__for_a_transaction_whose_nonce_another_took__says_lost(chain: Engine) -> None:
    wallet = funded_wallet(chain)
    sent = wallet._sign(Order(NOWHERE, b"", value=7))
    wallet.send(NOWHERE, b"", value=8)
    chain.mine()
    with pytest.raises(Lost, match="took the place"):
        wallet.wait(sent, timeout=5)


def test_wallet__with_a_rank_out_of_range__is_refused(chain: Engine) -> None:
    for rank in (-1, LAST_RANK):
        with pytest.raises(ValueError, match="A rank is"):
            Wallet(chain.rpc, derive(1, "a", 0), chain_id=chain.chain_id, rank=rank)


def test_repr__of_a_wallet__holds_no_secret(chain: Engine) -> None:
    wallet = funded_wallet(chain)
    assert repr(wallet) == f"Wallet({wallet.address})"


def test_fees__where_gas_has_a_price__follow_the_node_and_gas_is_estimated() -> None:
    class PricedNode(Rpc):
        def call(self, method: str, *params: object) -> object:
            return {
                "eth_getBlockByNumber": {"baseFeePerGas": hex(100)},
                "eth_maxPriorityFeePerGas": hex(3),
                "eth_getTransactionCount": hex(5),
                "eth_estimateGas": hex(40_000),
            }[method]

    wallet = Wallet(PricedNode("http://127.0.0.1:1"), derive(1, "a", 0), chain_id=5, rank=9)
    assert wallet._fees() == (3, 203)
    assert wallet._gas(Order(NOWHERE, b"")) == 50_000


def test_engine__dead_midway__is_reported_by_whoever_waits() -> None:
    with start("eth-tester") as engine:
        wallet = funded_wallet(engine)
        sent = wallet.send(NOWHERE, b"")
    with pytest.raises(NodeUnreachable):
        wallet.wait(sent, timeout=5)


def test_wait__for_a_transaction_behind_one_that_was_dropped__fills_the_gap() -> None:
    with start("anvil") as engine:
        wallet = funded_wallet(engine)
        first, second = wallet.send(NOWHERE, b"", value=1), wallet.send(NOWHERE, b"", value=2)
        engine.rpc.call("anvil_dropTransaction", first.hash)  # takes the second along
        engine.rpc.send(second.raw)
        assert (engine.pending().ready, engine.pending().held) == (0, 1)
        miner = threading.Timer(0.8, engine.mine)
        miner.start()
        assert wallet.wait(second, timeout=10).index == 1
        miner.join()
        assert wallet.wait(first).index == 0


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_wait__after_a_reorganisation__sends_what_fell_out_once_more(depth: int) -> None:
    with start("anvil") as engine:
        wallet = funded_wallet(engine)
        sent = []
        for _ in range(3):
            sent.append(wallet.send(NOWHERE, b"", value=5))
            engine.mine()
        wallet.wait_all(sent)
        engine.rpc.call("anvil_reorg", depth, [])
        assert engine.rpc.balance(NOWHERE) == 5 * (3 - depth)
        miner = threading.Timer(1.0, engine.mine)
        miner.start()
        receipts = wallet.wait_all(sent, timeout=10)
        miner.join()
        assert [receipt.ok for receipt in receipts] == [True] * 3
        assert engine.rpc.balance(NOWHERE) == 15
        assert wallet.send(NOWHERE, b"").nonce == 3
