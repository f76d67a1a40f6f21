"""Verification paid from a store of electricity instead of from the day's purchase.

A kWh bought for the store keeps eta of itself, so to hold `target` after today's charge an agent buys

    y = max(0, target - store after the charge) / eta

and consumes E = x - y: for its plans y takes the place of V. An agent whose store cannot cover V is locked out that
day. In a steady state the store ends each day as it began it, so every kWh burnt is bought as 1/eta kWh and the game is
the one with V/eta in place of V; with eta = 1 it is the game paid from the purchase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, Numbers, number
from .states import Burnt, States

ROUNDING = 1e-12
"""What a store may lack of a charge, relatively, because it was reckoned in floats."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """How an agent stores electricity.

    efficiency : eta, the part of what is bought for the store that can be taken out again, 0 < eta <= 1
    store : kWh in it at the start
    """

    efficiency: float = 1.0
    store: float = 0.0

    def __post_init__(self) -> None:
        if number(self.efficiency, "efficiency", positive=True) > 1:
            raise ValueError("efficiency must be at most 1")
        number(self.store, "store")

    def locks_out(self, store: float, charge: float) -> bool:
        """Whether an agent with `store` kWh cannot pay a day's `charge` kWh (but for rounding) and must sit it out.

        >>> Inventory().locks_out(1.0, 1.0), Inventory().locks_out(1.0, 1.5)
        (False, True)
        """
        return store < charge * (1.0 - ROUNDING)

    def purchase(self, after_charge: float, target: float) -> float:
        """y, kWh of the day's purchase to put in the store so that it holds `target`.

        after_charge : kWh that today's charge will leave; below zero if it will not suffice

        >>> Inventory(0.5).purchase(1.0, 3.0)
        4.0
        """
        return max(0.0, target - after_charge) / self.efficiency

    def after(self, store: float, charge: float, purchase: float) -> float:
        """kWh in the store when the day is done: `charge` taken out, eta of `purchase` put in."""
        return store - charge + self.efficiency * purchase

    def to_buy(self, store: float, burnt: Burnt, *, target: float | None = None) -> FloatArray:
        """(T,) what takes the place of V in today's plan: y, laid over the periods as `burnt` is.

        burnt : (T,) kWh that today's payments will burn; of `States` the worst, as the store must cover it
        target : kWh to hold afterwards; another such day unless stated
        """
        kwh = burnt.worst if isinstance(burnt, States) else np.asarray(burnt, dtype=np.float64)
        day = float(kwh.sum())
        share = kwh / day if day > 0 else np.full(kwh.size, 1.0 / kwh.size)
        return np.asarray(share * self.purchase(store - day, day if target is None else target))

    def steady(self, verification: FloatArray | Numbers | float | States) -> FloatArray | Numbers | float | States:
        """What takes the place of `verification`, of an agent or of an economy, in a steady state.

        >>> Inventory(0.8).steady([0.4, 0.8]).tolist()
        [0.5, 1.0]
        """
        if self.efficiency == 1.0:
            return verification
        if isinstance(verification, States):
            return States(verification.weights, verification.amounts / self.efficiency)
        if isinstance(verification, (int, float)):
            return verification / self.efficiency
        return np.asarray(np.asarray(verification, dtype=np.float64) / self.efficiency)
