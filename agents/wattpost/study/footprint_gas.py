"""What a day of the market takes in gas: measured, by short runs on a chain.

One run says what an agent's day took, its share of the common gas included. A second one, of half as many standard
agents, tells the common gas that grows with every agent from the rest, which is the same for however few: as agents
leave, those that stay pay more for that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from wattpost.study import run as runs
from wattpost.study.job import Progress, RunError
from wattpost.study.scenario import Scenario, ScenarioError, parse

DAYS = 3  # of a run: the first does not pay for metering yet, the second does
KINDS = ("standard", "producer")
FEWEST = 4  # agents of a group that is halved
_COUNT = re.compile(r"(\[\[standard\]\][^\[]*?^count[ \t]*=[ \t]*)(\d+)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Gas:
    """An agent's day, shared gas included; `fixed` of the day's shared gas is the same for however few `heads`."""

    home: float
    plant: float
    fixed: float = 0.0
    heads: int = 0

    def among(self, agents: int) -> tuple[float, float]:
        """What a home's and a plant's day takes where so many agents share what is fixed.

        >>> Gas(100.0, 120.0, fixed=60.0, heads=6).among(3)
        (110.0, 130.0)
        """
        more = self.fixed * (1 / agents - 1 / self.heads) if self.heads else 0.0
        return self.home + more, self.plant + more


def measured_gas(scenario: Scenario, folder: Path, engine: str, processes: int, progress: Progress) -> Gas:
    """From the receipts of a run of the scenario, left in `folder / "run"`, and of half of it, in "run-half".

    Raises RunError, and the one-sentence errors of a run.
    """
    whole = _last_day(scenario, folder / "run", engine, processes, progress)
    taken = {kind: [row["own_gas"] + row["shared_gas"] for row in whole if row["kind"] == kind] for kind in KINDS}
    if not all(taken.values()):
        raise RunError("On the last day of the run no agent of one kind took part, so its gas is not known.")
    gas = Gas(float(mean(taken["standard"])), float(mean(taken["producer"])))
    half = halved(scenario)
    if half is None:
        return gas
    part = _last_day(half, folder / "run-half", engine, processes, progress)
    if len(part) == len(whole):
        return gas
    common, less = (float(sum(row["shared_gas"] for row in rows)) for rows in (whole, part))
    each = (common - less) / (len(whole) - len(part))
    return Gas(gas.home, gas.plant, max(common - each * len(whole), 0.0), len(whole))


def halved(scenario: Scenario) -> Scenario | None:
    """The scenario with half of every large group of standard agents; None where its text does not say it simply."""

    def half(found: re.Match[str]) -> str:
        count = int(found[2])
        return found[1] + str(count // 2 if count >= FEWEST else count)

    try:
        smaller = parse(_COUNT.sub(half, scenario.text), name=scenario.name, source=scenario.source)
    except ScenarioError:
        return None
    return smaller if len(smaller.standard) < len(scenario.standard) else None


def _last_day(
    scenario: Scenario, folder: Path, engine: str, processes: int, progress: Progress
) -> list[dict[str, Any]]:
    """The rows of those who bid on the last day."""
    import pyarrow.parquet as pq

    wanted = runs.with_changes(scenario, days=DAYS)
    outcome = runs.run(wanted, runs.Options(engine=engine, out=folder, processes=processes), progress)
    if outcome.verdict != "clean":
        raise RunError(f"The run that was to measure gas ended with the audit's verdict {outcome.verdict!r}.")
    rows: list[dict[str, Any]] = pq.read_table(folder / "agents.parquet").to_pylist()
    return [row for row in rows if row["day"] == DAYS and row["submitted"]]
