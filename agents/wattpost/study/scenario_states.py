"""Uncertain validation in a scenario file: `[[verification.state]]`.

- ``probability`` of the state; those of all states sum to 1
- ``gas_multiplier`` (1): what multiplies the gas of each attempt, as in congestion
- ``failure`` (0): the chance that an attempt fails, below 1
- ``retries`` (0): how often one that failed is made again; the last attempt counts as good, so that a day's bid is
  late for no fault of its agent's

`solve` multiplies all of ``gas``. A run multiplies what is an agent's own, on its chain (`fleet/attempts.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattpost.fleet.faults import State
from wattpost.study.scenario_reading import ScenarioError, Table

KEYS = ("probability", "gas_multiplier", "failure", "retries")
SURE = 1e-9  # how far probabilities may miss 1 in sum
MOST_MULTIPLIER, MOST_RETRIES = 1e6, 1_000
MOST_ATTEMPTS = 16  # that fail on a day of a run
MOST_GAS = 4_000_000  # of one attempt in a run


def read_states(source: str, section: object) -> tuple[State, ...]:
    """The states of a file; none where the section is absent."""
    if not isinstance(section, list):
        raise ScenarioError(f"{source}: state must be an array of tables, written [[verification.state]].")
    states = []
    for number, each in enumerate(section, start=1):
        table = Table(f"{source}: [[verification.state]] {number}", each, KEYS)
        failure = table.number("failure", 0.0, high=1.0)
        if failure == 1.0:
            raise table.refuse("failure", "a finite number from 0 to below 1")
        states.append(
            State(
                table.number("probability", high=1.0, above=True),
                table.number("gas_multiplier", 1.0, high=MOST_MULTIPLIER),
                failure,
                table.whole("retries", 0, high=MOST_RETRIES),
            )
        )
    total = sum(state.probability for state in states)
    if states and abs(total - 1.0) > SURE:
        raise ScenarioError(f"{source}: [[verification.state]] the probabilities must sum to 1, not to {total:.6g}.")
    return tuple(states)


def obstacles(states: Sequence[State], gas: int) -> Iterator[str]:
    """Why a run cannot make the states happen, one sentence each."""
    for number, state in enumerate(states, start=1):
        where = f"[[verification.state]] {number}"
        if state.gas_multiplier < 1:
            yield f"{where} gas_multiplier must be at least 1 in a run: no attempt takes less gas than a plain one."
        if state.gas_multiplier * gas > MOST_GAS:
            yield f"{where} gas_multiplier times gas must be at most {MOST_GAS:,} in a run."
        if state.retries > MOST_ATTEMPTS:
            yield f"{where} retries must be at most {MOST_ATTEMPTS} in a run, not {state.retries}."
