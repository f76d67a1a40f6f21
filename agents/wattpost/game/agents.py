"""Who plays: standard agents, who own the consumption good, and producers, who own plants.

A producer turns (q/theta)^(1/c) units of the good into q kWh, within 0 <= q^t <= K s^t. In the
short run K is given; in the long run it is chosen and costs `investment_cost` * K of the good.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from .arrays import FloatArray, Numbers, number, vector
from .utility import Utility


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """An agent with `endowment` units of the consumption good a day and no plant."""

    name: str
    endowment: float
    utility: Utility

    def __post_init__(self) -> None:
        key = f"{self.name}: endowment"
        object.__setattr__(self, "endowment", number(self.endowment, key))

    @property
    def periods(self) -> int:
        return self.utility.periods


@dataclass(frozen=True, slots=True, eq=False)
class Producer:
    """An agent with a plant.

    Attributes
    ----------
    theta : float, kWh from the first unit of the good, > 0
    c : float, returns to scale, > 0
    capacity : (T,) array of kWh, K s^t; or a float K, with `solar` giving s^t. In the long run
        the scale of `capacity` is not used.
    investment_cost : float or None, units of the good for one unit of K; None is the short run
    solar : (T,) array in [0, 1], default all 1
    """

    name: str
    theta: float
    c: float
    capacity: FloatArray | Numbers | float
    utility: Utility
    investment_cost: float | None = None
    solar: FloatArray | Numbers | None = field(default=None)

    def __post_init__(self) -> None:
        where, periods = self.name, self.utility.periods
        put = object.__setattr__
        put(self, "theta", number(self.theta, f"{where}: theta", positive=True))
        put(self, "c", number(self.c, f"{where}: c", positive=True))
        sun = np.ones(periods) if self.solar is None else self.solar
        sun = vector(sun, f"{where}: solar", length=periods)
        if np.any(sun > 1):
            raise ValueError(f"{where}: solar must lie between 0 and 1")
        put(self, "solar", sun)
        size = self.capacity
        if isinstance(size, (int, float)):
            size = number(size, f"{where}: capacity") * sun
        put(self, "capacity", vector(size, f"{where}: capacity", length=periods))
        if self.investment_cost is not None:
            cost = number(self.investment_cost, f"{where}: investment_cost", positive=True)
            put(self, "investment_cost", cost)

    @property
    def periods(self) -> int:
        return self.utility.periods

    @property
    def limits(self) -> FloatArray:
        """(T,) kWh that the plant can make."""
        assert isinstance(self.capacity, np.ndarray)
        return self.capacity

    @property
    def sun(self) -> FloatArray:
        """(T,) solar factor in [0, 1]."""
        assert isinstance(self.solar, np.ndarray)
        return self.solar

    def inputs(self, offers: Numbers) -> float:
        """phi, the units of the good that making `offers` (T,) kWh takes; in the long run with the K they need.

        >>> from .forms import Log
        >>> Producer("plant", 2.0, 0.5, 9.0, Log([1.0], 1.0)).inputs([4.0])
        4.0
        """
        made = np.asarray(offers, dtype=np.float64)
        burnt = float(np.sum((made / self.theta) ** (1.0 / self.c)))
        return burnt if self.investment_cost is None else burnt + self.investment_cost * self.built(made)

    def built(self, offers: Numbers) -> float:
        """The least K that makes `offers` (T,) kWh possible; infinite where the sun does not shine on them."""
        made, sun = np.asarray(offers, dtype=np.float64), self.sun
        if np.any((made > 0) & (sun <= 0)):
            return float("inf")
        return float(np.max(made / np.where(sun > 0, sun, 1.0), initial=0.0))


Agent: TypeAlias = Standard | Producer
