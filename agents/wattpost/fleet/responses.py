"""Best responses of many agents at one go: those of one kind and one form of utility in one array.

What `game.best_response` answers for one agent, for all whose rivals trade on every post and whose money does not
bind. The rest are left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattpost.game import Producer, Standard
from wattpost.game.agents import Agent
from wattpost.game.arrays import BoolArray, FloatArray
from wattpost.game.buyers import purchases
from wattpost.game.plants import outputs
from wattpost.game.tastes import Taste
from wattpost.game.technology import Plants
from wattpost.game.views import Rivalled

Rows = np.ndarray[tuple[int], np.dtype[np.int_]]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """bids and offers (n, T + 1), the good's post first, and whose were found."""

    bids: FloatArray
    offers: FloatArray
    found: BoolArray


class Responses:
    """Of n agents, grouped once."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        self._agents = list(agents)
        self._groups = np.array([self._group(agent) for agent in agents])
        self._omega = np.array([a.endowment if isinstance(a, Standard) else 0.0 for a in agents])

    def to(
        self,
        rows: Rows,
        bids: FloatArray,
        sold: FloatArray,
        burnt: FloatArray,
        held: FloatArray,
    ) -> Answers:
        """To the others' `bids` and `sold` (n, T + 1) of agents in `rows`, who burn (n, T) kWh and hold (n,)."""
        answers = Answers(np.zeros_like(bids), np.zeros_like(bids), np.zeros(rows.size, dtype=bool))
        clear = np.all(bids > 0, axis=1) & np.all(sold > 0, axis=1)
        for group in set(self._groups[rows].tolist()):
            if group == "":
                continue
            places = np.flatnonzero((self._groups[rows] == group) & clear)
            if places.size:
                self._answer(answers, places, rows[places], bids[places], sold[places], burnt[places], held[places])
        return answers

    @np.errstate(all="ignore")
    def _answer(
        self,
        answers: Answers,
        places: Rows,
        rows: Rows,
        bids: FloatArray,
        sold: FloatArray,
        burnt: FloatArray,
        held: FloatArray,
    ) -> None:
        agents, omega = [self._agents[row] for row in rows], self._omega[rows]
        scale = bids[:, 0] / sold[:, 0]  # so that the good costs about 1
        view = Rivalled(bids[:, 1:] / scale[:, None], sold[:, 1:], sold[:, 0], sold[:, 0])
        taste = Taste.of([agent.utility for agent in agents], burnt)
        plants = [agent for agent in agents if isinstance(agent, Producer)]
        if plants:
            made = outputs(taste, Plants.of(plants), view)
            x, q, g, rationed = made.x, made.q, made.g, made.rationed
        else:
            bought = purchases(taste, omega, view)
            x, g, rationed = bought.x, bought.g, bought.rationed
            q = np.zeros_like(x)
        money = np.where(x > 0, x * view.bids / (view.offers + q - x), 0.0)
        good = np.where(g > 0, g * view.good_bids / (view.good_offers + omega - g), 0.0)
        wanted = np.concatenate([good[:, None], money], axis=1) * scale[:, None]
        sane = np.all(np.isfinite(wanted) & (wanted >= 0), axis=1) & np.all(np.isfinite(q), axis=1) & ~rationed
        sane &= wanted.sum(axis=1) <= held
        answers.bids[places] = wanted
        answers.offers[places, 1:] = q
        answers.found[places] = sane

    @staticmethod
    def _group(agent: Agent) -> str:
        """Who can stand in one array; empty for those who cannot."""
        form = type(agent.utility).__name__
        if isinstance(agent, Standard):
            return f"standard {form}"
        if agent.c > 1 or agent.investment_cost is not None:
            return ""
        return f"producer {form}"
