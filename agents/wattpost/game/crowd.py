"""The best responses of many agents at once to one day's totals.

What `response.py` answers for one agent against its rivals, a crowd answers for all of its members against the
totals of a day, each member's own part taken out. Members are stacked by kind and utility form and solved as arrays
(`stacks.py`), in pieces that stay in a core's cache. Every row is the answer of `best_response`, which remains the
judge; what the arrays do not cover (c > 1, a producer whose prepayment binds) is asked of it one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .agents import Agent, Producer, Standard
from .arrays import BoolArray, FloatArray, number
from .economy import check_expected
from .payoffs import Rivals
from .plans import Plans, Totals
from .response import best_response
from .stacks import Day, Stack
from .states import States
from .tastes import Taste
from .technology import Plants


class Crowd:
    """Agents that answer together; their order is that of all arrays.

    >>> from .forms import Log
    >>> homes = [Standard("home", 10.0, Log([1.0], 0.0))] * 2
    >>> plant = Producer("plant", 2.0, 0.5, 9.0, Log([0.0], 1.0))
    >>> own = Plans(np.array([[8.0], [8.0], [0.0]]), np.array([0.0, 0.0, 16.0]), np.array([[0.0], [0.0], [6.0]]))
    >>> best = Crowd([*homes, plant]).respond(own.totals(20.0), own, verification=0.0)
    >>> best.bids[:, 0].round(9)  # 10/20 of 16
    array([8., 8., 0.])
    """

    def __init__(self, agents: Sequence[Agent]) -> None:
        if not agents:
            raise ValueError("a crowd needs at least one agent")
        self.agents = tuple(agents)
        self.periods = self.agents[0].periods
        self.omega = np.array([a.endowment if isinstance(a, Standard) else 0.0 for a in self.agents])
        self.singly: list[int] = []
        places: dict[tuple[type, type, bool], list[int]] = {}
        for place, agent in enumerate(self.agents):
            if agent.periods != self.periods:
                raise ValueError(f"{agent.name}: utility covers {agent.periods} periods, not {self.periods}")
            long = isinstance(agent, Producer) and agent.investment_cost is not None
            if isinstance(agent, Producer) and agent.c > 1:
                self.singly.append(place)
            else:
                places.setdefault((type(agent), type(agent.utility), long), []).append(place)
        self.stacks = tuple(self._stack(rows) for rows in places.values())

    def _stack(self, places: list[int]) -> Stack:
        members = [self.agents[i] for i in places]
        makers = [m for m in members if isinstance(m, Producer)]
        taste = Taste.of([m.utility for m in members], np.zeros(self.periods))
        rows = np.array(places)
        return Stack(rows, taste, self.omega[rows], Plants.of(makers) if makers else None)

    @property
    def count(self) -> int:
        return len(self.agents)

    def respond(
        self,
        totals: Totals,
        own: Plans,
        *,
        verification: FloatArray | float | States,
        held: FloatArray | float = np.inf,
        inside: BoolArray | None = None,
    ) -> Plans:
        """The best response of every member to `totals` less its part in them.

        Parameters
        ----------
        own : what each member has in `totals`; a standard agent's offers are none and not looked at
        verification : kWh that each burns, (n, T) or what spreads to it; where uncertain, `States` of (S, n, T)
        held : bytecoin at hand, (n,) or one number
        inside : (n,) whose endowment is part of `totals.endowments`; everybody's unless stated
        """
        day = self._read(totals, own, verification, held, inside)
        answer, left = Plans.none(self.count, self.periods), list(self.singly)
        places = np.arange(self.count)
        for stack in self.stacks:
            for part, rows in stack.pieces():
                found = stack.answer(part, rows, day, answer)
                left.extend(int(place) for place in places[rows][~found])
        for place in left:
            self._ask(place, day, answer)
        return answer

    def _ask(self, place: int, day: Day, answer: Plans) -> None:
        """Put `best_response` of one member into `answer`."""
        totals, own = day.totals, day.own
        rivals = Rivals(
            np.maximum(totals.bids - own.bids[place], 0.0),
            np.maximum(totals.offers - own.offers[place], 0.0),
            max(float(totals.numeraire_bids - own.numeraire_bids[place]), 0.0),
            max(float(totals.endowments - day.owned[place]), 0.0),
        )
        kwh = day.kwh[:, place]
        burnt = kwh[0] if day.chances.size == 1 else States(day.chances, kwh)
        best = best_response(self.agents[place], rivals, verification=burnt, held=float(day.held[place]))
        answer.bids[place], answer.numeraire_bids[place], answer.offers[place] = (
            best.bids,
            best.numeraire_bid,
            best.offers,
        )

    def _read(
        self,
        totals: Totals,
        own: Plans,
        verification: FloatArray | float | States,
        held: FloatArray | float,
        inside: BoolArray | None,
    ) -> Day:
        each, whole = (self.count,), (self.count, self.periods)
        total = Totals(
            _array(totals.bids, "totals: bids", whole[1:]),
            _array(totals.offers, "totals: offers", whole[1:]),
            number(totals.numeraire_bids, "totals: numeraire_bids"),
            number(totals.endowments, "totals: endowments"),
        )
        mine = Plans(
            _array(own.bids, "own bids", whole),
            _array(own.numeraire_bids, "own numeraire_bids", each),
            _array(own.offers, "own offers", whole),
        )
        if isinstance(verification, States):
            chances = verification.weights
            kwh = _array(verification.amounts, "verification", (chances.size, *whole))
            risky = np.any(kwh != kwh[0], axis=(0, 2))
            check_expected([self.agents[place] for place in np.flatnonzero(risky)])
        else:
            spread = np.broadcast_to(np.asarray(verification, dtype=np.float64), whole)
            chances, kwh = np.ones(1), _array(spread, "verification", whole)[None]
        holding = np.broadcast_to(np.asarray(held, dtype=np.float64), each)
        if not holding.min() >= 0:
            raise ValueError("held must be numbers that are not negative")
        taking = np.ones(each, dtype=np.bool_) if inside is None else np.asarray(inside)
        if taking.shape != each or taking.dtype != np.bool_:
            raise ValueError(f"inside must say yes or no for each of {self.count} agents")
        return Day(total, mine, chances, kwh, holding, np.where(taking, self.omega, 0.0))


def _array(values: FloatArray, key: str, shape: tuple[int, ...]) -> FloatArray:
    """`values` as they are, if they are numbers >= 0 of that shape."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{key} must have shape {shape}, not {array.shape}")
    if not (array.min(initial=0.0) >= 0 and array.max(initial=0.0) < np.inf):
        raise ValueError(f"{key} must be finite and not negative")
    return array
