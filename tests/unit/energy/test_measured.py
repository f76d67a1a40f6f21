"""The layer `measured`: the division, the clocks it rests on, and refusals."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wattpost.energy import KappaError, Measurement, measured
from wattpost.energy.measured import cpu_clock, joules_between, package_counters

GOOD = Measurement("anvil", "3 transfers", gas=72_000_000, cpu_seconds=1.5, watts_per_core=12.0)


def test_a_measurement__is_cpu_seconds_times_watts_over_gas() -> None:
    assert GOOD.joules_per_gas == 1.5 * 12.0 / 72_000_000  # 2.5e-7 J, 6.94e-14 kWh
    assert GOOD.kappa == 69_444


def test_a_measurement__says_how_it_was_obtained() -> None:
    for words in ("one anvil node", "3 transfers", "72,000,000 gas", "1.50 CPU seconds", "12 W", "2.5e-07 J/gas"):
        assert words in GOOD.how
    assert "no energy counter" in GOOD.how
    counted = Measurement("anvil", "3 transfers", 72_000_000, 1.5, 12.0, counter_joules=36.0)
    assert "read 36.0 J" in counted.how and "5e-07 J/gas" in counted.how


def test_a_measurement__survives_being_written_down() -> None:
    assert Measurement.from_json(GOOD.to_json()) == GOOD


@pytest.mark.parametrize("stated", [None, {}, {"gas": 1}, GOOD.to_json() | {"gas": 0}, GOOD.to_json() | {"gas": "x"}])
def test_a_measurement__that_is_not_whole__is_refused(stated: object) -> None:
    with pytest.raises(KappaError):
        Measurement.from_json(stated)


@pytest.mark.parametrize("watts", [0.0, -5.0, float("nan"), float("inf"), 1e6])
def test_absurd_watts__are_one_sentence(watts: float) -> None:
    with pytest.raises(KappaError, match="watts per core must be"):
        Measurement("anvil", "3 transfers", 1, 1.0, watts)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_load_that_took_no_time__measures_nothing(seconds: float) -> None:
    with pytest.raises(KappaError, match="no load"):
        Measurement("anvil", "3 transfers", 1, seconds, 10.0)


def test_the_clock_of_another_process__runs_while_it_works() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        clock = cpu_clock(busy.pid)
        until = time.monotonic() + 20
        while clock() < 0.2 and time.monotonic() < until:
            time.sleep(0.05)
        seconds = clock()
        busy.kill()
    assert seconds >= 0.2


def test_the_clock_of_this_process__is_its_own() -> None:
    assert cpu_clock(os.getpid()) is time.process_time


def test_a_process_that_cannot_be_read__is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measured, "PROC", tmp_path)
    with pytest.raises(KappaError, match="process 41, cannot be read"):
        cpu_clock(41)


def test_package_counters__are_those_of_whole_packages_that_can_be_read(tmp_path: Path) -> None:
    for name, energy in (("intel-rapl:0", "5000000"), ("intel-rapl:0:0", "1"), ("intel-rapl:1", None)):
        (tmp_path / name).mkdir()
        if energy:
            (tmp_path / name / "energy_uj").write_text(energy + "\n")
            (tmp_path / name / "max_energy_range_uj").write_text("262143328850\n")
    assert package_counters(tmp_path) == {"intel-rapl:0": (5_000_000, 262_143_328_850)}
    assert package_counters(tmp_path / "none") == {}


def test_joules_between__knows_that_counters_begin_again() -> None:
    assert joules_between({"a": (7_000_000, 9), "b": (8, 9)}, {}) is None
    before, after = {"a": (90, 99), "b": (1_000, 9_999)}, {"a": (10, 99), "b": (3_000, 9_999)}
    assert joules_between(before, after) == pytest.approx(2_020e-6)
