"""Plans within what an agent holds: the sum of its bids, b^1 + ... + b^T + xi, is at most `held`.

Bids follow from quantities, b^t = x^t B_-^t/(Q_-^t + q^t - x^t) and xi = g B_-^0/(Omega - g).

For a standard agent both bids are convex in what they buy, so the problem stays convex. With the
budget sum b + xi Omega_-/Omega <= C = B_-^0 omega/Omega beside sum b + xi <= held, either the budget
binds alone, or the holding alone (then the agent is one without endowment and with income `held`),
or both, and then xi = (held - C) Omega/omega is already decided.

For a producer the bid b^t depends on q^t too and the problem is not convex: `search.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .agents import Producer
from .arrays import FloatArray
from .buyers import Purchases, purchases
from .plants import outputs
from .search import Trades, search
from .tastes import Taste
from .technology import Plants
from .views import Rivalled


def bids_of(trades: Trades, seen: Rivalled, omega: float) -> tuple[FloatArray, float]:
    """(T,) bids and the bid on post 0 that buy `trades`."""
    left = seen.offers[0] + trades.q - trades.x
    money = np.where(trades.x > 0, trades.x * seen.bids[0] / left, 0.0)
    rest = float(seen.good_offers[0]) + omega - trades.g
    return money, trades.g * float(seen.good_bids[0]) / rest if trades.g > 0 else 0.0


def bind_standard(taste: Taste, endowment: float, seen: Rivalled, held: float) -> tuple[FloatArray, float, Trades]:
    """Bids (T,) and xi of a standard agent that holds `held`, and its trades."""
    omega = np.array([endowment])
    free = _bought(purchases(taste, omega, seen), seen)
    bids, xi = bids_of(free, seen, endowment)
    if bids.sum() + xi <= held:
        return bids, xi, free
    poor = replace(seen, good_offers=seen.good_offers + omega)
    tight = _bought(purchases(taste, 0.0 * omega, poor, income=np.array([held])), poor)
    bids, xi = bids_of(tight, poor, 0.0)
    total = float(seen.good_offers[0]) + endowment
    budget = float(seen.good_bids[0]) * endowment / total
    if bids.sum() + xi * float(seen.good_offers[0]) / total <= budget * (1.0 + 1e-12):
        return bids, xi, tight
    xi = (held - budget) * total / endowment
    blind = replace(taste, good=np.zeros(1))
    both = _bought(purchases(blind, 0.0 * omega, poor, income=np.array([held - xi])), poor)
    bids, _ = bids_of(both, poor, 0.0)
    return bids, xi, both


@np.errstate(all="ignore")
def _bought(found: Purchases, view: Rivalled) -> Trades:
    """A standard agent's trades; a kWh is worth what it costs at the margin."""
    none = np.zeros(found.x.shape[1])
    worth = np.exp(found.log_money[0] + view.wedge(found.x, none)[0][0])
    return Trades(found.x[0], none, float(found.g[0]), np.asarray(worth))


def bind_producer(producer: Producer, taste: Taste, seen: Rivalled, held: float) -> tuple[FloatArray, float, Trades]:
    """Bids (T,), the bid on post 0 and the trades of a producer that holds `held`."""
    if producer.c <= 1:
        free = outputs(taste, Plants.of([producer]), seen)
        with np.errstate(all="ignore"):
            worth = np.exp(free.log_money[0] + seen.wedge(free.x, free.q)[0][0])
        trades = Trades(free.x[0], free.q[0], float(free.g[0]), np.asarray(worth))
        bids, xi = bids_of(trades, seen, 0.0)
        if bids.sum() + xi <= held:
            return bids, xi, trades
        if producer.investment_cost is not None:
            raise ValueError(f"{producer.name}: investment_cost beside a binding `held` is not solved for; hold more")
        trades = search(producer, taste, seen, held, trades)
    else:
        trades = search(producer, taste, seen, held, None)
    bids, xi = bids_of(trades, seen, 0.0)
    cut = min(1.0, held / max(float(bids.sum()) + xi, 1e-300))
    return bids * cut, xi * cut, trades
