"""Every reason in the sources: short, unique, in plain words, and provoked by a test of this folder."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.harness.sources import sources

REASON = re.compile(r'assert\s.*,\s*"([^"]*)"\s*$', re.MULTILINE)
MODULES = {"market", "calendar", "vault", "registry", "posts", "production", "settlement", "energy", "technology"}
REASONS = [reason for text in sources().values() for reason in REASON.findall(text)]


def test_every_assertion__has_a_reason_or_is_a_comment() -> None:
    for path, text in sources().items():
        assertions = re.findall(r"^\s*assert\s", text, re.MULTILINE)
        assert len(assertions) == len(REASON.findall(text)), path


def test_reasons__are_there_and_unique() -> None:
    assert len(REASONS) > 60
    assert [reason for reason, times in Counter(REASONS).items() if times > 1] == []


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason__is_short_plain_and_provoked(reason: str) -> None:
    assert len(reason) <= 32
    assert re.fullmatch(r"[a-z]+: [a-z0-9][a-z0-9 ,']*", reason)
    assert reason.split(":")[0] in MODULES
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]
    assert any(f'"{reason}"' in path.read_text() for path in tests), f"no test provokes {reason!r}"
