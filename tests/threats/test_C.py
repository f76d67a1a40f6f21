# ruff: noqa: N802
"""Threats, section C: settlement, fairness, dust."""

from __future__ import annotations

import os
from random import Random

from tests.harness.evm import role
from tests.harness.exchange import BANK, DUST, raw
from tests.harness.invariants import Invariants
from tests.harness.refusal import refused
from tests.harness.sources import sources
from tests.harness.street import BIDS, OFFERS, PURSES, UNIT, WHOLE, Street

from wattpost.spec import Submission, outcome, totals

ONE = raw([1, 0, 0])
DAYS = 100_000 if os.environ.get("WATTPOST_NIGHTLY") == "1" else 1_500


def test_C_01__shares_of_random_days__add_up_to_the_pot_but_for_dust() -> None:
    """Σclaims == Q for random n<=64, dust under one unit a participant (floor plus dust, design.md)."""
    random = Random(1)
    for _ in range(DAYS):
        count = random.randint(1, 64)
        most = random.choice([3, 100, 10**9, 10**17])
        pots = [(random.randint(0, most), random.randint(0, most)) for _ in range(count)]
        bids, offers = sum(bid for bid, _ in pots), sum(offer for _, offer in pots)
        results = [outcome((0, bid), (0, offer), (0, bids), (0, offers)) for bid, offer in pots]
        if bids and offers:
            assert 0 <= offers - sum(each.energy for each in results) < max(1, sum(1 for bid, _ in pots if bid))
            assert 0 <= bids - sum(each.revenue for each in results) < max(1, sum(1 for _, offer in pots if offer))
        else:
            assert sum(each.refund for each in results) == bids


def test_C_02__a_producer_settled_first_last_or_not_yet__changes_nobody_elses_share() -> None:
    """others unaffected."""
    outcomes = []
    for order in ((0, 1), (1, 0), (1,)):
        street = Street().play_until("settle")
        for piece in order:
            street.settle(piece)
        outcomes.append({name: tuple(street.account(role(name)))[:2] for name in ("ada", "ben")})
    Invariants.orders_agree(outcomes)


def test_C_03__who_never_withdraws__stays_a_liability_and_holds_up_nobody() -> None:
    """others paid, remainder shown as unclaimed liability."""
    street = Street()
    street.open()
    street.submit_all()
    street.finish()
    for name in ("ben", "sun", "wind"):
        street.market.withdraw(street.account(role(name)).money, by=role(name))
    street.market.withdraw(street.account(DUST).money, by=DUST)
    street.evm.now += 365 * 86_400
    street.open()
    left = (PURSES["ada"] - 71 + 60) * UNIT
    assert street.market.owed() == street.held(street.market.address) == left
    street.market.withdraw(left, by=street.ada)
    assert street.held(street.market.address) == 0


def test_C_04__dust__cannot_be_swept_before_all_is_settled() -> None:
    """REVERT while claims outstanding: there is no dust before the last settlement, and it has one owner."""
    street = Street().play_until("settle")
    street.settle(0)
    refused(street, "vault: more than is prepaid", street.market.withdraw, UNIT, by=DUST)
    street.settle(1)
    refused(street, "vault: more than is prepaid", street.market.withdraw, 3 * UNIT, by=DUST)
    street.market.withdraw(2 * UNIT, by=DUST)


def test_C_05__a_sole_bidder_of_one_unit__gets_all() -> None:
    """gets all (mechanism); the report flags it."""
    street = Street().play_until("submit")
    street.submit(street.ada, [1, 1, 0])
    street.submit(street.sun, [1, 0, 0], OFFERS["sun"])
    street.close_all()
    street.produce_all()
    events = [event for number in range(2) for event in street.settle(number).all("Settled")]
    assert {event.agent: event.energy for event in events} == {street.ada: 200 * WHOLE, street.sun: 0}


def test_C_06__split_bids__gain_no_unit() -> None:
    """split bids (sybil) vs one bid: gain < k units. Floors make it a loss, if anything."""
    random = Random(6)
    for _ in range(DAYS):
        parts = [random.randint(1, 50) for _ in range(random.randint(2, 9))]
        others, quantity = random.randint(1, 1_000), random.randint(1, 10_000)
        bids = (0, sum(parts) + others)
        whole = outcome((0, sum(parts)), (0, 0), bids, (0, quantity)).energy
        split = sum(outcome((0, part), (0, 0), bids, (0, quantity)).energy for part in parts)
        assert whole - len(parts) < split <= whole


def test_C_07__sniping_with_one_unit_at_the_end__gains_nothing() -> None:
    """gain <= 1 unit (prefix design). Here the order is nothing: a unit buys its floored share, last or first."""
    rows = [
        Submission("a", (0, 1_000), (0, 0)),
        Submission("b", (0, 999), (0, 0)),
        Submission("sniper", (0, 1), (0, 0)),
    ]
    for order in (rows, rows[::-1]):
        day = totals(2, order, {})
        assert outcome((0, 1), (0, 0), day.bids, (0, 3_999)).energy == 1  # 3999 / 2000, floored


def test_C_08__a_donation__changes_no_price_and_belongs_to_nobody() -> None:
    """price unchanged, shows as "unattributed", not claimable by anyone else."""
    quiet, gifted = Street(), Street()
    for street in (quiet, gifted):
        street.open()
        street.submit_all()
        if street is gifted:
            street.bytecoin.transfer(street.market.address, 77_003, by=BANK)
        street.close_all()
        street.produce_all()
        if street is gifted:
            street.bytecoin.transfer(street.market.address, 9, by=BANK)
        street.settle_all()
    assert [tuple(quiet.account(role(name))) for name in BIDS] == [tuple(gifted.account(role(name))) for name in BIDS]
    assert gifted.market.owed() == quiet.market.owed()
    for owner in (*map(role, BIDS), DUST):
        money = gifted.account(owner).money
        refused(gifted, "vault: more than is prepaid", gifted.market.withdraw, money + UNIT, by=owner)
        gifted.market.withdraw(money, by=owner)
    assert gifted.market.owed() == 0
    assert gifted.held(gifted.market.address) == 77_012


def test_C_09__a_last_bid_racing_the_close__counts_before_it_or_not_at_all() -> None:
    """bid before close counted, bid at/after close REVERT; same B either way: there is no lazy clearing."""
    street = Street().play_until("submit")
    street.submit(street.ada, BIDS["ada"])
    street.after_window()
    refused(street, "calendar: window is over", street.market.submit, 1, 0, ONE, by=street.ben)
    closed = street.close().only("DayClosed")
    refused(street, "calendar: not that step's turn", street.market.submit, 1, 0, ONE, by=street.ben)
    assert closed.bids[0] == 10 | 50 << 64 | 11 << 128


def test_C_10__nobody__can_pause_upgrade_or_stop_the_market() -> None:
    """none exists (immutability stated): no such function, and no such instruction in the sources."""
    names = set(Street().market.functions) | set(Street().registry.functions)
    wrong = ("pause", "upgrade", "kill", "owner", "stop", "rescue", "sweep", "set_meter", "set_kappa", "mint")
    assert not [name for name in names if any(word in name for word in wrong)]
    for path, text in sources().items():
        assert "selfdestruct" not in text, path
        assert "is_delegate_call" not in text, path


def test_C_11__a_plant_that_cannot_deliver__sells_only_what_exists() -> None:
    """default: design.md has no penalty; output shrinks to what inputs allow, and everything is shared of that."""
    street = Street().play_until("produce")
    runs = {event.agent: event.fraction for event in street.produce_all().all("PlantRun")}
    assert runs[street.wind] == 5 * 10**17
    events = [event for number in range(2) for event in street.settle(number).all("Settled")]
    assert sum(event.energy for event in events) <= (232 + 114) * WHOLE
    assert all(street.account(role(name)).energy >= 0 for name in BIDS)


def test_C_12__an_endowment__is_offered_once_a_day_and_cannot_be_moved() -> None:
    """escrowed; REVERT on double use: it is the registered figure, sold by the one submission of the day."""
    street = Street().play_until("submit")
    street.submit(street.ada, [1, 0, 0])
    refused(street, "posts: already submitted", street.market.submit, 1, 0, ONE, by=street.ada)
    offered = raw([1, 0, 0], [600 * WHOLE, 0, 0])
    refused(street, "posts: not of that kind", street.market.submit, 1, 0, offered, by=street.ben)
    refused(street, "posts: offer above capacity", street.market.submit, 1, 0, offered, by=street.sun)
    assert street.close_all().only("DayClosed").offers[0] == 600 * WHOLE
