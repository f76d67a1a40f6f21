"""A stated global search for producers whose problem is not convex: c > 1, or a binding prepayment.

For given offers q the rest is convex. With Q = Q_- + q, x = b Q/(B_- + b), g = xi Omega/(B_-^0 + xi):

    value(q) = max over bids of S(x - V, g - phi(q))
        budget   sum_t b^t Q_-^t/Q^t + xi <= sum_t q^t B_-^t/Q^t
        holding  sum_t b^t + xi <= held

Either constraint binds alone, or both do and a mixture (1 - tau) budget + tau holding prices the
bids. By the envelope theorem value(q) has the gradient

    a v' b/B + lambda_budget B Q_-/Q^2 - upsilon phi'(q).

Starts are fixed: for n of the posts with the best prices, each level of capacity in `LEVELS`, and
the convex answer where there is one. Each is climbed over (b, q) at once (`ascent.py`); the best end
is made exact by L-BFGS-B on value(q). It is a search, not a proof, and certificates say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize

from .agents import Producer
from .arrays import FloatArray
from .ascent import Ascent
from .buyers import Purchases, purchases
from .tastes import Taste
from .views import Bidding, Rivalled

LEVELS = (1.0, 0.5, 0.15)
"""Parts of capacity at which the search starts."""

WORST = 1e9
"""Stands in for minus infinity while climbing."""


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """One agent's action in quantities: x (T,) bought, q (T,) made, g of the good bought; w (T,), a kWh's worth."""

    x: FloatArray
    q: FloatArray
    g: float
    worth: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Bids:
    """The best bids for given offers: what they buy, S, and its gradient by the offers."""

    trades: Trades
    value: float
    gradient: FloatArray


def search(producer: Producer, taste: Taste, seen: Rivalled, held: float, hint: Trades | None) -> Trades:
    """The best trades found for `producer`; the offers of `hint` are one more start."""
    nothing = np.zeros(producer.periods)
    best = _Bids(Trades(nothing, nothing, 0.0, np.full_like(nothing, np.nan)), -np.inf, nothing)
    if not np.any(taste.floor > 0):
        best = replace(best, value=float(taste.totals(nothing[None, :], np.zeros(1))[0]))
    ascent = Ascent(producer, taste, seen, held)
    for start in _starts(producer, seen, held, hint):
        for q in (start, ascent.climb(start)):
            end = _bids(producer, taste, seen, held, q)
            if end.value > best.value:
                best = end
    if not np.isfinite(best.value):
        return best.trades
    bounds = [(0.0, float(limit)) for limit in producer.limits]

    def loss(q: Any) -> tuple[float, FloatArray]:
        bids = _bids(producer, taste, seen, held, np.asarray(q, dtype=np.float64))
        return -max(bids.value, -WORST), -bids.gradient

    options: Any = {"maxiter": 40, "ftol": 1e-15, "gtol": 1e-10, "maxls": 10}
    found = minimize(loss, best.trades.q, jac=True, bounds=bounds, method="L-BFGS-B", options=options)
    end = _bids(producer, taste, seen, held, np.clip(found.x, 0.0, producer.limits))
    return end.trades if end.value > best.value else best.trades


def _starts(producer: Producer, seen: Rivalled, held: float, hint: Trades | None) -> list[FloatArray]:
    """Offers (T,) to climb from, scaled down until their inputs can be paid for if they can be."""
    limits = producer.limits
    order = np.argsort(-seen.bids[0] / seen.offers[0], kind="stable")
    order = order[limits[order] > 0]
    points = [] if hint is None else [hint.q, 0.5 * hint.q]
    for count in _spread(order.size) if producer.c > 1 else [order.size]:
        for level in LEVELS if producer.c > 1 else LEVELS[1:2]:
            q = np.zeros(limits.size)
            q[order[:count]] = level * limits[order[:count]]
            points.append(q)
    return [_affordable(producer, seen, held, q) for q in points]


def _affordable(producer: Producer, seen: Rivalled, held: float, q: FloatArray) -> FloatArray:
    for _ in range(20):
        revenue = float(np.sum(seen.bids[0] * q / (seen.offers[0] + q)))
        xi = 0.9 * min(revenue, held)
        if producer.inputs(q) <= float(seen.good_offers[0]) * xi / (xi + float(seen.good_bids[0])):
            break
        q = 0.6 * q
    return q


def _spread(count: int) -> list[int]:
    """Every number of posts up to six, and about six of them beyond."""
    if count <= 6:
        return list(range(1, count + 1))
    return sorted({1, 2, count // 4, count // 2, 3 * count // 4, count})


def _bids(producer: Producer, taste: Taste, seen: Rivalled, held: float, q: FloatArray) -> _Bids:
    """The best bids beside the offers `q` (T,)."""
    bids, rivals = seen.bids, seen.offers
    total = rivals + q
    used = producer.inputs(q)
    own = rivals / total
    revenue = float(np.sum(bids * q / total))
    base = Bidding(bids, total, own, seen.good_bids, seen.good_offers, np.array([used]))
    if used >= float(seen.good_offers[0]):
        return _Bids(Trades(0.0 * q, q, 0.0, np.full_like(q, np.nan)), -np.inf, np.zeros_like(q))

    def at(tau: float) -> tuple[Purchases, float, float]:
        view = base.weighing((1.0 - tau) * own + tau)
        income = (1.0 - tau) * revenue + (tau * held if tau > 0 else 0.0) - view.good_cost()
        bought = purchases(taste, np.zeros(1), view, income=np.array([income]))
        paid = bids[0] * bought.x[0] / (total[0] - bought.x[0])
        xi = float(view.good_paid(bought.g)[0])
        return bought, float(np.sum(paid * own[0])) + xi - revenue, float(np.sum(paid)) + xi - held

    tau = 0.0
    bought, _, over_held = at(0.0)
    if over_held > 1e-12 * held:
        tau = 1.0
        bought, over_budget, _ = at(1.0)
        if over_budget > 1e-12 * revenue:
            slack = 1e-13 * revenue
            if at(0.0)[1] > slack:
                return _Bids(Trades(0.0 * q, q, 0.0, np.full_like(q, np.nan)), -np.inf, np.zeros_like(q))
            tau = float(brentq(lambda mix: at(mix)[1] - 2 * slack, 0.0, 1.0, xtol=1e-15, rtol=1e-14))
            bought, _, _ = at(tau)
    if bool(bought.rationed[0]):
        return _Bids(Trades(bought.x[0], q, used, np.full_like(q, np.nan)), -np.inf, np.zeros_like(q))
    x, good = bought.x[0], float(bought.g[0])
    value = float(taste.totals((bought.x - taste.floor).clip(0.0), bought.g)[0])
    left = total[0] - x
    money = float(np.exp(bought.log_money[0]))
    weight = (1.0 - tau) * own[0] + tau
    worth = money * weight * bids[0] * total[0] / left**2  # a v'(x - L), or what the floor costs
    taken = x / total[0]
    upsilon = money * float(base.good_rate(bought.g)[0])
    power = 1.0 / producer.c - 1.0
    size = np.maximum(q / producer.theta, 1e-12)  # phi' is infinite at zero where c > 1
    burn = size**power / (producer.c * producer.theta)
    by_budget = money * (1.0 - tau) * bids[0] * rivals[0] / (left * total[0])
    with np.errstate(invalid="ignore"):
        gradient = np.where(producer.limits > 0, worth * taken + by_budget - upsilon * burn, 0.0)
    return _Bids(Trades(x, q, good + used, worth), value, gradient)
