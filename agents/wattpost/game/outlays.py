"""What standard agents lay out on every post: one number per agent, and next to no work per post.

With R = Q_- - L the room above the floor, e = x - L, W = B_- Q_- and mu = 1/lambda, the condition of a post is

    a v'(e) (R - e)^2 = W/mu      or e = 0,

and what is spent there above B_- L/R, the price of the floor, is s = (W/R) e/(R - e). Post 0, where omega is sold and
g bought back, reads the same with L = 0, R = Omega_- + omega and W = B_-^0 Omega_-: it is one more column here. What
all columns take rises in mu, and mu is where that is `spare`, the income beyond the floor's price:

    log       s = 2 a mu/(1 + sqrt(1 + m mu)), m = 4 a R/W, concave: Newton's method from any point falls short of the
              root once and then rises to it. The first guess, for m the same everywhere, is too high (Jensen).
    linear    s = sqrt(a W mu) - W/R where positive, in sqrt(mu) convex: Newton's method falls to the root in few steps.
    others    one Newton on ln mu and on all posts, in ln e where v'(0) is infinite, else in e (`smooth.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray
from .buyers import rationing
from .forms import Log
from .smooth import Columns, smooth
from .tastes import Taste
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
def outlays(taste: Taste, omega: FloatArray, view: Rivalled, income: FloatArray) -> Outlays:
    """What n agents spend of `income` (n,): on the floor L (n, T) first, in part if out of reach. Certainty only."""
    count, periods = taste.weights.shape
    weights, room, worth = (np.empty((count, periods + 1)) for _ in range(3))
    weights[:, :-1], weights[:, -1] = taste.weights, taste.good
    np.subtract(view.offers, taste.floor, out=room[:, :-1])
    np.add(view.good_offers, omega, out=room[:, -1])
    np.multiply(view.bids, view.offers, out=worth[:, :-1])
    np.multiply(view.good_bids, view.good_offers, out=worth[:, -1])
    least = taste.floor / room[:, :-1]
    least *= view.bids
    spare = income - np.einsum("ij->i", least)
    short = spare <= 0
    if room.min() <= 0:
        short |= np.any((room[:, :-1] <= 0) & (taste.floor > 0), axis=1)
    idle = short | ~(np.einsum("ij->i", weights) > 0)
    columns = Columns(weights, room, worth, np.where(idle, 1.0, spare))
    if taste.form is Log:
        spent, settled = _logarithmic(columns)
    elif taste.form.kinked:
        spent, settled = _linear(columns)
    else:
        spent, settled = smooth(taste.form, taste.shape, columns)
    if idle.any():
        spent[idle] = 0.0
    bids = spent[:, :-1] + least
    if short.any():
        bids[short] = _in_part(taste.floor[short], income[short], view.take(short))
    return Outlays(bids, spent[:, -1], settled | idle)


def _logarithmic(columns: Columns) -> tuple[FloatArray, BoolArray]:
    weights, spare = columns.weights, columns.spare
    steep = 4.0 * weights
    steep *= columns.room
    steep /= columns.worth
    total = np.einsum("ij->i", weights)
    mean = np.einsum("ij,ij->i", weights, steep) / total
    lowest = spare / total
    mu = lowest * (1.0 + 0.25 * lowest * mean)
    root, part = np.empty_like(steep), np.empty_like(steep)
    settled = np.zeros(spare.size, dtype=np.bool_)
    for _ in range(STEPS):
        np.multiply(steep, mu[:, None], out=root)
        root += 1.0
        np.sqrt(root, out=root)
        np.add(root, 1.0, out=part)
        part *= root
        np.divide(weights, part, out=part)
        bent = np.einsum("ij,ij->i", part, root)
        step = (spare - 2.0 * mu * bent) / (np.einsum("ij->i", part) + bent)
        settled = ~(np.abs(step) > NEAR * mu)
        if settled.all():
            break
        mu = np.where(settled, mu, np.maximum(mu + step, lowest))
    # The last step by the tangent: s + step ds/dmu = part (2 mu root + step (1 + root)).
    root *= (2.0 * mu + step)[:, None]
    root += step[:, None]
    part *= root
    return part, settled & np.isfinite(mu)


def _linear(columns: Columns) -> tuple[FloatArray, BoolArray]:
    rise = np.sqrt(columns.weights * columns.worth)
    shut = columns.worth / columns.room
    on = columns.weights > 0
    settled = np.zeros(columns.spare.size, dtype=np.bool_)
    z = np.zeros(columns.spare.size)
    for _ in range(STEPS):
        new = (columns.spare + np.sum(shut, axis=1, where=on)) / np.sum(rise, axis=1, where=on)
        settled = ~(np.abs(new - z) > 1e-15 * new)
        z = new
        if settled.all():
            break
        on = rise * z[:, None] > shut
    return np.maximum(rise * z[:, None] - shut, 0.0), settled & np.isfinite(z)


def _in_part(floor: FloatArray, income: FloatArray, view: Rivalled) -> FloatArray:
    """(n, T) bids that spend all of `income` on the largest part of `floor` that it buys."""
    share = rationing(floor, income, view)
    x = np.where(floor > 0, share[:, None] * floor, 0.0)
    return np.where(x > 0, view.bids * x / (view.offers - x), 0.0)
