"""Consumption equivalents: how much more of everything would be worth as much.

The factor 1 + k by which E^1..E^T and x^0 would all have to grow for u to reach a target; where
growing cannot reach it (nothing there to grow, or satiation in what there is), the kWh that would
have to be added in every weighted period, and where that fails too, infinity.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import FloatArray, Numbers
from .states import expected
from .utility import Utility

DOUBLINGS = 60


def equivalent(
    utility: Utility, consumption: Numbers, good: float, target: float, *, chances: FloatArray | None = None
) -> float:
    """k >= 0 such that (1 + k) times (`consumption`, `good`) is worth `target`.

    consumption : (T,) kWh net of verification, or (S, T) with the `chances` (S,) of S states, to be worth `target`
        in expectation; good : units of the consumption good

    >>> from .forms import Log
    >>> round(equivalent(Log([1.0], 0.0), [1.0], 0.0, float(np.log(1.5))), 12)
    0.5
    """
    energy = np.atleast_2d(np.asarray(consumption, dtype=np.float64))
    odds = np.ones(1) if chances is None else chances

    def worth(some: FloatArray, much: float) -> float:
        return expected(utility, odds, some, much)

    now = worth(energy, good)
    if not target > now:
        return 0.0
    above = np.maximum(energy - utility.floor, 0.0)
    if np.isfinite(now):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rates = odds[:, None] * utility.weights * utility.slope(above, utility.shape) * energy
            rate = float(np.sum(np.where(utility.weights > 0, rates, 0.0)))
            if utility.numeraire > 0 and good > 0:
                shape = utility.shape
                rate += utility.numeraire * float(utility.slope(np.array([good]), shape)[0]) * good
            if odds.size == 1:
                total = np.array([utility.total(energy[0], good)])
                rate *= float(utility.index_slope(total, utility.shape)[0])
        if rate > 0 and (target - now) < 1e-7 * rate:
            return (target - now) / rate  # second-order terms are below a part in 10^7
    grown = _reach(lambda k: worth((1.0 + k) * energy, (1.0 + k) * good), target)
    if grown is not None:
        return grown
    weighted = (utility.weights > 0).astype(np.float64)
    added = _reach(lambda k: worth(energy + k * weighted, good), target)
    return np.inf if added is None else added


def _reach(worth: Callable[[float], float], target: float) -> float | None:
    """The smallest k >= 0 with worth(k) >= target; None if none is found."""
    high = 1e-9
    for _ in range(DOUBLINGS):
        if worth(high) >= target:
            break
        high *= 4.0
    else:
        return None
    low = 0.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (low, middle) if worth(middle) >= target else (middle, high)
    return high
