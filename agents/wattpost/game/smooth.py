"""Spending of smooth utilities without a formula: one Newton on all posts of an agent and on ln mu.

Per column, with a, R, W as in `outlays.py` and M = ln mu, what must vanish is

    G = ln(a/W) + ln v'(e) + 2 ln(R - e) + M,

falling and concave in e and, where v' is a power, in ln e: Newton's method on one column jumps at most once beyond its
root and then falls to it. Columns depend on each other through M alone, so that a joint step solves one number per
agent. For powers what is spent is nearly a power of mu, hence its logarithm is what is matched with the income's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray
from .utility import Utility

STEPS = 6
"""Newton steps before only those that need more are gone on with."""

ROUNDS = 6

NEAR = 1e-8
"""Relative change of what is spent after which what is left is its square, below rounding."""

WIDE = 250.0
"""|ln mu| up to which an answer is taken; `buyers.py` bounds its multipliers a little beyond."""


@dataclass(frozen=True, slots=True)
class Columns:
    """weights, room R and worth W (n, T + 1), and what n agents have to spare (n,)."""

    weights: FloatArray
    room: FloatArray
    worth: FloatArray
    spare: FloatArray

    def take(self, rows: BoolArray) -> Columns:
        return Columns(self.weights[rows], self.room[rows], self.worth[rows], self.spare[rows])


@np.errstate(all="ignore")
def smooth(form: type[Utility], shape: FloatArray, columns: Columns) -> tuple[FloatArray, BoolArray]:
    """(n, T + 1) spent above the floor, and (n,) for whom that has been found."""
    wanted = columns.weights > 0
    top = np.minimum(columns.room, form.demand(np.zeros_like(shape), shape))
    log_mu = np.log(columns.spare) - np.log(np.einsum("ij->i", columns.weights))
    price = columns.worth / (columns.weights * columns.room**2)
    e = np.minimum(form.demand(price * np.exp(-log_mu)[:, None], shape), 0.5 * top)
    head = np.where(wanted, np.log(columns.weights / columns.worth), 0.0)
    e = np.where(wanted, e, 0.0)
    spent, settled = np.zeros_like(e), np.zeros(log_mu.size, dtype=np.bool_)
    if np.any(top < columns.room):
        # Satiated: nothing more is wanted, and money is left.
        full = np.where(wanted, columns.worth * top / (columns.room * (columns.room - top)), 0.0)
        settled = np.all(~wanted | (top < columns.room), axis=1) & (full.sum(axis=1) <= columns.spare)
        spent[settled] = full[settled]
    rows = np.flatnonzero(~settled)
    for _ in range(ROUNDS):
        some = slice(None) if rows.size == settled.size else rows
        part = Columns(columns.weights[some], columns.room[some], columns.worth[some], columns.spare[some])
        found, e[some], log_mu[some], done = _newton(
            form, shape[some], part, head[some], top[some], e[some], log_mu[some]
        )
        spent[rows[done]], settled[rows[done]] = found[done], True
        rows = rows[~done]
        if not rows.size:
            break
    return spent, settled


def _newton(
    form: type[Utility],
    shape: FloatArray,
    columns: Columns,
    head: FloatArray,
    top: FloatArray,
    e: FloatArray,
    log_mu: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """`STEPS` steps from e (n, T + 1) and ln mu (n,): what is spent, both, and who has settled."""
    weights, room, worth, spare = columns.weights, columns.room, columns.worth, columns.spare
    bounded = bool(np.all(np.isfinite(form.slope(np.zeros_like(shape), shape))))
    wanted, share = weights > 0, worth / room
    if not bounded:
        e = np.where(wanted, np.maximum(e, 1e-300), 0.0)
    for _ in range(STEPS):
        inverse = 1.0 / (room - e)
        off = np.log(form.slope(e, shape) / (inverse * inverse))
        off += head
        off += log_mu[:, None]
        bend = form.decay(e, shape) + 2.0 * inverse
        spent = share * e * inverse
        # Changes in e; where v'(0) is infinite, those in ln e times e.
        move = 1.0 / bend
        rate = worth * inverse * inverse
        acting = wanted & ((e > 0) | (off > 0)) if bounded else wanted
        off = np.where(acting, off, 0.0)
        follow = np.where(acting, rate * move, 0.0)
        whole = np.einsum("ij->i", spent)
        over = spare - whole if bounded else whole * (np.log(spare) - np.log(whole))
        step = (over - np.einsum("ij,ij->i", follow, off)) / np.einsum("ij->i", follow)
        change = np.where(acting, move * (off + step[:, None]), 0.0)
        if bounded:
            change = np.maximum(change, -e)
        error = np.max(np.abs(change) * rate - NEAR * spent, axis=1, initial=-np.inf)
        done = (error <= 1e-12 * NEAR * whole) & (np.abs(step) <= NEAR * 1e2) & (np.abs(log_mu) < WIDE)
        if done.all():
            break
        step = np.where(done, 0.0, np.clip(np.nan_to_num(step), -8.0, 8.0))
        new = e + change if bounded else e * np.exp(np.clip(change / e, -8.0, 8.0))
        new = np.where(new < top, new, 0.5 * (e + top))
        e = np.where(done[:, None] | ~wanted, e, new)
        log_mu = log_mu + step
    spent = np.maximum(spent + rate * change, 0.0)
    return spent, e, log_mu, done
