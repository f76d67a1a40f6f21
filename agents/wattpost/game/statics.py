"""Comparative statics by the implicit function theorem.

At an equilibrium F(u, k) = 0, with u = (ln p, ln Q) and F = (ln X - ln Q, ln S - ln Q). A parameter k of the
economy moves it by

    du/dk = -(dF/du)^-1 dF/dk.

dF/du is the solver's analytic Jacobian. dF/dk is what agents do at *unchanged* prices and totals when k moves: nobody
solves the market again. It is a difference of sweeps rather than a formula, so that k may be anything an economy is
built from, and its error is known: with D(h) = [F(k+h) - F(k-h)]/2h, the answer (4 D(h/2) - D(h))/3 differs from the
derivative by a term in h^4 and by rounding of about 10^-14/h, and `error` is how far it is from D(h/2), which has a
term in h^2. Where an agent stands at a kink (a corner or a limit within h), the two differ visibly and h is reduced;
at the kink itself there is no derivative, only one to each side, and `error` has the difference. Where k - h is
refused (V below zero), both are one-sided differences of the same order.

With du/dk known, allocations and utilities follow along the line (u + h du, k + h) in the same way. Participants
stay who they are: the derivatives are those of the current market.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .aggregate import Sweep
from .arrays import BoolArray, FloatArray
from .economy import Block, Economy
from .nash import Root, _gap, _gather
from .solution import Solution

STEPS = (1e-3, 1e-4, 1e-5)
"""Steps h, as parts of k; the next is tried where the one before leaves too large an error."""

SMALL = 1e-6
"""Relative error of dF/dk at which no smaller step is tried."""

Values = tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """Derivatives by one parameter: prices, totals (T,) (nan and 0 where closed), allocations, offers
    (n, T), utilities (n,) and their sum over participants, welfare.

    error : relative error of dF/dk, estimated; large at a kink
    """

    prices: FloatArray
    totals: FloatArray
    allocations: FloatArray
    offers: FloatArray
    utilities: FloatArray
    welfare: float
    error: float


def sensitivity(build: Callable[[float], Economy], at: float, solution: Solution) -> Sensitivity:
    """How the equilibrium `solution` of build(at) moves with the parameter that `build` takes.

    build : value -> economy, the same agents in the same order; any of theta, c, K, omega, V, kappa or
        weights may depend on the value

    >>> from .agents import Producer, Standard
    >>> from .equilibrium import solve_nash
    >>> from .forms import Log
    >>> def build(theta):
    ...     homes = [Standard("home", 8.0, Log([1.0], 0.0))] * 2
    ...     return Economy(1, homes, [Producer("plant", theta, 0.5, 99.0, Log([0.0], 1.0))] * 2)
    >>> moved = sensitivity(build, 2.0, solve_nash(build(2.0)))
    >>> moved.totals.round(6)  # Q = 2 theta, here 4
    array([2.])
    """
    inside, posts = solution.participants, solution.open
    if not posts.any():
        raise ValueError("nobody trades, so there is no market whose derivative could be taken")
    u = np.concatenate([np.log(solution.prices[posts]), np.log(solution.totals[posts])])
    count = int(posts.sum())

    def sweep(value: float) -> Sweep:
        members = _members(build(value), inside, posts)
        return Sweep(members, float(sum(b.omega.sum() for b in members)), threads=1)

    def follow(value: float, point: FloatArray) -> Values:
        moved = sweep(value)
        _gap(moved, point)
        deal = _gather(moved, Root(np.exp(point[:count]), np.exp(point[count:]), 0.0, 1), inside, posts, 1)
        utilities = np.zeros(inside.size)
        for block in _members(build(value), inside, posts):
            above = np.maximum(deal.x[block.rows][:, posts] - block.taste.floor, 0.0)
            utilities[block.rows] = block.taste.values(above, deal.good[block.rows])
        return deal.x, deal.q, utilities

    _, slope = _gap(sweep(at), u)
    best, error, step = np.zeros_like(u), np.inf, 0.0
    for part in STEPS:
        trial = part * (abs(at) if at != 0 else 1.0)
        (by,), miss = _derivative(lambda value: (_gap(sweep(value), u)[0],), at, trial)
        if miss < error:
            best, error, step = by, miss, trial
        if error <= SMALL:
            break
    du = -np.linalg.solve(slope, best)
    ends, _ = _derivative(lambda value: follow(value, u + (value - at) * du), at, step)
    prices, totals = np.full(posts.size, np.nan), np.zeros(posts.size)
    prices[posts] = du[:count] * solution.prices[posts]
    totals[posts] = du[count:] * solution.totals[posts]
    x, q, utilities = ends
    return Sensitivity(prices, totals, x, q, utilities, float(utilities[inside].sum()), error)


def _derivative(function: Callable[[float], Values], at: float, step: float) -> tuple[Values, float]:
    """The derivative of every part of `function`, and the relative error of the first."""
    jump = 0.0
    try:
        low = function(at - step)
    except ValueError:
        rough, fine = _forward(function, at, step), _forward(function, at, 0.5 * step)
    else:
        here, high = function(at), function(at + step)
        low_half, high_half = function(at - 0.5 * step), function(at + 0.5 * step)
        rough = tuple((up - down) / (2.0 * step) for up, down in zip(high, low, strict=True))
        fine = tuple((up - down) / step for up, down in zip(high_half, low_half, strict=True))
        # How much the slope changes across k: of order h where the function is smooth, so that this is of order h^3.
        wide = (high[0] - 2.0 * here[0] + low[0]) / step
        near = (high_half[0] - 2.0 * here[0] + low_half[0]) / (0.5 * step)
        jump = float(np.max(np.abs(2.0 * near - wide), initial=0.0))
    with np.errstate(invalid="ignore"):
        better = tuple((4.0 * close - far) / 3.0 for close, far in zip(fine, rough, strict=True))
    scale = float(np.max(np.abs(better[0]), initial=0.0))
    miss = float(np.max(np.abs(better[0] - fine[0]), initial=0.0)) + jump
    return better, miss / scale if scale > 0 else 0.0


def _forward(function: Callable[[float], Values], at: float, step: float) -> Values:
    """(-3 f(k) + 4 f(k + h/2) - f(k + h)) / h, whose error has a term in h^2."""
    points = zip(function(at), function(at + 0.5 * step), function(at + step), strict=True)
    return tuple((-3.0 * here + 4.0 * half - whole) / step for here, half, whole in points)


def _members(economy: Economy, inside: BoolArray, posts: BoolArray) -> tuple[Block, ...]:
    return tuple(b.take(inside[b.rows], posts) for b in economy.blocks if inside[b.rows].any())
