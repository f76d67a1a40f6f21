"""The six forms of v, with v' = slope, its inverse = demand, and -v''/v' = decay.

log           v = ln e
ces           v = e^rho / rho        u = (sum a e^rho)^(1/rho),  rho < 1, not 0
crra          v = e^(1-gamma) / (1-gamma)   (ln e at gamma = 1),  gamma > 0
exponential   v = (1 - exp(-alpha e)) / alpha,  alpha > 0
quadratic     v = -(bliss - e)^2 / 2, satiated from bliss on
linear        v = e
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .arrays import FloatArray, number, vector
from .utility import Utility

Shape = FloatArray | float


@dataclass(frozen=True, slots=True, eq=False)
class Log(Utility):
    """u = sum_t a_t ln(E^t - s_t) + a_0 ln x^0.

    >>> Log([1.0, 1.0], 0.0).value([1.0, 1.0], 0.0)
    0.0
    """

    form: ClassVar[str] = "log"

    @classmethod
    def worth(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.log(amount)

    @classmethod
    def slope(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return 1.0 / amount

    @classmethod
    def demand(cls, slope: FloatArray, shape: Shape) -> FloatArray:
        return 1.0 / slope

    @classmethod
    def decay(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return 1.0 / amount


@dataclass(frozen=True, slots=True, eq=False)
class Ces(Utility):
    """u = (sum_t a_t (E^t - s_t)^rho + a_0 (x^0)^rho)^(1/rho); elasticity 1/(1 - rho).

    >>> Ces([1.0, 1.0], 0.0, rho=0.5).value([1.0, 1.0], 0.0)
    4.0
    """

    rho: float = field(kw_only=True)
    form: ClassVar[str] = "ces"
    shape_key: ClassVar[str | None] = "rho"

    def _check_shape(self) -> None:
        if number(self.rho, "utility.rho", signed=True) >= 1 or self.rho == 0:
            raise ValueError("utility.rho must be below 1 and not 0 (use linear or log instead)")

    @classmethod
    def worth(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(amount**shape / shape)

    @classmethod
    def slope(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(amount ** (shape - 1.0))

    @classmethod
    def demand(cls, slope: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(slope ** (1.0 / (shape - 1.0)))

    @classmethod
    def decay(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray((1.0 - shape) / amount)

    @classmethod
    def index(cls, total: FloatArray, shape: Shape) -> FloatArray:
        # Minus infinity is a missed floor where v is bounded below, and a zero where it is not.
        power = np.maximum(total * shape, 0.0) ** (1.0 / shape)
        return np.where(np.isneginf(total) & (np.asarray(shape) > 0), -np.inf, power)

    @classmethod
    def index_slope(cls, total: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray((total * shape) ** (1.0 / shape - 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Crra(Utility):
    """Constant relative risk aversion gamma > 0; gamma = 1 is log.

    >>> Crra([1.0], 0.0, gamma=2.0).value([0.5], 0.0)
    -2.0
    """

    gamma: float = field(kw_only=True)
    form: ClassVar[str] = "crra"
    shape_key: ClassVar[str | None] = "gamma"

    def _check_shape(self) -> None:
        number(self.gamma, "utility.gamma", positive=True)

    @classmethod
    def worth(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        rest = np.asarray(1.0 - np.asarray(shape), dtype=np.float64)
        power = amount**rest / np.where(rest == 0.0, 1.0, rest)
        return np.where(rest == 0.0, np.log(amount), power)

    @classmethod
    def slope(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(amount ** (-shape))

    @classmethod
    def demand(cls, slope: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(slope ** (-1.0 / shape))

    @classmethod
    def decay(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(shape / amount)


@dataclass(frozen=True, slots=True, eq=False)
class Exponential(Utility):
    """v = (1 - exp(-alpha e))/alpha: going without is bearable, so corners are common.

    >>> Exponential([1.0], 0.0, alpha=2.0).value([0.0], 0.0)
    0.0
    """

    alpha: float = field(kw_only=True)
    form: ClassVar[str] = "exponential"
    shape_key: ClassVar[str | None] = "alpha"

    def _check_shape(self) -> None:
        number(self.alpha, "utility.alpha", positive=True)

    @classmethod
    def worth(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(-np.expm1(-shape * amount) / shape)

    @classmethod
    def slope(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(np.exp(-shape * amount))

    @classmethod
    def demand(cls, slope: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(np.maximum(-np.log(slope), 0.0) / shape)

    @classmethod
    def decay(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.broadcast_to(np.asarray(shape, dtype=np.float64), amount.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Quadratic(Utility):
    """v = -(bliss - e)^2/2 up to bliss, nothing more beyond.

    >>> abs(Quadratic([1.0], 0.0, bliss=3.0).value([5.0], 0.0))
    0.0
    """

    bliss: float = field(kw_only=True)
    form: ClassVar[str] = "quadratic"
    shape_key: ClassVar[str | None] = "bliss"

    def _check_shape(self) -> None:
        number(self.bliss, "utility.bliss", positive=True)

    @classmethod
    def worth(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(-0.5 * np.maximum(shape - amount, 0.0) ** 2)

    @classmethod
    def slope(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(np.maximum(shape - amount, 0.0))

    @classmethod
    def demand(cls, slope: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(np.maximum(shape - slope, 0.0))

    @classmethod
    def decay(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.asarray(1.0 / np.maximum(shape - amount, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Linear(Utility):
    """u = sum_t a_t (E^t - s_t) + a_0 x^0.

    >>> Linear([2.0], 1.0).value([3.0], 4.0)
    10.0
    """

    form: ClassVar[str] = "linear"
    kinked: ClassVar[bool] = True

    @classmethod
    def worth(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return amount

    @classmethod
    def slope(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.ones_like(amount)

    @classmethod
    def demand(cls, slope: FloatArray, shape: Shape) -> FloatArray:
        return np.where(slope < 1.0, np.inf, 0.0)

    @classmethod
    def decay(cls, amount: FloatArray, shape: Shape) -> FloatArray:
        return np.zeros_like(amount)


FORMS: dict[str, type[Utility]] = {form.form: form for form in (Log, Ces, Crra, Exponential, Quadratic, Linear)}


def utility_from(mapping: Mapping[str, object], periods: int) -> Utility:
    """The utility that a scenario's `utility = { form = ..., ... }` states, for T = `periods`.

    Keys: `form`, `electricity` (T weights), `numeraire` (default 0), the form's own parameter
    and, if wanted, `subsistence` (T kWh). A ValueError names the key that is wrong.

    >>> utility_from({"form": "log", "electricity": [1, 1], "numeraire": 0}, 2).form
    'log'
    """
    name = mapping.get("form")
    if not isinstance(name, str) or name not in FORMS:
        raise ValueError(f"utility.form must be one of {', '.join(FORMS)}")
    form = FORMS[name]
    known = {"form", "electricity", "numeraire", "subsistence"}
    if form.shape_key is not None:
        known.add(form.shape_key)
    for key in mapping:
        if key not in known:
            raise ValueError(f"utility.{key} is not a key of the form {name}")
    for key in known - {"form", "numeraire", "subsistence"}:
        if key not in mapping:
            raise ValueError(f"utility.{key} is missing")
    weights = vector(mapping["electricity"], "utility.electricity", length=periods)
    good = number(mapping.get("numeraire", 0.0), "utility.numeraire")
    floor = mapping.get("subsistence")
    needs = None if floor is None else vector(floor, "utility.subsistence", length=periods)
    if form.shape_key is None:
        return form(weights, good, needs)
    shape = number(mapping[form.shape_key], f"utility.{form.shape_key}", signed=True)
    return form(weights, good, needs, **{form.shape_key: shape})
