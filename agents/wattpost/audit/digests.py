"""The digests that a run's manifest names, computed again from the events of the chain.

`state_digest` covers every agent's final bytecoin, kWh, arrears and gas; `market_digest` the days' bids, totals,
deliveries, outcomes and final bytecoin. Agents stand in the order of their admission, under the names that the
manifest's scenario gives them.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattpost.audit.events import decode
from wattpost.audit.raw import Block, Log
from wattpost.audit.shares import lanes

UNIT = 10**9


@dataclass(slots=True)
class _Agent:
    money: int = 0
    consumed: int = 0
    arrears: int = 0
    gas: int = 0


@dataclass(slots=True)
class _Day:
    number: int
    bids: list[int] = field(default_factory=list)
    offers: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    submitted: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    settled: dict[int, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Digests:
    """Follows the market's events; of the days only the present one is kept.

    names : of the agents, in the order of their admission
    """

    posts: int
    names: Sequence[str]
    agents: dict[int, _Agent] = field(default_factory=dict)
    day: _Day | None = None
    market: Any = field(default_factory=hashlib.sha256)

    def follow_block(self, block: Block, market: int) -> None:
        for receipt in block.receipts:
            for log in receipt.logs:
                if log.address == market:
                    self.follow(log)

    def follow(self, log: Log) -> None:
        known = decode(log)
        if known is None:
            return
        shape, told = known
        values: dict[str, Any] = dict(zip((each.name for each in shape.fields), told, strict=True))
        agent = values.get("agent", values.get("account"))
        if shape.name in ("StandardRegistered", "ProducerRegistered"):
            self.agents.setdefault(values["agent"], _Agent())
        if agent in self.agents:
            self._book(self.agents[agent], shape.name, values)
        if shape.name == "DayOpened":
            self._end_day()
            self.day = _Day(values["day"])
        elif self.day and values.get("day") == self.day.number:
            self._write(self.day, shape.name, values, agent)

    def _book(self, agent: _Agent, name: str, values: dict[str, Any]) -> None:
        if name == "Deposited":
            agent.money += values["money"]
        elif name == "Withdrawn":
            agent.money -= values["money"]
        elif name == "Submitted":
            agent.money -= sum(lanes(values["bids"], self.posts)) * UNIT
        elif name == "Settled":
            agent.money += (values["revenue"] + values["refund"]) * UNIT
        elif name == "Metered":
            agent.consumed += values["consumed"]
            agent.arrears = values["arrears"]
            agent.gas += values["gas_used"]

    def _write(self, day: _Day, name: str, values: dict[str, Any], agent: Any) -> None:
        if name == "Submitted":
            offers = values["offers"]
            day.submitted[agent] = (
                self._lanes(values["bids"]),
                self._lanes(offers) if offers else [0] * self.posts,
            )
        elif name == "DayClosed":
            day.bids, day.offers = self._lanes(values["bids"]), self._lanes(values["offers"])
            day.delivered = [0] * self.posts
        elif name == "DayProduced":
            day.delivered = self._lanes(values["delivered"])
        elif name == "Settled":
            day.settled[agent] = [values[part] for part in ("energy", "good", "revenue", "refund")]

    def _lanes(self, words: Sequence[int]) -> list[int]:
        return list(lanes(list(words), self.posts))

    def finish(self) -> tuple[str, str]:
        """The state's and the market's digest, at the end of the chain.

        Raises ValueError where there are not as many names as agents.
        """
        self._end_day()
        pairs = list(zip(self.names, self.agents.values(), strict=True))
        state = [[name, each.money, each.consumed, each.arrears, each.gas] for name, each in pairs]
        self.market.update(_json([each.money for _, each in pairs]))
        return hashlib.sha256(_json(state)).hexdigest(), self.market.hexdigest()

    def _end_day(self) -> None:
        day = self.day
        if day is None:
            return
        called = dict(zip(self.agents, self.names, strict=False))
        bids = [[called[agent], *day.submitted[agent]] for agent in called if agent in day.submitted]
        outcomes = [[called[agent], *day.settled[agent]] for agent in called if agent in day.settled]
        self.market.update(_json([day.number, day.bids, day.offers, day.delivered, bids, outcomes]))


def names_in(text: str) -> list[str]:
    """The agents of a scenario's TOML, standard agents first.

    >>> names_in('[[standard]]\\nname = "home"\\ncount = 2\\n[[producer]]')
    ['home-1', 'home-2', 'producer']
    """
    return list(_names(tomllib.loads(text)))


def _names(document: dict[str, Any]) -> Iterator[str]:
    for section in ("standard", "producer"):
        for group in document.get(section, []):
            name, count = group.get("name", section), group.get("count", 1)
            yield from [name] if count == 1 else (f"{name}-{place}" for place in range(1, count + 1))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
