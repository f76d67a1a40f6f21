"""Many local searches at once over everything a producer decides, x, q (T,), g and x^0.

    max S(x - V, x^0)   s.t.   sum_t B_- z/(Q_- + z) >= xi,   g >= phi(q) + x^0,   sum b + xi <= held

with z = q - x, b = x B_-/(Q_- + z) and xi = g B_-^0/(Omega_- - g). Every start is a row, with its own limits on q (a
plant with c > 1 stands still on the posts that its row leaves out). All inequalities are kept by logarithms times mu,
and Newton's method climbs while mu falls: posts touch each other through three constraints only, so a step is one 2 x 2
block per post, made concave where it is not, and a 3 x 3 system per row.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .agents import Producer
from .arrays import BoolArray, FloatArray
from .tastes import Taste
from .views import Rivalled

FIRST = 0.3
"""mu at the start of a climb that may go far."""

PARTS = tuple(np.geomspace(1.0, 5e-3, 14))
"""Parts of a start's offers at which room inside the constraints is looked for."""

SPENT = (0.8, 0.97, 0.999)
"""Parts of the money there is that go into the good, likewise."""

FALL = 0.15
"""Factor by which mu falls when a row has settled."""

LAST = 1e-11
"""mu at the end, as a part of what S gains when everything grows."""

EDGE = 1e-7
"""Distance from a bound, as a part of the whole, within which an amount is taken to be at it."""

SLACK = 1e-6
"""Part of a constraint left over beyond which it does not bind."""

NEAR = 1e-3
"""Rise along a Newton step, as a part of mu, at which the last mu is settled."""

ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Point:
    """n rows: x, q (n, T), g, kept (n,)."""

    x: FloatArray
    q: FloatArray
    g: FloatArray
    kept: FloatArray

    def rows(self, chosen: BoolArray | NDArray[np.intp] | slice) -> Point:
        """A copy of the rows `chosen`."""
        return Point(*(np.array(part[chosen]) for part in (self.x, self.q, self.g, self.kept)))

    def put(self, places: NDArray[np.intp], part: Point) -> None:
        """Write the rows of `part` into `places`."""
        for mine, new in zip((self.x, self.q, self.g, self.kept), (part.x, part.q, part.g, part.kept), strict=True):
            mine[places] = new

    def moved(self, step: Point, part: FloatArray) -> Point:
        """A `part` (n,) of `step` further on."""
        p = part[:, None]
        return Point(self.x + p * step.x, self.q + p * step.q, self.g + part * step.g, self.kept + part * step.kept)


class Barrier:
    """One producer's problem from n starts; `free` (n, T) says which offers each row may move, others stay put."""

    def __init__(self, producer: Producer, taste: Taste, seen: Rivalled, held: float, free: BoolArray) -> None:
        limits = np.where(free, producer.limits, 0.0)
        self.theta, self.power = producer.theta, 1.0 / producer.c
        self.taste, self.held, self.limits = taste, held, limits
        self.bids, self.offers = seen.bids[0], seen.offers[0]
        self.good_bids, self.good_offers = float(seen.good_bids[0]), float(seen.good_offers[0])
        self.floor, self.weights = taste.floor[0], taste.weights[0]
        self.buys, self.keeps = self.weights > 0, bool(taste.good[0] > 0)
        self.runs = limits > 0

    def rows(self, chosen: BoolArray) -> Barrier:
        """The same problem, the rows `chosen` only."""
        other = copy(self)
        other.limits, other.runs = self.limits[chosen], self.runs[chosen]
        return other

    @np.errstate(all="ignore")
    def start(self, q: FloatArray, x: FloatArray | None = None) -> tuple[Point, BoolArray]:
        """A point inside all constraints near each row of offers `q` and purchases `x` (n, T), and who has one."""
        found, most = self._inner(q, x, 0.99), np.full(q.shape[0], -np.inf)
        for part, spent in product(PARTS, SPENT) if x is None else [(1.0, 0.99)]:
            less = np.clip(part * q, 1e-6 * self.limits, (1.0 - 1e-3) * self.limits)
            here = self._inner(np.where(self.runs, less, q), x, spent)
            score = np.where(self._fits(here), self._room(here).min(axis=1), -np.inf)
            chosen = np.flatnonzero(score > most)
            found.put(chosen, here.rows(chosen))
            most = np.maximum(most, score)
        return found, np.isfinite(most)

    def _inner(self, q: FloatArray, x: FloatArray | None, spent: float) -> Point:
        left = self.offers + q
        x = self.floor + np.where(self.buys, 1e-3 * left, 0.0) if x is None else x
        net = np.sum(self.bids * (q - x) / (left - x), axis=1)
        paid = np.sum(self.bids * x / (left - x), axis=1)
        money = spent * np.minimum(net, self.held - paid)
        g = self.good_offers * money / (self.good_bids + money)
        spare = g - self._used(q)
        return Point(x, q, g, (0.5 if x is None else 0.7) * spare if self.keeps else np.zeros_like(g))

    def _used(self, q: FloatArray) -> FloatArray:
        return np.asarray(np.sum((q / self.theta) ** self.power, axis=1))

    def _fits(self, at: Point) -> BoolArray:
        inside = np.all(at.x < self.offers + at.q, axis=1) & (at.g > 0) & (at.g < self.good_offers)
        inside &= np.all((at.x > self.floor) | ~self.buys, axis=1)
        inside &= np.all(((at.q > 0) & (at.q < self.limits)) | ~self.runs, axis=1)
        inside &= (at.kept > 0) | (not self.keeps)
        return np.asarray(inside & np.all(self._room(at) > 0, axis=1))

    def _room(self, at: Point) -> FloatArray:
        """(n, 2 or 3) what is left of money, the good, and holding."""
        left = self.offers + at.q - at.x
        paid = at.g * self.good_bids / (self.good_offers - at.g)
        rows = [np.sum(self.bids * (at.q - at.x) / left, axis=1) - paid, at.g - self._used(at.q) - at.kept]
        if np.isfinite(self.held):
            rows.append(self.held - np.sum(self.bids * at.x / left, axis=1) - paid)
        return np.stack(rows, axis=1)

    def _merit(self, at: Point, mu: FloatArray) -> FloatArray:
        fits = self._fits(at)
        logs = np.sum(np.where(self.buys, np.log(at.x - self.floor), 0.0), axis=1)
        logs += np.sum(np.where(self.runs, np.log(at.q) + np.log(self.limits - at.q), 0.0), axis=1)
        logs += np.log(at.kept) if self.keeps else 0.0
        logs += np.sum(np.log(self._room(at)), axis=1)
        return np.where(fits, self.worth(at) + mu * logs, -np.inf)

    @np.errstate(all="ignore")
    def worth(self, at: Point) -> FloatArray:
        """(n,) S."""
        form, shape = self.taste.form, self.taste.shape
        above = np.maximum(at.x - self.floor, 0.0)
        value = np.asarray(np.sum(np.where(self.buys, self.weights * self.taste.worth(above), 0.0), axis=1))
        return np.asarray(value + (self.taste.good[0] * form.worth(at.kept, shape[0]) if self.keeps else 0.0))

    @np.errstate(all="ignore")
    def climb(self, start: Point, last: float = LAST, first: float = FIRST) -> Point:
        """Where each row's search ends; mu falls from `first` to `last`, as parts of what S gains when all grows."""
        end, rows = start.rows(slice(None)), np.arange(start.g.size)
        here, at = self, start
        scale = self._growth(at)
        mu = first * scale
        value = here._merit(at, mu)
        for _ in range(ROUNDS):
            step, rise = here._step(at, mu)
            most = here._longest(at, step)
            part = np.minimum(most, 1.0)
            trial = here._merit(at.moved(step, part), mu)
            far = np.minimum(most, 10.0)
            further = here._merit(at.moved(step, far), mu)
            better = trial >= value + 1e-4 * part * rise
            part, better = np.where(further > trial, far, part), better | (further > value)
            for _ in range(12):
                if better.all():
                    break
                part = np.where(better, part, 0.3 * part)
                trial = here._merit(at.moved(step, part), mu)
                better = better | (trial >= value + 1e-4 * part * rise)
            at = at.moved(step, np.where(better, part, 0.0))
            settled = (rise < 2.0 * mu) | ~better
            least = last * here._growth(at)
            done = (mu <= least) & ((rise < NEAR * mu) | ~better)
            mu = np.where(settled & ~done, np.maximum(FALL * mu, least), mu)
            if done.any():
                end.put(rows[done], at.rows(done))
                if done.all():
                    return end
                kept = ~done
                rows, at, mu = rows[kept], at.rows(kept), mu[kept]
                here = here.rows(kept)
            value = here._merit(at, mu)
        end.put(rows, at)
        return end

    @np.errstate(all="ignore")
    def _growth(self, at: Point) -> FloatArray:
        above = at.x - self.floor
        scale = np.sum(np.where(self.buys, self.weights * self.taste.slope(above) * above, 0.0), axis=1)
        if self.keeps:
            kept = self.taste.form.slope(at.kept, self.taste.shape[0])
            scale = scale + self.taste.good[0] * kept * at.kept
        return np.asarray(scale)

    @np.errstate(all="ignore")
    def worth_of_kwh(self, at: Point, row: int) -> FloatArray:
        """(T,) w, what a kWh more of a purchase would be worth, at the end of one row.

        The multipliers of the three constraints are those that the conditions of all inside its bounds agree on.
        """
        x, q, limits, form, shape = at.x[row], at.q[row], self.limits[row], self.taste.form, self.taste.shape
        above, left, paid = x - self.floor, self.offers + q - x, float(at.g[row])
        rate, by_x = self.bids * self.offers / left**2, self.bids * (self.offers + q) / left**2
        wants = np.where(self.buys, self.weights * self.taste.slope(above[None])[0], 0.0)
        inside = (q > EDGE * limits) & (q < (1.0 - EDGE) * limits)
        burn = np.where(inside, (q / self.theta) ** (self.power - 1.0) * self.power / self.theta, 0.0)
        none, paid = 0.0 * q, self.good_bids * self.good_offers / (self.good_offers - paid) ** 2
        buying = np.stack([rate, none, by_x], axis=1)
        making = np.stack([rate, -burn, x * self.bids / left**2], axis=1)
        rows = [*buying[self.buys & (above > EDGE * left)], *making[inside], np.array([-paid, 1.0, -paid])]
        sides = [*wants[self.buys & (above > EDGE * left)], *none[inside], 0.0]
        if self.keeps:
            rows.append(np.array([0.0, 1.0, 0.0]))
            sides.append(float(self.taste.good[0] * form.slope(at.kept[[row]], shape[0])[0]))
        matrix, right = np.array(rows), np.array(sides)
        size = np.abs(matrix).sum(axis=1)
        room = self._room(at)[row]
        tight = np.array([room[0] <= SLACK * paid * at.g[row], True, room.size > 2 and room[-1] <= SLACK * self.held])
        found = np.zeros(3)
        found[tight] = np.linalg.lstsq(matrix[:, tight] / size[:, None], right / size, rcond=None)[0]
        return np.asarray(found[0] * rate + found[2] * by_x)

    def _longest(self, at: Point, step: Point) -> FloatArray:
        """(n,) the part of `step` up to which bounds hold, a little less, at most one."""

        def reach(room: FloatArray, move: FloatArray) -> FloatArray:
            return np.where(move < 0, -0.99 * room / np.where(move < 0, move, -1.0), 1.0)

        most = np.ones_like(at.g)
        for room, move in (
            (np.where(self.buys, at.x - self.floor, 1.0), step.x),
            (np.where(self.runs, at.q, 1.0), step.q),
            (np.where(self.runs, self.limits - at.q, 1.0), -step.q),
            (self.offers + at.q - at.x, step.q - step.x),
        ):
            most = np.minimum(most, reach(room, move).min(axis=1))
        most = np.minimum(most, reach(at.g, step.g))
        most = np.minimum(most, reach(self.good_offers - at.g, -step.g))
        return np.minimum(most, reach(at.kept, step.kept)) if self.keeps else most

    def _step(self, at: Point, mu: FloatArray) -> tuple[Point, FloatArray]:
        """A Newton step, and how steeply the merit rises along it."""
        m, form, shape = mu[:, None], self.taste.form, self.taste.shape
        room = self._room(at)
        price = np.zeros((at.g.size, 3))
        price[:, : room.shape[1]] = mu[:, None] / room
        lam, ups, eta = (price[:, [k]] for k in range(3))
        left = self.offers + at.q - at.x
        whole, above = self.offers + at.q, at.x - self.floor
        rate, bend = self.bids * self.offers / left**2, 2.0 * self.bids * self.offers / left**3
        by_x, by_q = self.bids * whole / left**2, -at.x * self.bids / left**2
        burn = np.where(self.runs, (at.q / self.theta) ** (self.power - 1.0) * self.power / self.theta, 0.0)
        burn_rise = np.where(self.runs, burn * (self.power - 1.0) / np.where(self.runs, at.q, 1.0), 0.0)
        spare = self.good_offers - at.g
        paid, paid_rise = (
            self.good_bids * self.good_offers / spare**2,
            2.0 * self.good_bids * self.good_offers / spare**3,
        )
        slope = self.taste.slope(above)
        decay = form.decay(above, shape) if self.taste.risk is None else self.taste.risk.decay(form, above, shape)
        curve = np.where(slope > 0, slope * decay, 0.0)
        # Gradient and the blocks of the Hessian, posts first.
        gx = self.weights * slope + m / above - lam * rate - eta * by_x
        gq = lam * rate - ups * burn - eta * by_q + m / at.q - m / (self.limits - at.q)
        hxx = -self.weights * curve - m / above**2 - lam * bend - eta * 2.0 * by_x / left
        hqq = -lam * bend - ups * burn_rise - eta * 2.0 * at.x * self.bids / left**3
        hqq = hqq - m / at.q**2 - m / (self.limits - at.q) ** 2
        hxq = lam * bend - eta * (self.bids / left**2 - 2.0 * by_x / left)
        gx, hxx = np.where(self.buys, gx, 0.0), np.where(self.buys, hxx, -1.0)
        gq, hqq = np.where(self.runs, gq, 0.0), np.where(self.runs, hqq, -1.0)
        hxq = np.where(self.buys & self.runs, hxq, 0.0)
        ixx, ixq, iqq = _concave_inverse(hxx, hxq, hqq)
        gg = -(price[:, 0] + price[:, 2]) * paid + price[:, 1]
        hgg = -(price[:, 0] + price[:, 2]) * paid_rise - mu / at.g**2
        gg = gg + mu / at.g
        gy, hyy = np.zeros_like(mu), -np.ones_like(mu)
        if self.keeps:
            good, rate_y = self.taste.good[0], form.slope(at.kept, shape[0])
            curve_y = np.where(rate_y > 0, rate_y * form.decay(at.kept, shape[0]), 0.0)
            gy, hyy = good * rate_y + mu / at.kept - price[:, 1], -good * curve_y - mu / at.kept**2
        nx = np.stack([-rate, 0.0 * rate, -by_x], axis=1) * self.buys
        nq = np.stack([rate, -burn, -by_q], axis=1) * self.runs[:, None, :]
        ng = np.stack([-paid, 1.0 + 0.0 * paid, -paid], axis=1)
        ny = np.stack([0.0 * paid, -float(self.keeps) + 0.0 * paid, 0.0 * paid], axis=1)
        if room.shape[1] == 2:
            nx[:, 2], nq[:, 2], ng[:, 2] = 0.0, 0.0, 0.0

        def solve(px: FloatArray, pq: FloatArray, pg: FloatArray, py: FloatArray) -> tuple[FloatArray, ...]:
            return ixx * px + ixq * pq, ixq * px + iqq * pq, pg / hgg, py / hyy

        base = solve(gx, gq, gg, gy)
        sides = [solve(nx[:, k], nq[:, k], ng[:, k], ny[:, k]) for k in range(3)]

        def along(k: int, v: tuple[FloatArray, ...]) -> FloatArray:
            return np.asarray(np.sum(nx[:, k] * v[0] + nq[:, k] * v[1], axis=1) + ng[:, k] * v[2] + ny[:, k] * v[3])

        # (D - N W N') d = -grad, with W = mu/room^2, by Woodbury.
        inverse_w = np.ones_like(price)
        inverse_w[:, : room.shape[1]] = room**2 / mu[:, None]
        middle = np.zeros((mu.size, 3, 3))
        for k in range(3):
            for j in range(3):
                middle[:, k, j] = -along(k, sides[j])
            middle[:, k, k] += inverse_w[:, k]
        right = np.stack([along(k, base) for k in range(3)], axis=1)
        try:
            mix = np.linalg.solve(middle, right[..., None])[..., 0]
        except np.linalg.LinAlgError:
            mix = np.zeros_like(right)
        parts = [b + sum(mix[:, [k]] * s[i] if s[i].ndim == 2 else mix[:, k] * s[i] for k, s in enumerate(sides))
                 for i, b in enumerate(base)]  # fmt: skip
        step = Point(-parts[0], -parts[1], -parts[2], -parts[3])
        rise = np.sum(gx * step.x + gq * step.q, axis=1) + gg * step.g + gy * step.kept
        return step, rise


def _concave_inverse(a: FloatArray, b: FloatArray, d: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The inverse of symmetric blocks [[a, b], [b, d]] with eigenvalues turned negative."""
    middle, half = 0.5 * (a + d), 0.5 * (a - d)
    radius = np.sqrt(half**2 + b**2)
    high, low = middle + radius, middle - radius
    size = np.maximum(np.abs(high), np.abs(low))
    high = -np.maximum(np.abs(high), 1e-12 * size)
    low = -np.maximum(np.abs(low), 1e-12 * size)
    angle = 0.5 * np.arctan2(2.0 * b, a - d)  # of the eigenvector that belongs to `high`
    c, s = np.cos(angle), np.sin(angle)
    ixx = c**2 / high + s**2 / low
    iqq = s**2 / high + c**2 / low
    return ixx, c * s * (1.0 / high - 1.0 / low), iqq
