"""What an agent's day was worth to it: utility, what a best response would have added, and what a kWh less of
verification would have been worth.

Utility is of what was really burnt. The other two are of what could be known when it bid: where validation is
uncertain, of all its states at that day's gas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattpost.game import Action, Rivals, States, best_response, payoff
from wattpost.game.agents import Agent
from wattpost.game.arrays import FloatArray
from wattpost.game.equivalents import equivalent
from wattpost.game.states import Burnt

KWH = 1e18  # kappa is a whole number of 10^-18 kWh per gas


@dataclass(frozen=True, slots=True)
class Judgement:
    """gap : in consumption equivalents; shadow_prices (S,) lambda_s of its best response, in utility per kWh"""

    utility: float
    gap: float
    shadow_prices: FloatArray
    shadow_price: float  # expected over the states


def judged(
    agent: Agent,
    action: Action,
    rivals: Rivals,
    burnt: FloatArray,
    expected: Burnt,
    profile: Sequence[float],
    held: float,
) -> Judgement:
    """Of one agent and day; `burnt` (T,) kWh, `profile` (T,) how a kWh is laid over the periods."""
    best = best_response(agent, rivals, verification=expected, held=held, profile=profile)
    now = payoff(agent, action, rivals, verification=expected)
    chances = expected.weights if isinstance(expected, States) else np.ones(1)
    gap = equivalent(agent.utility, now.in_states, now.good, best.utility, chances=chances)
    utility = payoff(agent, action, rivals, verification=burnt).utility
    return Judgement(utility, gap, best.shadow_prices, float(chances @ best.shadow_prices))


def states_at(
    distribution: tuple[FloatArray, FloatArray], attempt: int, shared: int, kappa: int, profile: Sequence[float]
) -> States:
    """Verification where each state multiplies the gas of an attempt and none what is shared."""
    chances, multipliers = distribution
    return States(chances, np.multiply.outer((multipliers * attempt + shared) * (kappa / KWH), np.array(profile)))
