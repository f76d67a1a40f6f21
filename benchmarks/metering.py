"""What metering adds to a run: `python benchmarks/metering.py [SCENARIO] [DAYS]`, on every engine there is.

Metering is all that would not happen without it: reading the day's receipts, keeping the books, signing, and executing
the meter's transactions. Its time is taken inside one run, so that a busy machine slows both sides alike.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wattpost.chain.engine import EngineError
from wattpost.chain.engine.anvil import find_anvil
from wattpost.fleet.meter import Meter
from wattpost.study.run import Options, run, with_changes
from wattpost.study.scenario import load
from wattpost.study.summary import Bars, show_rows


def main(arguments: Sequence[str]) -> None:
    name = arguments[0] if arguments else "solar-day"
    days = int(arguments[1]) if len(arguments) > 1 else 6
    engines = ["eth-tester"]
    try:
        find_anvil()
        engines.append("anvil")
    except EngineError as problem:
        print(problem)
    show_rows([measured(name, days, engine) for engine in engines])


def measured(name: str, days: int, engine: str) -> dict[str, Any]:
    spent = 0.0
    post = Meter.post

    def timed(self: Meter, *given: Any) -> None:
        nonlocal spent
        start = time.perf_counter()
        post(self, *given)
        spent += time.perf_counter() - start

    Meter.post = timed  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder, Bars() as bars:
            start = time.perf_counter()
            outcome = run(with_changes(load(name), days=days), Options(engine, Path(folder) / "run"), bars)
            whole = time.perf_counter() - start
    finally:
        Meter.post = post  # type: ignore[method-assign]
    trading = outcome.timings["days"]
    return {
        "engine": engine,
        "scenario": name,
        "days": days,
        "metering, s": spent,
        "adds to the run, %": 100 * spent / (whole - spent),
        "adds to its days, %": 100 * spent / (trading - spent),
        "run, s": whole,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
