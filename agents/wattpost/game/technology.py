"""What plants can do, and what pays on every post at given multipliers of money and of the good.

In the long run capacity is K s^t with K chosen at `rho` units of the good apiece. A post at its limit is worth
mu = w - upsilon phi' more than it costs, and K is where those rents pay for it: sum_t s^t mu^t = rho upsilon, a
root in ln K of a function that falls (`_chosen`). Then K moves all limits at once, so that the answer on one post
depends on every other: `Posts` carries how everything follows ln K, and how ln K follows each post.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .agents import Producer
from .arrays import BoolArray, FloatArray
from .buyers import FAR
from .roots import rising_root
from .tastes import Taste
from .views import View

TINY = 1e-100

LARGE = 1e12
"""Capacity that stands for none being set, in kWh."""

SMALLEST, LARGEST = -100.0, 60.0
"""Bounds on ln K while it is looked for; at the lower one nothing is built."""

BRANCH = tuple(np.geomspace(1.0, 1e-9, 46))
"""Parts of capacity at which the branch of a plant with c > 1 is looked for, from above."""


@dataclass(frozen=True, slots=True)
class Plants:
    """Technology of n producers: theta, c (n, 1), limits (n, T) kWh.

    Where K is chosen, rho (n, 1) is its cost and sun (n, T) the profile s^t; both are None in the short run.
    """

    theta: FloatArray
    c: FloatArray
    limits: FloatArray
    sun: FloatArray | None = None
    rho: FloatArray | None = None

    @classmethod
    def of(cls, producers: Sequence[Producer]) -> Plants:
        """Stack `producers`, which are all of the short run or all of the long run."""
        theta, c = np.array([[p.theta] for p in producers]), np.array([[p.c] for p in producers])
        if producers[0].investment_cost is None:
            return cls(theta, c, np.array([p.limits for p in producers]))
        sun = np.array([p.sun for p in producers])
        return cls(theta, c, LARGE * sun, sun, np.array([[p.investment_cost] for p in producers]))

    def take(self, rows: FloatArray | BoolArray | slice, posts: FloatArray | BoolArray | slice = slice(None)) -> Plants:
        """The producers in `rows` only, on `posts` only."""
        limits = self.limits[rows][:, posts]
        if self.sun is None or self.rho is None:
            return Plants(self.theta[rows], self.c[rows], limits)
        return Plants(self.theta[rows], self.c[rows], limits, self.sun[rows][:, posts], self.rho[rows])

    def inputs(self, q: FloatArray) -> FloatArray:
        """phi per post (n, T), units of the good, without investment."""
        return np.asarray((q / self.theta) ** (1.0 / self.c))

    def size(self, q: FloatArray) -> FloatArray:
        """(n,) the K that `q` needs; zero in the short run."""
        if self.sun is None:
            return np.zeros(q.shape[0])
        each = np.where(self.sun > 0, q / np.where(self.sun > 0, self.sun, 1.0), 0.0)
        return np.asarray(each.max(axis=1, initial=0.0))

    def used(self, q: FloatArray) -> FloatArray:
        """(n,) units of the good that making `q` takes, investment included."""
        total = np.asarray(self.inputs(q).sum(axis=1))
        return total if self.rho is None else total + self.rho[:, 0] * self.size(q)

    def burn(self, q: FloatArray, log_ratio: FloatArray) -> FloatArray:
        """(n, T) what one more kWh takes of the good; `log_ratio` is ln w/upsilon.

        In the long run a post at its limit bears its part of what K costs: phi' + mu/upsilon = w/upsilon.
        """
        marginal = np.where(q > 0, self.inputs(q) / (self.c * np.where(q > 0, q, 1.0)), 0.0)
        if self.sun is None:
            return marginal
        tight = (q > 0) & (q >= self.size(q)[:, None] * self.sun * (1.0 - 1e-13))
        return np.where(tight, np.maximum(np.exp(log_ratio), marginal), marginal)

    def supply(self, log_ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n, T) q at which phi' = w/upsilon, up to the limit, and dq/dln; c < 1."""
        power = self.c / np.where(self.c < 1, 1.0 - self.c, np.nan)
        head = np.log(self.c) + np.log(self.theta)
        q = np.exp(np.log(self.theta) + power * (head + log_ratio))
        inner = q < self.limits
        return np.where(inner, q, self.limits), np.where(inner, q * power, 0.0)

    def log_marginal(self, q: FloatArray) -> FloatArray:
        """(n, T) ln phi'(q)."""
        tail = np.where(self.c == 1, 0.0, (1.0 / self.c - 1.0) * np.log(q / self.theta))
        return np.asarray(tail - np.log(self.c) - np.log(self.theta))


@dataclass(frozen=True, slots=True)
class Chosen:
    """ln K (n,), how x and q (n, T) follow it, and how it follows ln lambda on each post (n, T)."""

    size: FloatArray
    x_size: FloatArray
    q_size: FloatArray
    by_post: FloatArray


@dataclass(frozen=True, slots=True)
class Posts:
    """Every post at given multipliers: x, q, ln w (n, T) and derivatives by ln lambda, ln upsilon.

    Those of ln w are good enough for a guess nearby: where K is chosen they leave out how it follows.
    """

    x: FloatArray
    q: FloatArray
    log_value: FloatArray
    x_money: FloatArray
    q_money: FloatArray
    x_good: FloatArray
    q_good: FloatArray
    w_money: FloatArray
    w_good: FloatArray
    chosen: Chosen | None = None


@np.errstate(all="ignore")
def posts(
    taste: Taste,
    plants: Plants,
    view: View,
    log_money: FloatArray,
    log_good: FloatArray,
    start: FloatArray,
    size: FloatArray | None = None,
    tolerance: FloatArray | float = 1e-14,
) -> Posts:
    """Buy and make on every post at ln lambda, ln upsilon (n,); `start` guesses ln w (n, T), `size` ln K (n,).

    tolerance : error in ln w, a number or (n, 1), of plants whose K is given
    """
    if plants.rho is not None:
        return _chosen(taste, plants, view, log_money, log_good, start, size)
    level, good = log_money[:, None], log_good[:, None]
    step = np.broadcast_to(plants.c == 1, start.shape)
    fixed = np.zeros_like(start)  # q where supply is a step: nothing or the limit
    on_step = on_line = np.zeros_like(step)
    kink = good + plants.log_marginal(plants.limits)
    linear = np.log(taste.weights) if taste.form.kinked else None

    def bought(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        if linear is not None:
            return taste.floor, np.zeros_like(y)
        e, de = taste.amount(y)
        return taste.floor + e, de

    def sold(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        given = step | bowed
        if given.all():
            return fixed, np.zeros_like(y)
        q, dq = plants.supply(y - good)
        return np.where(given, fixed, q), np.where(given, 0.0, dq)

    bowed = np.broadcast_to(plants.c > 1, start.shape)
    inner = np.zeros_like(step)
    if bowed.any():
        branch = _upper_branch(taste, plants, view, level, good)
        inner = bowed & (branch > 0) & (branch < plants.limits)
        fixed = np.where(bowed, branch, fixed)
        kink = np.where(inner, good + plants.log_marginal(np.maximum(branch, TINY)), kink)
        on_step = inner
    if step.any():
        x = bought(kink)[0]
        above = kink - level - view.wedge(x, plants.limits)[0] < 0
        below = kink - level - view.wedge(x, 0.0 * x)[0] > 0
        if linear is not None:
            above |= kink < linear
            below &= kink >= linear
        on_step = np.where(step, ~above & ~below, inner)
        fixed = np.where(step, np.where(above, plants.limits, 0.0), fixed)
    if linear is not None:
        q = sold(linear)[0]
        on_line = linear - level - view.wedge(taste.floor, q)[0] >= 0
        on_step = on_step & ~on_line

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, dx = bought(y)
        q, dq = sold(y)
        mu, by_x, by_q = view.wedge(x, q)
        return np.where(on_step | on_line, 0.0, y - level - mu), 1.0 - by_x * dx - by_q * dq

    w = rising_root(excess, start, lower=-FAR, upper=FAR, tolerance=tolerance)
    w = np.where(on_step, kink, w)
    if linear is not None:
        w = np.where(on_line, linear, w)
    x, dx = bought(w)
    q, dq = sold(w)
    if on_step.any():
        q = np.where(on_step & step, np.clip(view.sold_at(x, w - level), 0.0, plants.limits), q)
    if on_line.any():
        x = np.where(on_line, np.maximum(view.bought_at(q, w - level), taste.floor), x)
    if inner.any():
        # On the branch q still answers to w, and falls in it: dq/dln w = q c/(1 - c).
        inner = inner & on_step
        on_step = on_step & ~inner
        dq = np.where(inner, q * plants.c / np.where(plants.c > 1, 1.0 - plants.c, 1.0), dq)
    _, by_x, by_q = view.wedge(x, q)
    pull = 1.0 - np.where(dx < 0, by_x * dx, 0.0)
    push = -np.where(dq != 0, by_q * dq, 0.0)
    w_money, w_good = 1.0 / (pull + push), push / (pull + push)
    w_money = np.where(on_step | on_line, 0.0, w_money)
    w_good = np.where(on_step, 1.0, np.where(on_line, 0.0, w_good))
    q_money = np.where(on_step, -1.0 / by_q, np.where(on_line, 0.0, dq * w_money))
    q_good = np.where(on_step, pull / by_q, dq * (w_good - 1.0))
    x_money = np.where(on_line, -1.0 / by_x, dx * w_money)
    x_good = np.where(on_line, -by_q * q_good / by_x, dx * w_good)
    return Posts(x, q, w, x_money, q_money, x_good, q_good, w_money, w_good)


def _chosen(
    taste: Taste,
    plants: Plants,
    view: View,
    log_money: FloatArray,
    log_good: FloatArray,
    start: FloatArray,
    guess: FloatArray | None,
) -> Posts:
    """`posts` of plants whose K is chosen; c <= 1."""
    assert plants.sun is not None and plants.rho is not None
    sun, rho, w = plants.sun, plants.rho[:, 0], start
    bent = 1.0 / plants.c - 1.0
    linear = taste.form.kinked
    tight, w_size, x_size, answers = sun > 0, sun, sun, rho
    flow: Posts | None = None

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        nonlocal w, flow, tight, w_size, x_size, answers
        limits = np.exp(y)[:, None] * sun
        flow = posts(taste, Plants(plants.theta, plants.c, limits), view, log_money, log_good, w)
        w = flow.log_value
        tight = (sun > 0) & (flow.q >= limits * (1.0 - 1e-13))
        by_x, by_q = view.wedge(flow.x, flow.q)[1:]
        dx = np.zeros_like(w) if linear else taste.amount(w)[1]
        w_size = by_q * flow.q / (1.0 - np.where(dx < 0, by_x * dx, 0.0))
        x_size = dx * w_size
        if linear:
            keen = flow.x > taste.floor
            w_size = np.where(keen, 0.0, w_size)
            x_size = np.where(keen, -by_q * flow.q / by_x, x_size)
        value, cost = np.exp(w - log_good[:, None]), np.exp(plants.log_marginal(np.maximum(flow.q, TINY)))
        rent = np.sum(np.where(tight, sun * np.maximum(value - cost, 0.0), 0.0), axis=1)
        answers = np.sum(np.where(tight, sun * (value * w_size - cost * bent), 0.0), axis=1)
        # Near a power of K where rents are high, near a line where they are low.
        high = rent > rho
        return np.where(high, np.log(rho / rent), 1.0 - rent / rho), -answers / np.where(high, rent, rho)

    if guess is None:
        made = plants.supply(start - log_good[:, None])[0] if np.all(plants.c < 1) else LARGE * sun
        guess = np.log(np.maximum(plants.size(np.minimum(made, 0.5 * view.room() + TINY)), TINY))
    size = rising_root(excess, np.clip(guess, SMALLEST, LARGEST), lower=SMALLEST, upper=LARGEST, rounds=60)
    excess(size)
    assert flow is not None
    built = (size > 0.9 * SMALLEST)[:, None]
    tight = tight & built
    over = np.where(answers < 0, -1.0 / answers, 0.0)[:, None]
    value, cost = np.exp(w - log_good[:, None]), np.exp(plants.log_marginal(np.maximum(flow.q, TINY)))
    pull = view.wedge(flow.x, flow.q)[1] * (np.zeros_like(w) if linear else taste.amount(w)[1])
    w_money = 1.0 / (1.0 - np.where(pull < 0, pull, 0.0))
    if linear:
        w_money = np.where(flow.x > taste.floor, 0.0, w_money)
    by_post = np.where(tight, sun * value * w_money * over, 0.0)
    by_good = -over[:, 0] * (np.sum(np.where(tight, sun * cost, 0.0), axis=1) + rho)
    by_good = np.where(built[:, 0], by_good, 0.0)
    x_size, q_size = np.where(tight, x_size, 0.0), np.where(tight, flow.q, 0.0)
    moved = by_post.sum(axis=1)[:, None]
    return Posts(
        flow.x,
        np.where(built, flow.q, 0.0),
        w,
        flow.x_money + x_size * moved,
        flow.q_money + q_size * moved,
        flow.x_good + x_size * by_good[:, None],
        flow.q_good + q_size * by_good[:, None],
        flow.w_money,
        flow.w_good,
        Chosen(size, x_size, q_size, by_post),
    )


def _upper_branch(taste: Taste, plants: Plants, view: View, level: FloatArray, good: FloatArray) -> FloatArray:
    """(n, T) the largest q at which marginal money meets a falling marginal cost from below (c > 1).

    It is the limit where money still leads there, and nothing where it never does. Whether running
    at all beats standing still is for the certificate to say.
    """
    bent = 1.0 / plants.c - 1.0

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        q = np.exp(y)
        w = good + plants.log_marginal(q)
        e, de = taste.amount(w)
        mu, by_x, by_q = view.wedge(taste.floor + e, q)
        return w - level - mu, bent * (1.0 - by_x * de) - by_q * q

    top = np.log(np.maximum(plants.limits, TINY))
    low = np.full_like(top, -np.inf)
    high = top
    for part in BRANCH:
        y = top + np.log(part)
        leads = excess(y)[0] < 0
        high = np.where(np.isneginf(low) & ~leads, y, high)
        low = np.where(np.isneginf(low) & leads, y, low)
    found = np.isfinite(low) & (low < high)
    y = rising_root(excess, np.where(found, 0.5 * (low + high), top), lower=np.where(found, low, top), upper=high)
    branch = np.where(found, np.exp(y), np.where(np.isfinite(low), plants.limits, 0.0))
    return np.where((plants.c > 1) & (plants.limits > 0), np.minimum(branch, plants.limits), 0.0)
