"""What a solver hands back: an allocation at prices, its certificate, and a status that is a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from .arrays import BoolArray, FloatArray


class Status(Enum):
    """Each says what was found and, where something is wrong, what to do."""

    SOLVED = "nobody gains more than the tolerance by any other action"
    NO_TRADE = "only no trade is an equilibrium: every agent that could trade would rather stay out"
    ONE_SIDED = (
        "only no trade is an equilibrium: no post has two sellers and two bidders, or the good has a single "
        "owner that wants it back; add a producer with capacity, or a standard agent"
    )
    NOT_FOUND = (
        "the equilibrium conditions were not met within max_sweeps; raise it, or start from the "
        "prices of a nearby economy with `start`"
    )
    REGRET = (
        "the conditions hold but an agent gains more than the tolerance by another action, so this is "
        "no equilibrium; with c > 1 none may exist, with c <= 1 lower `tolerance` and report it"
    )
    NO_COMPETITIVE = (
        "no post has two sellers and two bidders that can pay for their verification at price-taking prices, so there "
        "is no price-taking equilibrium with trade; lower verification or subsistence, or add a producer with capacity"
    )

    NOT_CLEARED = (
        "the price-taking conditions were not met to 1e-9 within max_steps; raise it, or move a parameter a little: "
        "numbers at which a plant is just not worth running are the hard ones"
    )

    NO_RIVAL = (
        "the cartel has a post to itself: an only seller earns the same from any quantity and an only bidder gets the "
        "same from any bid, so it has no best response; leave a seller and a bidder of each post outside"
    )
    PART_LOAD = (
        "no price-taking equilibrium exists with every plant of c > 1 at all of its capacity or none, which is all "
        "that a price-taker wants; lower that plant's capacity, or take c <= 1"
    )

    @property
    def solved(self) -> bool:
        return self in (Status.SOLVED, Status.NO_TRADE, Status.ONE_SIDED)


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """An outcome for n agents on T posts, standard agents first; money is scaled to p^0 = 1.

    Attributes
    ----------
    status : what was found
    regret : the most any agent could gain by another action, in consumption equivalents; nan for a
        competitive equilibrium, where agents take prices as given
    residual : the largest relative error in first-order, feasibility and clearing conditions
    prices : (T,) money per kWh, nan where a post is closed
    totals : (T,) kWh offered on each post
    allocations : (n, T) kWh bought; offers : (n, T) kWh made
    good_bought : (n,) units of the good bought, which is the bid on post 0
    numeraire : (n,) units of the good consumed; outside, the own endowment
    utilities : (n,)
    participants : (n,) who takes part; exits : who left, in order
    verification_kwh : (n, T) kWh, as charged to those who take part, expected over its states
    money_values, good_values : (n,) multipliers lambda and upsilon: utility of a unit of money, of the good
    sweeps : how many times all agents were asked
    shadow_prices : (n, S) lambda_s, utility that a kWh less of verification in state s would bring, its chance divided
        out; empty where an economy is kept as blocks only (`shadow.py` reckons them)
    """

    status: Status
    regret: float
    residual: float
    prices: FloatArray
    totals: FloatArray
    allocations: FloatArray
    offers: FloatArray
    good_bought: FloatArray
    numeraire: FloatArray
    utilities: FloatArray
    participants: BoolArray
    exits: tuple[int, ...]
    verification_kwh: FloatArray
    money_values: FloatArray
    good_values: FloatArray
    sweeps: int
    shadow_prices: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def solved(self) -> bool:
        return self.status.solved

    @property
    def open(self) -> BoolArray:
        """(T,) posts on which electricity changes hands."""
        return np.isfinite(self.prices)

    @property
    def bids(self) -> FloatArray:
        """(n, T) money bid on each post."""
        return np.asarray(self.allocations * np.where(self.open, self.prices, 0.0))

    @property
    def numeraire_bids(self) -> FloatArray:
        """(n,) money bid on post 0."""
        return self.good_bought

    @property
    def consumption(self) -> FloatArray:
        """(n, T) kWh net of verification; zero for those outside."""
        net = self.allocations - self.verification_kwh
        return np.where(self.participants[:, None], np.maximum(net, 0.0), 0.0)

    @property
    def verification_value(self) -> FloatArray:
        """(n, T) lambda_s: utility that one kWh less of verification would bring, at the margin."""
        price = np.where(self.open, self.prices, 0.0)
        left = np.where(self.open, self.totals, 1.0) - self.allocations
        unsold = np.where(self.open, self.totals, 1.0) - self.offers
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.where(left > 0, unsold / left, 0.0)
        value = self.money_values[:, None] * price * own
        return np.where(self.participants[:, None], value, 0.0)
