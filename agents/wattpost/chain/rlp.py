"""Recursive length prefix: how Ethereum writes transactions down.

Twenty lines instead of an import that costs every agent process 0.15 s.
"""

from collections.abc import Sequence


def encode(item: object) -> bytes:
    """Bytes, whole numbers from zero, and lists of these.

    >>> encode([b"cat", 0, 1024]).hex()
    'c88363617480820400'
    """
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefix(len(item), 0x80) + item
    if isinstance(item, Sequence) and not isinstance(item, str):
        body = b"".join(map(encode, item))
        return _prefix(len(body), 0xC0) + body
    raise TypeError(f"RLP holds bytes, whole numbers and lists of these, not {type(item).__name__}.")


def _prefix(length: int, offset: int) -> bytes:
    if length < 56:
        return bytes((offset + length,))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((offset + 55 + len(size),)) + size
