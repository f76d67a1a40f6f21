"""What an action earns under the rules of the market, given everybody else's totals.

    x^t = b^t Q^t / B^t,   g = xi Omega / B^0,   sales q^t B^t / Q^t,   x^0 = g - phi(q)

with Q and B including the agent's own. A post without offers refunds its bids; what nobody bids
for is not made; inputs that fall short of phi make the fraction f = min(1, (g/phi)^c).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .agents import Agent, Producer, Standard
from .arrays import FloatArray, number, vector
from .states import Burnt, States, expected
from .utility import SLACK


class Action(Protocol):
    """Bids and offers of one agent: `bids` (T,), `numeraire_bid`, `offers` (T,)."""

    @property
    def bids(self) -> FloatArray: ...
    @property
    def numeraire_bid(self) -> float: ...
    @property
    def offers(self) -> FloatArray: ...


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """Everybody else's totals on every post.

    bids : (T,) money; offers : (T,) kWh; numeraire_bids : money on post 0; endowments : Omega_-,
    units of the good
    """

    bids: FloatArray
    offers: FloatArray
    numeraire_bids: float
    endowments: float

    def __post_init__(self) -> None:
        bids = vector(self.bids, "rivals: bids")
        object.__setattr__(self, "bids", bids)
        object.__setattr__(self, "offers", vector(self.offers, "rivals: offers", length=bids.size))
        for key in ("numeraire_bids", "endowments"):
            object.__setattr__(self, key, number(getattr(self, key), f"rivals: {key}"))


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an action leads to.

    allocation : (T,) kWh bought; consumption : (T,) kWh net of verification, expected over its states;
    good : units of the good consumed; balance : money received less money bid (below zero is over budget);
    in_states : (S, T) consumption in each state
    """

    allocation: FloatArray
    consumption: FloatArray
    good: float
    balance: float
    utility: float
    in_states: FloatArray


def payoff(agent: Agent, action: Action, rivals: Rivals, *, verification: Burnt) -> Outcome:
    """What `action` brings `agent`; verification is (T,) kWh, or `States`; utility is then expected."""
    bids = np.asarray(action.bids, dtype=np.float64)
    offers = np.asarray(action.offers, dtype=np.float64)
    omega = agent.endowment if isinstance(agent, Standard) else 0.0
    wanted = rivals.bids + bids > 0
    offers = np.where(wanted, offers, 0.0)
    bought = _share(action.numeraire_bid, rivals.numeraire_bids, rivals.endowments + omega)
    burnt = 0.0
    if isinstance(agent, Producer):
        burnt = agent.inputs(offers)
        if burnt > bought:
            offers = offers * _fraction(agent, offers, bought, burnt)
            burnt = bought
    supply = rivals.offers + offers
    money = rivals.bids + bids
    with np.errstate(divide="ignore", invalid="ignore"):
        allocation = np.where(money > 0, bids / money * supply, 0.0)
        sales = np.where(supply > 0, offers / supply * money, 0.0)
    spent = np.where(supply > 0, bids, 0.0)
    good_money = rivals.numeraire_bids + action.numeraire_bid
    earned = omega / (rivals.endowments + omega) * good_money if omega > 0 else 0.0
    paid = action.numeraire_bid if rivals.endowments + omega > 0 else 0.0
    if isinstance(verification, States):
        chances, needs = verification.weights, verification.amounts
    else:
        chances, needs = np.ones(1), np.asarray(verification, dtype=np.float64)[None, :]
    floor = agent.utility.floor
    missed = allocation - needs - floor
    consumption = np.where((missed < 0) & (missed > -SLACK * (needs + floor)), floor, allocation - needs)
    good = bought - burnt
    return Outcome(
        allocation=allocation,
        consumption=consumption[0] if chances.size == 1 else chances @ consumption,
        good=good,
        balance=float(sales.sum() + earned - spent.sum() - paid),
        utility=expected(agent.utility, chances, consumption, good),
        in_states=consumption,
    )


def _fraction(agent: Producer, offers: FloatArray, bought: float, burnt: float) -> float:
    """The part f of `offers` whose inputs are `bought`; f^(1/c) phi, and f rho K in the long run."""
    if agent.investment_cost is None or bought <= 0:
        return float((bought / burnt) ** agent.c)
    invested = agent.investment_cost * agent.built(offers)
    low, high = 0.0, 1.0
    while low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        over = middle ** (1.0 / agent.c) * (burnt - invested) + middle * invested > bought
        low, high = (low, middle) if over else (middle, high)
    return low


def outside(agent: Agent) -> float:
    """Utility of staying out: no electricity, and one's own endowment of the good.

    >>> from .forms import Linear
    >>> outside(Standard("h", 3.0, Linear([1.0], 2.0)))
    6.0
    """
    omega = agent.endowment if isinstance(agent, Standard) else 0.0
    return agent.utility.value(np.zeros(agent.periods), omega)


def _share(bid: float, others: float, pot: float) -> float:
    return bid / (others + bid) * pot if bid > 0 else 0.0
