"""A node somewhere else: reached, never ruled."""

import socket
import threading

import pytest
from tests.unit.chain.support import start

from wattpost.chain.engine import CHAIN_ID, Engine, EngineError, open_engine
from wattpost.chain.engine.base import GENESIS_TIME
from wattpost.chain.engine.remote import Remote


def test_open__of_a_missing_node__refuses_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(EngineError) as refusal:
        open_engine("rpc", url=url)
    assert str(refusal.value) == f"No node answers at {url}: start it, or correct the address."


def test_open__without_an_address__asks_for_one() -> None:
    with pytest.raises(EngineError, match="needs the address of a node"):
        open_engine("rpc")


def test_open__of_a_node_with_another_chain_id__refuses_in_one_sentence(each_chain: Engine) -> None:
    with pytest.raises(EngineError) as refusal:
        open_engine("rpc", url=each_chain.url, chain_id=1)
    assert str(refusal.value) == f"The node at {each_chain.url} runs chain {CHAIN_ID}, and 1 was expected."


def test_remote__leaves_the_node_running_and_never_funds(each_chain: Engine) -> None:
    with open_engine("rpc", url=each_chain.url, chain_id=CHAIN_ID) as remote:
        assert not remote.is_test
        assert remote.chain_id == CHAIN_ID
        assert remote.pending().total == 0
        with pytest.raises(EngineError, match="send ether to the agents"):
            remote.fund(["0x" + "11" * 20])
    assert each_chain.rpc.block_number() == 0


def test_mine__at_a_remote_node__waits_for_its_block(each_chain: Engine) -> None:
    with open_engine("rpc", url=each_chain.url) as remote:
        timer = threading.Timer(0.3, lambda: [each_chain.mine(GENESIS_TIME + 10), each_chain.mine(GENESIS_TIME + 30)])
        timer.start()
        assert remote.mine(GENESIS_TIME + 20) == 2
        assert remote.mine(GENESIS_TIME + 20) == 2
        timer.join()
        timer = threading.Timer(0.3, each_chain.mine)
        timer.start()
        assert remote.mine() == 3
        timer.join()


def test_mine__at_a_node_that_makes_no_blocks__gives_up_in_one_sentence(chain: Engine) -> None:
    with (
        Remote(chain.url, block_timeout=0.1) as remote,
        pytest.raises(EngineError, match=r"made no such block in 0\.1 s"),
    ):
        remote.mine()


def test_mine__at_a_node_that_dies__says_so() -> None:
    with start("eth-tester") as engine:
        remote = Remote(engine.url)
    with remote, pytest.raises(Exception, match="No node answers"):
        remote.mine()
