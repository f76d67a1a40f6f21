"""A first guess of prices and totals: money follows utility weights, plants follow half the price."""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray
from .economy import Block
from .roots import rising_root


def first_guess(blocks: tuple[Block, ...], good: float) -> tuple[FloatArray, FloatArray]:
    """Prices and totals (T,) at which the money that weights suggest meets a rough supply.

    blocks : those who take part; good : Omega, which is also all the money there is at p^0 = 1
    """
    periods = blocks[0].taste.weights.shape[1]
    spent = np.full(periods, 1e-6 * good / periods)
    for block in blocks:
        taste = block.taste
        if block.plants is None:
            weights = taste.weights + 0.02 * (taste.floor > 0)
            whole = weights.sum(axis=1) + taste.good
            share = block.omega / np.where(whole > 0, whole, 1.0)
            spent = spent + share @ weights

    plants = [block.plants for block in blocks if block.plants is not None]

    def excess(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        made, rate = np.full(periods, 1e-300), np.zeros(periods)
        for plant in plants:
            c = np.minimum(plant.c, 0.9)  # a smooth stand-in for supply that is a step
            power = c / (1.0 - c)
            q = np.exp(np.log(plant.theta) + power * (np.log(0.5 * c * plant.theta) + y))
            kept = np.minimum(q, 0.9 * plant.limits)
            made = made + kept.sum(axis=0)
            rate = rate + np.sum(np.where(q < 0.9 * plant.limits, power * q, 0.0), axis=0)
        return y + np.log(made) - np.log(spent), 1.0 + rate / made

    log_price = rising_root(excess, np.zeros(periods), lower=-100.0, upper=100.0, tolerance=1e-6)
    return np.exp(log_price), spent / np.exp(log_price)
