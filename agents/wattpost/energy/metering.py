"""Whose gas it was: the books a meter keeps between two days.

Counted are transactions to the market and its money from the first successful `open` on. Successful calls that moved
a day on, if they are plain, are shared by all; successful batches of signed bids by those relayed, who chose their
relayer. Everything else is its sender's own: failed calls, and those that move the day on with an access list or
authorisations, whose gas has no bound. A day's
books are drawn with the block of its last settlement; what is not charged then waits for the next day that is metered,
each agent's own gas as its own, shared gas as shared, batches for the next that are relayed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

MOST = 2**24 - 1  # gas beyond what the market saw that a reading can say; more waits


class Use(Enum):
    """What a transaction was for."""

    DAY = "moved the day on"
    BATCH = "relayed a batch"
    OWN = "anything else"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter posts for one day.

    share : shared gas a submission
    relayed : gas of batches a relayed submission
    carried : gas that divides by neither and waits
    own : gas of every direct submitter, and of relayed ones that have any
    """

    share: int
    relayed: int
    carried: int
    own: dict[str, int]


@dataclass(slots=True)
class Books:
    """Gas that was counted and not yet charged."""

    shared: int = 0
    batches: int = 0
    own: Counter[str] = field(default_factory=Counter)
    strangers: Counter[str] = field(default_factory=Counter)
    _counted: dict[str, int] = field(default_factory=dict)  # each submitter's own, when the last day was drawn

    def count(self, sender: str, gas: int, use: Use, *, registered: bool) -> None:
        """One mined transaction.

        >>> books = Books()
        >>> books.count("operator", 100, Use.DAY, registered=False)
        >>> books.count("home", 40, Use.OWN, registered=True)
        >>> books.count("relayer", 25, Use.BATCH, registered=False)
        >>> books.draw({"home": 0}, ["mill"])
        Reading(share=50, relayed=25, carried=0, own={'home': 40})
        """
        if use is Use.DAY:
            self.shared += gas
        elif use is Use.BATCH:
            self.batches += gas
        elif registered:
            self.own[sender] += gas
        else:
            self.strangers[sender] += gas

    def draw(self, direct: Mapping[str, int], relayed: Collection[str] = ()) -> Reading:
        """The reading of a day, given its relayed submissions, and of its direct ones the gas the market saw.

        An agent that acts through another contract has no transactions of its own; it is charged what the market saw.
        """
        share, carried = divmod(self.shared, len(direct) + len(relayed))
        batch, left = divmod(self.batches, len(relayed)) if relayed else (0, 0)
        self._counted = {agent: self.own[agent] for agent in (*direct, *relayed)}
        own = {agent: min(max(self.own[agent], seen), seen + MOST) for agent, seen in direct.items()}
        own |= {agent: min(self.own[agent], MOST) for agent in relayed if self.own[agent]}
        return Reading(share, batch, carried + left, own)

    def charge(
        self, reading: Reading, direct: Mapping[str, int], relayed: Collection[str], observed: int | None = None
    ) -> None:
        """Strike out what the day last drawn charged: the reading, or where its meter was silent what the market saw.

        What an agent burnt since the day was drawn is not touched, even where it was charged more than its receipts.

        observed : what the market saw of batches a relayed submission, on a day whose meter was silent
        """
        for agent in (*direct, *relayed):
            own = reading.own.get(agent, 0) if observed is None else direct.get(agent, 0)
            self.own[agent] -= min(self._counted[agent], own)
        if observed is None:
            self.shared -= reading.share * (len(direct) + len(relayed))
            self.batches -= reading.relayed * len(relayed)
        else:
            self.batches -= observed * len(relayed)
