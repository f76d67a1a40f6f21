"""Technology: what its three functions answer and refuse. Exactness is judged in tests/unit/spec."""

from __future__ import annotations

import pytest
from tests.harness.evm import Contract, Evm, Reverted
from tests.harness.sources import trio

from wattpost.spec import pack

WAD = 10**18
MAX_GOOD = (2**64 - 1) * 10**9


@pytest.fixture(scope="module")
def technology() -> Contract:
    return Evm().deploy(trio()["Technology"])


def reason(technology: Contract, function: str, *arguments: object) -> str:
    with pytest.raises(Reverted) as refusal:
        getattr(technology, function)(*arguments)
    return refusal.value.reason


def words(amounts: list[int]) -> list[int]:
    packed = pack(amounts)
    return packed + [0] * (13 - len(packed))


def test_inputs_for__squares_where_c_is_a_half(technology: Contract) -> None:
    assert technology.inputs_for(3 * WAD, 2 * WAD, WAD // 2) == 9 * WAD // 4


def test_output_from__is_proportional_where_c_is_one(technology: Contract) -> None:
    assert technology.output_from(7 * WAD, 3 * WAD, WAD) == 21 * WAD


def test_functions__of_nothing__are_nothing(technology: Contract) -> None:
    for c in (1, WAD // 2, WAD, 3 * WAD):
        assert technology.inputs_for(0, WAD, c) == 0
        assert technology.output_from(0, WAD, c) == 0


def test_run__adds_up_the_inputs_of_posts_that_have_bids(technology: Contract) -> None:
    offers, bids = words([0, 3 * 10**9, 5 * 10**9, 7 * 10**9]), words([11, 1, 0, 2])

    assert technology.run(offers, bids, 29 * WAD, WAD, WAD // 2) == (58 * WAD, 707106781186547524)
    assert technology.run(offers, bids, 58 * WAD, WAD, WAD // 2) == (58 * WAD, WAD)
    assert technology.run(offers, words([11, 0, 0, 0]), 0, WAD, WAD // 2) == (0, WAD)


def test_run__never_counts_the_lane_of_the_good(technology: Contract) -> None:
    assert technology.run(words([5 * 10**9, 0]), words([7, 7]), 0, WAD, WAD) == (0, WAD)


def test_run__reads_all_48_periods(technology: Contract) -> None:
    offers = [0, *(10**9 * period for period in range(1, 49))]

    needed, fraction = technology.run(words(offers), words([1] * 49), 10**18 * 588, WAD, WAD)

    assert (needed, fraction) == (sum(range(1, 49)) * WAD, WAD // 2)


def test_what_is_out_of_range__is_refused(technology: Contract) -> None:
    assert reason(technology, "inputs_for", MAX_GOOD + 1, WAD, WAD) == "technology: output too large"
    assert reason(technology, "output_from", MAX_GOOD + 1, WAD, WAD) == "technology: inputs too large"
    nothing = [0] * 13
    for theta in (0, 2**96, 2**256 - 1):
        for name, arguments in {"inputs_for": (1,), "output_from": (1,), "run": (nothing, nothing, 1)}.items():
            assert reason(technology, name, *arguments, theta, WAD) == "technology: theta out of range"
    for c in (0, 3 * WAD + 1, 2**256 - 1):
        for name, arguments in {"inputs_for": (1,), "output_from": (1,), "run": (nothing, nothing, 1)}.items():
            assert reason(technology, name, *arguments, WAD, c) == "technology: c out of range"


def test_what_would_reach_2_to_the_128__is_said_to(technology: Contract) -> None:
    too_large = 2**256 - 1

    assert technology.inputs_for(2 * WAD, WAD, 1) == too_large
    assert technology.inputs_for(MAX_GOOD, 1, WAD // 3) == too_large
    assert technology.output_from(MAX_GOOD, WAD, 3 * WAD) == technology.output_from(MAX_GOOD, WAD, 3 * WAD)
    assert technology.output_from(MAX_GOOD, 2**96 - 1, 3 * WAD) == too_large
