"""How grave the breach of a rule is, by stable names, and what a rule says, for people who ask."""

from __future__ import annotations

from difflib import get_close_matches
from enum import Enum

from wattpost.audit.rules import RULES


class Severity(Enum):
    """Worst first; the value is what JSON and SARIF carry."""

    CRITICAL = "critical"  # somebody's bytecoin or electricity is wrong, or the evidence was changed
    HIGH = "high"  # somebody acted who may not, was kept out, or was charged for other gas
    MEDIUM = "medium"  # a step was wrong, of which nobody's account shows anything yet


# Of a rule, or of its family.
SEVERITIES = {
    "data": Severity.CRITICAL,
    "deployment": Severity.CRITICAL,
    "manifest": Severity.HIGH,
    "call": Severity.HIGH,
    "event": Severity.MEDIUM,
    "money": Severity.CRITICAL,
    "register": Severity.HIGH,
    "day": Severity.MEDIUM,
    "submission": Severity.HIGH,
    "submission.escrow": Severity.CRITICAL,
    "submission.capacity": Severity.CRITICAL,
    "batch": Severity.HIGH,
    "batch.signature": Severity.CRITICAL,
    "batch.empty": Severity.MEDIUM,
    "close": Severity.CRITICAL,
    "close.batch": Severity.MEDIUM,
    "production": Severity.CRITICAL,
    "settlement": Severity.CRITICAL,
    "energy": Severity.HIGH,
    "energy.charge": Severity.CRITICAL,
    "energy.store": Severity.CRITICAL,
    "energy.arrears": Severity.CRITICAL,
    "state": Severity.CRITICAL,
}
FAMILIES = {
    "data": "Whether the data are what the chain committed to.",
    "deployment": "Whether the contracts are those that the deployment file names.",
    "manifest": "Whether the run is the one that its manifest describes.",
    "call": "What holds for every call.",
    "event": "Whether the events say what the calls did.",
    "money": "Bytecoin: where it is, and who may move it.",
    "register": "Who takes part and with what.",
    "day": "The steps of a day and their order.",
    "submission": "What agents bid and offer.",
    "batch": "Bids that agents signed and a relayer carried.",
    "close": "Adding up what was submitted.",
    "production": "What plants burn and make.",
    "settlement": "What everybody gets.",
    "energy": "Gas, what it is charged as, and what is stored and owed.",
    "state": "What a node holds, against what history makes it.",
}


def severity_of(rule: str) -> Severity:
    """
    >>> severity_of("close.batch").value, severity_of("close.shown").value
    ('medium', 'critical')
    """
    return SEVERITIES.get(rule) or SEVERITIES[rule.partition(".")[0]]


def explain(rule: str) -> str | None:
    """A rule's severity, what it is about and why a breach matters; None where there is no such rule.

    A family's name explains all of its rules.
    """
    if rule in RULES:
        family = FAMILIES[rule.partition(".")[0]]
        return f"{rule} ({severity_of(rule).value})\n{family}\nWhy it matters: {RULES[rule]}"
    names = [name for name in RULES if name.partition(".")[0] == rule]
    if not names:
        return None
    lines = [f"  {name} ({severity_of(name).value}): {RULES[name]}" for name in names]
    return "\n".join([f"{rule}: {FAMILIES[rule]}", *lines])


def like(rule: str) -> list[str]:
    """Rules and families whose names look like it."""
    return get_close_matches(rule, [*RULES, *FAMILIES], n=3, cutoff=0.5)


assert {name.partition(".")[0] for name in RULES} == FAMILIES.keys()
