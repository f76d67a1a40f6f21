"""The metering rule, applied to receipts: whose gas it was, and what the meter had to post for a day.

Counted are transactions to the market or its money, from the first successful `open` on. Successful calls that moved a
day on are shared, unless they carry an access list or authorisations; all else is its sender's own. The books of a day
are drawn at the end of the block of its last settlement; what is not charged by the day's end waits for the next day
that is metered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

SHARED = frozenset(("open", "close", "produce", "settle", "meter", "end_unmetered"))


@dataclass(frozen=True, slots=True)
class Drawn:
    """What receipts say about a day: shared gas a submission, what did not divide, and each submitter's own."""

    share: int
    carried: int
    own: dict[int, int]
    counted: dict[int, int]  # what of each one's own was on receipts


@dataclass(frozen=True, slots=True)
class Posted:
    """One call that charged: by the meter with a share and readings, or with what the market observed."""

    transaction: str
    share: int | None  # None: the meter was silent
    carried: int
    own: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    rule: str
    field: str
    expected: int
    found: int
    agent: int | None
    transaction: str


@dataclass(slots=True)
class Books:
    begun: bool = False
    shared: int = 0
    own: dict[int, int] = field(default_factory=dict)
    strangers: dict[int, int] = field(default_factory=dict)
    drawn: Drawn | None = None
    posted: list[Posted] = field(default_factory=list)  # since the last block

    def count(self, sender: int, gas: int, moved: str | None, registered: bool, plain: bool = True) -> None:
        """One transaction to the market or its money; `moved` names a successful call that moved a day on.

        One that is not plain (it carries an access list or authorisations, whose gas the market cannot bound) is its
        sender's own, whatever it did.
        """
        if not self.begun and moved != "open":
            return
        self.begun = True
        if moved and plain:
            self.shared += gas
        else:
            account = self.own if registered else self.strangers
            account[sender] = account.get(sender, 0) + gas

    def draw(self, observed: dict[int, int]) -> None:
        share, carried = divmod(self.shared, len(observed))
        counted = {agent: self.own.get(agent, 0) for agent in observed}
        due = {agent: max(counted[agent], seen) for agent, seen in observed.items()}
        self.drawn = Drawn(share, carried, due, counted)

    def end_block(self) -> Iterator[Difference]:
        """Compare what was posted in the block with the books, and strike out what it charged."""
        for posting in self.posted:
            drawn = self.drawn
            if drawn is None:
                continue
            if posting.share is not None:
                at = posting.transaction
                if posting.share != drawn.share:
                    yield Difference("energy.share", "share", drawn.share, posting.share, None, at)
                if posting.carried != drawn.carried:
                    yield Difference("energy.carried", "carried", drawn.carried, posting.carried, None, at)
            for agent, gas in posting.own:
                due = gas
                if posting.share is not None:
                    due = drawn.own.get(agent, 0)
                    self.shared -= drawn.share
                    if gas != due:
                        yield Difference("energy.own", "own gas", due, gas, agent, posting.transaction)
                self.own[agent] = self.own.get(agent, 0) - min(drawn.counted.get(agent, 0), due)
        self.posted.clear()
