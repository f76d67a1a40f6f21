"""lambda_s: what one kWh less of verification in state s would be worth, its chance divided out.

V_s enters an agent's problem through E_s = x - V_s alone, so by the envelope theorem a kWh less, laid over the periods
by a profile, raises the optimum by

    pi_s lambda_s = sum_t profile^t (pi_s a_t v'(E_s^t) + mu_s^t),

with mu_s^t >= 0 the multiplier of E_s^t >= s^t. It is zero where x is above its floor, belongs to the worst state where
it is not, and then makes up what the kWh's shadow utility w^t has beyond sum_s pi_s a_t v'(E_s^t). So the rule holds
too for those who value no electricity but must buy V back, and, with the w of that problem, where prepayment binds.
"""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray
from .economy import Economy
from .solution import Solution
from .states import States
from .tastes import Taste


@np.errstate(all="ignore")
def shadow_values(
    taste: Taste, bought: FloatArray, worth: FloatArray, good: FloatArray, profile: FloatArray
) -> FloatArray:
    """(n, S) lambda_s of n agents.

    bought : (n, T) kWh; worth : (n, T) w, in units of the weighted sum S; good : (n,) units of the good consumed;
    profile : (S, n, T) how a kWh is laid over the periods in each state
    """
    above = np.maximum(bought - taste.floor, 0.0)
    if taste.risk is None:
        each = worth[None]
    else:
        slopes = taste.risk.each_slope(taste.form, above, taste.shape)
        each = np.where(taste.weights > 0, taste.weights * slopes, 0.0)
        tight = taste.risk.spare <= 0
        rest = np.maximum(worth - np.tensordot(taste.risk.chances, each, axes=1), 0.0)
        rest = np.where(above > 0, 0.0, rest) / np.tensordot(taste.risk.chances, tight, axes=1)
        each = each + np.where(tight, rest, 0.0)
    value = np.sum(np.where(profile > 0, profile * each, 0.0), axis=2)
    rise = taste.form.index_slope(taste.totals(above, good), taste.shape[:, 0])
    return np.asarray((value * rise).T)


def laid(states: States, profile: FloatArray | None) -> FloatArray:
    """(S, n, T) shares of a kWh of V: `profile`, else as each row burns, else as its worst state, else evenly.

    states : of an economy, kWh (S, n, T)
    """
    kwh, worst = states.amounts, states.worst
    if profile is not None and profile.sum() > 0:
        return np.broadcast_to(profile / profile.sum(), kwh.shape)
    even = np.where(worst.sum(axis=-1, keepdims=True) > 0, worst, 1.0)
    kwh = np.where(kwh.sum(axis=-1, keepdims=True) > 0, kwh, even)
    return np.asarray(kwh / kwh.sum(axis=-1, keepdims=True))


def shadow_prices(economy: Economy, found: Solution, *, strategic: bool = True) -> FloatArray:
    """(n, S) lambda_s at a solution; zero for those outside, who burn nothing, and nan on posts that are closed.

    strategic : whether agents feel their own weight on prices, as in a Nash equilibrium
    """
    states = economy.states
    shares = laid(states, None if economy.profile is None else np.asarray(economy.profile))
    price = np.where(found.open, found.prices, np.nan)
    worth = found.money_values[:, None] * price
    if strategic:
        with np.errstate(all="ignore"):
            worth = worth * (found.totals - found.offers) / (found.totals - found.allocations)
    out = np.zeros((economy.count, states.count))
    for block in economy.blocks:
        rows = block.rows
        values = shadow_values(
            block.taste, found.allocations[rows], worth[rows], found.numeraire[rows], shares[:, rows]
        )
        out[rows] = np.where(found.participants[rows, None], values, 0.0)
    return out
