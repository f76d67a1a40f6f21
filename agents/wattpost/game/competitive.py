"""Competitive equilibrium: the same market, with agents that take prices as given.

At prices p (p^0 = 1) a producer makes what pays best, q = argmax p q - phi(q), and spends its profit as
a standard agent spends the value of omega. The unknowns are ln p, the equations X(p) = S(p).

Where c = 1 supply is a step at p = 1/theta. The economy's replica of 1/`NEARLY` copies, whose supply is
steep but smooth, shows which plants stand on their step; there the price is the step, and those
plants make, in proportion to capacity, what is still wanted.

For c > 1 a price-taker wants all of its capacity or none, so an equilibrium exists only by luck of the
numbers. With linear utilities demand is a step as well; the replica itself is then the answer, good
to a relative `NEARLY`, and `residual` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arrays import BoolArray, FloatArray
from .buyers import purchases
from .economy import Block, Economy
from .forms import Linear, Log
from .nash import Trade, trade
from .participation import deprived, opening_posts, outside_utilities, powerless
from .solution import Solution, Status
from .technology import posts as posts_at
from .views import Priced

NEARLY = 1e-7
"""Market power in the replica that stands in for price-taking where steps must be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """What price-takers do: x, q (n, T), g, good, lambda (n,); excess X - S (T,) and its derivatives."""

    x: FloatArray
    q: FloatArray
    g: FloatArray
    good: FloatArray
    money: FloatArray
    rationed: BoolArray
    excess: FloatArray
    slope: FloatArray


def solve_competitive(
    economy: Economy, *, participants: BoolArray | None = None, max_sweeps: int = 100, threads: int = 2
) -> Solution:
    """The price-taking equilibrium of `economy` among `participants` (n,), everybody unless stated.

    >>> from .agents import Producer, Standard
    >>> from .forms import Log
    >>> homes = [Standard("home", 8.0, Log([1.0], 0.0))] * 2
    >>> plants = [Producer("plant", 2.0, 0.5, 99.0, Log([0.0], 1.0))] * 2
    >>> solve_competitive(Economy(1, homes, plants)).offers[2].round(6)  # 2 sqrt((1/2) 16/2)
    array([4.])
    """
    return competitive_blocks(economy.blocks, participants=participants, max_sweeps=max_sweeps, threads=threads)


def competitive_blocks(
    blocks: tuple[Block, ...],
    *,
    participants: BoolArray | None = None,
    max_sweeps: int = 100,
    threads: int = 2,
) -> Solution:
    """`solve_competitive` for an economy that is kept as blocks only."""
    inside = ~powerless(blocks) if participants is None else participants.copy()
    posts = opening_posts(blocks, inside)
    inside &= ~deprived(blocks, posts)
    if not posts.any() or not inside.any():
        return _report(blocks, inside, posts, None, Status.NO_COMPETITIVE, np.inf, 0)
    if any(b.plants is not None and b.plants.rho is not None and np.any(b.plants.c == 1) for b in blocks):
        return _report(blocks, inside, posts, None, Status.STEP_IN_CAPACITY, np.inf, 0)
    near, spent = _approach(blocks, inside, posts, max_sweeps, threads)
    posts = np.isfinite(near.prices)
    members = tuple(b.take(inside[b.rows], posts) for b in blocks if inside[b.rows].any())
    prices = near.prices[posts]
    if any(block.taste.form is Linear for block in members):
        return _from_replica(blocks, inside, near, spent)
    pinned, prices = _pins(members, near, posts, prices)
    taken, cleared, error, sweeps = _clear(members, prices, pinned, max_sweeps)
    solved = error <= 1e-9 and not taken.rationed.any()
    convex = all(b.plants is None or bool(np.all(b.plants.c <= 1)) for b in members)
    status = Status.SOLVED if solved else Status.NOT_FOUND if convex else Status.NO_COMPETITIVE
    return _report(blocks, inside, posts, taken, status, error, spent + sweeps, cleared)


def _approach(
    blocks: tuple[Block, ...], inside: BoolArray, posts: BoolArray, max_sweeps: int, threads: int
) -> tuple[Trade, int]:
    """The Nash equilibrium of ever larger replicas, as far as there are steps to be seen."""
    powers = [1.0, 0.1]
    if any(b.plants is not None and np.any(b.plants.c >= 1) for b in blocks):
        powers += [0.03, 0.01, 3e-3, 1e-3]
    if any(b.plants is not None and np.any(b.plants.c > 1) for b in blocks):
        powers, max_sweeps = [1.0], min(max_sweeps, 20)
    elif any(b.taste.form is Linear for b in blocks):
        powers = [1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, NEARLY]
    start: tuple[FloatArray, FloatArray] | None = None
    spent = 0
    for power in powers:
        near = trade(blocks, inside, posts, start=start, power=power, max_sweeps=max_sweeps, threads=threads)
        posts, start = np.isfinite(near.prices), (near.prices, near.totals)
        spent += near.sweeps
    return near, spent


def _pins(
    members: tuple[Block, ...], near: Trade, posts: BoolArray, prices: FloatArray
) -> tuple[BoolArray, FloatArray]:
    """Posts (T,) whose price is a step of supply, and all prices with those steps put in."""
    pinned, prices = np.zeros(prices.size, dtype=np.bool_), prices.copy()
    for block in members:
        if block.plants is None:
            continue
        q = near.q[block.rows][:, posts]
        limits = block.plants.limits
        on_step = (block.plants.c == 1) & (q > 1e-3 * limits) & (q < (1.0 - 1e-3) * limits)
        steps = np.broadcast_to(1.0 / block.plants.theta, q.shape)
        near_step = on_step & (np.abs(steps / prices - 1.0) < 0.02)
        for post in np.flatnonzero(near_step.any(axis=0)):
            level = steps[near_step[:, post], post]
            prices[post] = level[np.argmin(np.abs(level / prices[post] - 1.0))]
            pinned[post] = True
    return pinned, prices


def _clear(
    members: tuple[Block, ...], prices: FloatArray, pinned: BoolArray, max_sweeps: int
) -> tuple[_Taken, FloatArray, float, int]:
    y = np.log(prices)
    loose = ~pinned
    taken = _take(members, np.exp(y), pinned)
    sweeps, error = 1, _error(taken)
    while sweeps < max_sweeps and error > 1e-14:
        matrix = taken.slope[np.ix_(loose, loose)]
        try:
            step = np.linalg.solve(matrix, -taken.excess[loose])
        except np.linalg.LinAlgError:
            break
        if not np.all(np.isfinite(step)):
            break
        longest = float(np.max(np.abs(step), initial=0.0))
        step = step / max(longest, 1.0)
        better = False
        for _ in range(8):
            trial = y.copy()
            trial[loose] += step
            new = _take(members, np.exp(trial), pinned)
            sweeps += 1
            if _error(new) < error:
                y, taken, error, better = trial, new, _error(new), True
                break
            step = 0.4 * step
        if not better:
            break
    return taken, np.exp(y), error, sweeps


def _error(taken: _Taken) -> float:
    volume = np.maximum(taken.x.sum(axis=0), taken.q.sum(axis=0))
    return float(np.max(np.abs(taken.excess) / np.maximum(volume, 1e-300), initial=0.0))


def _take(members: tuple[Block, ...], prices: FloatArray, pinned: BoolArray) -> _Taken:
    """Everybody at `prices`; plants on a pinned step fill what is wanted there."""
    count = 1 + max(int(block.rows.max()) for block in members)
    periods = prices.size
    x, q = np.zeros((count, periods)), np.zeros((count, periods))
    g, good, money = np.zeros(count), np.zeros(count), np.full(count, -np.inf)
    rationed, flexible = np.zeros(count, dtype=np.bool_), np.zeros((count, periods))
    slope = np.zeros((periods, periods))
    view = Priced(prices[None, :])
    diagonal = np.arange(periods)
    with np.errstate(all="ignore"):
        for block in members:
            rows, income, used = block.rows, block.omega, np.zeros(block.size)
            made = np.zeros((block.size, periods))
            if block.plants is not None:
                plants = block.plants
                supply, rise = plants.supply(np.log(prices)[None, :])
                if plants.rho is not None:
                    supply, rise, shared = _built(block, view)
                    slope -= shared
                limit_pays = prices * plants.limits > plants.inputs(plants.limits) * (1.0 + 1e-12)
                step = np.where(limit_pays, plants.limits, 0.0)
                on_step = pinned & (plants.c == 1) & (np.abs(prices * plants.theta - 1.0) < 1e-12)
                made = np.where(plants.c < 1, supply, np.where(on_step, 0.0, step))
                rise = np.where(plants.c < 1, rise, 0.0)
                flexible[rows] = np.where(on_step, plants.limits, 0.0)
                used = plants.used(made)
                income = made @ prices - used
                slope[diagonal, diagonal] -= rise.sum(axis=0)
            taste = block.taste
            if block.plants is not None:
                # A price-taker keeps its profit in the good: it trades as one endowed with it.
                income = np.maximum(income, 0.0)
            bought = purchases(taste, income, view)
            drop = np.where(bought.rationed[:, None], 0.0, bought.x_drop)
            mass = np.sum(prices * drop, axis=1) + bought.g_drop
            mass = np.where(bought.rationed, income, mass)
            drive = np.where(bought.rationed[:, None], bought.x, drop)
            over = np.where(mass > 0, 1.0 / mass, 0.0)
            slope -= (drive * over[:, None]).T @ (prices * (bought.x - drop - made))
            slope[diagonal, diagonal] -= drop.sum(axis=0)
            x[rows], q[rows] = bought.x, made
            left = np.where(bought.log_money < -270, income - bought.x @ prices, bought.g)
            good[rows] = np.maximum(left, bought.g)
            g[rows] = good[rows] + used
            money[rows] = bought.log_money
            rationed[rows] = bought.rationed & np.any(taste.floor > 0, axis=1)
        excess = x.sum(axis=0) - q.sum(axis=0)
        room = flexible.sum(axis=0)
        fill = np.where(pinned, np.clip(excess, 0.0, room), 0.0)
        extra = flexible * np.where(room > 0, fill / np.where(room > 0, room, 1.0), 0.0)
        q = q + extra
        g = g + extra @ prices
    return _Taken(x, q, g, good, np.exp(money), rationed, excess - fill, slope)


def _built(block: Block, view: Priced) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What plants whose K is chosen make (n, T), its derivative by the post's own ln p, and what all
    of them together add on each post (row) through K when ln p of another (column) moves; c < 1.
    """
    assert block.plants is not None
    none, zeros = np.zeros(block.size), np.zeros_like(block.taste.weights)
    blank = replace(block.taste, form=Log, weights=zeros, good=none, floor=zeros)
    prices = np.log(view.prices) + zeros
    flow = posts_at(blank, block.plants, view, none, none, prices)
    assert flow.chosen is not None
    shift = flow.chosen.by_post
    own = flow.q_money - flow.chosen.q_size * shift.sum(axis=1)[:, None]
    return flow.q, own, flow.chosen.q_size.T @ shift


def _from_replica(blocks: tuple[Block, ...], inside: BoolArray, near: Trade, spent: int) -> Solution:
    posts = np.isfinite(near.prices)
    taken = _Taken(
        near.x[:, posts],
        near.q[:, posts],
        near.g,
        near.good,
        np.exp(near.log_money),
        near.rationed,
        np.zeros(int(posts.sum())),
        np.zeros((0, 0)),
    )
    good = near.error <= 1e-9 and not near.rationed.any()
    status = Status.SOLVED if good else Status.NO_COMPETITIVE
    error = max(near.error, NEARLY)
    return _report(blocks, inside, posts, taken, status, error, spent, near.prices[posts])


def _report(
    blocks: tuple[Block, ...],
    inside: BoolArray,
    posts: BoolArray,
    taken: _Taken | None,
    status: Status,
    error: float,
    sweeps: int,
    cleared: FloatArray | None = None,
) -> Solution:
    count, periods = inside.size, posts.size
    x, q = np.zeros((count, periods)), np.zeros((count, periods))
    g, kept, money = np.zeros(count), np.zeros(count), np.zeros(count)
    kwh = np.zeros((count, periods))
    prices, totals = np.full(periods, np.nan), np.zeros(periods)
    utilities = outside_utilities(blocks)
    if taken is not None:
        size = taken.g.size
        x[:size, posts], q[:size, posts] = taken.x, taken.q
        g[:size], kept[:size], money[:size] = taken.g, taken.good, taken.money
        totals[posts] = taken.q.sum(axis=0)
    if cleared is not None:
        prices[posts] = cleared
    for block in blocks:
        rows = block.rows
        kwh[rows] = block.verification
        above = np.maximum(x[rows] - block.taste.floor, 0.0)
        missed = np.any(x[rows] < block.taste.floor * (1.0 - 1e-9), axis=1)
        value = np.where(missed, -np.inf, block.taste.values(above, kept[rows]))
        utilities[rows] = np.where(inside[rows], value, utilities[rows])
        kept[rows] = np.where(inside[rows], kept[rows], block.omega)
    return Solution(
        status=status,
        regret=np.nan,
        residual=float(error),
        prices=prices,
        totals=totals,
        allocations=x,
        offers=q,
        good_bought=g,
        numeraire=kept,
        utilities=utilities,
        participants=inside,
        exits=(),
        verification_kwh=kwh,
        money_values=money,
        good_values=money,
        sweeps=sweeps,
    )
