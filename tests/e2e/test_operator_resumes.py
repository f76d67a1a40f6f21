"""Nothing waits for one party: a day is taken on from wherever it stands, by whoever comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.test_meter_and_strangers import Town
from wattpost.chain.engine import open_engine
from wattpost.chain.market import call
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.showing import Chain, show
from wattpost.chain.wallet import Order
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator, transact
from wattpost.spec.market import Phase


@pytest.fixture
def town() -> Iterator[Town]:
    with open_engine() as engine:
        yield Town(engine, homes=20, plants=18)


def successor(town: Town) -> Operator:
    """Another operator and another meter process with the same keys, that know nothing but the chain."""
    meter = Meter(town.engine, town.meter.wallet, town.market)
    return Operator(town.engine, town.operator_wallet, town.market, meter)


def send(town: Town, *calls: bytes, not_before: int = 0) -> None:
    orders = [Order(town.market.address, data, 12_000_000) for data in calls]
    transact(town.engine, town.operator_wallet, orders, not_before)


def after_window(town: Town) -> int:
    return town.market.today().opened + town.market.rules().window


def closes(town: Town, day: int, kind: int, *sizes: int) -> list[bytes]:
    """Calls that close a kind in pieces of these sizes, newest first."""
    chain = Chain.of(day, kind, town.operator.submissions(day))
    calls, last = [], len(chain.submissions)
    for size in sizes:
        part = chain.between(chain.heads[last - size], chain.heads[last])
        calls.append(show("close", day, kind, part.prior, size, submissions=part.submissions))
        last -= size
    return calls


def in_the_window(town: Town, day: int) -> None:
    """The operator dies before the deadline."""


def after_a_strange_close(town: Town, day: int) -> None:
    """A stranger closes producers first, and cuts them otherwise."""
    send(town, *closes(town, day, PRODUCER, 16, 2), not_before=after_window(town))


def after_half_a_close(town: Town, day: int) -> None:
    send(town, *closes(town, day, STANDARD, 17), not_before=after_window(town))


def after_the_close(town: Town, day: int) -> None:
    calls = closes(town, day, STANDARD, 20) + closes(town, day, PRODUCER, 16, 2)
    send(town, *calls, not_before=after_window(town))
    assert town.market.today().phase == Phase.CLOSED


def after_half_the_production(town: Town, day: int) -> None:
    after_the_close(town, day)
    chain = Chain.of(day, PRODUCER, town.operator.submissions(day))
    rest = chain.between(chain.heads[0], chain.heads[2])
    send(town, show("produce", day, 2, rest.prior, 2, submissions=rest.submissions))
    assert town.market.today().phase == Phase.CLOSED


def after_half_the_settlement(town: Town, day: int) -> None:
    after_half_the_production(town, day)
    chain = Chain.of(day, PRODUCER, town.operator.submissions(day))
    part = chain.between(chain.heads[2], chain.heads[18])
    send(town, show("produce", day, 1, part.prior, 16, submissions=part.submissions))
    send(town, show("settle", day, PRODUCER, 1, part.prior, 16, submissions=part.submissions))
    assert town.market.today().phase == Phase.PRODUCED


def after_the_settlement(town: Town, day: int) -> None:
    town.engine.mine(after_window(town))
    town.operator.settle(day)
    assert town.market.today().phase == Phase.SETTLED


DEATHS = [
    in_the_window,
    after_a_strange_close,
    after_half_a_close,
    after_the_close,
    after_half_the_production,
    after_half_the_settlement,
    after_the_settlement,
]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.__name__)
def test_an_operator_that_dies__is_followed_by_one_that_finishes(
    town: Town, tmp_path: Path, death: Callable[[Town, int], None]
) -> None:
    day = town.open()
    town.bid(day)
    town.engine.mine()
    death(town, day)

    assert successor(town).play(lambda _day, _deadline: None) == day
    assert town.market.today().phase == Phase.DONE
    assert sum(account.money for account in town.accounts()) == town.market.owed() - town.dust()
    assert town.verdict(tmp_path) == "clean"


def test_a_day_that_a_stranger_opened__is_played_like_any_other(town: Town, tmp_path: Path) -> None:
    town.stranger_sends(call("open"))
    town.engine.mine()
    assert town.operator.play(town.gather) == 1
    assert town.market.today().phase == Phase.DONE
    assert town.verdict(tmp_path) == "clean"


def test_a_day_without_bids__ends_at_once(town: Town, tmp_path: Path) -> None:
    assert town.operator.play(lambda _day, _deadline: None) == 1
    assert town.operator.play(town.gather) == 2
    assert town.verdict(tmp_path) == "clean"


def test_an_operator_without_a_meter__outwaits_it(town: Town, tmp_path: Path) -> None:
    town.operator.meter = None
    town.operator.play(town.gather)
    assert town.market.today().phase == Phase.DONE
    (ended,) = town.market.events(0, town.engine.rpc.block_number(), "DayMetered")
    assert ended["silent"] is True
    assert town.verdict(tmp_path) == "clean"
