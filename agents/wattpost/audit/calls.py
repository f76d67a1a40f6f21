"""Call data: which function a transaction calls, and with what.

Reading follows the EVM: what lies beyond the end of the data is zero. Data that a careful encoder would not have
written is read as well as it can be and marked, for what a contract does with it is not stated anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from wattpost.audit.chains import PADDING
from wattpost.audit.hashing import keccak

Argument: TypeAlias = "int | list[int] | bytes"

WORD = 32

MARKET_FUNCTIONS = (
    "deposit(uint256)",
    "deposit_with_permit(uint256,uint256,uint8,bytes32,bytes32)",
    "withdraw(uint256)",
    "submit(uint256,uint256,bytes)",
    "relay(uint256,uint256,uint256)",
    "admit(address,uint256,bool,uint256)",
    "meter(uint256,uint256,uint256,uint256,uint256[],bool)",
    "open()",
    "clear(uint256,uint256,uint256)",
    "close(uint256,uint256,bytes32,uint256)",
    "produce(uint256,uint256,bytes32,uint256)",
    "settle(uint256,uint256,uint256,bytes32,uint256)",
    "end_unmetered(uint256)",
)
MARKET_VIEWS = (
    "rules()",
    "today()",
    "account_of(address)",
    "balance_of(address)",
    "heads()",
    "owed()",
)
REGISTRY_FUNCTIONS = (
    "register_standard(address,uint256,uint256)",
    "register_producer(address,uint256,uint256,uint256,uint256,uint256)",
    "set_profile(uint256,uint256[3])",
    "offer_registrar(address)",
    "accept_registrar()",
    "bind()",
)
REGISTRY_VIEWS = (
    "market()",
    "registrar()",
    "next_registrar()",
    "endowment_of(address)",
    "total_endowment()",
    "total_capacity()",
    "plant_of(address)",
    "profile_of(uint256)",
    "within_capacity(address,uint256[13])",
    "run(address,uint256[13],uint256[13],uint256)",
    "inputs_for(uint256,uint256,uint256)",
    "output_from(uint256,uint256,uint256)",
)
TOKEN_FUNCTIONS = (
    "transfer(address,uint256)",
    "transferFrom(address,address,uint256)",
    "approve(address,uint256)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
)
TOKEN_VIEWS = (
    "name()",
    "symbol()",
    "decimals()",
    "version()",
    "totalSupply()",
    "balanceOf(address)",
    "allowance(address,address)",
    "nonces(address)",
    "DOMAIN_SEPARATOR()",
)
# Whose call data must be whole and nothing more: agents' bids, and calls whose gas all share.
EXACT = frozenset(("open", "submit", "meter", "end_unmetered"))
# Records stand behind their arguments, and zeros behind those; whether they are whole depends on the market's periods.
WITH_RECORDS = frozenset(("relay", "clear", "close", "produce", "settle"))
# The longest list, or bytes, that a function takes.
LONGEST = {"submit": 928, "meter": 256}


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    types: tuple[str, ...]
    view: bool


@dataclass(frozen=True, slots=True)
class Decoded:
    """`arguments` of a call with records end with what stands behind the others, as bytes."""

    name: str
    arguments: tuple[Argument, ...]
    view: bool
    canonical: bool = True  # as a careful encoder writes it
    whole: bool = True  # of the size that its lists make it


class Malformed(Exception):
    """Call data that every contract refuses."""


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


def _table(functions: tuple[str, ...], views: tuple[str, ...]) -> dict[bytes, Function]:
    table = {}
    for signature in functions + views:
        name, _, rest = signature.partition("(")
        types = tuple(filter(None, rest[:-1].split(",")))
        table[selector(signature)] = Function(name, types, signature in views)
    return table


MARKET_TABLE = _table(MARKET_FUNCTIONS, MARKET_VIEWS)
REGISTRY_TABLE = _table(REGISTRY_FUNCTIONS, REGISTRY_VIEWS)
TOKEN_TABLE = _table(TOKEN_FUNCTIONS, TOKEN_VIEWS)


def decode(data: bytes, table: dict[bytes, Function]) -> Decoded:
    """Raises Malformed for what no contract takes."""
    function = table.get(data[:4])
    if len(data) < 4 or function is None:
        raise Malformed("the contract has no such function")
    body = data[4:]
    head = WORD * sum(map(_words, function.types))
    if len(body) < head:
        raise Malformed("its call data is too short")
    arguments: list[Argument] = []
    at, tail, canonical = 0, head, True
    for kind in function.types:
        word = _word(body, at)
        if kind == "bytes" or kind.endswith("[]"):
            canonical &= word == tail
            value, size = _listed(function.name, kind, body, word)
            arguments.append(value)
            tail += size
        elif kind.endswith("]"):
            arguments.append([_word(body, at + WORD * i) for i in range(_words(kind))])
        else:
            _check(kind, word)
            arguments.append(word)
        at += WORD * _words(kind)
    if function.name in WITH_RECORDS:
        return Decoded(function.name, (*arguments, body[head:]), function.view)
    whole = len(body) == tail
    return Decoded(function.name, tuple(arguments), function.view, canonical and whole, whole)


def _listed(name: str, kind: str, body: bytes, start: int) -> tuple[Argument, int]:
    """A list or bytes that stand at `start`, and how much of the data they take."""
    length = _word(body, start)
    if length > LONGEST[name]:
        raise Malformed("it holds too long a list")
    if kind == "bytes":
        return body[start + WORD : start + WORD + length].ljust(length, b"\0"), WORD * (1 + -(-length // WORD))
    return [_word(body, start + WORD * (i + 1)) for i in range(length)], WORD * (length + 1)


def records(tail: bytes, words: int) -> list[int] | None:
    """So many words that stand behind a call's arguments, with zeros behind them; None if anything else does."""
    if len(tail) != WORD * words + PADDING or any(tail[WORD * words :]):
        return None
    return [_word(tail, WORD * i) for i in range(words)]


def _words(kind: str) -> int:
    return int(kind[8:-1]) if kind[-1] == "]" and kind[-2] != "[" else 1


def _word(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + WORD].ljust(WORD, b"\0"), "big")


def _check(kind: str, word: int) -> None:
    if kind == "address" and word >> 160:
        raise Malformed("an address in it is too long")
    if kind == "uint8" and word >> 8:
        raise Malformed("a byte in it is too long")
    if kind == "bool" and word >> 1:
        raise Malformed("a flag in it is neither true nor false")
