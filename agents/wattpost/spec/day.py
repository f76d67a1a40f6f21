"""A day's arithmetic, in the order things happen: totals, production, and everyone's share of every post.

Amounts on posts are tuples with post 0, the consumption good, first; whole 10^-9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wattpost.spec.amounts import UNIT, WAD
from wattpost.spec.technology import fraction, inputs_for

Amounts = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plant:
    """What a producer registered: theta and c with 18 decimals, capacity in 10^-9, the number of its profile."""

    theta: int
    c: int
    capacity: int
    profile: int


@dataclass(frozen=True, slots=True)
class Submission:
    """Money on every post, and kWh offered in every period (lane 0 of a producer's offer is zero)."""

    agent: str
    bids: Amounts
    offers: Amounts
    to_store: int = 0  # kWh of the purchase, 10^-9
    observed_gas: int = 0  # what the market saw it use; zero if it was relayed


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the day's submissions, post by post."""

    bids: Amounts
    offers: Amounts


@dataclass(frozen=True, slots=True)
class Run:
    """A plant's day: inputs with 18 decimals, and the fraction of its offer that it delivers."""

    bought: int
    needed: int
    fraction: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one submission gets, in 10^-9: kWh, consumption good, bytecoin from sales, bytecoin handed back."""

    energy: int
    good: int
    revenue: int
    refund: int


def share(pot: int, part: int, whole: int) -> int:
    """The one division of the market: a share of a pot, rounded towards the pot.

    >>> share(10, 1, 3), share(10, 2, 3)
    (3, 6)
    """
    return pot * part // whole


def totals(posts: int, submissions: Iterable[Submission], endowments: Mapping[str, int]) -> Totals:
    """Add up bids, and offers: of producers what they said, of standard agents what they own."""
    bids, offers = [0] * posts, [0] * posts
    for submission in submissions:
        for post in range(posts):
            bids[post] += submission.bids[post]
            offers[post] += submission.offers[post]
        offers[0] += endowments.get(submission.agent, 0)
    return Totals(tuple(bids), tuple(offers))


def run_plant(plant: Plant, submission: Submission, day: Totals) -> Run:
    """Burn the inputs a plant just bought. What nobody bids for is not made and takes nothing."""
    bought = share(day.offers[0], submission.bids[0], day.bids[0]) * UNIT if day.bids[0] else 0
    needed = sum(
        inputs_for(offer * UNIT, plant.theta, plant.c)
        for offer, bid in zip(submission.offers[1:], day.bids[1:], strict=True)
        if bid
    )
    return Run(bought, needed, fraction(bought, needed, plant.c))


def deliver(submission: Submission, day: Totals, delivered_fraction: int) -> Amounts:
    """What a plant delivers: its offers times the fraction, on posts that have bids."""
    made = [
        share(offer, delivered_fraction, WAD) if bid else 0
        for offer, bid in zip(submission.offers[1:], day.bids[1:], strict=True)
    ]
    return (0, *made)


def outcome(own_bids: Amounts, sold: Amounts, bids: Amounts, delivered: Sequence[int]) -> Outcome:
    """One submission's share of every post, from the totals of bids and deliveries.

    Two bidders on one post split 9 units as 1 : 2, and the seller gets all the money:

    >>> outcome((0, 100), (0, 0), (0, 300), (0, 9)).energy, outcome((0, 200), (0, 0), (0, 300), (0, 9)).energy
    (3, 6)
    >>> outcome((0, 0), (0, 9), (0, 300), (0, 9)).revenue
    300
    """
    energy = good = revenue = refund = 0
    for post, (bid, offer, all_bids, quantity) in enumerate(zip(own_bids, sold, bids, delivered, strict=True)):
        if quantity == 0:
            refund += bid
        elif all_bids == 0:
            good += offer
        else:
            revenue += share(all_bids, offer, quantity)
            if post == 0:
                good += share(quantity, bid, all_bids)
            else:
                energy += share(quantity, bid, all_bids)
    return Outcome(energy, good, revenue, refund)
