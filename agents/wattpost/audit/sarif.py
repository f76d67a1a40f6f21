"""A verdict as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

from typing import Any

from wattpost.audit.rules import RULES
from wattpost.audit.severities import Severity, severity_of
from wattpost.audit.verdict import Finding, Verdict, Violation

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
RANKS = {Severity.CRITICAL: 100.0, Severity.HIGH: 70.0, Severity.MEDIUM: 40.0}


def to_sarif(verdict: Verdict, version: str = "") -> dict[str, Any]:
    """Ready for json.dump.

    version : of the auditor
    """
    names = list(RULES)
    driver: dict[str, Any] = {"name": "wattpost audit", "rules": [_rule(name) for name in names]}
    if version:
        driver["version"] = version
    told = [("error", note) for note in verdict.unchecked] + [("note", note) for note in verdict.notes]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [
                    {
                        "executionSuccessful": verdict.finding is not Finding.UNKNOWN,
                        "exitCode": verdict.exit_code,
                        "toolExecutionNotifications": [
                            {"level": level, "message": {"text": note}} for level, note in told
                        ],
                    }
                ],
                "results": [_result(violation, names.index(violation.rule)) for violation in verdict.violations],
                "properties": {
                    "verdict": verdict.finding.value,
                    "checked": dict(verdict.checked),
                    "violationsNotListed": verdict.unlisted,
                },
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    severity = severity_of(name)
    return {
        "id": name,
        "shortDescription": {"text": RULES[name]},
        "defaultConfiguration": {"level": LEVELS[severity], "rank": RANKS[severity]},
        "properties": {"severity": severity.value},
    }


def _result(violation: Violation, index: int) -> dict[str, Any]:
    severity = severity_of(violation.rule)
    text = f"{violation.field}: expected {violation.expected}, found {violation.found}. {violation.why}"
    where = [("block", violation.block), ("transaction", violation.transaction), ("agent", violation.agent)]
    named = [f"{kind} {value}" for kind, value in where if value is not None]
    result: dict[str, Any] = {
        "ruleId": violation.rule,
        "ruleIndex": index,
        "level": LEVELS[severity],
        "message": {"text": text},
        "properties": violation.to_json(),
    }
    if named:
        logical = {"fullyQualifiedName": ", ".join(named), "kind": "resource"}
        result["locations"] = [{"logicalLocations": [logical]}]
    return result
