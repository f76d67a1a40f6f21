"""Readings as the meter posts them: what submissions used beyond what the market saw, nine places to a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

LANES = 9
LANE_BITS = 24
MOST = 2**LANE_BITS - 1
_SLOT = LANES * LANE_BITS


def pack(kind: int, beyond: Sequence[int]) -> list[int]:
    """Words for the submissions of a kind, in their order; words that would be zero are left out.

    >>> [word >> 216 == 1 << 20 and word & 0xFFFFFF for word in pack(1, [5, 0, 7])]
    [5]
    """
    words = []
    for first in range(0, len(beyond), LANES):
        lanes = sum(min(gas, MOST) << LANE_BITS * lane for lane, gas in enumerate(beyond[first : first + LANES]))
        if lanes:
            words.append(lanes | (kind << 20 | first // LANES) << _SLOT)
    return words


def unpack(words: Iterable[int]) -> dict[tuple[int, int], int]:
    """Gas beyond what the market saw, by kind and place; what is missing is zero.

    >>> unpack(pack(2, [0, 3])), unpack([])
    ({(2, 1): 3}, {})
    """
    found = {}
    for word in words:
        slot = word >> _SLOT
        for lane in range(LANES):
            gas = word >> LANE_BITS * lane & MOST
            if gas:
                found[slot >> 20, (slot & 2**20 - 1) * LANES + lane] = gas
    return found
