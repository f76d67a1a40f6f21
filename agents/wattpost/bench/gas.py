"""Gas of an agent-day: by part, all in, directly and relayed, beside what the EVM charges anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wattpost.bench.floor import floor
from wattpost.bench.plain import plain_gas
from wattpost.bench.street import Street
from wattpost.chain.engine import open_engine

PERIODS = (1, 4, 24, 48)
AGENTS = (10, 100, 1_000)
DAYS = 3  # the last is measured: by then every slot has been written before
PLAIN_AGENTS = 10
CLEARING = ("clear", "close", "produce", "settle")
SUBMITTING = ("submit", "relay")


def measure_gas(
    *,
    periods: tuple[int, ...] = PERIODS,
    agents: tuple[int, ...] = AGENTS,
    returns: tuple[float, ...] = (0.5,),
    engine: str = "eth-tester",
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[dict[str, Any]]:
    """Rows with periods, agents, c, way, gas an agent-day by part and `all_in`, `floor` and their `ratio`."""
    for length in periods:
        for c in returns:
            for count in agents:
                for way in ("direct", "relayed"):
                    progress(f"T = {length}, N = {count}, c = {c:g}, {way}")
                    yield _row(engine, length, count, c, way)
        progress(f"T = {length}, the plain way")
        with open_engine(engine) as chain:
            plain = plain_gas(chain, PLAIN_AGENTS, length)
        if plain is not None:
            yield {"periods": length, "agents": PLAIN_AGENTS, "c": None, "way": "plain", "all_in": round(plain)}


def _row(engine: str, periods: int, agents: int, c: float, way: str) -> dict[str, Any]:
    with open_engine(engine) as chain:
        street = Street.built(chain, agents, periods, c)
        for _ in range(DAYS):
            gas = street.day(relayed=way == "relayed")
        least = sum(floor(words, way == "relayed") for _, words in street.sent) / agents
    parts = {
        "open": gas["open"],
        "submit": sum(gas[name] for name in SUBMITTING),
        "clear": sum(gas[name] for name in CLEARING),
        "meter": gas["meter"],
    }
    total = sum(gas.values()) / agents
    row: dict[str, Any] = {"periods": periods, "agents": agents, "c": c, "way": way}
    row |= {name: round(each / agents) for name, each in parts.items()}
    return row | {"all_in": round(total), "floor": round(least), "ratio": round(total / least, 3)}
