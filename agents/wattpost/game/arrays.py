"""Arrays of the game: float64, finite, of a stated length; refused in one sentence otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = Sequence[float] | NDArray[Any]


def vector(values: object, key: str, *, length: int | None = None) -> FloatArray:
    """`values` as a read-only vector of finite numbers >= 0; a ValueError names `key` otherwise."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{key} must be a list of numbers") from None
    if array.ndim != 1:
        raise ValueError(f"{key} must be a flat list of numbers")
    if length is not None and array.shape != (length,):
        raise ValueError(f"{key} has {array.size} entries where {length} are needed")
    if not np.all(np.isfinite(array)) or np.any(array < 0):
        raise ValueError(f"{key} must be finite and not negative")
    array.setflags(write=False)
    return array


def number(value: object, key: str, *, positive: bool = False, signed: bool = False, infinite: bool = False) -> float:
    """`value` as a finite float >= 0 (or > 0, or of any sign, or possibly infinite)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ValueError(f"{key} must be a number")
    number_ = float(value)
    if np.isnan(number_) or (np.isinf(number_) and not infinite):
        raise ValueError(f"{key} must be finite")
    if positive and number_ <= 0:
        raise ValueError(f"{key} must be positive")
    if not signed and number_ < 0:
        raise ValueError(f"{key} must not be negative")
    return number_
