"""The joint best response of a cartel: pooled budget, summed utility, one net sale per post.

Members trade on the posts like everybody else, and a price depends on their net sale z = sum q - sum x alone, so
together they are one agent whose demand and supply are sums. With w a kWh's shadow utility on a post,

    a_i v'(x_i - L_i) = w,    upsilon phi_j'(q_j) = w,    w = lambda B_- Q_-/(Q_- + z)^2,

is one root per post; upsilon = lambda m_0'(G) gives what they buy of the good together, and lambda, upsilon balance
pooled money and pooled good. For c <= 1 the problem is convex, and `bound` proves an answer by duality as
`certificate.py` does for one agent.

A linear member's demand is a step: w never falls below the largest a of such members, and who has that weight takes
what is bought there, in equal parts; likewise upsilon and the good. Members that share one ces utility are solved
as if u were its weighted sum: of degree one, their summed utility is that of their summed consumption, and split
equally it is an increasing function of the sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq, root

from .arrays import FloatArray
from .buyers import FAR
from .economy import Block
from .roots import rising_root
from .views import Rivalled

NEAR = 1e-11
"""Relative error of the two balances up to which a joint Newton step is taken for an answer."""


@dataclass(frozen=True, slots=True)
class Joint:
    """x, q (m, T) and x^0 (m,) of the members, in the order of the pool's rows; G, ln lambda, ln upsilon."""

    x: FloatArray
    q: FloatArray
    kept: FloatArray
    good: float
    log_money: float
    log_good: float
    error: float


class Pool:
    """The members of a cartel, as blocks on the open posts."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.blocks = blocks
        self.rows = np.concatenate([b.rows for b in blocks])
        self.omega = float(sum(b.omega.sum() for b in blocks))
        self.uses_good = any(b.plants is not None or bool(np.any(b.taste.good > 0)) for b in blocks)
        self.start: FloatArray | None = None
        with np.errstate(divide="ignore"):
            linear = [np.log(np.where(b.taste.form.kinked, b.taste.weights, 0.0)) for b in blocks]
            good = [np.log(np.where(b.taste.form.kinked, b.taste.good, 0.0)) for b in blocks]
        self.linear, self.linear_good = np.concatenate(linear), np.concatenate(good)

    def used(self, q: FloatArray) -> FloatArray:
        """(m,) inputs of the good."""
        parts, first = [], 0
        for block in self.blocks:
            mine = q[first : first + block.size]
            parts.append(np.zeros(block.size) if block.plants is None else block.plants.used(mine))
            first += block.size
        return np.concatenate(parts)

    @np.errstate(all="ignore")
    def at(self, view: Rivalled, log_money: float, log_good: float) -> tuple[Joint, float, float]:
        """What members do at the two multipliers, and the relative excess of money and of the good."""
        bids, offers = view.bids[0], view.offers[0]

        def quantities(w: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            x, q, rise = [], [], np.zeros(w.size)
            for block in self.blocks:
                y = np.broadcast_to(w, block.taste.weights.shape)
                e, de = (0.0 * y, 0.0 * y) if block.taste.form.kinked else block.taste.amount(y)
                made = np.zeros_like(e)
                if block.plants is not None:
                    made, more = block.plants.supply(y - log_good)
                    above = y - log_good > block.plants.log_marginal(block.plants.limits)
                    step = block.plants.c == 1
                    made = np.where(step, np.where(above, block.plants.limits, 0.0), made)
                    rise = rise + np.where(step, 0.0, more).sum(axis=0)
                x.append(block.taste.floor + e)
                q.append(made)
                rise = rise - de.sum(axis=0)
            return np.concatenate(x), np.concatenate(q), rise

        def excess(w: FloatArray) -> tuple[FloatArray, FloatArray]:
            x, q, rise = quantities(w)
            left = offers + q.sum(axis=0) - x.sum(axis=0)
            rate = np.where(left > 0, np.log(bids * offers) - 2.0 * np.log(left), np.inf)
            return w - log_money - rate, 1.0 + 2.0 * rise / left

        w = rising_root(excess, log_money + np.log(bids / offers), lower=-FAR, upper=FAR)
        keen = w < self.linear.max(axis=0)
        w = np.where(keen, self.linear.max(axis=0), w)
        x, q, _ = quantities(w)
        q = self._on_step(w, x, q, np.sqrt(bids * offers * np.exp(log_money - w)) - offers, log_good)
        if keen.any():
            wanted = np.sqrt(bids * offers * np.exp(log_money - w)) - offers
            room = np.maximum(q.sum(axis=0) - x.sum(axis=0) - wanted, 0.0)
            x = x + np.where(keen, room, 0.0) * _shares(self.linear)
        z = q.sum(axis=0) - x.sum(axis=0)
        each = np.full(self.rows.size, log_good)
        parts = np.cumsum([b.size for b in self.blocks])[:-1]
        kept = np.concatenate(
            [
                np.zeros(b.size) if b.taste.form.kinked else b.taste.good_amount(value)[0]
                for b, value in zip(self.blocks, np.split(each, parts), strict=True)
            ]
        )
        good, owned = 0.0, np.array([self.omega])
        if self.uses_good:
            good = float(view.good_at(np.array([log_good - log_money]), owned)[0][0])
        flows = bids * z / (offers + z)
        earned = float(view.good_money(np.array([good]), owned)[0][0])
        need = float(self.used(q).sum() + kept.sum())
        money = (float(flows.sum()) + earned) / (float(np.abs(flows).sum()) + abs(earned) + 1e-300)
        spare = (good - need) / (good + need + 1e-300)
        joint = Joint(x, q, kept, good, log_money, log_good, max(abs(money), abs(spare) if self.uses_good else 0.0))
        return joint, money, spare

    def _on_step(self, w: FloatArray, x: FloatArray, q: FloatArray, z: FloatArray, log_good: float) -> FloatArray:
        """`q` with plants of constant returns at their step making what the net sale `z` still lacks."""
        loose, first = np.zeros_like(q), 0
        for block in self.blocks:
            if block.plants is not None:
                away = np.abs(w - log_good - block.plants.log_marginal(block.plants.limits))
                here = (block.plants.c == 1) & (away < 1e-12 * (1.0 + np.abs(w)))
                loose[first : first + block.size] = np.where(here, block.plants.limits, 0.0)
            first += block.size
        room = loose.sum(axis=0)
        fixed = np.where(loose > 0, 0.0, q)
        lack = np.clip(z + x.sum(axis=0) - fixed.sum(axis=0), 0.0, room)
        return np.where(loose > 0, loose * np.where(room > 0, lack / np.where(room > 0, room, 1.0), 0.0), fixed)

    def respond(self, view: Rivalled) -> Joint:
        """The joint best response to the outsiders' totals (1, T)."""
        if not self.uses_good:
            money = _root(lambda y: self.at(view, y, -FAR)[1], 0.0 if self.start is None else float(self.start[0]))
            self.start = np.array([money, -FAR])
            return self.at(view, money, -FAR)[0]

        least = float(self.linear_good.max())
        if np.isfinite(least):
            # Where the good is left over at the most that linear members give for it, they have it.
            near = 0.0 if self.start is None else float(self.start[0] - self.start[1])
            ratio = _root(lambda r: self.at(view, r + least, least)[1], near)
            joint, money, _ = self.at(view, ratio + least, least)
            left = joint.good - float(self.used(joint.q).sum() + joint.kept.sum())
            if left >= 0:
                self.start = np.array([ratio + least, least])
                return replace(joint, kept=joint.kept + left * _shares(self.linear_good), error=abs(money))

        def both(y: FloatArray) -> FloatArray:
            _, money, spare = self.at(view, float(y[0]), float(y[1]))
            return np.array([money, spare])

        if self.start is not None:
            found = root(both, self.start, tol=1e-14)
            joint = self.at(view, float(found.x[0]), float(found.x[1]))[0]
            if joint.error <= NEAR:
                self.start = np.asarray(found.x)
                return joint
        guess = np.array([-1.0, 0.0]) if self.start is None else self.start
        ratio = float(guess[0] - guess[1])

        def balance(y: float) -> float:
            nonlocal ratio
            ratio = _root(lambda r: self.at(view, r + y, y)[1], ratio)
            return self.at(view, ratio + y, y)[2]

        good = _root(balance, float(guess[1]))
        balance(good)
        self.start = np.array([ratio + good, good])
        return self.at(view, ratio + good, good)[0]

    @np.errstate(all="ignore")
    def bound(self, view: Rivalled, joint: Joint) -> float:
        """What any other joint action could add to the summed utility, at most, in consumption equivalents."""
        bids, offers = view.bids[0], view.offers[0]
        lam, upsilon = np.exp(joint.log_money), np.exp(joint.log_good) if self.uses_good else 0.0
        z = joint.q.sum(axis=0) - joint.x.sum(axis=0)
        w = lam * bids * offers / (offers + z) ** 2
        gap, scale, first = 0.0, 0.0, 0
        limits = sum((b.plants.limits.sum(axis=0) for b in self.blocks if b.plants is not None), np.zeros_like(z))
        for block in self.blocks:
            taste, rows = block.taste, slice(first, first + block.size)
            first += block.size
            q, y = joint.q[rows], joint.kept[rows]
            e = np.maximum(joint.x[rows] - taste.floor, 0.0)
            gap += _short(taste.form, taste.weights, e, w + 0.0 * e, taste.shape, float(np.max(offers + limits)))
            if self.uses_good:
                most = float(view.good_offers[0]) + self.omega
                gap += _short(taste.form, taste.good, y, np.full_like(y, upsilon), taste.shape[:, 0], most)
            if block.plants is not None:
                plants = block.plants
                supply = np.where(plants.c < 1, plants.supply(np.log(w) - joint.log_good + 0.0 * q)[0], 0.0)
                ends = np.where(w * plants.limits > upsilon * plants.inputs(plants.limits), plants.limits, 0.0)
                best = np.where(plants.c < 1, supply, ends)
                more = w * (best - q) - upsilon * (plants.inputs(best) - plants.inputs(q))
                gap += float(np.sum(np.maximum(more, 0.0)))
            wants = np.where(taste.weights > 0, taste.weights * taste.form.slope(e, taste.shape), 0.0)
            wants_good = np.where(taste.good > 0, taste.good * taste.form.slope(y, taste.shape[:, 0]), 0.0)
            energy = e + taste.floor - block.verification
            scale += float(np.sum(np.where(e > 0, wants * energy, 0.0)) + np.sum(np.where(y > 0, wants_good * y, 0.0)))
        owned = np.array([self.omega])
        held = np.array([joint.good])
        earned = float(view.good_money(held, owned)[0][0])
        if self.uses_good:
            best_g = view.good_at(np.array([joint.log_good - joint.log_money]), owned)[0]
            other = float(view.good_money(best_g, owned)[0][0])
            gap += max(upsilon * float(best_g[0] - joint.good) + lam * (other - earned), 0.0)
            gap += upsilon * abs(joint.good - float(self.used(joint.q).sum() + joint.kept.sum()))
        gap += lam * abs(float(np.sum(bids * z / (offers + z))) + earned)
        return gap / scale if scale > 0 else np.inf


def _short(
    form: type, weights: FloatArray, have: FloatArray, value: FloatArray, shape: FloatArray, most: float
) -> float:
    """How far [a v(e) - w e] at `have` is below its maximum over 0 <= e <= `most`, summed."""
    best = np.where(weights > 0, form.demand(value / weights, shape), 0.0)  # type: ignore[attr-defined]
    best = np.where(np.isfinite(best), best, np.maximum(have, most))
    worth = form.worth(best, shape) - form.worth(have, shape)  # type: ignore[attr-defined]
    more = np.where(weights > 0, weights * worth - value * (best - have), 0.0)
    return float(np.sum(np.maximum(more, 0.0)))


def _shares(log_weights: FloatArray) -> FloatArray:
    """Equal parts for whoever has the largest weight, of each column; zeros where nobody has any."""
    top = np.isfinite(log_weights) & (log_weights == log_weights.max(axis=0))
    return np.asarray(top / np.maximum(top.sum(axis=0), 1))


def _root(rising: Callable[[float], float], start: float) -> float:
    """The root of an increasing function near `start`; the nearer end of [-FAR, FAR] where there is none."""
    low = high = start
    step = 0.25
    while rising(low) > 0 and low > -FAR:
        low, step = max(low - step, -FAR), 2.0 * step
    step = 0.25
    while rising(high) < 0 and high < FAR:
        high, step = min(high + step, FAR), 2.0 * step
    if low == high or rising(low) > 0:
        return low
    return high if rising(high) < 0 else float(brentq(rising, low, high, xtol=1e-15, rtol=1e-14))
