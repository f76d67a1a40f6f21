"""Whose gas it was: the books a meter keeps between two days.

Counted are transactions to the market and its money from the first successful `open` on. Successful calls that moved
a day on are shared, if they are plain; everything else is its sender's own, failed calls and those with an access list
or authorisations included, whose gas has no bound. A day's books are drawn with the block of its last settlement; what
is not charged then waits for the next day that is metered, each agent's own gas as its own, shared gas as shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter posts for one day: shared gas a submission, its remainder, and every submitter's own gas."""

    share: int
    carried: int
    own: dict[str, int]


@dataclass(slots=True)
class Books:
    """Gas that was counted and not yet charged."""

    shared: int = 0
    own: Counter[str] = field(default_factory=Counter)
    strangers: Counter[str] = field(default_factory=Counter)
    _counted: dict[str, int] = field(default_factory=dict)  # each submitter's own, when the last day was drawn

    def count(self, sender: str, gas: int, *, moved_the_day: bool, registered: bool) -> None:
        """One mined transaction.

        >>> books = Books()
        >>> books.count("operator", 100, moved_the_day=True, registered=False)
        >>> books.count("home", 40, moved_the_day=False, registered=True)
        >>> books.draw({"home": 0, "mill": 10})
        Reading(share=50, carried=0, own={'home': 40, 'mill': 10})
        """
        if moved_the_day:
            self.shared += gas
        elif registered:
            self.own[sender] += gas
        else:
            self.strangers[sender] += gas

    def draw(self, observed: Mapping[str, int]) -> Reading:
        """The reading of a day, given the gas the market itself observed of each submission.

        An agent that acts through another contract has no transactions of its own; it is charged what the market saw.
        """
        share, carried = divmod(self.shared, len(observed))
        self._counted = {agent: self.own[agent] for agent in observed}
        return Reading(share, carried, {agent: max(self.own[agent], seen) for agent, seen in observed.items()})

    def charge(self, reading: Reading, metered: Iterable[str], silent: Mapping[str, int]) -> None:
        """Strike out what the day last drawn charged: the reading to some, to others only what the market observed.

        What an agent burnt since the day was drawn is not touched, even where it was charged more than its receipts.
        """
        for agent in metered:
            self.own[agent] -= min(self._counted[agent], reading.own[agent])
            self.shared -= reading.share
        for agent, observed in silent.items():
            self.own[agent] -= min(self._counted[agent], observed)
