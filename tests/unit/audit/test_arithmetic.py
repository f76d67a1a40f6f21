"""The auditor's own arithmetic against the specification's and against libraries it does not use."""

from __future__ import annotations

from random import Random

import rlp as reference_rlp
from hypothesis import assume, given
from hypothesis import strategies as st
from trie import HexaryTrie

from wattpost.audit.hashing import keccak, ordered_root, rlp
from wattpost.audit.power import WAD, binary_log, power_above, power_below
from wattpost.audit.shares import inputs_needed, lanes, made_of, outcome_of, part_made, run_plant, thirteen_words
from wattpost.spec import Outcome, Plant, Submission, Totals, deliver, outcome, pack
from wattpost.spec import run_plant as spec_run
from wattpost.spec.fixed_point import log2, power_down, power_up
from wattpost.spec.technology import fraction, inputs_for

amounts = st.one_of(st.just(0), st.integers(1, 10), st.integers(0, 10**18))
thetas = st.one_of(st.integers(1, 2**96 - 1), st.integers(10**26, 2**96 - 1))
exponents = st.one_of(st.sampled_from([WAD, WAD // 2, 1, 3 * WAD]), st.integers(1, 3 * WAD))


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**128 - 1), st.integers(1, 2**96 - 1), exponents)
def test_powers__agree_with_the_specification_to_the_bit(a: int, b: int, scale: int, c: int) -> None:
    assert binary_log(a) == log2(a)
    ratio = log2(a) - log2(b)
    assert power_below(scale, ratio, c, WAD) == power_down(scale, ratio, c, WAD)
    assert power_above(scale, ratio, WAD, c) == power_up(scale, ratio, WAD, c)


@given(st.integers(0, 2**64 - 1), thetas, exponents)
def test_inputs__agree_with_the_specification(output: int, theta: int, c: int) -> None:
    assert inputs_needed(output * 10**9, theta, c) == inputs_for(output * 10**9, theta, c)


@given(st.integers(0, 2**94), st.integers(0, 2**94), exponents)
def test_fractions__agree_with_the_specification(bought: int, needed: int, c: int) -> None:
    assert part_made(bought, needed, c) == fraction(bought, needed, c)


@given(st.lists(amounts, min_size=5, max_size=5), st.lists(amounts, min_size=4, max_size=4), thetas, exponents)
def test_a_plants_day__agrees_with_the_specification(bids: list[int], offers: list[int], theta: int, c: int) -> None:
    assume(inputs_for(10**27, theta, c) < 2**94)  # else it is never registered
    totals = Totals((bids[0] + 3, *bids[1:]), (10**12, *offers))
    submission = Submission("mill", (bids[0], 0, 0, 0, 0), (0, *offers))
    expected = spec_run(Plant(theta, c, 10**18, 0), submission, totals)
    found = run_plant(theta, c, bids[0], [0, *offers], totals.bids, 10**12)
    assert (found.bought, found.used, found.fraction) == (
        expected.bought,
        min(expected.bought, expected.needed),
        expected.fraction,
    )
    assert tuple(made_of([0, *offers], totals.bids, found.fraction)) == deliver(submission, totals, found.fraction)


posts = st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=6)


@given(posts)
def test_outcomes__agree_with_the_specification(rows: list[tuple[int, int, int, int]]) -> None:
    bids, sold, others, more = (list(column) for column in zip(*rows, strict=True))
    day_bids = [a + b for a, b in zip(bids, others, strict=True)]
    delivered = [a + b for a, b in zip(sold, more, strict=True)]
    expected = outcome(tuple(bids), tuple(sold), tuple(day_bids), delivered)
    assert Outcome(*outcome_of(bids, sold, day_bids, delivered)) == expected


def test_lanes__are_what_the_specification_packs() -> None:
    packed = pack([1, 2, 3, 4, 5])
    assert lanes(packed, 5) == [1, 2, 3, 4, 5]
    assert thirteen_words([1, 2, 3, 4, 5])[:2] == packed and len(thirteen_words([1])) == 13


def test_rlp_and_tries__agree_with_the_libraries() -> None:
    random = Random(7)
    for count in (0, 1, 2, 15, 16, 17, 127, 128, 129, 300):
        values = [random.randbytes(random.choice([1, 5, 31, 32, 33, 55, 56, 300])) for _ in range(count)]
        assert rlp([values, [], b"\x00"]) == reference_rlp.encode([values, [], b"\x00"])
        library = HexaryTrie({})
        for index, value in enumerate(values):
            library[reference_rlp.encode(index)] = value
        assert ordered_root(values) == library.root_hash
    assert keccak(b"").hex().startswith("c5d24601")
