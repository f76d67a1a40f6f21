"""An economy: who is there, for how many periods, and what verification burns.

Agents are kept twice: as objects, which is how people write them down, and as *blocks*, arrays of
agents of one kind and one utility form, which is how solvers read a million of them. Order is
standard agents first, then producers, as given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .agents import Agent, Producer, Standard
from .arrays import BoolArray, FloatArray, Numbers, number, vector
from .risk import Risk
from .states import States
from .tastes import Taste
from .technology import Plants


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Agents of one kind and one utility form; producers are also all of the short or all of the long run.

    rows : (n,) their places in the economy; omega : (n,) endowments, zero for producers;
    verification : (n, T) or (n, 1) kWh, in the worst state; plants : technology, None for standard agents
    """

    rows: NDArray[np.intp]
    taste: Taste
    omega: FloatArray
    verification: FloatArray
    plants: Plants | None = None

    @property
    def size(self) -> int:
        return int(self.omega.size)

    @property
    def mean_verification(self) -> FloatArray:
        """(n, T) or (n, 1) kWh, expected over the states."""
        return self.verification if self.taste.risk is None else self.verification - self.taste.risk.mean()

    def take(self, inside: FloatArray | BoolArray | slice, posts: FloatArray | BoolArray | slice) -> Block:
        """The agents `inside` (a mask or slice of this block), on `posts` only."""
        plants = self.plants
        if plants is not None:
            plants = plants.take(inside, posts)
        taste = self.taste.take(inside).on(posts)
        used = self.verification[inside]
        used = used[:, posts] if used.shape[1] > 1 else used
        return Block(self.rows[inside], taste, self.omega[inside], used, plants)


@dataclass(frozen=True, slots=True, eq=False)
class Economy:
    """Standard agents and producers on T posts.

    Attributes
    ----------
    periods : T
    standard, producers : the agents, in order
    verification : kWh that each agent's payments burn: one number for everybody and every period, an (n, T) array,
        standard agents first, or, where it is uncertain, `States` with kWh (S, n, T)
    profile : (T,) how a kWh of verification is laid over the periods, for shadow prices; read off each agent's own
        verification unless stated (evenly where it burns nothing)

    >>> from .forms import Log
    >>> home = Standard("home", 10.0, Log([1.0], 0.0))
    >>> plant = Producer("plant", 2.0, 0.5, 9.0, Log([0.0], 1.0))
    >>> Economy(1, (home, home), (plant, plant)).count
    4
    """

    periods: int
    standard: tuple[Standard, ...]
    producers: tuple[Producer, ...]
    verification: FloatArray | Numbers | float | States = 0.0
    profile: FloatArray | Numbers | None = None
    blocks: tuple[Block, ...] = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "standard", tuple(self.standard))
        put(self, "producers", tuple(self.producers))
        if self.periods < 1:
            raise ValueError("periods must be at least 1")
        if not self.agents:
            raise ValueError("an economy needs at least one agent")
        for agent in self.agents:
            if agent.periods != self.periods:
                raise ValueError(f"{agent.name}: utility covers {agent.periods} periods, not {self.periods}")
            if isinstance(agent, Producer) and agent.investment_cost is not None and agent.c > 1:
                raise ValueError(f"{agent.name}: investment_cost is solved for c <= 1 only; state the capacity instead")
        if self.profile is not None:
            put(self, "profile", vector(self.profile, "profile", length=self.periods))
        if isinstance(self.verification, States):
            if self.verification.amounts.shape != (self.verification.count, self.count, self.periods):
                raise ValueError(f"verification must have {self.count} rows of {self.periods} in every state")
        else:
            put(self, "verification", _per_agent(self.verification, self.agents, self.periods))
        put(self, "blocks", _blocks(self.agents, self.states))

    @property
    def agents(self) -> tuple[Agent, ...]:
        return (*self.standard, *self.producers)

    @property
    def count(self) -> int:
        return len(self.standard) + len(self.producers)

    @property
    def verification_kwh(self) -> FloatArray:
        """(n, T) kWh, expected over the states."""
        return self.states.mean

    @property
    def states(self) -> States:
        """Verification by state, kWh (S, n, T); one state where it is certain."""
        if isinstance(self.verification, States):
            return self.verification
        assert isinstance(self.verification, np.ndarray)
        return States(np.ones(1), self.verification[None])


def _per_agent(given: object, agents: Sequence[Agent], periods: int) -> FloatArray:
    if isinstance(given, (int, float)):
        return np.full((len(agents), periods), number(given, "verification"))
    array = np.array(given, dtype=np.float64)
    if array.shape != (len(agents), periods):
        raise ValueError(f"verification must be one number or {len(agents)} rows of {periods}")
    for agent, row in zip(agents, array, strict=True):
        if not np.all(np.isfinite(row)) or np.any(row < 0):
            raise ValueError(f"{agent.name}: verification must be finite and not negative")
    array.setflags(write=False)
    return array


def check_expected(agents: Sequence[Agent]) -> None:
    """Refuse utilities whose expectation is no sum over periods."""
    for agent in agents:
        if "index" in vars(type(agent.utility)):
            form = agent.utility.form
            raise ValueError(f"{agent.name}: {form} utility is not solved for under uncertain verification; use crra")


def _blocks(agents: Sequence[Agent], states: States) -> tuple[Block, ...]:
    groups: dict[tuple[type, type, bool], list[int]] = {}
    for place, agent in enumerate(agents):
        long = isinstance(agent, Producer) and agent.investment_cost is not None
        groups.setdefault((type(agent), type(agent.utility), long), []).append(place)
    worst, blocks = states.worst, []
    for places in groups.values():
        members = [agents[i] for i in places]
        rows = np.array(places)
        risk = Risk.of(States(states.weights, states.amounts[:, rows])) if states.count > 1 else None
        if risk is not None:
            check_expected(members)
        taste = Taste.of([m.utility for m in members], worst[rows], risk)
        omega = np.array([m.endowment if isinstance(m, Standard) else 0.0 for m in members])
        plants = [m for m in members if isinstance(m, Producer)]
        technology = Plants.of(plants) if plants else None
        blocks.append(Block(rows, taste, omega, worst[rows], technology))
    return tuple(blocks)
