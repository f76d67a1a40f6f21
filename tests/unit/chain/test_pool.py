"""The order of waiting transactions, without a chain."""

import random

import pytest

from wattpost.chain.engine.pool import Pool, PoolRefusal, Waiting


def waiting(sender: str, nonce: int, fee: int, name: str = "") -> Waiting:
    return Waiting(name or f"{sender}{nonce}", sender, nonce, fee, fee, 21_000, None, b"\x02")


def order(pool: Pool) -> list[str]:
    return [entry.hash for entry in pool.in_order()]


def test_in_order__of_several_senders__goes_by_fee() -> None:
    pool = Pool()
    for sender, fee in (("a", 5), ("b", 9), ("c", 7)):
        pool.add(waiting(sender, 0, fee), 0)
    assert order(pool) == ["b0", "c0", "a0"]


def test_in_order__of_equal_fees__goes_by_arrival() -> None:
    pool = Pool()
    for sender in "cab":
        pool.add(waiting(sender, 0, 5), 0)
    assert order(pool) == ["c0", "a0", "b0"]


def test_in_order__of_one_sender__keeps_nonces_whatever_they_pay() -> None:
    pool = Pool()
    for nonce, fee in ((0, 1), (1, 100), (2, 50)):
        pool.add(waiting("a", nonce, fee), 0)
    pool.add(waiting("b", 0, 60), 0)
    assert order(pool) == ["b0", "a0", "a1", "a2"]


def test_in_order__however_they_arrived__is_the_same_for_distinct_fees() -> None:
    entries = [(sender, nonce, 10 + rank) for rank, sender in enumerate("abcde") for nonce in range(3)]
    seen = set()
    for seed in range(30):
        pool = Pool()
        for entry in random.Random(seed).sample(entries, len(entries)):
            pool.add(waiting(*entry), 0)
        seen.add(tuple(order(pool)))
    assert len(seen) == 1


def test_add__behind_a_gap__waits_until_the_gap_is_filled() -> None:
    pool = Pool()
    pool.add(waiting("a", 1, 5), 0)
    assert order(pool) == []
    assert pool.count() == {"a": (0, 1)}
    assert pool.next_nonce("a", 0) == 0
    pool.add(waiting("a", 0, 5), 0)
    assert order(pool) == ["a0", "a1"]
    assert pool.next_nonce("a", 0) == 2


def test_add__of_a_used_nonce__refuses() -> None:
    with pytest.raises(PoolRefusal, match="nonce too low"):
        Pool().add(waiting("a", 2, 5), 3)


def test_add__twice__refuses() -> None:
    pool = Pool()
    pool.add(waiting("a", 0, 5), 0)
    with pytest.raises(PoolRefusal, match="already known"):
        pool.add(waiting("a", 0, 5), 0)
    assert order(pool) == ["a0"]


def test_add__in_place_of_another__needs_a_higher_fee() -> None:
    pool = Pool()
    pool.add(waiting("a", 0, 5, "old"), 0)
    with pytest.raises(PoolRefusal, match="underpriced"):
        pool.add(waiting("a", 0, 5, "new"), 0)
    assert order(pool) == ["old"]
    pool.add(waiting("a", 0, 6, "new"), 0)
    assert order(pool) == ["new"]
    assert pool.get("old") is None


def test_settle__after_a_block__forgets_what_was_mined_and_what_cannot_be() -> None:
    pool = Pool()
    bad = waiting("b", 0, 4)
    for entry in (waiting("a", 0, 5), waiting("a", 1, 5), bad, waiting("b", 1, 4)):
        pool.add(entry, 0)
    pool.settle({"a": 1}, [bad])
    assert order(pool) == ["a1"]
    assert pool.get("a0") is None
    assert pool.count() == {"a": (1, 0), "b": (0, 1)}
