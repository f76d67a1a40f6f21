"""Whether taking part is worth it at all, and whose turn it is to think about that.

Verification is a fixed cost, so staying out is a real choice, and many sets of participants can be self-consistent.
Which one a fleet reaches is a rule of the game: each day one agent, in rotation over the registry, reconsiders; the
others stay as they are.
"""

from __future__ import annotations

import numpy as np

from wattpost.game import Agent, Rivals, attainable, best_response, outside
from wattpost.game.states import Burnt


def reconsiders(day: int, place: int, registered: int) -> bool:
    """Whether the agent at `place` (0 for the first) of so many registered ones thinks again on a day.

    >>> [place for place in range(3) if reconsiders(5, place, 3)]
    [1]
    """
    return (day - 1) % registered == place


def why_stay_out(
    agent: Agent, rivals: Rivals, verification: Burnt, held: float, moved: float = 0.0, *, outside_now: bool = False
) -> str | None:
    """A sentence that says why `agent` is better off outside; None where it is not.

    Where life outside is worth minus infinity it takes part exactly when it could buy more than its payments burn
    in every period that it needs; elsewhere when its best response is worth more than what it owns.

    Prices of a market that is still moving are not those that it will pay: what it could buy is known to `moved`, the
    part by which prices changed on the last day, and within that it stays as it was. At rest that is nothing.
    """
    if np.isinf(moved) and not outside_now:
        return None
    alone = outside(agent)
    if np.isneginf(alone):
        ratio = attainable(agent, rivals, verification=verification)
        if ratio > 1.0 + moved if outside_now else ratio * (1.0 + moved) > 1.0:
            return None
        return f"it could buy {ratio:.3g} of what its payments burn"
    best = best_response(agent, rivals, verification=verification, held=held).utility
    if best > alone:
        return None
    return f"taking part is worth {best:.6g} and staying out {alone:.6g}"
