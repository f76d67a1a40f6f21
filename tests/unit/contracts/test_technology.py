"""The registry's powers: what its functions answer and refuse. Exactness is judged in tests/unit/spec."""

from __future__ import annotations

import pytest
from tests.harness.evm import Contract, Reverted, role
from tests.harness.exchange import Exchange

from wattpost.spec import pack

WAD = 10**18
MAX_GOOD = (2**64 - 1) * 10**9


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    exchange = Exchange(periods=48)
    exchange.set_profile(0, [10_000 - 200 * period for period in range(48)])
    exchange.producer("root", theta=WAD, c=WAD // 2, capacity=10**12)
    exchange.producer("line", theta=WAD, c=WAD, capacity=10**12)
    exchange.producer("power", theta=3 * WAD, c=7 * WAD // 10, capacity=10**12)
    return exchange


@pytest.fixture
def registry(exchange: Exchange) -> Contract:
    return exchange.registry


def reason(registry: Contract, function: str, *arguments: object) -> str:
    with pytest.raises(Reverted) as refusal:
        getattr(registry, function)(*arguments)
    return refusal.value.reason


def words(amounts: list[int]) -> list[int]:
    packed = pack(amounts)
    return packed + [0] * (13 - len(packed))


def test_inputs_for__squares_where_c_is_a_half(registry: Contract) -> None:
    assert registry.inputs_for(3 * WAD, 2 * WAD, WAD // 2) == 9 * WAD // 4


def test_output_from__is_proportional_where_c_is_one(registry: Contract) -> None:
    assert registry.output_from(7 * WAD, 3 * WAD, WAD) == 21 * WAD


def test_functions__of_nothing__are_nothing(registry: Contract) -> None:
    for c in (1, WAD // 2, WAD, 3 * WAD):
        assert registry.inputs_for(0, WAD, c) == 0
        assert registry.output_from(0, WAD, c) == 0


def test_run__adds_up_the_inputs_of_every_offer(registry: Contract) -> None:
    root, offers = role("root"), words([0, 3 * 10**9, 0, 7 * 10**9])

    assert registry.run(root, offers, 29 * WAD) == (58 * WAD, 707106781186547524)
    assert registry.run(root, offers, 58 * WAD) == (58 * WAD, WAD)
    assert registry.run(root, words([0] * 4), 0) == (0, WAD)
    assert registry.run(root, offers, 0) == (58 * WAD, 0)


def test_run__reads_all_48_periods(registry: Contract) -> None:
    offers = [0, *(10**9 * period for period in range(1, 49))]

    needed, fraction = registry.run(role("line"), words(offers), 10**18 * 588)

    assert (needed, fraction) == (sum(range(1, 49)) * WAD, WAD // 2)


def test_within_capacity__holds_every_period_against_its_part(registry: Contract) -> None:
    tops = [10**12 * (10_000 - 200 * period) // 10_000 for period in range(48)]

    assert registry.within_capacity(role("line"), words([0, *tops]))
    for period in range(48):
        offers = [0] * 49
        offers[1 + period] = tops[period] + 1
        assert not registry.within_capacity(role("line"), words(offers)), period
    assert not registry.within_capacity(role("line"), words([1, *tops])), "producers own no good"


def test_what_is_out_of_range__is_refused(registry: Contract) -> None:
    assert reason(registry, "inputs_for", MAX_GOOD + 1, WAD, WAD) == "technology: output too large"
    assert reason(registry, "output_from", MAX_GOOD + 1, WAD, WAD) == "technology: inputs too large"
    for name in ("inputs_for", "output_from"):
        for theta in (0, 2**96, 2**256 - 1):
            assert reason(registry, name, 1, theta, WAD) == "technology: theta out of range"
        for c in (0, 3 * WAD + 1, 2**256 - 1):
            assert reason(registry, name, 1, WAD, c) == "technology: c out of range"


def test_what_would_reach_2_to_the_128__is_said_to(registry: Contract) -> None:
    too_large = 2**256 - 1

    assert registry.inputs_for(2 * WAD, WAD, 1) == too_large
    assert registry.inputs_for(MAX_GOOD, 1, WAD // 3) == too_large
    assert registry.output_from(MAX_GOOD, 2**96 - 1, 3 * WAD) == too_large
