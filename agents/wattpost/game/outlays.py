"""Standard agents of log utility: one number per agent, and one square root per post.

With R = Q_- - L the room above the floor, e = x - L and mu = 1/lambda, the condition of a post

    a/e = lambda B_- Q_-/(R - e)^2

is a quadratic in e. The money that buys x is B_- x/(Q_- - x), so what is *laid out* on a post, b, is

    b = B_- L/R + 2 a mu/(1 + s),    s = sqrt(1 + m mu),    m = 4 a R/(B_- Q_-),

the price of the floor and what is spent above it; x itself is not needed. On post 0, where omega is sold and g bought
back, spending has the same form with L = 0, R = Omega_- + omega and m = 4 a_0 R/(B_-^0 Omega_-).

What all posts take is concave and increasing in mu, so Newton's method from any point falls short of the root once and
then rises to it. Were m the same on all posts, its mean weighted by a, the root would be a formula; it is the first
guess, too high by Jensen's inequality, and for agents that are small in their market exact to rounding after one step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray
from .buyers import rationing
from .views import Rivalled

STEPS = 60
"""Newton steps; two or three are the rule, a dozen where one agent is most of its market."""

NEAR = 1e-8
"""Relative step after which what is left is its square, below rounding."""


@dataclass(frozen=True, slots=True)
class Outlays:
    """Money laid out by n agents: bids (n, T), on post 0 net of what omega earns there (n,); who is `settled`."""

    bids: FloatArray
    good: FloatArray
    settled: BoolArray


@np.errstate(all="ignore")
def outlays(
    weights: FloatArray, good: FloatArray, floor: FloatArray, omega: FloatArray, view: Rivalled, income: FloatArray
) -> Outlays:
    """What n agents of log utility spend of `income` (n,): on the floor L (n, T) first, in part if out of reach."""
    bought, sold = view.bids, view.offers
    room = sold - floor
    least = floor / room
    least *= bought
    spare = income - np.einsum("ij->i", least)
    steep = 4.0 * room
    steep *= weights
    steep /= bought * sold
    steep_good = 4.0 * good * (view.good_offers + omega) / (view.good_bids * view.good_offers)
    total = np.einsum("ij->i", weights) + good
    mean = (np.einsum("ij,ij->i", weights, steep) + good * steep_good) / total
    lowest = np.where(total > 0, spare / total, 0.0)
    mu = lowest * (1.0 + 0.25 * lowest * mean)
    mu = np.where((spare > 0) & np.isfinite(mu), mu, np.maximum(lowest, 0.0))
    short = (spare <= 0) | np.any(room <= 0, axis=1, where=floor > 0)
    idle = short | (total <= 0)
    root, part = np.empty_like(room), np.empty_like(room)
    for _ in range(STEPS):
        np.multiply(steep, mu[:, None], out=root)
        root += 1.0
        np.sqrt(root, out=root)
        np.add(root, 1.0, out=part)
        part *= root
        np.divide(weights, part, out=part)
        root_good = np.sqrt(1.0 + steep_good * mu)
        part_good = good / (root_good * (1.0 + root_good))
        flat = np.einsum("ij->i", part) + part_good
        bent = np.einsum("ij,ij->i", part, root) + part_good * root_good
        step = (spare - 2.0 * mu * bent) / (flat + bent)
        step[idle] = 0.0
        settled = np.abs(step) <= NEAR * mu
        settled |= idle
        if settled.all():
            break
        mu = np.maximum(mu + step, lowest)
    # The last step by the tangent: part * (2 mu s + step (1 + s)).
    root *= (2.0 * mu + step)[:, None]
    root += step[:, None]
    part *= root
    part += least
    above = part_good * (2.0 * mu * root_good + step * (1.0 + root_good))
    if short.any():
        part[short], above[short] = _in_part(floor[short], income[short], view.take(short)), 0.0
    return Outlays(part, above, settled)


def _in_part(floor: FloatArray, income: FloatArray, view: Rivalled) -> FloatArray:
    """(n, T) bids that spend all of `income` on the largest part of `floor` that it buys."""
    share = rationing(floor, income, view)
    x = np.where(floor > 0, share[:, None] * floor, 0.0)
    return np.where(x > 0, view.bids * x / (view.offers - x), 0.0)
