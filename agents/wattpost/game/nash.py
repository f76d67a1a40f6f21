"""Nash equilibrium among given participants: a root in the aggregates of the posts.

The unknowns are ln p and ln Q of the open posts, the equations ln X = ln S = ln Q (`aggregate.py`).
Newton steps with the analytic Jacobian are shortened until the residual falls; where none does, a
step of the market's own adjustment (price up where more is wanted than made) is taken instead.

*Posts.* A post opens when at least two sellers and two bidders are there: an only seller wants to
sell, and an only bidder to bid, as little as possible, so neither has a best response. A post whose
volume falls to nothing on the way closes.

Who takes part is decided around this, in `participation.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .aggregate import Sweep
from .arrays import BoolArray, FloatArray
from .buyers import FAR, Purchases
from .economy import Block
from .guess import first_guess
from .plants import Outputs

DUST = np.exp(-30.0)
"""A post closes when its volume falls below this part of its first guess."""

PATIENCE = 10
"""Sweeps without the error halving after which a market in which somebody is short of its floor is left as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """Prices and totals (T,) of the posts asked for; `error` is the largest |ln X - ln Q|, |ln S - ln Q|."""

    prices: FloatArray
    totals: FloatArray
    error: float
    sweeps: int


def find_root(
    sweep: Sweep,
    prices: FloatArray,
    totals: FloatArray,
    *,
    tolerance: float = 1e-13,
    rough: float = 0.0,
    max_sweeps: int = 200,
) -> Root:
    """Solve X = S = Q from a first guess; returns the best point met, with its error.

    rough : error at which to stop if somebody cannot afford its floor, whose exit changes the problem; if given, a
        search that gets nowhere while somebody is short stops too
    """
    count = prices.size
    u = np.concatenate([np.log(prices), np.log(totals)])
    floor = u[count:] + np.log(DUST)
    gap, slope = _gap(sweep, u)
    sweeps, best, best_error, stalled = 1, u, np.inf, 0
    last, mark = 1, np.inf  # the sweep at which the error had last halved, and that error
    while sweeps < max_sweeps:
        error = float(np.max(np.abs(gap)))
        if error < best_error:
            stalled = stalled + 1 if error > 0.5 * best_error and error < 1e-10 else 0
            best, best_error = u, error
        else:
            stalled += 1
        if error < 0.5 * mark:
            last, mark = sweeps, error
        if rough and (error <= rough or sweeps - last >= PATIENCE) and sweep.short():
            break
        if error <= tolerance or (best_error <= 1e-11 and stalled >= 3) or np.any(u[count:] < floor):
            break
        step = _newton(gap, slope)
        moved = False
        if step is not None:
            for _ in range(6):
                trial = u + step
                new_gap, new_slope = _gap(sweep, trial)
                sweeps += 1
                if np.linalg.norm(new_gap) < (1.0 - 1e-4) * np.linalg.norm(gap) or error <= 1e-11:
                    u, gap, slope, moved = trial, new_gap, new_slope, True
                    break
                step = 0.4 * step
        if not moved:
            want, made = gap[:count], gap[count:]
            nudge = np.concatenate([0.3 * (want - made), 0.3 * 0.5 * (want + made)])
            u = u + np.clip(nudge, -0.5, 0.5)
            gap, slope = _gap(sweep, u)
            sweeps += 1
    if not np.array_equal(best, u):
        _gap(sweep, best)
        sweeps += 1
    return Root(np.exp(best[:count]), np.exp(best[count:]), best_error, sweeps)


def _gap(sweep: Sweep, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(ln X - ln Q, ln S - ln Q) and its derivatives; a sum that is zero counts as very small."""
    count = u.size // 2
    sums = sweep.sums(np.exp(u[:count]), np.exp(u[count:]))
    both = np.concatenate([sums.bought, sums.offered])
    level = np.concatenate([u[count:], u[count:]])
    small = np.exp(level) * 1e-12
    gap = np.log(np.maximum(both, small)) - level
    slope = sums.slope / np.maximum(both, small)[:, None]
    slope[:, count:] -= np.vstack([np.eye(count), np.eye(count)])
    return gap, slope


def _newton(gap: FloatArray, slope: FloatArray) -> FloatArray | None:
    if not np.all(np.isfinite(slope)):
        return None
    try:
        step = np.linalg.solve(slope, -gap)
    except np.linalg.LinAlgError:
        return None
    longest = float(np.max(np.abs(step)))
    if not np.isfinite(longest):
        return None
    return step if longest <= 1.0 else step / longest


@dataclass(frozen=True, slots=True, eq=False)
class Trade:
    """One candidate: everybody's x, q (n, T), g, good, multipliers (n,) at a root; posts open."""

    prices: FloatArray
    totals: FloatArray
    x: FloatArray
    q: FloatArray
    g: FloatArray
    good: FloatArray
    log_money: FloatArray
    log_good: FloatArray
    rationed: BoolArray
    error: float
    sweeps: int


def trade(
    blocks: tuple[Block, ...],
    inside: BoolArray,
    posts: BoolArray,
    *,
    start: tuple[FloatArray, FloatArray] | None = None,
    power: float = 1.0,
    tolerance: float = 1e-13,
    rough: float = 0.0,
    max_sweeps: int = 200,
    threads: int = 2,
) -> Trade:
    """The candidate equilibrium of those `inside` (n,) on `posts` (T,), with posts closing as they must.

    start : prices and totals (T,) to begin from, nan where unknown; rough : as in `find_root`
    """
    sweeps = 0
    posts = posts.copy()
    while True:
        members = tuple(b.take(inside[b.rows], posts) for b in blocks if inside[b.rows].any())
        good = float(sum(b.omega.sum() for b in members))
        prices, totals = first_guess(members, good)
        if start is not None:
            known = np.isfinite(start[0][posts]) & np.isfinite(start[1][posts])
            prices = np.where(known, start[0][posts], prices)
            totals = np.where(known, start[1][posts], totals)
        sweep = Sweep(members, good, power=power, threads=threads)
        root = find_root(sweep, prices, totals, tolerance=tolerance, rough=rough, max_sweeps=max_sweeps)
        sweeps += root.sweeps
        fading = root.totals < totals * DUST * 1.0001
        if root.error > 1e-9 and fading.any() and not fading.all():
            posts[np.flatnonzero(posts)[fading]] = False
            continue
        return _gather(sweep, root, inside, posts, sweeps)


def _gather(sweep: Sweep, root: Root, inside: BoolArray, posts: BoolArray, sweeps: int) -> Trade:
    count, periods = inside.size, posts.size
    wide = {key: np.zeros((count, periods)) for key in ("x", "q")}
    thin = {key: np.zeros(count) for key in ("g", "good")}
    money, value = np.full(count, -np.inf), np.full(count, -np.inf)
    rationed = np.zeros(count, dtype=np.bool_)
    columns = np.flatnonzero(posts)
    for chunk, answer in zip(sweep.chunks, sweep.answers, strict=True):
        rows, cells = chunk.rows, np.ix_(chunk.rows, columns)
        assert answer is not None
        wide["x"][cells] = answer.x
        thin["g"][rows] = answer.g
        if isinstance(answer, Purchases):
            # All money bid is money received, so what a satiated agent has left buys the good back.
            full = answer.log_money <= -0.9 * FAR
            left = chunk.omega - answer.x @ root.prices
            thin["g"][rows] = np.where(full, np.maximum(left, answer.g), answer.g)
        money[rows], value[rows] = answer.log_money, answer.log_good
        rationed[rows] = answer.rationed
        if isinstance(answer, Outputs):
            wide["q"][cells] = answer.q
            thin["good"][rows] = answer.good
        elif isinstance(answer, Purchases):
            thin["good"][rows] = thin["g"][rows]
    prices, totals = np.full(periods, np.nan), np.zeros(periods)
    prices[posts], totals[posts] = root.prices, root.totals
    if sweep.alone:
        wide["x"] = np.where(wide["x"] > 0, totals, 0.0)  # the only bidder gets all there is, to the last digit
    return Trade(
        prices, totals, wide["x"], wide["q"], thin["g"], thin["good"], money, value, rationed, root.error, sweeps
    )
