"""Call data: which function a transaction calls, and with what.

Reading follows the EVM: what lies beyond the end of the data is zero. Data that a careful encoder would not have
written is read as well as it can be and marked, for what a contract does with it is not stated anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from wattpost.audit.hashing import keccak

Argument: TypeAlias = "int | list[int]"

WORD = 32

MARKET_FUNCTIONS = (
    "deposit(uint256)",
    "deposit_with_permit(uint256,uint256,uint8,bytes32,bytes32)",
    "withdraw(uint256)",
    "submit(uint256,uint256[],uint256[])",
    "register_standard(address,uint256)",
    "register_producer(address,uint256,uint256,uint256,uint256)",
    "set_profile(uint256,uint256[3])",
    "offer_registrar(address)",
    "accept_registrar()",
    "meter(uint256,uint256,uint256,uint256[])",
    "open()",
    "close(uint256,uint256,bytes32,uint256[])",
    "produce(uint256,uint256,bytes32,uint256[])",
    "settle(uint256,uint256,uint256,bytes32,uint256[])",
    "end_unmetered(uint256,address[])",
)
MARKET_VIEWS = (
    "rules()",
    "today()",
    "account_of(address)",
    "plant_of(address)",
    "profile_of(uint256)",
    "heads()",
    "owed()",
    "dust()",
    "registrar()",
    "next_registrar()",
    "total_endowment()",
    "total_capacity()",
    "endowment_of(address)",
    "total_bids(uint256)",
    "total_offers(uint256)",
    "total_delivered(uint256)",
    "fraction_of(address)",
    "arrears_of(address)",
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
EXACT = frozenset(("open", "submit", "close", "produce", "settle", "meter", "end_unmetered"))
# The longest list that a function takes.
LONGEST = {"submit": 13, "meter": 256, "end_unmetered": 256, "close": 1024, "produce": 1024, "settle": 1024}


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    types: tuple[str, ...]
    view: bool


@dataclass(frozen=True, slots=True)
class Decoded:
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
TOKEN_TABLE = _table(TOKEN_FUNCTIONS, TOKEN_VIEWS)


def decode(data: bytes, table: dict[bytes, Function]) -> Decoded:
    """Raises Malformed for what no contract takes."""
    function = table.get(data[:4])
    if len(data) < 4 or function is None:
        raise Malformed("the market has no such function")
    body = data[4:]
    if len(body) < sum(WORD * 3 if kind == "uint256[3]" else WORD for kind in function.types):
        raise Malformed("its call data is too short")
    arguments: list[Argument] = []
    at = 0
    tail = sum(WORD * 3 if kind == "uint256[3]" else WORD for kind in function.types)
    canonical = True
    for kind in function.types:
        if kind == "uint256[3]":
            arguments.append([_word(body, at + WORD * i) for i in range(3)])
            at += 3 * WORD
            continue
        word = _word(body, at)
        at += WORD
        if kind.endswith("[]"):
            canonical &= word == tail
            length = _word(body, word)
            if length > LONGEST[function.name]:
                raise Malformed("it holds too long a list")
            items = [_word(body, word + WORD * (i + 1)) for i in range(length)]
            for item in items:
                _check(kind[:-2], item)
            arguments.append(items)
            tail += WORD * (length + 1)
        else:
            _check(kind, word)
            arguments.append(word)
    whole = len(body) == tail
    return Decoded(function.name, tuple(arguments), function.view, canonical and whole, whole)


def _word(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + WORD].ljust(WORD, b"\0"), "big")


def _check(kind: str, word: int) -> None:
    if kind == "address" and word >> 160:
        raise Malformed("an address in it is too long")
    if kind == "uint8" and word >> 8:
        raise Malformed("a byte in it is too long")
