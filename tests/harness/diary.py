"""What the events of a market and its registry tell, and nothing else: registers, money, every day's submissions, what
came of them, and whose gas it was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.harness.evm import Event
from wattpost.chain.readings import LANES
from wattpost.chain.readings import unpack as unpack_readings
from wattpost.spec import UNIT, unpack

Amounts = tuple[int, ...]


@dataclass(slots=True)
class Day:
    """One day as its events describe it."""

    bids: dict[str, Amounts] = field(default_factory=dict)
    offers: dict[str, Amounts] = field(default_factory=dict)
    submitted: dict[str, Event] = field(default_factory=dict)
    runs: dict[str, Event] = field(default_factory=dict)
    settled: dict[str, Event] = field(default_factory=dict)
    beyond: dict[tuple[int, int], int] = field(default_factory=dict)  # gas by kind and place
    closed: Event | None = None
    produced: Event | None = None
    dust: Event | None = None
    books: Event | None = None
    repeated: list[str] = field(default_factory=list)  # what happened twice

    @property
    def escrow(self) -> int:
        """Bytecoin on posts, 18 decimals."""
        paid = sum(each.revenue + each.refund for each in self.settled.values())
        dust = self.dust.dust_money if self.dust else 0
        return (sum(map(sum, self.bids.values())) - paid - dust) * UNIT

    @property
    def charges(self) -> dict[str, int]:
        """Gas that each submission is charged for, once the day is over."""
        assert self.books
        found = {}
        for agent, event in self.submitted.items():
            found[agent] = self.books.relayed if event.relayed else event.observed_gas
            if not self.books.silent:
                found[agent] += self.books.share + self.beyond.get((event.kind, event.place), 0)
        return found


class Diary:
    """Reads events in the order they were logged."""

    def __init__(self, posts: int, market: str, dust_account: str) -> None:
        self.posts, self.market, self.dust_account = posts, market, dust_account
        self.money: Counter[str] = Counter()  # prepaid accounts by the events, 18 decimals
        self.donated = 0
        self.endowments: dict[str, int] = {}
        self.plants: dict[str, Event] = {}
        self.profiles: dict[int, tuple[int, ...]] = {}
        self.day = 0
        self.days: dict[int, Day] = {}
        self.late: list[str] = []  # events of a day that was over
        self.owners: set[str] = {dust_account}

    def read(self, events: tuple[Event, ...]) -> None:
        for event in events:
            reader = getattr(self, f"_read_{event.name}", None)
            if reader:
                reader(event)

    def _of_day(self, event: Event) -> Day:
        day = self.days.setdefault(event.day, Day())
        if event.day != self.day or day.books is not None:
            self.late.append(event.name)
        return day

    def _read_Transfer(self, event: Event) -> None:  # noqa: N802
        if event.receiver == self.market:
            self.donated += event.value

    def _read_Deposited(self, event: Event) -> None:  # noqa: N802
        self.owners.add(event.account)
        self.money[event.account] += event.money
        self.donated -= event.money

    def _read_Withdrawn(self, event: Event) -> None:  # noqa: N802
        self.owners.add(event.account)
        self.money[event.account] -= event.money

    def _read_StandardRegistered(self, event: Event) -> None:  # noqa: N802
        self.owners.add(event.agent)
        self.endowments[event.agent] = event.endowment

    def _read_ProducerRegistered(self, event: Event) -> None:  # noqa: N802
        self.owners.add(event.agent)
        self.plants[event.agent] = event

    def _read_ProfileSet(self, event: Event) -> None:  # noqa: N802
        parts = [event.parts[period // 16] >> (16 * (period % 16)) & 0xFFFF for period in range(self.posts - 1)]
        self.profiles[event.profile] = tuple(parts)

    def _read_DayOpened(self, event: Event) -> None:  # noqa: N802
        if event.day != self.day + 1:
            self.late.append(event.name)
        self.day = event.day
        self.days[event.day] = Day()

    def _read_Submitted(self, event: Event) -> None:  # noqa: N802
        day = self._of_day(event)
        if event.agent in day.bids:
            day.repeated.append(f"submission of {event.agent}")
        day.bids[event.agent] = unpack(event.bids, self.posts)
        day.offers[event.agent] = unpack(event.offers, self.posts) if event.offers else ()
        day.submitted[event.agent] = event
        self.money[event.agent] -= sum(day.bids[event.agent]) * UNIT

    def _read_DayClosed(self, event: Event) -> None:  # noqa: N802
        self._of_day(event).closed = event

    def _read_PlantRun(self, event: Event) -> None:  # noqa: N802
        day = self._of_day(event)
        if event.agent in day.runs:
            day.repeated.append(f"production of {event.agent}")
        day.runs[event.agent] = event

    def _read_DayProduced(self, event: Event) -> None:  # noqa: N802
        self._of_day(event).produced = event

    def _read_Settled(self, event: Event) -> None:  # noqa: N802
        day = self._of_day(event)
        if event.agent in day.settled:
            day.repeated.append(f"settlement of {event.agent}")
        day.settled[event.agent] = event
        self.money[event.agent] += (event.revenue + event.refund) * UNIT

    def _read_DaySettled(self, event: Event) -> None:  # noqa: N802
        self._of_day(event).dust = event
        self.money[self.dust_account] += event.dust_money * UNIT

    def _read_Readings(self, event: Event) -> None:  # noqa: N802
        day = self._of_day(event)
        slots = {(place // LANES, kind) for kind, place in day.beyond}
        for (kind, place), gas in unpack_readings(event.readings).items():
            if (place // LANES, kind) in slots:
                day.repeated.append(f"a reading of kind {kind} and place {place}")
            day.beyond[kind, place] = gas

    def _read_DayMetered(self, event: Event) -> None:  # noqa: N802
        self._of_day(event).books = event
