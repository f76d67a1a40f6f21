"""Proof attached: how much anybody could still gain, and how well the conditions hold.

*Regret* is an upper bound from duality; it solves nothing, so a weak search cannot flatter it. Fix
an agent, its rivals' totals B_-, Q_-, and any multipliers lambda (money), upsilon (the good), w^t (a
kWh on each post), all >= 0. For whatever feasible action the agent might take,

    S <= sum_t { max_x [a v(x-L) - w x] + max_q [w q - upsilon phi(q)] + max_z [lambda B_- z/(Q_- + z) - w z] }
         + max_g [upsilon g + lambda m_0(g)] + max_y [a_0 v(y) - upsilon y],

and every maximum has a formula: demand(w/a), supply(w/upsilon), z = sqrt(lambda B_- Q_-/w) - Q_-, ... (for
c > 1 the second is at an end, 0 or K). Subtracting what the agent has, term by term so that nothing
cancels, leaves a sum of terms >= 0 that vanish exactly at a best response: the bound. Multipliers
are read off the candidate's own marginal rates; wrong ones could only make the bound larger. It
holds for c > 1 too but need not be tight there; where it is not, the best that the global search of
`search.py` finds is reported instead.

*Residual* is the largest relative error in the first-order conditions (with their corners), in each
agent's budget and balance of the good, and in the clearing of every post.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .agents import Producer
from .arrays import BoolArray, FloatArray
from .economy import Block
from .nash import Trade
from .payoffs import Rivals
from .response import Response, gain
from .states import States
from .technology import Plants

TINY = 1e-300

STEP = 1e-9
"""Relative distance from a step within which a multiplier is put on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """regret (n,) in consumption equivalents, residual (n,), utilities (n,), shadow values (n,)."""

    regret: FloatArray
    residual: FloatArray
    utilities: FloatArray
    money_values: FloatArray
    good_values: FloatArray
    clearing: float


def certify(blocks: tuple[Block, ...], deal: Trade) -> Certificate:
    """Certify `deal` for the agents of `blocks`, all of whom take part."""
    posts = np.isfinite(deal.prices)
    count = deal.g.size
    out = {key: np.zeros(count) for key in ("regret", "residual", "utilities", "money", "good")}
    market = _Market(deal.prices[posts], deal.totals[posts], float(sum(b.omega.sum() for b in blocks)))
    for whole in blocks:
        for first in range(0, whole.size, 16_384):
            block = whole.take(slice(first, first + 16_384), slice(None))
            rows = block.rows
            one = _certify_block(block, deal, market, posts)
            for key, part in zip(out, one, strict=True):
                out[key][rows] = part
        if whole.plants is not None and np.any(whole.plants.c > 1):
            for number in np.flatnonzero((whole.plants.c[:, 0] > 1) & (out["regret"][whole.rows] > 1e-9)):
                place = whole.rows[number]
                out["regret"][place] = min(out["regret"][place], searched(whole, int(number), deal, posts, market.good))
    bought, offered = deal.x.sum(axis=0)[posts], deal.q.sum(axis=0)[posts]
    gaps = np.maximum(np.abs(bought / market.totals - 1.0), np.abs(offered / market.totals - 1.0))
    good_gap = abs(float(deal.g.sum()) / market.good - 1.0) if market.good > 0 else 0.0
    clearing = float(max(gaps.max(initial=0.0), good_gap))
    return Certificate(out["regret"], out["residual"], out["utilities"], out["money"], out["good"], clearing)


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    prices: FloatArray
    totals: FloatArray
    good: float


def _certify_block(
    block: Block, deal: Trade, market: _Market, posts: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    rows, p, total = block.rows, market.prices, market.totals
    shut = ~posts
    block_open = block.take(slice(None), posts)
    taste, omega = block_open.taste, block.omega
    shape = taste.shape
    x, q = deal.x[rows][:, posts], deal.q[rows][:, posts]
    g, y = deal.g[rows], deal.good[rows]
    e = np.maximum(x - taste.floor, 0.0)
    with np.errstate(all="ignore"):
        # The others, and the marginal money of a net sale, all at p^0 = 1.
        bids, offers = p * (total - x), total - q
        left = total - x
        rate = p * offers / left
        good_bids, good_offers = market.good - g, market.good - omega
        good_rate = good_offers / np.maximum(market.good - g, TINY)
        wants = np.where(taste.weights > 0, taste.weights * taste.slope(e), 0.0)
        wants_good = np.where(taste.good > 0, taste.good * taste.form.slope(y, shape[:, 0]), 0.0)
        inner_x, inner_g = e > 0, g > 0
        burn = np.zeros_like(q)
        limits = np.zeros_like(q)
        used = np.zeros_like(g)
        if block_open.plants is not None:
            limits = block_open.plants.limits
            if block_open.plants.sun is not None and block_open.plants.rho is not None:
                # No plant can be larger than all of the good would pay for.
                limits = block_open.plants.sun * market.good / block_open.plants.rho
            burn = np.where(q > 0, np.exp(block_open.plants.log_marginal(np.maximum(q, TINY))), 0.0)
            used = block_open.plants.used(q)
        money, good = _multipliers(
            wants, rate, x * inner_x, wants_good, good_rate, y, g, inner_g, burn, q, limits, block_open
        )
        w = money[:, None] * rate
        worth_w = _on_steps(w, e, q, limits, good, block_open)
        # Terms of the bound, each what the best could be less what is.
        best_e = np.where(taste.weights > 0, taste.demand(worth_w / taste.weights), 0.0)
        best_e = np.where(np.isfinite(best_e), best_e, np.maximum(e, limits + total))
        worth = np.where(taste.weights > 0, taste.weights * (taste.worth(best_e) - taste.worth(e)), 0.0)
        gap = np.sum(np.maximum(worth - worth_w * (best_e - e), 0.0), axis=1)
        z = q - x
        kept = offers + z
        gap += np.sum((np.sqrt(money[:, None] * bids * offers / kept) - np.sqrt(worth_w * kept)) ** 2, axis=1)
        if block_open.plants is not None:
            plants = replace(block_open.plants, limits=limits)
            rent, spare = _rents(plants, worth_w, q, good, burn)
            gap += spare
            net_w = np.maximum(worth_w - rent, TINY)
            ratio = np.log(net_w) - np.log(good)[:, None]
            supply = np.where(plants.c < 1, plants.supply(ratio)[0], 0.0)
            ends = np.where(net_w * limits - good[:, None] * plants.inputs(limits) > 0, limits, 0.0)
            flat = good[:, None] / plants.theta
            ends = np.where(plants.c == 1, np.where(net_w > flat, limits, 0.0), ends)
            best_q = np.where(plants.c < 1, supply, ends)
            spend = good[:, None] * (plants.inputs(best_q) - plants.inputs(q))
            more = np.where(plants.c == 1, (net_w - flat) * (best_q - q), net_w * (best_q - q) - spend)
            gap += np.sum(np.maximum(more, 0.0), axis=1)
        best_g = np.clip(good_offers + omega - np.sqrt(money * good_bids * good_offers / good), 0.0, None)
        best_g = np.where((good > 0) & np.isfinite(best_g), best_g, g)
        sold, best_sold = omega - g, omega - best_g
        earned = good_bids * good_offers * (best_sold - sold) / (good_offers + best_sold) / (good_offers + sold)
        gap += np.maximum(good * (best_g - g) + money * earned, 0.0)
        best_y = np.where(taste.good > 0, taste.form.demand(good / taste.good, shape[:, 0]), 0.0)
        best_y = np.where(np.isfinite(best_y), best_y, y)
        worth_y = np.where(taste.good > 0, taste.good * _difference(taste.form, best_y, y, shape[:, 0]), 0.0)
        gap += np.maximum(worth_y - good * (best_y - y), 0.0)
        # Budget and balance of the good, which the bound counts at their shadow prices.
        net = np.sum(p * z, axis=1) + omega - g
        flow = np.sum(p * np.maximum(q, x), axis=1) + np.maximum(omega, g) + TINY
        balance = g - used - y
        gap += np.abs(money * net) + np.abs(good * balance)
        # In consumption equivalents: by how much u rises when everything grows.
        energy = e + taste.floor - block_open.verification
        growth = np.where(taste.weights > 0, taste.weights * taste.growth(e, energy), 0.0)
        grow = np.sum(np.where(e > 0, growth, 0.0), axis=1) + np.where(y > 0, wants_good * y, 0.0)
        weighted = np.sum(wants, axis=1)
        scale = np.where(grow > 0, grow, np.where(weighted > 0, weighted, 1.0))
        regret = gap / scale
        # First-order conditions in price form, relative to the larger side.
        value = w + TINY
        stationary = np.where(inner_x, np.abs(wants - w), np.maximum(wants - w, 0.0)) / np.maximum(value, wants)
        residual = stationary.max(axis=1, initial=0.0)
        if block_open.plants is not None:
            cost = good[:, None] * burn
            at_limit = q >= limits * (1.0 - 1e-12)
            if plants.sun is not None and plants.rho is not None:
                size = plants.size(q)
                at_limit = q >= size[:, None] * plants.sun * (1.0 - 1e-12)
                paid, rents = good * plants.rho[:, 0], np.sum(np.where(at_limit, plants.sun * (w - cost), 0.0), axis=1)
                miss = np.where(size > 0, np.abs(rents - paid), np.maximum(rents - paid, 0.0)) / np.maximum(paid, rents)
                residual = np.maximum(residual, miss)
            off = np.where(at_limit, np.maximum(cost - w, 0.0), np.abs(cost - w))
            small = good[:, None] * np.exp(block_open.plants.log_marginal(np.full_like(q, TINY)))
            small = np.where(block_open.plants.c == 1, small, 0.0)
            off = np.where(q > 0, off, np.where(block_open.plants.c <= 1, np.maximum(w - small, 0.0), 0.0))
            if plants.rho is not None:
                off = np.where((q > 0) | (plants.size(q) > 0)[:, None], off, 0.0)
            off = np.where(limits > 0, off, 0.0) / np.maximum(value, cost)
            residual = np.maximum(residual, off.max(axis=1, initial=0.0))
        price = money * good_rate
        off_g = np.where(inner_g, np.abs(price - good), np.maximum(good - price, 0.0))
        residual = np.maximum(residual, np.where(good > 0, off_g / np.maximum(price, good), 0.0))
        off_y = np.where(y > 0, np.abs(wants_good - good), np.maximum(wants_good - good, 0.0))
        off_y = off_y / np.maximum(np.maximum(wants_good, good), TINY)
        off_y = np.where(y > 1e-12 * (g + TINY), off_y, np.where(wants_good > good * (1 + 1e-9), off_y, 0.0))
        residual = np.maximum(residual, np.where(taste.good > 0, off_y, 0.0))
        residual = np.maximum(residual, np.abs(net) / flow)
        residual = np.maximum(residual, np.abs(balance) / np.maximum(np.maximum(g, used), TINY))
        satiated = money <= 1e-100
        residual = np.where(satiated, np.maximum(-net, 0.0) / flow, residual)
        regret = np.where(satiated, 0.0, regret)
        whole = np.zeros((rows.size, posts.size))
        whole[:, posts] = e
        missed = np.any((block.taste.floor[:, shut] > 0), axis=1)
        utilities = np.where(missed, -np.inf, block.taste.values(whole, y))
    return regret, residual, utilities, money, good


def _on_steps(
    w: FloatArray, e: FloatArray, q: FloatArray, limits: FloatArray, good: FloatArray, block: Block
) -> FloatArray:
    """`w` (n, T) put exactly on the step of demand (linear utility) or supply (c = 1) that it is on but for round-off.

    Any w proves a bound; one beside a step counts all that could be bought or made there, times the round-off, and an
    agent that consumes a millionth of its turnover would be charged for that a million times over.
    """
    if block.taste.form.kinked:
        w = np.where((e > 0) & (np.abs(w - block.taste.weights) <= STEP * w), block.taste.weights, w)
    if block.plants is not None:
        flat = good[:, None] / block.plants.theta
        here = (block.plants.c == 1) & (q > 0) & (q < limits) & (np.abs(w - flat) <= STEP * w)
        w = np.where(here, flat, w)
    return w


def _rents(
    plants: Plants, w: FloatArray, q: FloatArray, good: FloatArray, burn: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """mu (n, T) >= 0 with sum_t s mu <= rho upsilon, and upsilon rho K - sum_t mu q, which adds to the bound.

    For such mu, max over q <= K s and K of [w q - upsilon phi(q)] - upsilon rho K is at most the sum of the
    maxima over each q alone of (w - mu) q - upsilon phi(q). Zeros in the short run.
    """
    if plants.sun is None or plants.rho is None:
        return np.zeros_like(w), np.zeros_like(good)
    size, paid = plants.size(q), good * plants.rho[:, 0]
    tight = (plants.sun > 0) & (q >= size[:, None] * plants.sun * (1.0 - 1e-9))
    least = np.where(plants.c == 1, 1.0 / plants.theta, 0.0)
    cost = np.where(q > 0, burn, least)
    rent = np.where(tight, np.maximum(w - good[:, None] * cost, 0.0), 0.0)
    total = np.sum(plants.sun * rent, axis=1)
    scale = np.where((total > paid) | (size > 0), paid / np.where(total > 0, total, 1.0), 1.0)
    rent = rent * scale[:, None]
    return rent, np.maximum(paid * size - np.sum(rent * q, axis=1), 0.0)


def _difference(form: type, high: FloatArray, low: FloatArray, shape: FloatArray) -> FloatArray:
    """v(high) - v(low)."""
    return np.asarray(form.worth(high, shape) - form.worth(low, shape))  # type: ignore[attr-defined]


def _multipliers(
    wants: FloatArray,
    rate: FloatArray,
    weight: FloatArray,
    wants_good: FloatArray,
    good_rate: FloatArray,
    y: FloatArray,
    g: FloatArray,
    inner_g: BoolArray,
    burn: FloatArray,
    q: FloatArray,
    limits: FloatArray,
    block: Block,
) -> tuple[FloatArray, FloatArray]:
    """lambda, upsilon (n,) read off marginal rates, each the money-weighted mean of what binds."""
    top = np.sum(wants * weight, axis=1)
    base = np.sum(rate * weight, axis=1)
    kinked = block.taste.form.kinked
    if block.plants is None:
        top = top + np.where(inner_g, wants_good * g, 0.0)
        base = base + np.where(inner_g, good_rate * g, 0.0)
        corner = np.maximum(np.max(wants / rate, axis=1, initial=0.0), wants_good / good_rate)
        money = np.where(base > 0, top / np.where(base > 0, base, 1.0), corner)
        good = np.where(inner_g, money * good_rate, np.maximum(money * good_rate, wants_good))
        return money, good
    # Producers buy the good, so upsilon = lambda * good_rate wherever g > 0.
    kept = y > 1e-9 * (g + TINY)
    from_good = np.where(kept & (block.taste.good > 0), wants_good / good_rate, 0.0)
    pure = np.where(base > 0, top / np.where(base > 0, base, 1.0), 0.0)
    money = np.where(from_good > 0, from_good, pure)
    if kinked:
        money = np.maximum(money, block.taste.good / good_rate)
    money = np.where(money > 0, money, np.where(block.taste.good > 0, wants_good / good_rate, 1.0))
    money = np.where(np.isfinite(money), money, 1.0)
    return money, money * good_rate


def searched(block: Block, number: int, deal: Trade, posts: BoolArray, good: float) -> float:
    """What the global search for one producer of `block` still finds, in consumption equivalents."""
    assert block.plants is not None
    place, taste, plants = block.rows[number], block.taste, block.plants
    worst = np.broadcast_to(block.verification, taste.floor.shape)[number][posts]
    spare = taste.risk.take([number], posts) if taste.risk is not None else None
    used = worst if spare is None else States(spare.chances, worst - spare.spare[:, 0])
    shape = {} if taste.form.shape_key is None else {taste.form.shape_key: float(taste.shape[number, 0])}
    floor = np.maximum(taste.floor[number][posts] - worst, 0.0)
    utility = taste.form(taste.weights[number][posts], float(taste.good[number]), floor, **shape)
    limits = plants.limits[number][posts]
    producer = Producer("a producer", float(plants.theta[number, 0]), float(plants.c[number, 0]), limits, utility)
    prices, totals = deal.prices[posts], deal.totals[posts]
    x, q = deal.x[place][posts], deal.q[place][posts]
    rivals = Rivals(prices * (totals - x), totals - q, good - float(deal.g[place]), good)
    action = Response(prices * x, float(deal.g[place]), q, 0.0)
    return gain(producer, action, rivals, verification=used)
