"""What agents did within the rules that an auditor's reader may want to know; never a violation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wattpost.audit.events import Event
from wattpost.audit.state import PRODUCER, State


@dataclass(slots=True)
class Observations:
    settled_submissions: int = 0
    over_budget: int = 0
    both_sides: int = 0
    spent: dict[int, int] = field(default_factory=dict)  # of the day's submissions

    def submitted(self, state: State, agent: int) -> None:
        """Right after a submission was followed."""
        account = state.look(agent)
        chain = state.chains.get(account.kind)
        if chain is None or not chain.links:
            return
        link = chain.links[-1]
        self.spent[agent] = sum(link.bids)
        if account.kind == PRODUCER and any(b and o for b, o in zip(link.bids[1:], link.offers[1:], strict=True)):
            self.both_sides += 1

    def settled(self, events: Sequence[Event]) -> None:
        """Spending that sales did not earn, beyond a unit a post that flooring may take."""
        for event in events:
            if event.name == "Settled":
                _, agent, _, _, revenue, refund = (value for value in event.values if isinstance(value, int))
                self.settled_submissions += 1
                self.over_budget += self.spent.pop(agent, 0) > revenue + refund + FLOORING

    def notes(self) -> list[str]:
        notes = []
        if self.over_budget:
            notes.append(
                f"Observed: {self.over_budget} of {self.settled_submissions} submissions spent more than their sales "
                "earned; the chain allows it, a plan within its budget does not."
            )
        if self.both_sides:
            notes.append(f"Observed: {self.both_sides} producers' submissions bid on a post they offered on.")
        return notes


FLOORING = 49
