"""produce: the good's post clears, plants burn what they bought, and what they cannot make is not sold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.refusal import refused
from tests.harness.street import WAD, WHOLE, Street

from wattpost.spec import unpack


@pytest.fixture
def street() -> Street:
    return Street().play_until("produce")


def test_produce__runs_every_plant_of_the_piece(street: Street) -> None:
    receipt = street.produce(0)

    sun, wind = receipt.all("PlantRun")
    assert sun.args == {
        "day": 1, "agent": street.sun, "inputs_bought": 300 * WAD, "inputs_used": 290 * WAD, "fraction": WAD
    }  # fmt: skip
    assert wind.args == {
        "day": 1, "agent": street.wind, "inputs_bought": 400 * WAD, "inputs_used": 400 * WAD, "fraction": WAD // 2
    }  # fmt: skip
    delivered = (1_000 * WHOLE, 232 * WHOLE, 114 * WHOLE)
    assert unpack(receipt.only("DayProduced").delivered, 3) == delivered
    today = street.market.today()
    assert (today.phase, today.left) == (3, 4)


def test_produce__of_a_post_without_bids__makes_nothing_and_takes_no_inputs() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [10, 5, 0])
    street.submit(street.sun, [1, 0, 0], [0, 30 * WHOLE, 90 * WHOLE])
    street.close_all()

    receipt = street.produce(0)

    run = receipt.only("PlantRun")
    bought = 600 * WHOLE // 11 * WHOLE
    assert (run.inputs_bought, run.inputs_used, run.fraction) == (bought, 30 * WAD, WAD)
    assert unpack(receipt.only("DayProduced").delivered, 3) == (600 * WHOLE, 30 * WHOLE, 0)


def test_produce__of_a_plant_that_needs_nothing__has_fraction_one() -> None:
    street = Street().play_until("submit")
    street.submit(street.sun, [0, 5, 0], [0, 0, 0])
    street.close_all()

    run = street.produce(0).only("PlantRun")

    assert (run.inputs_bought, run.inputs_used, run.fraction) == (0, 0, WAD)


def test_produce__of_a_plant_that_bought_nothing__delivers_nothing() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [10, 5, 0])
    street.submit(street.sun, [0, 0, 0], [0, 30 * WHOLE, 0])
    street.close_all()

    receipt = street.produce(0)

    assert receipt.only("PlantRun").fraction == 0
    assert unpack(receipt.only("DayProduced").delivered, 3) == (600 * WHOLE, 0, 0)


def test_produce__without_any_good__finds_none_bought() -> None:
    street = Street().play_until("submit")
    street.submit(street.sun, [7, 5, 0], [0, 30 * WHOLE, 0])
    street.close_all()

    run = street.produce(0).only("PlantRun")

    assert (run.inputs_bought, run.inputs_used, run.fraction) == (0, 0, 0)


def test_produce__on_a_day_without_producers__is_one_call_of_nothing() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [10, 5, 0])
    street.close_all()

    receipt = street.produce()

    assert unpack(receipt.only("DayProduced").delivered, 3) == (600 * WHOLE, 0, 0)
    assert street.market.today().phase == 3


def test_produce__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    refused(street, "calendar: not that day", street.show, "produce", 2, 0, bytes(32), 0)
    street.produce(0)
    refused(street, "calendar: not that step's turn", street.show, "produce", 1, 0, bytes(32), 0)


def test_produce__showing_nothing__is_refused(street: Street) -> None:
    refused(street, "posts: not that piece", street.show, "produce", 1, 0, street.pieces[0].prior, 0)


def test_produce__with_call_data_cut_or_padded__is_refused(street: Street) -> None:
    piece = street.pieces[0]
    links = piece.submissions

    reason = "market: malformed call data"
    for count in (1, 3, 0):
        refused(street, reason, street.show, "produce", 1, 0, piece.prior, count, links=links)


def test_produce__showing_anything_where_there_are_no_plants__is_refused() -> None:
    street = Street().play_until("submit")
    street.submit(street.ada, [10, 5, 0])
    street.close_all()
    plant = replace(street.links[1][0], kind=2, words=(7, 7))

    reason = "production: no plants to run"
    refused(street, reason, street.show, "produce", 1, 0, bytes(32), 3, links=[plant] * 3)
    street.produce()


def test_produce__of_anything_but_the_piece__is_refused(street: Street) -> None:
    piece = street.pieces[0]
    first, second = piece.submissions
    changed = replace(first, words=(first.words[0] + 1, first.words[1]))

    for number, prior, links in (
        (0, piece.prior, (changed, second)),
        (0, piece.prior, (first,)),
        (0, bytes(32), (first, second)),
        (1, piece.prior, (first, second)),
        (7, piece.prior, (first, second)),
        (0, piece.prior, (second, first)),
        (0, piece.prior, (replace(first, to_store=1), second)),
    ):
        arguments = (1, number, prior, len(links))
        refused(street, "posts: not that piece", street.show, "produce", *arguments, links=links)


def test_produce__of_a_piece_twice__is_refused() -> None:
    street = Street()
    names = [street.producer(f"plant {n}", theta=WAD, c=WAD, capacity=WHOLE, profile=3, money=WAD) for n in range(18)]
    street.open()
    for name in names:
        street.submit(name, [1, 0, 0], [0, 5, 0])
    street.after_window()
    street.close(2, 16)
    street.close(2, 2)
    street.produce(1)

    refused(street, "posts: not that piece", street.produce, 1)
    street.produce(0)
    assert street.market.today().phase == 3
