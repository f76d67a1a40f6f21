"""How the specification says no."""

from __future__ import annotations


class Refused(Exception):
    """A call that breaks a rule; its text is the chain's reason."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise Refused(reason)
