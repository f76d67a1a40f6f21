"""One honest market for all tests of the auditor; each test doctors a copy of its archive."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.unit.audit.doctor import Doctored
from tests.unit.audit.eventful import Eventful, live


@cache
def honest() -> Eventful:
    """Not a session fixture: ape's plugin, where installed, would rebase its isolation around it."""
    with TemporaryDirectory() as folder:
        return live(Path(folder))


@pytest.fixture
def eventful() -> Eventful:
    return honest()


@pytest.fixture
def copy(eventful: Eventful) -> Doctored:
    return Doctored(eventful.blocks, eventful.deployment, eventful.street)


@pytest.fixture
def accept(eventful: Eventful, copy: Doctored) -> Callable[[str], None]:
    """Make a call that the market refused look as if it had gone through."""

    def accept(label: str) -> None:
        name = eventful.refused[label]
        receipts = [r for line in copy.blocks for r in line["receipts"] if r["transactionHash"] == name]
        receipts[0]["status"] = "0x1"

    return accept
