"""settle: everyone's share of every post, once; dust to its account."""

from __future__ import annotations

from dataclasses import replace

import pytest
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
        assert (account.energy, account.day, account.submitted) == (ENERGY[name], 1, False)


def test_settle__hands_the_dust_to_its_account(street: Street) -> None:
    last = [street.settle(0), street.settle(1)][-1]

    money, energy = 247 - sum(REVENUE.values()), 346 * WHOLE - sum(ENERGY.values())
    assert (money, energy) == (2, 1)
    assert street.account(DUST).money == 2 * UNIT
    settled = last.only("DaySettled")
    assert settled.args == {
        "day": 1, "settled": street.evm.now, "dust_money": 2, "dust_energy": 1, "dust_good": 0
    }  # fmt: skip
    today = street.market.today()
    assert (today.phase, today.left, today.settled) == (4, 0, street.evm.now)
    street.market.withdraw(2 * UNIT, by=DUST)
    assert street.held(DUST) == 2 * UNIT


def test_settle__hands_back_bids_on_a_post_without_delivery() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [0, 50, 11])
    street.submit(street.sun, [0, 3, 0], [0, 0, 0])
    street.close_all()
    street.produce_all()

    dust = street.settle_all().only("DaySettled")

    assert street.account(street.ada).money == PURSES["ada"] * UNIT
    assert street.account(street.sun).money == PURSES["sun"] * UNIT
    assert (dust.dust_money, dust.dust_energy, dust.dust_good) == (0, 0, 0)


def test_settle__hands_back_good_that_nobody_bids_for() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [0, 50, 11])
    street.close_all()
    street.produce_all()

    event = street.settle_all().only("Settled")

    assert (event.good, event.energy, event.revenue, event.refund) == (600 * WHOLE, 0, 0, 61)


def test_settle__tells_of_many_in_words_of_sixty_four() -> None:
    from tests.unit.contracts.test_close import crowd

    exchange = crowd(67)

    events = exchange.clear().all("Settled")

    assert [event.place for event in events] == list(range(67))
    assert [event.agent for event in events] == [link.agent for link in exchange.links[1]]
    assert [exchange.account(event.agent).place for event in events] == list(range(67))


def test_settle__keeps_places_across_pieces() -> None:
    from tests.unit.contracts.test_close import crowd

    exchange = crowd(20)
    exchange.close(1, 17)
    exchange.close(1, 3)
    exchange.produce()
    exchange.settle(0)
    exchange.settle(1)

    assert [exchange.account(link.agent).place for link in exchange.links[1]] == list(range(20))


def test_settle__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    piece = street.pieces[1]
    arguments, links = (1, 1, piece.prior, 2), piece.submissions
    refused(street, "calendar: not that day", street.show, "settle", 2, *arguments, links=links)
    street.settle_all()
    refused(street, "calendar: not that step's turn", street.settle, 1)


def test_settle__showing_nothing__is_refused(street: Street) -> None:
    piece = street.pieces[1]
    refused(street, "posts: not that piece", street.show, "settle", 1, 1, 1, piece.prior, 0)
    refused(street, "posts: not that piece", street.show, "settle", 1, 0, 1, piece.end, 0)


def test_settle__with_call_data_cut_or_padded__is_refused(street: Street) -> None:
    piece = street.pieces[1]

    reason = "market: malformed call data"
    for count in (0, 1, 3):
        refused(street, reason, street.show, "settle", 1, 1, 1, piece.prior, count, links=piece.submissions)


def test_settle__of_anything_but_the_piece__is_refused(street: Street) -> None:
    plants, homes = street.pieces
    first, second = homes.submissions
    changed = replace(first, words=(first.words[0] + 1,))
    as_plant = replace(first, words=(first.words[0], 0))

    for kind, number, prior, links in (
        (1, 1, homes.prior, (changed, second)),
        (1, 1, homes.prior, (replace(first, to_store=2), second)),
        (1, 1, homes.prior, (replace(first, observed_gas=0), second)),
        (1, 1, homes.prior, (first,)),
        (1, 1, bytes(32), (first, second)),
        (1, 0, homes.prior, (first, second)),
        (1, 5, homes.prior, (first, second)),
        (2, 1, homes.prior, (as_plant,)),
        (2, 1, plants.prior, plants.submissions),
    ):
        arguments = (1, kind, number, prior, len(links))
        refused(street, "posts: not that piece", street.show, "settle", *arguments, links=links)


def test_settle__of_a_piece_twice__is_refused(street: Street) -> None:
    street.settle(1)

    refused(street, "posts: not that piece", street.settle, 1)


def test_settle__before_production__finds_no_step_to_take() -> None:
    street = Street().play_until("produce")

    refused(street, "calendar: not that step's turn", street.settle, 1)
