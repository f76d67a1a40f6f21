"""Competitive equilibrium: the same market, with agents that take prices as given.

At prices p (p^0 = 1) a producer makes what pays best, q = argmax p q - phi(q), and spends its profit as a standard
agent spends the value of omega; every post clears. Supply is a step where c = 1, demand where utility is linear:
`interior.py` finds both. Where several answers are as good (plants on the same step, buyers between posts) it takes the
one in the middle of them, so that agents with identical data get identical allocations.

Participants are those asked for, less those that cannot pay for their floor V + s at these prices: one at a time, the
one that can afford the smallest part of it leaves (ties: highest index).

For c > 1 a price-taker wants all of its capacity or none. If any equilibrium exists it is one of the economy in
which the plant's inputs are the chord q phi(K)/K; so that one is solved, and is an answer if no such plant runs at part
of its capacity.
"""

from __future__ import annotations

import numpy as np

from .arrays import BoolArray
from .economy import Block, Economy
from .interior import PATHS, End, follow_path
from .participation import deprived, opening_posts, outside_utilities, powerless
from .priced import priced_residual
from .solution import Solution, Status
from .technology import LARGE

EXACT = 1e-9
"""Residual up to which prices and quantities count as an equilibrium."""

FADED = 1e-9
"""A post closes when what is paid there is below this part of what an agent spends in all."""


def solve_competitive(economy: Economy, *, participants: BoolArray | None = None, max_steps: int = 200) -> Solution:
    """The price-taking equilibrium of `economy` among `participants` (n,), everybody unless stated.

    Its regret is nan: nobody has a best response to a price. Its residual is computed from prices and quantities
    alone (`priced.py`).

    >>> from .agents import Producer, Standard
    >>> from .forms import Log
    >>> homes = [Standard("home", 8.0, Log([1.0], 0.0))] * 2
    >>> plants = [Producer("plant", 2.0, 0.5, 99.0, Log([0.0], 1.0))] * 2
    >>> solve_competitive(Economy(1, homes, plants)).offers[2].round(6)  # 2 sqrt((1/2) 16/2)
    array([4.])
    """
    return competitive_blocks(economy.blocks, participants=participants, max_steps=max_steps)


@np.errstate(all="ignore")
def competitive_blocks(
    blocks: tuple[Block, ...], *, participants: BoolArray | None = None, max_steps: int = 200
) -> Solution:
    """`solve_competitive` for an economy that is kept as blocks only."""
    inside = ~powerless(blocks) if participants is None else participants.copy()
    exits: list[int] = []
    steps = 0
    while True:
        posts = opening_posts(blocks, inside)
        lost = inside & deprived(blocks, posts)
        if lost.any():
            leaver = int(np.flatnonzero(lost)[-1])
            inside[leaver] = False
            exits.append(leaver)
            continue
        if not posts.any() or not any(inside[b.rows].any() and np.any(b.omega[inside[b.rows]] > 0) for b in blocks):
            return _Outcome(blocks, inside, posts, exits).solution(Status.NO_COMPETITIVE, np.inf, steps)
        members = tuple(b.take(inside[b.rows], posts) for b in blocks if inside[b.rows].any())
        crowded = _crowded(members)
        if crowded is not None:
            inside[crowded] = False
            exits.append(crowded)
            continue
        end = follow_path(members, max_steps=max_steps)
        steps += end.steps
        if end.short > 1e-9:
            leaver = _poorest(members, end)
            inside[leaver] = False
            exits.append(leaver)
            continue
        found = _Outcome(blocks, inside, posts, exits).read(members, end, steps)
        for path in PATHS[1:]:
            if not found.residual > EXACT:
                break
            end = follow_path(members, path=path, max_steps=max_steps)
            again = _Outcome(blocks, inside, posts, exits).read(members, end, steps + end.steps)
            found = again if again.residual < found.residual else found
        return found


def _crowded(members: tuple[Block, ...]) -> int | None:
    """Where plants cannot make the floors of all, whoever can pay least for its own there; ties: the highest index."""
    need = sum(b.taste.floor.sum(axis=0) for b in members)
    limit = sum(b.plants.limits.sum(axis=0) for b in members if b.plants is not None)
    full = np.asarray(need >= (1.0 - 1e-9) * np.asarray(limit)) & (np.asarray(need) > 0)
    if not full.any():
        return None
    post = int(np.flatnonzero(full)[0])
    best, who = np.inf, -1
    for block in members:
        floor = block.taste.floor[:, post]
        means = block.omega if block.plants is None else LARGE * block.plants.limits[:, post]
        ratio = np.where(floor > 0, means / np.where(floor > 0, floor, 1.0), np.inf)
        if ratio.min() < best or (ratio.min() == best and block.rows[ratio == best].max() > who):
            best = float(ratio.min())
            who = int(block.rows[ratio == best].max())
    return who


def _poorest(members: tuple[Block, ...], end: End) -> int:
    """Who can pay for the smallest part of its floor; ties: the highest index."""
    prices, ratios, rows = end.prices, [], []
    for block, side in zip(members, end.sides, strict=True):
        need = block.taste.floor @ prices
        income = np.maximum(side.income(prices), 0.0)
        ratios.append(np.where(need > 0, income / np.where(need > 0, need, 1.0), np.inf))
        rows.append(block.rows)
    ratio, row = np.concatenate(ratios), np.concatenate(rows)
    return int(row[ratio <= ratio.min() * (1.0 + 1e-9) + 1e-12].max())


class _Outcome:
    """An allocation for everybody in `blocks`, to be filled from the end of a path."""

    def __init__(self, blocks: tuple[Block, ...], inside: BoolArray, posts: BoolArray, exits: list[int]) -> None:
        self.blocks, self.inside, self.posts, self.exits = blocks, inside, posts, exits
        count, periods = inside.size, posts.size
        self.x, self.q = np.zeros((count, periods)), np.zeros((count, periods))
        self.g, self.kept, self.money = np.zeros(count), np.zeros(count), np.zeros(count)
        self.prices = np.full(periods, np.nan)

    def read(self, members: tuple[Block, ...], end: End, steps: int) -> Solution:
        """What the path ended at, judged by `priced_residual`."""
        prices = end.prices
        money = float(sum(b.omega.sum() for b in members)) / sum(b.size for b in members)
        columns = np.flatnonzero(self.posts)
        parted = False
        for block, side in zip(members, end.sides, strict=True):
            rows, cells = block.rows, np.ix_(block.rows, columns)
            made, used = side.offers(prices, money), np.zeros(block.size)
            if block.plants is not None:
                used = block.plants.used(made)
                partly = (made > 1e-6 * block.plants.limits) & (made < (1.0 - 1e-6) * block.plants.limits)
                parted |= bool(np.any((block.plants.c > 1) & partly))
            income = np.maximum(block.omega + made @ prices - used, 0.0)
            self.q[cells] = made
            self.x[cells], self.kept[rows] = side.buying.purchases(prices, income)
            self.g[rows] = self.kept[rows] + used
            self.money[rows] = np.exp(side.buying.log_money)
        volume = self.q.sum(axis=0)
        self.prices[columns] = prices
        faded = self.posts & (np.where(self.posts, self.prices, 0.0) * volume <= FADED * money)
        error = priced_residual(self.blocks, self.inside, self.prices, self.x, self.q, self.kept)
        self.prices[faded] = np.nan
        self.x[:, faded] = self.q[:, faded] = 0.0
        if not np.isfinite(self.prices).any() and error <= EXACT:
            return self.solution(Status.NO_TRADE, error, steps)
        status = Status.PART_LOAD if parted else Status.SOLVED if error <= EXACT else Status.NOT_CLEARED
        return self.solution(status, error, steps)

    def solution(self, status: Status, error: float, steps: int) -> Solution:
        """Everybody outside with its endowment, and the rest as filled in."""
        kwh = np.zeros_like(self.x)
        utilities, kept = outside_utilities(self.blocks), self.kept.copy()
        for block in self.blocks:
            rows = block.rows
            kwh[rows] = block.verification
            above = np.maximum(self.x[rows] - block.taste.floor, 0.0)
            missed = np.any(self.x[rows] < block.taste.floor * (1.0 - 1e-9), axis=1)
            value = np.where(missed, -np.inf, block.taste.values(above, kept[rows]))
            utilities[rows] = np.where(self.inside[rows], value, utilities[rows])
            kept[rows] = np.where(self.inside[rows], kept[rows], block.omega)
        return Solution(
            status=status,
            regret=np.nan,
            residual=float(error),
            prices=self.prices,
            totals=self.q.sum(axis=0),
            allocations=self.x,
            offers=self.q,
            good_bought=self.g,
            numeraire=kept,
            utilities=utilities,
            participants=self.inside,
            exits=tuple(self.exits),
            verification_kwh=kwh,
            money_values=self.money,
            good_values=self.money,
            sweeps=steps,
        )
