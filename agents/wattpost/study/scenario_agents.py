"""The agents of a scenario: ``[[standard]]`` and ``[[producer]]`` groups become game objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wattpost.study.scenario_profiles import load_weights, solar_influx
from wattpost.study.scenario_reading import ScenarioError, Table, is_number, shown

if TYPE_CHECKING:
    from wattpost.game import Producer, Standard, Utility

Inputs = dict[str, None]  # sentences about real data, each once, in order
STANDARD_KEYS = ("name", "count", "endowment", "utility")
PRODUCER_KEYS = ("name", "count", "theta", "c", "capacity", "solar", "utility", "investment_cost")
MOST_AGENTS = 10_000_000
NAME = re.compile(r"\w[\w -]*")  # key files and logs are called after agents
RESERVED = ("operator", "meter", "relayer")


def read_standard(
    source: str, number: int, group: object, periods: int, inputs: Inputs
) -> Iterator[tuple[Standard, Mapping[str, Any]]]:
    """Each agent of one ``[[standard]]`` group, with its utility as plain numbers."""
    from wattpost.game import Standard

    table, called = _open(source, "standard", number, group, STANDARD_KEYS)
    endowments = table.per_agent("endowment", len(called))
    utility, form = _utility(table, periods, inputs)
    for name, endowment in zip(called, endowments, strict=True):
        yield _made(table, lambda n=name, e=endowment: Standard(n, e, utility)), form  # type: ignore[misc]


def read_producers(
    source: str, number: int, group: object, periods: int, inputs: Inputs
) -> Iterator[tuple[Producer, Mapping[str, Any]]]:
    """Each plant of one ``[[producer]]`` group, with its utility as plain numbers."""
    from wattpost.game import Producer

    table, called = _open(source, "producer", number, group, PRODUCER_KEYS)
    theta = table.number("theta", above=True)
    c = table.number("c", above=True)
    capacities = table.per_agent("capacity", len(called))
    solar = _solar(table, periods, inputs)
    utility, form = _utility(table, periods, inputs)
    cost = table.number("investment_cost") if "investment_cost" in table else None
    for name, capacity in zip(called, capacities, strict=True):

        def plant(name: str = name, capacity: float = capacity) -> Producer:
            return Producer(
                name=name,
                theta=theta,
                c=c,
                capacity=capacity * solar,
                utility=utility,
                investment_cost=cost,
                solar=solar,
            )

        yield _made(table, plant), form


def _open(source: str, section: str, number: int, group: object, keys: tuple[str, ...]) -> tuple[Table, list[str]]:
    """The group's table, and the names of its agents: ``home``, or ``home-1`` to ``home-6``."""
    label = group.get("name") if isinstance(group, dict) else None
    where = f'[[{section}]] "{label}":' if isinstance(label, str) and label.strip() else f"[[{section}]] {number}:"
    table = Table(f"{source}: {where}", group, keys)
    name = table.text("name", section)
    if not NAME.fullmatch(name) or name in RESERVED:
        raise table.refuse("name", f"letters, digits, spaces, - and _, and not {', '.join(RESERVED)}")
    count = table.whole("count", 1, low=1, high=MOST_AGENTS)
    return table, [name] if count == 1 else [f"{name}-{place}" for place in range(1, count + 1)]


def _made(table: Table, build: Callable[[], Any]) -> Any:
    try:
        return build()
    except ValueError as problem:
        raise ScenarioError(f"{table.where} {str(problem).rstrip('.')}.") from None


def _solar(table: Table, periods: int, inputs: Inputs) -> np.ndarray[Any, np.dtype[np.float64]]:
    given = table.values.get("solar")
    if given is None:
        return np.ones(periods)
    if isinstance(given, dict):
        influx, sentence = solar_influx(f"{table.where} solar:", given, periods)
        inputs[sentence] = None
        return influx
    return np.array(table.numbers("solar", periods, "period", high=1.0))


def _utility(table: Table, periods: int, inputs: Inputs) -> tuple[Utility, Mapping[str, Any]]:
    from wattpost.game import utility_from

    if "utility" not in table:
        raise ScenarioError(f"{table.where} utility is missing.")
    given = table.values["utility"]
    if not isinstance(given, dict):
        raise ScenarioError(
            f'{table.where} utility must be a table such as {{ form = "log", ... }}, not {shown(given)}.'
        )
    form = dict(given)
    if isinstance(form.get("electricity"), dict):
        weights, sentence = load_weights(f"{table.where} utility: electricity:", form["electricity"], periods)
        form["electricity"] = weights.tolist()
        inputs[sentence] = None
    elif is_number(form.get("electricity")):
        form["electricity"] = [float(form["electricity"])] * periods
    try:
        return utility_from(form, periods), form
    except (ValueError, TypeError) as problem:
        raise ScenarioError(f"{table.where} {str(problem).rstrip('.')}.") from None
