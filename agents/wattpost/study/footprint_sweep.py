"""One economy under ever dearer verification: the same agents, the same gas, kappa from nothing to where trade ends.

Returns to scale are varied at equal size: the plants' technologies for another c cross the scenario's own at the
inputs it uses, and are then scaled so that the market without verification is as large.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wattpost.energy import LAYERS
from wattpost.game import Economy
from wattpost.study.footprint_gas import Gas
from wattpost.study.footprint_point import Point, reference_of, solve_point
from wattpost.study.footprint_returns import HIGHEST, JOULES_PER_KWH, LOWEST, with_returns
from wattpost.study.footprint_theory import Street, street_of

A_DECADE = 2
NEAR_THE_END = (0.03, 0.06, 0.12, 0.2, 0.3, 0.42, 0.56, 0.7, 0.85, 0.96)  # of where the first agent leaves
RUNGS = 8  # of the staircase down, from the first home that leaves to the last
HALVINGS = 6  # of the interval in which trade ends, where theory does not say where


@dataclass(frozen=True, slots=True)
class Branch:
    """The whole sweep for one c.

    street : what the closed form is of; None where it does not apply
    ends : J/gas at which, in theory, the first and the last home leave
    chain_end : the same of the last, where those that stay share the gas that is fixed, as on a chain
    against : what welfare is measured against
    """

    c: float
    points: tuple[Point, ...]
    street: Street | None
    ends: tuple[float, float] | None
    chain_end: float | None
    against: str

    def at(self, joules: float) -> Point:
        """The point of a layer."""
        return min(self.points, key=lambda point: abs(point.joules_per_gas - joules))

    @property
    def traded(self) -> list[Point]:
        return [point for point in self.points if point.homes]


@dataclass(frozen=True, slots=True)
class Plan:
    """An economy with returns c, and the J/gas at which it is solved."""

    c: float
    economy: Economy
    gas: Gas
    street: Street | None
    ends: tuple[float, float] | None
    joules: tuple[float, ...]


def plan(economy: Economy, c: float, gas: Gas, *, a_decade: int = A_DECADE, rungs: int = RUNGS) -> Plan:
    """A grid, the real layers, and more where agents leave, as far as theory says where."""
    plain = with_returns(economy, c, gas)
    street = street_of(plain)
    wanted = {*grid_of(a_decade), *(layer.joules_per_gas for layer in LAYERS.values())}
    ends = None
    if street:
        ends = _ends(street, gas)
        wanted |= set(near(street, gas, ends, rungs))
    return Plan(c, plain, gas, street, ends, tuple(sorted(wanted)))


def follow(plan: Plan, tell: Callable[[], object]) -> Branch:
    """Solve every point of a plan; `tell` hears of each."""
    reference, against = reference_of(plan.economy, plan.gas)

    def at(joules: float) -> Point:
        found = solve_point(plan.economy, plan.c, plan.gas, joules, reference, plan.street)
        tell()
        return found

    points = [at(joules) for joules in plan.joules]
    if plan.ends is None:
        _search_for_the_end(points, at)
    chain_end = None
    if plan.street and plan.gas.heads:
        chain_end = plan.street.threshold_among(plan.gas.among) * JOULES_PER_KWH
    return Branch(plan.c, tuple(points), plan.street, plan.ends, chain_end, against)


def grid_of(a_decade: int) -> list[float]:
    """J/gas, equally spaced in logarithms.

    >>> [f"{joules:.3g}" for joules in grid_of(1)][:3], len(grid_of(1))
    (['0.000316', '0.00316', '0.0316'], 10)
    """
    decades = math.log10(HIGHEST / LOWEST)
    return [LOWEST * 10 ** (step / a_decade) for step in range(round(decades * a_decade) + 1)]


def near(street: Street, gas: Gas, ends: tuple[float, float], rungs: int) -> Iterator[float]:
    """J/gas close to where homes begin to leave, and on rungs of the staircase that follows.

    In the middle of each: at its ends somebody has next to nothing, and what is next to nothing has no certificate.
    """
    first, last = ends
    yield from (first * part for part in NEAR_THE_END[:: max(1, len(NEAR_THE_END) // max(rungs, 1))])
    falls = [street.threshold(gas.home, gas.plant, homes) * JOULES_PER_KWH for homes in range(street.homes, 0, -1)]
    steps = [(high, low) for high, low in pairwise(falls) if low > high * (1 + 1e-4)]
    for place in {round(rung * (len(steps) - 1) / max(rungs - 1, 1)) for rung in range(rungs if steps else 0)}:
        yield math.sqrt(steps[place][0] * steps[place][1])
    if last > first * 1.001:
        yield last * 1.02


def _ends(street: Street, gas: Gas) -> tuple[float, float]:
    first, last = (street.threshold(gas.home, gas.plant, homes) * JOULES_PER_KWH for homes in (street.homes, 1))
    return first, last


def _search_for_the_end(points: list[Point], at: Callable[[float], Point]) -> None:
    """Halve, again and again, the interval over which most agents leave."""
    for _ in range(HALVINGS):
        steps = [abs(b.homes + b.plants - a.homes - a.plants) for a, b in pairwise(points)]
        place = int(np.argmax(steps))
        if steps[place] <= 1:
            break
        middle = math.sqrt(points[place].joules_per_gas * points[place + 1].joules_per_gas)
        points.insert(place + 1, at(middle))
