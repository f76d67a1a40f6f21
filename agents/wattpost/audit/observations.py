"""What agents did within the rules that an auditor's reader may want to know; never a violation."""

from __future__ import annotations

from dataclasses import dataclass, field

from wattpost.audit.state import PRODUCER, State

FLOORING = 49  # a unit a post, which flooring may take


@dataclass(slots=True)
class Observations:
    settled_submissions: int = 0
    over_budget: int = 0
    both_sides: int = 0
    spent: dict[int, int] = field(default_factory=dict)  # of the day's submissions

    def submitted(self, state: State, agent: int) -> None:
        """Right after a submission was followed."""
        kind = state.look(agent).kind
        link = next((link for link in reversed(state.chains[kind].links) if link.agent == agent), None)
        if link is None:
            return
        self.spent[agent] = sum(link.bids)
        if kind == PRODUCER and any(b and o for b, o in zip(link.bids[1:], link.offers[1:], strict=True)):
            self.both_sides += 1

    def settled(self, state: State) -> None:
        """Spending that sales did not earn, beyond what flooring may take; after each call that settles."""
        for agent in [agent for agent in self.spent if agent in state.outcomes]:
            _, _, revenue, refund = state.outcomes[agent]
            self.settled_submissions += 1
            self.over_budget += self.spent.pop(agent) > revenue + refund + FLOORING

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
