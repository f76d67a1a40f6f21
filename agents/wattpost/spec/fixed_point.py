"""Powers with real exponents in whole numbers: scale * ratio^(numerator / denominator), rounded down or up.

log2 x = n + 1/2 + (2 / ln 2) artanh z, with x = 2^n m and z = (m - sqrt 2) / (m + sqrt 2); 2^f is the series of
e^(f ln 2). Fractions have 127 bits, logarithms 120, and a result is first found in parts of 2^-64, then moved away
from the reader's favour by more than all errors together, then rounded.
"""

from __future__ import annotations

from math import factorial

ONE = 2**127
TERMS = 22
ROOT_2 = 240615969168004511545033772477625056927  # sqrt 2, 127 bits
TWO_OVER_LN_2 = 122730920814699141436592336571523309380  # 125 bits
LN_2 = 117932881612756647068972071382077242199  # 127 bits
TOO_LARGE = 2**256 - 1


def _series(coefficients: list[int], x: int) -> int:
    """A polynomial in x by Horner's rule, highest power first."""
    total = 0
    for coefficient in coefficients:
        total = coefficient + (total * x >> 127)
    return total


def log2(x: int) -> int:
    """Binary logarithm of the whole number 0 < x < 2^128, with a 120-bit fraction.

    >>> log2(8) / 2**120
    3.0
    """
    whole = x.bit_length() - 1
    mantissa = x << (127 - whole)
    z = (abs(mantissa - ROOT_2) << 127) // (mantissa + ROOT_2)
    artanh_over_z = _series([ONE // (2 * k + 1) for k in reversed(range(TERMS))], z * z >> 127)
    part = (z * artanh_over_z >> 127) * TWO_OVER_LN_2 >> 132
    return (whole << 120) + 2**119 + (part if mantissa >= ROOT_2 else -part)


def exp2(fraction: int) -> int:
    """2^fraction, 127 bits after the point, for a 120-bit fraction below one."""
    return _series([ONE // factorial(k) for k in reversed(range(TERMS))], fraction * LN_2 >> 120)


def _parts(scale: int, log_ratio: int, numerator: int, denominator: int) -> int:
    exponent = abs(log_ratio) * numerator // denominator
    if log_ratio < 0:
        exponent = -exponent
    whole = exponent >> 120
    if whole > 127:
        return TOO_LARGE
    if whole < -192:
        return 0
    product = exp2(exponent - (whole << 120)) * scale
    parts = product >> (63 - whole) if whole < 64 else product << (whole - 63)
    return parts if whole < 64 or parts < 2**192 else TOO_LARGE


def _margin(parts: int, numerator: int, denominator: int) -> int:
    high = parts >> 64
    return 4096 + high + (high * numerator // denominator >> 48)


def power_down(scale: int, log_ratio: int, numerator: int, denominator: int) -> int:
    """scale * ratio^(numerator / denominator), never above the true value.

    >>> power_down(10**18, log2(2) - log2(1), 3, 1) / 10**18
    8.0
    """
    parts = _parts(scale, log_ratio, numerator, denominator)
    if parts == TOO_LARGE:
        return TOO_LARGE
    return max(0, parts - _margin(parts, numerator, denominator)) >> 64


def power_up(scale: int, log_ratio: int, numerator: int, denominator: int) -> int:
    """scale * ratio^(numerator / denominator), never below the true value; TOO_LARGE from 2^128 on."""
    parts = _parts(scale, log_ratio, numerator, denominator)
    if parts == TOO_LARGE:
        return TOO_LARGE
    return (parts + _margin(parts, numerator, denominator) + 2**64 - 1) >> 64
