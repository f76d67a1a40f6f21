"""The first day's plan, made before any price is known.

Half of the bytecoin is bid, spread over the posts by utility weight, and half of the capacity is
offered. Two weights are invented where utility has none but the agent must buy all the same: a
period with verification or subsistence counts like a tenth of an average post, and a producer that
does not value the good bids half of its money on post 0, where its inputs are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .agents import Agent, Producer
from .arrays import FloatArray, number
from .states import Burnt, states_of


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """An action: bids (T,) money, numeraire_bid, offers (T,) kWh."""

    bids: FloatArray
    numeraire_bid: float
    offers: FloatArray


def opening_plan(agent: Agent, *, held: float, verification: Burnt) -> Plan:
    """What `agent` does on day 1 with `held` bytecoin.

    >>> from .agents import Standard
    >>> from .forms import Log
    >>> home = Standard("home", 10.0, Log([3.0, 1.0], 0.0))
    >>> opening_plan(home, held=80.0, verification=[0.0, 0.0]).bids
    array([30., 10.])
    """
    needs = states_of(verification, f"{agent.name}: verification", agent.periods).worst
    money = 0.5 * number(held, f"{agent.name}: held")
    needs = needs + agent.utility.floor
    weights = agent.utility.weights.copy()
    good = agent.utility.numeraire
    total = float(weights.sum()) + good
    invented = 0.1 * total / (agent.periods + 1)
    weights = np.where((needs > 0) & (weights == 0), invented, weights)
    offers = np.zeros(agent.periods)
    if isinstance(agent, Producer):
        offers = 0.5 * agent.limits
        good = good if good > 0 else float(weights.sum())
    share = money / (float(weights.sum()) + good)
    return Plan(share * weights, share * good, offers)
