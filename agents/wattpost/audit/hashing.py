"""Keccak, RLP and the tries that block headers commit to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

try:
    from sha3 import keccak_256 as _sponge  # type: ignore[import-untyped]
except ImportError:  # pragma: no cover - depends on what else is installed
    from Crypto.Hash import keccak as _portable

    def keccak(data: bytes) -> bytes:
        """Keccak-256, the hash of Ethereum."""
        return _portable.new(digest_bits=256, data=data).digest()

else:

    def keccak(data: bytes) -> bytes:
        """Keccak-256, the hash of Ethereum."""
        digest: bytes = _sponge(data).digest()
        return digest


Item: TypeAlias = "bytes | Sequence[Item]"


def minimal(number: int) -> bytes:
    """A whole number as RLP wants it: big-endian, without leading zeros.

    >>> minimal(0), minimal(258)
    (b'', b'\\x01\\x02')
    """
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def rlp(item: Item) -> bytes:
    """Recursive length prefix.

    >>> rlp([b"cat", b""]).hex()
    'c58363617480'
    """
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    body = b"".join(map(rlp, item))
    return _prefix(len(body), 0xC0) + body


def _prefix(length: int, offset: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = minimal(length)
    return bytes([offset + 55 + len(size)]) + size


def ordered_root(values: Sequence[bytes]) -> bytes:
    """Root of the Merkle Patricia trie that maps rlp(0), rlp(1), ... to the values.

    >>> ordered_root([]).hex()[:8]
    '56e81f17'
    """
    if not values:
        return keccak(rlp(b""))
    pairs = sorted((_nibbles(rlp(minimal(index))), value) for index, value in enumerate(values))
    return keccak(rlp(_node(pairs, 0)))


def _nibbles(key: bytes) -> bytes:
    return bytes(half for byte in key for half in (byte >> 4, byte & 15))


def _path(nibbles: bytes, leaf: bool) -> bytes:
    flag = 2 * leaf
    padded = bytes([flag + 1]) + nibbles if len(nibbles) % 2 else bytes([flag, 0]) + nibbles
    return bytes(16 * high + low for high, low in zip(padded[::2], padded[1::2], strict=True))


def _node(pairs: Sequence[tuple[bytes, bytes]], depth: int) -> Item:
    """The node over sorted pairs that agree in their first `depth` nibbles; no key is another's prefix."""
    first, last = pairs[0][0], pairs[-1][0]
    if len(pairs) == 1:
        return [_path(first[depth:], True), pairs[0][1]]
    fork = depth
    while first[fork] == last[fork]:
        fork += 1
    if fork > depth:
        return [_path(first[depth:fork], False), _reference(_node(pairs, fork))]
    children: list[Item] = [b""] * 17
    start = 0
    while start < len(pairs):
        nibble, end = pairs[start][0][depth], start
        while end < len(pairs) and pairs[end][0][depth] == nibble:
            end += 1
        children[nibble] = _reference(_node(pairs[start:end], depth + 1))
        start = end
    return children


def _reference(node: Item) -> Item:
    encoded = rlp(node)
    return node if len(encoded) < 32 else keccak(encoded)
