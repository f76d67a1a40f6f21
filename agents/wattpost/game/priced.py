"""How far an outcome is from a price-taking equilibrium, from its prices and quantities alone.

Each condition is relative, and each corner is a pair of which the smaller part counts: buying where the price
is above what a kWh is worth is as wrong as the gap, or as the part of income that is spent there; making
where it does not pay as wrong as the gap, or as the part of capacity.

    a v'(e) = lambda p  or e = 0;   phi'(q) = p  or q = 0  or q = K;   sum_t s max(p - phi', 0) = rho;
    spending = income;   sum x = sum q
"""

from __future__ import annotations

import numpy as np

from .arrays import BoolArray, FloatArray
from .economy import Block

TINY = 1e-300


@np.errstate(all="ignore")
def priced_residual(
    blocks: tuple[Block, ...],
    inside: BoolArray,
    prices: FloatArray,
    x: FloatArray,
    q: FloatArray,
    kept: FloatArray,
) -> float:
    """The largest relative error of x, q (n, T) and the good kept (n,) at `prices` (T,), nan where closed."""
    posts = np.isfinite(prices)
    p, volume = prices[posts], np.maximum(x.sum(axis=0), q.sum(axis=0))[posts]
    # What a post misses counts against its volume, or, on a post that hardly trades, against all money.
    money = float(sum(b.omega[inside[b.rows]].sum() for b in blocks))
    floor = 1e-6 * money / p
    miss = np.abs(x.sum(axis=0) - q.sum(axis=0))[posts] / np.maximum(volume, floor)
    worst = float(miss.max(initial=0.0))
    for whole in blocks:
        here = inside[whole.rows]
        if not here.any():
            continue
        block = whole.take(here, posts)
        rows = block.rows
        bought, made, y = x[rows][:, posts], q[rows][:, posts], kept[rows]
        used = np.zeros(block.size)
        if block.plants is not None:
            used = block.plants.used(made)
            worst = max(worst, _plant_error(block, p, made))
        income = block.omega + made @ p - used
        off = np.abs(income - bought @ p - y) / (income + used + 1e-9 * money / inside.sum())
        # An owner of next to nothing buys next to nothing, whatever it would like best.
        keen = income > 1e-12 * money / inside.sum()
        wants = _demand_error(block, p, bought, y, income)
        worst = max(worst, float(off.max()), float(np.max(np.where(keen, wants, 0.0))))
    return worst


def _demand_error(block: Block, p: FloatArray, bought: FloatArray, y: FloatArray, income: FloatArray) -> FloatArray:
    """(n,) the largest relative error of a v'(e) = lambda p, with lambda the mean over what is spent."""
    taste = block.taste
    e = np.maximum(bought - taste.floor, 0.0)
    rate = np.where(taste.weights > 0, taste.weights * taste.slope(e), 0.0)
    rate_good = np.where(taste.good > 0, taste.good * taste.form.slope(y, taste.shape[:, 0]), 0.0)
    spent, spent_good = np.where(taste.weights > 0, p * e, 0.0), np.where(taste.good > 0, y, 0.0)
    total = spent.sum(axis=1) + spent_good
    worth = np.sum(np.where(e > 0, rate * e, 0.0), axis=1) + np.where(spent_good > 0, rate_good * y, 0.0)
    lam = worth / np.where(total > 0, total, 1.0)
    needs = np.where(taste.floor > 0, taste.floor, 0.0) @ p
    free = np.maximum(income - needs, TINY)
    out = np.zeros(block.size)
    ends = [(rate[:, t], p[t], spent[:, t], taste.weights[:, t]) for t in range(p.size)]
    for value, price, paid, weight in [*ends, (rate_good, 1.0, spent_good, taste.good)]:
        gap = (value - lam * price) / np.maximum(np.maximum(value, lam * price), TINY)
        wrong = np.where(gap > 0, gap, np.minimum(-gap, paid / free))
        out = np.maximum(out, np.where(weight > 0, wrong, 0.0))
    # A satiated agent has money left, and nothing more to want.
    full = worth <= 1e-7 * np.sum(np.where(taste.weights > 0, taste.weights, 0.0) * e, axis=1)
    return np.where((total > 0) & ~full, out, 0.0)


def _plant_error(block: Block, p: FloatArray, made: FloatArray) -> float:
    """The largest relative error of what plants make at `p`."""
    plants = block.plants
    assert plants is not None
    marginal = np.where(made > 0, np.exp(plants.log_marginal(np.maximum(made, TINY))), 0.0)
    marginal = np.where(plants.c == 1, 1.0 / plants.theta, marginal)
    limits, worst = plants.limits, 0.0
    if plants.sun is not None and plants.rho is not None:
        size, rho = plants.size(made), plants.rho[:, 0]
        limits = size[:, None] * plants.sun
        tight = made >= limits * (1.0 - 1e-9)
        rent = np.sum(np.where(tight, plants.sun * np.maximum(p - marginal, 0.0), 0.0), axis=1)
        wrong = np.where(size > 0, np.abs(rent - rho), np.maximum(rent - rho, 0.0)) / np.maximum(rent, rho)
        worst = float(wrong.max())
    if np.any(plants.c > 1):
        chord = plants.inputs(limits) / limits
        marginal = np.where(plants.c > 1, chord, marginal)
    gap = (p - marginal) / np.maximum(p, marginal)
    part = made / np.where(limits > 0, limits, 1.0)
    wrong = np.where(gap > 0, np.minimum(gap, 1.0 - part), np.minimum(-gap, part))
    return max(worst, float(np.max(np.where(limits > 0, wrong, 0.0))))
