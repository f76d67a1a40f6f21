"""What an audit hands on: severities, explanations, and SARIF that names rule, place and both values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.audit.doctor import Doctored
from typer.testing import CliRunner

from wattpost.audit import RULES, Severity, explain, severity_of, to_sarif
from wattpost.audit.severities import FAMILIES, SEVERITIES
from wattpost.cli import app


def test_every_rule__has_a_severity_and_a_family__and_none_is_left_over() -> None:
    assert {severity_of(rule) for rule in RULES} == set(Severity)
    assert {rule.partition(".")[0] for rule in RULES} == FAMILIES.keys()
    assert all(name in RULES or name in FAMILIES for name in SEVERITIES)
    assert severity_of("settlement.revenue") is Severity.CRITICAL and severity_of("day.order") is Severity.MEDIUM


@pytest.mark.parametrize("rule", RULES)
def test_explaining_a_rule__says_how_grave_and_why(rule: str) -> None:
    told = explain(rule) or ""
    assert RULES[rule] in told and severity_of(rule).value in told
    assert rule in (explain(rule.partition(".")[0]) or "")


def test_the_command__explains_a_rule__and_knows_what_was_meant() -> None:
    told = CliRunner().invoke(app, ["audit", "--explain", "energy.own"])
    assert told.exit_code == 0 and RULES["energy.own"] in told.output
    wrong = CliRunner().invoke(app, ["audit", "--explain", "energy.onw"])
    assert wrong.exit_code == 2 and "energy.own" in wrong.output


def test_the_command__writes_sarif__with_rule_place_and_both_values(copy: Doctored, tmp_path: Path) -> None:
    copy.outcome(copy.logs("Settled")[0], 0, "revenue", 1)
    folder = copy.seal().save(tmp_path / "run")
    target = tmp_path / "verdict.sarif"
    result = CliRunner().invoke(app, ["audit", str(folder), "--sarif", str(target)])
    assert result.exit_code == 1
    run = json.loads(target.read_text())["runs"][0]
    (found,) = run["results"]
    assert found["ruleId"] == "settlement.revenue" and found["level"] == "error"
    assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
    properties = found["properties"]
    assert int(properties["found"]) == int(properties["expected"]) + 1 and properties["severity"] == "critical"
    place = found["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
    assert f"block {properties['block']}" in place and properties["transaction"] in place
    assert run["invocations"][0]["executionSuccessful"] and run["invocations"][0]["exitCode"] == 1


def test_a_clean_market__has_no_results__and_an_unreadable_one_says_why(copy: Doctored, tmp_path: Path) -> None:
    verdict = copy.audit(tmp_path)
    clean = to_sarif(verdict)["runs"][0]
    assert clean["results"] == [] and clean["properties"]["verdict"] == "clean"
    verdict.could_not("A part is missing.")
    (invocation,) = to_sarif(verdict)["runs"][0]["invocations"]
    assert not invocation["executionSuccessful"]
    assert {"level": "error", "message": {"text": "A part is missing."}} in invocation["toolExecutionNotifications"]
