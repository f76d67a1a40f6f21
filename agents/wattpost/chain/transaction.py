"""Transactions of type 2 (EIP-1559): written, signed, hashed."""

from __future__ import annotations

from dataclasses import dataclass

from wattpost.chain import rlp
from wattpost.chain.keccak import keccak
from wattpost.chain.keys import Key

Access = tuple[tuple[bytes, tuple[bytes, ...]], ...]  # accounts, each with slots of its storage (EIP-2930)

LISTED_ADDRESS, LISTED_KEY = 2_400, 1_900  # gas of each

MAX_GAS = 2**24 - 1  # EIP-7825 caps a transaction at 2^24; staying below keeps us legal on later forks


def floor_gas(data: bytes) -> int:
    """The least that a transaction with this call data costs whatever it does (EIP-7623).

    >>> floor_gas(b""), floor_gas(bytes(3) + b"abc")
    (21000, 21150)
    """
    return 21_000 + 10 * (4 * len(data) - 3 * data.count(0))


def calldata_gas(data: bytes) -> int:
    """What a transaction pays for its call data before it does anything.

    >>> calldata_gas(bytes(3) + b"abc")
    60
    """
    return 16 * len(data) - 12 * data.count(0)


def access_gas(access: Access) -> int:
    """What a transaction pays for its access list.

    >>> access_gas(((bytes(20), (bytes(32),)),))
    4300
    """
    return sum(LISTED_ADDRESS + LISTED_KEY * len(slots) for _, slots in access)


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction ready to send. Sending it twice is harmless: it can run only once."""

    raw: bytes
    hash: str
    nonce: int
    sender: str


def sign(
    key: Key,
    *,
    chain_id: int,
    nonce: int,
    to: str | None,
    data: bytes,
    gas: int,
    max_fee: int,
    tip: int,
    value: int = 0,
    access: Access = (),
) -> Signed:
    """`to` None creates a contract."""
    target = bytes.fromhex(to[2:]) if to else b""
    listed = [[address, list(slots)] for address, slots in access]
    fields = [chain_id, nonce, tip, max_fee, gas, target, value, data, listed]
    signature = key.sign(keccak(b"\x02" + rlp.encode(fields)))
    raw = b"\x02" + rlp.encode([*fields, *signature])
    return Signed(raw, "0x" + keccak(raw).hex(), nonce, key.address)


def contract_address(sender: str, nonce: int) -> str:
    """Where the contract that `sender` creates with `nonce` will be.

    >>> contract_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", 1)
    '0x343c43a37d37dff08ae8c4a11544c718abb4fcf8'
    """
    return "0x" + keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:].hex()
