"""Floats to whole numbers without overspending, and submissions to pieces without losing one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.showing import MAX_PIECE, Shown, extend, genesis, pieces
from wattpost.chain.units import AmountError, from_units, to_parts, to_units, to_wad
from wattpost.spec.amounts import MAX_AMOUNT, UNIT, words_for


@given(st.floats(0, 1.8e10))
def test_to_units__never_rounds_up(amount: float) -> None:
    units = to_units(amount)
    assert units <= amount * UNIT * (1 + 1e-15) and amount * UNIT - units < 1 + amount * UNIT * 1e-15


@given(st.integers(0, 10**15))
def test_units__survive_a_round_trip(units: int) -> None:
    assert to_units(from_units(units)) == units


@pytest.mark.parametrize("bad", [-1e-12, float("nan"), float("inf"), 2e10])
def test_to_units__refuses_what_no_lane_holds(bad: float) -> None:
    with pytest.raises(AmountError, match="the bid"):
        to_units(bad, "the bid")


def test_decimals__mean_what_was_written() -> None:
    assert to_units(0.1) == 10**8 and to_wad(0.1) == 10**17 and to_parts(0.3) == 3_000
    assert to_units(MAX_AMOUNT / UNIT * 0.999) < MAX_AMOUNT


def shown(number: int, kind: int, periods: int) -> Shown:
    words = tuple(number * 31 + place for place in range(words_for(periods)))
    return Shown("0x" + f"{number + 1:040x}", kind, words * kind, to_store=number, observed_gas=number * 7)


@given(st.integers(0, 300), st.integers(0, 90), st.sampled_from([1, 4, 24, 48]))
def test_pieces__show_each_submission_once_and_chain_up(standard: int, producers: int, periods: int) -> None:
    submissions = [shown(number, STANDARD, periods) for number in range(standard)]
    submissions += [shown(number + 500, PRODUCER, periods) for number in range(producers)]
    found = pieces(7, submissions)
    for kind in (STANDARD, PRODUCER):
        own = [piece for piece in found if piece.kind == kind]
        in_order = [each for piece in reversed(own) for each in piece.submissions]
        assert in_order == [each for each in submissions if each.kind == kind]
        head = genesis(7, kind)
        for piece in reversed(own):
            assert piece.prior == head and 0 < len(piece.submissions) <= MAX_PIECE
            for each in piece.submissions:
                head = extend(head, each)
            assert piece.end == head
        left = len(in_order)
        for piece in own:  # the order of the close: newest first
            assert len(piece.submissions) >= min(16, left)
            left -= len(piece.submissions)
        assert left == 0


def test_heads__count_their_links() -> None:
    head = genesis(1, STANDARD)
    for number in range(3):
        head = extend(head, shown(number, STANDARD, 2))
    assert int.from_bytes(head[-3:], "big") == 3
