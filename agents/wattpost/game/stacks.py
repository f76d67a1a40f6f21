"""Agents of one kind and one utility form as arrays, and their answers to a day's totals, piece by piece.

Each agent sees the totals less its own part, put as `response.py` puts them: p^0 near 1, and a `TOKEN` of rivals where
there are none. Plans within what is held follow `prepayment.py`: for standard agents the budget alone binds, or the
holding alone, or both; producers whose prepayment binds are left to `best_response`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .arrays import BoolArray, FloatArray
from .buyers import purchases
from .forms import Log
from .outlays import outlays
from .plans import Plans, Totals
from .plants import outputs
from .response import TOKEN
from .risk import Risk
from .states import States
from .tastes import Taste
from .technology import Plants
from .views import Rivalled

PIECE = 2048
"""Agents solved at once: few enough to stay near a core, many enough for an array's overhead not to count."""

Rows = NDArray[np.intp] | slice


@dataclass(frozen=True, slots=True)
class Day:
    """What n agents are asked: totals, their own part in them, chances (S,) and kwh (S, n, T) of verification, bytecoin
    held (n,), and owned (n,), the endowments that are in the totals."""

    totals: Totals
    own: Plans
    chances: FloatArray
    kwh: FloatArray
    held: FloatArray
    owned: FloatArray


@dataclass(frozen=True, slots=True)
class Stack:
    """n agents, all standard or all producers: `rows` (n,) are their places in the crowd; `taste` has V = 0."""

    rows: NDArray[np.intp]
    taste: Taste
    omega: FloatArray
    plants: Plants | None

    def pieces(self, size: int = PIECE) -> Iterator[tuple[slice, Rows]]:
        """Rows of the stack, and the same rows of the crowd, as a slice where they are neighbours."""
        for first in range(0, self.rows.size, size):
            here = self.rows[first : first + size]
            inside = slice(first, first + here.size)
            near = here[-1] - here[0] + 1 == here.size
            yield inside, slice(int(here[0]), int(here[-1]) + 1) if near else here

    @np.errstate(all="ignore")
    def answer(self, part: slice, rows: Rows, day: Day, out: Plans) -> BoolArray:
        """Put the best responses of one piece into `out`; (n,) whose have been found."""
        taste, omega, held = self._taste(part, rows, day), self.omega[part], day.held[rows]
        plants = None if self.plants is None else self.plants.take(part)
        view, closed = _facing(day, rows, omega, plants)
        closed |= held <= 0
        if plants is None:
            open_posts = day.totals.offers > 0  # nobody can buy where nobody sells
            if not open_posts.all():
                taste = replace(taste, weights=taste.weights * open_posts, floor=taste.floor * open_posts)
            bids, xi = _standard(taste, omega, view, held)
            found = np.ones_like(closed)
        else:
            bids, xi, offers, found = _producers(taste, plants, view, held)
            out.offers[rows] = np.where(closed[:, None], 0.0, offers)
        if closed.any():
            bids, xi = np.where(closed[:, None], 0.0, bids), np.where(closed, 0.0, xi)
        out.bids[rows], out.numeraire_bids[rows] = bids, xi
        return found | closed

    def _taste(self, part: slice, rows: Rows, day: Day) -> Taste:
        """The piece's utilities with the floor at what the worst state burns."""
        taste, kwh = self.taste.take(part), day.kwh[:, rows]
        if day.chances.size == 1:
            return replace(taste, floor=taste.floor + kwh[0])
        return replace(taste, floor=taste.floor + kwh.max(axis=0), risk=Risk.of(States(day.chances, kwh)))


def _facing(day: Day, rows: Rows, omega: FloatArray, plants: Plants | None) -> tuple[Rivalled, BoolArray]:
    """The rivals of one piece in the day's money, and (n,) who can have nothing at all."""
    totals, own = day.totals, day.own
    bids = np.maximum(totals.bids - own.bids[rows], 0.0)
    others = np.maximum(totals.endowments - day.owned[rows], 0.0)
    money = np.maximum(totals.numeraire_bids - own.numeraire_bids[rows], 0.0)
    if money.min() < TOKEN * totals.bids.sum():
        money = np.maximum(money, TOKEN * bids.sum(axis=1))
    closed = (others + omega <= 0) | (money <= 0)
    good = np.maximum(others, TOKEN * omega)
    if closed.any():
        money, good = np.where(closed, 1.0, money), np.where(closed, 1.0, good)
    if bids.min() <= 0:
        typical = TOKEN * np.maximum(bids.max(axis=1), money / bids.shape[1])
        bids = np.where(bids > 0, bids, typical[:, None])
    if plants is None:
        offers = np.broadcast_to(np.where(totals.offers > 0, totals.offers, 1.0), bids.shape)
    else:
        offers = np.maximum(totals.offers - own.offers[rows], 0.0)
        if offers.min() <= 0:
            can = plants.limits.max(axis=1) if plants.rho is None else 0.0
            typical = TOKEN * np.maximum(np.maximum(offers.max(axis=1), can), 1e-9)
            offers = np.where(offers > 0, offers, typical[:, None])
    return Rivalled(bids, offers, money, good), closed


def _standard(taste: Taste, omega: FloatArray, view: Rivalled, held: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bids (n, T) and xi (n,) within what is held, and whose have been found."""
    pot = view.good_offers + omega
    budget = view.good_bids * omega / pot
    bids, xi = _spend(taste, omega, view, budget)
    beyond = np.asarray(np.einsum("ij->i", bids) + xi > held)
    if not beyond.any():
        return bids, xi
    over, few = np.flatnonzero(beyond), taste.take(beyond)
    limit = held[over]
    poor = Rivalled(view.bids[over], view.offers[over], view.good_bids[over], pot[over])
    none = np.zeros(over.size)
    bids[over], xi[over] = _spend(few, none, poor, limit)
    part = view.good_offers[over] / pot[over]
    both = bids[over].sum(axis=1) + xi[over] * part > budget[over] * (1.0 + 1e-12)
    if both.any():
        rows = over[both]
        spent = (limit - budget[over])[both] * pot[rows] / omega[rows]
        blind = replace(few.take(both), good=none[both])
        bids[rows], _ = _spend(blind, none[both], poor.take(both), limit[both] - spent)
        xi[rows] = spent
    return bids, xi


def _spend(taste: Taste, omega: FloatArray, view: Rivalled, income: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bids (n, T) and xi (n,) that spend `income` best: by `outlays.py`, where that does not settle by `buyers.py`."""
    pot = view.good_offers + omega
    scale = view.good_bids / view.good_offers
    if taste.form is not Log:
        view, income = _scaled(view, scale), income / scale
    found = np.zeros(omega.size, dtype=np.bool_)
    bids, xi = np.zeros_like(view.bids), np.zeros_like(omega)
    if taste.risk is None:
        spent = outlays(taste, omega, view, income)
        bids, xi, found = spent.bids, spent.good * pot / view.good_offers, spent.settled
    if not found.all():
        rest = ~found
        few, seen, owned = taste.take(rest), view.take(rest), omega[rest]
        bought = purchases(few, owned, seen, income=income[rest])
        bids[rest], xi[rest] = _bids(bought.x, np.zeros_like(bought.x), bought.g, seen, owned)
    return (bids, xi) if taste.form is Log else (bids * scale[:, None], xi * scale)


def _producers(
    taste: Taste, plants: Plants, view: Rivalled, held: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Bids (n, T), xi (n,) and offers (n, T) of plants with c <= 1, and whose bids are within what is held."""
    scale = view.good_bids / view.good_offers
    view = _scaled(view, scale)
    made = outputs(taste, plants, view)
    bids, xi = _bids(made.x, made.q, made.g, view, np.zeros_like(made.g))
    bids, xi = bids * scale[:, None], xi * scale
    return bids, xi, made.q, bids.sum(axis=1) + xi <= held


def _scaled(view: Rivalled, scale: FloatArray) -> Rivalled:
    """The view in money of which post 0 has as much as it has of the good."""
    return Rivalled(view.bids / scale[:, None], view.offers, view.good_offers, view.good_offers)


def _bids(
    x: FloatArray, q: FloatArray, g: FloatArray, view: Rivalled, omega: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Bids (n, T) and on post 0 (n,) that buy x and g beside offers of q."""
    bids = np.where(x > 0, x * view.bids / (view.offers + q - x), 0.0)
    return bids, np.where(g > 0, g * view.good_bids / (view.good_offers + omega - g), 0.0)
