"""What befalls submissions: drawn from the seed alone, as often as the scenario says."""

from __future__ import annotations

from collections import Counter

import pytest

from wattpost.chain.transaction import LISTED_ADDRESS, access_gas
from wattpost.fleet.attempts import burning
from wattpost.fleet.expectations import distribution_of
from wattpost.fleet.faults import Fault, Faults, State

STATES = (State(0.7, 1.0, 0.2, 2), State(0.3, 3.0, 0.5, 1))


def test_draws__come_as_often_as_agents_expect() -> None:
    days = 20_000
    faults = Faults(1, STATES)
    drawn = Counter(
        fault.gas_multiplier * (1 + fault.failures) for fault in (faults.of(day, "home") for day in range(days))
    )
    distribution = distribution_of(STATES)
    assert distribution
    expected = dict(zip(distribution[1].tolist(), distribution[0].tolist(), strict=True))
    assert drawn.keys() == expected.keys()
    for multiplier, chance in expected.items():
        deviation = (days * chance * (1 - chance)) ** 0.5
        assert abs(drawn[multiplier] - days * chance) < 4 * deviation


def test_draws__depend_on_seed_day_and_name() -> None:
    def draws(seed: int, name: str) -> list[Fault]:
        return [Faults(seed, STATES).of(day, name) for day in range(1, 60)]

    assert draws(1, "home") == draws(1, "home")
    assert draws(1, "home") != draws(2, "home") and draws(1, "home") != draws(1, "mill")


def test_without_states__nothing_befalls() -> None:
    assert {Faults(1, ()).of(day, "home") for day in range(100)} == {Fault()}


@pytest.mark.parametrize("gas", [0, 2_399, 2_400, 6_100, 41_400, 123_456, 3_999_999])
def test_an_access_list__burns_what_it_can_of_the_gas(gas: int) -> None:
    burnt = access_gas(burning(gas))
    assert burnt <= gas
    assert gas - burnt < (LISTED_ADDRESS if gas < 41_400 else 100)
