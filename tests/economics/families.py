"""Random economies over all forms: M 1..50, P 2..20, T 1..24, V from nothing to where trade ends."""

from __future__ import annotations

import numpy as np

from wattpost.game import (
    Ces,
    Crra,
    Economy,
    Exponential,
    Linear,
    Log,
    Producer,
    Quadratic,
    Standard,
    Utility,
)

RETURNS = (0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
RISING = (0.5, 0.8, 1.1, 1.2, 1.4)


def random_economy(
    seed: int,
    *,
    largest: int = 50,
    periods: int = 24,
    verification: bool = True,
    returns: tuple[float, ...] = RETURNS,
) -> Economy:
    """One economy of the family, the same for the same seed; `returns` are the c that plants may have."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, periods + 1))
    homes = int(rng.integers(1, largest + 1))
    plants = int(rng.integers(2, max(3, largest * 2 // 5) + 1))
    standard = tuple(
        Standard(f"home-{i}", rng.uniform(1, 10), _utility(rng, count, rng.choice([0.0, rng.uniform(0.1, 1)])))
        for i in range(homes)
    )
    producers = tuple(
        Producer(
            f"plant-{i}",
            rng.uniform(0.5, 3),
            float(rng.choice(returns)),
            rng.uniform(0.5, 8) * rng.uniform(0.3, 1, count),
            _utility(rng, count, 1.0) if rng.random() < 0.5 else Log(np.zeros(count), 1.0),
        )
        for i in range(plants)
    )
    burnt = float(rng.choice([0.0, 0.001, 0.03, 0.3])) if verification else 0.0
    return Economy(count, standard, producers, burnt)


def _utility(rng: np.random.Generator, periods: int, good: float) -> Utility:
    weights = rng.uniform(0.05, 1.0, periods)
    choices = [
        lambda: Log(weights, good),
        lambda: Ces(weights, good, rho=float(rng.choice([-2.0, -0.5, 0.5]))),
        lambda: Crra(weights, good, gamma=float(rng.uniform(0.5, 3))),
        lambda: Exponential(weights, good, alpha=float(rng.uniform(0.2, 2))),
        lambda: Quadratic(weights, good, bliss=float(rng.uniform(1, 5))),
        lambda: Linear(weights, good),
    ]
    return choices[int(rng.integers(len(choices)))]()
