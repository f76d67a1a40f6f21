"""A producer's plant as the contract knows it: whole numbers, and a capacity profile shared with others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wattpost.chain.units import to_parts, to_units, to_wad
from wattpost.game import Producer
from wattpost.spec.amounts import FULL

PROFILES = 8


class PlantError(ValueError):
    """Plants that the contract cannot hold; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Plant:
    """theta and c with 18 decimals, capacity in 10^-9, and what part of it each period reaches, in ten-thousandths."""

    theta: int
    c: int
    capacity: int
    parts: tuple[int, ...]

    @property
    def limits(self) -> list[int]:
        """The most it may offer in each period, in 10^-9."""
        return [self.capacity * part // FULL for part in self.parts]

    @classmethod
    def of(cls, producer: Producer) -> Plant:
        """The plant of a producer; nothing is rounded up.

        >>> from wattpost.game import Log
        >>> mill = Producer("mill", 2.0, 0.5, [5.0, 2.5], Log([0.0, 0.0], 1.0))
        >>> Plant.of(mill).limits
        [5000000000, 2500000000]
        """
        most = float(producer.limits.max())
        if most <= 0:
            raise PlantError(f'"{producer.name}" has no capacity in any period: a run needs some.')
        return cls(
            theta=to_wad(producer.theta, f"theta of {producer.name}"),
            c=to_wad(producer.c, f"c of {producer.name}"),
            capacity=to_units(most, f"the capacity of {producer.name}"),
            parts=tuple(to_parts(limit / most) for limit in producer.limits),
        )


def profiles(plants: Iterable[Plant]) -> list[tuple[int, ...]]:
    """The different capacity profiles among plants, in order of appearance."""
    found = list(dict.fromkeys(plant.parts for plant in plants))
    if len(found) > PROFILES:
        raise PlantError(f"The plants follow {len(found)} different capacity profiles; the market holds {PROFILES}.")
    return found
