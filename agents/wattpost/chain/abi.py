"""Arguments and results of contract calls, as the contract ABI writes them.

Covers what Vyper can declare: whole numbers, bool, address, bytesN, bytes, string, arrays of both kinds and
tuples. A value outside its type is refused, never wrapped. Written here because importing eth_abi costs an
agent process 0.15 s; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from wattpost.chain.keccak import keccak


class AbiError(ValueError):
    """A value does not fit the type that the contract declares."""


def selector(signature: str) -> bytes:
    """
    >>> selector("transfer(address,uint256)").hex()
    'a9059cbb'
    """
    return keccak(signature.encode())[:4]


def type_of(entry: Mapping[str, Any]) -> str:
    """The canonical type of one `inputs` or `outputs` entry of a JSON ABI, tuples spelt out."""
    kind = str(entry["type"])
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(map(type_of, entry["components"])) + ")" + kind[len("tuple") :]


def signature_of(entry: Mapping[str, Any]) -> str:
    """`name(type,type)` of a function, event or error of a JSON ABI."""
    return f"{entry['name']}({','.join(map(type_of, entry['inputs']))})"


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """The values, one after another, as call data without its selector."""
    if len(types) != len(values):
        raise AbiError(f"{len(types)} values are due, {len(values)} were given.")
    heads, tails = [], []
    offset = sum(_head_size(kind) for kind in types)
    for kind, value in zip(types, values, strict=True):
        data = _encode_one(kind, value)
        if _is_dynamic(kind):
            heads.append(offset.to_bytes(32, "big"))
            tails.append(data)
            offset += len(data)
        else:
            heads.append(data)
    return b"".join(heads + tails)


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """What `encode` made `data` from; addresses come back as lower-case hex, bytes as bytes."""
    return _decode_sequence(types, memoryview(data), 0)


def _encode_one(kind: str, value: Any) -> bytes:
    element, length = _array(kind)
    if element:
        items = list(value)
        if length is not None and len(items) != length:
            raise AbiError(f"{kind} takes {length} items, {len(items)} were given.")
        body = encode([element] * len(items), items)
        return body if length is not None else len(items).to_bytes(32, "big") + body
    if kind.startswith("("):
        return encode(members(kind), tuple(value))
    if kind in ("bytes", "string"):
        raw = value.encode() if kind == "string" else bytes(value)
        return len(raw).to_bytes(32, "big") + raw + bytes(-len(raw) % 32)
    if kind == "address":
        raw = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
        if len(raw) != 20:
            raise AbiError(f"An address has 20 bytes, not {len(raw)}.")
        return raw.rjust(32, b"\0")
    if kind.startswith("bytes"):
        raw = bytes(value)
        if len(raw) != int(kind[5:]):
            raise AbiError(f"{kind} takes {kind[5:]} bytes, {len(raw)} were given.")
        return raw.ljust(32, b"\0")
    return _encode_number(kind, value)


def _encode_number(kind: str, value: Any) -> bytes:
    if isinstance(value, float) or not hasattr(value, "__index__"):
        raise AbiError(f"{kind} takes a whole number, not {value!r}.")
    number = int(value)
    low, high = _bounds(kind)
    if not low <= number <= high:
        raise AbiError(f"{number} does not fit {kind}.")
    return number.to_bytes(32, "big", signed=number < 0)


@lru_cache(maxsize=256)
def _bounds(kind: str) -> tuple[int, int]:
    if kind == "bool":
        return 0, 1
    if kind.startswith("uint"):
        return 0, 2 ** int(kind[4:]) - 1
    if kind.startswith("int"):
        half: int = 2 ** (int(kind[3:]) - 1)
        return -half, half - 1
    raise AbiError(f"{kind} is not a type of the contract ABI.")


def _decode_sequence(types: Sequence[str], data: memoryview, start: int) -> tuple[Any, ...]:
    values, head = [], start
    for kind in types:
        if _is_dynamic(kind):
            values.append(_decode_one(kind, data, start + _word(data, head)))
        else:
            values.append(_decode_one(kind, data, head))
        head += _head_size(kind)
    return tuple(values)


def _decode_one(kind: str, data: memoryview, at: int) -> Any:
    element, length = _array(kind)
    if element:
        if length is None:
            length, at = _word(data, at), at + 32
            if length * _head_size(element) > len(data) - at:
                raise AbiError(f"{kind} promises {length} items and ends early.")
        return list(_decode_sequence([element] * length, data, at))
    if kind.startswith("("):
        return _decode_sequence(members(kind), data, at)
    if kind in ("bytes", "string"):
        size = _word(data, at)
        raw = bytes(data[at + 32 : at + 32 + size])
        if len(raw) != size:
            raise AbiError(f"{kind} promises {size} bytes and ends early.")
        return raw.decode(errors="replace") if kind == "string" else raw
    word = _word(data, at)
    if kind == "address":
        return f"0x{word:040x}"
    if kind == "bool":
        return bool(word)
    if kind.startswith("bytes"):
        return bytes(data[at : at + int(kind[5:])])
    low, high = _bounds(kind)
    return word - 2**256 if low < 0 and word > high else word


def _word(data: memoryview, at: int) -> int:
    if at + 32 > len(data):
        raise AbiError(f"The answer has {len(data)} bytes and should have {at + 32} or more.")
    return int.from_bytes(data[at : at + 32], "big")


@lru_cache(maxsize=256)
def _array(kind: str) -> tuple[str, int | None]:
    """Element type and fixed length of an array type; an empty element for everything else."""
    if not kind.endswith("]"):
        return "", None
    element, _, size = kind[:-1].rpartition("[")
    return element, int(size) if size else None


@lru_cache(maxsize=256)
def members(kind: str) -> tuple[str, ...]:
    inner, depth, start, members = kind[1:-1], 0, 0, []
    for place, sign in enumerate(inner):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            members.append(inner[start:place])
            start = place + 1
    return (*members, inner[start:]) if inner else ()


@lru_cache(maxsize=256)
def _is_dynamic(kind: str) -> bool:
    element, length = _array(kind)
    if element:
        return length is None or _is_dynamic(element)
    if kind.startswith("("):
        return any(map(_is_dynamic, members(kind)))
    return kind in ("bytes", "string")


@lru_cache(maxsize=256)
def _head_size(kind: str) -> int:
    if _is_dynamic(kind):
        return 32
    element, length = _array(kind)
    if element:
        return (length or 0) * _head_size(element)
    return sum(map(_head_size, members(kind))) if kind.startswith("(") else 32
