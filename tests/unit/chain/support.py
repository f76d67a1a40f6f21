"""Engines, wallets and a network that loses things."""

import http.client
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from wattpost.chain import abi
from wattpost.chain.compile import Artifact
from wattpost.chain.deployment import Contract, deploy
from wattpost.chain.engine import Engine, EngineError, open_engine
from wattpost.chain.keys import derive
from wattpost.chain.rpc import Rpc
from wattpost.chain.wallet import Wallet


def call(signature: str, *values: Any) -> bytes:
    """Call data of `name(type,...)`."""
    types = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    return abi.selector(signature) + abi.encode(types, values)


def start(name: str, port: int = 0) -> Engine:
    """An engine, or a skip that says why when anvil's binary is absent."""
    if name == "anvil":
        from wattpost.chain.engine.anvil import find_anvil

        try:
            find_anvil()
        except EngineError as error:
            pytest.skip(str(error))
    return open_engine(name, port=port)


def funded_wallet(engine: Engine, index: int = 0, rank: int | None = None, url: str | None = None) -> Wallet:
    key = derive(1, "agent", index)
    engine.fund([key.address])
    return Wallet(
        Rpc(url or engine.url, timeout=5), key, chain_id=engine.chain_id, rank=index if rank is None else rank
    )


def tally_on(engine: Engine, artifact: Artifact) -> Contract:
    return deploy(funded_wallet(engine, 999), artifact, [3], mine=engine.mine)


class LossyNetwork:
    """Stands between a wallet and its node. `lose` is asked of each request body: None lets it pass,
    "request" loses it before the node sees it, "answer" loses what the node says to it."""

    def __init__(self, url: str) -> None:
        self.lose: Callable[[bytes], str | None] = lambda body: None
        self.seen: list[bytes] = []
        self._node = urlsplit(url)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def sends(self) -> int:
        return sum(b"eth_sendRawTransaction" in body for body in self.seen)

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while stream.readline():
                length = 0
                while (line := stream.readline().lower()).strip():
                    if line.startswith(b"content-length"):
                        length = int(line.split(b":")[1])
                body = stream.read(length)
                self.seen.append(body)
                loss = self.lose(body)
                if loss == "request":
                    return
                node = http.client.HTTPConnection(str(self._node.hostname), self._node.port)
                node.request("POST", "/", body, {"Content-Type": "application/json"})
                answer = node.getresponse().read()
                node.close()
                if loss == "answer":
                    return
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
                connection.sendall(head + answer)


def losing_sends(times: int, what: str) -> Callable[[bytes], str | None]:
    """Loses the first few transactions."""
    left = [times]

    def lose(body: bytes) -> str | None:
        if b"eth_sendRawTransaction" in body and left[0]:
            left[0] -= 1
            return what
        return None

    return lose
