"""Where verification ends a market, in closed form: one period, identical homes that want electricity alone, identical
plants that want the good alone.

M' homes take part, each with ω of the good, and burn V each; P plants burn W each. Plants spend what they earn on the
good, so homes' bids are worth Ω = M' ω, and plants buy back P W: the price is p = Ω/(Q - P W). A plant's sale of one
more kWh, net of what it buys back, earns p (Q - q)/(Q - W), and its bid for the good moves that price by 1 - 1/P:

    φ'(q) = (1 - 1/P) · Ω/(Q - P W) · (Q - q)/(Q - W),    Q = P q,    or q = K where that is more.

A home buys x = (Q - P W)/M', and takes part where x > V. The market that remains is the largest M' for which that
holds: homes leave one at a time, and each that leaves takes its spending with it. Where φ(q) would exceed Ω/P, all that
a plant earns, there is no equilibrium with all P plants: one leaves, and the same holds with one less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wattpost.game import Economy, Log, Standard
from wattpost.game.agents import Agent

Shared = Callable[[int], tuple[float, float]]  # from the number of agents to a home's and a plant's
STEPS = 200  # of bisection: more than a float can tell apart


@dataclass(frozen=True, slots=True)
class Deal:
    """What is left of a market: homes and plants in it, kWh sold, its price in units of the good, kWh a home buys."""

    homes: int
    plants: int
    volume: float
    price: float
    bought: float


NOTHING = Deal(0, 0, 0.0, float("nan"), 0.0)


@dataclass(frozen=True, slots=True)
class Street:
    """M homes and P plants, all alike within their kind.

    >>> street = Street(homes=24, plants=4, endowment=10.0, theta=14.6, c=0.5, capacity=1e6)
    >>> deal = street.deal(0.0, 0.0)  # q = θ (1 - 1/P) √(Ω/2P)
    >>> round(deal.volume, 6) == round(4 * 14.6 * 0.75 * 30**0.5, 6)
    True
    """

    homes: int
    plants: int
    endowment: float
    theta: float
    c: float
    capacity: float

    def output(self, homes: int, plants: int, burnt: float) -> float:
        """kWh that each of so many plants makes, burning `burnt` itself; zero where that is beyond its means."""
        P, spent = plants, homes * self.endowment
        means = self.theta * float((spent / P) ** self.c)
        most = min(means, self.capacity)
        if most <= burnt or P < 2:
            return 0.0

        def worth(q: float) -> float:
            """What one more kWh earns, less what its inputs cost; falls in q."""
            sold, price = P * q, spent / (P * (q - burnt))
            cost = float((q / self.theta) ** (1 / self.c - 1)) / (self.c * self.theta)
            return (1 - 1 / P) * price * (sold - q) / (sold - burnt) - cost

        if worth(most) >= 0:
            return most if most < means else 0.0
        low, high = burnt, most
        for _ in range(STEPS):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if worth(middle) > 0 else (low, middle)
        return low

    def deal(self, home: float, plant: float) -> Deal:
        """The market that remains when a home burns `home` and a plant `plant` kWh."""
        return self.deal_among(lambda _: (home, plant))

    def deal_among(self, burnt: Shared) -> Deal:
        """The same where what they burn depends on how many agents are there."""
        homes, plants = self.homes, self.plants
        while homes >= 1 and plants >= 2:
            home, plant = burnt(homes + plants)
            made = self.output(homes, plants, plant)
            left = plants * (made - plant)
            if not made:
                plants -= 1
            elif left / homes > home:
                return Deal(homes, plants, plants * made, homes * self.endowment / left, left / homes)
            else:
                homes -= 1
        return NOTHING

    def threshold(self, home_gas: float, plant_gas: float, homes: int = 1) -> float:
        """The kWh per gas up to which at least so many homes take part."""
        return self.threshold_among(lambda _: (home_gas, plant_gas), homes)

    def threshold_among(self, gas: Shared, homes: int = 1) -> float:
        """The same where a day's gas depends on how many agents are there."""

        def enough(kappa: float) -> bool:
            def burnt(agents: int) -> tuple[float, float]:
                home, plant = gas(agents)
                return kappa * home, kappa * plant

            return self.deal_among(burnt).homes >= homes

        low, high = 0.0, 1.0
        while enough(high):
            high *= 2
        for _ in range(STEPS):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if enough(middle) else (low, middle)
        return low


def street_of(economy: Economy) -> Street | None:
    """The street that an economy is, if the closed form covers it."""
    homes, plants = economy.standard, economy.producers
    if economy.periods != 1 or not homes or len(plants) < 2:
        return None
    first, plant = homes[0], plants[0]
    same_homes = all(each.endowment == first.endowment and _wants(each, good=False) for each in homes)
    same_plants = all(
        (each.theta, each.c, each.limits[0], each.investment_cost) == (plant.theta, plant.c, plant.limits[0], None)
        and _wants(each, good=True)
        for each in plants
    )
    if not (same_homes and same_plants):
        return None
    return Street(len(homes), len(plants), first.endowment, plant.theta, plant.c, float(plant.limits[0]))


def _wants(agent: Agent, *, good: bool) -> bool:
    """Whether it wants the good alone, or electricity alone, without subsistence."""
    utility = agent.utility
    if float(utility.floor[0]) != 0.0 or (isinstance(agent, Standard) and not isinstance(utility, Log)):
        return False
    return (utility.numeraire > 0) == good and (float(utility.weights[0]) > 0) != good
