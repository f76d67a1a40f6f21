"""What verification burns when that is uncertain: states s with chances pi_s and kWh V_s.

Congestion multiplies gas, and an attempt that fails is made again and burns its gas again. Agents know chances and
amounts, buy before the state is known, and maximise sum_s pi_s u(x - V_s, x^0) with E_s >= 0 in every state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .arrays import FloatArray, Numbers, number, vector
from .utility import Utility

SURE = 1e-9
"""How far chances may miss one in sum; they are divided by their sum."""

MOST_RETRIES = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """Verification in S states.

    Attributes
    ----------
    chances : (S,) probabilities, positive, summing to one
    kwh : (S, T) kWh of one agent, or (S, n, T) of an economy, standard agents first

    >>> calm_or_busy = States([0.75, 0.25], [[1.0, 2.0], [3.0, 6.0]])
    >>> calm_or_busy.mean, calm_or_busy.worst
    (array([1.5, 3. ]), array([3., 6.]))
    """

    chances: FloatArray | Numbers
    kwh: FloatArray | Sequence[Any]

    def __post_init__(self) -> None:
        chances = vector(self.chances, "verification: chances")
        kwh = np.array(self.kwh, dtype=np.float64)
        if not chances.size or np.any(chances <= 0) or abs(float(chances.sum()) - 1.0) > SURE:
            raise ValueError("verification: chances must be positive and sum to one")
        if kwh.ndim < 2 or kwh.shape[0] != chances.size:
            raise ValueError(f"verification: kwh must have one entry for each of {chances.size} chances")
        if not np.all(np.isfinite(kwh)) or np.any(kwh < 0):
            raise ValueError("verification: kwh must be finite and not negative in every state")
        kwh.setflags(write=False)
        object.__setattr__(self, "chances", chances if chances.size == 1 else chances / chances.sum())
        object.__setattr__(self, "kwh", kwh)

    @classmethod
    def scaled(cls, kwh: Numbers | FloatArray, chances: Numbers, multipliers: Numbers) -> States:
        """`kwh` times each multiplier: (T,) of one agent or (n, T) of an economy.

        >>> States.scaled([1.0, 2.0], [0.5, 0.5], [1.0, 3.0]).amounts[1]
        array([3., 6.])
        """
        base = np.asarray(kwh, dtype=np.float64)
        return cls(chances, np.multiply.outer(np.asarray(multipliers, dtype=np.float64), base))

    @property
    def weights(self) -> FloatArray:
        """(S,) chances as an array."""
        assert isinstance(self.chances, np.ndarray)
        return self.chances

    @property
    def amounts(self) -> FloatArray:
        """kWh, state by state, as an array."""
        assert isinstance(self.kwh, np.ndarray)
        return self.kwh

    @property
    def count(self) -> int:
        """S."""
        return int(self.weights.size)

    @property
    def mean(self) -> FloatArray:
        """Expected kWh; where states do not differ, theirs to the last digit."""
        return np.asarray(self.worst - np.tensordot(self.weights, self.worst - self.amounts, axes=1))

    @property
    def worst(self) -> FloatArray:
        """The most that any state burns, period by period."""
        return np.asarray(self.amounts.max(axis=0))

    def of(self, place: int) -> States:
        """One agent of an economy."""
        return States(self.weights, self.amounts[:, place])

    def times(self, factor: float) -> States:
        """Every state's kWh times `factor`."""
        return States(self.weights, self.amounts * factor)


Burnt: TypeAlias = Numbers | States
"""Verification of one agent: (T,) kWh, or states with chances."""


def states_of(burnt: Burnt, key: str, periods: int) -> States:
    """`burnt` of one agent as states, one of them where it is certain; a ValueError names `key`."""
    if not isinstance(burnt, States):
        return States(np.ones(1), vector(burnt, key, length=periods)[None, :])
    if burnt.amounts.shape != (burnt.count, periods):
        raise ValueError(f"{key} must have {periods} entries in each of {burnt.count} states")
    return burnt


def expected(utility: Utility, chances: FloatArray, consumption: FloatArray, good: float) -> float:
    """sum_s pi_s u(E_s, x^0) at `consumption` (S, T) and `good` units of the good."""
    if chances.size == 1:
        return utility.value(consumption[0], good)
    return float(sum(chance * utility.value(energy, good) for chance, energy in zip(chances, consumption, strict=True)))


def gas_distribution(states: Sequence[Mapping[str, Any]]) -> tuple[FloatArray, FloatArray]:
    """Chances (S,) and multipliers of gas (S,), rising, that states of validation come to.

    Each state has `probability`, `gas_multiplier` (1), `failure` (0) and `retries` (0). Where an attempt fails with
    chance f and up to r more are made, k of them fail and burn k times more with chance f^k (1 - f); f^r is what is
    left for k = r, whether the last attempt fails or not.

    >>> chances, multipliers = gas_distribution(
    ...     [{"probability": 0.5}, {"probability": 0.5, "gas_multiplier": 2.0, "failure": 0.5, "retries": 2}]
    ... )
    >>> multipliers.tolist(), chances.tolist()
    ([1.0, 2.0, 4.0, 6.0], [0.5, 0.25, 0.125, 0.125])
    """
    found: dict[float, float] = {}
    for place, state in enumerate(states, start=1):
        where = f"state {place}:"
        for key in state:
            if key not in ("probability", "gas_multiplier", "failure", "retries"):
                raise ValueError(f"{where} {key} is not a key of a state")
        chance = number(state.get("probability"), f"{where} probability")
        gas = number(state.get("gas_multiplier", 1.0), f"{where} gas_multiplier")
        failure = number(state.get("failure", 0.0), f"{where} failure")
        retries = state.get("retries", 0)
        if chance > 1:
            raise ValueError(f"{where} probability must be at most 1")
        if failure >= 1:
            raise ValueError(f"{where} failure must be below 1")
        if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= MOST_RETRIES:
            raise ValueError(f"{where} retries must be a whole number from 0 to {MOST_RETRIES}")
        for failed in range(retries + 1):
            last = failed == retries
            part = chance * failure**failed * (1.0 if last else 1.0 - failure)
            if part > 0:
                multiplier = gas * (1.0 + failed)
                found[multiplier] = found.get(multiplier, 0.0) + part
    total = sum(found.values())
    if abs(total - 1.0) > SURE:
        raise ValueError(f"the probabilities of the states sum to {total:g}, not to 1")
    multipliers = sorted(found)
    return np.array([found[m] / total for m in multipliers]), np.array(multipliers)
