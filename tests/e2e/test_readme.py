"""README's own words, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq

from tests.e2e.conftest import Command

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_policy__plays(tmp_path: Path, command: Command) -> None:
    (policy,) = (block for block in BLOCKS if "class HalfOfIt" in block)
    (tmp_path / "my_module.py").write_text(policy)
    line = next(line for line in README.splitlines() if "--policy my_module:HalfOfIt" in line)
    done = command(*line.split()[1:], "--days", "1", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(tmp_path / "run/agents.parquet").to_pylist()
    assert all(sum(row["bids"]) == 50.0 for row in rows)


def test_the_best_response__is_what_its_comment_says() -> None:
    (block,) = (block for block in BLOCKS if "best_response(" in block)
    *setup, last = block.strip().splitlines()
    expression, _, claimed = last.partition("#")
    names: dict[str, object] = {}
    exec("\n".join(setup), names)
    assert repr(eval(expression, names)) == claimed.strip()
