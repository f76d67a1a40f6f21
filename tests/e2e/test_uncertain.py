"""Validation that is uncertain, on a real chain: attempts revert and are made again, and all their gas is charged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import have_anvil
from wattpost.chain import archive
from wattpost.chain.engine import open_engine
from wattpost.chain.market import MOVES_THE_DAY, Market, name_of
from wattpost.energy.metering import Books
from wattpost.fleet.faults import Fault, Faults, State
from wattpost.fleet.keyring import test_keyring as keyring_of
from wattpost.game import Rivals, Standard, States, best_response
from wattpost.study import run as runs
from wattpost.study.intensity import intensity
from wattpost.study.results import Results
from wattpost.study.scenario import Scenario, load
from wattpost.study.session import Session

DAYS = 5


class Silent:
    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...


def stormy() -> Scenario:
    """The built-in scenario with fewer days and more of what it shows."""
    scenario = load("congested")
    states = (State(0.5, 1.0, 0.3, 2), State(0.5, 3.0, 0.5, 2))
    return replace(scenario, days=DAYS, verification=replace(scenario.verification, states=states))


@dataclass
class Played:
    """A run, the chain it left, and what its meter keeps."""

    results: Results
    addresses: tuple[str, ...]
    market: Market
    blocks: list[dict[str, Any]]
    books: Books


def play(scenario: Scenario, folder: Path, engine: str = "eth-tester", submit: str = "direct") -> Played:
    with open_engine(engine) as chain:
        ring = keyring_of(scenario.seed, [agent.name for agent in scenario.agents])
        session = Session(
            scenario, "best-response", 60.0, 1, chain, ring, intensity(scenario.verification), submit
        )  # fmt: skip
        session.found(folder, Silent())
        session.trade(Silent())
        market = Market(chain.rpc, session.deployment)
        blocks = list(archive.blocks(chain.rpc, market.first_block, chain.rpc.block_number()))
        assert session.meter is not None
        return Played(session.results(), tuple(ring.agents), market, blocks, session.meter._books)


@pytest.mark.parametrize("submit", ["direct", "relayed"])
@pytest.mark.parametrize("engine", ["eth-tester", "anvil"])
def test_what_states_burn__is_charged_to_the_unit(engine: str, submit: str, tmp_path: Path) -> None:
    if engine == "anvil" and not have_anvil():
        pytest.skip("anvil is not installed")
    scenario = stormy()
    played = play(scenario, tmp_path, engine, submit)
    counted, failed = gas_of(played.blocks, played.market)
    charged = sum(each.verification for day in played.results.days for each in day.charged.values())
    books, kappa = played.books, played.results.kappa
    assert charged + kappa * (books.shared + books.batches) == kappa * counted
    assert not any(books.own.values()) and not books.strangers

    faults = Faults(scenario.seed, scenario.verification.states)
    wanted: Counter[str] = Counter()
    for day in range(1, DAYS + 1):
        for agent, address in zip(scenario.agents, played.addresses, strict=True):
            fault = faults.of(day, agent.name)
            wanted[address] += fault.failures + (submit == "relayed" and fault.gas_multiplier > 1)
    assert failed == {address: count for address, count in wanted.items() if count} and failed
    assert all(len(day.settled) == len(scenario.agents) for day in played.results.days)


def test_forecasts__do_not_drift_with_what_befell(tmp_path: Path) -> None:
    results = play(stormy(), tmp_path).results
    assert results.distribution is not None
    for (day, address), plain in results.plain.items():
        own = results.days[day - 1].charged[address].own_gas
        fault = Faults(1, stormy().verification.states).of(day, results.agents[address].name)
        assert own == plain if fault == Fault() else own > plain
        if day > 1:  # a plain submission differs by zero bytes of its call data
            assert abs(plain - results.plain[day - 1, address]) < 300
            assert abs(own - fault.gas_multiplier * (1 + fault.failures) * plain) < 0.05 * own


def test_the_lambda_of_a_day__is_the_slope_of_that_days_optimum(tmp_path: Path) -> None:
    """Reported for each agent and state; here by central differences of its best response."""
    scenario = stormy()
    results = play(scenario, tmp_path).results
    days = [row for row in results.day_rows() if row["day"] == DAYS]
    rows = [row for row in results.agent_rows({}) if row["day"] == DAYS]
    assert results.distribution is not None
    chances, multipliers = results.distribution
    bids, delivered = (np.array([row[key] for row in days]) for key in ("bids", "delivered"))
    assert delivered.tolist() == [row["offered"] for row in days]
    for agent, row in zip(scenario.agents, rows, strict=True):
        sold = np.array([agent.endowment if isinstance(agent, Standard) else 0.0, *row["offers"]])
        others, left = bids - row["bids"], delivered - sold
        rivals = Rivals(others[1:], left[1:], float(others[0]), float(left[0]))
        gas = multipliers * results.plain[DAYS, row["agent"]] + row["shared_gas"]
        kwh = np.outer(gas * results.kappa / 1e18, scenario.verification.profile)

        def optimum(state: int, less: float, agent: Any = agent, rivals: Rivals = rivals, kwh: Any = kwh) -> float:
            changed = kwh.copy()
            changed[state] -= less * np.array(scenario.verification.profile)
            return best_response(agent, rivals, verification=States(chances, changed)).utility

        step = 1e-4
        slopes = [
            (optimum(state, step) - optimum(state, -step)) / (2 * step * chance) for state, chance in enumerate(chances)
        ]
        np.testing.assert_allclose(row["shadow_prices"], slopes, rtol=2e-5, atol=1e-7)
        assert row["shadow_price"] == pytest.approx(chances @ np.array(row["shadow_prices"]))


def gas_of(blocks: list[dict[str, Any]], market: Market) -> tuple[int, dict[str, int]]:
    """Gas of all that followed the first opening, and how many transactions of each sender failed."""
    begun, counted = False, 0
    failed: Counter[str] = Counter()
    for block in blocks:
        for sent, receipt in zip(block["block"]["transactions"], block["receipts"], strict=True):
            if (sent["to"] or "").lower() not in (market.address, market.bytecoin):
                continue
            name = name_of(bytes.fromhex(sent["input"][2:10]))
            begun = begun or name == "open"
            if begun:
                counted += int(receipt["gasUsed"], 16)
                if int(receipt["status"], 16) == 0:
                    assert name not in MOVES_THE_DAY
                    failed[sent["from"].lower()] += 1
    return counted, dict(failed)


def test_a_run__is_clean_and_says_it_on_its_page(tmp_path: Path) -> None:
    outcome = runs.run(stormy(), runs.Options(out=tmp_path / "run", processes=1), Silent())
    assert outcome.verdict == "clean"
    rows = pq.read_table(tmp_path / "run/agents.parquet").to_pylist()
    assert all(row["shadow_price"] > 0 for row in rows)
    assert "λ, utility" in (tmp_path / "run/report.html").read_text()
