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
from wattpost.study.folder import run_folder
from wattpost.study.footprint_figure import ending, footprint
from wattpost.study.footprint_finding import finding, note, page, title
from wattpost.study.footprint_gas import Gas, measured_gas
from wattpost.study.footprint_point import Point
from wattpost.study.footprint_sweep import A_DECADE, RUNGS, Branch, follow, plan
from wattpost.study.job import Progress, RunError
from wattpost.study.scenario import Scenario
from wattpost.study.solving import economy_of

RETURNS = (0.5, 1.0, 1.2)
FILES = {"footprint.svg", "footprint.parquet", "finding.txt", "footprint.json", "report.html", "run", "run-half"}


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
                {
                    "c": each.c,
                    "first_leaves": each.ends and each.ends[0],
                    "last_leaves": each.ends and each.ends[1],
                    "last_leaves_on_chain": each.chain_end,
                }
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
        gas = measured_gas(scenario, folder, options.engine, options.processes, progress)
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
