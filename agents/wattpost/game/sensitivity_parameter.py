"""Parameters of an economy by name, for comparative statics: `theta:solar-1`, `weight:home-2:3`, `kappa`.

theta, c, capacity, investment_cost : of a producer; capacity scales K^t of all periods together (value: the largest)
endowment : of a standard agent
weight : of an agent and a period, 1..T, or 0 for the consumption good
verification : kWh that everybody's payments burn, by a common factor (value 1); kappa : the same, by kappa
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .agents import Agent, Producer, Standard
from .economy import Economy

Build = Callable[[float], Economy]

NAMES = ("theta", "c", "capacity", "investment_cost", "endowment", "weight", "verification", "kappa")


def parameter(economy: Economy, name: str, *, kappa: float = 0.0) -> tuple[Build, float]:
    """What builds `economy` from a value of the parameter `name`, and the value it has now.

    kappa : kWh per gas, where the economy's verification is proportional to it

    >>> from .forms import Log
    >>> homes = [Standard("home", 8.0, Log([1.0], 0.0))] * 2
    >>> build, now = parameter(Economy(1, homes, [Producer("wind", 2.0, 0.5, 9.0, Log([0.0], 1.0))] * 2), "theta:wind")
    >>> now, build(3.0).producers[0].theta, build(3.0).producers[1].theta
    (2.0, 3.0, 2.0)
    """
    key, *rest = name.split(":")
    if key not in NAMES:
        raise ValueError(f"{key} is no parameter: choose among {', '.join(NAMES)}")
    if key in ("verification", "kappa"):
        return _verification(economy, key, rest, kappa)
    if len(rest) != (2 if key == "weight" else 1):
        raise ValueError(f"{name}: write {key}:AGENT" + (":PERIOD, with 0 for the good" if key == "weight" else ""))
    place = next((i for i, agent in enumerate(economy.agents) if agent.name == rest[0]), None)
    if place is None:
        raise ValueError(f"{name}: no agent is called {rest[0]}")
    change, now = _change(economy.agents[place], name, key, rest)

    def build(value: float) -> Economy:
        agents = list(economy.agents)
        agents[place] = change(value)
        first = len(economy.standard)
        homes = [agent for agent in agents[:first] if isinstance(agent, Standard)]
        plants = [agent for agent in agents[first:] if isinstance(agent, Producer)]
        return Economy(economy.periods, tuple(homes), tuple(plants), economy.verification)

    return build, now


def _change(agent: Agent, name: str, key: str, rest: list[str]) -> tuple[Callable[[float], Agent], float]:
    if key == "weight":
        return _weight(agent, name, rest[1])
    if key == "endowment":
        if not isinstance(agent, Standard):
            raise ValueError(f"{name}: {agent.name} is a producer and has no endowment")
        return lambda value: replace(agent, endowment=value), agent.endowment
    if not isinstance(agent, Producer):
        raise ValueError(f"{name}: {agent.name} has no plant")
    if key == "capacity":
        most = float(agent.limits.max())
        if most <= 0 or agent.investment_cost is not None:
            raise ValueError(f"{name}: {agent.name} has no capacity that could be varied")
        return lambda value: replace(agent, capacity=agent.limits * (value / most)), most
    now = getattr(agent, key)
    if now is None:
        raise ValueError(f"{name}: {agent.name} does not choose its capacity")
    return lambda value: replace(agent, **{key: value}), float(now)  # type: ignore[arg-type]


def _weight(agent: Agent, name: str, period: str) -> tuple[Callable[[float], Agent], float]:
    utility = agent.utility
    if not period.isdigit() or int(period) > utility.periods:
        raise ValueError(f"{name}: periods are 1 to {utility.periods}, and 0 for the good")
    t = int(period)
    if t == 0:
        return lambda value: replace(agent, utility=replace(utility, numeraire=value)), utility.numeraire

    def change(value: float) -> Agent:
        weights = np.array(utility.weights)
        weights[t - 1] = value
        return replace(agent, utility=replace(utility, electricity=weights))

    return change, float(utility.weights[t - 1])


def _verification(economy: Economy, key: str, rest: list[str], kappa: float) -> tuple[Build, float]:
    if rest:
        raise ValueError(f"{key} belongs to everybody: write {key} alone")
    burnt = economy.verification
    if not isinstance(burnt, np.ndarray):
        raise ValueError(f"{key}: derivatives are not taken where verification is uncertain")
    now = kappa if key == "kappa" else 1.0
    if now <= 0 or not np.any(burnt > 0):
        raise ValueError(f"{key}: nothing is burnt here, so give the scenario a layer and gas")
    return lambda value: Economy(economy.periods, economy.standard, economy.producers, burnt * (value / now)), now
