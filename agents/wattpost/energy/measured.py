"""The layer `measured`: what executing one gas burns on the node at hand.

    joules per gas = CPU seconds of the node's process * watts per core / gas executed

One node is measured; a network of n such nodes burns n times as much. Watts per core are stated by whoever measures,
as no process can see them. Where the machine exposes the energy counter of its processor package (RAPL), its reading
over the same load is told beside: it holds all that the machine did meanwhile, so it bounds the figure from above.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wattpost.energy.layers import KappaError, joules_to_kappa

WATTS_PER_CORE = 10.0  # assumed: a server that draws 320 W with 32 busy cores, memory and fans included
MOST_WATTS = 1_000.0
POWERCAP = Path("/sys/class/powercap")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Measurement:
    """A load that ran on a node, and what it took; `counter_joules` is None where no counter can be read."""

    engine: str
    load: str
    gas: int
    cpu_seconds: float
    watts_per_core: float
    counter_joules: float | None = None

    def __post_init__(self) -> None:
        watts(self.watts_per_core)
        if not (math.isfinite(self.cpu_seconds) and self.cpu_seconds > 0 and self.gas > 0):
            raise KappaError(f"{self.gas} gas in {self.cpu_seconds:g} CPU seconds is no load to measure with.")

    @property
    def joules_per_gas(self) -> float:
        """
        >>> Measurement("anvil", "transfers", gas=50_000_000, cpu_seconds=2.0, watts_per_core=10.0).joules_per_gas
        4e-07
        """
        return self.cpu_seconds * self.watts_per_core / self.gas

    @property
    def kappa(self) -> int:
        """10^-18 kWh per gas.

        Raises KappaError where the contract's unit is too coarse for it.
        """
        return joules_to_kappa(self.joules_per_gas)

    @property
    def how(self) -> str:
        """One paragraph that lets a reader redo it."""
        counter = "The machine exposes no energy counter that could be read beside it."
        if self.counter_joules is not None:
            counter = (
                f"The energy counter of the processor package read {self.counter_joules:,.1f} J over the same load, "
                f"{self.counter_joules / self.gas:.3g} J/gas with all else that the machine did."
            )
        seconds, stated = f"{self.cpu_seconds:.2f}", f"{self.watts_per_core:g} W"
        return (
            f"Measured on one {self.engine} node: {self.load} executed {self.gas:,} gas and took {seconds} CPU seconds "
            f"of the node's process; at {stated} a core, which is stated and not measured, {seconds} s x {stated} / "
            f"{self.gas:,} gas = {self.joules_per_gas:.4g} J/gas. {counter}"
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stated: object) -> Measurement:
        """Raises KappaError where something is missing or of no use."""
        try:
            return cls(**dict(stated))  # type: ignore[call-overload]
        except (TypeError, ValueError) as problem:
            if isinstance(problem, KappaError):
                raise
            raise KappaError("What was measured is not written down completely; measure again.") from None


def watts(stated: float) -> float:
    """Watts per core as given, or one sentence."""
    if not 0 < stated <= MOST_WATTS:
        raise KappaError(f"watts per core must be a number above 0 and at most {MOST_WATTS:g}, not {stated:g}.")
    return stated


def cpu_clock(pid: int) -> Callable[[], float]:
    """A clock of the CPU seconds that a process and all its threads have used.

    Raises KappaError where they cannot be read.
    """
    if pid == os.getpid():
        return time.process_time
    ticks = os.sysconf("SC_CLK_TCK")
    path = PROC / str(pid) / "stat"

    def read() -> float:
        try:
            fields = path.read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / ticks  # utime and stime, fields 14 and 15 of proc(5)
        except (OSError, IndexError, ValueError):
            raise KappaError(f"The CPU time of the node, process {pid}, cannot be read on this machine.") from None

    read()
    return read


def package_counters(root: Path = POWERCAP) -> dict[str, tuple[int, int]]:
    """Microjoules of each processor package, and where its counter begins again; empty where none can be read."""
    found = {}
    for zone in sorted(root.glob("intel-rapl:*")):
        if zone.name.count(":") > 1:
            continue  # a part of a package, counted in it already
        try:
            found[zone.name] = int((zone / "energy_uj").read_text()), int((zone / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            continue
    return found


def joules_between(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]]) -> float | None:
    """Joules of all packages, over at most one turn of each counter; None without a counter.

    >>> joules_between({"a": (9_000_000, 9_999_999)}, {"a": (1_000_000, 9_999_999)})
    2.0
    """
    both = before.keys() & after.keys()
    if not both:
        return None
    return sum((after[name][0] - before[name][0]) % (before[name][1] + 1) for name in both) / 1e6
