"""Producers: make, sell and buy back so that every post is worth its marginal money.

With w the shadow utility of a kWh on a post, lambda of money and upsilon of the good,

    a v'(x - L) = w  (or x = L),    upsilon phi'(q) + mu = w  (or q = 0),    w = lambda e^wedge(x, q),

so x falls and q rises in w, and w is a root per post. On post 0, upsilon = lambda e^good_wedge(g)
gives g from lambda/upsilon. Two numbers remain per producer: lambda balances money (inner root,
increasing), upsilon balances the good, g = phi(q) + x^0 (outer root, increasing). Where c <= 1 the
inner and outer functions are partial derivatives of a convex dual, hence monotone.

phi'(q) = (1/(c theta)) (q/theta)^((1-c)/c). At c = 1 the supply is a step, at w = upsilon/theta, and
q follows from the wedge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .arrays import BoolArray, FloatArray
from .buyers import FAR
from .joint import afford, balance
from .roots import rising_root
from .tastes import Taste
from .technology import Plants, Posts, posts
from .views import View


@dataclass(frozen=True, slots=True)
class Outputs:
    """What n producers do: x, q, ln w (n, T); g, good, ln lambda, ln upsilon (n,)."""

    x: FloatArray
    q: FloatArray
    log_value: FloatArray
    g: FloatArray
    good: FloatArray
    log_money: FloatArray
    log_good: FloatArray
    rationed: BoolArray


@np.errstate(all="ignore")
def outputs(taste: Taste, plants: Plants, view: View, *, start: Outputs | None = None) -> Outputs:
    """Best purchases and offers of n producers; with c > 1, on the branch of `technology.py`.

    The cheap ways first: idle plants at once, the bulk by joint Newton (`joint.py`), the rest by nested roots.
    `start` is the answer at nearby prices.
    """
    count = taste.size
    idle = unprofitable(plants, view)
    needy = np.any(taste.floor > 0, axis=1)
    beyond = np.any((taste.floor > 0) & (taste.floor >= view.room() + plants.limits), axis=1)
    guess = _first_guess(taste, plants, view)
    if start is None:
        doubtful = beyond
    else:
        doubtful = (beyond | start.rationed) & ~idle
        known = ~start.rationed & (start.g > 0)
        guess = (
            np.where(known, start.log_good, guess[0]),
            np.where(known, start.log_money, guess[1]),
            np.where(known[:, None], start.log_value, guess[2]),
        )
    log_good, log_money, w = guess
    zeros, none = np.zeros_like(w), np.zeros(count)
    answer = Outputs(zeros, zeros, w, none, none, log_money, log_good, idle & needy)
    todo = ~idle
    if doubtful.any():
        answer, todo = _ration(answer, todo, doubtful, taste, plants, view)
    if todo.any():
        rows = np.flatnonzero(todo)
        part = (taste.take(todo), plants.take(todo), view.take(todo))
        ends = balance(*part, log_money[todo], log_good[todo], w[todo])
        good = np.maximum(ends.bought - ends.used, 0.0)
        found = Outputs(
            ends.flow.x, ends.flow.q, ends.flow.log_value, ends.bought, good, ends.log_money, ends.other, good < 0
        )
        answer = _put(answer, rows[ends.settled], found, ends.settled)
        todo[rows[ends.settled]] = False
        if (todo & needy & ~doubtful).any():
            answer, todo = _ration(answer, todo, todo & needy & ~doubtful, taste, plants, view)
    if todo.any():
        part = (taste.take(todo), plants.take(todo), view.take(todo))
        slow = _nested(*part, log_money[todo], log_good[todo], w[todo])
        answer = _put(answer, np.flatnonzero(todo), slow, np.ones(int(todo.sum()), dtype=np.bool_))
    return answer


def _ration(
    answer: Outputs, todo: BoolArray, asked: BoolArray, taste: Taste, plants: Plants, view: View
) -> tuple[Outputs, BoolArray]:
    """`answer` with those `asked` (n,) that cannot buy back their floor rationed, and who is still `todo`."""
    rows = np.flatnonzero(asked)
    share, flow, g = self_supply(plants.take(asked), taste.floor[asked], view.take(asked))
    short = share <= 1.0
    none = np.zeros_like(g)
    log_money = -view.take(asked).good_wedge(g, none)[0]
    found = Outputs(flow.x, flow.q, flow.log_value, g, none, log_money, none, short)
    todo = todo.copy()
    todo[rows[short]] = False
    return _put(answer, rows[short], found, short), todo


def _put(answer: Outputs, rows: NDArray[np.intp], part: Outputs, chosen: BoolArray) -> Outputs:
    """`answer` with `rows` taken from the `chosen` rows of `part`."""
    merged = {}
    for key in Outputs.__slots__:
        field = getattr(answer, key).copy()
        field[rows] = getattr(part, key)[chosen]
        merged[key] = field
    return Outputs(**merged)


def _nested(
    taste: Taste,
    plants: Plants,
    view: View,
    log_money: FloatArray,
    log_good: FloatArray,
    w: FloatArray,
) -> Outputs:
    """The answer by nested roots, money within the good."""
    none = np.zeros(taste.size)
    ratio = log_money - log_good
    flow: Posts = posts(taste, plants, view, log_money, log_good, w)
    size = None if flow.chosen is None else flow.chosen.size
    g = none

    def balance(y_good: FloatArray) -> tuple[FloatArray, FloatArray]:
        nonlocal ratio, flow, g
        partial: tuple[FloatArray, FloatArray] = (none, none)

        def money(y: FloatArray) -> tuple[FloatArray, FloatArray]:
            nonlocal flow, g, partial, w, size
            flow = posts(taste, plants, view, y + y_good, y_good, w, size)
            w = flow.log_value
            size = None if flow.chosen is None else flow.chosen.size
            g, dg = view.good_at(-y, none)
            net, rate = view.money(flow.x, flow.q)
            cost, cost_rate = view.good_money(g, none)
            scale = np.abs(net).sum(axis=1) - cost - 0.25 * cost_rate * dg + 1e-300
            by_good = np.sum(rate * (flow.q_good - flow.x_good), axis=1)
            by_money = np.sum(rate * (flow.q_money - flow.x_money), axis=1)
            by_ratio = by_money - cost_rate * dg
            partial = (by_ratio, by_good + by_money)
            return (net.sum(axis=1) + cost) / scale, by_ratio / scale

        ratio = rising_root(money, ratio, lower=-FAR, upper=FAR)
        money(ratio)
        # What the money buys, not what the ratio says: exact also for a plant that hardly runs.
        g, _ = view.good_for(view.money(flow.x, flow.q)[0].sum(axis=1))
        total = plants.used(flow.q)
        kept, change = taste.good_amount(y_good)
        follow = np.where(partial[0] > 0, -partial[1] / partial[0], 0.0)
        burn = plants.burn(flow.q, flow.log_value - y_good[:, None])
        q_total = flow.q_good + flow.q_money * (1.0 + follow[:, None])
        _, dg = view.good_at(-ratio, none)
        slope = -dg * follow - np.sum(burn * q_total, axis=1) - change
        kept = np.where(np.isfinite(kept), kept, 1e300)
        scale = np.abs(g) + total + kept + 1e-300
        return (g - total - kept) / scale, slope / scale

    lower: FloatArray | float = -FAR
    if taste.form.kinked:
        lower = np.maximum(np.log(taste.good), -FAR)
    log_good = rising_root(balance, log_good, lower=lower, upper=FAR, tolerance=5e-14)
    left, _ = balance(log_good)
    if taste.form.kinked and np.any(plants.c == 1) and np.any(np.abs(left) > 1e-9):
        # Indifferent between making and not: mix the answers on both sides of upsilon.
        nudge = 1e-11 * (1.0 + np.abs(log_good))
        balance(log_good - nudge)
        low = (flow.x, flow.q, g)
        under = g - plants.used(flow.q)
        balance(log_good + nudge)
        over = g - plants.used(flow.q)
        mix = np.where((under < 0) & (over > 0), over / np.where(over > under, over - under, 1), 0)
        part = mix[:, None]
        flow = replace(
            flow,
            x=part * low[0] + (1.0 - part) * flow.x,
            q=part * low[1] + (1.0 - part) * flow.q,
        )
        g = mix * low[2] + (1.0 - mix) * g
    g = np.maximum(g, 0.0)
    used = plants.used(flow.q)
    answer = Outputs(
        flow.x,
        flow.q,
        flow.log_value,
        g,
        np.maximum(g - used, 0.0),
        ratio + log_good,
        log_good,
        np.zeros(taste.size, dtype=np.bool_),
    )
    short = np.any(taste.floor > 0, axis=1) & (np.abs(left) > 1e-9)
    return answer if not short.any() else _rationed(taste, plants, view, answer, short)


def _rationed(taste: Taste, plants: Plants, view: View, answer: Outputs, suspects: BoolArray) -> Outputs:
    """`answer` with the producers among `suspects` that cannot buy back their floor rationed."""
    share, flow, g = self_supply(plants, taste.floor, view)
    short = suspects & (share <= 1.0)
    rows = short[:, None]
    return replace(
        answer,
        x=np.where(rows, flow.x, answer.x),
        q=np.where(rows, flow.q, answer.q),
        g=np.where(short, g, answer.g),
        good=np.where(short, 0.0, answer.good),
        rationed=short,
    )


@np.errstate(all="ignore")
def unprofitable(plants: Plants, view: View) -> BoolArray:
    """(n,) producers whose first kWh costs more of the good than it buys, on every post."""
    zeros, none = np.zeros_like(plants.limits), np.zeros(plants.limits.shape[0])
    earned = view.wedge(zeros, zeros)[0] - view.good_wedge(none, none)[0][:, None]
    cost = np.where(plants.c < 1, -np.inf, plants.log_marginal(plants.limits))
    if plants.sun is not None and plants.rho is not None:
        rents = plants.sun * np.maximum(np.exp(earned) - np.exp(cost), 0.0)
        return np.asarray(rents.sum(axis=1) <= plants.rho[:, 0])
    average = np.log(plants.inputs(plants.limits)) - np.log(plants.limits)
    cost = np.where(plants.c > 1, average, cost)
    return np.asarray(np.all((earned <= cost) | (plants.limits <= 0), axis=1))


@np.errstate(all="ignore")
def self_supply(plants: Plants, floor: FloatArray, view: View) -> tuple[FloatArray, Posts, FloatArray]:
    """(n,) the largest r at which a producer can afford r * floor, with its posts and g there.

    All it earns then goes into r * floor and what making it takes. Infinite where the floor is zero.
    """
    zeros, none = np.zeros_like(floor), np.zeros(floor.shape[0])
    idle = unprofitable(plants, view)
    wants = np.any(floor > 0, axis=1)
    log_money = -view.good_wedge(none, none)[0]
    ends = afford(plants, floor, view, log_money, log_money[:, None] + view.wedge(zeros, zeros)[0])
    share = np.where(wants, np.where(idle | ~ends.settled, 0.0, np.exp(ends.other)), np.inf)
    rows = idle[:, None]
    flow = replace(ends.flow, x=np.where(rows, 0.0, ends.flow.x), q=np.where(rows, 0.0, ends.flow.q))
    return share, flow, np.where(idle, 0.0, ends.bought)


def _first_guess(taste: Taste, plants: Plants, view: View) -> tuple[FloatArray, FloatArray, FloatArray]:
    none = np.zeros_like(taste.weights)
    price = view.wedge(none, none)[0]
    half = price + np.log(0.5)
    made = plants.limits
    if np.any(plants.c < 1):
        made = np.where(plants.c < 1, plants.supply(half)[0], made)
    if plants.rho is not None:
        made = np.minimum(made, view.room())
    worth = np.sum(np.exp(half) * made, axis=1) + 1e-300
    log_good = np.log(taste.weights.sum(axis=1) + taste.good) - np.log(worth)
    log_good = np.clip(log_good, -FAR, FAR)
    log_money = log_good + np.log(0.5)
    return log_good, log_money, half + log_good[:, None]
