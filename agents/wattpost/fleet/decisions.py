"""What the agents of a process bid: each by its own policy, those with the same policy of best responses at one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattpost.chain.market import Market
from wattpost.chain.units import from_units, from_wad
from wattpost.fleet.agent import Agent, Report
from wattpost.fleet.attempts import PlainGas
from wattpost.fleet.expectations import Expectations
from wattpost.fleet.memory import Memory
from wattpost.fleet.policy import BestResponse, Plan, PolicyError, StayOut, View, check
from wattpost.game import Crowd, Plans, Totals
from wattpost.game.arrays import FloatArray
from wattpost.game.states import Burnt
from wattpost.spec.amounts import MAX_AMOUNT, UNIT

FEW = 4  # agents that are as fast one by one
SOME = 32  # decide one by one before what they bid goes out


@dataclass(frozen=True, slots=True)
class Bid:
    """What is submitted: the words of bids and, of a producer, offers, and kWh for the store in 10^-9."""

    words: tuple[int, ...]
    to_store: int = 0

    @property
    def raw(self) -> bytes:
        return b"".join(word.to_bytes(32, "big") for word in self.words)


class Decisions:
    """Of some agents, from their memory."""

    def __init__(self, agents: Sequence[Agent], memory: Memory, market: Market, plain: PlainGas | None = None) -> None:
        self._agents, self._memory, self._market = agents, memory, market
        self._rules = market.rules()
        self.expected = Expectations(agents, memory, self._rules.kappa, plain)
        self._steps = np.array([agent.settings.step for agent in agents])
        self._crowd = Crowd([agent.settings.preferences for agent in agents])

    def make(self, day: int, rows: Sequence[int]) -> Iterator[tuple[dict[int, Bid], list[Report]]]:
        """Bids by row, and reports of those who do not bid; those who decide at one go first, then some at a time."""
        if not rows:
            return
        stores = dict.fromkeys(rows, 0.0)
        if self._rules.efficiency:
            kwh = self._market.balances([self._memory.addresses[row] for row in rows])
            stores = dict(zip(rows, map(from_wad, kwh), strict=True))
        quick = {} if self.expected.distribution else self._together(rows, self.expected.certain())
        if quick:
            yield self._laid(quick), []
        slow = [row for row in rows if row not in quick]
        for first in range(0, len(slow), SOME):
            plans: dict[int, Plan] = {}
            reports: list[Report] = []
            for row in slow[first : first + SOME]:
                decision = self._alone(row, day, self.expected.of(row), stores[row])
                if isinstance(decision, Report):
                    reports.append(decision)
                else:
                    plans[row] = decision
            yield self._laid(plans), reports

    def _view(self, row: int, burnt: Burnt, store: float) -> View:
        agent, memory = self._agents[row], self._memory
        return View(
            day=memory.open_day,
            agent=agent.settings.preferences,
            held=from_units(memory.money[row]),
            rivals=memory.rivals(row),
            previous=memory.previous(row),
            verification=burnt,
            step=agent.settings.step,
            turn=memory.turn(row),
            outside=agent.outside,
            efficiency=from_wad(self._rules.efficiency),
            store=store,
            moved=memory.moved,
        )

    def _alone(self, row: int, day: int, burnt: Burnt, store: float) -> Plan | Report:
        agent = self._agents[row]
        try:
            view = self._view(row, burnt, store)
            decision = agent.policy.decide(view)
            agent.outside = isinstance(decision, StayOut) and not decision.locked_out
            if isinstance(decision, StayOut):
                return Report(agent.name, day, "sat out", decision.why)
            return check(decision, view)
        except Exception as error:  # a policy is anybody's code, and one broken agent stops nobody
            why = str(error) if isinstance(error, PolicyError) else f"its policy raised {type(error).__name__}: {error}"
            return Report(agent.name, day, "failed", why)

    def _together(self, rows: Sequence[int], burnt: FloatArray) -> dict[int, Plan]:
        """Plans of those that move towards their best response and need not think about anything else."""
        memory, agents = self._memory, self._agents
        if not memory.traded or self._rules.efficiency:
            return {}
        plain = np.array(
            [
                row
                for row in rows
                if type(agents[row].policy) is BestResponse
                and memory.submitted_day[row]
                and not agents[row].outside
                and not memory.turn(row)
            ],
            dtype=int,
        )
        if plain.size < FEW:
            return {}
        held = np.array([from_units(money) for money in memory.money])
        best = self._crowd.respond(
            Totals(memory.total_bids[1:], memory.total_sold[1:], memory.total_bids[0], memory.total_sold[0]),
            Plans(memory.own_bids[:, 1:], memory.own_bids[:, 0], memory.own_sold[:, 1:]),
            verification=burnt,
            held=held,
            inside=memory.own_sold[:, 0] > 0,
        )
        held = held[plain]
        bids = np.column_stack([best.numeraire_bids, best.bids])[plain]
        offers = np.column_stack([np.zeros(len(agents)), best.offers])[plain]
        step = self._steps[plain][:, None]
        wanted = memory.last_bids[plain] + step * (bids - memory.last_bids[plain])
        offers = memory.last_offers[plain] + step * (offers - memory.last_offers[plain])
        money = wanted.sum(axis=1)
        wanted *= np.where(money > held, held / np.where(money > 0, money, 1.0), 1.0)[:, None]
        return {int(row): Plan(wanted[i, 1:], float(wanted[i, 0]), offers[i, 1:]) for i, row in enumerate(plain)}

    def _laid(self, plans: dict[int, Plan]) -> dict[int, Bid]:
        """Plans as words; nobody bids more than it holds or offers more than its plant can make."""
        if not plans:
            return {}
        rows = list(plans)
        bids = _units([np.append(plans[row].numeraire_bid, plans[row].bids) for row in rows])
        offers = _units([np.append(0.0, plans[row].offers) for row in rows])
        for i, row in enumerate(rows):
            over = int(bids[i].sum()) - self._memory.money[row]
            if over > 0:  # rounding of floats, at most a few units
                largest = int(bids[i].argmax())
                bids[i, largest] -= np.uint64(min(int(bids[i, largest]), over))
            limits = self._agents[row].limits
            if limits is not None:
                offers[i, 1:] = np.minimum(offers[i, 1:], np.array(limits, dtype=np.uint64))
        words, more = _words(bids, self._memory.words), _words(offers, self._memory.words)
        return {
            row: Bid(
                words[i] if self._agents[row].limits is None else words[i] + more[i],
                min(int(plans[row].to_store * UNIT), MAX_AMOUNT),
            )
            for i, row in enumerate(rows)
        }


def _units(amounts: Sequence[FloatArray]) -> NDArray[np.uint64]:
    """(n, T + 1) amounts in 10^-9, rounded down but for the error of a float."""
    return np.asarray(np.floor(np.minimum(np.array(amounts), 1.8e10) * UNIT + 1e-6).astype(np.uint64))


def _words(lanes: NDArray[np.uint64], count: int) -> list[tuple[int, ...]]:
    """(n, T + 1) lanes as words, four to each."""
    whole = np.zeros((lanes.shape[0], 4 * count), dtype=np.uint64)
    whole[:, : lanes.shape[1]] = lanes
    raw = whole.reshape(-1, count, 4)[:, :, ::-1].astype(">u8")
    return [
        tuple(int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32))
        for data in (row.tobytes() for row in raw)
    ]
