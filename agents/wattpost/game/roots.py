"""Roots of many increasing functions at once.

For each element, F is increasing and y solves F(y) = 0. Newton steps, kept inside a bracket that
every evaluation tightens; where Newton leaves the bracket the bracket is halved. A root beyond
the bounds ends at the bound, which is how corners are found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import FloatArray

Rising = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

STRIDE = 4.0
"""Longest first step while the root is bracketed on one side only; later ones may be longer."""


@np.errstate(all="ignore")
def rising_root(
    function: Rising,
    start: FloatArray,
    *,
    lower: FloatArray | float = -np.inf,
    upper: FloatArray | float = np.inf,
    tolerance: float = 1e-14,
    rounds: int = 200,
) -> FloatArray:
    """Solve F(y) = 0 elementwise for increasing F.

    Parameters
    ----------
    function : y -> (F, dF/dy)
        F may be infinite outside its domain, as long as its sign is right.
    start : array
        First guess; a good one saves most of the work.
    lower, upper : array or float
        y is kept inside; where F has one sign throughout, the nearer bound is returned.
    tolerance : float
        Stop when |F| is at most this, or when the bracket is as narrow as floats allow.

    >>> float(rising_root(lambda y: (np.exp(y) - 2.0, np.exp(y)), np.zeros(1))[0])
    0.6931471805599453
    """
    low = np.broadcast_to(np.asarray(lower, dtype=np.float64), start.shape).copy()
    high = np.broadcast_to(np.asarray(upper, dtype=np.float64), start.shape).copy()
    y = np.clip(start, low, high)
    for number in range(rounds):
        stride = STRIDE * 1.5 ** min(number, 12)
        value, slope = function(y)
        np.copyto(low, y, where=value < 0)
        np.copyto(high, y, where=value > 0)
        step = -value / slope
        still = np.abs(step) <= 1e-15 * (1.0 + np.abs(y))
        step = np.where(np.isfinite(step), step, -np.sign(value) * stride)
        step = np.clip(step, -stride, stride)
        width = high - low
        new = y + step
        outside = (new <= low) | (new >= high)
        if outside.any():
            middle = np.where(np.isfinite(width), 0.5 * (low + high), new)
            new = np.where(outside, np.clip(middle, low, high), new)
        settled = (np.abs(value) <= tolerance) | still | (width <= 4e-16 * (1.0 + np.abs(y)))
        if settled.all():
            break
        y = np.where(settled, y, new)
    return y
