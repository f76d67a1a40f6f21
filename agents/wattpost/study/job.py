"""What long jobs and whoever starts them say to each other."""

from __future__ import annotations

from typing import Protocol


class RunError(Exception):
    """A run cannot start or go on; the message is one sentence."""


class Progress(Protocol):
    """Somebody who is told how far things are."""

    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...
