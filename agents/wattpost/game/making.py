"""Plants of price-takers on the central path (`interior.py`): what they make, and how it answers to prices.

    phi'(q) + nu - tau = p,   nu (K s - q) = mu,   tau q = mu;     sum_t s nu + kappa = rho,   kappa K = mu

In a Newton step towards mu, with pi the change of ln p,

    dq = push + own pi + turn dK,        dK = grown + grow pi.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .arrays import FloatArray
from .forms import Log
from .roots import rising_root
from .tastes import Taste
from .technology import Plants, posts
from .views import Priced

NEXT = 1e-13
"""Part of its capacity by which a plant may miss a bound that it is meant to be at."""


class Making:
    """The plants of one block; `at` has what stays positive, `go` where a step wants to take it."""

    def __init__(self, plants: Plants, prices: FloatArray, mu: float, volume: FloatArray) -> None:
        self.plants, self.at, self.go = plants, dict[str, FloatArray](), dict[str, FloatArray]()
        self.sun = np.ones_like(plants.limits) if plants.sun is None else plants.sun
        self.flat = np.broadcast_to(plants.c >= 1, plants.limits.shape)
        limits = plants.limits if plants.rho is None else self._first_size(prices, mu, volume)
        self.running = limits > 0
        self.pairs = 2.0 * self.running.sum(axis=1) + 1.0
        whole = np.where(self.running, limits, 1.0)
        chord = plants.inputs(whole) / whole
        self.line = np.where(plants.c > 1, chord, 1.0 / plants.theta)
        self.bent = np.where(self.flat, 0.0, 1.0 / plants.c - 1.0)

        def excess(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            q, room = whole / (1.0 + np.exp(-z)), whole / (1.0 + np.exp(z))
            marginal = self.marginal(q)
            value = marginal + mu / room - mu / q - prices
            bend = self.bent * marginal / q + mu / room**2 + mu / q**2
            return value / prices, bend * q * room / whole / prices

        z = rising_root(excess, np.zeros_like(whole), lower=-200.0, upper=200.0, tolerance=1e-6, rounds=60)
        q, room = whole / (1.0 + np.exp(-z)), whole / (1.0 + np.exp(z))
        self.at |= {"q": q, "room": room, "nu": mu / room, "tau": mu / q}

    def _first_size(self, prices: FloatArray, mu: float, volume: FloatArray) -> FloatArray:
        """(n, T) limits where K is chosen: room for a plant's part of the `volume` (T,) of trade."""
        assert self.plants.rho is not None
        made = np.broadcast_to(volume, self.sun.shape)
        if not self.flat.any():
            made = np.minimum(
                self.plants.supply(np.log(prices) + 0.0 * self.sun)[0], volume / np.maximum(self.sun, 0.1)
            )
        lit = self.sun > 0
        size = 1.5 * np.max(np.where(lit, made / np.where(lit, self.sun, 1.0), 0.0), axis=1)
        # Large enough for the barriers of all its posts not to ask for more than K costs.
        size = np.maximum(size, 2.0 * mu * prices.size / self.plants.rho[:, 0])
        self.at |= {"size": size, "kappa": mu / size}
        return np.asarray(size[:, None] * self.sun)

    def marginal(self, q: FloatArray) -> FloatArray:
        """phi' (n, T) at `q`, the slope of the chord where c > 1."""
        return np.where(self.flat, self.line, self.plants.inputs(q) / (np.where(self.flat, 1.0, self.plants.c) * q))

    def made(self) -> FloatArray:
        """(n, T) kWh."""
        return np.where(self.running, self.at["q"], 0.0)

    def offers(self, prices: FloatArray, money: float) -> FloatArray:
        """(n, T) kWh, with bounds put in exactly and bent costs met; `money` is what an agent spends in all."""
        q, room = self.at["q"], self.at["room"]
        whole = q + room
        full = whole if self.plants.rho is not None else self.plants.limits
        q = np.where(q < NEXT * whole, 0.0, np.where(room < NEXT * whole, full, q))
        if not self.flat.all():
            best = np.minimum(self.plants.supply(np.log(prices) + np.zeros_like(q))[0], full)
            q = np.where(self.flat, q, best if self.plants.rho is None else self._built(prices))
        if self.plants.rho is not None:
            idle = self.flat[:, 0] & (self.at["kappa"] / self.plants.rho[:, 0] > (self.made() @ prices) / money)
            q = np.where(idle[:, None], 0.0, q)
        return np.where(self.running, q, 0.0)

    def _built(self, prices: FloatArray) -> FloatArray:
        """(n, T) what pays best at `prices` where K is chosen; c < 1."""
        none, blank = np.zeros(self.sun.shape[0]), np.zeros_like(self.sun)
        taste = Taste(Log, blank, none, blank, none[:, None])
        plants = replace(self.plants, c=np.minimum(self.plants.c, 0.999))
        guess = np.log(self.at["size"])
        return posts(taste, plants, Priced(prices[None, :]), none, none, np.log(prices) + blank, guess).q

    def profit(self, prices: FloatArray, mu: float) -> FloatArray:
        """(n,) money earned, and `mu` for each bound, which keeps it positive on the path."""
        q = self.at["q"]
        burnt = np.where(self.flat, self.line * q, self.plants.inputs(q))
        earned = np.sum(np.where(self.running, prices * q - burnt, 0.0), axis=1) + mu * self.pairs
        return np.asarray(earned if self.plants.rho is None else earned - self.plants.rho[:, 0] * self.at["size"])

    def answer(self, prices: FloatArray, mu: float) -> tuple[FloatArray, FloatArray]:
        """Keep the answer to a Newton step at `prices`; how profit follows pi (n, T), and its fixed part (n,)."""
        q, room, nu = self.at["q"], self.at["room"], self.at["nu"]
        marginal = self.marginal(q)
        stiff = self.bent * marginal / q + nu / room + self.at["tau"] / q
        give = np.where(self.running, 1.0 / stiff, 0.0)
        head = prices - marginal - mu / room + mu / q
        self.own, self.push = prices * give, head * give
        margin = prices - marginal
        follow = prices * self.made() + margin * self.own
        fixed = np.sum(margin * self.push, axis=1)
        if self.plants.rho is not None:
            rho, size = self.plants.rho[:, 0], self.at["size"]
            pull = np.where(self.running, self.sun * nu / room, 0.0)
            self.turn = pull * give
            bend = np.sum(self.sun * pull * (1.0 - nu / room * give), axis=1) + self.at["kappa"] / size
            lead = np.sum(np.where(self.running, self.sun * mu / room, 0.0), axis=1) + mu / size - rho
            self.grow = self.turn * prices / bend[:, None]
            self.grown = (lead + np.sum(self.turn * head, axis=1)) / bend
            gain = np.sum(margin * self.turn, axis=1) - rho
            follow, fixed = follow + gain[:, None] * self.grow, fixed + gain * self.grown
        return follow, fixed

    def clear(self, matrix: FloatArray, right: FloatArray) -> None:
        """Add this supply to the posts' Newton system, in place."""
        matrix[np.diag_indices(right.size)] -= self.own.sum(axis=0)
        right += self.push.sum(axis=0)
        if self.plants.rho is not None:
            matrix -= self.turn.T @ self.grow
            right += self.turn.T @ self.grown

    def plan(self, move: FloatArray, mu: float) -> None:
        """Fill `go` for the change `move` of ln p (T,)."""
        at, go = self.at, self.go
        dq, stretch = self.push + self.own * move, np.zeros_like(self.push)
        if self.plants.rho is not None:
            go["size"] = self.grown + self.grow @ move
            go["kappa"] = dual_step(at["kappa"], at["size"], go["size"], mu)
            dq = dq + self.turn * go["size"][:, None]
            stretch = self.sun * go["size"][:, None]
        go["q"] = np.where(self.running, dq, 0.0)
        go["room"] = np.where(self.running, stretch - dq, 0.0)
        go["nu"] = np.where(self.running, dual_step(at["nu"], at["room"], go["room"], mu), 0.0)
        go["tau"] = np.where(self.running, dual_step(at["tau"], at["q"], go["q"], mu), 0.0)


def dual_step(dual: FloatArray, held: FloatArray, change: FloatArray, mu: float) -> FloatArray:
    """How the multiplier of `held` moves when that moves by `change` and their product shall be `mu`."""
    return np.asarray(mu / held - dual - dual / held * change)
