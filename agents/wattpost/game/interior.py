"""The price-taking equilibrium as the end of a central path, for steps in supply and in demand alike.

At prices p (p^0 = 1) the conditions of all agents hold with a small mu in place of zero in every pair of a quantity
and its multiplier (`buying.py`, `making.py`), and every post clears. At mu = 0 that is the equilibrium; at mu > 0
everything is inside its bounds, and no step is left. Newton on all of it at once while mu falls stays well
conditioned where a search over prices alone would meet supply that is nothing or everything (a primal-dual
interior-point method). What an agent does on a post touches nothing else, so it is eliminated by hand: one T x T
system per step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray
from .buying import Buying
from .economy import Block
from .guess import first_guess
from .making import Making

PATHS = ((0.1, 1e-15), (0.1, 1e-17), (1.0, 1e-15), (0.01, 1e-15), (0.01, 1e-13))
"""mu at both ends of a path, in units of what an agent spends on a post, in the order in which to try them."""

INSIDE = 0.99
"""Part of the way to a bound that a step may go."""

LACKING = 1e-3
"""Part of the cost of its floor that an agent may lack while mu is still large."""

PATIENCE = 30
"""Steps after which somebody who cannot pay is let go at a rough state of the market."""


class Side:
    """One block on the path."""

    def __init__(self, block: Block, prices: FloatArray, mu: float, volume: FloatArray) -> None:
        self.block = block
        self.making = None if block.plants is None else Making(block.plants, prices, mu, volume)
        self.buying = Buying(block.taste, prices, mu, self.income(prices, mu))

    def income(self, prices: FloatArray, mu: float = 0.0) -> FloatArray:
        """(n,) money to spend."""
        return self.block.omega if self.making is None else self.making.profit(prices, mu)

    def offers(self, prices: FloatArray, money: float) -> FloatArray:
        """(n, T) kWh made; `money` is what an agent spends in all."""
        return np.zeros_like(self.block.taste.weights) if self.making is None else self.making.offers(prices, money)

    def answer(self, prices: FloatArray, mu: float) -> None:
        """Find the answer to a Newton step at `prices` towards `mu`."""
        self.buying.answer(prices, mu, self.income(prices, mu))
        if self.making is not None:
            follow, fixed = self.making.answer(prices, mu)
            self.buying.follow, self.buying.fixed = self.buying.follow + follow, self.buying.fixed + fixed

    def walk(self, move: FloatArray, mu: float, part: float) -> float:
        """Move with ln p, each agent as far as it stays inside; returns the smallest part that one went."""
        sides: list[Buying | Making] = [self.buying] if self.making is None else [self.buying, self.making]
        each = np.full(self.block.size, part)
        for side in sides:
            side.plan(move, mu)
            for key, change in side.go.items():
                limit = np.where(change < 0, -INSIDE * side.at[key] / change, np.inf)
                each = np.minimum(each, limit if limit.ndim == 1 else limit.min(axis=1))
        self.buying.log_money = self.buying.log_money + each * self.buying.by_log
        for side in sides:
            for key, change in side.go.items():
                side.at[key] = side.at[key] + (each if change.ndim == 1 else each[:, None]) * change
        return float(each.min())

    def lacking(self, prices: FloatArray, mu: float) -> float:
        """The largest part of its floor that anybody here has no money for."""
        need = self.block.taste.floor @ prices
        part = np.where(need > 0, self.buying.lent(mu) / np.where(need > 0, need, 1.0), 0.0)
        return float(part.max(initial=0.0))


@dataclass(slots=True)
class End:
    """Where the path ended: prices (T,), its sides, how many steps it took.

    short : the largest part of its floor that anybody lacks the money for
    """

    prices: FloatArray
    sides: list[Side]
    steps: int
    short: float


@np.errstate(all="ignore")
def follow_path(members: tuple[Block, ...], *, path: tuple[float, float] = PATHS[0], max_steps: int = 200) -> End:
    """Walk the central path of `members`, all on open posts, from one end of `path` to the other.

    It ends early where an agent lacks a part `LACKING` of what its floor costs: it has to go.
    """
    first, last = path
    money = float(sum(b.omega.sum() for b in members))
    prices, totals = first_guess(members, money)
    makers = sum(b.size for b in members if b.plants is not None)
    unit = money / sum(b.size for b in members) / prices.size
    mu, steps, short, before = first * unit, 0, 0.0, np.inf
    still = 0
    sides = [Side(block, prices, mu, totals / max(makers, 1)) for block in members]
    while steps < max_steps:
        steps += 1
        move = _newton(sides, prices, mu)
        if not np.all(np.isfinite(move)):
            break
        longest = float(np.max(np.abs(move)))
        if mu <= last * unit and longest > 3.0 * before and before < 1e-9:
            break  # rounding has taken over
        before = longest
        part = min(1.0, 1.0 / max(longest, 1e-300))
        part = min([side.walk(move, mu, part) for side in sides])
        prices = prices * np.exp(part * move)
        short = max(side.lacking(prices, mu) for side in sides)
        late = max(float(np.max(np.abs(side.buying.by_log))) for side in sides)
        still = still + 1 if mu <= last * unit and longest < 1e-12 else 0
        if still and part > 0.5 and (late < 0.5 or still > 5):
            break
        if short > LACKING and (mu <= 1e-6 * unit or (steps >= PATIENCE and mu >= first * unit)):
            break
        if part > 0.5:
            mu = max(mu * (0.1 if part > 0.9 else 0.4), last * unit)
    return End(prices, sides, steps, short)


def _newton(sides: list[Side], prices: FloatArray, mu: float) -> FloatArray:
    """The move of ln p (T,) that clears every post to first order; nan where there is none."""
    matrix, right = np.zeros((prices.size, prices.size)), np.zeros_like(prices)
    for side in sides:
        side.answer(prices, mu)
        side.buying.clear(matrix, right)
        right -= np.sum(side.block.taste.floor + side.buying.bought(prices)[0], axis=0)
        if side.making is not None:
            side.making.clear(matrix, right)
            right += side.making.made().sum(axis=0)
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full_like(prices, np.nan)
