"""The wire: every kind of failure is one exception and one sentence."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest
from tests.unit.chain.support import LossyNetwork, call, tally_on

from wattpost.chain.compile import Artifact
from wattpost.chain.engine import Engine
from wattpost.chain.rpc import BadAnswer, NodeRefused, NodeTimeout, NodeUnreachable, Reverted, Rpc, reason_in


class Mumbler:
    """Answers every request with the same bytes, or with silence."""

    def __init__(self, answer: bytes | None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._answer = answer
        self._held: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(connection)
            if self._answer is not None:
                connection.recv(65536)
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self._answer)}\r\n\r\n".encode()
                connection.sendall(head + self._answer)

    def close(self) -> None:
        for held in [self._socket, *self._held]:
            held.close()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def silent() -> Iterator[Mumbler]:
    node = Mumbler(None)
    yield node
    node.close()


def test_call__of_a_missing_node__says_so_in_one_sentence(free_port: int) -> None:
    with pytest.raises(NodeUnreachable) as failure:
        Rpc(f"http://127.0.0.1:{free_port}").chain_id()
    assert str(failure.value) == f"No node answers at http://127.0.0.1:{free_port}: start it, or correct the address."


def test_call__of_a_silent_node__times_out(silent: Mumbler) -> None:
    with pytest.raises(NodeTimeout, match="does not answer in time"):
        Rpc(silent.url, timeout=0.1).chain_id()


@pytest.mark.parametrize("url", ["", "localhost:8545", "ftp://host", "http://"])
def test_rpc__at_something_that_is_no_address__refuses(url: str) -> None:
    with pytest.raises(NodeUnreachable, match="must look like http://host:port"):
        Rpc(url)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"7", b'{"id": 1}', b'{"id": 1, "error": "no"}'])
def test_call__answered_by_something_else__is_a_bad_answer(answer: bytes) -> None:
    node = Mumbler(answer)
    with pytest.raises(BadAnswer):
        Rpc(node.url).chain_id()
    node.close()


def test_messages__about_an_address_with_a_secret__hide_it(free_port: int) -> None:
    rpc = Rpc(f"http://user:hunter2@127.0.0.1:{free_port}/v3/apikey?token=t0ken")
    with pytest.raises(NodeUnreachable) as failure:
        rpc.chain_id()
    for secret in ("hunter2", "apikey", "t0ken"):
        assert secret not in str(failure.value) + repr(rpc)


def test_call__refused_by_a_contract__carries_its_reason(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = tally_on(each_chain, tally_artifact)
    with pytest.raises(Reverted) as refusal:
        each_chain.rpc.view(tally.address, call("add(uint256)", 0))
    assert refusal.value.reason == "tally: nothing to add"


def test_call__refused_with_a_custom_error__carries_its_data(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = tally_on(each_chain, tally_artifact)
    with pytest.raises(Reverted) as refusal:
        each_chain.rpc.view(tally.address, call("refuse()"))
    assert refusal.value.reason is None
    assert refusal.value.data == call("Refused(uint256)", 7)


def test_call__of_an_unknown_method__is_refused(each_chain: Engine) -> None:
    with pytest.raises(NodeRefused) as refusal:
        each_chain.rpc.call("eth_imagine")
    assert refusal.value.code == -32601


def test_batch__of_more_than_one_request_holds__keeps_its_order(each_chain: Engine) -> None:
    calls = [("eth_getBalance", (f"0x{i:040x}", "latest")) for i in range(1200)]
    each_chain.fund([f"0x{1100:040x}"], 5)
    answers = each_chain.rpc.batch(calls)
    assert [i for i, answer in enumerate(answers) if int(answer, 16)] == [1100]


def test_attempts__with_a_refusal_in_the_middle__keep_the_rest(each_chain: Engine) -> None:
    before, refusal, after = each_chain.rpc.attempts([("eth_chainId", ()), ("nonsense", ()), ("eth_chainId", ())])
    assert before == after == hex(each_chain.chain_id)
    assert isinstance(refusal, NodeRefused)


def test_read__whose_connection_broke__is_tried_again(lossy: LossyNetwork) -> None:
    failures = iter(["request"])
    lossy.lose = lambda body: next(failures, None)
    assert Rpc(lossy.url).chain_id() > 0
    assert len(lossy.seen) == 2


def test_send__whose_connection_broke__is_never_repeated(lossy: LossyNetwork) -> None:
    lossy.lose = lambda body: "request"
    with pytest.raises(NodeUnreachable):
        Rpc(lossy.url).send(b"\x02")
    with pytest.raises(NodeUnreachable):
        Rpc(lossy.url).send_all([b"\x02", b"\x03"])
    assert len(lossy.seen) == 2


def test_call__when_the_node_dies_midway__says_so(chain: Engine) -> None:
    rpc = Rpc(chain.url)
    assert rpc.block_number() == 0
    chain.close()
    with pytest.raises(NodeUnreachable, match="No node answers"):
        rpc.block_number()


def test_reason_in__other_data__is_none() -> None:
    assert reason_in(b"") is None
    assert reason_in(bytes.fromhex("4e487b71") + bytes(32)) is None


def test_requests__one_after_another__share_a_connection(chain: Engine) -> None:
    rpc = Rpc(chain.url)
    rpc.block_number()
    kept = rpc._connection.sock
    rpc.block_number()
    assert kept is not None
    assert rpc._connection.sock is kept
    assert json.dumps(rpc.block(0))
