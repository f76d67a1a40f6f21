"""A scenario as an economy for the solvers: verification from its gas and its layer, nothing from a chain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from wattpost.fleet.expectations import distribution_of
from wattpost.game import (
    Economy,
    Inventory,
    Producer,
    Standard,
    States,
    cartel_to_json,
    parameter,
    sensitivity_to_json,
    solve_cartel,
    solve_nash,
    solve_to_json,
)
from wattpost.game import sensitivity as derivatives
from wattpost.game.arrays import FloatArray
from wattpost.study.intensity import intensity
from wattpost.study.scenario import Scenario, ScenarioError

ATTO = 1e18  # kappa is a whole number of 10^-18 kWh per gas


def economy_of(scenario: Scenario) -> Economy:
    """The scenario's agents, each burning kappa times the gas that the scenario assumes, laid over the periods; where
    validation is uncertain, times what each state comes to; where it is paid from a store, what is bought for that.

    Raises ScenarioError where the agents make no economy.
    """
    verification = scenario.verification
    daily = intensity(verification).kappa / ATTO * verification.gas
    standard = tuple(agent for agent in scenario.agents if isinstance(agent, Standard))
    producers = tuple(agent for agent in scenario.agents if isinstance(agent, Producer))
    payers = np.array([1.0] * len(standard) + [float(verification.payers == "all")] * len(producers))
    burnt: FloatArray | States = daily * np.outer(payers, np.array(verification.profile))
    uncertain = distribution_of(verification.states)
    if uncertain:
        burnt = States.scaled(burnt, *uncertain)  # type: ignore[arg-type]
    if verification.financing == "inventory":
        burnt = Inventory(verification.efficiency).steady(burnt)  # type: ignore[assignment]
    try:
        return Economy(scenario.periods, standard, producers, burnt, np.array(verification.profile))
    except ValueError as problem:
        raise ScenarioError(f"{scenario.source}: {str(problem).rstrip('.')}.") from None


def solve(scenario: Scenario, *, cartel: str | None = None, sensitivity: Sequence[str] = ()) -> dict[str, Any]:
    """Nash and competitive equilibrium with certificates, as `wattpost solve --json` writes them.

    cartel : names of agents or groups, with commas between them; their outcome, and what joining and leaving would
        bring each, comes under `cartel`
    sensitivity : parameters, such as `theta:solar-1`; derivatives of the Nash equilibrium come under `sensitivity`
    Raises ScenarioError where a name is not one, and where a cartel is not solved for, with the agent and the reason.
    """
    economy = economy_of(scenario)
    members = None if cartel is None else members_of(scenario, cartel)
    kappa = intensity(scenario.verification).kappa / ATTO
    try:
        named = [(name, *parameter(economy, name, kappa=kappa)) for name in sensitivity]
        nash = solve_nash(economy)
        found = {"scenario": scenario.name, "sha256": scenario.sha256} | solve_to_json(economy, nash=nash)
        if members is not None:
            found["cartel"] = cartel_to_json(economy, solve_cartel(economy, members, nash=nash))
        if named:
            found["sensitivity"] = [
                sensitivity_to_json(name, now, derivatives(build, now, nash)) for name, build, now in named
            ]
    except ValueError as problem:
        raise ScenarioError(f"{scenario.source}: {str(problem).rstrip('.')}.") from None
    return found


def members_of(scenario: Scenario, names: str) -> tuple[int, ...]:
    """Places of the agents that `names` lists; a group's name stands for all of `home-1`, `home-2`, ..."""
    places: set[int] = set()
    for name in (part.strip() for part in names.split(",")):
        group = re.compile(re.escape(name) + r"(-[0-9]+)?")
        exact = [i for i, agent in enumerate(scenario.agents) if agent.name == name]
        found = exact or [i for i, agent in enumerate(scenario.agents) if group.fullmatch(agent.name)]
        if not found:
            raise ScenarioError(f'{scenario.source}: no agent or group is called "{name}".')
        places.update(found)
    return tuple(sorted(places))
