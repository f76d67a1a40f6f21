"""`wattpost study NAME`: each study a question, a figure, a table and an answer in numbers."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

studies = typer.Typer(help="Experiments and sweeps, each with a question, a figure and an answer in numbers.")


@studies.callback()
def _group() -> None:
    """Keeps `wattpost study footprint` a command of a group, whatever their number."""


@studies.command()
def footprint(
    scenario: Annotated[
        str, typer.Option(help="A built-in name, a TOML file, or the folder of an earlier run.", metavar="SCENARIO")
    ] = "street",
    out: Annotated[Path | None, typer.Option(help="Folder for the results; by default a new one below runs/.")] = None,
    engine: Annotated[
        str, typer.Option(help="Engine of the run that measures gas: eth-tester or anvil.")
    ] = "eth-tester",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the finding and every point here too; - for the screen.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier study in the same folder.")] = False,
) -> None:
    """Where does verification end a market? Energy per gas over nine decades, with the gas that a real run took.

    Leaves footprint.svg, footprint.parquet, footprint.json, finding.txt, report.html and the run. Takes minutes.
    """
    from wattpost.study import footprint as study
    from wattpost.study.repeating import load_any
    from wattpost.study.summary import Bars

    folder = out or new_folder("footprint")
    options = study.Options(out=folder, engine=engine, replace=replace, command=shlex.join(["wattpost", *sys.argv[1:]]))
    with Bars() as progress:
        found = study.study(load_any(scenario), options, progress)
    if json_file:
        write(json.dumps(found.to_json(), indent=2), json_file)
    if str(json_file) != "-":
        typer.echo(found.finding)
        typer.echo(f"Report: {folder / 'report.html'}")


def write(text: str, target: Path) -> None:
    """To a file, whole or not at all; to the screen where the target is -."""
    if str(target) == "-":
        typer.echo(text)
        return
    from wattpost.chain.files import write_atomically

    write_atomically(target, text + "\n")


def new_folder(name: str) -> Path:
    """The first of runs/NAME-1, runs/NAME-2, ... that is not there."""
    number = 1
    while Path("runs", f"{name}-{number}").exists():
        number += 1
    return Path("runs", f"{name}-{number}")
