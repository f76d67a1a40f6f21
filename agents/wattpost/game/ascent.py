"""A local search over everything a producer decides, x, q (T,), g and x^0 at once.

    max S(x - V, x^0)   s.t.   sum_t B_- z/(Q_- + z) >= xi,   g >= phi(q) + x^0,   sum b + xi <= held

by SLSQP with analytic derivatives. (x, q, g) stand in one-to-one relation to bids and offers. Its
ends are good to about 1e-6; `offers.py` makes them exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

from .agents import Producer
from .arrays import FloatArray
from .tastes import Taste
from .views import Rivalled

EDGE = 1e-9
"""Distance kept from borders at which derivatives are infinite, as a part of the whole."""


class Ascent:
    """Value, constraints and their derivatives at a point v = (x, q, g, x^0)."""

    def __init__(self, producer: Producer, taste: Taste, seen: Rivalled, held: float) -> None:
        self.producer, self.taste, self.held = producer, taste, held
        self.bids, self.offers = seen.bids[0], seen.offers[0]
        self.good_bids, self.good_offers = float(seen.good_bids[0]), float(seen.good_offers[0])
        self.floor, self.limits = taste.floor[0], producer.limits
        self.margin = EDGE * (self.offers + self.limits)

    def climb(self, q: FloatArray) -> FloatArray:
        """Offers (T,) at the end of one local search from the offers `q`."""
        n = q.size
        weighted = self.taste.weights[0] > 0
        low_x = self.floor + np.where(weighted, self.margin, 0.0)
        top_x = np.maximum(np.where(weighted, self.offers + self.limits, self.floor), low_x)
        reach = self.good_offers * (1.0 - EDGE)
        low = np.concatenate([low_x, EDGE * self.limits, [0.0, EDGE * self.good_offers]])
        high = np.concatenate([top_x, self.limits, [reach, reach]])
        x = self.floor + np.where(weighted, 0.01 * (self.offers + q), 0.0)
        used = self.producer.inputs(q)
        start = np.concatenate([x, q, [1.5 * used, 0.5 * used]])
        constraint: Any = {"type": "ineq", "fun": self._room, "jac": self._room_slope}
        with np.errstate(all="ignore"):
            found = minimize(
                self._loss,
                np.clip(start, low, high),
                jac=self._loss_slope,
                bounds=list(zip(low, high, strict=True)),
                constraints=[constraint],
                method="SLSQP",
                options={"maxiter": 100, "ftol": 1e-12},
            )
        end = np.nan_to_num(np.clip(found.x, low, high)[n : 2 * n])
        return np.where(end <= 10.0 * EDGE * self.limits, 0.0, end)

    def _loss(self, v: FloatArray) -> float:
        n = self.floor.size
        above = np.maximum(v[:n] - self.floor, 0.0)
        return -float(self.taste.totals(above[None, :], v[2 * n + 1 :])[0])

    def _loss_slope(self, v: FloatArray) -> FloatArray:
        n, taste = self.floor.size, self.taste
        above = np.maximum(v[:n] - self.floor, 0.0)
        slope = np.zeros_like(v)
        kwh = taste.slope(above[None, :])[0]
        slope[:n] = -np.where(taste.weights[0] > 0, taste.weights[0] * kwh, 0.0)
        if taste.good[0] > 0:
            slope[-1] = -taste.good[0] * taste.form.slope(v[-1:], taste.shape[0])[0]
        return slope

    def _room(self, v: FloatArray) -> FloatArray:
        """Slack of budget, good, and (where finite) holding; each is zero when used up."""
        n = self.floor.size
        x, q, g = v[:n], v[n : 2 * n], v[2 * n]
        left = np.maximum(self.offers + q - x, self.margin)
        xi = g * self.good_bids / (self.good_offers - g)
        slack = [np.sum(self.bids * (q - x) / left) - xi, g - self.producer.inputs(q) - v[-1]]
        if np.isfinite(self.held):
            slack.append(self.held - np.sum(self.bids * x / left) - xi)
        return np.array(slack)

    def _room_slope(self, v: FloatArray) -> FloatArray:
        n = self.floor.size
        x, q, g = v[:n], v[n : 2 * n], v[2 * n]
        left = np.maximum(self.offers + q - x, self.margin)
        rate = self.bids * self.offers / left**2
        by_g = self.good_bids * self.good_offers / (self.good_offers - g) ** 2
        zero, power = np.zeros(n), 1.0 / self.producer.c
        burn = power * (q / self.producer.theta) ** (power - 1.0) / self.producer.theta
        rows = [
            np.concatenate([-rate, rate, [-by_g, 0.0]]),
            np.concatenate([zero, -burn, [1.0, -1.0]]),
        ]
        if np.isfinite(self.held):
            by_x = self.bids * (self.offers + q) / left**2
            rows.append(np.concatenate([-by_x, self.bids * x / left**2, [-by_g, 0.0]]))
        return np.nan_to_num(np.array(rows), posinf=1e30, neginf=-1e30)
