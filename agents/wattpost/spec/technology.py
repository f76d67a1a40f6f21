"""Electricity from the consumption good, q = theta * inputs^c, and back, rounded against the producer.

All arguments and results have 18 decimals.
"""

from __future__ import annotations

from math import isqrt

from wattpost.spec.amounts import WAD
from wattpost.spec.fixed_point import log2, power_down, power_up

MAX_C = 3 * WAD
MAX_THETA = 2**96 - 1


def inputs_for(output: int, theta: int, c: int) -> int:
    """(output / theta)^(1 / c), rounded up.

    >>> inputs_for(3 * WAD, 2 * WAD, WAD // 2) / WAD  # (3/2)^2
    2.25
    """
    if output == 0:
        return 0
    if c == WAD:
        return -(-output * WAD // theta)
    if c == WAD // 2:
        return -(-output * output * WAD // theta**2)
    return power_up(WAD, log2(output) - log2(theta), WAD, c)


def output_from(inputs: int, theta: int, c: int) -> int:
    """theta * inputs^c, rounded down.

    >>> output_from(WAD, 7 * WAD, WAD) == 7 * WAD
    True
    """
    if inputs == 0:
        return 0
    if c == WAD:
        return theta * inputs // WAD
    return power_down(theta, log2(inputs) - log2(WAD), c, WAD)


def fraction(bought: int, needed: int, c: int) -> int:
    """min(1, (bought / needed)^c), rounded down: the part of an offer that the inputs suffice for.

    >>> fraction(1, 4, WAD // 2) / WAD, fraction(5, 4, WAD) / WAD
    (0.5, 1.0)
    """
    if bought >= needed:
        return WAD
    if bought == 0:
        return 0
    if c == WAD:
        return bought * WAD // needed
    if c == WAD // 2:
        return isqrt(bought * WAD * WAD // needed)
    return min(WAD, power_down(WAD, log2(bought) - log2(needed), c, WAD))
