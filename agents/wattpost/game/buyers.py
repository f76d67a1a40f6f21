"""Standard agents: spend what omega earns so that every post is worth its marginal money.

For a multiplier lambda of money, post by post,

    a_t v'(x^t - L^t) = lambda * exp(wedge(x^t)),     a_0 v'(g) = lambda * exp(good_wedge(g)),

or x^t = L^t, g = 0 where the left side is smaller. What is bought falls in lambda, so lambda is
the root of one increasing function, spending against income. An agent whose income cannot buy its
floor L is *rationed*: it spends everything on r L, r < 1 (the limit of the above as income falls).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray
from .forms import Log
from .roots import Bracket, rising_root
from .tastes import Taste
from .views import Posted, View

FAR = 300.0
"""Bound on the logarithms of multipliers."""

STEPS = 25
"""Newton steps on everything at once before the nested roots are asked, which always answer."""


@dataclass(frozen=True, slots=True)
class Purchases:
    """What n standard agents take: x (n, T), g (n,), ln lambda, ln w (n, T), and who is rationed.

    `x_drop`, `g_drop` are -dx/dln lambda and -dg/dln lambda >= 0, zero at corners.
    """

    x: FloatArray
    g: FloatArray
    x_drop: FloatArray
    g_drop: FloatArray
    log_money: FloatArray
    log_value: FloatArray
    log_good: FloatArray
    rationed: BoolArray


@np.errstate(all="ignore")
def purchases(
    taste: Taste,
    omega: FloatArray,
    view: View,
    *,
    income: FloatArray | None = None,
    start: FloatArray | None = None,
) -> Purchases:
    """Best purchases of n standard agents with endowments `omega` (n,).

    income : (n,) money to spend in all; what omega sells for unless stated
    start : (n,) guess of ln lambda
    """
    none = np.zeros_like(taste.weights)
    worth = view.good_money(np.zeros_like(omega), omega)[0]
    income = np.maximum(worth if income is None else income, 0.0)
    rationed = _rationed(taste.floor, income, view)
    guess = np.log(taste.weights.sum(axis=1) + taste.good) - np.log(income)
    guess = np.where(np.isfinite(guess), guess, 0.0)
    v = guess
    w = guess[:, None] + view.wedge(np.minimum(taste.floor, 0.5 * view.room()), none)[0]
    x, g = none, income
    dx, dg = none, income

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        nonlocal x, g, w, v, dx, dg
        x, dx, w = _electricity(taste, view, y, w)
        g, dg, v = _good(taste, omega, view, y, v)
        paid, rate = view.money(x, none)
        earned, good_rate = view.good_money(g, omega)
        spent = -paid.sum(axis=1) + (worth - earned)
        change = np.sum(np.where(dx < 0, rate * dx, 0.0), axis=1) - good_rate * dg
        value = np.where(spent > 0, np.log(income) - np.log(spent), np.inf)
        slope = np.where(spent > 0, -change / spent, np.inf)
        return np.where(rationed, 0.0, value), slope

    linear = taste.form.kinked or (taste.form is Log and isinstance(view, Posted))
    swift = (
        None if linear else _swift(taste, omega, view, worth, income, guess if start is None else start, w, rationed)
    )
    if swift is not None:
        x, g, dx, dg, log_money, w, v = swift
    else:
        log_money = rising_root(excess, guess if start is None else start, lower=-FAR, upper=FAR)
        excess(log_money)
    if rationed.any():
        share = rationing(taste.floor, income, view)
        x = np.where(rationed[:, None], share[:, None] * taste.floor, x)
        x = np.where(rationed[:, None] & (taste.floor == 0), 0.0, x)
        g = np.where(rationed, 0.0, g)
        log_money = np.where(rationed, FAR, log_money)
    return Purchases(x, g, -dx, -dg, log_money, w, v, rationed)


def _swift(
    taste: Taste,
    omega: FloatArray,
    view: View,
    worth: FloatArray,
    income: FloatArray,
    y: FloatArray,
    w: FloatArray,
    rationed: BoolArray,
) -> tuple[FloatArray, ...] | None:
    """x, g, their derivatives, ln lambda, ln w, ln of the good's value by one Newton on all; None where it stalls.

    Every post depends on the others through ln lambda alone, so that a step solves one number per agent.
    """
    none, v, bracket = np.zeros_like(w), y, Bracket(y.size, -FAR, FAR)
    bounded = np.isfinite(taste.form.slope(np.zeros_like(y), taste.shape[:, 0]))
    wanted, liked = taste.weights > 0, taste.good > 0
    for _ in range(STEPS):
        e, de = taste.amount(w)
        x = taste.floor + e
        mu, by_x, _ = view.wedge(x, none)
        off = np.where(wanted, w - y[:, None] - mu, 0.0)
        bend = 1.0 - by_x * de
        g, dg = taste.good_amount(v)
        good_mu, by_g = view.good_wedge(g, omega)
        good_off = np.where(liked, v - y - good_mu, 0.0)
        good_bend = 1.0 - by_g * dg
        paid, rate = view.money(x, none)
        earned, good_rate = view.good_money(g, omega)
        spent = worth - earned - paid.sum(axis=1)
        dx, dg = np.where(de < 0, de / bend, 0.0), np.where(dg < 0, dg / good_bend, 0.0)
        change = np.sum(rate * dx, axis=1) - good_rate * dg
        lag = np.sum(np.where(dx < 0, rate * dx * off, 0.0), axis=1) - np.where(dg < 0, good_rate * dg * good_off, 0.0)
        # In logarithms spending is close to a line; where v'(0) is finite, it is itself.
        left = income - spent
        over = np.where(bounded, left / income, np.log(income) - np.log(spent))
        step = (over * np.where(bounded, income, spent) + lag) / change
        error = np.maximum(np.max(np.abs(off), axis=1), np.abs(good_off)) / (1.0 + np.abs(y))
        settled = (np.abs(over) <= 1e-14) | (np.abs(step) <= 1e-15 * (1.0 + np.abs(y))) | ((y <= -FAR) & (left > 0))
        settled = rationed | (settled & (error <= 1e-14))
        if settled.all():
            return x, g, dx, dg, y, w, v
        bracket.tighten(y, left, error <= 0.05 * np.abs(over))
        turn = np.where(left > 0, -bracket.stride, 1.0)
        step = np.where(settled, 0.0, bracket.move(y, np.where(np.isfinite(step) & (change < 0), step, turn)) - y)
        longest = np.maximum(4.0, 2.0 * np.abs(step))
        w = w + _cut((step[:, None] - off) / bend, longest[:, None])
        v = v + _cut((step - good_off) / good_bend, longest)
        y = y + step
    return None


@np.errstate(all="ignore")
def rationing(floor: FloatArray, income: FloatArray, view: View) -> FloatArray:
    """(n,) the largest r at which `income` buys r * floor; infinite where the floor is zero."""
    none = np.zeros_like(floor)
    needy = np.any(floor > 0, axis=1) & (income > 0)

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        x = np.exp(y)[:, None] * floor
        paid, rate = view.money(x, none)
        fits = np.all(x < view.room(), axis=1) & needy
        spent = np.where(fits, -paid.sum(axis=1), np.inf)
        value = np.log(spent) - np.log(income)
        slope = np.where(fits, np.sum(rate * x, axis=1) / spent, np.inf)
        return np.where(needy, value, 0.0), slope

    share = np.exp(rising_root(excess, np.zeros_like(income), lower=-FAR, upper=FAR))
    share = np.where(np.any(floor > 0, axis=1), share, np.inf)
    return np.where((income > 0) | np.isinf(share), share, 0.0)


def _cut(step: FloatArray, longest: FloatArray) -> FloatArray:
    """`step` no longer than `longest`; one upwards, towards buying less, where it is not a number."""
    return np.where(np.isfinite(step), np.minimum(np.maximum(step, -longest), longest), 1.0)


def _rationed(floor: FloatArray, income: FloatArray, view: View) -> BoolArray:
    least = -np.sum(view.money(floor, np.zeros_like(floor))[0], axis=1)
    short = np.any((floor > 0) & (floor >= view.room()), axis=1) | (least > income)
    return np.asarray((short & np.any(floor > 0, axis=1)) | (income <= 0))


def _electricity(
    taste: Taste, view: View, log_money: FloatArray, start: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """x (n, T), dx/dln lambda and ln w at the multiplier ln lambda (n,)."""
    none = np.zeros_like(taste.weights)
    level = log_money[:, None]
    if taste.form.kinked:
        kink = np.log(taste.weights)
        x = np.maximum(view.bought_at(none, kink - level), taste.floor)
        _, by_x, _ = view.wedge(x, none)
        inner = (x > taste.floor) & (by_x > 0)
        return x, np.where(inner, -1.0 / by_x, 0.0), level + view.wedge(x, none)[0]

    if taste.form is Log and taste.risk is None and isinstance(view, Posted):
        # a/e = lambda p Q/(Q - power x) is linear in e: no search is needed.
        paid = np.exp(level) * (view.prices * view.totals)
        over = 1.0 / (view.power * taste.weights + paid)
        e = taste.weights * np.maximum(view.totals - view.power * taste.floor, 0.0) * over
        return taste.floor + e, -e * paid * over, start

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        e, de = taste.amount(y)
        mu, by_x, _ = view.wedge(taste.floor + e, none)
        return np.where(taste.weights > 0, y - level - mu, 0.0), 1.0 - by_x * de

    w = rising_root(excess, start, lower=-FAR, upper=FAR)
    e, de = taste.amount(w)
    x = taste.floor + e
    _, by_x, _ = view.wedge(x, none)
    return x, np.where(de < 0, de / (1.0 - by_x * de), 0.0), w


def _good(
    taste: Taste, omega: FloatArray, view: View, log_money: FloatArray, start: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """g (n,), dg/dln lambda and ln of the good's shadow utility."""
    if not np.any(taste.good > 0):
        return np.zeros_like(omega), np.zeros_like(omega), start
    if taste.form.kinked:
        kink = np.log(taste.good)
        g, dg = view.good_at(kink - log_money, omega)
        return g, -dg, log_money + view.good_wedge(g, omega)[0]

    if taste.form is Log and isinstance(view, Posted):
        paid = np.exp(log_money) * np.maximum(view.good - view.power * omega, 1e-12 * view.good)
        over = 1.0 / (view.power * taste.good + paid)
        g = taste.good * view.good * over
        return g, -g * paid * over, start

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        g, dg = taste.good_amount(y)
        mu, by_g = view.good_wedge(g, omega)
        return np.where(taste.good > 0, y - log_money - mu, 0.0), 1.0 - by_g * dg

    v = rising_root(excess, start, lower=-FAR, upper=FAR)
    g, dg = taste.good_amount(v)
    _, by_g = view.good_wedge(g, omega)
    return g, np.where(dg < 0, dg / (1.0 - by_g * dg), 0.0), v
