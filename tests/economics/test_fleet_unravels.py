"""A fleet on a chain ends where the closed form says, at the gas that its own receipts show.

Homes leave one a day, in rotation, and those who stay pay more of what is shared: both must be in the closed form too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from wattpost.chain.engine import open_engine
from wattpost.fleet.keyring import test_keyring as keyring_of
from wattpost.study.footprint_theory import street_of
from wattpost.study.intensity import intensity
from wattpost.study.results import Results
from wattpost.study.scenario import Scenario, load, parse
from wattpost.study.session import Session
from wattpost.study.solving import economy_of

HOMES, PLANTS, DAYS = 10, 4, 45  # three rotations over all agents
JOULES = 725.0  # a gas: past the point where the first home leaves, before the last does


class Silent:
    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...


def lane() -> Scenario:
    """The built-in street, with fewer homes and dearer gas."""
    scenario = parse(load("street").text.replace("count = 24", f"count = {HOMES}"), source="lane.toml")
    verification = replace(scenario.verification, layer=None, joules_per_gas=JOULES, gas=70_000)
    return replace(scenario, days=DAYS, verification=verification)


def play(scenario: Scenario, folder: Path) -> Results:
    with open_engine("eth-tester") as chain:
        ring = keyring_of(scenario.seed, [agent.name for agent in scenario.agents])
        session = Session(scenario, "best-response", 60.0, 1, chain, ring, intensity(scenario.verification))
        session.found(folder, Silent())
        session.trade(Silent())
        return session.results()


def test_a_fleet__ends_where_the_closed_form_with_its_gas_does(tmp_path: Path) -> None:
    scenario = lane()
    results = play(scenario, tmp_path)
    homes, plants = list(results.agents)[:HOMES], list(results.agents)[HOMES:]
    inside = [sum(home in day.settled for home in homes) for day in results.days]
    assert all(len([plant for plant in plants if plant in day.settled]) == PLANTS for day in results.days)
    assert len(set(inside[-2 * PLANTS :])) == 1  # it has come to rest

    settled = results.days[1:]  # on the first day slots are written for the first time
    own = [
        float(np.mean([day.charged[each].own_gas for day in settled for each in group if each in day.charged]))
        for group in (homes, plants)
    ]
    shares: dict[int, list[int]] = {}
    for day in settled:
        shares.setdefault(len(day.charged), []).append(next(iter(day.charged.values())).shared_gas)
    counts = sorted(shares)
    middle = [float(np.median(shares[count])) for count in counts]

    def burnt(count: int) -> tuple[float, float]:
        """What each pays on a day of so many: as measured, debts that are written down included."""
        share = float(np.interp(count, counts, middle))
        home, plant = (results.kappa / 1e18 * (gas + share) for gas in own)
        return home, plant

    street = street_of(economy_of(scenario))
    assert street is not None
    end = street.deal_among(burnt)
    assert 0 < end.homes < HOMES
    assert (inside[-1], PLANTS) == (end.homes, end.plants)
    home, _ = burnt(end.homes + end.plants)
    assert end.bought / home > 1.002  # no tie that rounding could break
