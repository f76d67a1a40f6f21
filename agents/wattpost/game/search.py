"""A stated global search for producers whose problem is not convex: c > 1, or a binding prepayment.

For given offers q the rest is convex. With Q = Q_- + q, x = b Q/(B_- + b), g = xi Omega/(B_-^0 + xi):

    value(q) = max over bids of S(x - V, g - phi(q))
        budget   sum_t b^t Q_-^t/Q^t + xi <= sum_t q^t B_-^t/Q^t
        holding  sum_t b^t + xi <= held

Either constraint binds alone, or both do and a mixture (1 - tau) budget + tau holding prices the
bids. By the envelope theorem value(q) has the gradient

    a v' b/B + lambda_budget B Q_-/Q^2 - upsilon phi'(q).

Climbs are by Newton's method, many at once (`barrier.py`), from stated starts. For c <= 1: each level of capacity in
`LEVELS`, and the convex answer where prepayment is left aside. For c > 1 a post runs or stands still, so sets of posts
are searched: the best n by price and by what the good earns there, for every n; then whatever set differs from the
best by one post, for as long as that helps; in the best set each post alone in part with the others full; and the best
few of all these to the end. The bids beside the best offers are exact. It
is a search, not a proof, and certificates say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize

from .agents import Producer
from .arrays import BoolArray, FloatArray
from .barrier import FIRST, LAST, Barrier, Point
from .buyers import Purchases, purchases
from .tastes import Taste
from .views import Bidding, Rivalled

LEVELS = (1.0, 0.5, 0.15)
"""Parts of capacity at which the search starts."""

ROUGH = 1e-5
"""mu at which sets of posts are compared."""

CLOSE = 1e-2
"""mu at the start of climbs from the ends of others."""

FLIPS = 6
"""How often the best set may be changed by one post."""

REFINED = 3
"""How many sets are climbed to the end."""

SHUT = 1e-6
"""Part of capacity below which a post counts as shut, and that far from it as full."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Climbed:
    """Rows of climbs: where each ended, and S."""

    barrier: Barrier
    end: Point
    value: FloatArray


def search(producer: Producer, taste: Taste, seen: Rivalled, held: float, hint: Trades | None) -> Trades:
    """The best trades found for `producer`; the offers of `hint` are one more start."""
    nothing = np.zeros(producer.periods)
    best = _Bids(Trades(nothing, nothing, 0.0, np.full_like(nothing, np.nan)), -np.inf, nothing)
    if not np.any(taste.floor > 0):
        best = replace(best, value=float(taste.totals(nothing[None, :], np.zeros(1))[0]))
    for q, worth in _climbed(producer, taste, seen, held, hint):
        end = _bids(producer, taste, seen, held, q)
        if end.value > best.value:
            best = replace(end, trades=replace(end.trades, worth=worth))
    return best.trades if np.isfinite(best.value) else _slowly(producer, taste, seen, held, hint, best).trades


def _climbed(
    producer: Producer, taste: Taste, seen: Rivalled, held: float, hint: Trades | None
) -> list[tuple[FloatArray, FloatArray]]:
    """Offers (T,) and w (T,) at the ends of the best climbs; none where no start is inside all constraints."""

    limits = producer.limits

    def climb(
        free: BoolArray, q: FloatArray, last: float, first: float = FIRST, x: FloatArray | None = None
    ) -> Climbed | None:
        barrier = Barrier(producer, taste, seen, held, free & (limits > 0))
        start, fits = barrier.start(q, x)
        if not fits.any():
            return None
        barrier = barrier.rows(fits)
        end = barrier.climb(start.rows(fits), last, first)
        return Climbed(barrier, end, barrier.worth(end))

    if producer.c <= 1:
        sets = _prefixes(producer, seen)
        sets = sets[:: max(1, len(sets) // 4)] if len(sets) else sets
        starts = (
            [level * limits for level in LEVELS] + [row * limits for row in sets] + ([] if hint is None else [hint.q])
        )
        found = climb(np.ones((len(starts), limits.size), dtype=np.bool_), np.array(starts), LAST)
        return [] if found is None else [_exact(found, limits)]
    running = _prefixes(producer, seen)
    both = np.concatenate([running, running])
    levels = np.repeat([[LEVELS[1]], [LEVELS[2]]], len(running), axis=0)
    rough = climb(both, np.where(both, levels * limits, 0.0), ROUGH) if len(running) else None
    if rough is None:
        return []
    tried = {tuple(row) for row in running.tolist()}
    for _ in range(FLIPS):
        leader = rough.end.q[int(np.argmax(rough.value))] > SHUT * limits
        rows = np.unique((leader ^ np.eye(limits.size, dtype=np.bool_)) & (limits > 0), axis=0)
        rows = np.array([row for row in rows if row.any() and tuple(row.tolist()) not in tried])
        tried.update(tuple(row) for row in rows.tolist())
        more = climb(rows, np.where(rows, LEVELS[1] * limits, 0.0), ROUGH) if len(rows) else None
        if more is None or float(np.max(more.value)) <= float(np.max(rough.value)):
            break
        rough = more
    leaders = np.unique(rough.end.q[np.argsort(-rough.value)[:REFINED]] > SHUT * limits, axis=0)
    fine = [climb(leaders, np.where(leaders, LEVELS[1] * limits, 0.0), LAST)]
    # Beside the middle road, which keeps all posts that run alike: one post in part, the others full.
    leader = rough.end.q[int(np.argmax(rough.value))] > SHUT * limits
    parts = np.eye(limits.size, dtype=np.bool_)[leader]
    lone = climb(parts, np.where(parts, LEVELS[1], leader) * limits, ROUGH)
    if lone is not None:
        best = np.argsort(-lone.value)[:REFINED]
        q, x = lone.end.q[best], lone.end.x[best]
        fine.append(climb(q > SHUT * limits, np.where(q > SHUT * limits, q, 0.0), LAST, CLOSE, x))
    reached = [found for found in fine if found is not None]
    return [_exact(found, limits) for found in reached]


def _exact(found: Climbed, limits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Offers and w of the best row, with offers that hug a bound put on it."""
    row = int(np.argmax(found.value))
    q = found.end.q[row]
    q = np.where(q < SHUT * limits, 0.0, np.where(q > (1.0 - SHUT) * limits, limits, q))
    return q, found.barrier.worth_of_kwh(found.end, row)


def _prefixes(producer: Producer, seen: Rivalled) -> BoolArray:
    """(n, T) sets of posts to run on: the best n by price, and the best n by what the good put in at capacity earns."""
    limits, bids, offers = producer.limits, seen.bids[0], seen.offers[0]
    room = np.where(limits > 0, limits, 1.0)
    earns = bids * room / (offers + room) / (room / producer.theta) ** (1.0 / producer.c)
    sets = []
    for score in (bids / offers, earns):
        order = np.argsort(-score, kind="stable")
        order = order[limits[order] > 0]
        for count in range(1, order.size + 1):
            row = np.zeros(limits.size, dtype=np.bool_)
            row[order[:count]] = True
            sets.append(row)
    return np.unique(np.array(sets), axis=0) if sets else np.zeros((0, limits.size), dtype=np.bool_)


def _slowly(producer: Producer, taste: Taste, seen: Rivalled, held: float, hint: Trades | None, best: _Bids) -> _Bids:
    """Where no start is inside all constraints: the best of a list of starts, climbed by L-BFGS-B on value(q)."""
    for q in _starts(producer, seen, held, hint):
        end = _bids(producer, taste, seen, held, q)
        best = end if end.value > best.value else best
    if not np.isfinite(best.value):
        return best
    bounds = [(0.0, float(limit)) for limit in producer.limits]

    def loss(q: Any) -> tuple[float, FloatArray]:
        bids = _bids(producer, taste, seen, held, np.asarray(q, dtype=np.float64))
        return -max(bids.value, -WORST), -bids.gradient

    options: Any = {"maxiter": 40, "ftol": 1e-15, "gtol": 1e-10, "maxls": 10}
    found = minimize(loss, best.trades.q, jac=True, bounds=bounds, method="L-BFGS-B", options=options)
    end = _bids(producer, taste, seen, held, np.clip(found.x, 0.0, producer.limits))
    return end if end.value > best.value else best


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
