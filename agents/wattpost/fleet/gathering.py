"""Seeing a day's bids into blocks: wait for the agents, mine, and have relayed what they signed.

What a relayer was handed and does not bring to the chain in the first half of the window, its agents submit by
themselves in the second.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from wattpost.chain.rpc import RpcError
from wattpost.fleet.operator import Operator
from wattpost.fleet.processes import Fleet
from wattpost.fleet.relayer import Relayer

ROUNDS = 4  # blocks for which a relayer on a test engine tries, before half of the window is over


@dataclass(slots=True)
class Gathering:
    """Of one fleet, day by day.

    names : of agents, by address
    patience : seconds to wait for agents that do not answer
    late : agents that did not answer on the last day
    """

    operator: Operator
    fleet: Fleet
    names: Mapping[str, str]
    patience: float
    relayer: Relayer | None = None
    incidents: list[str] = field(default_factory=list)
    late: set[str] = field(default_factory=set)

    def gather(self, day: int, deadline: int) -> None:
        """Return once all bids that will come are in blocks."""
        engine = self.operator.engine
        self.late = self.fleet.wait_day(day, self.patience)
        if self.relayer:
            self._relay(day, deadline)
        if engine.is_test:
            self.operator.mine_submissions(deadline)

    def _relay(self, day: int, deadline: int) -> None:
        engine, today = self.operator.engine, self.operator.market.today()
        half = today.opened + (deadline - today.opened) // 2
        rounds = 0
        while self._unseen(day) and engine.head()[1] < half:
            rounds += 1
            try:
                carried = self._carry(day)
            except RpcError as error:
                carried = 0
                self.incidents.append(f"The relayer failed on day {day}: {str(error).rstrip('.')}.")
            if not engine.is_test:
                time.sleep(1.0)
            elif carried and rounds <= ROUNDS:
                self.operator.mine_submissions(half)
            else:
                engine.mine(half)
        unseen = self._unseen(day)
        if unseen:
            self.late |= self.fleet.wait_direct(day, unseen, self.patience)
            names = sorted(unseen)
            self.incidents.append(
                f"{len(names)} signed bids were not relayed on day {day}, so their agents submitted directly:"
                f" {', '.join(names[:5])}{' and others' if names[5:] else ''}."
            )

    def _carry(self, day: int) -> int:
        return self.relayer.carry(day) if self.relayer else 0

    def _unseen(self, day: int) -> set[str]:
        """Agents that signed a bid which the chain does not show."""
        seen = {self.names.get(each.agent, "") for each in self.operator.submissions(day)}
        return self.fleet.signed(day) - seen
