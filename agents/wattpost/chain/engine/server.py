"""A small HTTP server for JSON-RPC, on loopback only, one thread a connection.

Reads just enough of HTTP/1.1 for keep-alive POST; the standard http.server spends more time on headers than
the chain spends on most answers.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

from wattpost.chain.engine.base import EngineError

LIMIT = 16 * 2**20  # bytes in one request
Method = Callable[[list[Any]], Any]


class MethodError(Exception):
    """Becomes the error object of an answer."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.error: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


class Server:
    def __init__(self, methods: dict[str, Method], port: int = 0) -> None:
        self._methods = methods
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OverflowError:
            self._socket.close()
            raise EngineError(f"{port} is not a port: give a number from 0 to 65535.") from None
        except OSError as error:
            self._socket.close()
            raise EngineError(f"Port {port} cannot be used ({error.strerror}): choose another one.") from None
        self._socket.listen(1024)
        self.port: int = self._socket.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, name="rpc", daemon=True).start()

    def close(self) -> None:
        """Hangs up on everybody; a client sees a dead node."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            open_now = [self._socket, *self._open]
        for connection in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while (body := _read_request(stream)) is not None:
                answer = self._answer(body)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                connection.sendall(head + str(len(answer)).encode() + b"\r\n\r\n" + answer)
        with self._lock:
            self._open.discard(connection)

    def _answer(self, body: bytes) -> bytes:
        try:
            payload = json.loads(body)
        except ValueError:
            return json.dumps(_failure(None, -32700, "parse error")).encode()
        if isinstance(payload, list):
            answer: Any = [self._one(request) for request in payload]
            if not answer:
                answer = _failure(None, -32600, "empty batch")
        else:
            answer = self._one(payload)
        return json.dumps(answer, separators=(",", ":")).encode()

    def _one(self, request: Any) -> dict[str, Any]:
        if not isinstance(request, dict) or not isinstance(request.get("params", []), list):
            return _failure(None, -32600, "invalid request")
        number, name = request.get("id"), request.get("method")
        method = self._methods.get(name) if isinstance(name, str) else None
        if method is None:
            return _failure(number, -32601, f"the method {name} does not exist here")
        try:
            return {"jsonrpc": "2.0", "id": number, "result": method(request.get("params", []))}
        except MethodError as error:
            return {"jsonrpc": "2.0", "id": number, "error": error.error}
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            return _failure(number, -32602, f"invalid params: {error}")
        except Exception as error:
            return _failure(number, -32603, f"{type(error).__name__}: {error}")


def _failure(number: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def _read_request(stream: Any) -> bytes | None:
    """The body of the next POST; None when the client is gone or does not speak HTTP."""
    line = stream.readline(1024)
    if not line.startswith(b"POST "):
        return None
    length = 0
    while (line := stream.readline(8192)) not in (b"\r\n", b"\n"):
        if not line:
            return None
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value) if value.strip().isdigit() else -1
    if not 0 < length <= LIMIT:
        return None
    body: bytes = stream.read(length)
    return body if len(body) == length else None
