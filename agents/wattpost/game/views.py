"""What one agent takes as given, and what a net sale then earns it.

With x bought and q sold on a post, z = q - x:

    Rivalled    the others' totals B_-, Q_-:   price B_-/(Q_- + z),   money B_- z/(Q_- + z)
    Posted      price and total p, Q:          money p z,  own weight felt through Q
    Priced      the price p alone:             money p z   (price-taking)

The *wedge* is the logarithm of the marginal money of a net sale, as a function of x and q:

    Rivalled    ln B_- Q_- - 2 ln(Q_- + q - x)
    Posted      ln p + ln(Q - q) - ln(Q - x)          the same number, written with p and Q
    Priced      ln p

and likewise on post 0, where the agent sells omega and buys g. A best response equates every
wedge with the agent's own marginal rates; the views differ in nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from .arrays import BoolArray, FloatArray

TINY = 1e-100
"""Least room left on a post, so that squares of inverses stay finite."""


def _log(amount: FloatArray) -> FloatArray:
    """ln, and minus infinity from zero down."""
    return np.where(amount > 0, np.log(np.maximum(amount, TINY)), -np.inf)


def _inverse(amount: FloatArray) -> FloatArray:
    return np.where(amount > 0, 1.0 / np.maximum(amount, TINY), np.inf)


class View(ABC):
    """Money and marginal money on the electricity posts (n, T) and on post 0 (n,)."""

    def take(self, rows: BoolArray) -> View:
        """The view of the agents in `rows` (n,) alone."""
        return self

    @abstractmethod
    def wedge(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(n, T) ln marginal money, and its derivatives by x (>= 0) and by q (<= 0)."""

    @abstractmethod
    def money(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n, T) money received on net, and its derivative by q - x."""

    @abstractmethod
    def sold_at(self, x: FloatArray, wedge: FloatArray) -> FloatArray:
        """(n, T) the q at which the wedge is `wedge`, given x (may be out of range)."""

    @abstractmethod
    def bought_at(self, q: FloatArray, wedge: FloatArray) -> FloatArray:
        """(n, T) the x at which the wedge is `wedge`, given q (may be out of range)."""

    @abstractmethod
    def good_wedge(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) ln marginal money on post 0, and its derivative by g."""

    @abstractmethod
    def good_money(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) money received on net on post 0, and its derivative by g (<= 0)."""

    @abstractmethod
    def good_at(self, wedge: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) g >= 0 at which the good's wedge is `wedge`, and its derivative by `wedge`."""

    @abstractmethod
    def good_for(self, money: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) units of the good that `money` buys an agent without endowment, and the rate."""

    @abstractmethod
    def room(self) -> FloatArray:
        """(n or 1, T) electricity that a buyer without a plant could at most get."""

    def reach(self) -> FloatArray | float:
        """(n,) or one number: the good that an agent without endowment could at most get."""
        return np.inf


@dataclass(frozen=True, slots=True)
class Rivalled(View):
    """The others' totals: bids, offers (n, T); good_bids, good_offers (n,); all positive."""

    bids: FloatArray
    offers: FloatArray
    good_bids: FloatArray
    good_offers: FloatArray

    def take(self, rows: BoolArray) -> Rivalled:
        return Rivalled(self.bids[rows], self.offers[rows], self.good_bids[rows], self.good_offers[rows])

    def wedge(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        left = self.offers + q - x
        inverse = 2.0 * _inverse(left)
        return np.log(self.bids * self.offers) - 2.0 * _log(left), inverse, -inverse

    def money(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        z = q - x
        inverse = 1.0 / np.maximum(self.offers + z, TINY)
        return self.bids * z * inverse, self.bids * self.offers * inverse**2

    def sold_at(self, x: FloatArray, wedge: FloatArray) -> FloatArray:
        return np.asarray(x - self.offers + np.sqrt(self.bids * self.offers * np.exp(-wedge)))

    def bought_at(self, q: FloatArray, wedge: FloatArray) -> FloatArray:
        return np.asarray(q + self.offers - np.sqrt(self.bids * self.offers * np.exp(-wedge)))

    def good_wedge(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        left = self.good_offers + omega - g
        head = np.log(self.good_bids) + np.log(self._others(omega))
        return head - 2.0 * _log(left), 2.0 * _inverse(left)

    def good_money(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        inverse = 1.0 / np.maximum(self.good_offers + omega - g, TINY)
        slope = -self.good_bids * self._others(omega) * inverse**2
        return self.good_bids * (omega - g) * inverse, slope

    def good_at(self, wedge: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        left = np.sqrt(self.good_bids * self._others(omega) * np.exp(-wedge))
        g = self.good_offers + omega - left
        return np.maximum(g, 0.0), np.where(g > 0, 0.5 * left, 0.0)

    def good_for(self, money: FloatArray) -> tuple[FloatArray, FloatArray]:
        pot = np.maximum(self.good_bids + money, 0.5 * self.good_bids)
        return self.good_offers * money / pot, self.good_offers * self.good_bids / pot**2

    def room(self) -> FloatArray:
        return self.offers

    def reach(self) -> FloatArray | float:
        return self.good_offers

    def _others(self, omega: FloatArray) -> FloatArray:
        # A sole owner of the good gets all its own back at no cost; keep its wedge finite.
        return np.maximum(self.good_offers, 1e-12 * omega)


@dataclass(frozen=True, slots=True)
class Posted(View):
    """Prices and totals of the posts (1, T), with p^0 = 1 and `good` the total Omega.

    `power` is the weight of an agent in its market: 1 in the economy as it stands, 1/r in its r-fold
    replica (where each agent's share of a post is 1/r of what it is here).
    """

    prices: FloatArray
    totals: FloatArray
    good: float
    power: float = 1.0

    def wedge(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        unbought, unsold = self.totals - self.power * x, self.totals - self.power * q
        head = np.log(self.prices) + _log(unsold)
        tail = _log(unbought)
        with np.errstate(invalid="ignore"):
            mu = np.where(unbought > 0, head - tail, np.inf)
        return mu, self.power * _inverse(unbought), -self.power * _inverse(unsold)

    def by_total(self, x: FloatArray, q: FloatArray) -> FloatArray:
        """(n, T) derivative of the wedge by ln Q."""
        unbought, unsold = self.totals - self.power * x, self.totals - self.power * q
        return np.asarray(self.totals * (_inverse(unsold) - _inverse(unbought)))

    def money(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self.prices * (q - x), np.broadcast_to(self.prices, x.shape)

    def sold_at(self, x: FloatArray, wedge: FloatArray) -> FloatArray:
        left = (self.totals - self.power * x) * np.exp(wedge) / self.prices
        return np.asarray((self.totals - left) / self.power)

    def bought_at(self, q: FloatArray, wedge: FloatArray) -> FloatArray:
        left = (self.totals - self.power * q) * self.prices * np.exp(-wedge)
        return np.asarray((self.totals - left) / self.power)

    def good_wedge(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        left = self.good - self.power * g
        return np.log(self._others(omega)) - _log(left), self.power * _inverse(left)

    def good_money(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        return omega - g, np.full_like(g, -1.0)

    def good_at(self, wedge: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        left = self._others(omega) * np.exp(-wedge)
        g = (self.good - left) / self.power
        return np.maximum(g, 0.0), np.where(g > 0, left / self.power, 0.0)

    def good_for(self, money: FloatArray) -> tuple[FloatArray, FloatArray]:
        return money, np.ones_like(money)

    def room(self) -> FloatArray:
        return self.totals / self.power if self.power > 0 else np.full_like(self.totals, np.inf)

    def _others(self, omega: FloatArray) -> FloatArray:
        return np.maximum(self.good - self.power * omega, 1e-12 * self.good)

    def reach(self) -> FloatArray | float:
        return self.good / self.power if self.power > 0 else np.inf


@dataclass(frozen=True, slots=True)
class Priced(View):
    """Prices (1, T) alone, with p^0 = 1."""

    prices: FloatArray

    def wedge(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        zero = np.zeros_like(x)
        return np.log(self.prices) + zero, zero, zero

    def money(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        return self.prices * (q - x), np.broadcast_to(self.prices, x.shape)

    def sold_at(self, x: FloatArray, wedge: FloatArray) -> FloatArray:
        return np.asarray(np.where(np.log(self.prices) > wedge, np.inf, 0.0) + 0.0 * x)

    def bought_at(self, q: FloatArray, wedge: FloatArray) -> FloatArray:
        return np.asarray(np.where(np.log(self.prices) < wedge, np.inf, 0.0) + 0.0 * q)

    def good_wedge(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.zeros_like(g), np.zeros_like(g)

    def good_money(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        return omega - g, np.full_like(g, -1.0)

    def good_at(self, wedge: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        raise NotImplementedError("a price-taker's purchase of the good follows from its budget")

    def good_for(self, money: FloatArray) -> tuple[FloatArray, FloatArray]:
        return money, np.ones_like(money)

    def room(self) -> FloatArray:
        return np.full_like(self.prices, np.inf)


@dataclass(frozen=True, slots=True)
class Bidding(View):
    """Buying with bids while one's own offers stay as they are (one agent).

    `totals` (1, T) include the own offers; money counts with `weights` (1, T); `used` (1,) of the
    good goes into the plant before any is consumed, so g here is what is left of it.
    """

    bids: FloatArray
    totals: FloatArray
    weights: FloatArray
    good_bids: FloatArray
    good_offers: FloatArray
    used: FloatArray

    def weighing(self, weights: FloatArray) -> Bidding:
        """The same view with other weights on money."""
        return replace(self, weights=weights)

    def good_paid(self, g: FloatArray) -> FloatArray:
        """(1,) the bid on post 0 that leaves g to consume."""
        bought = g + self.used
        return np.asarray(bought * self.good_bids / np.maximum(self.good_offers - bought, TINY))

    def good_rate(self, g: FloatArray) -> FloatArray:
        """(1,) derivative of `good_paid` by g."""
        left = np.maximum(self.good_offers - self.used - g, TINY)
        return np.asarray(self.good_bids * self.good_offers / left**2)

    def good_cost(self) -> float:
        """The bid on post 0 that inputs alone take."""
        return float(self.good_paid(np.zeros(1))[0])

    def wedge(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        left = self.totals - x
        inverse = 2.0 * _inverse(left)
        return np.log(self.weights * self.bids * self.totals) - 2.0 * _log(left), inverse, -inverse

    def money(self, x: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        inverse = 1.0 / np.maximum(self.totals - x, TINY)
        head = self.weights * self.bids
        return -head * x * inverse, head * self.totals * inverse**2

    def sold_at(self, x: FloatArray, wedge: FloatArray) -> FloatArray:
        raise NotImplementedError("offers are given here")

    def bought_at(self, q: FloatArray, wedge: FloatArray) -> FloatArray:
        head = self.weights * self.bids * self.totals
        return np.asarray(self.totals - np.sqrt(head * np.exp(-wedge)))

    def good_wedge(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        left = self.good_offers - self.used - g
        return np.log(self.good_bids * self.good_offers) - 2.0 * _log(left), 2.0 * _inverse(left)

    def good_money(self, g: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        return -self.good_paid(g), -self.good_rate(g)

    def good_at(self, wedge: FloatArray, omega: FloatArray) -> tuple[FloatArray, FloatArray]:
        left = np.sqrt(self.good_bids * self.good_offers * np.exp(-wedge))
        g = self.good_offers - self.used - left
        return np.maximum(g, 0.0), np.where(g > 0, 0.5 * left, 0.0)

    def good_for(self, money: FloatArray) -> tuple[FloatArray, FloatArray]:
        return money, np.ones_like(money)

    def room(self) -> FloatArray:
        return self.totals
