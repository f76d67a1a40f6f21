"""What many agents do on one day, and what it adds up to: arrays with one row per agent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Everybody's totals on every post of a day: bids (T,) money, offers (T,) kWh, and post 0's two."""

    bids: FloatArray
    offers: FloatArray
    numeraire_bids: float
    endowments: float


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """Actions of n agents: bids (n, T) money, numeraire_bids (n,), offers (n, T) kWh."""

    bids: FloatArray
    numeraire_bids: FloatArray
    offers: FloatArray

    @classmethod
    def none(cls, count: int, periods: int) -> Plans:
        """Nothing bid, nothing offered."""
        return cls(np.zeros((count, periods)), np.zeros(count), np.zeros((count, periods)))

    def totals(self, endowments: float) -> Totals:
        """Of a market in which these agents are all there is; `endowments` is their Omega."""
        xi = float(self.numeraire_bids.sum())
        return Totals(self.bids.sum(axis=0), self.offers.sum(axis=0), xi, endowments)
