"""Newton on both multipliers of a producer at once, and on how much of its floor it can afford.

With b = ln upsilon, r = ln upsilon - ln lambda, net(r, b) the money that its posts bring and G(m) the good that money
m buys, the two conditions of `plants.py` are written as

    r = good_wedge(G(net))                    its slope in r is at least one: paying less for money sells less
    left = G(net) - phi(q) - x^0 = 0          as ln S - ln(S + left), S the worth of what is consumed above the floor

The logarithm is close to a line in b, as a standard agent's spending is in its multiplier; where v'(0) is finite,
`left` itself is. Evaluations with r in place tighten a bracket of b, so that no step is taken twice. Where the floor
alone is out of reach, x times the floor is bought instead, upsilon is one, and ln x takes the place of b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray
from .buyers import FAR
from .forms import Log
from .roots import Bracket
from .tastes import Taste
from .technology import Plants, Posts, posts
from .views import View

STEPS = 40
"""Newton steps before the nested roots are asked, which always answer."""

TRIES = 8
"""Steps in a row on which nothing is left to consume before a floor counts as doubtful."""

SATED = 60.0
"""An agent that has money left at this -ln upsilon is satiated."""

ALL = 1.0 - 1e-6
"""Part of all of the good that a purchase is taken for at most while searching."""


@dataclass(frozen=True, slots=True)
class Balanced:
    """Where Newton ended: posts, good bought and used, ln lambda (n,), ln upsilon or ln x (n,); who is `settled`."""

    flow: Posts
    bought: FloatArray
    used: FloatArray
    log_money: FloatArray
    other: FloatArray
    settled: BoolArray


@np.errstate(all="ignore")
def balance(
    taste: Taste, plants: Plants, view: View, log_money: FloatArray, log_good: FloatArray, w: FloatArray
) -> Balanced:
    """Newton on (ln lambda, ln upsilon) from a guess of both and of ln w (n, T)."""
    none = np.zeros(taste.size)
    b, r, size = log_good, log_good - log_money, None
    # A linear taste for the good takes any of it at b = ln a_0: that is where b ends unless the good is all used up.
    linear = (taste.good > 0) & taste.form.kinked
    lowest = np.where(linear, np.log(taste.good), -0.5 * FAR)
    bracket, before, poor = Bracket(taste.size, lowest, FAR), np.full(taste.size, np.inf), none
    bounded = np.isfinite(taste.form.slope(none, taste.shape[:, 0]))
    most, tolerance = ALL * view.reach(), np.full(taste.size, 1e-3)
    for _ in range(STEPS):
        flow = posts(taste, plants, view, b - r, b, w, size, tolerance[:, None])
        size, w = None if flow.chosen is None else flow.chosen.size, flow.log_value
        net, rate = view.money(flow.x, flow.q)
        bought, gain = view.good_for(net.sum(axis=1))
        rate = gain[:, None] * rate
        wedge, bend = view.good_wedge(np.minimum(bought, most), none)
        used = plants.used(flow.q)
        kept, change = (none, none) if taste.form.kinked else taste.good_amount(b)
        off, left = r - wedge, bought - used - kept
        enjoyed = kept + np.sum(rate * (flow.x - taste.floor), axis=1)
        rest, whole = enjoyed + left, np.abs(bought) + used + kept
        # Derivatives by ln lambda, and by both multipliers at once (r fixed).
        burn = plants.burn(flow.q, w - b[:, None])
        x_b, q_b = flow.x_money + flow.x_good, flow.q_money + flow.q_good
        net_a, net_b = np.sum(rate * (flow.q_money - flow.x_money), axis=1), np.sum(rate * (q_b - x_b), axis=1)
        left_a = net_a - np.sum(burn * flow.q_money, axis=1)
        left_b = net_b - np.sum(burn * q_b, axis=1) - change
        more_a, more_b = np.sum(rate * flow.x_money, axis=1), np.sum(rate * x_b, axis=1) + change
        shift = np.where(bounded, left / whole, np.log(rest) - np.log(enjoyed))
        shift_a = np.where(bounded, left_a / whole, (more_a + left_a) / rest - more_a / enjoyed)
        shift_b = np.where(bounded, left_b / whole, (more_b + left_b) / rest - more_b / enjoyed)
        off_r, off_b = 1.0 + bend * net_a, -bend * net_b
        slope = shift_b + shift_a * off_b / off_r
        step = -(shift + shift_a * off / off_r) / slope
        satiated = (b <= np.where(linear, lowest, -SATED)) & (left > 0)
        error = np.maximum(np.abs(off) / (1.0 + np.abs(b)), np.where(satiated, 0.0, 0.05 * np.abs(left) / whole))
        still = (np.abs(step) <= 1e-15 * (1.0 + np.abs(b))) & (np.abs(off) <= 1e-14)
        settled = (error <= 2.5e-15) | ((error <= 2e-14) & (error >= 0.5 * before)) | still
        settled &= (bought > 0) & (bought < most) & np.isfinite(left) & (tolerance <= 1e-14)
        poor = np.where(rest <= 0, poor + 1.0, 0.0)
        if np.all(settled | (poor >= TRIES)):
            break
        before = error
        bracket.tighten(b, left, np.abs(off) <= 0.05 * np.abs(shift))
        lost = (enjoyed <= 0) | ((rest <= 0) & ~bounded) | ~np.isfinite(step) | (slope <= 1e-13)
        # Where nothing is consumed, down to where something is; where nothing is left for it, up.
        turn = np.where(rest <= 0, 1.0, -bracket.stride * np.sign(left))
        turn = np.where(enjoyed <= 0, np.minimum(_choke(taste, b, w), 0.0) - 0.1, turn)
        new = bracket.move(b, np.where(lost, turn, step))
        follow = -(off + np.where(lost, 0.0, off_b * (new - b))) / np.where(lost, 1.0, off_r)
        step_b = np.where(settled, 0.0, new - b)
        step_r = np.where(settled, 0.0, np.clip(np.nan_to_num(follow), -1.0, 1.0))
        b, r = b + step_b, r + step_r
        w = w + np.nan_to_num(flow.w_money * (step_b - step_r)[:, None] + flow.w_good * step_b[:, None])
        tolerance = np.where(settled, tolerance, np.clip(1e-3 * np.nan_to_num(error, nan=1.0) ** 2, 1e-14, 1e-3))
    b = np.where(settled & satiated, lowest, b)
    return Balanced(flow, bought, used, b - r, b, settled)


def _choke(taste: Taste, log_good: FloatArray, w: FloatArray) -> FloatArray:
    """(n,) how far ln w and ln upsilon may fall together until something is consumed; infinite where something is."""
    none = np.zeros_like(log_good)
    good = np.log(taste.good * taste.form.slope(none, taste.shape[:, 0])) - log_good
    kwh = np.log(taste.weights * taste.slope(np.zeros_like(w))) - w
    return np.asarray(np.maximum(good, np.max(kwh, axis=1, initial=-np.inf)))


@np.errstate(all="ignore")
def afford(plants: Plants, floor: FloatArray, view: View, log_money: FloatArray, w: FloatArray) -> Balanced:
    """Newton on (ln lambda, ln x): all that the plants earn buys x times `floor` (n, T), upsilon being one."""
    count = floor.shape[0]
    none, blank = np.zeros(count), np.zeros_like(floor)
    r, y, before = -log_money, none, np.full(count, np.inf)
    bracket, most = Bracket(count, -FAR, FAR), ALL * view.reach()
    top = np.min(np.where(floor > 0, np.log(view.room() + plants.limits) - np.log(floor), np.inf), axis=1)
    for _ in range(STEPS):
        y = np.minimum(y, top - 1e-9)
        x = np.exp(y)[:, None] * floor
        flow = posts(Taste(Log, blank, none, x, none[:, None]), plants, view, -r, none, w)
        w = flow.log_value
        net, rate = view.money(x, flow.q)
        bought, gain = view.good_for(net.sum(axis=1))
        rate = gain[:, None] * rate
        wedge, bend = view.good_wedge(np.minimum(bought, most), none)
        used = plants.used(flow.q)
        off, left = r - wedge, bought - used
        spent = np.sum(rate * x, axis=1)
        rest = spent + left
        # What more of x does to a wedge, a change in ln lambda would do as well.
        burn, more = plants.burn(flow.q, w), view.wedge(x, flow.q)[1] * x * flow.q_money
        net_a, net_y = np.sum(rate * flow.q_money, axis=1), np.sum(rate * (more - x), axis=1)
        left_a, left_y = net_a - np.sum(burn * flow.q_money, axis=1), net_y - np.sum(burn * more, axis=1)
        shift = np.log(spent) - np.log(rest)
        shift_r, shift_y = left_a / rest, 1.0 - (spent + left_y) / rest
        off_r, off_y = 1.0 + bend * net_a, -bend * net_y
        step = (shift_r * off - off_r * shift) / (off_r * shift_y - off_y * shift_r)
        error = np.maximum(np.abs(off), 0.05 * np.abs(left) / (np.abs(bought) + used))
        still = (np.abs(step) <= 1e-15 * (1.0 + np.abs(y))) & (np.abs(off) <= 1e-14)
        settled = (error <= 2.5e-15) | ((error <= 2e-14) & (error >= 0.5 * before)) | still
        settled &= (bought > 0) & (bought < most) & np.isfinite(left)
        if settled.all():
            break
        before = error
        bracket.tighten(y, -left, np.abs(off) <= 0.05 * np.abs(shift))
        lost = (rest <= 0) | ~np.isfinite(step)
        new = bracket.move(y, np.where(lost, -1.0, step))
        new = np.where(new < top, new, 0.5 * (y + top))
        follow = -(off + np.where(lost, 0.0, off_y * (new - y))) / np.where(lost, 1.0, off_r)
        y = np.where(settled, y, new)
        r = np.where(settled, r, r + np.clip(np.nan_to_num(follow), -1.0, 1.0))
    return Balanced(flow, bought, used, -r, y, settled)
