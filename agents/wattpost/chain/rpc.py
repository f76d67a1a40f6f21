"""JSON-RPC over HTTP with the standard library alone.

One connection is kept open. Reads are tried a second time on a fresh one; a transaction is sent at most once,
because a lost answer says nothing about whether the node took it (`Wallet` then looks it up).

Failures, one type each:
    NodeUnreachable   nobody answers at the address, or the connection broke
    NodeTimeout       connected, but no answer in time
    NodeRefused       the node answers with an error
    Reverted          the error is a contract's refusal, with its reason
    BadAnswer         something answers that does not speak JSON-RPC
"""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

ERROR_STRING = bytes.fromhex("08c379a0")
BATCH = 500  # calls in one request
IDLE = 2.0  # seconds after which a kept connection is no longer trusted with a transaction

Call = tuple[str, Sequence[Any]]


class RpcError(Exception):
    """Something between this process and the chain went wrong; the message is one sentence."""


class NodeUnreachable(RpcError):
    pass


class NodeTimeout(NodeUnreachable):
    pass


class BadAnswer(RpcError):
    pass


class NodeRefused(RpcError):
    """The node's own error: `code`, `message` and `data` as it gave them."""

    def __init__(self, message: str, code: int = 0, data: bytes = b"") -> None:
        super().__init__(message)
        self.message, self.code, self.data = message, code, data


class Reverted(NodeRefused):
    """A contract refused. `reason` is its text, or None for a custom error, which is in `data`."""

    def __init__(self, message: str, code: int, data: bytes) -> None:
        super().__init__(message, code, data)
        self.reason = reason_in(data)


def reason_in(data: bytes) -> str | None:
    """The text of `Error(string)`, or None when the data holds anything else."""
    if data[:4] != ERROR_STRING or len(data) < 68:
        return None
    size = int.from_bytes(data[36:68], "big")
    return data[68 : 68 + size].decode(errors="replace")


class Rpc:
    """One node. Safe to share between threads; each call waits its turn."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NodeUnreachable("The node's address must look like http://host:port.")
        self.url = url
        self.place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        factory = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = factory(parts.hostname, parts.port, timeout=timeout)
        self._headers = {"Content-Type": "application/json"}
        if parts.username:
            import base64

            pair = f"{parts.username}:{parts.password or ''}".encode()
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._used = 0.0

    def __repr__(self) -> str:  # the address may carry a secret in its path
        return f"Rpc({self.place})"

    def close(self) -> None:
        """Hangs up; the next call dials again."""
        with self._lock:
            self._connection.close()

    def __del__(self) -> None:  # an open socket that is merely forgotten is a warning, and warnings are errors
        connection = getattr(self, "_connection", None)
        if connection:
            connection.close()

    # Calls

    def call(self, method: str, *params: Any) -> Any:
        """The result of a read."""
        return _result(self._exchange(self._request(method, params), again=True), method)

    def batch(self, calls: Iterable[Call]) -> list[Any]:
        """The results of many reads, in order; the first error is raised."""
        answers = self.attempts(calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return answers

    def attempts(self, calls: Iterable[Call], *, again: bool = True) -> list[Any]:
        """Like `batch`, but each refusal stands as an exception in its place."""
        return list(self._attempts(list(calls), again))

    def send(self, raw: bytes) -> str:
        """Hands a signed transaction over, once; returns its hash."""
        answer = self._exchange(self._request("eth_sendRawTransaction", ("0x" + raw.hex(),)), again=False)
        return str(_result(answer, "eth_sendRawTransaction"))

    def send_all(self, raws: Iterable[bytes]) -> list[Any]:
        """Hands many over, once each; a hash or a NodeRefused for each."""
        return self.attempts((("eth_sendRawTransaction", ("0x" + raw.hex(),)) for raw in raws), again=False)

    # Shorthands

    def chain_id(self) -> int:
        return int(self.call("eth_chainId"), 16)

    def block_number(self) -> int:
        return int(self.call("eth_blockNumber"), 16)

    def block(self, number: int | str = "latest", *, full: bool = False) -> dict[str, Any]:
        tag = hex(number) if isinstance(number, int) else number
        block = self.call("eth_getBlockByNumber", tag, full)
        if block is None:
            raise NodeRefused(f"The node has no block {number}.")
        return dict(block)

    def genesis_hash(self) -> str:
        return str(self.block(0)["hash"])

    def view(self, to: str, data: bytes, *, block: int | str = "latest", sender: str | None = None) -> bytes:
        """What a contract answers to a call that changes nothing."""
        call = {"to": to, "data": "0x" + data.hex()} | ({"from": sender} if sender else {})
        tag = hex(block) if isinstance(block, int) else block
        return bytes.fromhex(self.call("eth_call", call, tag)[2:])

    def code(self, address: str) -> bytes:
        return bytes.fromhex(self.call("eth_getCode", address, "latest")[2:])

    def balance(self, address: str) -> int:
        return int(self.call("eth_getBalance", address, "latest"), 16)

    def nonce(self, address: str, block: str = "pending") -> int:
        return int(self.call("eth_getTransactionCount", address, block), 16)

    # The wire

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}

    def _attempts(self, calls: list[Call], again: bool) -> Iterator[Any]:
        for start in range(0, len(calls), BATCH):
            requests = [self._request(*call) for call in calls[start : start + BATCH]]
            answers = self._exchange(requests, again=again)
            if isinstance(answers, dict):  # the batch as a whole was refused
                _result(answers, "a batch")
            by_id = {item.get("id"): item for item in answers if isinstance(item, dict)}
            for request in requests:
                try:
                    yield _result(by_id.get(request["id"]), request["method"])
                except NodeRefused as refusal:
                    yield refusal

    def _exchange(self, payload: Any, *, again: bool) -> Any:
        body = json.dumps(payload, separators=(",", ":")).encode()
        with self._lock:
            if not again and time.monotonic() - self._used > IDLE:
                self._connection.close()
            try:
                status, text = self._post(body)
            except NodeTimeout:
                raise
            except NodeUnreachable:
                if not again:
                    raise
                status, text = self._post(body)
            self._used = time.monotonic()
        try:
            return json.loads(text)
        except ValueError:
            raise BadAnswer(f"{self.place} answers (HTTP {status}) but does not speak JSON-RPC.") from None

    def _post(self, body: bytes) -> tuple[int, bytes]:
        try:
            self._connection.request("POST", self._target, body, self._headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except TimeoutError:
            self._connection.close()
            raise NodeTimeout(f"The node at {self.place} does not answer in time.") from None
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise NodeUnreachable(f"No node answers at {self.place}: start it, or correct the address.") from None


def _result(answer: Any, method: str) -> Any:
    if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
        raise BadAnswer(f"The node's answer to {method} is not JSON-RPC.")
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    if not isinstance(error, dict):
        raise BadAnswer(f"The node's answer to {method} is not JSON-RPC.")
    message, code, data = (
        str(error.get("message", "")),
        int(error.get("code", 0)),
        _bytes_in(error.get("data")),
    )
    if code == 3 or "revert" in message.lower():
        raise Reverted(message, code, data)
    raise NodeRefused(message, code, data)


def _bytes_in(data: Any) -> bytes:
    """Revert data, wherever the node put it."""
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str):
        _, found, digits = data.rpartition("0x")
        if found:
            try:
                return bytes.fromhex(digits)
            except ValueError:
                pass
    return b""
