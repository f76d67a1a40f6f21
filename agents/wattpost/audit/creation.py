"""Whether the transaction that created a contract bears out what the deployment file says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from wattpost.audit.deployed import Contract
from wattpost.audit.hashing import keccak, minimal, rlp
from wattpost.audit.raw import Receipt, Transaction, hex_address

Difference: TypeAlias = "tuple[str, str, int | str, int | str]"  # rule, field, stated, found


def creation_differences(
    contract: Contract, others: Mapping[str, Contract], transaction: Transaction, receipt: Receipt, block_hash: str
) -> Iterator[Difference]:
    name = contract.name
    if block_hash != contract.block_hash:
        yield "deployment.block", f"{name} block hash", contract.block_hash, block_hash
    made = int.from_bytes(keccak(rlp([transaction.sender.to_bytes(20, "big"), minimal(transaction.nonce)]))[12:], "big")
    if made != contract.address or not receipt.ok:
        found = hex_address(made) if receipt.ok else "nothing: the creation failed"
        yield "deployment.address", f"{name} address", hex_address(contract.address), found
    size = 32 * len(contract.arguments)
    code, given = transaction.data[: len(transaction.data) - size], transaction.data[len(transaction.data) - size :]
    for index, (argument, stated) in enumerate(contract.arguments.items()):
        value = int.from_bytes(given[32 * index : 32 * index + 32], "big")
        if value != stated:
            yield "deployment.arguments", f"{name} {argument}", stated, value
    fixed = fixed_values(contract, others)
    runtime = runtime_in(code, 32 * len(fixed))
    if runtime is not None:
        behind = b"".join(value.to_bytes(32, "big") for value in fixed)
        hashed = "0x" + keccak(runtime + behind).hex()
        if hashed != contract.code_hash:
            yield "deployment.code", f"{name} code hash", contract.code_hash, hashed


def fixed_values(contract: Contract, others: Mapping[str, Contract]) -> list[int]:
    """What stands behind the code of a deployed contract, in order: what its constructor fixed."""
    said = contract.arguments
    if contract.name == "Bytecoin":
        return [said["supply"]]
    periods = (said if contract.name == "Registry" else others["Registry"].arguments)["periods"]
    words = (periods + 4) // 4
    counted = [periods, words, 64 * (periods + 5 - 4 * words)]
    if contract.name == "Registry":
        return counted
    order = ("window", "patience", "bytecoin", "meter", "kappa", "efficiency", "first_gas", "registry", "dust_account")
    return [*counted, *(said[name] for name in order)]


def runtime_in(code: bytes, fixed: int) -> bytes | None:
    """The part of creation code that stays on chain, by the note that the compiler leaves at its end.

    The note is a CBOR list: a hash of the sources, the size of the runtime code, the sizes of its data sections, the
    bytes of fixed values behind it, and the compiler. None where there is no such note or the fixed values differ.
    """
    note = code[-int.from_bytes(code[-2:], "big") : -2]
    try:
        items, _ = _cbor(note, 0)
        _, size, _, behind, _ = items
        if not isinstance(size, int) or behind != fixed:
            return None
    except (IndexError, TypeError, ValueError):
        return None
    end = len(code) - len(note) - 2
    return code[end - size : end] if 0 < size <= end else None


def _cbor(data: bytes, at: int) -> tuple[list[object], int]:
    """A CBOR list of numbers, texts, lists and maps, flat below; only what compilers write."""
    kind, count, at = _head(data, at)
    if kind != 4:
        raise ValueError("not a list")
    items: list[object] = []
    for _ in range(count):
        item, at = _item(data, at)
        items.append(item)
    return items, at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    kind, value = data[at] >> 5, data[at] & 31
    if value < 24:
        return kind, value, at + 1
    if value > 27:
        raise ValueError("of no stated length")
    size = 1 << (value - 24)
    return kind, int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _item(data: bytes, at: int) -> tuple[object, int]:
    kind, count, start = _head(data, at)
    if kind == 0:
        return count, start
    if kind in (2, 3):
        return data[start : start + count], start + count
    if kind == 4:
        return _cbor(data, at)
    if kind == 5:
        for _ in range(2 * count):
            _, start = _item(data, start)
        return None, start
    raise ValueError("of another kind")
