"""Roots of many increasing functions at once.

For each element, F is increasing and y solves F(y) = 0. Newton steps, kept inside a bracket that
every evaluation tightens; where Newton leaves the bracket the bracket is halved. A root beyond
the bounds ends at the bound, which is how corners are found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import BoolArray, FloatArray

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
    tolerance: FloatArray | float = 1e-14,
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
    tolerance : array or float
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
        step = np.minimum(np.maximum(step, -stride), stride)
        width = high - low
        new = y + step
        outside = (new <= low) | (new >= high)
        if outside.any():
            middle = np.where(np.isfinite(width), 0.5 * (low + high), new)
            new = np.where(outside, np.minimum(np.maximum(middle, low), high), new)
        settled = (np.abs(value) <= tolerance) | still | (width <= 4e-16 * (1.0 + np.abs(y)))
        if settled.all():
            break
        y = np.where(settled, y, new)
    return y


class Bracket:
    """Where the roots of n increasing functions may still be, and how far a Newton step may go."""

    def __init__(self, count: int, low: FloatArray | float, high: FloatArray | float) -> None:
        self.bounds = low, high
        self.low, self.high = np.full(count, -np.inf), np.full(count, np.inf)
        self.stride = np.full(count, 2.0)
        self.last, self.sign = np.full(count, np.inf), np.zeros(count)

    def tighten(self, y: FloatArray, value: FloatArray, sure: BoolArray) -> None:
        """Take note of `value` at `y`: of a bound where its sign is `sure`, else of whether it turned.

        A bracket that has closed on nothing is forgotten.
        """
        shut = self.high - self.low < 1e-9 * (1.0 + np.abs(y))
        low, high = np.where(shut, -np.inf, self.low), np.where(shut, np.inf, self.high)
        self.low, self.high = np.where(sure & (value < 0), y, low), np.where(sure & (value > 0), y, high)
        sign = np.sign(value)
        self.stride = np.where(sign * self.sign < 0, 0.5 * self.last, self.stride)
        self.sign = sign

    def move(self, y: FloatArray, step: FloatArray) -> FloatArray:
        """y + step inside the bracket, and within a stride that grows while it is too short and halves at turns."""
        cut = np.minimum(np.maximum(step, -self.stride), self.stride)
        self.stride = np.where(np.abs(step) >= self.stride, 1.5 * self.stride, np.maximum(self.stride, 2.0))
        new = np.minimum(np.maximum(y + cut, self.bounds[0]), self.bounds[1])
        middle = np.where(np.isfinite(self.low + self.high), 0.5 * (self.low + self.high), new)
        new = np.where((new <= self.low) | (new >= self.high), middle, new)
        self.last = np.abs(new - y)
        return new
