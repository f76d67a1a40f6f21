"""Run folders: complete, or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from wattpost.study.job import RunError

FILES = {
    "manifest.json",
    "deployment.json",
    "chain.jsonl.gz",
    "days.parquet",
    "agents.parquet",
    "audit.json",
    "report.html",
}


@contextmanager
def run_folder(out: Path, replace_old: bool, files: Collection[str] = FILES) -> Iterator[Path]:
    """A folder beside the wanted one, moved to its place when the run is complete, else removed.

    files : what such a folder may hold; an older one with anything else in it is not replaced

    Raises RunError before anything is started if the place cannot be written or holds something else.
    """
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file: choose a folder with --out.")
    foreign = [each.name for each in out.iterdir() if each.name not in files] if out.is_dir() else []
    if out.is_dir() and any(out.iterdir()) and (foreign or not replace_old):
        remedy = "choose another with --out" if foreign else "choose another with --out, or add --replace"
        raise RunError(f"The folder {out} is not empty: {remedy}.")
    beside = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True)
        (beside / "manifest.json").write_text(" " * 4096)  # a full disk shows itself before the run, not after
        (beside / "manifest.json").unlink()
    except OSError as error:
        raise RunError(f"The folder {out} cannot be written: {error.strerror}.") from None
    try:
        yield beside
        if out.exists():
            shutil.rmtree(out)
        beside.replace(out)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
