"""meter and end_unmetered: the day's gas becomes kWh and is charged, to the last unit, when the day is over."""

from __future__ import annotations

import pytest
from tests.harness.evm import role
from tests.harness.exchange import METER, REGISTRAR, Exchange
from tests.harness.refusal import refused
from tests.harness.snapshot import observed_share, slot_of_pool
from tests.harness.street import BIDS, ENERGY, OFFERS, PURSES, UNIT, WAD, Street

KAPPA = 7 * 10**10
BEYOND = {"ada": 31_009, "ben": 32_019, "sun": 43_027, "wind": 44_033}


@pytest.fixture
def street() -> Street:
    return Street().play_until("meter")


def beyond() -> dict[str, int]:
    return {role(name): gas for name, gas in BEYOND.items()}


def observed(street: Exchange, name: str) -> int:
    gas: int = street.account(role(name)).observed_gas
    return gas


def play_another_day(street: Street) -> None:
    """Ada and sun trade a little."""
    street.open()
    street.submit(street.ada, [10, 3, 0])
    street.submit(street.sun, [30, 71, 0], [0, 150 * UNIT, 0])
    street.after_window()
    street.clear()


def test_meter__says_what_it_read_and_ends_the_day(street: Street) -> None:
    receipt = street.meter(beyond(), share=50_021, relayed=7, carried=3)

    words = tuple(street.readings(beyond()))
    assert receipt.only("Readings").args == {"day": 1, "share": 50_021, "relayed": 7, "readings": words}
    books = {"day": 1, "share": 50_021, "relayed": 7, "carried": 3, "silent": False}
    assert receipt.only("DayMetered").args == books
    assert street.market.today().phase == 0


def test_meter__charges_seen_and_further_and_shared_gas_to_the_store() -> None:
    street = Street(efficiency=WAD, store=WAD).play_until("meter")
    street.meter(beyond(), share=50_021)

    for name, more in BEYOND.items():
        charge = KAPPA * (observed(street, name) + more + 50_021)
        assert street.balance(role(name)) == WAD - charge


def test_meter__charges_an_account_only_when_its_next_submission_settles(street: Street) -> None:
    word = tuple(street.account(street.ada))
    street.meter(beyond(), share=50_021)
    assert tuple(street.account(street.ada)) == word

    play_another_day(street)

    assert street.account(street.ada).day == 2
    assert street.account(street.ada).energy != ENERGY["ada"]
    assert street.account(street.ben).energy == ENERGY["ben"]


def test_meter__leaves_a_debt_where_a_purchase_does_not_suffice() -> None:
    street = Street(kappa=10**15).play_until("meter")
    street.meter(beyond())
    owed = 10**15 * (observed(street, "wind") + BEYOND["wind"]) - ENERGY["wind"] * UNIT

    assert street.balance(street.wind) == -owed < 0
    assert street.balance(street.ada) == 0  # 146.6 kWh bought, less than that charged
    assert not street.account(street.wind).has_balance  # not written yet


def test_meter__clears_a_debt_out_of_the_next_purchase() -> None:
    street = Street(kappa=10**15).play_until("meter")
    street.meter(beyond() | {street.sun: 2**24 - 1})
    first = 10**15 * (observed(street, "sun") + 2**24 - 1) - ENERGY["sun"] * UNIT
    assert street.balance(street.sun) == -first
    play_another_day(street)
    assert street.balance(street.sun) == -first  # settled, not metered
    assert street.account(street.sun).has_balance
    bought = street.account(street.sun).energy * UNIT
    street.meter()

    charge = 10**15 * observed(street, "sun")
    assert street.balance(street.sun) == min(0, bought - first - charge) < 0


def test_meter__keeps_to_each_agents_last_day_however_long_it_stays_out(street: Street) -> None:
    """A later day's readings for the same places change nothing."""
    street = Street(kappa=10**15).play_until("meter")
    street.meter(beyond())
    balances = {name: street.balance(role(name)) for name in ("ben", "wind")}
    for _ in range(2):
        play_another_day(street)
        street.meter({street.ada: 1, street.sun: 2}, share=99_991)

    assert {name: street.balance(role(name)) for name in balances} == balances
    assert balances["wind"] < 0


def test_meter__by_anybody_else__is_refused(street: Street) -> None:
    for caller in (role("stranger"), REGISTRAR, street.ada):
        refused(street, "energy: meter only", street.market.meter, 1, 0, 0, 0, [], True, by=caller)


def test_meter__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    refused(street, "calendar: not that day", street.market.meter, 2, 0, 0, 0, [], True, by=METER)
    street.meter()
    refused(street, "calendar: not that step's turn", street.market.meter, 1, 0, 0, 0, [], True, by=METER)


def test_meter__of_gas_out_of_range__is_refused(street: Street) -> None:
    refused(street, "energy: shared gas out of range", street.meter, share=2**32)
    refused(street, "energy: shared gas out of range", street.meter, relayed=2**32)
    refused(street, "energy: shared gas out of range", street.meter, share=2**256 - 1)
    street.meter(share=2**32 - 1, relayed=2**32 - 1)


def test_meter__cannot_say_less_than_the_market_saw() -> None:
    """Readings only add; and relayed submissions are charged no less than their batches were seen to use."""
    street = Street().play_until("submit")
    slot = slot_of_pool(street)
    street.submit(street.ada, BIDS["ada"])
    street.relay([street.sign(role(name), BIDS[name], OFFERS.get(name, [])) for name in ("ben", "sun", "wind")])
    seen = observed_share(street, slot)
    street.after_window()
    street.clear()
    assert seen > 10_000

    refused(street, "energy: below observed gas", street.meter, relayed=seen - 1)
    street.meter(relayed=seen)


def test_meter__of_what_was_read_already__is_refused(street: Street) -> None:
    word = street.readings(beyond())[0]
    reason = "energy: metered already"
    refused(street, reason, street.market.meter, 1, 0, 0, 0, [word, word], True, by=METER)
    street.market.meter(1, 0, 0, 0, [word], False, by=METER)
    refused(street, reason, street.market.meter, 1, 0, 0, 0, [word], True, by=METER)
    refused(street, reason, street.market.meter, 1, 0, 0, 0, [word >> 216 << 216], True, by=METER)


def test_meter__in_parts__keeps_to_what_it_said_first() -> None:
    street = Street(kappa=10**15).play_until("meter")
    homes, plants = street.readings(beyond())
    meter = street.market.meter
    receipt = meter(1, 31, 7, 5, [homes], False, by=METER)
    assert not receipt.all("DayMetered")
    assert street.market.today().phase == 4

    refused(street, "energy: share differs", meter, 1, 32, 7, 5, [plants], True, by=METER)
    refused(street, "energy: share differs", meter, 1, 31, 8, 5, [plants], True, by=METER)
    assert meter(1, 31, 7, 5, [plants], True, by=METER).only("DayMetered").share == 31
    owed = 10**15 * (observed(street, "wind") + BEYOND["wind"] + 31) - ENERGY["wind"] * UNIT
    assert street.balance(street.wind) == -owed


def test_meter__of_a_crowd__reads_each_place() -> None:
    exchange = Exchange(efficiency=WAD, kappa=10**9)
    names = [exchange.standard(f"home {number}", 1_000, WAD, store=WAD) for number in range(20)]
    exchange.open()
    for name in names:
        exchange.submit(name, [3, 1, 0])
    exchange.after_window()
    exchange.clear()

    exchange.meter({name: 1_000 + 7 * number for number, name in enumerate(names)}, share=11)

    for number, name in enumerate(names):
        gas = exchange.account(name).observed_gas + 1_000 + 7 * number + 11
        assert exchange.balance(name) == WAD - 10**9 * gas


def test_end_unmetered__charges_what_the_market_saw() -> None:
    street = Street(efficiency=WAD, store=WAD).play_until("meter")
    street.evm.now += street.patience

    receipt = street.end_unmetered()

    assert receipt.only("DayMetered").args == {"day": 1, "share": 0, "relayed": 0, "carried": 0, "silent": True}
    for name in PURSES:
        assert street.balance(role(name)) == WAD - KAPPA * observed(street, name)
    assert street.market.today().phase == 0


def test_end_unmetered__charges_the_relayed_what_their_batches_were_seen_to_use() -> None:
    street = Street(efficiency=WAD, store=WAD).play_until("submit")
    slot = slot_of_pool(street)
    street.relay([street.sign(role(name), BIDS[name], OFFERS.get(name, [])) for name in ("ben", "sun", "wind")])
    seen = observed_share(street, slot)
    street.after_window()
    street.clear()
    street.evm.now += street.patience

    assert street.end_unmetered().only("DayMetered").relayed == seen
    assert street.balance(street.ben) == WAD - KAPPA * seen


def test_end_unmetered__while_the_meter_has_time__is_refused(street: Street) -> None:
    street.evm.now += street.patience - 1
    refused(street, "energy: the meter has time left", street.end_unmetered)
    street.evm.now += 1
    street.end_unmetered()


def test_end_unmetered__of_another_day_or_out_of_turn__is_refused(street: Street) -> None:
    street.evm.now += street.patience
    refused(street, "calendar: not that day", street.market.end_unmetered, 0)
    street.end_unmetered()
    refused(street, "calendar: not that step's turn", street.end_unmetered)


def test_end_unmetered__leaves_out_what_the_meter_had_begun_to_say() -> None:
    street = Street(efficiency=WAD, store=WAD).play_until("meter")
    street.meter(beyond(), share=31, last=False)
    street.evm.now += street.patience

    books = street.end_unmetered().only("DayMetered")

    assert (books.share, books.silent) == (0, True)
    assert street.balance(street.ada) == WAD - KAPPA * observed(street, "ada")
