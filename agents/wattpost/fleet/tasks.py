"""What an agent's process is told on its first line: who it is, and how it forms expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from wattpost.fleet.faults import State
from wattpost.game import Producer
from wattpost.game.agents import Agent


def task(
    index: int,
    agent: Agent,
    utility: Mapping[str, Any],
    key: Mapping[str, Any],
    *,
    step: float,
    gas: int,
    profile: Sequence[float],
    policy: str,
    seed: int = 0,
    states: Sequence[State] = (),
) -> dict[str, Any]:
    """Plain values for JSON; `utility` is what `game.utility_from` reads, `seed` draws which of the `states` come."""
    common = {
        "index": index,
        "name": agent.name,
        "periods": agent.periods,
        "utility": dict(utility),
        "key": dict(key),
        "step": step,
        "gas": gas,
        "profile": list(profile),
        "policy": policy,
        "seed": seed,
        "states": [asdict(state) for state in states],
    }
    if isinstance(agent, Producer):
        plant = {"theta": agent.theta, "c": agent.c, "capacity": agent.limits.tolist()}
        return common | {"kind": "producer"} | plant
    return common | {"kind": "standard", "endowment": agent.endowment}
