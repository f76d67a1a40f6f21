"""How fast a fleet trades: whole days end to end, every bid its agent's own best response to the last day on chain.

Agents, relayer, operator and meter are those of a run, in one process beside the node. The first six days warm up:
on day 1 nothing was traded yet, and then producers are given the bytecoin that paying in advance takes. Nothing is
computed ahead.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from wattpost.bench.street import Street, drain
from wattpost.chain.engine import Engine, open_engine
from wattpost.chain.signed_bid import SignedBid
from wattpost.fleet.agent import Agent, Settings
from wattpost.fleet.host import Host
from wattpost.fleet.relayer import Relayer

AGENTS = {"anvil": (10, 100, 1_000, 10_000), "eth-tester": (10, 100, 1_000)}
PERIODS = (1, 24)
WARM_UP = 6  # days
STEP, GAS = 0.5, 40_000


@dataclass(slots=True)
class Stopwatch:
    """Seconds by stage."""

    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[stage] += time.perf_counter() - began


@dataclass(slots=True)
class _Counter:
    """Where agents hand in their bids, on time."""

    taker: Relayer
    watch: Stopwatch

    @property
    def relayer(self) -> str:
        return self.taker.address

    def take(self, bids: Sequence[SignedBid]) -> list[str]:
        with self.watch.on("hand in"):
            return self.taker.take(bids)


def measure_fleet(
    *,
    engines: Sequence[str] = ("anvil", "eth-tester"),
    agents: Sequence[int] | None = None,
    periods: Sequence[int] = PERIODS,
    days: int = 3,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[dict[str, Any]]:
    """Rows with engine, agents, periods, seconds a day, bids a second, seconds by stage and peak_rss_mb."""
    for name in engines:
        for length in periods:
            for count in agents or AGENTS[name]:
                progress(f"{name}, T = {length}, N = {count}")
                with open_engine(name) as engine:
                    yield _row(engine, name, count, length, days)


def _row(engine: Engine, name: str, count: int, periods: int, days: int) -> dict[str, Any]:
    street, watch = Street.built(engine, count, periods, 0.5), Stopwatch()
    relayer = Relayer(street.relayer, street.market)
    profile = tuple(1.0 / periods for _ in range(periods))
    people = [
        Agent(Settings(each, STEP, GAS, profile, "best-response"), wallet)
        for each, wallet in zip(street.people, street.wallets, strict=True)
    ]
    host = Host(people, street.market, _Counter(relayer, watch))  # type: ignore[arg-type]
    _day(street, host, relayer, watch)
    street.enrich()
    for _ in range(WARM_UP - 1):
        _day(street, host, relayer, watch)
    watch.spent.clear()
    began = time.perf_counter()
    bids = sum(_day(street, host, relayer, watch) for _ in range(days))
    seconds = time.perf_counter() - began
    stages = {f"{stage}_seconds": round(spent / days, 4) for stage, spent in watch.spent.items()}
    row: dict[str, Any] = {"engine": name, "agents": count, "periods": periods}
    row |= {"seconds_a_day": round(seconds / days, 4), "bids_a_second": round(bids / seconds)}
    return row | stages | {"peak_rss_mb": round(_peak_rss_mb())}


def _day(street: Street, host: Host, relayer: Relayer, watch: Stopwatch) -> int:
    """One whole day; how many bids it settled."""
    operator, market = street.operator, street.market
    with watch.on("open"):
        day = operator.open()
    before = watch.spent["hand in"]
    with watch.on("decide and sign"):
        for _ in host.step():
            pass
    watch.spent["decide and sign"] -= watch.spent["hand in"] - before
    with watch.on("submit"):
        relayer.carry(day)
    with watch.on("mine"):
        drain(street.engine)
    with watch.on("settle"):
        operator.settle(day)
    with watch.on("meter"):
        operator.end(day)
    return market.today().submissions


def _peak_rss_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
