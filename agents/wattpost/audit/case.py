"""All that is at hand while a chain is followed, and how a difference becomes a violation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wattpost.audit import events
from wattpost.audit.books import Books
from wattpost.audit.chains import Link
from wattpost.audit.compare import Comparison, Reader, compare
from wattpost.audit.deployed import Deployed
from wattpost.audit.events import Event
from wattpost.audit.observations import Observations
from wattpost.audit.raw import Block, Log, Receipt, Transaction, hex_address
from wattpost.audit.state import State
from wattpost.audit.token import Token
from wattpost.audit.verdict import Verdict, Violation

# Whoever calls with little gas fails for want of it, after using nearly all: a sixty-fourth stays with the caller.
SPENT = 60, 64


@dataclass(slots=True)
class Case:
    """A market and its money as followed so far, and the place in the chain."""

    deployed: Deployed
    verdict: Verdict
    state: State = field(init=False)
    token: Token = field(init=False)
    books: Books = field(default_factory=Books)
    observed: Observations = field(default_factory=Observations)
    lost: bool = False  # the market did what its rules forbid, and could not be followed
    donated: int = 0
    settled: list[tuple[int, Link]] = field(default_factory=list)  # in this block, the submissions of a day
    delegated: bool = False  # somebody's plain account may have got code
    block: Block | None = None
    transaction: Transaction | None = None

    def __post_init__(self) -> None:
        rules = self.deployed.rules
        self.state = State(rules)
        self.token = Token(rules.token, self.deployed.chain_id)

    @property
    def now(self) -> int:
        return self.block.timestamp if self.block else 0

    def lose(self) -> None:
        self.lost = True
        where = f" after block {self.block.number}" if self.block else ""
        self.verdict.could_not(f"The market could not be followed{where}, so nothing of it was checked from there on.")

    def short_of_gas(self, receipt: Receipt) -> bool:
        transaction = self.transaction
        if transaction is None or receipt.gas_used * SPENT[1] < transaction.gas * SPENT[0]:
            return False
        self.verdict.note("Some calls failed for want of gas; whether they would have passed was not checked.")
        return True

    # ---- what is found

    def compare_refused(self, receipt: Receipt, rule: str, reason: str) -> None:
        if receipt.ok:
            self.convict_accepted(rule, "status", reason)
        elif receipt.logs:
            self.compare([], receipt.logs)

    def convict_accepted(self, rule: str, call: str, reason: str) -> None:
        self.convict(rule, call, f"refused: {reason}", "accepted")

    def compare(self, expected: Sequence[Event], found: Sequence[Log]) -> None:
        """Each event that differs is a violation, by its first differing field."""
        reader = Reader(self.state.rules.words, self.state.agent_at)
        self.convict_all(compare([events.encode(event) for event in expected], found, reader))

    def convict_all(self, differences: Sequence[Comparison]) -> None:
        for one in differences:
            self.convict(one.rule, one.field, one.expected, one.found, one.agent)

    def convict(
        self,
        rule: str,
        field: str,
        expected: int | str,
        found: int | str,
        agent: str | None = None,
        transaction: str | None = None,
    ) -> None:
        name = transaction or (self.transaction.hash if self.transaction else None)
        if agent is None and self.transaction is not None and field in ("submit", "deposit", "withdraw"):
            agent = hex_address(self.transaction.sender)
        number = self.block.number if self.block else None
        self.verdict.convict(Violation(rule, field, expected, found, self.state.day or None, number, name, agent))
