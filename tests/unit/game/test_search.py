"""Where the problem is not convex (c > 1, or prepayment binds): answers against dense searches that share nothing."""

from __future__ import annotations

import os

import numpy as np
import pytest

from wattpost.game import (
    Crra,
    Exponential,
    Linear,
    Log,
    Producer,
    Response,
    Rivals,
    States,
    Utility,
    best_response,
    gain,
    payoff,
)

NIGHTLY = os.environ.get("WATTPOST_NIGHTLY") == "1"
SEEDS = range(40) if NIGHTLY else (2, 3, 5)


def makers(seed: int, periods: int, utility: Utility, c: float) -> tuple[Producer, Rivals]:
    rng = np.random.default_rng(seed)
    rivals = Rivals(rng.uniform(2, 20, periods), rng.uniform(2, 20, periods), rng.uniform(20, 60), rng.uniform(20, 60))
    return Producer("plant", rng.uniform(1.0, 3.0), c, rng.uniform(0.5, 6.0, periods), utility), rivals


def dense_two_posts(plant: Producer, rivals: Rivals, kwh: float, held: float) -> float:
    """The most of the good left over any pair of offers, by a grid with a finer one around its best point."""
    low, high, best = np.zeros(2), plant.limits, -np.inf
    for _ in range(8):
        axes = [np.linspace(low[t], high[t], 81) for t in range(2)]
        q = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        total = rivals.offers + q
        bid = kwh * rivals.bids / (total - kwh)
        price = (rivals.bids + bid) / total
        money = np.minimum(np.sum(q * price - bid, axis=-1), held - np.sum(bid, axis=-1))
        bought = rivals.endowments * money / (rivals.numeraire_bids + money)
        left = bought - np.sum((q / plant.theta) ** (1.0 / plant.c), axis=-1)
        left = np.where(money >= 0, left, -np.inf)
        place = np.unravel_index(int(np.argmax(left)), left.shape)
        best, here = max(best, float(left[place])), q[place]
        width = (high - low) / 20
        low, high = np.maximum(here - width, 0.0), np.minimum(here + width, plant.limits)
    return best


@pytest.mark.parametrize("c", [0.6, 1.0, 1.3, 1.9])
@pytest.mark.parametrize("share", [np.inf, 0.5, 0.15])
@pytest.mark.parametrize("seed", SEEDS)
def test_search__on_two_posts__is_no_worse_than_a_dense_one(seed: int, share: float, c: float) -> None:
    plant, rivals = makers(seed, 2, Linear([0.0, 0.0], 1.0), c)
    kwh = 0.05
    free = best_response(plant, rivals, verification=[kwh, kwh])
    held = share * (free.bids.sum() + free.numeraire_bid) if np.isfinite(share) else np.inf
    found = best_response(plant, rivals, verification=[kwh, kwh], held=held)
    best = dense_two_posts(plant, rivals, kwh, held)
    if best > 0:
        assert found.utility >= best - 2e-8 * max(best, 1.0)
    assert found.bids.sum() + found.numeraire_bid <= held * (1.0 + 1e-12)
    assert payoff(plant, found, rivals, verification=[kwh, kwh]).balance >= -1e-9


def dense_one_post(plant: Producer, rivals: Rivals, kwh: float, held: float) -> float:
    """The best utility over any offer and any bid, money that is left going to the good."""
    (bids,), (offers,), low, high = rivals.bids, rivals.offers, np.zeros(2), np.array([plant.limits[0], 1.0])
    best = -np.inf
    for _ in range(9):
        q, share = np.meshgrid(np.linspace(low[0], high[0], 101), np.linspace(low[1], high[1], 101), indexing="ij")
        x = kwh + share * (offers + q - kwh) * 0.999999
        total = offers + q
        with np.errstate(all="ignore"):
            bid = x * bids / (total - x)
            money = np.minimum(q * (bids + bid) / total - bid, held - bid)
            good = rivals.endowments * money / (rivals.numeraire_bids + money) - (q / plant.theta) ** (1.0 / plant.c)
        fits = (money >= 0) & (good >= 0) & (total > x)
        utility = plant.utility
        with np.errstate(all="ignore"):
            value = utility.weights[0] * utility.worth(x - kwh, utility.shape)
            value = value + utility.numeraire * utility.worth(good, utility.shape)
        value = np.where(fits, value, -np.inf)
        place = np.unravel_index(int(np.argmax(value)), value.shape)
        best = max(best, float(value[place]))
        width = (high - low) / 16
        centre = np.array([q[place], share[place]])
        low, high = np.maximum(centre - width, 0.0), np.minimum(centre + width, [plant.limits[0], 1.0])
    return best


@pytest.mark.parametrize("c", [0.6, 1.0, 1.4])
@pytest.mark.parametrize("share", [np.inf, 0.4])
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("seed", SEEDS if NIGHTLY else (1,))
def test_search__of_one_who_wants_both__is_no_worse_than_a_dense_one(
    seed: int, number: int, share: float, c: float
) -> None:
    utility = [Log([0.6], 0.4), Crra([0.6], 0.4, gamma=2.0), Exponential([0.6], 0.4, alpha=0.4)][number]
    plant, rivals = makers(seed, 1, utility, c)
    free = best_response(plant, rivals, verification=[0.05])
    held = share * (free.bids.sum() + free.numeraire_bid) if np.isfinite(share) else np.inf
    found = best_response(plant, rivals, verification=[0.05], held=held)
    best = dense_one_post(plant, rivals, 0.05, held)
    assert found.utility >= best - 1e-7 * max(1.0, abs(best))


@pytest.mark.parametrize("c", [0.6, 1.3])
def test_shadow_prices__where_prepayment_binds_a_producer__are_what_re_solving_finds(c: float) -> None:
    rivals = Rivals([8.0, 5.0], [6.0, 4.0], 16.0, 10.0)
    for utility in (Log([0.0, 0.0], 1.0), Log([0.3, 0.2], 0.6)):
        plant = Producer("plant", 2.0 if c < 1 else 4.0, c, 50.0 if c < 1 else 5.0, utility)
        states = States([0.8, 0.2], [[0.1, 0.1], [0.5, 0.4]])
        held = 2.0 if c < 1 else 3.5
        found = best_response(plant, rivals, verification=states, held=held)
        for place, chance in enumerate(states.weights):
            ends = []
            for sign in (-1.0, 1.0):
                kwh = states.amounts.copy()
                kwh[place] *= 1.0 + sign * 1e-4 / kwh[place].sum()
                ends.append(best_response(plant, rivals, verification=States(states.weights, kwh), held=held).utility)
            by_hand = (ends[0] - ends[1]) / (2e-4 * chance)
            assert found.shadow_prices[place] == pytest.approx(by_hand, rel=2e-4, abs=1e-5)


def test_gain__against_any_random_action__is_not_negative_where_returns_increase() -> None:
    plant, rivals = makers(3, 4, Log([0.2, 0.3, 0.1, 0.2], 1.0), 1.4)
    best = best_response(plant, rivals, verification=[0.02] * 4)
    rng = np.random.default_rng(0)
    for _ in range(2000):
        on = rng.random(4) < 0.6
        trial = Response(
            best.bids * rng.uniform(0.2, 2.0, 4),
            best.numeraire_bid * rng.uniform(0.2, 1.5),
            on * plant.limits * rng.random(4),
            0.0,
        )
        outcome = payoff(plant, trial, rivals, verification=[0.02] * 4)
        if outcome.balance >= 0:
            assert outcome.utility <= best.utility
    assert gain(plant, best, rivals, verification=[0.02] * 4) < 1e-12
