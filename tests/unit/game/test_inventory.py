"""Paying verification from a store: what is bought for it, when it locks an agent out, what it does to a market."""

from __future__ import annotations

import numpy as np
import pytest

from wattpost.game import (
    Economy,
    Inventory,
    Log,
    Producer,
    Rivals,
    Standard,
    States,
    best_response,
    payoff,
    solve_nash,
)

HOMES = tuple(Standard(f"home-{i}", omega, Log([0.6, 0.4], 0.2)) for i, omega in enumerate([4.0, 6.0, 9.0]))
PLANTS = tuple(Producer(f"plant-{i}", 1.7, 0.6, 6.0, Log([0.0, 0.1], 1.0)) for i in range(3))
KWH = np.outer([0.2, 0.2, 0.2, 0.1, 0.1, 0.1], [0.7, 0.3])


def test_purchase__after_a_charge__brings_the_store_back_to_its_target() -> None:
    stored = Inventory(efficiency=0.8)
    y = stored.purchase(after_charge=0.5, target=2.1)
    assert y == pytest.approx(2.0)
    assert stored.after(1.2, 0.7, y) == pytest.approx(2.1)


def test_purchase__into_a_full_store__is_nothing() -> None:
    assert Inventory(efficiency=0.8).purchase(after_charge=5.0, target=2.1) == 0.0


@pytest.mark.parametrize("efficiency", [1.0, 0.7, 0.25])
def test_days_of_buying_what_is_asked__settle_into_the_steady_state(efficiency: float) -> None:
    stored, burnt = Inventory(efficiency, store=0.31), np.array([0.2, 0.1])
    store, bought = stored.store, burnt
    assert not stored.locks_out(store, float(burnt.sum()))
    for _ in range(3):
        bought = stored.to_buy(store, burnt)
        store = stored.after(store, float(burnt.sum()), float(bought.sum()))
        assert not stored.locks_out(store, float(burnt.sum()))
    assert bought == pytest.approx(np.asarray(stored.steady(burnt)), rel=1e-12)
    assert store == pytest.approx(0.3, rel=1e-12)


def test_days_of_uncertain_charges__never_lock_an_agent_out_that_prepared_for_the_worst() -> None:
    burnt = States([0.8, 0.2], [[0.1, 0.1], [0.5, 0.3]])
    stored, rng = Inventory(0.9, store=0.8), np.random.default_rng(0)
    store, days, bought, charged = stored.store, 4000, 0.0, 0.0
    for state in rng.choice(2, size=days, p=burnt.weights):
        charge = float(burnt.amounts[state].sum())
        assert not stored.locks_out(store, charge)
        y = float(stored.to_buy(store, burnt).sum())
        store = stored.after(store, charge, y)
        bought, charged = bought + y, charged + charge
    assert bought * 0.9 == pytest.approx(charged, rel=1e-3)  # the rest is in the store


def test_store_that_cannot_cover_the_charge__locks_out() -> None:
    assert Inventory().locks_out(0.29, 0.3) and not Inventory().locks_out(0.3, 0.3)


@pytest.mark.parametrize("states", [False, True])
def test_nash__with_a_perfect_store__is_the_game_paid_from_the_purchase(states: bool) -> None:
    burnt = States.scaled(KWH, [0.5, 0.5], [1.0, 2.0]) if states else KWH
    one = solve_nash(Economy(2, HOMES, PLANTS, burnt))
    two = solve_nash(Economy(2, HOMES, PLANTS, Inventory(1.0).steady(burnt)))
    assert np.array_equal(one.allocations, two.allocations) and np.array_equal(one.utilities, two.utilities)


def test_nash__with_a_lossy_store__burns_what_the_store_loses_too() -> None:
    two = solve_nash(Economy(2, HOMES, PLANTS, Inventory(0.5).steady(KWH)))
    assert two.solved and two.participants.all()
    assert two.verification_kwh == pytest.approx(2.0 * KWH)
    assert two.consumption == pytest.approx(two.allocations - KWH / 0.5, abs=1e-12)
    assert np.all(two.utilities[:3] < solve_nash(Economy(2, HOMES, PLANTS, KWH)).utilities[:3])


def test_best_response__with_a_full_store__consumes_all_it_buys() -> None:
    rivals = Rivals([10.0, 4.0], [8.0, 9.0], 40.0, 50.0)
    needs = Inventory(0.8).to_buy(store=9.0, burnt=[0.2, 0.2])
    found = payoff(HOMES[0], best_response(HOMES[0], rivals, verification=needs), rivals, verification=needs)
    assert found.consumption == pytest.approx(found.allocation)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"efficiency": 0.0}, "efficiency must be positive"),
        ({"efficiency": 1.2}, "efficiency must be at most 1"),
        ({"store": -1.0}, "store must not be negative"),
        ({"store": float("nan")}, "store must be finite"),
    ],
)
def test_inventory__of_nonsense__is_refused_by_name(keys: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Inventory(**keys)
