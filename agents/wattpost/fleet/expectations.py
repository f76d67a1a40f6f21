"""What agents expect a day's payments to burn: kWh by period, or states of it where validation is uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from wattpost.fleet.agent import Agent
from wattpost.fleet.attempts import PlainGas
from wattpost.fleet.faults import State
from wattpost.fleet.memory import Memory
from wattpost.game import States, gas_distribution
from wattpost.game.arrays import FloatArray
from wattpost.game.states import Burnt

ATTO = 1e18  # kappa is a whole number of 10^-18 kWh per gas


class Expectations:
    """Of a host's agents, from their memory and the receipts of their submissions."""

    def __init__(self, agents: Sequence[Agent], memory: Memory, kappa: int, plain: PlainGas | None = None) -> None:
        self._memory, self._plain = memory, plain
        self._kwh = np.array([agent.settings.profile for agent in agents]) * (kappa / ATTO)  # (n, T) a unit of gas
        self._stated = np.array([agent.settings.gas for agent in agents])
        self.distribution = distribution_of(agents[0].settings.faults.states) if agents else None

    def certain(self) -> FloatArray:
        """(n, T) kWh, where nothing is uncertain: what the last day took, at first what the scenario states."""
        gas = np.where(self._memory.gas < 0, self._stated, self._memory.gas)
        return np.asarray(self._kwh * gas[:, None])

    def of(self, row: int) -> Burnt:
        """One agent's: its plain attempt's gas in each state, and shares that no state multiplies."""
        if self.distribution is None:
            gas = self._stated[row] if self._memory.own_gas[row] < 0 else self._memory.gas_of(row)
            return np.asarray(self._kwh[row] * gas)
        chances, multipliers = self.distribution
        gas = multipliers * self.attempt(row) + self._shared(row)
        return States(chances, np.multiply.outer(gas, self._kwh[row]))

    def attempt(self, row: int) -> float:
        """Gas of one attempt that nothing befalls: its last submission, or its part of the batch that carried it."""
        if self._memory.own_gas[row] < 0:
            return float(self._stated[row])
        if self._memory.relayed[row] or self._plain is None or self._plain.gas[row] < 0:
            return float(self._memory.pool)
        return float(self._plain.gas[row])

    def _shared(self, row: int) -> int:
        return 0 if self._memory.own_gas[row] < 0 else self._memory.share


def distribution_of(states: Sequence[State]) -> tuple[FloatArray, FloatArray] | None:
    """Chances and what multiplies an attempt's gas; None where nothing is uncertain."""
    return gas_distribution([asdict(state) for state in states]) if states else None
