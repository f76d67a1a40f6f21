"""`ape run audit [DIR]`: verify a run folder, by default the one that `ape run fleet` left."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wattpost.audit import audit_folder
from wattpost.study.summary import show_verdict


@click.command()
@click.argument("folder", type=Path, default=Path("runs/ape"))
def cli(folder: Path) -> None:
    """Exit code 0: clean. 1: violations found. 2: it could not be checked."""
    verdict = audit_folder(folder)
    show_verdict(verdict.to_json())
    sys.exit(verdict.exit_code)
