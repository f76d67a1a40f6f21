"""Blocks, transactions and receipts as a node gave them, read into plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


class Unreadable(Exception):
    """The data cannot be read, or part of it is missing; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Log:
    address: int
    topics: tuple[int, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    hash: str
    kind: int
    sender: int
    to: int | None
    nonce: int
    value: int
    gas: int
    data: bytes
    raw: Json


@dataclass(frozen=True, slots=True)
class Receipt:
    ok: bool
    gas_used: int
    cumulative: int
    contract: int | None
    logs: tuple[Log, ...]
    raw: Json


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    hash: str
    parent: str
    timestamp: int
    gas_used: int
    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    raw: Json


def quantity(text: Any) -> int:
    """A whole number as JSON-RPC writes it."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{text!r} is not a quantity")
    return int(text, 16)


def content(text: str) -> bytes:
    """Bytes as JSON-RPC writes them."""
    return bytes.fromhex(text[2:])


def address_in(text: str | None) -> int | None:
    return None if not text else quantity(text)


def hex_address(number: int) -> str:
    return f"0x{number:040x}"


def read_block(block: Json, receipts: list[Json]) -> Block:
    """A block with its receipts; raises Unreadable where something is missing or is not what it should be."""
    try:
        transactions = tuple(map(_transaction, block["transactions"]))
        number = quantity(block["number"])
        if len(transactions) != len(receipts):
            raise Unreadable(f"Block {number} has {len(transactions)} transactions and {len(receipts)} receipts.")
        return Block(
            number=number,
            hash=block["hash"].lower(),
            parent=block["parentHash"].lower(),
            timestamp=quantity(block["timestamp"]),
            gas_used=quantity(block["gasUsed"]),
            transactions=transactions,
            receipts=tuple(map(_receipt, receipts)),
            raw=block,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = block.get("number") if isinstance(block, dict) else "?"
        raise Unreadable(f"Block {where} is not a block with transactions and receipts: {error!r}.") from None


def _transaction(raw: Json) -> Transaction:
    return Transaction(
        hash=raw["hash"].lower(),
        kind=quantity(raw.get("type") or "0x0"),
        sender=quantity(raw["from"]),
        to=address_in(raw.get("to")),
        nonce=quantity(raw["nonce"]),
        value=quantity(raw["value"]),
        gas=quantity(raw["gas"]),
        data=content(raw.get("input") or raw["data"]),
        raw=raw,
    )


def _receipt(raw: Json) -> Receipt:
    logs = tuple(
        Log(quantity(log["address"]), tuple(map(quantity, log["topics"])), content(log["data"])) for log in raw["logs"]
    )
    if quantity(raw["status"]) not in (0, 1):
        raise ValueError("a status is 0 or 1")
    return Receipt(
        ok=quantity(raw["status"]) == 1,
        gas_used=quantity(raw["gasUsed"]),
        cumulative=quantity(raw["cumulativeGasUsed"]),
        contract=address_in(raw.get("contractAddress")),
        logs=logs,
        raw=raw,
    )
