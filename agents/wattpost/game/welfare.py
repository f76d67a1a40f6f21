"""Welfare: sums of utility over participants, and losses in consumption equivalents.

The *loss* of an agent between a better outcome and a worse one is the factor k by which everything it
consumes in the worse would have to grow to be worth the better (`equivalents.py`), negative where the
"worse" outcome is the better one for that agent. The loss of an economy is their mean over those who
take part in both, with the number outside stated; the utilitarian loss is the difference of sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray
from .economy import Economy
from .equivalents import equivalent
from .solution import Solution


@dataclass(frozen=True, slots=True, eq=False)
class Welfare:
    """`total`: sum of utilities over participants; `outside`: how many others there are."""

    total: float
    outside: int


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """From a better outcome to a worse one, over those who take part in both.

    utilitarian : difference of summed utilities
    equivalents : (n,) consumption equivalents, nan for those outside in either
    mean : their mean; compared : how many
    """

    utilitarian: float
    equivalents: FloatArray
    mean: float
    compared: int


def welfare(solution: Solution) -> Welfare:
    """Utilitarian welfare of an outcome."""
    inside = solution.participants
    return Welfare(float(np.sum(solution.utilities[inside])), int(np.sum(~inside)))


def in_states(economy: Economy, found: Solution) -> FloatArray:
    """(S, n, T) kWh net of what verification burns in each state; zero for those outside."""
    net = np.maximum(found.allocations - economy.states.amounts, 0.0)
    return np.where(found.participants[:, None], net, 0.0)


def loss(economy: Economy, better: Solution, worse: Solution) -> Loss:
    """What `worse` costs against `better`, agent by agent and in all."""
    both = better.participants & worse.participants
    found = np.full(economy.count, np.nan)
    chances = economy.states.weights
    up, down = in_states(economy, better), in_states(economy, worse)
    for place in np.flatnonzero(both):
        utility = economy.agents[place].utility
        high, low = better.utilities[place], worse.utilities[place]
        if high >= low:
            found[place] = equivalent(utility, down[:, place], worse.numeraire[place], high, chances=chances)
        else:
            found[place] = -equivalent(utility, up[:, place], better.numeraire[place], low, chances=chances)
    finite = both & np.isfinite(found)
    return Loss(
        utilitarian=float(np.sum(better.utilities[both] - worse.utilities[both])),
        equivalents=found,
        mean=float(np.mean(found[finite])) if finite.any() else 0.0,
        compared=int(np.sum(both)),
    )
