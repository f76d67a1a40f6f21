"""A day's arithmetic: what plants make, and what each submission gets of every post.

Amounts are lists by post, the consumption good's first, in whole 10^-9. Every share is cut once, from the totals.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import NamedTuple

from wattpost.audit.power import WAD, binary_log, power_above, power_below

UNIT = 10**9
HALF = WAD // 2


class Outcome(NamedTuple):
    """kWh bought, good bought or handed back, bytecoin from sales, bytecoin handed back."""

    energy: int
    good: int
    revenue: int
    refund: int


class PlantRun(NamedTuple):
    """Consumption good bought and burnt (18 decimals), and the part of the offer that is made (18 decimals)."""

    bought: int
    used: int
    fraction: int


def inputs_needed(output: int, theta: int, c: int) -> int:
    """(output / theta)^(1/c), rounded up; all with 18 decimals.

    >>> inputs_needed(4 * WAD, 2 * WAD, HALF) == 4 * WAD
    True
    """
    if output == 0:
        return 0
    if c == WAD:
        return (output * WAD + theta - 1) // theta
    if c == HALF:
        return (output * output * WAD + theta * theta - 1) // (theta * theta)
    return power_above(WAD, binary_log(output) - binary_log(theta), WAD, c)


def part_made(bought: int, needed: int, c: int) -> int:
    """min(1, (bought / needed)^c), rounded down, 18 decimals."""
    if bought >= needed:
        return WAD
    if bought == 0:
        return 0
    if c == WAD:
        return bought * WAD // needed
    if c == HALF:
        return isqrt(bought * WAD * WAD // needed)
    return min(power_below(WAD, binary_log(bought) - binary_log(needed), c, WAD), WAD)


def run_plant(theta: int, c: int, good_bid: int, offers: Sequence[int], day_bids: Sequence[int], good: int) -> PlantRun:
    """Burn what a plant bought of the day's good; periods that nobody bids for need nothing."""
    bought = good * good_bid // day_bids[0] * UNIT if day_bids[0] else 0
    needed = sum(
        inputs_needed(offer * UNIT, theta, c)
        for offer, bid in zip(offers[1:], day_bids[1:], strict=True)
        if bid and offer
    )
    return PlantRun(bought, min(bought, needed), part_made(bought, needed, c))


def made_of(offers: Sequence[int], day_bids: Sequence[int], fraction: int) -> list[int]:
    """What a plant delivers: that part of its offers, where somebody bids."""
    return [0] + [offer * fraction // WAD if bid else 0 for offer, bid in zip(offers[1:], day_bids[1:], strict=True)]


def outcome_of(bids: Sequence[int], sold: Sequence[int], day_bids: Sequence[int], delivered: Sequence[int]) -> Outcome:
    """One submission's share of every post.

    >>> outcome_of([5, 10], [7, 0], [5, 30], [7, 10])
    Outcome(energy=3, good=7, revenue=5, refund=0)
    """
    energy = good = revenue = refund = 0
    for post, quantity in enumerate(delivered):
        bid, money = bids[post], day_bids[post]
        if not quantity:
            refund += bid
            continue
        if not money:
            good += sold[post]
            continue
        revenue += money * sold[post] // quantity
        bought = quantity * bid // money
        if post:
            energy += bought
        else:
            good += bought
    return Outcome(energy, good, revenue, refund)


def lanes(words: Sequence[int], posts: int) -> list[int]:
    """The first `posts` 64-bit lanes of words, lowest first."""
    return [words[post >> 2] >> ((post & 3) << 6) & 0xFFFFFFFFFFFFFFFF for post in range(posts)]


def thirteen_words(amounts: Sequence[int]) -> list[int]:
    """Sums of lanes as the market keeps them: thirteen words, four lanes each."""
    words = [0] * 13
    for post, amount in enumerate(amounts):
        words[post >> 2] += amount << ((post & 3) << 6)
    return words
