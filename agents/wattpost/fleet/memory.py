"""What an agent remembers of the market: nothing but what the chain says, so a restart loses nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from wattpost.chain.events import Event
from wattpost.chain.market import REGISTRATIONS
from wattpost.chain.units import from_units, from_wad
from wattpost.fleet.participation import reconsiders
from wattpost.game import Plan, Rivals, Standard
from wattpost.game.agents import Agent
from wattpost.game.arrays import FloatArray
from wattpost.spec.amounts import unpack, words_for


@dataclass(slots=True)
class Memory:
    """One agent's past, post by post; arrays are (T + 1,) with the good's post first, in kWh, units and bytecoin."""

    agent: Agent
    address: str
    open_day: int = 0  # 0 while no day takes submissions
    deadline: int = 0
    submitted_day: int = 0
    previous: Plan | None = None
    gas: int | None = None  # charged on its last metered day
    own_gas: int = 0  # of its last submission: what the market saw, or what the meter read
    relayed: bool = False  # whether that came in a batch
    registry: list[str] = field(default_factory=list)  # agents in the order of their admission
    total_bids: FloatArray = field(init=False)
    total_sold: FloatArray = field(init=False)
    own_bids: FloatArray = field(init=False)
    own_sold: FloatArray = field(init=False)
    _today_bids: FloatArray = field(init=False)
    _fraction: float = 1.0
    _traded: bool = False
    _read: Event | None = None  # what the meter read of its own gas, if it did

    def __post_init__(self) -> None:
        zeros = np.zeros(self.agent.periods + 1)
        self.total_bids, self.total_sold, self.own_bids, self.own_sold = (zeros.copy() for _ in range(4))
        self._today_bids = zeros.copy()

    @property
    def rivals(self) -> Rivals | None:
        """Everybody else on each post's last traded day; None before anything was traded."""
        if not self._traded:
            return None
        bids = np.maximum(self.total_bids - self.own_bids, 0.0)
        sold = np.maximum(self.total_sold - self.own_sold, 0.0)
        return Rivals(bids[1:], sold[1:], float(bids[0]), float(sold[0]))

    @property
    def turn(self) -> bool:
        """Whether it is this agent's turn to reconsider taking part on the open day."""
        if self.address not in self.registry:
            return False
        return reconsiders(self.open_day, self.registry.index(self.address), len(self.registry))

    def absorb(self, events: Iterable[Event]) -> None:
        """Take in events of the market, in order; other agents' own events may be left out."""
        for event in events:
            if event.name in REGISTRATIONS and event["agent"] not in self.registry:
                self.registry.append(event["agent"])
            if "agent" in event.values and event["agent"] != self.address:
                continue
            match event.name:
                case "DayOpened":
                    self.open_day, self.deadline, self._fraction = event["day"], event["deadline"], 1.0
                case "Submitted":
                    self.submitted_day, self._read = event["day"], None
                    self.own_gas, self.relayed = event["observed_gas"], event["observed_gas"] == 0
                    self.previous = self._plan(event)
                case "DayClosed":
                    self.open_day = 0
                    self._today_bids = self._amounts(event["bids"])
                case "PlantRun":
                    self._fraction = from_wad(event["fraction"])
                case "DayProduced":
                    self._remember(event["day"], self._amounts(event["delivered"]))
                case "Read":
                    self.own_gas, self._read = event["own"], event
                case "DayMetered" if event["day"] == self.submitted_day:
                    self.gas = self._charged(event)

    def _remember(self, day: int, delivered: FloatArray) -> None:
        own_bids, own_sold = np.zeros_like(delivered), np.zeros_like(delivered)
        if self.submitted_day == day and self.previous:
            own_bids = np.concatenate([[self.previous.numeraire_bid], self.previous.bids])
            own_sold[1:] = self.previous.offers * self._fraction
            own_sold[0] = self.agent.endowment if isinstance(self.agent, Standard) else 0.0
        traded = (self._today_bids > 0) & (delivered > 0)
        self.total_bids = np.where(traded, self._today_bids, self.total_bids)
        self.total_sold = np.where(traded, delivered, self.total_sold)
        self.own_bids = np.where(traded, own_bids, self.own_bids)
        self.own_sold = np.where(traded, own_sold, self.own_sold)
        self._traded = self._traded or bool(traded.any())

    def _charged(self, books: Event) -> int:
        """Gas of its last day: as it was read then, or by the books that closed it."""
        found = self._read or books
        return self.own_gas + found["share"] + (found["relayed"] if self.relayed else 0)

    def _plan(self, submitted: Event) -> Plan:
        count = words_for(self.agent.periods)
        bids = self._amounts(submitted["words"][:count])
        offers = self._amounts(submitted["words"][count:] or [0] * count)
        return Plan(bids[1:], float(bids[0]), offers[1:])

    def _amounts(self, words: Iterable[int]) -> FloatArray:
        return np.array([from_units(lane) for lane in unpack(list(words), self.agent.periods + 1)])
