"""A scenario as an economy for the solvers: verification from its gas and its layer, nothing from a chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from wattpost.game import Economy, Producer, Standard, solve_to_json
from wattpost.study.intensity import intensity
from wattpost.study.scenario import Scenario, ScenarioError

ATTO = 1e18  # kappa is a whole number of 10^-18 kWh per gas


def economy_of(scenario: Scenario) -> Economy:
    """The scenario's agents, each burning kappa times the gas that the scenario assumes, laid over the periods.

    Raises ScenarioError where the agents make no economy.
    """
    verification = scenario.verification
    daily = intensity(verification).kappa / ATTO * verification.gas
    standard = tuple(agent for agent in scenario.agents if isinstance(agent, Standard))
    producers = tuple(agent for agent in scenario.agents if isinstance(agent, Producer))
    payers = np.array([1.0] * len(standard) + [float(verification.payers == "all")] * len(producers))
    burnt = daily * np.outer(payers, np.array(verification.profile))
    try:
        return Economy(scenario.periods, standard, producers, burnt)
    except ValueError as problem:
        raise ScenarioError(f"{scenario.source}: {str(problem).rstrip('.')}.") from None


def solve(scenario: Scenario) -> dict[str, Any]:
    """Nash and competitive equilibrium with certificates, as `wattpost solve --json` writes them."""
    return {"scenario": scenario.name, "sha256": scenario.sha256} | solve_to_json(economy_of(scenario))
