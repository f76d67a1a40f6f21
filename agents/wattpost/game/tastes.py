"""The utilities of many agents of one form, as arrays, asked with one shadow value per post.

At the shadow utility w of a kWh an agent takes e = demand(w/a) above its floor, and de/dln w =
-1/decay(e). The floor L = V + s is the verification that must be bought back and subsistence. Where V is uncertain,
L covers the worst state and `risk` what the others burn less (`risk.py`); None is certainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .arrays import BoolArray, FloatArray
from .risk import Risk
from .utility import Utility


@dataclass(frozen=True, slots=True)
class Taste:
    """Weights (n, T) and good (n,), floor (n, T) in kWh, shape (n, 1), all of one form."""

    form: type[Utility]
    weights: FloatArray
    good: FloatArray
    floor: FloatArray
    shape: FloatArray
    risk: Risk | None = None

    @classmethod
    def of(cls, utilities: Sequence[Utility], verification: FloatArray, risk: Risk | None = None) -> Taste:
        """Stack `utilities`, which share one form; verification is (n, T) kWh, in the worst state."""
        return cls(
            form=type(utilities[0]),
            weights=np.array([u.weights for u in utilities]),
            good=np.array([u.numeraire for u in utilities]),
            floor=np.array([u.floor for u in utilities]) + verification,
            shape=np.array([[u.shape] for u in utilities]),
            risk=risk,
        )

    @property
    def size(self) -> int:
        return int(self.good.size)

    def take(self, rows: FloatArray | BoolArray | slice) -> Taste:
        """The agents in `rows` only."""
        risk = None if self.risk is None else self.risk.take(rows)
        return Taste(self.form, self.weights[rows], self.good[rows], self.floor[rows], self.shape[rows], risk)

    def on(self, posts: FloatArray | BoolArray | slice) -> Taste:
        """The same agents on `posts` only."""
        risk = None if self.risk is None else self.risk.take(slice(None), posts)
        return replace(self, weights=self.weights[:, posts], floor=self.floor[:, posts], risk=risk)

    def worth(self, above: FloatArray) -> FloatArray:
        """(n, T) v at e = `above`, expected where verification is uncertain."""
        if self.risk is None:
            return self.form.worth(above, self.shape)
        return self.risk.worth(self.form, above, self.shape)

    def slope(self, above: FloatArray) -> FloatArray:
        """(n, T) v' at e = `above`."""
        if self.risk is None:
            return self.form.slope(above, self.shape)
        return self.risk.slope(self.form, above, self.shape)

    def demand(self, slope: FloatArray) -> FloatArray:
        """(n, T) the e >= 0 at which v' falls to `slope`."""
        if self.risk is None:
            return self.form.demand(slope, self.shape)
        return self.risk.demand(self.form, slope, self.shape)

    def growth(self, above: FloatArray, below: FloatArray) -> FloatArray:
        """(n, T) how v rises when consumption, `below` in the worst state, grows by its own size."""
        if self.risk is None:
            return np.asarray(self.form.slope(above, self.shape) * below)
        return self.risk.growth(self.form, above, below, self.shape)

    def amount(self, log_value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n, T) e >= 0 at ln w, and de/dln w <= 0."""
        if self.risk is None:
            return _amount(self.form, self.weights, log_value, self.shape)
        amount = np.where(self.weights > 0, self.demand(np.exp(log_value) / self.weights), 0.0)
        return amount, np.where(amount > 0, -1.0 / self.risk.decay(self.form, amount, self.shape), 0.0)

    def good_amount(self, log_value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) x^0 >= 0 at the log shadow utility of the good, and its derivative."""
        return _amount(self.form, self.good, log_value, self.shape[:, 0])

    def totals(self, above: FloatArray, good: FloatArray) -> FloatArray:
        """(n,) weighted sums S at e = `above` (n, T) and x^0 = `good` (n,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            kwh = np.where(self.weights > 0, self.weights * self.worth(above), 0.0)
            rest = np.where(self.good > 0, self.good * self.form.worth(good, self.shape[:, 0]), 0.0)
        return np.asarray(kwh.sum(axis=1) + rest)

    def values(self, above: FloatArray, good: FloatArray) -> FloatArray:
        """(n,) utilities u at e = `above` (n, T) and x^0 = `good` (n,)."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return self.form.index(self.totals(above, good), self.shape[:, 0])


def _amount(
    form: type[Utility], weights: FloatArray, log_value: FloatArray, shape: FloatArray
) -> tuple[FloatArray, FloatArray]:
    amount = form.demand(np.exp(log_value) / weights, shape)
    amount = np.where(weights > 0, amount, 0.0)
    change = np.where(amount > 0, -1.0 / form.decay(amount, shape), 0.0)
    return amount, change
