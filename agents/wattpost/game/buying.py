"""Purchases of price-takers on the central path (`interior.py`), and how they answer to prices and income.

    a v'(e)/lambda + sigma = p,    sigma e = mu;      a_0 v'(y)/lambda + sigma_0 = 1,    sigma_0 y = mu

log, ces and crra want some of everything: there sigma is not needed, and e is demand at lambda p. Two more items keep a
budget solvable on the way, and vanish with mu: money left over, mu lambda'/lambda, and money lent,
mu (lambda/lambda')^heed. What is lent at the end is what an agent lacks to pay for its floor. In a Newton step, with
l and pi the changes of ln lambda and ln p,

    de = flat - by_money l - by_price pi,        0 = fixed + mass l + follow pi    (the budget).
"""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray
from .buyers import FAR, purchases
from .forms import Quadratic
from .making import dual_step
from .roots import rising_root
from .tastes import Taste
from .views import Priced

STRIDE = 2.0
"""Longest step of ln lambda."""


class Buying:
    """Agents of one form; `at` has what stays positive, `go` where a step wants to take it.

    bounded : whether v' is finite at zero, so that nothing at all may be best
    """

    def __init__(self, taste: Taste, prices: FloatArray, mu: float, income: FloatArray) -> None:
        self.taste, self.at, self.go = taste, dict[str, FloatArray](), dict[str, FloatArray]()
        self.bounded = bool(np.all(np.isfinite(taste.form.slope(np.zeros_like(taste.shape), taste.shape))))
        self.lined = taste.form is Quadratic and taste.risk is None
        self.live, self.wants_good = taste.weights > 0, taste.good > 0
        self.needy = np.any(taste.floor > 0, axis=1)
        self.heed = np.where(self.needy | self.bounded, 1.0, 0.1)
        self._start(prices, mu, income)

    def _start(self, prices: FloatArray, mu: float, income: FloatArray) -> None:
        """Everybody on the path, at `prices` and within its budget."""
        taste, shape = self.taste, self.taste.shape
        income = np.maximum(income, mu * prices.size)
        free = np.maximum(income - taste.floor @ prices, 0.1 * income)
        whole = taste.weights.sum(axis=1) + taste.good
        e = free[:, None] * np.where(self.live, taste.weights, 1.0) / whole[:, None] / prices
        y = free * np.where(self.wants_good, taste.good, 1.0) / whole
        rates = np.where(self.live, taste.weights * taste.slope(0.5 * e) / prices, 0.0).max(axis=1)
        rest = np.where(self.wants_good, taste.good * taste.form.slope(0.5 * y, shape[:, 0]), 0.0)
        self.anchor = np.maximum(np.maximum(rates, rest), 1e-9)
        start = np.log(self.anchor)

        def excess(v: FloatArray) -> tuple[FloatArray, FloatArray]:
            nonlocal e, y
            if self.bounded:
                e, y = self._inside(e, y, np.exp(v), prices, mu)
                spent = np.where(self.live, e, 0.0) @ prices + np.where(self.wants_good, y, 0.0)
                fall = np.full_like(v, np.nan)
            else:
                (kwh, de), (good, dy) = taste.amount(v[:, None] + np.log(prices)), taste.good_amount(v)
                spent, fall = kwh @ prices + good, -(de @ prices + dy)
            spare = mu * self.anchor / np.exp(v)
            return np.log(free) - np.log(spent + spare), (fall + spare) / (spent + spare)

        self.log_money = rising_root(excess, start, lower=start - 20.0, upper=start + 20.0, tolerance=1e-3, rounds=40)
        excess(self.log_money)
        if self.bounded:
            if self.lined:
                bliss = (1.0 - 1e-6) * shape
                e, y = np.minimum(e, bliss), np.minimum(y, bliss[:, 0])
                self.at |= {"thirst": shape - e, "thirst_good": shape[:, 0] - y}
            self.at |= {"e": e, "sigma": mu / e, "y": y, "sigma_good": mu / y}

    def _inside(
        self, e: FloatArray, y: FloatArray, lam: FloatArray, prices: FloatArray, mu: float
    ) -> tuple[FloatArray, FloatArray]:
        """e and y on the path at lambda (n,), from a guess."""

        def kwh(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            e = np.exp(z)
            value, bend = self._wants(e)
            value, bend = value / lam[:, None], bend / lam[:, None]
            return 1.0 - (value + mu / e) / prices, (bend * e + mu / e) / prices

        def good(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            y = np.exp(z)
            value, bend = self._wants_good(y)
            return 1.0 - value / lam - mu / y, bend / lam * y + mu / y

        near = {"lower": -200.0, "upper": 200.0, "tolerance": 1e-6, "rounds": 60}
        return np.exp(rising_root(kwh, np.log(e), **near)), np.exp(rising_root(good, np.log(y), **near))  # type: ignore[arg-type]

    def _wants(self, e: FloatArray) -> tuple[FloatArray, FloatArray]:
        """a v' and -a v'' (n, T); a line that goes on beyond the bliss of `quadratic`."""
        taste, weights = self.taste, self.taste.weights
        if self.lined:
            return weights * self.at.get("thirst", taste.shape - e), weights * np.ones_like(e)
        slope = taste.slope(e)
        decay = taste.form.decay(e, taste.shape) if taste.risk is None else taste.risk.decay(taste.form, e, taste.shape)
        return weights * slope, weights * np.where(slope > 0, slope * decay, 0.0)

    def _wants_good(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        form, weight, shape = self.taste.form, self.taste.good, self.taste.shape[:, 0]
        if self.lined:
            return weight * self.at.get("thirst_good", shape - y), weight * np.ones_like(y)
        slope = form.slope(y, shape)
        return weight * slope, weight * np.where(slope > 0, slope * form.decay(y, shape), 0.0)

    def lent(self, mu: float) -> FloatArray:
        """(n,) money that an agent spends without having it."""
        return np.asarray(mu * np.exp(self.heed * np.clip(self.log_money - np.log(self.anchor), -300.0, 300.0)))

    def bought(self, prices: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """e (n, T), y (n,) and their falls in ln lambda (zero where they are variables of their own)."""
        if self.bounded:
            e, y = np.where(self.live, self.at["e"], 0.0), np.where(self.wants_good, self.at["y"], 0.0)
            return e, y, np.zeros_like(e), np.zeros_like(y)
        e, de = self.taste.amount(self.log_money[:, None] + np.log(prices))
        y, dy = self.taste.good_amount(self.log_money)
        return e, y, -de, -dy

    def purchases(self, prices: FloatArray, income: FloatArray) -> tuple[FloatArray, FloatArray]:
        """x (n, T) and y (n,) at the end: demand, and where utility is linear what the path chose among equals.

        There, what is at its bound is put there, and its money goes with the rest.
        """
        taste = self.taste
        if not taste.form.kinked:
            found = purchases(taste, income, Priced(prices[None, :]), start=self.log_money)
            left = np.maximum(income - found.x @ prices, 0.0)
            full = (found.log_money < -0.9 * FAR) | (found.log_money < np.log(self.anchor) - 25.0)
            return found.x, np.where(self.wants_good | full, left, 0.0)
        free = np.maximum(income - taste.floor @ prices, 0.0)
        e, y, _, _ = self.bought(prices)
        whole = np.where(free > 0, free, 1.0)
        e = np.where(self.at["sigma"] / prices > prices * e / whole[:, None], 0.0, e)
        y = np.where(self.at["sigma_good"] > y / whole, 0.0, y)
        spent = e @ prices + y
        scale = np.where(spent > 0, free / np.where(spent > 0, spent, 1.0), 0.0)
        return taste.floor + e * scale[:, None], y * scale

    def answer(self, prices: FloatArray, mu: float, income: FloatArray) -> None:
        """Keep the answer to a Newton step at `prices`, with `income` (n,) as it stands."""
        taste, at = self.taste, self.at
        e, y, drop, drop_good = self.bought(prices)
        x, lam = taste.floor + e, np.exp(self.log_money)
        spare, debt = mu * self.anchor / lam, self.lent(mu)
        self.fixed = income - x @ prices - y - spare + debt
        self.flat, self.by_money, self.by_price = np.zeros_like(e), drop, drop
        self.flat_good, self.by_good = np.zeros_like(y), drop_good
        if self.bounded:
            (value, bend), (value_good, bend_good) = self._wants(e), self._wants_good(y)
            value, value_good = value / lam[:, None], value_good / lam
            over = np.where(self.live, 1.0 / (at["sigma"] / at["e"] + bend / lam[:, None]), 0.0)
            over_good = np.where(self.wants_good, 1.0 / (at["sigma_good"] / at["y"] + bend_good / lam), 0.0)
            self.flat = (value + mu / at["e"] - prices) * over
            self.flat_good = (value_good + mu / at["y"] - 1.0) * over_good
            self.by_money, self.by_price, self.by_good = value * over, prices * over, value_good * over_good
            self.fixed = self.fixed - self.flat @ prices - self.flat_good
        self.mass = self.by_money @ prices + self.by_good + spare + self.heed * debt
        self.follow = prices * (self.by_price - x)

    def clear(self, matrix: FloatArray, right: FloatArray) -> None:
        """Add this demand to the posts' Newton system, in place."""
        over = self.by_money / self.mass[:, None]
        matrix += over.T @ self.follow
        matrix[np.diag_indices(right.size)] -= self.by_price.sum(axis=0)
        right -= self.flat.sum(axis=0) + over.T @ self.fixed

    def plan(self, move: FloatArray, mu: float) -> None:
        """Fill `go` and the step of ln lambda for the change `move` of ln p (T,)."""
        at, go = self.at, self.go
        self.by_log = np.clip(-(self.fixed + self.follow @ move) / self.mass, -STRIDE, STRIDE)
        if self.bounded:
            de = self.flat - self.by_money * self.by_log[:, None] - self.by_price * move
            go["e"] = np.where(self.live, de, 0.0)
            go["y"] = np.where(self.wants_good, self.flat_good - self.by_good * self.by_log, 0.0)
            go["sigma"] = dual_step(at["sigma"], at["e"], go["e"], mu)
            go["sigma_good"] = dual_step(at["sigma_good"], at["y"], go["y"], mu)
            if self.lined:
                go["thirst"], go["thirst_good"] = -go["e"], -go["y"]
