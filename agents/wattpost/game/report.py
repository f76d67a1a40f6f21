"""A solution as plain lists and numbers, the shape that `wattpost solve --json` writes.

Numbers that do not exist (prices of closed posts, minus infinity) become None, so that the result is
strict JSON.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .agents import Standard
from .arrays import FloatArray
from .cartel import Cartel
from .competitive import solve_competitive
from .economy import Economy
from .equilibrium import TOLERANCE, solve_nash
from .shadow import shadow_prices
from .solution import Solution
from .statics import Sensitivity
from .welfare import loss, welfare


def solution_to_json(economy: Economy, nash: Solution, competitive: Solution | None) -> dict[str, Any]:
    """Both outcomes of `economy` under the keys of the design, ready for `json.dump`."""
    report = _outcome(economy, nash)
    report["regret"] = _plain(nash.regret)
    report["competitive"] = None
    if competitive is None:
        report["competitive_status"] = "not asked for"
        return report
    report["competitive_status"] = competitive.status.value
    if competitive.solved:
        competitive = replace(competitive, shadow_prices=shadow_prices(economy, competitive, strategic=False))
        report["competitive"] = _outcome(economy, competitive)
        lost = loss(economy, competitive, nash)
        report["welfare"]["loss_utilitarian"] = _plain(lost.utilitarian)
        report["welfare"]["loss_equivalent_mean"] = _plain(lost.mean)
        report["welfare"]["loss_equivalents"] = _plain(lost.equivalents)
        report["welfare"]["compared"] = lost.compared
    return report


def solve_to_json(economy: Economy, *, tolerance: float = TOLERANCE, nash: Solution | None = None) -> dict[str, Any]:
    """Solve `economy` both ways and report: the whole of `wattpost solve`. `nash` spares a second search."""
    nash = nash or solve_nash(economy, tolerance=tolerance)
    if not nash.participants.any():
        report = solution_to_json(economy, nash, None)
        return report | {"competitive_status": "nobody takes part, so there is nothing to compare with"}
    return solution_to_json(economy, nash, solve_competitive(economy, participants=nash.participants))


def cartel_to_json(economy: Economy, cartel: Cartel) -> dict[str, Any]:
    """The outcome under a cartel, with who is in it and what joining and leaving would bring each."""
    report = _outcome(economy, cartel.outcome)
    report["regret"] = _plain(cartel.outcome.regret)
    report["members"] = list(cartel.members)
    report["gain_joining"], report["gain_leaving"] = _plain(cartel.joining), _plain(cartel.leaving)
    report["joint_gain"] = _plain(cartel.joint_gain)
    return report


def sensitivity_to_json(name: str, at: float, moved: Sensitivity) -> dict[str, Any]:
    """Derivatives of the Nash equilibrium by the parameter `name`, whose value is `at`."""
    return {
        "parameter": name,
        "value": at,
        "prices": _plain(moved.prices),
        "totals": _plain(moved.totals),
        "allocations": _plain(moved.allocations),
        "offers": _plain(moved.offers),
        "utilities": _plain(moved.utilities),
        "welfare": _plain(moved.welfare),
        "error": _plain(moved.error),
    }


def _outcome(economy: Economy, found: Solution) -> dict[str, Any]:
    names = [agent.name for agent in economy.agents]
    kinds = ["standard" if isinstance(agent, Standard) else "producer" for agent in economy.agents]
    total = welfare(found)
    return {
        "solved": found.solved,
        "status": found.status.value,
        "residual": _plain(found.residual),
        "prices": _plain(found.prices),
        "participants": [bool(inside) for inside in found.participants],
        "exits": list(found.exits),
        "agents": [{"name": name, "kind": kind} for name, kind in zip(names, kinds, strict=True)],
        "bids": _plain(found.bids),
        "numeraire_bids": _plain(found.numeraire_bids),
        "offers": _plain(found.offers),
        "allocations": _plain(found.allocations),
        "consumption": _plain(found.consumption),
        "numeraire": _plain(found.numeraire),
        "utilities": _plain(found.utilities),
        "verification_kwh": _plain(np.where(found.participants[:, None], found.verification_kwh, 0.0)),
        "money_values": _plain(found.money_values),
        "verification_values": _plain(found.verification_value),
        "shadow_prices": _plain(found.shadow_prices),
        "states": _states(economy),
        "capacity": _plain(_capacity(economy, found)),
        "sweeps": found.sweeps,
        "welfare": {"total": _plain(total.total), "outside": total.outside},
    }


def _states(economy: Economy) -> dict[str, Any]:
    """Chances of the states of verification (S,), and what each agent that takes part burns in each (S, n, T)."""
    states = economy.states
    return {"probabilities": _plain(states.weights), "verification_kwh": _plain(states.amounts)}


def _capacity(economy: Economy, found: Solution) -> FloatArray:
    """(P, T) kWh that each plant can make: K s^t, with the K that was chosen in the long run."""
    rows = [
        p.limits if p.investment_cost is None else p.built(made) * p.sun
        for p, made in zip(economy.producers, found.offers[len(economy.standard) :], strict=True)
    ]
    return np.array(rows)


def _plain(value: Any) -> Any:
    """Lists and floats, with None for what is not finite."""
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
