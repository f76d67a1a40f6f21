"""Where the blocks come from: an archive file or a node, one block at a time."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattpost.audit.raw import Block, Unreadable, content, quantity, read_block

FORMAT = "wattpost-chain"
BATCH = 20  # blocks asked for at once


@dataclass(slots=True)
class Archive:
    """`chain.jsonl.gz`: a line that says what it is, a line for each block, and a line that ends it."""

    path: Path
    chain_id: int = 0
    ended: bool = False  # the file says that it is whole

    def blocks(self) -> Iterator[Block]:
        """Raises Unreadable where the file breaks off, skips a block or is not what it says."""
        last: Block | None = None
        try:
            with gzip.open(self.path, "rt", encoding="utf-8") as file:
                self._read_title(file.readline())
                for number, line in enumerate(file, 2):
                    entry = self._entry(line, number)
                    if "end" in entry and not self.ended:
                        self._check_end(entry["end"], last)
                        continue
                    if self.ended:
                        raise Unreadable(f"{self.path.name} goes on after its end, in line {number}.")
                    block = read_block(entry.get("block") or {}, entry.get("receipts") or [])
                    if last is not None and block.number != last.number + 1:
                        raise Unreadable(f"Block {last.number + 1} is missing: block {block.number} stands there.")
                    last = block
                    yield block
        except EOFError:
            raise Unreadable(f"{self.path.name} was cut off.") from None
        except (zlib.error, gzip.BadGzipFile, UnicodeDecodeError):
            raise Unreadable(f"{self.path.name} is damaged.") from None
        except OSError as error:
            raise Unreadable(f"{self.path.name} cannot be read: {error.strerror}.") from None
        if last is None:
            raise Unreadable(f"{self.path.name} holds no block.")
        if not self.ended:
            raise Unreadable(f"{self.path.name} was cut off: it ends at block {last.number} and does not say so.")

    def damaged(self) -> bool:
        """Whether the file fails its own check sum, so that nothing in it can be held against anybody."""
        try:
            with gzip.open(self.path, "rb") as file:
                while file.read(1 << 20):
                    pass
        except (zlib.error, gzip.BadGzipFile):
            return True
        except (OSError, EOFError):
            return False
        return False

    def _read_title(self, line: str) -> None:
        title = self._entry(line, 1)
        if title.get("format") != FORMAT:
            raise Unreadable(f"{self.path.name} is not a chain archive.")
        if title.get("version") != 1:
            raise Unreadable(f"{self.path.name} has version {title.get('version')}, and this auditor reads 1.")
        if not isinstance(title.get("chain_id"), int):
            raise Unreadable(f"{self.path.name} does not say which chain it is of.")
        self.chain_id = title["chain_id"]

    def _entry(self, line: str, number: int) -> dict[str, Any]:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            raise Unreadable(f"Line {number} of {self.path.name} is damaged or was cut off.")
        return entry

    def _check_end(self, end: Any, last: Block | None) -> None:
        self.ended = True
        if last is None or not isinstance(end, dict) or end.get("block") != last.number or end.get("hash") != last.hash:
            raise Unreadable(f"{self.path.name} does not hold the blocks up to the one that its end names.")


@dataclass(slots=True)
class Node:
    """A node by its address, over JSON-RPC."""

    url: str
    chain_id: int = 0
    head: int = 0
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        """Results in order; None for what the node refuses."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreadable("The node's address must look like http://host:port.")
        if self._connection is None:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._connection = kind(parts.hostname, parts.port, timeout=60)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = json.dumps(
            [{"jsonrpc": "2.0", "id": i, "method": name, "params": params} for i, (name, params) in enumerate(calls)]
        )
        try:
            self._connection.request("POST", target, body, {"Content-Type": "application/json"})
            answers = json.loads(self._connection.getresponse().read())
            by_id = {answer["id"]: answer.get("result") for answer in answers}
            return [by_id[i] for i in range(len(calls))]
        except (OSError, http.client.HTTPException):
            raise Unreadable(f"No node answers at {parts.hostname}:{parts.port}.") from None
        except (ValueError, TypeError, KeyError):
            raise Unreadable(f"What answers at {parts.hostname}:{parts.port} does not speak JSON-RPC.") from None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def prepare(self) -> None:
        chain_id, head = self.ask([("eth_chainId", []), ("eth_blockNumber", [])])
        self.chain_id, self.head = quantity(chain_id), quantity(head)

    def block_hash(self, number: int) -> str | None:
        (block,) = self.ask([("eth_getBlockByNumber", [hex(number), False])])
        return str(block["hash"]).lower() if block else None

    def code(self, address: str) -> bytes | None:
        (answer,) = self.ask([("eth_getCode", [address, hex(self.head)])])
        return None if answer is None else content(answer)

    def view(self, calls: list[tuple[str, bytes]]) -> list[bytes | None]:
        """What contracts answer at the audited head; None where the node refuses."""
        asked = [("eth_call", [{"to": to, "data": "0x" + data.hex()}, hex(self.head)]) for to, data in calls]
        return [None if answer is None else content(answer) for answer in self.ask(asked)]

    def blocks(self, first: int) -> Iterator[Block]:
        """From `first` to the head that `prepare` found."""
        for start in range(first, self.head + 1, BATCH):
            numbers = range(start, min(start + BATCH, self.head + 1))
            answers = self.ask(
                [("eth_getBlockByNumber", [hex(number), True]) for number in numbers]
                + [("eth_getBlockReceipts", [hex(number)]) for number in numbers]
            )
            blocks, receipts = answers[: len(numbers)], answers[len(numbers) :]
            for number, block, held in zip(numbers, blocks, receipts, strict=True):
                if block is None:
                    raise Unreadable(f"The node no longer has block {number}.")
                if held is None:
                    held = self.ask([("eth_getTransactionReceipt", [tx["hash"]]) for tx in block["transactions"]])
                    if None in held:
                        raise Unreadable(f"The node does not have the receipts of block {number}.")
                yield read_block(block, held)
