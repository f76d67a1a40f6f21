"""Every reason in the sources: short, in plain words, of one meaning, and provoked by a test of this folder."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.harness.sources import sources

from wattpost.chain.refusals import ADVICE

REASON = re.compile(r'"([a-z]+: [^"\n]*)"')
MODULES = {"market", "calendar", "vault", "registry", "posts", "bids", "production", "energy", "technology"}
SAID = [reason for text in sources().values() for reason in REASON.findall(text)]
REASONS = sorted(set(SAID))

# One rule that stands in two places: both contracts keep the calendar, both kinds of agent bring a store, submissions
# come in two ways, and a close shows nothing at once or in pieces.
TWICE = {
    "calendar: a day is under way",
    "registry: store too large",
    "posts: day is full",
    "posts: nothing shown",
}


def test_every_assertion__has_a_reason() -> None:
    for path, text in sources().items():
        for line in re.findall(r"^\s*assert\s.*$", text, re.MULTILINE):
            assert REASON.search(line) or line.endswith(", refusal"), (path, line)


def test_reasons__are_there_and_of_one_meaning() -> None:
    assert len(REASONS) > 70
    assert {reason for reason, times in Counter(SAID).items() if times > 1} == TWICE


def test_advice__is_given_on_every_reason_and_no_other() -> None:
    assert sorted(ADVICE) == REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason__is_short_plain_and_provoked(reason: str) -> None:
    assert len(reason) <= 32 or reason == "bids: relayer is no plain account"
    assert re.fullmatch(r"[a-z]+: [a-z0-9][a-z0-9 ,'^-]*", reason)
    assert reason.split(":")[0] in MODULES
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]
    assert any(f'"{reason}"' in path.read_text() for path in tests), f"no test provokes {reason!r}"
