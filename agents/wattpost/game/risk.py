"""Expected utility of electricity when verification is uncertain, for n agents of one form on T posts.

The floor L = max_s V_s + subsistence must be met in the worst state; above it, e = x - L, consumption in state s is
e + d_s with d_s = max V - V_s >= 0. So v(e) is replaced by sum_s pi_s v(e + d_s), concave like v, with the slope
M(e) = sum_s pi_s v'(e + d_s). What is bought at a slope r solves M(e) = r. With the amount v'^-1(M(e)) that would be
worth as much at the margin if it were certain, this reads

    v'^-1(M(e)) = v'^-1(r),

nearly a straight line in e, and concave for every form: Newton's method from the left rises to the root.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray
from .states import States
from .utility import Utility

ROUNDS = 60
NEAR = 2e-15
"""Relative error in the certain amount at which Newton's method stops."""

Form = type[Utility]


@dataclass(frozen=True, slots=True)
class Risk:
    """chances (S,); spare (S, n, T): kWh by which each state burns less than the worst."""

    chances: FloatArray
    spare: FloatArray

    @classmethod
    def of(cls, states: States) -> Risk | None:
        """Of an economy's states, kWh (S, n, T); None where nothing is uncertain."""
        spare = states.worst - states.amounts
        return cls(states.weights, spare) if np.any(spare > 0) else None

    def take(self, rows: object, posts: object = slice(None)) -> Risk:
        """The agents in `rows` on `posts` only."""
        return Risk(self.chances, self.spare[:, rows][:, :, posts])  # type: ignore[index]

    def mean(self) -> FloatArray:
        """(n, T) expected kWh below the worst state."""
        return np.tensordot(self.chances, self.spare, axes=1)

    @np.errstate(all="ignore")
    def worth(self, form: Form, amount: FloatArray, shape: FloatArray) -> FloatArray:
        """sum_s pi_s v(e + d_s)."""
        return sum(pi * form.worth(amount + d, shape) for pi, d in self._each())  # type: ignore[return-value]

    @np.errstate(all="ignore")
    def slope(self, form: Form, amount: FloatArray, shape: FloatArray) -> FloatArray:
        """M(e)."""
        return sum(pi * form.slope(amount + d, shape) for pi, d in self._each())  # type: ignore[return-value]

    @np.errstate(all="ignore")
    def decay(self, form: Form, amount: FloatArray, shape: FloatArray) -> FloatArray:
        """-M'/M."""
        slope, bend = self._bend(form, amount, shape)
        return np.where(slope > 0, bend / np.where(slope > 0, slope, 1.0), np.inf)

    @np.errstate(all="ignore")
    def growth(self, form: Form, amount: FloatArray, below: FloatArray, shape: FloatArray) -> FloatArray:
        """sum_s pi_s v'(e + d_s) (below + d_s): how worth rises when consumption, `below` in the worst state, grows."""
        return sum(pi * form.slope(amount + d, shape) * (below + d) for pi, d in self._each())  # type: ignore[return-value]

    @np.errstate(all="ignore")
    def demand(self, form: Form, slope: FloatArray, shape: FloatArray) -> FloatArray:
        """The amount e >= 0 at which M falls to `slope`; zero where it starts below."""
        whole = form.demand(slope, shape)
        if form.kinked:
            return whole
        tight = sum(pi * (d <= 0) for pi, d in self._each())
        low = np.maximum(form.demand(slope / tight, shape), whole - self.spare.max(axis=0))
        amount = low = np.maximum(low, 0.0)
        for _ in range(ROUNDS):
            have, bend = self._bend(form, amount, shape)
            sure = form.demand(have, shape)
            miss = whole - sure
            step = miss * form.decay(sure, shape) * have / bend
            step = np.where(np.isfinite(step), step, 0.0)
            moved = np.clip(amount + step, low, whole)
            settled = (np.abs(miss) <= NEAR * whole) | (moved == amount) | ~np.isfinite(miss)
            amount = moved
            if settled.all():
                break
        return amount

    @np.errstate(all="ignore")
    def each_slope(self, form: Form, amount: FloatArray, shape: FloatArray) -> FloatArray:
        """(S, n, T) v'(e + d_s)."""
        return np.array([form.slope(amount + d, shape) for d in self.spare])

    def _bend(self, form: Form, amount: FloatArray, shape: FloatArray) -> tuple[FloatArray, FloatArray]:
        """M and -M'."""
        slope = bend = np.zeros_like(amount)
        for pi, d in self._each():
            part = pi * form.slope(amount + d, shape)
            slope = slope + part
            bend = bend + np.where(part > 0, part * form.decay(amount + d, shape), 0.0)
        return slope, bend

    def _each(self) -> list[tuple[float, FloatArray]]:
        return list(zip(self.chances.tolist(), self.spare, strict=True))
