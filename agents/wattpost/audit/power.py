"""Powers with real exponents, by the whole-number algorithm that the market's technology states.

    log2 x = n + 1/2 + 2/ln 2 * artanh z,   x = 2^n m,   z = (m - sqrt 2) / (m + sqrt 2)
    2^f    = sum of (f ln 2)^k / k!,        0 <= f < 1

Series have 22 terms. Fractions carry 127 bits, logarithms 120, results 64 before they are rounded, each cut
downwards after every product. A result is then moved by a margin that covers all these cuts, against its reader.
"""

from __future__ import annotations

from functools import lru_cache

WAD = 10**18
OVERFLOW = 2**256 - 1  # the result would reach 2^128

_BITS = 127
_UNIT = 1 << _BITS
_ROOT_TWO = 240615969168004511545033772477625056927  # floor(sqrt 2 * 2^127)
_TWO_OVER_LN_TWO = 122730920814699141436592336571523309380  # floor(2 / ln 2 * 2^125)
_LN_TWO = 117932881612756647068972071382077242199  # floor(ln 2 * 2^127)


def _taylor() -> tuple[list[int], list[int]]:
    artanh, exponential, product = [], [], 1
    for k in range(22):
        artanh.append(_UNIT // (2 * k + 1))
        exponential.append(_UNIT // product)
        product *= k + 1
    return artanh[::-1], exponential[::-1]


_ARTANH, _EXPONENTIAL = _taylor()


@lru_cache(maxsize=4096)
def binary_log(x: int) -> int:
    """log2 of a whole number from 1 to 2^128 - 1, in 2^-120.

    >>> binary_log(1024) == 10 << 120
    True
    """
    n = x.bit_length() - 1
    m = x << (_BITS - n)
    distance = m - _ROOT_TWO
    z = (abs(distance) << _BITS) // (m + _ROOT_TWO)
    square, total = z * z >> _BITS, 0
    for coefficient in _ARTANH:
        total = (total * square >> _BITS) + coefficient
    half = ((z * total >> _BITS) * _TWO_OVER_LN_TWO) >> 132
    middle = (2 * n + 1) << 119
    return middle + half if distance >= 0 else middle - half


def _power_of_two(fraction: int) -> int:
    exponent, total = fraction * _LN_TWO >> 120, 0
    for coefficient in _EXPONENTIAL:
        total = (total * exponent >> _BITS) + coefficient
    return total


def _scaled(scale: int, log: int, numerator: int, denominator: int) -> int | None:
    """scale * 2^(log * numerator / denominator) in 2^-64, cut; None from 2^128 on."""
    size = abs(log) * numerator // denominator  # the exponent is cut towards zero
    whole, fraction = divmod(size if log >= 0 else -size, 1 << 120)
    if whole > 127:
        return None
    if whole < -192:
        return 0
    product = _power_of_two(fraction) * scale
    if whole < 64:
        return product >> (63 - whole)
    return None if product >> (255 - whole) else product << (whole - 63)


def _margin(parts: int, numerator: int, denominator: int) -> int:
    units = parts >> 64
    return 4096 + units + ((units * numerator // denominator) >> 48)


def power_below(scale: int, log: int, numerator: int, denominator: int) -> int:
    """scale * ratio^(numerator / denominator), rounded down, for log = log2(ratio)."""
    parts = _scaled(scale, log, numerator, denominator)
    if parts is None:
        return OVERFLOW
    return max(parts - _margin(parts, numerator, denominator), 0) >> 64


def power_above(scale: int, log: int, numerator: int, denominator: int) -> int:
    """The same, rounded up."""
    parts = _scaled(scale, log, numerator, denominator)
    if parts is None:
        return OVERFLOW
    return -(-(parts + _margin(parts, numerator, denominator)) >> 64)
