"""What an audit says: what was looked at, whether the rules were kept, and if not, where that shows first."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from wattpost.audit.rules import RULES
from wattpost.audit.severities import severity_of

LISTED = 1000  # violations kept; the rest are counted


class Finding(Enum):
    CLEAN = "clean"
    VIOLATIONS = "violations"
    UNKNOWN = "could not check"


EXIT_CODES = {Finding.CLEAN: 0, Finding.VIOLATIONS: 1, Finding.UNKNOWN: 2}


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken; `rule` is a key of RULES. Whole numbers in `expected` and `found` are exact."""

    rule: str
    field: str
    expected: int | str
    found: int | str
    day: int | None
    block: int | None
    transaction: str | None
    agent: str | None

    @property
    def why(self) -> str:
        return RULES[self.rule]

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "severity": severity_of(self.rule).value,
            "field": self.field,
            "expected": str(self.expected),
            "found": str(self.found),
            "day": self.day,
            "block": self.block,
            "transaction": self.transaction,
            "agent": self.agent,
            "why": self.why,
        }


@dataclass(slots=True)
class Verdict:
    """The result of an audit."""

    checked: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    unlisted: int = 0  # further violations, beyond LISTED
    notes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)  # why a verdict of clean cannot be given

    @property
    def finding(self) -> Finding:
        if self.violations:
            return Finding.VIOLATIONS
        return Finding.UNKNOWN if self.unchecked else Finding.CLEAN

    @property
    def first(self) -> Violation | None:
        return self.violations[0] if self.violations else None

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.finding]

    def to_json(self) -> dict[str, Any]:
        """Ready for json.dump; whole numbers that may be long are texts."""
        return {
            "verdict": self.finding.value,
            "checked": dict(self.checked),
            "first": self.first.to_json() if self.first else None,
            "violations": [violation.to_json() for violation in self.violations],
            "violations_not_listed": self.unlisted,
            "notes": self.unchecked + self.notes,
        }

    # What the checks write

    def count(self, what: str, number: int = 1) -> None:
        self.checked[what] = self.checked.get(what, 0) + number

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def could_not(self, text: str) -> None:
        if text not in self.unchecked:
            self.unchecked.append(text)

    def convict(self, violation: Violation) -> None:
        if len(self.violations) < LISTED:
            self.violations.append(violation)
        else:
            self.unlisted += 1
