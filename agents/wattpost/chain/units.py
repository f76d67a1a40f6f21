"""The only place where floats become whole numbers and back; it rounds so that nobody overspends or overpromises."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import SupportsFloat

from wattpost.spec.amounts import FULL, MAX_AMOUNT, UNIT, WAD


class AmountError(ValueError):
    """An amount cannot be put on the chain; the message is one sentence."""


def to_units(amount: SupportsFloat, what: str = "an amount") -> int:
    """An amount on a post, in whole 10^-9, rounded down.

    Raises AmountError if it is negative, not finite, or does not fit a lane.

    >>> to_units(1.5), to_units(0.1)
    (1500000000, 100000000)
    """
    return _whole(amount, UNIT, MAX_AMOUNT, what)


def to_wad(amount: SupportsFloat, what: str = "an amount") -> int:
    """Money, energy or a parameter with 18 decimals, rounded down.

    >>> to_wad(0.5)
    500000000000000000
    """
    return _whole(amount, WAD, 2**128, what)


def to_parts(part: SupportsFloat) -> int:
    """A part of capacity in ten-thousandths, rounded down.

    >>> to_parts(0.4)
    4000
    """
    return _whole(part, FULL, FULL, "a part of capacity")


def from_units(units: int) -> float:
    return units / UNIT


def from_wad(wad: int) -> float:
    return wad / WAD


def _whole(amount: SupportsFloat, scale: int, most: int, what: str) -> int:
    value = float(amount)
    if not 0 <= value <= most / scale:  # also refuses what is not a number
        raise AmountError(f"{what} is {value:g}; it must be from 0 to {most / scale:g}.")
    # The decimal a person wrote is meant, not its neighbour in binary: 0.1 is a tenth.
    return floor(Fraction(repr(value)) * scale)
