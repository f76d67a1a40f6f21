"""One economy under ever dearer verification: the same agents, the same gas, kappa from nothing to where trade ends.

Returns to scale are varied at equal size: the plants' technologies for another c cross the scenario's own at the
inputs it uses, and are then scaled so that the market without verification is as large.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from wattpost.energy import LAYERS
from wattpost.game import Economy, Producer, Solution, Standard, equivalent, loss, solve_competitive, solve_nash
from wattpost.study.footprint_gas import Gas
from wattpost.study.footprint_theory import Street, street_of

JOULES_PER_KWH = 3.6e6
LOWEST, HIGHEST = 10**-3.5, 10**5.5  # J/gas: nine decades, from a consortium to Bitcoin
A_DECADE = 2
NEAR_THE_END = (0.03, 0.06, 0.12, 0.2, 0.3, 0.42, 0.56, 0.7, 0.85)  # of where the first agent leaves
RUNGS = 8  # of the staircase down, from the first home that leaves to the last
HALVINGS = 6  # of the interval in which trade ends, where theory does not say where


@dataclass(frozen=True, slots=True)
class Point:
    """The market at one kappa; money in units of the good, energies in kWh a day.

    welfare : mean over standard agents of what they have, as a part of what competition without verification would
        give them (in consumption equivalents); competition_loss : what market power alone costs those who take part,
        against competition that burns as much; burnt_share : of all electricity sold
    theory : the closed form's homes, volume, price and burnt share, where it applies
    """

    c: float
    joules_per_gas: float
    home_kwh: float
    plant_kwh: float
    homes: int
    plants: int
    volume: float
    price: float | None
    welfare: float | None
    competition_loss: float | None
    burnt: float
    burnt_share: float | None
    solved: bool
    status: str
    regret: float
    theory_homes: int | None = None
    theory_volume: float | None = None
    theory_price: float | None = None
    theory_burnt_share: float | None = None


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
    reference, against = _reference(plan.economy, plan.gas)

    def at(joules: float) -> Point:
        found = _point(plan, joules, reference)
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
    """J/gas close to where homes begin to leave, and just below each rung of the staircase that follows."""
    first, last = ends
    yield from (first * part for part in NEAR_THE_END[:: max(1, len(NEAR_THE_END) // max(rungs, 1))])
    counts = {round(1 + (street.homes - 1) * rung / max(rungs - 1, 1)) for rung in range(rungs)} if rungs else set()
    for homes in counts:
        yield street.threshold(gas.home, gas.plant, homes) * JOULES_PER_KWH * (1 - 1e-6)
    if last > first * 1.001:
        yield last * 1.02


def with_returns(economy: Economy, c: float, gas: Gas) -> Economy:
    """The economy with plants of returns c, as large without verification as with its own."""
    if all(plant.c == c for plant in economy.producers):
        return economy
    own = solve_nash(_burning(economy, LOWEST, gas))
    made = own.offers[len(economy.standard) :]
    plants = []
    for plant, row in zip(economy.producers, made, strict=True):
        output = float(row[row > 0].mean()) if (row > 0).any() else plant.theta
        inputs = (output / plant.theta) ** (1 / plant.c)
        plants.append(replace(plant, theta=output / inputs**c, c=c))
    scale = float(own.totals.sum())
    for _ in range(3):
        volume = _volume(Economy(economy.periods, economy.standard, tuple(plants)), gas)
        if volume <= 0 or abs(volume / scale - 1) < 1e-6:
            break
        plants = [replace(plant, theta=plant.theta * scale / volume) for plant in plants]
    return Economy(economy.periods, economy.standard, tuple(plants))


def _volume(economy: Economy, gas: Gas) -> float:
    """kWh sold when next to nothing is burnt."""
    street = street_of(economy)
    if street:
        return street.deal(gas.home * LOWEST / JOULES_PER_KWH, gas.plant * LOWEST / JOULES_PER_KWH).volume
    return float(solve_nash(_burning(economy, LOWEST, gas)).totals.sum())


def cannot_trade(economy: Economy, home: float, plant: float) -> bool:
    """Whether what verification burns exceeds all that plants could make, whoever takes part: then nobody trades.

    With M' homes, inputs are at most the M' largest endowments, and needed are M' homes' and two plants' verification.
    """
    owned = np.cumsum(sorted((each.endowment for each in economy.standard), reverse=True))
    needed = home * np.arange(1, owned.size + 1) + 2 * plant
    return bool(np.all(needed >= [_most(economy.producers, float(inputs)) for inputs in owned]))


def _most(plants: Sequence[Producer], inputs: float) -> float:
    """No less than all plants can make together in a day of so many units of the good."""
    periods = plants[0].periods
    bound = 0.0
    for c in {plant.c for plant in plants}:
        thetas = np.array([plant.theta for plant in plants if plant.c == c])
        if c < 1:  # inputs are spread over plants and periods
            bound += float((periods * np.sum(thetas ** (1 / (1 - c)))) ** (1 - c)) * inputs**c
        else:  # all in one place
            bound += float(thetas.max()) * inputs**c
    return min(bound, float(sum(plant.limits.sum() for plant in plants)))


def _burning(economy: Economy, joules: float, gas: Gas) -> Economy:
    daily = [gas.home] * len(economy.standard) + [gas.plant] * len(economy.producers)
    kwh = joules / JOULES_PER_KWH * np.array(daily)
    profile = economy.profile if isinstance(economy.profile, np.ndarray) else np.full(economy.periods, 1.0)
    return replace(economy, verification=np.outer(kwh, profile / profile.sum()))


def _reference(economy: Economy, gas: Gas) -> tuple[Solution, str]:
    """Competition without verification; where there is none, the market as it is without verification."""
    competition = solve_competitive(economy)
    if competition.solved and competition.open.any():
        return competition, "competition without verification"
    return solve_nash(_burning(economy, LOWEST, gas)), "this market without verification"


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


def _point(plan: Plan, joules: float, reference: Solution) -> Point:
    economy, gas, street = plan.economy, plan.gas, plan.street
    home, plant = joules / JOULES_PER_KWH * gas.home, joules / JOULES_PER_KWH * gas.plant
    point = Point(
        c=plan.c, joules_per_gas=joules, home_kwh=home, plant_kwh=plant, homes=0, plants=0, volume=0.0, price=None,
        welfare=None, competition_loss=None, burnt=0.0, burnt_share=None, solved=True,
        status="only no trade: verification would burn more than plants can make", regret=0.0,
    )  # fmt: skip
    point = _with_theory(point, street) if street else point
    burning = _burning(economy, joules, gas)
    if cannot_trade(economy, home, plant):
        return replace(point, welfare=_welfare(burning, None, reference))
    found = solve_nash(burning)
    inside, M = found.participants, len(economy.standard)
    volume = float(found.totals.sum())
    burnt = float(found.verification_kwh[inside].sum())
    return replace(
        point,
        homes=int(inside[:M].sum()),
        plants=int(inside[M:].sum()),
        volume=volume,
        price=float(np.nansum(found.prices * found.totals) / volume) if volume else None,
        welfare=_welfare(burning, found, reference),
        competition_loss=_competition_loss(burning, found),
        burnt=burnt,
        burnt_share=burnt / volume if volume else None,
        solved=found.solved,
        status=found.status.value,
        regret=float(found.regret),
    )


def _with_theory(point: Point, street: Street) -> Point:
    deal = street.deal(point.home_kwh, point.plant_kwh)
    burnt = deal.homes * point.home_kwh + street.plants * point.plant_kwh
    return replace(
        point,
        theory_homes=deal.homes,
        theory_volume=deal.volume,
        theory_price=deal.price if deal.homes else None,
        theory_burnt_share=burnt / deal.volume if deal.homes else None,
    )


def _welfare(economy: Economy, found: Solution | None, reference: Solution) -> float:
    """Mean over standard agents of 1/(1 + k), where growing by k is worth the reference; 0 where nothing would be."""
    parts = []
    for place, agent in enumerate(economy.standard):
        here = found is not None and bool(found.participants[place])
        now = float(found.utilities[place]) if found is not None and here else _outside(agent)
        best = float(reference.utilities[place])
        if not math.isfinite(now):
            parts.append(0.0)
            continue
        kwh = found.consumption[place] if found is not None else np.zeros(economy.periods)
        good = float(found.numeraire[place]) if found is not None else agent.endowment
        if now <= best:
            parts.append(1 / (1 + equivalent(agent.utility, kwh, good, best)))
        else:
            parts.append(
                1 + equivalent(agent.utility, reference.consumption[place], float(reference.numeraire[place]), now)
            )
    return float(np.mean(parts))


def _outside(agent: Standard) -> float:
    return agent.utility.value(np.zeros(agent.periods), agent.endowment)


def _competition_loss(economy: Economy, found: Solution) -> float | None:
    if not found.participants.any():
        return None
    competition = solve_competitive(economy, participants=found.participants)
    if not competition.solved or not competition.open.any():
        return None
    return loss(economy, competition, found).mean
