"""How submissions stand behind the arguments of a call."""

from __future__ import annotations

STANDARD, PRODUCER = 1, 2  # kinds of agents

# Zeros behind the last record: the length of the longest one less that of the shortest.
PADDING = bytes(864)
