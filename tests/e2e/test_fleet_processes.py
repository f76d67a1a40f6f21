"""Agents are processes: one each, with a key each, and the market outlives any of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import Command, manifest
from wattpost.fleet.processes import Fleet
from wattpost.study import run as runs
from wattpost.study.scenario import load


class Silent:
    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...


def _watch(monkeypatch: pytest.MonkeyPatch, look: Callable[[Fleet, int], None]) -> None:
    """Call `look` each day, before the operator waits for bids."""
    wait = Fleet.wait_day

    def watched(self: Fleet, day: int, timeout: float) -> set[str]:
        look(self, day)
        return wait(self, day, timeout)

    monkeypatch.setattr(Fleet, "wait_day", watched)


def test_every_agent__has_a_process_and_a_key_of_its_own(
    tmp_path: Path, small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def look(fleet: Fleet, day: int) -> None:
        seen["pids"] = {worker.process.pid for worker in fleet.workers if worker.process.poll() is None}
        seen["names"] = [name for worker in fleet.workers for name in worker.names]

    _watch(monkeypatch, look)
    runs.run(load(small()), runs.Options(out=tmp_path / "run"), Silent())
    rows = pq.read_table(tmp_path / "run/agents.parquet").to_pylist()
    assert len(seen["pids"]) == len(seen["names"]) == len({row["agent"] for row in rows}) == 4
    assert os.getpid() not in seen["pids"]
    assert not any(_alive(pid) for pid in seen["pids"]), "a process outlived its run"


def test_processes__share_agents_out(
    tmp_path: Path, small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    _watch(monkeypatch, lambda fleet, day: counts.append(len(fleet.workers)))
    runs.run(load(small()), runs.Options(out=tmp_path / "run", processes=2), Silent())
    assert counts == [2]
    assert all(row["submitted"] for row in pq.read_table(tmp_path / "run/agents.parquet").to_pylist())


def test_a_killed_agent__sits_days_out_and_the_market_goes_on(
    tmp_path: Path, small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(fleet: Fleet, day: int) -> None:
        if day == 2:
            worker = next(each for each in fleet.workers if each.names == ["home-2"])
            worker.process.send_signal(signal.SIGKILL)
            worker.process.wait()

    _watch(monkeypatch, kill)
    outcome = runs.run(load(small(days=3)), runs.Options(out=tmp_path / "run"), Silent())
    assert outcome.verdict == "clean"
    assert outcome.incidents == ["The process of home-2 ended (killed by signal 9); it sits days out."]
    rows = pq.read_table(tmp_path / "run/agents.parquet").to_pylist()
    absent = [(row["day"], row["name"], row["note"]) for row in rows if not row["submitted"]]
    assert (3, "home-2", "its process is dead") in absent
    assert {name for _, name, _ in absent} == {"home-2"}
    assert "home-2" in (tmp_path / "run/report.html").read_text()
    assert sum(row["bytecoin"] for row in rows if row["day"] == 3) == pytest.approx(400.0, abs=1e-6)


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("tests.e2e.policies:Raises", "its policy raised RuntimeError: no idea"),
        ("tests.e2e.policies:Negative", "The policy decided on an amount that is negative or not a number."),
        ("tests.e2e.policies:Greedy", "The policy decided to bid more bytecoin than the agent holds."),
        ("tests.e2e.policies:Short", "The policy decided on 0 bids and 0 offers for 1 periods."),
        ("tests.e2e.policies:Absent", "its policy chose to"),
    ],
)
def test_a_policy_that_fails__costs_its_agent_the_day_and_nobody_else(
    tmp_path: Path, small: Callable[..., Path], policy: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    options = runs.Options(out=tmp_path / "run", policy=policy, processes=1)
    assert runs.run(load(small()), options, Silent()).verdict == "clean"
    rows = {row["name"]: row for row in pq.read_table(tmp_path / "run/agents.parquet").to_pylist()}
    assert not rows["home-1"]["submitted"] and rows["home-1"]["note"] == why
    assert rows["home-2"]["submitted"] and rows["plant-1"]["submitted"]


def test_ctrl_c__leaves_no_process_and_no_half_written_folder(tmp_path: Path, command: Command) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "wattpost", "run", "tiny", "--days", "500", "--out", str(tmp_path / "run")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    children: set[int] = set()
    until = time.monotonic() + 60
    while len(children) < 5 and time.monotonic() < until:
        children = _children(process.pid)
        time.sleep(0.1)
    assert len(children) == 5
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody gets it
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted" in errors and "Traceback" not in errors
    assert not any(_alive(pid) for pid in children)
    assert list(tmp_path.iterdir()) == []


def test_an_orphaned_agent__ends_with_whoever_started_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "wattpost", "run", "tiny", "--days", "500", "--out", str(tmp_path / "run")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    children: set[int] = set()
    until = time.monotonic() + 60
    while len(children) < 5 and time.monotonic() < until:
        children = _children(process.pid)
        time.sleep(0.1)
    process.kill()
    process.wait()
    until = time.monotonic() + 10
    while any(_alive(pid) for pid in children) and time.monotonic() < until:
        time.sleep(0.1)
    assert len(children) == 5 and not any(_alive(pid) for pid in children)


def test_manifest__names_the_policy(tmp_path: Path, small: Callable[..., Path], command: Command) -> None:
    command("run", str(small()), "--out", str(tmp_path / "run"))
    assert manifest(tmp_path / "run")["policy"] == "best-response"


def _children(pid: int) -> set[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return {int(each) for each in found.split()}


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
