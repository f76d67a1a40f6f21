"""The metering rule, applied to receipts: whose gas it was, and what the meter had to post for a day.

Counted are transactions to the market or its money, from the first `open` on. Successful calls that moved a day on are
shared by all, successful batches by those relayed, unless they carry an access list or authorisations; all else is its
sender's own. The books of a day are drawn at the end of the block of its last settlement; what is not charged by the
day's end waits for the next day that is metered: shared gas as shared, an agent's own as its own, batches for the next
that are relayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wattpost.audit.chains import Link

SHARED = frozenset(("open", "clear", "close", "produce", "settle", "meter", "end_unmetered"))
MOST_BEYOND = 2**24 - 1  # gas beyond what the market saw that a reading can say; more waits


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission of the day: who, what the market saw of it (0 if it was relayed), and where a reading finds it."""

    agent: int
    observed: int
    kind: int
    place: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What receipts say about a day: shares, what did not divide, and each submitter's own."""

    share: int
    relayed: int
    carried: int
    entries: dict[tuple[int, int], Entry]  # by kind and place
    own: dict[int, int]  # what each is charged besides shares
    counted: dict[int, int]  # what of each one's own was on receipts


@dataclass(frozen=True, slots=True)
class Posted:
    """One call that posted: by the meter, or by somebody who ended the day without it."""

    transaction: str
    silent: bool
    share: int
    relayed: int
    carried: int | None  # None where more calls follow
    beyond: dict[tuple[int, int], int] = field(default_factory=dict)  # by kind and place


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
    batches: int = 0
    own: dict[int, int] = field(default_factory=dict)
    strangers: dict[int, int] = field(default_factory=dict)
    drawn: Drawn | None = None
    posted: list[Posted] = field(default_factory=list)  # since the last block
    beyond: dict[tuple[int, int], int] = field(default_factory=dict)  # of the day drawn, as posted so far
    counted: int = 0  # gas on receipts, strangers' included
    charged: int = 0  # of it

    def count(self, sender: int, gas: int, call: str | None, registered: bool, plain: bool = True) -> None:
        """One transaction to the market or its money; `call` names it if it went through.

        One that is not plain (it carries an access list or authorisations, whose gas the market cannot bound) is its
        sender's own, whatever it did, but for batches: who is in them chose their relayer.
        """
        if not self.begun:
            return
        self.counted += gas
        if plain and call in SHARED:
            self.shared += gas
        elif call == "relay":
            self.batches += gas
        else:
            account = self.own if registered else self.strangers
            account[sender] = account.get(sender, 0) + gas

    def draw(self, links: Sequence[tuple[int, Link]]) -> None:
        """The books of a day, given its submissions with their kinds."""
        entries = {(kind, link.place): Entry(link.agent, link.observed_gas, kind, link.place) for kind, link in links}
        relayed = sum(not entry.observed for entry in entries.values())
        share, carried = divmod(self.shared, len(entries))
        batch, left = divmod(self.batches, relayed) if relayed else (0, 0)
        counted, due = {}, {}
        for entry in entries.values():
            counted[entry.agent] = own = self.own.get(entry.agent, 0)
            due[entry.agent] = min(max(own, entry.observed), entry.observed + MOST_BEYOND)
        self.drawn = Drawn(share, batch, carried + left, entries, due, counted)
        self.beyond = {}

    def end_block(self) -> Iterator[Difference]:
        """Compare what was posted in the block with the books, and strike out what it charged."""
        for posting in self.posted:
            if self.drawn is None:
                continue
            if posting.silent:
                self._strike(self.drawn, posting)
                continue
            yield from self._compare(self.drawn, posting)
            if posting.carried is not None:
                self._strike(self.drawn, posting)
        self.posted.clear()

    def _compare(self, drawn: Drawn, posting: Posted) -> Iterator[Difference]:
        at = posting.transaction
        if posting.share != drawn.share:
            yield Difference("energy.share", "share", drawn.share, posting.share, None, at)
        if posting.relayed != drawn.relayed:
            yield Difference("energy.relayed", "relayed share", drawn.relayed, posting.relayed, None, at)
        if posting.carried is not None and posting.carried != drawn.carried:
            yield Difference("energy.carried", "carried", drawn.carried, posting.carried, None, at)
        for place, gas in posting.beyond.items():
            if place not in drawn.entries:
                yield Difference("energy.agent", f"reading of place {place[1]} of kind {place[0]}", 0, gas, None, at)
        self.beyond |= posting.beyond
        if posting.carried is None:
            return
        for place, entry in drawn.entries.items():
            due, found = drawn.own[entry.agent], entry.observed + self.beyond.get(place, 0)
            if found != due:
                yield Difference("energy.own", "own gas", due, found, entry.agent, at)

    def _strike(self, drawn: Drawn, posting: Posted) -> None:
        """Take off the books what they gave for the day; of a silent one, what the market saw."""
        relayed = sum(not entry.observed for entry in drawn.entries.values())
        for entry in drawn.entries.values():
            due = entry.observed if posting.silent else drawn.own[entry.agent]
            struck = min(drawn.counted[entry.agent], due)
            self.own[entry.agent] = self.own.get(entry.agent, 0) - struck
            self.charged += struck
        share = 0 if posting.silent else drawn.share * len(drawn.entries)
        batches = (posting.relayed if posting.silent else drawn.relayed) * relayed
        self.shared -= share
        self.batches -= batches
        self.charged += share + batches
        self.drawn = None

    @property
    def waiting(self) -> int:
        """Gas that the next metered day finds."""
        return self.shared + self.batches + sum(self.own.values())
