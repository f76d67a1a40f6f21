"""One point of the footprint: the market at one kappa, solved, certified, and set beside competition and theory."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from wattpost.game import Economy, Solution, Standard, equivalent, loss, solve_competitive, solve_nash
from wattpost.study.footprint_gas import Gas
from wattpost.study.footprint_returns import JOULES_PER_KWH, LOWEST, burning, cannot_trade
from wattpost.study.footprint_theory import Street


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
    theory_plants: int | None = None
    theory_volume: float | None = None
    theory_price: float | None = None
    theory_burnt_share: float | None = None


def reference_of(economy: Economy, gas: Gas) -> tuple[Solution, str]:
    """Competition without verification; where there is none, the market as it is without verification."""
    competition = solve_competitive(economy)
    if competition.solved and competition.open.any():
        return competition, "competition without verification"
    return solve_nash(burning(economy, LOWEST, gas)), "this market without verification"


def solve_point(
    economy: Economy, c: float, gas: Gas, joules: float, reference: Solution, street: Street | None
) -> Point:
    """The Nash equilibrium where each agent burns its gas times `joules`, beside the closed form where there is one."""
    home, plant = joules / JOULES_PER_KWH * gas.home, joules / JOULES_PER_KWH * gas.plant
    point = Point(
        c=c, joules_per_gas=joules, home_kwh=home, plant_kwh=plant, homes=0, plants=0, volume=0.0, price=None,
        welfare=None, competition_loss=None, burnt=0.0, burnt_share=None, solved=True,
        status="only no trade: verification would burn more than plants can make", regret=0.0,
    )  # fmt: skip
    point = _with_theory(point, street) if street else point
    burnt_by = burning(economy, joules, gas)
    if cannot_trade(economy, home, plant):
        return replace(point, welfare=_welfare(burnt_by, None, reference))
    found = solve_nash(burnt_by)
    inside, M = found.participants, len(economy.standard)
    volume = float(found.totals.sum())
    burnt = float(found.verification_kwh[inside].sum())
    return replace(
        point,
        homes=int(inside[:M].sum()),
        plants=int(inside[M:].sum()),
        volume=volume,
        price=float(np.nansum(found.prices * found.totals) / volume) if volume else None,
        welfare=_welfare(burnt_by, found, reference),
        competition_loss=_competition_loss(burnt_by, found),
        burnt=burnt,
        burnt_share=burnt / volume if volume else None,
        solved=found.solved,
        status=found.status.value,
        regret=float(found.regret),
    )


def _with_theory(point: Point, street: Street) -> Point:
    deal = street.deal(point.home_kwh, point.plant_kwh)
    burnt = deal.homes * point.home_kwh + deal.plants * point.plant_kwh
    return replace(
        point,
        theory_homes=deal.homes,
        theory_plants=deal.plants,
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
