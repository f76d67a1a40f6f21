"""Events: how the contracts write them, so that an expected one and a found one can be compared byte by byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wattpost.audit.hashing import keccak
from wattpost.audit.raw import Log, hex_address

Value: TypeAlias = "int | Sequence[int]"

WORD = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    indexed: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """How an event is laid out; `head` bytes of its data stand before any list."""

    name: str
    fields: tuple[Field, ...]
    topic: int
    indexed: int
    head: int


@dataclass(frozen=True, slots=True)
class Event:
    """An event that the rules call for; values in the order of its fields."""

    source: int
    name: str
    values: tuple[Value, ...]


def _words(kind: str) -> int:
    return int(kind[8:-1]) if kind[-1] == "]" and kind[-2] != "[" else 1


def _shape(text: str) -> Shape:
    """`Name: kind name, kind name!, ...` where ! marks an indexed field; words `behind` the declared ones end it."""
    name, _, rest = text.partition(": ")
    fields = []
    for part in rest.split(", "):
        kind, field = part.split(" ")
        fields.append(Field(field.rstrip("!"), kind, field.endswith("!")))
    signature = f"{name}({','.join(field.kind for field in fields if field.kind != 'behind')})"
    head = 32 * sum(_words(field.kind) for field in fields if not field.indexed and field.kind != "behind")
    topic = int.from_bytes(keccak(signature.encode()), "big")
    return Shape(name, tuple(fields), topic, sum(field.indexed for field in fields), head)


_SHAPES = [
    _shape(text)
    for text in (
        "Transfer: address sender!, address receiver!, uint256 value",
        "Approval: address owner!, address spender!, uint256 value",
        "RegistrarOffered: address registrar!, address successor!",
        "RegistrarChanged: address former!, address registrar!",
        "ProfileSet: uint256 profile!, uint256[3] parts",
        "StandardRegistered: address agent!, uint256 endowment, uint256 store",
        "ProducerRegistered: address agent!, uint256 theta, uint256 c, uint256 capacity, uint256 profile, "
        "uint256 store",
        "Deposited: address account!, uint256 money",
        "Withdrawn: address account!, uint256 money",
        "DayOpened: uint256 day!, uint256 opened, uint256 deadline",
        "Submitted: uint256 day!, bytes32 owner, behind words",
        "Relayed: uint256 day!, uint256 standard, uint256 producers",
        "Skipped: uint256 day!, address agent!, uint256 place, string reason",
        "PieceClosed: uint256 day!, uint256 piece!, uint256 kind, bytes32 prior, bytes32 end",
        "DayClosed: uint256 day!, uint256 submissions, uint256 producers, uint256[13] bids, uint256[13] offers",
        "PlantRun: uint256 day!, address agent!, uint256 inputs_bought, uint256 inputs_used, uint256 fraction",
        "DayProduced: uint256 day!, uint256[13] delivered",
        "Settled: uint256 day!, uint256 kind, uint256 first, uint256[] outcomes",
        "DaySettled: uint256 day!, uint256 settled, uint256 dust_money, uint256 dust_energy, uint256 dust_good",
        "Readings: uint256 day!, uint256 share, uint256 relayed, uint256[] readings",
        "DayMetered: uint256 day!, uint256 share, uint256 relayed, uint256 carried, bool silent",
    )
]
SHAPES = {shape.name: shape for shape in _SHAPES}
BY_TOPIC = {shape.topic: shape for shape in _SHAPES}


def encode(event: Event) -> Log:
    """The log that a contract writes for an event; what no word can hold wraps around, as in the EVM."""
    shape = SHAPES[event.name]
    topics, head, tail = [shape.topic], [], b""
    for field, value in zip(shape.fields, event.values, strict=True):
        if isinstance(value, int):
            if field.indexed:
                topics.append(value & WORD)
            else:
                head.append(_bytes(value))
        elif isinstance(value, bytes):
            head.append((shape.head + len(tail)).to_bytes(32, "big"))
            tail += len(value).to_bytes(32, "big") + value + bytes(-len(value) % 32)
        elif field.kind.endswith("[]"):
            head.append((shape.head + len(tail)).to_bytes(32, "big"))
            tail += b"".join(map(_bytes, (len(value), *value)))
        else:
            head.extend(map(_bytes, value))
    return Log(event.source, tuple(topics), b"".join(head) + tail)


def decode(log: Log) -> tuple[Shape, tuple[Value, ...]] | None:
    """The fields of a log, or None if it is no event that these contracts write."""
    shape = BY_TOPIC.get(log.topics[0]) if log.topics else None
    if shape is None or len(log.topics) != 1 + shape.indexed:
        return None
    if len(log.data) < shape.head:
        return None
    topics, at = iter(log.topics[1:]), 0
    values: list[Value] = []
    for field in shape.fields:
        if field.indexed:
            values.append(next(topics))
        elif field.kind == "behind":
            values.append([_word(log.data, i) for i in range(at, len(log.data), 32)])
        elif field.kind == "string" or field.kind.endswith("[]"):
            start = _word(log.data, at)
            length = _word(log.data, start)
            unit = 1 if field.kind == "string" else 32
            if start + 32 + unit * length > len(log.data):
                return None
            body = log.data[start + 32 : start + 32 + unit * length]
            values.append(body if unit == 1 else [_word(body, i) for i in range(0, len(body), 32)])
            at += 32
        elif _words(field.kind) > 1:
            values.append([_word(log.data, at + 32 * i) for i in range(_words(field.kind))])
            at += 32 * _words(field.kind)
        else:
            values.append(_word(log.data, at))
            at += 32
    return shape, tuple(values)


def shown(kind: str, value: Value) -> int | str:
    """A value as a verdict prints it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, int):
        return "[" + ", ".join(map(str, value)) + "]"
    if kind == "address":
        return hex_address(value)
    return f"0x{value:064x}" if kind == "bytes32" else value


def _bytes(value: int) -> bytes:
    return (value & WORD).to_bytes(32, "big")


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 32].ljust(32, b"\0"), "big")
