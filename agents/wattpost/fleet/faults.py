"""What befalls a day's submission where validation is uncertain: congestion, and attempts that fail and are made again.

Each day and agent a state is drawn from the seed. Every attempt in it burns `gas_multiplier` times what a plain
submission takes, and is one that fails with chance `failure`, for as long as `retries` are left. Draws depend on
seed, day and name alone, so a run repeats whoever hosts whom.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

DIGITS = 2**53  # of a float


@dataclass(frozen=True, slots=True)
class State:
    """One state of validation, as a scenario states it."""

    probability: float
    gas_multiplier: float = 1.0
    failure: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Of one submission: what multiplies the gas of each attempt, and how many attempts revert before the good one."""

    gas_multiplier: float = 1.0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Faults:
    """Draws of a run; without states nothing ever happens.

    >>> Faults(1, ()).of(1, "home")
    Fault(gas_multiplier=1.0, failures=0)
    >>> Faults(1, (State(1.0, 2.0, 0.999999, 3),)).of(1, "home")
    Fault(gas_multiplier=2.0, failures=3)
    """

    seed: int
    states: Sequence[State]

    def of(self, day: int, name: str) -> Fault:
        """What befalls an agent's submission of a day."""
        if not self.states:
            return Fault()
        left = self._chance(day, name, 0)
        state = self.states[-1]  # where rounding leaves a rest
        for each in self.states:
            left -= each.probability
            if left < 0:
                state = each
                break
        failures = 0
        while failures < state.retries and self._chance(day, name, 1 + failures) < state.failure:
            failures += 1
        return Fault(state.gas_multiplier, failures)

    def _chance(self, day: int, name: str, draw: int) -> float:
        """Evenly from [0, 1)."""
        digest = hashlib.sha256(f"{self.seed}/fault/{day}/{draw}/{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % DIGITS / DIGITS
