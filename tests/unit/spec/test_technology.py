"""q = theta * inputs^c and back, against mpmath: at most max(one unit, 1e-12 of the value) off, always against the
producer; and the chain gives the very same numbers."""

from __future__ import annotations

import os
from random import Random

import mpmath
import pytest
from tests.harness.evm import Contract, Evm, role
from tests.harness.exchange import Exchange
from tests.harness.sources import trio

from wattpost.spec.fixed_point import TOO_LARGE
from wattpost.spec.technology import fraction, inputs_for, output_from

WAD = 10**18
MAX_GOOD = (2**64 - 1) * 10**9
SAMPLES = 60_000 if os.environ.get("WATTPOST_NIGHTLY") == "1" else 1_500
ON_CHAIN = 20_000 if os.environ.get("WATTPOST_NIGHTLY") == "1" else 1_000
EDGES = [1, 2, 3, 10**6, WAD // 1000, WAD // 3, WAD // 2 - 1, WAD // 2, WAD // 2 + 1, WAD - 1, WAD, WAD + 1]
EDGES += [2 * WAD, 3 * WAD - 1, 3 * WAD]


def exponent(random: Random) -> int:
    """c in (0, 3], edges and tiny ones included."""
    return random.choice(
        [
            random.choice(EDGES),
            random.randint(1, 3 * WAD),
            random.randint(WAD // 10, 3 * WAD),
            int(10 ** random.uniform(0, 18.4)),
        ]
    )


def size(random: Random, most: int) -> int:
    """Any order of magnitude, edges included."""
    return random.choice([1, most, most - 1, WAD, min(most, int(2 ** random.uniform(0, most.bit_length()))) or 1])


def draw(seed: int) -> tuple[int, int, int]:
    random = Random(seed)
    return size(random, MAX_GOOD), size(random, 2**96 - 1), exponent(random)


@pytest.fixture(scope="module")
def technology() -> Contract:
    return Evm().deploy(trio()["Registry"], 48, role("registrar"))


# A result is first pushed away from the producer's favour by what all errors together may be, at most 2^-11 of a unit
# where a unit is the bound, and then rounded.
UNIT = 1 + mpmath.mpf(2) ** -11
NOTHING = mpmath.mpf("1e-100")  # what the judge itself may be off by, of the value


def judge_up(given: int, exact: mpmath.mpf, what: object) -> None:
    """Never below, and above by at most max(one unit, 1e-12)."""
    assert given >= exact * (1 - NOTHING), what
    assert given - exact <= max(UNIT, exact * mpmath.mpf("1e-12")), what


def judge_down(given: int, exact: mpmath.mpf, what: object) -> None:
    """Never above, and below by at most max(one unit, 1e-12)."""
    assert given <= exact * (1 + NOTHING), what
    assert exact - given <= max(UNIT, exact * mpmath.mpf("1e-12")), what


def test_inputs_for__never_favours_the_producer_and_is_as_near_as_promised() -> None:
    with mpmath.workdps(120):
        for seed in range(SAMPLES):
            output, theta, c = draw(seed)
            exact = mpmath.power(mpmath.mpf(output) / theta, mpmath.mpf(WAD) / c) * WAD
            given = inputs_for(output, theta, c)
            if given == TOO_LARGE:
                assert exact > 2**128 * (1 - mpmath.mpf("1e-12")), (seed, output, theta, c)
            else:
                judge_up(given, exact, (seed, output, theta, c))


def test_output_from__never_favours_the_producer_and_is_as_near_as_promised() -> None:
    with mpmath.workdps(120):
        for seed in range(SAMPLES):
            inputs, theta, c = draw(seed)
            exact = mpmath.power(mpmath.mpf(inputs) / WAD, mpmath.mpf(c) / WAD) * theta
            given = output_from(inputs, theta, c)
            if given == TOO_LARGE:
                assert exact > 2**128 * (1 - mpmath.mpf("1e-12")), (seed, inputs, theta, c)
            else:
                judge_down(given, exact, (seed, inputs, theta, c))


def test_fraction__never_favours_the_producer_and_is_as_near_as_promised() -> None:
    with mpmath.workdps(120):
        for seed in range(SAMPLES):
            random = Random(seed)
            needed, c = size(random, MAX_GOOD), exponent(random)
            bought = min(
                needed, random.choice([size(random, MAX_GOOD), needed - 1, needed // 2, random.randint(0, needed)])
            )
            exact = mpmath.power(mpmath.mpf(bought) / needed, mpmath.mpf(c) / WAD) * WAD
            judge_down(fraction(bought, needed, c), exact, (seed, bought, needed, c))


def test_a_shrunk_offer__never_needs_more_inputs_than_were_bought() -> None:
    """(f q / theta)^(1/c) summed over periods stays within what was bought: invariant 6 in one line."""
    with mpmath.workdps(120):
        for seed in range(SAMPLES // 5):
            random = Random(seed)
            theta, c = random.randint(1, 100) * WAD // 7, random.randint(WAD // 10, 3 * WAD)
            offers = [random.randint(0, 10**12) * 10**9 for _ in range(random.randint(1, 24))]
            needed = sum(inputs_for(offer, theta, c) for offer in offers)
            if not 0 < needed < MAX_GOOD:
                continue
            bought = random.randint(0, needed)
            part = fraction(bought, needed, c)
            made = [offer // 10**9 * part // WAD * 10**9 for offer in offers]
            used = mpmath.fsum(mpmath.power(mpmath.mpf(each) / theta, mpmath.mpf(WAD) / c) for each in made)
            assert used * WAD <= bought, seed


@pytest.mark.parametrize(
    ("output", "theta", "c", "inputs"),
    [
        (7 * WAD, WAD, WAD, 7 * WAD),
        (7 * WAD, 2 * WAD, WAD, 7 * WAD // 2),
        (1, 3 * WAD, WAD, 1),
        (6 * WAD, 2 * WAD, WAD // 2, 9 * WAD),
        (1, WAD, WAD // 2, 1),
        (WAD, 3 * WAD, WAD // 2, 111_111_111_111_111_112),
    ],
)
def test_inputs_for__where_it_can_be_done_by_hand__is_exact(output: int, theta: int, c: int, inputs: int) -> None:
    assert inputs_for(output, theta, c) == inputs


def test_closed_forms__agree() -> None:
    judge_up(inputs_for(16 * WAD, 2 * WAD, WAD // 4), mpmath.mpf(4096 * WAD), "(16/2)^4")
    judge_up(inputs_for(54 * WAD, 2 * WAD, 3 * WAD), mpmath.mpf(3 * WAD), "cube root of 27")
    judge_down(output_from(5 * WAD, 2 * WAD, 3 * WAD), mpmath.mpf(250 * WAD), "2 * 5^3")
    judge_down(output_from(25 * WAD, 2 * WAD, WAD // 2), mpmath.mpf(10 * WAD), "2 * sqrt 25")
    judge_down(fraction(WAD, 2 * WAD, 3 * WAD), mpmath.mpf(WAD // 8), "(1/2)^3")


def test_the_chain__agrees_with_the_specification_bit_for_bit(technology: Contract) -> None:
    for seed in range(ON_CHAIN):
        amount, theta, c = draw(10**6 + seed)
        assert technology.inputs_for(amount, theta, c) == inputs_for(amount, theta, c), (amount, theta, c)
        assert technology.output_from(amount, theta, c) == output_from(amount, theta, c), (amount, theta, c)


def test_the_chains_run__agrees_with_the_specification_bit_for_bit() -> None:
    exchange = Exchange(periods=48)
    for seed in range(ON_CHAIN // 10):
        random = Random(seed)
        theta, c = (
            random.randint(WAD // 10, 100 * WAD),
            random.choice([WAD // 2, WAD, random.randint(WAD // 4, 3 * WAD)]),
        )
        plant = exchange.producer(f"plant {seed}", theta=theta, c=c, capacity=10**5)
        offers = [0, *(random.choice([0, random.randint(1, 10**10)]) for _ in range(48))]
        words = [sum(lane << (64 * n) for n, lane in enumerate(offers[4 * w : 4 * w + 4])) for w in range(13)]
        needed = sum(inputs_for(offer * 10**9, theta, c) for offer in offers)
        bought = random.randint(0, min(MAX_GOOD, needed * 5 // 4 + 1))
        given = exchange.registry.run(plant, words, bought)
        assert given == (needed, fraction(bought, needed, c)), seed
