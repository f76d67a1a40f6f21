"""Who takes part and with what: the registrar's role, endowments, plants and capacity profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wattpost.spec.amounts import FULL, MAX_AMOUNT, UNIT
from wattpost.spec.day import Amounts, Plant
from wattpost.spec.refusal import require
from wattpost.spec.technology import MAX_C, MAX_THETA, inputs_for

MAX_ENDOWMENT = 2**58 - 1
MAX_CAPACITY = 10**18
MAX_OUTPUT = 2**60  # of all plants in all periods of a day
MAX_STORE = 2**60 * UNIT
PROFILES = 8


@dataclass(slots=True)
class Registry:
    """The register of one market. What is registered stays; the market admits whom this lets through."""

    periods: int
    registrar: str
    next_registrar: str = ""
    endowments: dict[str, int] = field(default_factory=dict)
    plants: dict[str, Plant] = field(default_factory=dict)
    profiles: list[tuple[int, ...]] = field(default_factory=lambda: [()] * PROFILES)

    def offer_registrar(self, caller: str, successor: str) -> None:
        self.check_registrar(caller)
        self.next_registrar = successor

    def accept_registrar(self, caller: str) -> None:
        require(caller == self.next_registrar, "registry: role not offered")
        self.registrar, self.next_registrar = caller, ""

    def check_registrar(self, caller: str) -> None:
        require(caller == self.registrar, "registry: registrar only")

    def set_profile(self, profile: int, parts: Sequence[int]) -> None:
        """Parts in ten-thousandths, period 1 first; missing ones are zero."""
        require(profile < PROFILES, "registry: no such profile")
        for index, part in enumerate(parts):
            require(part <= FULL, "registry: profile above whole")
            require(part == 0 or index < self.periods, "registry: profile too long")
        self.profiles[profile] = tuple(parts)

    def check_standard(self, endowment: int, store: int) -> None:
        require(store <= MAX_STORE, "registry: store too large")
        require(endowment > 0, "registry: no endowment")
        require(endowment <= MAX_ENDOWMENT, "registry: endowment too large")
        require(sum(self.endowments.values()) + endowment <= MAX_AMOUNT, "registry: endowments too large")

    def check_producer(self, plant: Plant, store: int) -> None:
        require(store <= MAX_STORE, "registry: store too large")
        require(0 < plant.theta <= MAX_THETA, "technology: theta out of range")
        require(0 < plant.c <= MAX_C, "technology: c out of range")
        require(plant.capacity > 0, "registry: no capacity")
        require(plant.capacity <= MAX_CAPACITY, "registry: capacity too large")
        require(plant.profile < PROFILES, "registry: unknown profile")
        capacities = sum(other.capacity for other in self.plants.values()) + plant.capacity
        require(capacities * self.periods < MAX_OUTPUT, "registry: capacities too large")
        inputs = inputs_for(plant.capacity * UNIT, plant.theta, plant.c)
        require(inputs <= MAX_AMOUNT * UNIT // self.periods, "registry: plant needs too much")

    def within_capacity(self, agent: str, offers: Amounts) -> bool:
        """Whether a plant can reach what is offered in every period; producers own no good to offer."""
        plant = self.plants[agent]
        parts = self.profiles[plant.profile] + (0,) * self.periods
        reached = all(offer * FULL <= plant.capacity * part for offer, part in zip(offers[1:], parts, strict=False))
        return reached and offers[0] == 0
