"""Markets of unusual shape run to their end: many periods, any returns to scale, everybody in arrears."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Command, manifest

SHAPE = """
[market]
periods = {periods}
days = {days}
bytecoin = 1000.0

[[standard]]
name = "home"
count = {homes}
endowment = 10.0
utility = {{ form = "log", electricity = 1.0, numeraire = 0.1 }}

[[producer]]
name = "plant"
count = {plants}
theta = 2.0
c = {c}
capacity = 5.0
utility = {{ form = "log", electricity = 0.1, numeraire = 0.8 }}

[verification]
joules_per_gas = {joules}
"""


@pytest.mark.parametrize(
    ("periods", "homes", "plants", "c", "joules"),
    [(48, 3, 2, 0.7, 0.24), (24, 3, 12, 0.3, 0.24), (1, 2, 2, 1.0, 1e-6), (2, 16, 6, 0.5, 2000.0)],
    ids=["T=48", "T=24, twelve plants", "T=1, c=1", "proof of work"],
)
def test_a_market_of_any_shape__runs_to_its_end(
    tmp_path: Path, command: Command, periods: int, homes: int, plants: int, c: float, joules: float
) -> None:
    days = 3 if joules > 1_000 else 2  # who leaves waits until prices have been seen to move
    text = SHAPE.format(days=days, periods=periods, homes=homes, plants=plants, c=c, joules=joules)
    (tmp_path / "shape.toml").write_text(text)
    done = command("run", "shape.toml", "--processes", "2", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-500:]
    assert "Audit: clean" in done.stdout
    incidents = manifest(tmp_path / "run")["incidents"]
    assert all("of what its payments burn" in incident for incident in incidents)
    assert bool(incidents) == (joules > 1_000)
