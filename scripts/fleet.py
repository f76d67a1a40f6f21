"""`ape run fleet [SCENARIO]`: play a whole market on Ape's local network."""

from __future__ import annotations

from pathlib import Path

import click
from ape.cli import ConnectedProviderCommand

from wattpost.chain.engine.ape_local import connected
from wattpost.study import run as runs
from wattpost.study.scenario import load
from wattpost.study.summary import Bars, show


@click.command(cls=ConnectedProviderCommand)
@click.argument("scenario", default="tiny")
@click.option("--out", type=Path, default=Path("runs/ape"), help="Run folder; an earlier run in it is replaced.")
def cli(scenario: str, out: Path) -> None:
    """Agent processes trade SCENARIO; the folder is then what `ape run audit` reads."""
    options = runs.Options(out=out, replace=True, command=f"ape run fleet {scenario}")
    with connected() as engine, Bars() as bars:
        outcome = runs.run(load(scenario), options, bars, engine=engine)
    show(outcome)
