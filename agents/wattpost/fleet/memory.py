"""What the agents of one process remember of the market: nothing but what the chain says, so a restart loses nothing.

They look at the chain together and remember what all can see once; what is an agent's own stands in its row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattpost.chain import readings
from wattpost.chain.events import Event
from wattpost.chain.market import REGISTRATIONS
from wattpost.chain.units import from_wad
from wattpost.fleet.participation import reconsiders
from wattpost.game import Plan, Rivals, Standard
from wattpost.game.agents import Agent
from wattpost.game.arrays import FloatArray
from wattpost.spec.amounts import UNIT, words_for

SHARES = 3  # days of which the middle one tells what sharing costs
Whole = NDArray[np.int64]


class Memory:
    """The past of n agents, post by post: arrays are (T + 1,) or (n, T + 1), in kWh, units of the good and bytecoin,
    with the good's post first."""

    def __init__(self, agents: Sequence[Agent], addresses: Sequence[str]) -> None:
        self.agents, self.addresses = tuple(agents), tuple(addresses)
        self.rows = {address: row for row, address in enumerate(self.addresses)}
        self.registry: dict[str, int] = {}  # places of agents in the order of their admission
        self.open_day = 0  # 0 while no day takes submissions
        self.opened = self.deadline = 0
        count, posts = len(self.agents), self.agents[0].periods + 1
        self.words = words_for(posts - 1)
        # What all can see.
        self.traded = False
        self.moved = np.inf  # the most by which a relative price changed on the last traded day
        self._prices = np.full(posts, np.nan)
        self.pool = 0  # gas of the last metered day that is shared by those relayed
        self._shares: deque[int] = deque(maxlen=SHARES)  # gas shared by all, of the last metered days
        self.total_bids, self.total_sold, self._today_bids = np.zeros(posts), np.zeros(posts), np.zeros(posts)
        # What is each one's own.
        self.money = [0] * count  # prepaid and not in escrow, in 10^-9
        self.submitted_day: Whole = np.zeros(count, dtype=np.int64)
        self.own_gas: Whole = np.full(count, -1)  # of its last metered day; below zero before the first
        self.own_bids, self.own_sold = np.zeros((count, posts)), np.zeros((count, posts))
        self.last_bids, self.last_offers = np.zeros((count, posts)), np.zeros((count, posts))
        self._endowments = np.array([each.endowment if isinstance(each, Standard) else 0.0 for each in self.agents])
        self._observed: Whole = np.zeros(count, dtype=np.int64)
        self.relayed = np.zeros(count, dtype=bool)
        self._places: list[tuple[int, int]] = [(0, 0)] * count
        self._fraction = np.ones(count)
        self._beyond: dict[tuple[int, int], int] = {}  # gas that the day's readings add, by kind and place

    def rivals(self, row: int) -> Rivals | None:
        """Everybody else on each post's last traded day; None before anything was traded."""
        if not self.traded:
            return None
        bids = np.maximum(self.total_bids - self.own_bids[row], 0.0)
        sold = np.maximum(self.total_sold - self.own_sold[row], 0.0)
        return Rivals(bids[1:], sold[1:], float(bids[0]), float(sold[0]))

    @property
    def share(self) -> int:
        """Shared gas of a day: the middle of the last ones, because what is written for the first time (an account's
        first debt) makes one day dear and says nothing about the next."""
        return sorted(self._shares)[(len(self._shares) - 1) // 2] if self._shares else 0

    @property
    def gas(self) -> Whole:
        """(n,) what a day takes: an agent's own gas of its last one, and the shares of the last one of all."""
        return np.where(self.own_gas < 0, -1, self.own_gas + self.share + np.where(self.relayed, self.pool, 0))

    def gas_of(self, row: int) -> int:
        """The same of one agent."""
        return int(self.own_gas[row]) + self.share + (self.pool if self.relayed[row] else 0)

    def previous(self, row: int) -> Plan | None:
        """An agent's last plan; None if it never bid."""
        if not self.submitted_day[row]:
            return None
        bids, offers = self.last_bids[row], self.last_offers[row]
        return Plan(bids[1:].copy(), float(bids[0]), offers[1:].copy())

    def turn(self, row: int) -> bool:
        """Whether it is an agent's turn to reconsider taking part on the open day."""
        place = self.registry.get(self.addresses[row])
        return place is not None and reconsiders(self.open_day, place, len(self.registry))

    def absorb(self, events: Iterable[Event]) -> None:
        """Take in events of the market, in order, batches unfolded; other agents' own may be left out."""
        for event in events:
            row = self.rows.get(event.values.get("agent") or event.values.get("account") or "")
            match event.name:
                case name if name in REGISTRATIONS:
                    self.registry.setdefault(event["agent"], len(self.registry))
                case "Deposited" if row is not None:
                    self.money[row] += event["money"] // UNIT
                case "Withdrawn" if row is not None:
                    self.money[row] -= event["money"] // UNIT
                case "DayOpened":
                    self.open_day, self.opened, self.deadline = event["day"], event["opened"], event["deadline"]
                    self._fraction[:] = 1.0
                    self._beyond = {}
                case "Submitted" if row is not None:
                    self._note(row, event)
                case "DayClosed":
                    self.open_day = 0
                    self._today_bids = _amounts(event["bids"])[: self._today_bids.size]
                case "PlantRun" if row is not None:
                    self._fraction[row] = from_wad(event["fraction"])
                case "DayProduced":
                    self._remember(event["day"], _amounts(event["delivered"])[: self._today_bids.size])
                case "Settled" if row is not None:
                    self.money[row] += event["revenue"] + event["refund"]
                case "Readings":
                    self._beyond |= readings.unpack(event["readings"])
                case "DayMetered":
                    self._charge(event)

    def _note(self, row: int, submitted: Event) -> None:
        words = submitted["words"]
        bids = _lanes(words[: self.words])
        self.money[row] -= int(bids.sum())
        posts = self.last_bids.shape[1]
        self.last_bids[row] = bids[:posts] / UNIT
        self.last_offers[row] = _lanes(words[self.words :])[:posts] / UNIT if len(words) > self.words else 0.0
        self.submitted_day[row] = submitted["day"]
        self._observed[row], self.relayed[row] = submitted["observed_gas"], submitted["relayed"]
        self._places[row] = submitted["kind"], submitted["place"]

    def _remember(self, day: int, delivered: FloatArray) -> None:
        there = (self.submitted_day == day)[:, None]
        sold = self.last_offers * self._fraction[:, None]
        sold[:, 0] = self._endowments
        traded = (self._today_bids > 0) & (delivered > 0)
        self.total_bids = np.where(traded, self._today_bids, self.total_bids)
        self.total_sold = np.where(traded, delivered, self.total_sold)
        self.own_bids = np.where(traded, np.where(there, self.last_bids, 0.0), self.own_bids)
        self.own_sold = np.where(traded, np.where(there, sold, 0.0), self.own_sold)
        self.traded = self.traded or bool(traded.any())
        self._move(traded)

    def _move(self, traded: NDArray[np.bool_]) -> None:
        """How far relative prices are from those of the day before."""
        if not traded.any():
            return
        money = self.total_bids / np.where(self.total_sold > 0, self.total_sold, np.nan)
        prices = money / money[0]
        change = np.abs(prices / self._prices - 1.0)[1:]
        self.moved = float(np.max(change[np.isfinite(change)], initial=0.0)) if np.isfinite(change).any() else np.inf
        self._prices = prices

    def _charge(self, books: Event) -> None:
        """Gas of the day that is done: what the market saw, what receipts show beyond that, and shares.

        Shares are public, so that who stays out knows what taking part has come to cost.
        """
        self._shares.append(books["share"])
        self.pool = books["relayed"]
        for row in np.flatnonzero(self.submitted_day == books["day"]):
            beyond = 0 if books["silent"] else self._beyond.get(self._places[row], 0)
            self.own_gas[row] = self._observed[row] + beyond


def _lanes(words: Sequence[int]) -> NDArray[Any]:
    """(4 words,) whole numbers, post 0 first."""
    raw = b"".join(word.to_bytes(32, "big") for word in words)
    return np.frombuffer(raw, dtype=">u8").reshape(-1, 4)[:, ::-1].reshape(-1).astype(np.uint64)


def _amounts(words: Sequence[int]) -> FloatArray:
    return np.asarray(_lanes(words) / UNIT)
