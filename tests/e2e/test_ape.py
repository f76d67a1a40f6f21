"""Ape's commands, thin over the same package, on Ape's local network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("ape")  # one process compiles into .build
LOCAL = ("--network", "ethereum:local:test")


def ape(*arguments: str) -> subprocess.CompletedProcess[str]:
    scripts = str(Path(sys.executable).parent)  # ape looks for `vyper` on PATH
    environment = os.environ | {"PATH": scripts + os.pathsep + os.environ["PATH"]}
    return subprocess.run(
        [str(Path(scripts) / "ape"), *arguments],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_ape_compile__compiles_the_deployed_contracts() -> None:
    done = ape("compile", "--force")
    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout + done.stderr


def test_ape_run_deploy__founds_a_market() -> None:
    done = ape("run", "deploy", *LOCAL)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^0x[0-9a-f]{40}  (\w+)$", done.stdout, re.MULTILINE) == ["Bytecoin", "Registry", "Market"]


def test_ape_run_fleet_and_audit__play_a_market_and_find_it_clean(tmp_path: Path) -> None:
    played = ape("run", "fleet", "--out", str(tmp_path / "run"), *LOCAL)
    assert played.returncode == 0, played.stderr
    assert "Audit: clean" in played.stdout
    audited = ape("run", "audit", str(tmp_path / "run"))
    assert audited.returncode == 0, audited.stdout
    assert "Verdict: clean" in audited.stdout
