"""meter and end_unmetered: the day's gas becomes kWh and is charged, to the last unit."""

from __future__ import annotations

import pytest
from tests.harness.evm import role
from tests.harness.exchange import METER, REGISTRAR, Exchange
from tests.harness.refusal import refused
from tests.harness.street import ENERGY, UNIT, WAD, Street

KAPPA = 7 * 10**10
OWN = {"ada": 101_009, "ben": 102_019, "sun": 103_027, "wind": 104_033}


@pytest.fixture
def street() -> Street:
    return Street().play_until("meter")


def words(street: Exchange, **changes: int) -> list[int]:
    own = OWN | changes
    return [int(agent, 16) | own[name] << 160 for agent, name in zip(map(role, OWN), OWN, strict=True)]


def crowd() -> Exchange:
    exchange = Exchange()
    names = [exchange.standard(f"home {number}", 1_000, WAD) for number in range(20)]
    exchange.open()
    for name in names:
        exchange.submit(name, [3, 1, 0])
    exchange.close_all()
    exchange.produce_all()
    exchange.settle_all()
    return exchange


def test_meter__charges_kappa_times_own_and_shared_gas(street: Street) -> None:
    receipt = street.meter([(role(name), gas) for name, gas in OWN.items()], share=50_021, carried=3)

    for name, own in OWN.items():
        event = next(each for each in receipt.all("Metered") if each.agent == role(name))
        charge = KAPPA * (own + 50_021)
        assert event.args == {
            "day": 1,
            "agent": role(name),
            "gas_used": own + 50_021,
            "verification": charge,
            "consumed": ENERGY[name] * UNIT - charge,
            "arrears": 0,
        }
        assert street.market.arrears_of(role(name)) == 0
        assert (street.account(role(name)).energy, street.account(role(name)).state) == (0, 3)
    books = receipt.only("DayMetered")
    assert books.args == {
        "day": 1, "share": 50_021, "carried": 3, "charged": sum(OWN.values()) + 4 * 50_021, "silent": False
    }  # fmt: skip
    assert street.market.today().phase == 0


def test_meter__leaves_arrears_where_a_purchase_does_not_suffice() -> None:
    street = Street(kappa=10**15).play_until("meter")
    street.meter([(role(name), gas) for name, gas in OWN.items()], share=0)
    owed = 10**15 * OWN["sun"] - ENERGY["sun"] * UNIT

    assert street.market.arrears_of(street.sun) == owed > 0
    assert street.account(street.sun).in_arrears
    assert street.market.arrears_of(street.ada) == 0  # 146.6 kWh bought, 101.0 charged
    assert not street.account(street.ada).in_arrears


def test_meter__clears_arrears_first_out_of_the_next_purchase() -> None:
    street = Street(kappa=10**15).play_until("meter")
    street.meter([(role(name), gas) for name, gas in OWN.items()], share=0)
    owed = 10**15 * OWN["sun"] - ENERGY["sun"] * UNIT
    street.open()
    street.submit(street.ada, [10, 3, 0])
    street.submit(street.sun, [30, 71, 0], [0, 150 * UNIT, 0])
    street.close_all()
    street.produce_all()
    street.settle_all()
    bought = street.account(street.sun).energy * UNIT
    observed = street.account(street.sun).observed_gas

    receipt = street.meter([(street.sun, observed), (street.ada, 100_000)], share=0)

    event = receipt.all("Metered")[0]
    assert bought > owed + 10**15 * observed
    assert (event.verification, event.consumed) == (10**15 * observed, bought - owed - 10**15 * observed)
    assert street.market.arrears_of(street.sun) == 0
    assert not street.account(street.sun).in_arrears


def test_meter__by_anybody_else__is_refused(street: Street) -> None:
    for caller in (role("stranger"), REGISTRAR, street.ada):
        refused(street, "energy: meter only", street.market.meter, 1, 0, 0, words(street), by=caller)


def test_meter__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    refused(street, "calendar: not that day", street.market.meter, 2, 0, 0, words(street), by=METER)
    street.meter([(role(name), gas) for name, gas in OWN.items()])
    refused(street, "calendar: not that step's turn", street.market.meter, 1, 0, 0, words(street), by=METER)


def test_meter__of_gas_out_of_range__is_refused(street: Street) -> None:
    meter = street.market.meter
    refused(street, "energy: shared gas out of range", meter, 1, 2**64, 0, words(street), by=METER)
    refused(street, "energy: shared gas out of range", meter, 1, 0, 2**64, words(street), by=METER)
    refused(street, "energy: gas out of range", meter, 1, 0, 0, words(street, ada=2**96 - 1), by=METER)


def test_meter__below_what_the_market_saw__is_refused(street: Street) -> None:
    observed = street.account(street.ben).observed_gas

    reason = "energy: below observed gas"
    refused(street, reason, street.market.meter, 1, 0, 0, words(street, ben=observed - 1), by=METER)
    street.market.meter(1, 0, 0, words(street, ben=observed), by=METER)


def test_meter__of_the_wrong_agents__is_refused(street: Street) -> None:
    right, meter = words(street), street.market.meter
    stranger = int(role("stranger"), 16) | 10**6 << 160
    refused(street, "energy: did not take part", meter, 1, 0, 0, [*right[:3], stranger], by=METER)
    refused(street, "energy: metered already", meter, 1, 0, 0, [*right[:3], right[0]], by=METER)
    refused(street, "calendar: batch too small", meter, 1, 0, 0, right[:3], by=METER)
    refused(street, "calendar: batch too small", meter, 1, 0, 0, [], by=METER)
    refused(street, "calendar: batch too large", meter, 1, 0, 0, [*right, right[0]], by=METER)


def test_meter__in_batches__keeps_to_what_it_said_first() -> None:
    exchange = crowd()
    readings = [int(agent, 16) | 10**6 << 160 for agent in exchange.submitters]
    meter = exchange.market.meter
    meter(1, 31, 7, readings[:16], by=METER)

    refused(exchange, "energy: share differs", meter, 1, 32, 7, readings[16:], by=METER)
    refused(exchange, "energy: carried gas differs", meter, 1, 31, 8, readings[16:], by=METER)
    refused(exchange, "energy: metered already", meter, 1, 31, 7, readings[13:17], by=METER)
    receipt = meter(1, 31, 7, readings[16:], by=METER)
    assert receipt.only("DayMetered").charged == 20 * (10**6 + 31)


def test_end_unmetered__charges_what_the_market_saw(street: Street) -> None:
    street.evm.now += street.patience

    receipt = street.end_unmetered([role(name) for name in OWN])

    observed = {name: street.account(role(name)).observed_gas for name in OWN}
    assert {event.agent: event.gas_used for event in receipt.all("Metered")} == {
        role(name): gas for name, gas in observed.items()
    }
    assert receipt.only("DayMetered").args == {
        "day": 1, "share": 0, "carried": 0, "charged": sum(observed.values()), "silent": True
    }  # fmt: skip
    assert street.market.today().phase == 0


def test_end_unmetered__while_the_meter_has_time__is_refused(street: Street) -> None:
    agents = [role(name) for name in OWN]
    street.evm.now += street.patience - 1
    refused(street, "energy: the meter has time left", street.market.end_unmetered, 1, agents)
    street.evm.now += 1
    street.market.end_unmetered(1, agents)


def test_end_unmetered__of_the_wrong_agents_or_day__is_refused(street: Street) -> None:
    agents = [role(name) for name in OWN]
    street.evm.now += street.patience
    end = street.market.end_unmetered
    refused(street, "calendar: not that day", end, 0, agents)
    refused(street, "energy: did not take part", end, 1, [*agents[:3], role("stranger")])
    refused(street, "energy: metered already", end, 1, [*agents[:3], agents[0]])
    refused(street, "calendar: batch too small", end, 1, agents[:3])
    refused(street, "calendar: batch too large", end, 1, [*agents, agents[0]])


def test_end_unmetered__finishes_what_the_meter_began_and_flags_the_day() -> None:
    exchange = crowd()
    agents = exchange.submitters
    exchange.meter([(agent, 10**6) for agent in agents[:16]], share=31, carried=7)
    exchange.evm.now += exchange.patience

    receipt = exchange.end_unmetered(agents[16:])

    seen = sum(exchange.account(agent).observed_gas for agent in agents[16:])
    books = receipt.only("DayMetered")
    assert (books.share, books.carried, books.silent) == (31, 7, True)
    assert books.charged == 16 * (10**6 + 31) + seen


def test_meter__after_a_silent_batch__can_still_post_the_rest() -> None:
    exchange = crowd()
    agents = exchange.submitters
    exchange.evm.now += exchange.patience
    exchange.end_unmetered(agents[:16])

    receipt = exchange.meter([(agent, 10**6) for agent in agents[16:]])

    assert receipt.only("DayMetered").silent
