"""Comparative statics by the implicit function theorem.

At an equilibrium F(u, k) = 0, with u = (ln p, ln Q) and F = (ln X - ln Q, ln S - ln Q). A parameter k of the
economy moves it by

    du/dk = -(dF/du)^-1 dF/dk.

dF/du is the solver's analytic Jacobian. dF/dk is what agents do at *unchanged* prices and totals when
k moves, a central difference of one sweep; with du/dk known, allocations and utilities follow along the
line (u + du, k + dk). Participants stay who they are: the derivatives are those of the current market.
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

STEP = 1e-5
"""Relative step of central differences: errors of about its square."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """Derivatives by one parameter: prices, totals (T,) (nan and 0 where closed), allocations, offers
    (n, T), utilities (n,) and their sum over participants, welfare.
    """

    prices: FloatArray
    totals: FloatArray
    allocations: FloatArray
    offers: FloatArray
    utilities: FloatArray
    welfare: float


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
    u = np.concatenate([np.log(solution.prices[posts]), np.log(solution.totals[posts])])
    step = STEP * max(abs(at), 1.0)

    def sweep(value: float) -> Sweep:
        members = _members(build(value), inside, posts)
        return Sweep(members, float(sum(b.omega.sum() for b in members)), threads=1)

    _, slope = _gap(sweep(at), u)
    high, _ = _gap(sweep(at + step), u)
    low, _ = _gap(sweep(at - step), u)
    du = -np.linalg.solve(slope, (high - low) / (2.0 * step))
    ends = []
    for sign in (1.0, -1.0):
        value, point = at + sign * step, u + sign * step * du
        moved = sweep(value)
        _gap(moved, point)
        count = posts.sum()
        deal = _gather(moved, Root(np.exp(point[:count]), np.exp(point[count:]), 0.0, 1), inside, posts, 1)
        utilities = np.zeros(inside.size)
        for block in _members(build(value), inside, posts):
            above = np.maximum(deal.x[block.rows][:, posts] - block.taste.floor, 0.0)
            utilities[block.rows] = block.taste.values(above, deal.good[block.rows])
        ends.append((deal.x, deal.q, utilities))
    by = [(high_end - low_end) / (2.0 * step) for high_end, low_end in zip(*ends, strict=True)]
    count = int(posts.sum())
    prices, totals = np.full(posts.size, np.nan), np.zeros(posts.size)
    prices[posts] = du[:count] * solution.prices[posts]
    totals[posts] = du[count:] * solution.totals[posts]
    return Sensitivity(prices, totals, by[0], by[1], by[2], float(by[2][inside].sum()))


def _members(economy: Economy, inside: BoolArray, posts: BoolArray) -> tuple[Block, ...]:
    return tuple(b.take(inside[b.rows], posts) for b in economy.blocks if inside[b.rows].any())
