"""The same economy with other returns to scale, and what it could make at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wattpost.game import Economy, Producer, solve_nash
from wattpost.study.footprint_gas import Gas
from wattpost.study.footprint_theory import street_of

JOULES_PER_KWH = 3.6e6
LOWEST, HIGHEST = 10**-3.5, 10**5.5  # J/gas: nine decades, from a consortium to Bitcoin


def burning(economy: Economy, joules: float, gas: Gas) -> Economy:
    daily = [gas.home] * len(economy.standard) + [gas.plant] * len(economy.producers)
    kwh = joules / JOULES_PER_KWH * np.array(daily)
    profile = economy.profile if isinstance(economy.profile, np.ndarray) else np.full(economy.periods, 1.0)
    return replace(economy, verification=np.outer(kwh, profile / profile.sum()))


def with_returns(economy: Economy, c: float, gas: Gas) -> Economy:
    """The economy with plants of returns c, as large without verification as with its own."""
    if all(plant.c == c for plant in economy.producers):
        return economy
    own = solve_nash(burning(economy, LOWEST, gas))
    made = own.offers[len(economy.standard) :]
    plants = []
    for plant, row in zip(economy.producers, made, strict=True):
        output = float(row[row > 0].mean()) if (row > 0).any() else plant.theta
        inputs = (output / plant.theta) ** (1 / plant.c)
        plants.append(replace(plant, theta=output / inputs**c, c=c))
    scale = float(own.totals.sum())
    for _ in range(3):
        volume = _volume(Economy(economy.periods, economy.standard, tuple(plants)), gas)
        if volume <= 0 or abs(volume / scale - 1) < 1e-6:
            break
        plants = [replace(plant, theta=plant.theta * scale / volume) for plant in plants]
    return Economy(economy.periods, economy.standard, tuple(plants))


def _volume(economy: Economy, gas: Gas) -> float:
    """kWh sold when next to nothing is burnt."""
    street = street_of(economy)
    if street:
        return street.deal(gas.home * LOWEST / JOULES_PER_KWH, gas.plant * LOWEST / JOULES_PER_KWH).volume
    return float(solve_nash(burning(economy, LOWEST, gas)).totals.sum())


def cannot_trade(economy: Economy, home: float, plant: float) -> bool:
    """Whether what verification burns exceeds all that plants could make, whoever takes part: then nobody trades.

    With M' homes, inputs are at most the M' largest endowments, and needed are M' homes' and two plants' verification.
    """
    owned = np.cumsum(sorted((each.endowment for each in economy.standard), reverse=True))
    needed = home * np.arange(1, owned.size + 1) + 2 * plant
    return bool(np.all(needed >= [_most(economy.producers, float(inputs)) for inputs in owned]))


def _most(plants: Sequence[Producer], inputs: float) -> float:
    """No less than all plants can make together in a day of so many units of the good."""
    periods = plants[0].periods
    bound = 0.0
    for c in {plant.c for plant in plants}:
        thetas = np.array([plant.theta for plant in plants if plant.c == c])
        if c < 1:  # inputs are spread over plants and periods
            bound += float((periods * np.sum(thetas ** (1 / (1 - c)))) ** (1 - c)) * inputs**c
        else:  # all in one place
            bound += float(thetas.max()) * inputs**c
    return min(bound, float(sum(plant.limits.sum() for plant in plants)))
