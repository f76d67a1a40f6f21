# ruff: noqa: N802
"""Threats, section B: arithmetic. On the chain where one case decides, on the specification where millions would."""

from __future__ import annotations

import os
from itertools import permutations
from random import Random

import pytest
from tests.harness.evm import Evm, role
from tests.harness.exchange import BANK, DUST, Exchange
from tests.harness.refusal import refused
from tests.harness.sources import character
from tests.harness.street import BIDS, UNIT, WAD, Street

from wattpost.spec import Submission, outcome, pack, totals

MOST = 2**64 - 1  # of a lane
NIGHTLY = os.environ.get("WATTPOST_NIGHTLY") == "1"


def market(*, endowment: int = 10**10, capacity: int = 5 * 10**17) -> tuple[Exchange, str, str]:
    """A home and a plant that needs next to nothing, each with what money the market can still hold."""
    exchange = Exchange(periods=1)
    exchange.set_profile(0, [10_000])
    home = exchange.standard("home", endowment)
    plant = exchange.producer("plant", theta=2**96 - 1, c=WAD, capacity=capacity)
    return exchange, home, plant


def day(exchange: Exchange, submissions: dict[str, tuple[list[int], list[int]]]) -> dict[str, tuple[int, ...]]:
    """Energy, good, revenue and refund of each, and all of it conserved."""
    exchange.open()
    for agent, (bids, offers) in submissions.items():
        exchange.submit(agent, bids, offers)
    exchange.close_all()
    exchange.produce_all()
    receipts = [exchange.settle(number) for number in range(len(exchange.pieces))]
    events = [event for receipt in receipts for event in receipt.all("Settled")]
    dust = receipts[-1].only("DaySettled")
    paid = sum(event.revenue + event.refund for event in events) + dust.dust_money
    assert paid == sum(sum(bids) for bids, _ in submissions.values())
    held = sum(exchange.account(owner).money for owner in [*submissions, DUST])
    assert exchange.held(exchange.market.address) == exchange.market.owed() == held
    exchange.meter()
    exchange.dust = (dust.dust_money, dust.dust_energy, dust.dust_good)  # type: ignore[attr-defined]
    return {event.agent: (event.energy, event.good, event.revenue, event.refund) for event in events}


def test_B_01__a_whale_alone__gets_everything() -> None:
    """CONSERVE, x=Q. The largest bid there can be is 2^64 - 1 units: all the market may hold."""
    exchange, home, plant = market()
    exchange.fund(plant, UNIT)
    exchange.fund(home, (MOST - 1) * UNIT)

    result = day(exchange, {home: ([0, MOST - 1], []), plant: ([1, 0], [0, 5 * 10**17])})

    assert result[home][0] == 5 * 10**17
    assert result[plant][2] == MOST - 1


def test_B_02__bids_that_would_overflow__cannot_be_paid_for() -> None:
    """REVERT at bid, never at clear. All money in the market fits a lane, so no sum of bids overflows one."""
    exchange, home, plant = market()
    exchange.fund(home, MOST // 2 * UNIT)
    exchange.fund(plant, (MOST - MOST // 2) * UNIT)
    exchange.bytecoin.transfer(role("third"), UNIT, by=BANK)
    exchange.bytecoin.approve(exchange.market.address, UNIT, by=role("third"))
    refused(exchange, "vault: market is full", exchange.market.deposit, UNIT, by=role("third"))

    result = day(exchange, {home: ([0, MOST // 2], []), plant: ([1, MOST - MOST // 2 - 1], [0, 5 * 10**17])})

    assert result[plant][2] == MOST - 1


@pytest.mark.parametrize("bid", [2**128, 2**255, 2**256 - 1])
def test_B_03__a_monstrous_bid__is_refused_at_entry(bid: int) -> None:
    """REVERT at entry."""
    exchange, home, _ = market()
    exchange.fund(home, MOST // 2 * UNIT)
    exchange.open()

    refused(exchange, "posts: bid beyond the last post", exchange.market.submit, 1, 0, bid.to_bytes(32, "big"), by=home)
    with pytest.raises(ValueError, match="a lane holds"):
        pack([0, bid])


def test_B_04__all_of_one_and_one_of_the_other__conserves() -> None:
    """Q at its most and B=1; Q=1 and B at its most -> CONSERVE."""
    exchange, home, plant = market()
    exchange.fund(home, (MOST - 5) * UNIT)
    exchange.fund(plant, 5 * UNIT)
    first = day(exchange, {home: ([0, 1], []), plant: ([1, 0], [0, 5 * 10**17])})
    second = day(exchange, {home: ([0, MOST - 7], []), plant: ([1, 0], [0, 1])})

    assert (first[home][0], first[plant][2]) == (5 * 10**17, 1)
    assert (second[home][0], second[plant][2]) == (1, MOST - 7)


def test_B_05__bids_without_an_offer__are_refunded_in_full() -> None:
    """Q=0, B>0 -> full refund."""
    exchange, home, _ = market(endowment=1)
    exchange.fund(home, 1_009 * UNIT)

    result = day(exchange, {home: ([0, 1_009], [])})

    assert result[home] == (0, 1, 0, 1_009)
    assert exchange.account(home).money == 1_009 * UNIT


def test_B_06__offers_without_a_bid__are_handed_back() -> None:
    """B=0, Q>0 -> offers returned exactly: the good to its owner, and electricity is not made at all."""
    exchange, home, plant = market(endowment=7_001)
    exchange.fund(home, UNIT)

    result = day(exchange, {home: ([0, 1], []), plant: ([0, 0], [0, 5])})

    assert result[home] == (0, 7_001, 0, 1)
    assert result[plant] == (0, 0, 0, 0)


def test_B_07__a_post_without_anything__is_left_alone() -> None:
    """both 0 -> clear is a no-op."""
    street = Street().play_until("submit")
    street.submit(street.ada, [5, 0, 0])
    street.close_all()
    street.produce_all()

    receipt = street.settle_all()

    event, dust = receipt.only("Settled"), receipt.only("DaySettled")
    assert (event.energy, event.revenue, event.refund) == (0, 5, 0)
    assert (dust.dust_money, dust.dust_energy, dust.dust_good) == (0, 0, 0)


def test_B_08__one_unit_among_1e18__strands_no_lot() -> None:
    """b_i=1, B=1e27, Q=1e8 (Fjord underflow): no lot stuck. Here B=1e18 units, the share floors to nothing."""
    exchange, home, plant = market()
    exchange.fund(home, UNIT)
    exchange.fund(plant, 10**18 * UNIT)

    result = day(exchange, {home: ([0, 1], []), plant: ([1, 10**18 - 1], [0, 10**8])})

    assert result[home][0] == 0
    assert result[plant][0] == 10**8 - 1
    assert exchange.dust[1] == 1  # type: ignore[attr-defined]


def test_B_09__tiny_money_against_huge_quantity__never_over_allocates() -> None:
    """tiny B vs huge Q (MISO 1.5x over-allocation): Σ <= Q."""
    exchange, home, plant = market()
    exchange.fund(home, 2 * UNIT)
    exchange.fund(plant, 2 * UNIT)

    result = day(exchange, {home: ([0, 2], []), plant: ([1, 1], [0, 5 * 10**17])})

    energies = [each[0] for each in result.values()]
    assert sum(energies) <= 5 * 10**17
    assert sorted(energies) == [5 * 10**17 // 3, 2 * (5 * 10**17) // 3]


def test_B_10__a_thousand_bids_of_one_unit__leave_exact_dust() -> None:
    """1,000 bids of 1 wei + Q=7: dust exact. On the specification; forty of them on the chain."""
    bids = (0, 1)
    crowd = [Submission(f"home {n}", bids, (0, 0)) for n in range(1_000)]
    day_totals = totals(2, crowd, {})
    energies = [outcome(each.bids, (0, 0), day_totals.bids, (0, 7)).energy for each in crowd]
    assert (sum(energies), 7 - sum(energies)) == (0, 7)

    exchange = Exchange(periods=1)
    exchange.set_profile(0, [10_000])
    homes = [exchange.standard(f"home {n}", 1, UNIT) for n in range(40)]
    plant = exchange.producer("plant", theta=WAD, c=WAD, capacity=7, money=UNIT)
    result = day(exchange, {home: ([0, 1], []) for home in homes} | {plant: ([1, 0], [0, 7])})
    assert sum(each[0] for each in result.values()) == 0
    assert exchange.dust[1] == 7  # type: ignore[attr-defined]
    assert result[plant][2] == 40


def test_B_11__all_orders_of_five_settlements__end_in_one_state() -> None:
    """all permutations of 5 claims, same final state: shares depend on totals alone, so on the specification."""
    random = Random(11)
    submissions = [
        Submission(str(n), (random.randint(0, 99), random.randint(1, 99)), (0, random.randint(0, 99))) for n in range(5)
    ]
    day_totals = totals(2, submissions, {})
    results = [
        {each.agent: outcome(each.bids, each.offers, day_totals.bids, day_totals.offers) for each in order}
        for order in permutations(submissions)
    ]
    assert len(results) == 120
    assert all(each == results[0] for each in results)


def test_B_12__a_rounding_pump__pumps_nothing() -> None:
    """10,000 bid/claim cycles at minimum sizes: attacker gains at most a unit a cycle. Floors: it gains nothing."""
    random = Random(12)
    for _ in range(200_000 if NIGHTLY else 10_000):
        others_bid, others_offer = random.randint(1, 9), random.randint(1, 9)
        bid, offer = random.randint(1, 3), random.randint(1, 3)
        bids, offers = (0, bid + others_bid), (0, offer + others_offer)
        own = outcome((0, bid), (0, offer), bids, offers)
        # what it came with and what it leaves with, both at the day's exact price: never more
        assert own.energy * bids[1] + own.revenue * offers[1] <= bid * offers[1] + offer * bids[1]


@pytest.mark.parametrize("decimals", [0, 6, 18, 36])
def test_B_13__a_token_of_any_decimals__is_counted_in_raw_units(decimals: int) -> None:
    """CONSERVE, contract is decimal-agnostic (raw units only, whole 10^9 of them)."""
    exchange = Exchange(token=Evm().deploy(character("Sulky"), BANK, 10**30, decimals))
    exchange.fund(role("buyer"), 10**15 + 7 * UNIT)
    exchange.market.withdraw(10**15, by=role("buyer"))

    assert exchange.account(role("buyer")).money == 7 * UNIT
    assert exchange.held(role("buyer")) == 10**15


def test_B_14__charges_know_no_sign() -> None:
    """signed/unsigned mix (int256 min) in energy deltas -> REVERT: what is posted is unsigned and bounded, so the most
    that can be owed after every day there can be is far from any limit."""
    street = Street(kappa=10**18).play_until("meter")
    for wrong in (2**32, 2**255, 2**256 - 1):
        refused(street, "energy: shared gas out of range", street.meter, share=wrong)
    street.meter(dict.fromkeys(street.submitters, 2**24 - 1), share=2**32 - 1, relayed=2**32 - 1)
    most = 10**18 * (2**32 + 2**24 + 2**24)
    assert all(-most < street.balance(role(name)) < 0 for name in BIDS)
    assert most * 2**24 < 2**200
