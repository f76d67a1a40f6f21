"""What agents want: u(E^1..E^T, x^0), on consumption net of verification.

Every form is, up to an increasing transformation, a weighted sum of one scalar function v:

    S(E, x^0) = sum_t a_t v(E^t - s_t) + a_0 v(x^0),          u = index(S),

with weights a_t >= 0 and a_0 >= 0 (electricity only: a_0 = 0) and subsistence s_t >= 0, below
which consumption is worth minus infinity. A form states v, its slope v', the inverse of that slope
(`demand`) and its relative curvature -v''/v' (`decay`); the solvers need nothing else, so adding a
form means adding one such class to `forms.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .arrays import FloatArray, Numbers, number, vector

SLACK = 1e-9
"""Consumption may miss its floor by this part of itself (rounding) before it counts as missed."""


@dataclass(frozen=True, slots=True, eq=False)
class Utility(ABC):
    """Weights of one agent; the form of v is the subclass.

    Attributes
    ----------
    electricity : (T,) array, weight of each period's consumption, >= 0
    numeraire : float, weight of the consumption good, >= 0; zero means electricity only
    subsistence : (T,) array, kWh below which a period's consumption is worth nothing at all
    """

    electricity: FloatArray | Numbers
    numeraire: float
    subsistence: FloatArray | Numbers | None = field(default=None)

    form: ClassVar[str] = ""
    shape_key: ClassVar[str | None] = None
    kinked: ClassVar[bool] = False

    def __post_init__(self) -> None:
        weights = vector(self.electricity, "utility.electricity")
        floor = np.zeros(weights.size) if self.subsistence is None else self.subsistence
        object.__setattr__(self, "electricity", weights)
        object.__setattr__(self, "numeraire", number(self.numeraire, "utility.numeraire"))
        object.__setattr__(self, "subsistence", vector(floor, "utility.subsistence", length=weights.size))
        if weights.sum() + self.numeraire <= 0:
            raise ValueError("utility values nothing: give electricity or numeraire a weight")
        self._check_shape()

    def _check_shape(self) -> None:  # noqa: B027 (most forms have no shape to check)
        """Refuse a shape parameter outside the form's range."""

    @property
    def weights(self) -> FloatArray:
        """(T,) weights of electricity."""
        assert isinstance(self.electricity, np.ndarray)
        return self.electricity

    @property
    def floor(self) -> FloatArray:
        """(T,) subsistence in kWh."""
        assert isinstance(self.subsistence, np.ndarray)
        return self.subsistence

    @property
    def periods(self) -> int:
        return int(self.weights.size)

    @property
    def shape(self) -> float:
        """The form's one parameter (gamma, alpha, ...), zero where it has none."""
        return 0.0 if self.shape_key is None else float(getattr(self, self.shape_key))

    @classmethod
    @abstractmethod
    def worth(cls, amount: FloatArray, shape: FloatArray | float) -> FloatArray:
        """v, elementwise, for amounts >= 0."""

    @classmethod
    @abstractmethod
    def slope(cls, amount: FloatArray, shape: FloatArray | float) -> FloatArray:
        """v' >= 0, elementwise; may be infinite at zero."""

    @classmethod
    @abstractmethod
    def demand(cls, slope: FloatArray, shape: FloatArray | float) -> FloatArray:
        """The amount >= 0 at which v' falls to `slope`; zero where v' starts below it."""

    @classmethod
    @abstractmethod
    def decay(cls, amount: FloatArray, shape: FloatArray | float) -> FloatArray:
        """-v''/v' >= 0, elementwise; infinite where v' is zero or the amount is."""

    @classmethod
    def index(cls, total: FloatArray, shape: FloatArray | float) -> FloatArray:
        """The increasing transformation from the weighted sum to u."""
        return total

    @classmethod
    def index_slope(cls, total: FloatArray, shape: FloatArray | float) -> FloatArray:
        """Derivative of `index`."""
        return np.ones_like(total)

    def total(self, consumption: Numbers, good: float) -> float:
        """The weighted sum S; minus infinity below subsistence or for a negative amount.

        consumption : (T,) kWh net of verification; good : units of the consumption good
        """
        energy = np.asarray(consumption, dtype=np.float64)
        margin = SLACK * (np.abs(energy) + self.floor) + 1e-300
        above = energy - self.floor
        if np.any(above < -margin) or good < -SLACK or not np.all(np.isfinite(energy)):
            return -np.inf
        above = np.maximum(above, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = self.worth(above, self.shape)
            best = self.worth(np.array([max(good, 0.0)]), self.shape)
            summed = float(np.sum(np.where(self.weights > 0, self.weights * worth, 0.0)))
        return summed + (self.numeraire * float(best[0]) if self.numeraire > 0 else 0.0)

    def value(self, consumption: Numbers, good: float) -> float:
        """u at `consumption` (T,) in kWh net of verification and `good` units of the good."""
        total = self.total(consumption, good)
        with np.errstate(divide="ignore", over="ignore"):
            return float(self.index(np.array([total]), self.shape)[0])
