"""Whose gas it was, clause by clause."""

from __future__ import annotations

import pytest

from wattpost.energy import LAYERS, Books, KappaError, Reading, Use, joules_to_kappa, kappa_of


def count(books: Books, sender: str, gas: int, use: Use = Use.OWN, *, stranger: bool = False) -> None:
    books.count(sender, gas, use, registered=not stranger)


def test_shared_gas__divides_equally_and_the_rest_is_carried() -> None:
    books = Books()
    count(books, "operator", 100, Use.DAY)
    assert books.draw({"a": 0, "b": 0, "c": 0}) == Reading(33, 0, 1, {"a": 0, "b": 0, "c": 0})


def test_batches__are_one_pool_of_those_relayed_alone() -> None:
    books = Books()
    count(books, "relayer", 101, Use.BATCH, stranger=True)
    count(books, "operator", 90, Use.DAY)
    drawn = books.draw({"a": 0}, ["b", "c"])
    assert drawn == Reading(30, 50, 1, {"a": 0})
    books.charge(drawn, {"a": 0}, ["b", "c"])
    count(books, "relayer", 9, Use.BATCH)
    assert books.draw({}, ["c"]) == Reading(0, 10, 0, {})


def test_batches_of_a_day_without_relayed_ones__wait_for_the_next() -> None:
    books = Books()
    count(books, "relayer", 100, Use.BATCH)
    drawn = books.draw({"a": 5})
    assert (drawn.relayed, drawn.carried) == (0, 0)
    books.charge(drawn, {"a": 5}, [])
    assert books.draw({}, ["a"]).relayed == 100


def test_own_transactions_of_somebody_relayed__are_its_own_beside_the_pool() -> None:
    books = Books()
    count(books, "b", 33)  # a deposit
    count(books, "relayer", 100, Use.BATCH)
    drawn = books.draw({}, ["b", "c"])
    assert drawn == Reading(0, 50, 0, {"b": 33})
    books.charge(drawn, {}, ["b", "c"])
    assert books.own["b"] == 0


def test_an_agent_that_moves_the_day_on__shares_that_gas() -> None:
    books = Books()
    count(books, "a", 100, Use.DAY)
    assert books.draw({"a": 0, "b": 0}).own == {"a": 0, "b": 0}


def test_strangers__are_listed_and_charged_to_nobody() -> None:
    books = Books()
    count(books, "mallory", 5_000, stranger=True)
    assert books.strangers == {"mallory": 5_000}
    assert books.draw({"a": 7}) == Reading(0, 0, 0, {"a": 7})


def test_metering__is_paid_by_the_next_day() -> None:
    books = Books()
    count(books, "operator", 90, Use.DAY)
    count(books, "a", 40)
    first = books.draw({"a": 30, "b": 20})
    count(books, "meter", 11, Use.DAY)  # the metering itself
    books.charge(first, {"a": 30, "b": 20}, [])
    assert first == Reading(45, 0, 0, {"a": 40, "b": 20})
    assert books.draw({"a": 0, "b": 0}) == Reading(5, 0, 1, {"a": 0, "b": 0})


def test_an_empty_day__leaves_its_gas_to_the_next() -> None:
    books = Books()
    count(books, "operator", 10, Use.DAY)  # a day nobody bid on
    count(books, "operator", 20, Use.DAY)
    assert books.draw({"a": 0}).share == 30


def test_gas_of_a_day_sat_out__waits_for_its_sender() -> None:
    books = Books()
    count(books, "b", 500)
    books.charge(books.draw({"a": 0}), {"a": 0}, [])
    assert books.draw({"a": 0, "b": 100}).own == {"a": 0, "b": 500}


def test_a_silent_day__leaves_what_it_did_not_charge() -> None:
    books = Books()
    count(books, "operator", 60, Use.DAY)
    count(books, "relayer", 100, Use.BATCH)
    count(books, "a", 100)
    count(books, "b", 80)
    seen = {"a": 70, "b": 60}
    books.charge(books.draw(seen, ["c"]), seen, ["c"], observed=90)
    assert books.draw({"a": 0, "b": 0}, ["c"]) == Reading(20, 10, 0, {"a": 30, "b": 20})


def test_an_agent_behind_another_contract__is_charged_what_the_market_saw() -> None:
    books = Books()
    assert books.draw({"wallet": 61_000}).own == {"wallet": 61_000}
    books.charge(books.draw({"wallet": 61_000}), {"wallet": 61_000}, [])
    assert books.own["wallet"] == 0


def test_what_is_burnt_after_the_draw__is_never_struck_out() -> None:
    books = Books()
    drawn = books.draw({"wallet": 61_000})
    count(books, "wallet", 500)  # between the last settlement and the metering
    books.charge(drawn, {"wallet": 61_000}, [])
    assert books.own["wallet"] == 500


def test_more_than_a_reading_can_say__waits() -> None:
    books = Books()
    count(books, "a", 40_000_000)
    drawn = books.draw({"a": 10})
    assert drawn.own == {"a": 10 + 2**24 - 1}
    books.charge(drawn, {"a": 10}, [])
    assert books.own["a"] == 40_000_000 - drawn.own["a"]


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf"), 3.7e6])
def test_an_absurd_intensity__is_one_sentence(bad: float) -> None:
    with pytest.raises(KappaError, match="joules per gas"):
        joules_to_kappa(bad)


def test_kappa__is_whole_and_comes_from_layer_or_hand() -> None:
    assert joules_to_kappa(3.6) == 10**12
    assert kappa_of(None, 0.0) == 0
    assert kappa_of("proof-of-stake", None) == joules_to_kappa(LAYERS["proof-of-stake"].joules_per_gas)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("proof-of-steak", 'did you mean "proof-of-stake"'),
        ("lightning", "there are proof-of-work, bitcoin, proof-of-stake, consortium, measured"),
        ("measured", "before a node was measured"),
    ],
)
def test_a_layer_without_a_figure__is_one_sentence(layer: str, words: str) -> None:
    with pytest.raises(KappaError, match=words):
        kappa_of(layer, None)
