"""register_standard, register_producer and set_profile: who takes part, and with what."""

from __future__ import annotations

import pytest
from tests.harness.evm import NOBODY, role
from tests.harness.exchange import DUST, REGISTRAR, Exchange
from tests.harness.refusal import refused
from tests.harness.street import UNIT, WAD, WHOLE, Street

MAX_AMOUNT = 2**64 - 1


def test_register_standard__keeps_the_endowment() -> None:
    exchange = Exchange()

    receipt = exchange.registry.register_standard(role("ada"), 6_007, 0, by=REGISTRAR)
    exchange.registry.register_standard(role("ben"), 403, 0, by=REGISTRAR)

    assert exchange.registry.endowment_of(role("ada")) == 6_007
    assert exchange.registry.total_endowment() == 6_410
    assert exchange.account(role("ada")).endowment == 6_007
    assert receipt.only("StandardRegistered").args == {"agent": role("ada"), "endowment": 6_007, "store": 0}


def test_register_standard__keeps_money_prepaid_before() -> None:
    exchange = Exchange()
    exchange.fund(role("ada"), 11_003 * UNIT)

    exchange.registry.register_standard(role("ada"), 6_007, 0, by=REGISTRAR)

    assert exchange.account(role("ada")).money == 11_003 * UNIT


def test_register_producer__keeps_the_plant() -> None:
    exchange = Exchange()

    receipt = exchange.registry.register_producer(role("sun"), 3 * WAD, 7 * WAD // 10, 5_003, 6, 0, by=REGISTRAR)
    exchange.registry.register_producer(role("wind"), WAD, WAD, 211, 0, 0, by=REGISTRAR)

    assert exchange.registry.plant_of(role("sun")) == (3 * WAD, 7 * WAD // 10, 5_003, 6)
    assert exchange.registry.plant_of(role("wind")) == (WAD, WAD, 211, 0)
    assert exchange.registry.total_capacity() == 5_214
    assert exchange.account(role("sun")).is_producer
    expected = {"agent": role("sun"), "theta": 3 * WAD, "c": 7 * WAD // 10, "capacity": 5_003, "profile": 6, "store": 0}
    assert receipt.only("ProducerRegistered").args == expected


def test_register_producer__at_every_limit__keeps_the_plant_whole() -> None:
    exchange = Exchange()

    exchange.registry.register_producer(role("sun"), 2**96 - 1, 3 * WAD, 10**16, 7, 0, by=REGISTRAR)

    assert exchange.registry.plant_of(role("sun")) == (2**96 - 1, 3 * WAD, 10**16, 7)


def test_registration__by_a_stranger__is_refused() -> None:
    exchange = Exchange()
    registry = exchange.registry

    refused(exchange, "registry: registrar only", registry.register_standard, role("ada"), 5, 0, by=role("stranger"))
    refused(
        exchange,
        "registry: registrar only",
        registry.register_producer,
        role("sun"),
        WAD,
        WAD,
        5,
        0,
        0,
        by=role("stranger"),
    )
    refused(exchange, "registry: registrar only", registry.set_profile, 0, [1, 0, 0], by=role("stranger"))


def test_registration__while_a_day_is_under_way__is_refused() -> None:
    street = Street().play_until("submit")
    registry = street.registry

    reason = "calendar: a day is under way"
    refused(street, reason, registry.register_standard, role("late comer"), 5, 0, by=REGISTRAR)
    refused(street, reason, registry.register_producer, role("late comer"), WAD, WAD, 5, 0, 0, by=REGISTRAR)
    refused(street, reason, registry.set_profile, 0, [1, 0, 0], by=REGISTRAR)


def test_registration__of_what_is_no_agent__is_refused() -> None:
    exchange = Exchange()

    for address in (NOBODY, DUST, exchange.market.address):
        reason = "registry: not an agent's address"
        refused(exchange, reason, exchange.registry.register_standard, address, 5, 0, by=REGISTRAR)
        refused(exchange, reason, exchange.registry.register_producer, address, WAD, WAD, 5, 0, 0, by=REGISTRAR)


def test_registration__a_second_time__is_refused() -> None:
    street = Street()
    registry = street.registry

    for agent in (street.ada, street.sun):
        refused(street, "registry: registered already", registry.register_standard, agent, 5, 0, by=REGISTRAR)
        refused(
            street, "registry: registered already", registry.register_producer, agent, WAD, WAD, 5, 0, 0, by=REGISTRAR
        )


def test_register_standard__with_a_bad_endowment__is_refused() -> None:
    exchange = Exchange()
    register = exchange.registry.register_standard

    refused(exchange, "registry: no endowment", register, role("ada"), 0, 0, by=REGISTRAR)
    refused(exchange, "registry: endowment too large", register, role("ada"), 2**58, 0, by=REGISTRAR)
    refused(exchange, "registry: endowment too large", register, role("ada"), 2**128, 0, by=REGISTRAR)


def test_register_standard__beyond_what_a_post_can_hold__is_refused() -> None:
    exchange = Exchange()
    for number in range(64):
        exchange.standard(f"home {number}", 2**58 - 1)

    reason = "registry: endowments too large"
    refused(exchange, reason, exchange.registry.register_standard, role("ada"), 64, 0, by=REGISTRAR)
    exchange.standard("ada", 63)
    assert exchange.registry.total_endowment() == MAX_AMOUNT


def test_register_producer__beyond_what_anybody_can_buy__is_refused() -> None:
    """All plants in all periods stay below 2^60, so that a day's purchase fits an account."""
    exchange = Exchange(periods=2)
    exchange.producer("first", theta=2**96 - 1, c=WAD, capacity=5 * 10**17)
    rest = 2**59 - 1 - 5 * 10**17

    reason = "registry: capacities too large"
    arguments = (role("sun"), 2**96 - 1, WAD, rest + 1, 0, 0)
    refused(exchange, reason, exchange.registry.register_producer, *arguments, by=REGISTRAR)
    exchange.producer("sun", theta=2**96 - 1, c=WAD, capacity=rest)
    assert exchange.registry.total_capacity() == 2**59 - 1


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        ((WAD, WAD, 0, 0), "registry: no capacity"),
        ((WAD, WAD, 10**18 + 1, 0), "registry: capacity too large"),
        ((WAD, WAD, 2**128, 0), "registry: capacity too large"),
        ((WAD, WAD, 5, 8), "registry: unknown profile"),
        ((WAD, WAD, 5, 2**255), "registry: unknown profile"),
        ((0, WAD, 5, 0), "technology: theta out of range"),
        ((2**96, WAD, 5, 0), "technology: theta out of range"),
        ((WAD, 0, 5, 0), "technology: c out of range"),
        ((WAD, 3 * WAD + 1, 5, 0), "technology: c out of range"),
        ((WAD // 10**6, WAD // 2, 10**18, 0), "registry: plant needs too much"),
        ((1, WAD, 10**18, 0), "registry: plant needs too much"),
        ((1, WAD // 2, 10**18, 0), "registry: plant needs too much"),
        ((WAD, 1, 2 * WHOLE, 0), "registry: plant needs too much"),
    ],
)
def test_register_producer__with_a_bad_plant__is_refused(plant: tuple[int, int, int, int], reason: str) -> None:
    exchange = Exchange(periods=1)

    refused(exchange, reason, exchange.registry.register_producer, role("sun"), *plant, 0, by=REGISTRAR)


def test_register_producer__whose_inputs_just_fit__is_admitted_and_can_run_at_full_capacity() -> None:
    exchange = Exchange(periods=4)
    capacity = (MAX_AMOUNT * UNIT // 4) // 64 // UNIT  # with c = 1, inputs are 64 times the output

    reason, arguments = "registry: plant needs too much", (role("sun"), WAD // 64, WAD, capacity + 1, 0, 0)
    refused(exchange, reason, exchange.registry.register_producer, *arguments, by=REGISTRAR)
    exchange.producer("sun", theta=WAD // 64, c=WAD, capacity=capacity)


def test_registration__with_a_store__fills_it_where_there_are_stores() -> None:
    exchange = Exchange(efficiency=WAD)

    receipt = exchange.registry.register_standard(role("ada"), 6_007, 3 * WAD, by=REGISTRAR)
    exchange.registry.register_producer(role("sun"), WAD, WAD, 211, 0, 2**60 * UNIT, by=REGISTRAR)

    assert receipt.only("StandardRegistered").store == 3 * WAD
    assert (exchange.balance(role("ada")), exchange.balance(role("sun"))) == (3 * WAD, 2**60 * UNIT)
    assert exchange.account(role("ada")).has_balance


def test_registration__with_a_store_that_is_none__is_refused() -> None:
    exchange = Exchange()
    standard, producer = exchange.registry.register_standard, exchange.registry.register_producer
    plant = (role("sun"), WAD, WAD, 5, 0)

    refused(exchange, "registry: no stores here", standard, role("ada"), 5, 1, by=REGISTRAR)
    refused(exchange, "registry: no stores here", producer, *plant, 1, by=REGISTRAR)
    refused(exchange, "registry: store too large", standard, role("ada"), 5, 2**60 * UNIT + 1, by=REGISTRAR)
    refused(exchange, "registry: store too large", producer, *plant, 2**256 - 1, by=REGISTRAR)


def test_admission__by_anybody_but_the_registry__is_refused() -> None:
    exchange = Exchange()

    for caller in (REGISTRAR, role("stranger"), DUST):
        refused(exchange, "market: registry only", exchange.market.admit, role("ada"), 5, False, 0, by=caller)


def test_a_registry__serves_the_first_market_and_no_other() -> None:
    exchange = Exchange()
    lonely = exchange.evm.deploy(exchange.artifacts["Registry"], 2, REGISTRAR)

    assert exchange.registry.market() == exchange.market.address
    refused(exchange, "registry: bound already", exchange.registry.bind)
    refused(exchange, "registry: no market yet", lonely.register_standard, role("ada"), 5, 0, by=REGISTRAR)
    refused(exchange, "registry: no market yet", lonely.set_profile, 0, [1, 0, 0], by=REGISTRAR)


def test_set_profile__keeps_every_part() -> None:
    exchange = Exchange(periods=48)
    parts = [(number * 211) % 10_001 for number in range(48)]

    receipt = exchange.set_profile(5, parts)

    words = exchange.registry.profile_of(5)
    assert [words[n // 16] >> (16 * (n % 16)) & 0xFFFF for n in range(48)] == parts
    assert exchange.registry.profile_of(4) == (0, 0, 0)
    assert receipt.only("ProfileSet").args == {"profile": 5, "parts": words}


def test_set_profile__that_is_none__is_refused() -> None:
    exchange = Exchange(periods=17)
    set_profile = exchange.registry.set_profile

    refused(exchange, "registry: no such profile", set_profile, 8, [1, 0, 0], by=REGISTRAR)
    refused(exchange, "registry: no such profile", set_profile, 2**255, [1, 0, 0], by=REGISTRAR)
    refused(exchange, "registry: profile above whole", set_profile, 0, [10_001, 0, 0], by=REGISTRAR)
    refused(exchange, "registry: profile above whole", set_profile, 0, [10_001 << 240, 0, 0], by=REGISTRAR)
    refused(exchange, "registry: profile too long", set_profile, 0, [1, 1 << 16, 0], by=REGISTRAR)
    refused(exchange, "registry: profile too long", set_profile, 0, [1, 0, 1 << 240], by=REGISTRAR)
    exchange.registry.set_profile(0, [10_000 << 240, 10_000, 0], by=REGISTRAR)
