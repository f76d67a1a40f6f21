"""Real runs through the real command, in folders of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wattpost.chain.engine import EngineError
from wattpost.chain.engine.anvil import find_anvil

Command = Callable[..., subprocess.CompletedProcess[str]]

SMALL = """
[market]
name = "small"
about = "one day, for tests"
periods = 1
days = {days}
seed = 3
bytecoin = 100.0
window = {window}

[[standard]]
name = "home"
count = 2
endowment = 10.0
utility = {{ form = "log", electricity = [1.0], numeraire = 0.0 }}

[[producer]]
name = "plant"
count = 2
theta = 2.0
c = 0.5
capacity = 5.0
utility = {{ form = "log", electricity = [0.1], numeraire = 0.8 }}
"""


def wattpost(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, as a user would type it."""
    return subprocess.run(
        [sys.executable, "-m", "wattpost", *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture
def command() -> Command:
    return wattpost


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """Writes a scenario of two homes and two plants."""

    def write(days: int = 1, window: int = 600, change: Callable[[str], str] = lambda text: text) -> Path:
        path = tmp_path / "small.toml"
        path.write_text(change(SMALL.format(days=days, window=window)))
        return path

    return write


def have_anvil() -> bool:
    try:
        find_anvil()
    except EngineError:
        return False
    return True


needs_anvil = pytest.mark.skipif(not have_anvil(), reason="anvil is not installed: run make anvil")


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return content


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a refusal is; exit code 2, no traceback."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    said = [line for line in result.stderr.splitlines() if line.startswith("wattpost: ")]
    assert len(said) == 1, result.stderr
    return said[0].removeprefix("wattpost: ")
