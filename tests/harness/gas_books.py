"""Whose gas it was, counted again from receipts alone: what a meter would post, and what a day has to account for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.harness.evm import Event, Receipt
from wattpost.chain.readings import MOST

SHARED = ("open", "close", "clear", "produce", "settle", "meter", "end_unmetered")


@dataclass(slots=True)
class GasBooks:
    """Gas on receipts that no day has been charged for yet."""

    shared: int = 0
    batches: int = 0
    own: Counter[str] = field(default_factory=Counter)  # by sender
    today: dict[str, Event] = field(default_factory=dict)  # the day's submissions

    # As drawn when the day was settled.
    share: int = 0
    relayed: int = 0
    carried: int = 0
    beyond: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def follow(self, name: str, receipt: Receipt) -> None:
        """One successful call."""
        if name in SHARED:
            self.shared += receipt.gas
        elif name == "relay":
            self.batches += receipt.gas
        for event in receipt.events:
            if event.name == "DayOpened":
                self.today = {}
            elif event.name == "Submitted":
                self.today[event.agent] = event
                if name == "submit":
                    self.own[event.agent] += receipt.gas
            elif event.name == "DaySettled":
                self._draw()

    def _draw(self) -> None:
        relayed = sum(event.relayed for event in self.today.values())
        self.share, shared_left = divmod(self.shared, len(self.today))
        self.relayed, batches_left = divmod(self.batches, relayed) if relayed else (0, self.batches)
        self.carried = shared_left + batches_left
        self.beyond = {agent: min(self.own[agent] - each.observed_gas, MOST) for agent, each in self.today.items()}
        own = sum(self.beyond[agent] + each.observed_gas for agent, each in self.today.items())
        self.total = self.shared + self.batches + own

    def close(self, books: Event) -> int:
        """Strike out what a finished day charged, by its books; the gas that it has to account for."""
        of_batches = books.relayed * sum(event.relayed for event in self.today.values())
        self.shared -= books.share * len(self.today)
        self.batches -= of_batches
        for agent, event in self.today.items():
            self.own[agent] -= event.observed_gas + (0 if books.silent else self.beyond[agent])
        return of_batches + sum(each.observed_gas for each in self.today.values()) if books.silent else self.total
