"""Best-response dynamics: the second road to an equilibrium, which shares no equation with the first.

Agents see the others' totals of the last round, best-respond to them (`response.py`'s problem, solved
for all agents of a block at once), and move a fraction `step` of the way from their last bids and offers
to the answer; all at once (*simultaneous*) or one after the other (*sequential*). Where this settles,
nobody wants to move: a Nash equilibrium, found without a single market-clearing condition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray
from .buyers import FAR, Purchases, purchases
from .economy import Block, Economy
from .guess import first_guess
from .plants import Outputs, outputs
from .views import Rivalled


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where the dynamics ended: prices (T,) with p^0 = 1, bids, offers, allocations (n, T), numeraire
    bids (n,), rounds played, and the last relative change of totals; `settled` if below the tolerance.
    """

    prices: FloatArray
    bids: FloatArray
    numeraire_bids: FloatArray
    offers: FloatArray
    allocations: FloatArray
    rounds: int
    change: float
    settled: bool


def best_response_dynamics(
    economy: Economy,
    *,
    participants: BoolArray | None = None,
    step: float = 0.4,
    sequential: bool = False,
    tolerance: float = 1e-10,
    max_rounds: int = 2000,
    start: FloatArray | None = None,
) -> Path:
    """Play until totals move by less than `tolerance` (relative), all posts open.

    participants : (n,) who plays, everybody unless stated
    step : fraction of the way moved each round; c near 1 needs 0.4 or less
    start : (T,) prices to begin near
    """
    inside = np.ones(economy.count, dtype=np.bool_) if participants is None else participants
    members = tuple(b.take(inside[b.rows], slice(None)) for b in economy.blocks if inside[b.rows].any())
    if sequential:
        members = tuple(b.take(np.array([i]), slice(None)) for b in members for i in range(b.size))
    good = float(sum(b.omega.sum() for b in members))
    bids, xi, offers = _opening(members, economy.count, good, start)
    omega = np.zeros(economy.count)
    for block in members:
        omega[block.rows] = block.omega
    change, rounds, answers = np.inf, 0, dict[int, Purchases | Outputs]()
    while rounds < max_rounds:
        rounds += 1
        before = (bids.copy(), xi.copy(), offers.copy())
        for number, block in enumerate(members):
            source = (bids, xi, offers) if sequential else before
            new, answers[number] = _answer(block, *source, omega, answers.get(number))
            rows = block.rows
            bids[rows] += step * (new[0] - bids[rows])
            xi[rows] += step * (new[1] - xi[rows])
            offers[rows] += step * (new[2] - offers[rows])
        change = max(
            _moved(bids.sum(axis=0), before[0].sum(axis=0)),
            _moved(offers.sum(axis=0), before[2].sum(axis=0)),
            _moved(bids / bids.sum(axis=0), before[0] / before[0].sum(axis=0)),
        )
        if change <= tolerance * step:
            break
    level = xi.sum() / good
    money, kwh = bids.sum(axis=0), offers.sum(axis=0)
    return Path(
        prices=money / kwh / level,
        bids=bids / level,
        numeraire_bids=xi / level,
        offers=offers,
        allocations=bids / money * kwh,
        rounds=rounds,
        change=change,
        settled=bool(change <= tolerance * step),
    )


def _opening(
    members: tuple[Block, ...], count: int, good: float, start: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bids by weight at the first guess of prices, half of what plants would make there."""
    prices, totals = first_guess(members, good)
    prices = prices if start is None else start
    periods = prices.size
    bids, xi, offers = np.zeros((count, periods)), np.zeros(count), np.zeros((count, periods))
    sellers = np.zeros(periods)
    for block in members:
        if block.plants is not None:
            offers[block.rows] = np.minimum(block.plants.limits, totals)
            sellers += offers[block.rows].sum(axis=0)
    offers *= totals / np.maximum(sellers, 1e-300)
    for block in members:
        weights = block.taste.weights + 0.02 * (block.taste.floor > 0)
        whole = weights.sum(axis=1) + block.taste.good
        income = block.omega + offers[block.rows] @ prices
        bids[block.rows] = weights * (0.5 * income / whole)[:, None]
        xi[block.rows] = income - bids[block.rows].sum(axis=1)
    return bids, xi, offers


def _respond(
    block: Block, bids: FloatArray, xi: FloatArray, offers: FloatArray, omega: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """`_answer` without a first guess, and without the next one."""
    return _answer(block, bids, xi, offers, omega, None)[0]


def _answer(
    block: Block,
    bids: FloatArray,
    xi: FloatArray,
    offers: FloatArray,
    omega: FloatArray,
    last: Purchases | Outputs | None,
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], Purchases | Outputs]:
    """Best bids, bids on post 0 and offers of the agents of `block` against everybody else; `last` is a first guess."""
    rows = block.rows
    view = Rivalled(
        bids=np.maximum(bids.sum(axis=0) - bids[rows], 1e-300),
        offers=np.maximum(offers.sum(axis=0) - offers[rows], 1e-300),
        good_bids=xi.sum() - xi[rows],
        good_offers=np.maximum(omega.sum() - omega[rows], 1e-12 * omega.sum()),
    )
    answer: Purchases | Outputs
    with np.errstate(all="ignore"):
        if block.plants is None:
            start = last.log_money if isinstance(last, Purchases) and np.all(np.abs(last.log_money) < 200) else None
            answer = purchases(block.taste, block.omega, view, start=start)
            q = np.zeros_like(answer.x)
        else:
            answer = outputs(block.taste, block.plants, view, start=last if isinstance(last, Outputs) else None)
            q = answer.q
    new_bids = answer.x * view.bids / (view.offers + q - answer.x)
    new_xi = answer.g * view.good_bids / (view.good_offers + block.omega - answer.g)
    if isinstance(answer, Purchases):
        # All money bid is money received, so what a satiated agent has left buys the good back.
        part = block.omega / (view.good_offers + block.omega)
        left = (view.good_bids * part - new_bids.sum(axis=1)) / (1.0 - part)
        new_xi = np.where(answer.log_money <= -0.9 * FAR, np.maximum(left, new_xi), new_xi)
    return (new_bids, new_xi, q), answer


def _moved(new: FloatArray, old: FloatArray) -> float:
    return float(np.max(np.abs(new - old) / np.maximum(np.abs(old), 1e-12), initial=0.0))
