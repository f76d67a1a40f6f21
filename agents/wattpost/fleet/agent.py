"""One agent among those a process hosts: its preferences, its key, its policy, and what it did today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wattpost.chain.signed_bid import SignedBid
from wattpost.chain.wallet import Wallet
from wattpost.fleet.faults import Faults, State
from wattpost.fleet.plants import Plant
from wattpost.fleet.policy import Policy, load
from wattpost.game import Producer, Standard, utility_from
from wattpost.game.agents import Agent as Preferences


@dataclass(frozen=True, slots=True)
class Settings:
    """What an agent is told besides the chain: its preferences, and how it forms expectations."""

    preferences: Preferences
    step: float
    gas: int  # expected a day before anything was measured
    profile: tuple[float, ...]  # how V is laid over the periods
    policy: str
    faults: Faults = Faults(0, ())  # what befalls its submissions

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Settings:
        """From plain values, as they travel to another process."""
        utility = utility_from(raw["utility"], raw["periods"])
        preferences: Preferences
        if raw["kind"] == "standard":
            preferences = Standard(raw["name"], raw["endowment"], utility)
        else:
            capacity = np.array(raw["capacity"])
            preferences = Producer(raw["name"], raw["theta"], raw["c"], capacity, utility)
        faults = Faults(raw.get("seed", 0), tuple(State(**state) for state in raw.get("states", ())))
        return cls(preferences, raw["step"], raw["gas"], tuple(raw["profile"]), raw["policy"], faults)


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent did about a day: "submitted", "signed" (for its relayer), "sat out" or "failed", and why."""

    name: str
    day: int
    did: str
    why: str = ""


@dataclass(slots=True)
class Agent:
    """A key and a policy of its own, and nothing that another agent decides by."""

    settings: Settings
    wallet: Wallet
    policy: Policy = field(init=False)
    limits: list[int] | None = field(init=False)  # the most a plant may offer in each period, in 10^-9
    tried_day: int = 0
    outside: bool = False
    handed: SignedBid | None = None  # to the relayer, and not seen on chain yet

    def __post_init__(self) -> None:
        preferences = self.settings.preferences
        self.policy = load(self.settings.policy)
        self.limits = Plant.of(preferences).limits if isinstance(preferences, Producer) else None

    @property
    def name(self) -> str:
        return self.settings.preferences.name
