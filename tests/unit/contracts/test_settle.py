"""settle: everyone's share of every post, once; dust to its account."""

from __future__ import annotations

import pytest
from tests.harness.chain_of_submissions import shown
from tests.harness.evm import role
from tests.harness.exchange import DUST
from tests.harness.refusal import refused
from tests.harness.street import BIDS, ENERGY, GOOD, PURSES, REVENUE, UNIT, WHOLE, Street


@pytest.fixture
def street() -> Street:
    return Street().play_until("settle")


def test_settle__pays_and_allocates_as_done_by_hand(street: Street) -> None:
    receipts = [street.settle(0), street.settle(1)]

    assert ENERGY == {"ada": 146_558_943_089, "ben": 132_032_520_325, "sun": 61_750_000_000, "wind": 5_658_536_585}
    assert REVENUE == {"ada": 60, "ben": 40, "sun": 106 + 18, "wind": 16 + 5}
    events = {event.agent: event for receipt in receipts for event in receipt.all("Settled")}
    for name in BIDS:
        agent = role(name)
        event, account = events[agent], street.account(agent)
        expected = (1, ENERGY[name], GOOD[name], REVENUE[name], 0)
        assert (event.day, event.energy, event.good, event.revenue, event.refund) == expected
        assert account.money == (PURSES[name] - sum(BIDS[name]) + REVENUE[name]) * UNIT
        assert (account.energy, account.state) == (ENERGY[name], 2)


def test_settle__hands_the_dust_to_its_account(street: Street) -> None:
    last = [street.settle(0), street.settle(1)][-1]

    money, energy = 247 - sum(REVENUE.values()), 346 * WHOLE - sum(ENERGY.values())
    assert (money, energy) == (2, 1)
    assert street.account(DUST).money == 2 * UNIT
    assert tuple(street.market.dust()) == (2, 1, 0)
    settled = last.only("DaySettled")
    assert settled.args == {
        "day": 1, "settled": street.evm.now, "dust_money": 2, "dust_energy": 1, "dust_good": 0
    }  # fmt: skip
    today = street.market.today()
    assert (today.phase, today.left, today.settled) == (4, 4, street.evm.now)
    street.market.withdraw(2 * UNIT, by=DUST)
    assert street.held(DUST) == 2 * UNIT


def test_settle__hands_back_bids_on_a_post_without_delivery() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [0, 50, 11])
    street.submit(street.sun, [0, 3, 0], [0, 0, 0])
    street.close_all()
    street.produce_all()

    street.settle_all()

    assert street.account(street.ada).money == PURSES["ada"] * UNIT
    assert street.account(street.sun).money == PURSES["sun"] * UNIT
    assert tuple(street.market.dust()) == (0, 0, 0)


def test_settle__hands_back_good_that_nobody_bids_for() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [0, 50, 11])
    street.close_all()
    street.produce_all()

    event = street.settle_all().only("Settled")

    assert (event.good, event.energy, event.revenue, event.refund) == (600 * WHOLE, 0, 0, 61)


def test_settle__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    piece = street.pieces[1]
    words = shown(piece.links)
    refused(street, "calendar: not that day", street.market.settle, 2, 1, 1, piece.prior, words)
    street.settle_all()
    refused(street, "calendar: not that step's turn", street.market.settle, 1, 1, 1, piece.prior, words)


def test_settle__of_an_unknown_kind__is_refused(street: Street) -> None:
    piece = street.pieces[1]

    for kind in (0, 3):
        refused(street, "settlement: no such kind", street.market.settle, 1, kind, 1, piece.prior, shown(piece.links))


def test_settle__showing_nothing__is_refused(street: Street) -> None:
    piece = street.pieces[1]

    for wrong in ([], shown(piece.links)[:1]):
        refused(street, "settlement: nothing shown", street.market.settle, 1, 1, 1, piece.prior, wrong)


def test_settle__showing_half_a_submission__is_refused(street: Street) -> None:
    piece = street.pieces[1]
    words = shown(piece.links)

    for wrong in ([*words, 0], words[:-1]):
        refused(street, "settlement: words left over", street.market.settle, 1, 1, 1, piece.prior, wrong)


def test_settle__of_anything_but_the_piece__is_refused(street: Street) -> None:
    plants, homes = street.pieces
    words, reason = shown(homes.links), "posts: not that piece"

    for kind, number, prior, wrong in (
        (1, 1, homes.prior, [words[0], words[1] + 1, *words[2:]]),
        (1, 1, homes.prior, words[:2]),
        (1, 1, bytes(32), words),
        (1, 0, homes.prior, words),
        (1, 5, homes.prior, words),
        (2, 1, homes.prior, [*words[:2], 0]),
        (1, 0, plants.prior, shown(plants.links)[:2]),
    ):
        refused(street, reason, street.market.settle, 1, kind, number, prior, wrong)


def test_settle__of_a_piece_twice__is_refused(street: Street) -> None:
    street.settle(1)
    piece = street.pieces[1]

    refused(street, "posts: not that piece", street.market.settle, 1, 1, 1, piece.prior, shown(piece.links))


def test_settle__before_production__finds_no_step_to_take() -> None:
    street = Street().play_until("produce")
    piece = street.pieces[1]

    reason = "calendar: not that step's turn"
    refused(street, reason, street.market.settle, 1, 1, 1, piece.prior, shown(piece.links))
