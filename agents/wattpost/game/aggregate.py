"""Everybody's purchases and offers at given post aggregates, summed, with derivatives.

Given the price and the total of every post, (p, Q), agents no longer interact: each chooses x, q
for itself, and an equilibrium is a root of

    X(p, Q) = Q,    S(p, Q) = Q,        X = sum_i x_i,   S = sum_j q_j,

2T equations in 2T unknowns (post 0 then clears by Walras' law). One *sweep* evaluates both sides in
chunks of agents. Derivatives come with it: for a standard agent, with s = -dx/dln lambda,

    dx = -s (dln lambda + dln p) + s x/(Q - x) dln Q,
    dln lambda = sum_t [p (x - s) dln p + p s x/(Q - x) dln Q] / (sum_t p s + s_0),

by its budget, so that the Jacobian is a diagonal plus products of (n, T) matrices; for a producer
two multipliers take the place of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from .arrays import BoolArray, FloatArray
from .buyers import Purchases, purchases
from .economy import Block
from .forms import Log
from .plants import Outputs, outputs
from .tastes import Taste
from .technology import posts
from .views import Posted

CHUNK = 16_384
"""Agents per chunk: a few (n, T) arrays of it fit a processor's cache."""

THREADED = 200_000
"""Agents times posts from which threads pay for themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """X and S (T,), and their derivatives (2T, 2T) by (ln p, ln Q)."""

    bought: FloatArray
    offered: FloatArray
    slope: FloatArray

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.bought + other.bought, self.offered + other.offered, self.slope + other.slope)


class Sweep:
    """Repeated sweeps over the same agents; each starts from the multipliers of the one before."""

    def __init__(self, blocks: tuple[Block, ...], good: float, *, power: float = 1.0, threads: int = 2) -> None:
        self.good, self.power, self.threads = good, power, threads
        self.chunks = [chunk for block in blocks for chunk in _chunks(block)]
        self.answers: list[Purchases | Outputs | None] = [None] * len(self.chunks)
        single = blocks[0].taste.weights.shape[1] == 1
        self.alone = single and sum(int(_bidding(chunk).sum()) for chunk in self.chunks) == 1

    def short(self) -> bool:
        """Whether somebody could not afford its floor at the last sweep."""
        return any(answer is not None and bool(answer.rationed.any()) for answer in self.answers)

    def sums(self, prices: FloatArray, totals: FloatArray) -> Sums:
        """X, S and derivatives at `prices`, `totals` (T,), p^0 = 1."""
        view = Posted(prices[None, :], totals[None, :], self.good, self.power)

        def one(number: int) -> Sums:
            block = self.chunks[number]
            before = self.answers[number]
            with np.errstate(all="ignore"):
                if block.plants is None:
                    start = before.log_money if isinstance(before, Purchases) else None
                    # An only bidder gets all there is for any bid; it bids what it earns, like a price-taker.
                    seen = replace(view, power=0.0) if self.alone and _bidding(block).any() else view
                    bought = purchases(block.taste, block.omega, seen, start=_sane(start))
                    self.answers[number] = bought
                    return _standard_sums(bought, block.omega, seen)
                start_out = before if isinstance(before, Outputs) else None
                made = outputs(block.taste, block.plants, view, start=start_out)
                self.answers[number] = made
                return _producer_sums(made, block, view)

        cells = sum(chunk.taste.weights.size for chunk in self.chunks)
        if len(self.chunks) == 1 or self.threads == 1 or cells < THREADED:
            parts = [one(number) for number in range(len(self.chunks))]
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                parts = list(pool.map(one, range(len(self.chunks))))
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total


def _bidding(block: Block) -> BoolArray:
    """(n, T) who wants electricity on which post."""
    return np.asarray((block.taste.weights > 0) | (block.taste.floor > 0))


def _sane(start: FloatArray | None) -> FloatArray | None:
    """Multipliers worth starting from: a rationed agent's are not."""
    if start is None or np.any(np.abs(start) > 200):
        return None
    return start


def _chunks(block: Block) -> Iterator[Block]:
    if block.size <= CHUNK:
        yield block
        return
    for first in range(0, block.size, CHUNK):
        yield block.take(slice(first, first + CHUNK), slice(None))


def _standard_sums(bought: Purchases, omega: FloatArray, view: Posted) -> Sums:
    x, p, count = bought.x, view.prices, view.prices.size
    drop = np.where(bought.rationed[:, None], 0.0, bought.x_drop)
    pull = drop * view.power * x / (view.totals - view.power * x)
    mass = np.sum(p * drop, axis=1) + bought.g_drop
    mass = np.where(bought.rationed, np.sum(p * x, axis=1), mass)
    drive = np.where(bought.rationed[:, None], x, drop)
    over = np.where(mass > 0, 1.0 / mass, 0.0)
    right = np.concatenate([p * (x - drop), p * pull], axis=1)
    slope = np.zeros((2 * count, 2 * count))
    slope[:count] = -(drive * over[:, None]).T @ right
    diagonal = np.arange(count)
    slope[diagonal, diagonal] -= drop.sum(axis=0)
    slope[diagonal, count + diagonal] += pull.sum(axis=0)
    return Sums(x.sum(axis=0), np.zeros(count), slope)


def _producer_sums(made: Outputs, block: Block, view: Posted) -> Sums:
    assert block.plants is not None
    x, q, p, count = made.x, made.q, view.prices, view.prices.size
    built = np.log(np.maximum(block.plants.size(q), 1e-100))
    flow = posts(block.taste, block.plants, view, made.log_money, made.log_good, made.log_value, built)
    still = (np.sum(q, axis=1) <= 0)[:, None]
    rates = flow.x_money, flow.q_money, flow.x_good, flow.q_good
    short = made.rationed[:, None] & ~still
    if short.any():
        a, b, c, d = _short_rates(made, block, view)
        rates = (
            np.where(short, a, rates[0]),
            np.where(short, b, rates[1]),
            np.where(short, c, rates[2]),
            np.where(short, d, rates[3]),
        )
    x_m, q_m, x_g, q_g = (np.where(still, 0.0, part) for part in rates)
    tilt = view.by_total(x, q)
    rest = np.exp(made.log_money - made.log_good) * view.good / view.power
    rest = np.where(made.g > 0, rest, 0.0)
    burn = block.plants.burn(q, made.log_value - made.log_good[:, None])
    kept = np.where(made.rationed, 0.0, block.taste.good_amount(made.log_good)[1])
    fixed = made.good > 1e-12 * (made.g + 1e-300) if block.taste.form.kinked else np.zeros_like(still[:, 0])
    # own: what a post does to itself; where K is chosen a post moves every other through it
    x_own, q_own, shift, x_size, q_size = x_m, q_m, 0.0 * q, 0.0 * q, 0.0 * q
    if flow.chosen is not None:
        shift = np.where(still | short, 0.0, flow.chosen.by_post)
        x_size, q_size = flow.chosen.x_size, flow.chosen.q_size
        moved = shift.sum(axis=1)[:, None]
        x_own, q_own = x_m - x_size * moved, q_m - q_size * moved
    earned = np.sum(p * (q_size - x_size), axis=1)[:, None]
    paid = np.sum(burn * q_size, axis=1)[:, None]
    # a11 dln lambda + a12 dln upsilon = -(money moved by p, Q);  a21, a22 likewise for the good
    a11 = np.sum(p * (q_m - x_m), axis=1) + rest
    back = np.where(made.rationed, 0.0, rest)  # where upsilon is one, g follows ln lambda alone
    a12 = np.sum(p * (q_g - x_g), axis=1) - back
    a21 = np.where(fixed, 0.0, -rest - np.sum(burn * q_m, axis=1))
    a22 = np.where(fixed, 1.0, back - np.sum(burn * q_g, axis=1) - kept)
    follow = p * (q_own - x_own) + earned * shift
    lost = -burn * q_own - paid * shift
    money = np.concatenate([p * (q - x) + follow, follow * tilt], axis=1)
    good = np.concatenate([lost, lost * tilt], axis=1)
    good = np.where(fixed[:, None], 0.0, good)
    determinant = a11 * a22 - a12 * a21
    over = np.where(still[:, 0] | (determinant == 0), 0.0, 1.0 / determinant)[:, None]
    by_money = -over * (a22[:, None] * money - a12[:, None] * good)
    by_good = -over * (a11[:, None] * good - a21[:, None] * money)
    slope = np.zeros((2 * count, 2 * count))
    diagonal = np.arange(count)
    for half, m, g, own, size in ((0, x_m, x_g, x_own, x_size), (count, q_m, q_g, q_own, q_size)):
        slope[half : half + count] = m.T @ by_money + g.T @ by_good
        slope[half + diagonal, diagonal] += own.sum(axis=0)
        slope[half + diagonal, count + diagonal] += np.sum(own * tilt, axis=0)
        if flow.chosen is not None:
            slope[half : half + count] += size.T @ np.concatenate([shift, shift * tilt], axis=1)
    return Sums(x.sum(axis=0), q.sum(axis=0), slope)


def _short_rates(made: Outputs, block: Block, view: Posted) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Derivatives of x, q (n, T) by ln lambda, then by ln r, of producers that buy r times their floor."""
    assert block.plants is not None
    none, blank = np.zeros(block.size), np.zeros_like(made.x)
    taste = Taste(Log, blank, none, made.x, none[:, None])
    flow = posts(taste, block.plants, view, made.log_money, none, made.log_value)
    return blank, flow.q_money, made.x, view.wedge(made.x, made.q)[1] * made.x * flow.q_money
