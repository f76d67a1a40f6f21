"""Where does verification end a market? One economy, kappa over nine decades, and the gas that a real run took.

A short run of the scenario on a chain says what a day costs in gas; the solver then answers for every kappa, for
decreasing, constant and increasing returns; the closed form, where it applies, is drawn over the answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import count
from pathlib import Path
from typing import Any

from wattpost.chain.files import whole_file, write_atomically
from wattpost.energy import LAYERS
from wattpost.game import Economy
from wattpost.study import run as runs
from wattpost.study.folder import run_folder
from wattpost.study.footprint_figure import ending, footprint
from wattpost.study.footprint_finding import finding, note, page, title
from wattpost.study.footprint_sweep import A_DECADE, RUNGS, Branch, Gas, Point, follow, plan
from wattpost.study.job import Progress, RunError
from wattpost.study.scenario import Scenario
from wattpost.study.solving import economy_of

RETURNS = (0.5, 1.0, 1.2)
DAYS = 3  # of the run: the first does not pay for metering yet, the second does
FILES = {"footprint.svg", "footprint.parquet", "finding.txt", "footprint.json", "report.html", "run"}


@dataclass(frozen=True, slots=True)
class Options:
    """How the study is made; `returns`, `a_decade` and `rungs` make it smaller for tests."""

    out: Path
    engine: str = "eth-tester"
    processes: int = 2
    replace: bool = False
    command: str = "wattpost study footprint"
    returns: Sequence[float] = RETURNS
    a_decade: int = A_DECADE
    rungs: int = RUNGS


@dataclass(frozen=True, slots=True)
class Study:
    """What came of it; `layers` says what each real layer does to the market."""

    scenario: Scenario
    gas: Gas
    branches: tuple[Branch, ...]
    finding: str

    def to_json(self) -> dict[str, Any]:
        return {
            "study": "footprint",
            "scenario": self.scenario.name,
            "sha256": self.scenario.sha256,
            "seed": self.scenario.seed,
            "gas": asdict(self.gas),
            "finding": self.finding,
            "layers": {name: layer.joules_per_gas for name, layer in LAYERS.items()},
            "ends": [
                {"c": each.c, "first_leaves": each.ends and each.ends[0], "trade_ends": each.ends and each.ends[1]}
                for each in self.branches
            ],
            "points": [asdict(point) for each in self.branches for point in each.points],
        }


def study(scenario: Scenario, options: Options, progress: Progress) -> Study:
    """Run, sweep, draw; leaves a folder, whole or not at all.

    Raises RunError, and the one-sentence errors of a run.
    """
    economy = economy_of(scenario)
    if not economy.standard or len(economy.producers) < 2:
        raise RunError(f"{scenario.source}: the study needs standard agents and at least two producers.")
    with run_folder(options.out, options.replace, FILES) as folder:
        gas = gas_of_a_run(scenario, folder / "run", options, progress)
        branches = sweep(economy, gas, options, progress)
        progress.stage("drawing")
        words = finding(branches, gas)
        found = Study(scenario, gas, branches, words)
        figure = footprint(branches, gas, title(branches), note(branches, scenario))
        from wattpost.study.page import render
        from wattpost.study.standalone import standalone

        write_atomically(folder / "footprint.svg", standalone(figure))
        write_atomically(folder / "finding.txt", words + "\n")
        write_atomically(folder / "footprint.json", json.dumps(found.to_json(), indent=2) + "\n")
        write_table(folder / "footprint.parquet", branches)
        close = ending(branches, gas)
        made = page(branches, gas, (figure, close) if close else (figure,), words, scenario, options.command)
        write_atomically(folder / "report.html", render(made))
    return found


def gas_of_a_run(scenario: Scenario, folder: Path, options: Options, progress: Progress) -> Gas:
    """What a standard agent's and a producer's last day took, from the receipts of a run on a chain."""
    from statistics import mean

    import pyarrow.parquet as pq

    wanted = runs.with_changes(scenario, days=DAYS)
    outcome = runs.run(
        wanted,
        runs.Options(engine=options.engine, out=folder, processes=options.processes, command=options.command),
        progress,
    )
    if outcome.verdict != "clean":
        raise RunError(f"The run that was to measure gas ended with the audit's verdict {outcome.verdict!r}.")
    rows = [row for row in pq.read_table(folder / "agents.parquet").to_pylist() if row["day"] == DAYS]
    taken = {
        kind: [row["own_gas"] + row["shared_gas"] for row in rows if row["kind"] == kind and row["submitted"]]
        for kind in ("standard", "producer")
    }
    if not all(taken.values()):
        raise RunError("On the last day of the run no agent of one kind took part, so its gas is not known.")
    return Gas(float(mean(taken["standard"])), float(mean(taken["producer"])))


def sweep(economy: Economy, gas: Gas, options: Options, progress: Progress) -> tuple[Branch, ...]:
    """A branch for every c."""
    branches = []
    for c in options.returns:
        progress.stage(f"solving, c = {c:g}")
        wanted = plan(economy, c, gas, a_decade=options.a_decade, rungs=options.rungs)
        done = count(1)
        branches.append(follow(wanted, lambda: progress.advance(next(done), len(wanted.joules))))  # noqa: B023
    return tuple(branches)


def write_table(path: Path, branches: Sequence[Branch]) -> None:
    """A row for every point, its columns those of `Point`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"int": pa.int32(), "float": pa.float64(), "str": pa.string(), "bool": pa.bool_()}
    columns = [(each.name, str(each.type).removesuffix(" | None"), "None" in str(each.type)) for each in fields(Point)]
    schema = pa.schema([pa.field(name, kinds[kind], nullable=empty) for name, kind, empty in columns])
    rows = [asdict(point) for each in branches for point in each.points]
    with whole_file(path) as beside:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), beside, compression="zstd")
