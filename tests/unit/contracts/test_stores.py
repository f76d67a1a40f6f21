"""Stores: verification comes out of what is stored, and who cannot cover its last day is locked out."""

from __future__ import annotations

from tests.harness.evm import role
from tests.harness.refusal import refused
from tests.harness.street import BIDS, ENERGY, OFFERS, UNIT, WAD, Street

KAPPA = 7 * 10**10
LOCKED = "energy: store below last cost"


def day(street: Street, to_store: int = 0) -> None:
    street.open()
    for name in BIDS:
        street.submit(role(name), BIDS[name], OFFERS.get(name, []), to_store)
    street.after_window()
    street.clear()


def test_a_part_of_the_purchase__goes_to_the_store_less_its_loss() -> None:
    street = Street(efficiency=8 * WAD // 10, store=WAD)
    day(street, 50 * UNIT)

    for name in ("ada", "ben", "sun"):
        assert street.balance(role(name)) == WAD + 40 * WAD
        assert street.account(role(name)).energy == ENERGY[name] - 50 * UNIT
    assert street.balance(street.wind) == WAD + ENERGY["wind"] * UNIT * 8 // 10  # it bought less than that
    assert street.account(street.wind).energy == 0


def test_a_charge__comes_from_the_store_before_the_purchase() -> None:
    street = Street(efficiency=WAD, kappa=10**12, store=WAD // 100)
    day(street)
    street.meter(share=5_009)
    gas = street.account(street.ada).observed_gas + 5_009
    assert 10**12 * gas > WAD // 100

    assert street.balance(street.ada) == 0  # the store held less, and the purchase paid the rest


def test_what_a_day_stores__is_not_touched_by_the_days_before() -> None:
    street = Street(efficiency=WAD, kappa=10**12, store=WAD)
    day(street, UNIT)
    street.meter(share=5_009)
    first = WAD + WAD - 10**12 * (street.account(street.ada).observed_gas + 5_009)
    assert street.balance(street.ada) == first
    day(street, 3 * UNIT)

    assert street.balance(street.ada) == first + 3 * WAD


def test_a_store__must_cover_what_the_last_day_burnt() -> None:
    street = Street(efficiency=WAD, store=WAD)
    day(street)
    gas = street.account(street.ada).observed_gas
    share = (WAD // 2) // KAPPA - gas  # one day costs, to a unit, half of what was stored
    street.meter({street.ada: 1}, share=share)
    assert street.balance(street.ada) < KAPPA * (gas + 1 + share)
    street.open()

    refused(street, LOCKED, street.submit, street.ada, BIDS["ada"])
    receipt = street.relay([street.sign(street.ada, BIDS["ada"]), street.sign(street.ben, BIDS["ben"])])
    assert [(event.agent, event.reason) for event in receipt.all("Skipped")] == [(street.ada, LOCKED)]


def test_a_store__must_cover_first_gas_before_the_first_day() -> None:
    enough = KAPPA * 60_000
    rich, poor = (
        Street(efficiency=WAD, first_gas=60_000, store=enough),
        Street(efficiency=WAD, first_gas=60_000, store=enough - 1),
    )
    rich.open()
    poor.open()

    refused(poor, LOCKED, poor.submit, poor.ada, BIDS["ada"])
    rich.submit(rich.ada, BIDS["ada"])


def test_without_stores__first_gas_and_debts_lock_nobody_out() -> None:
    street = Street(kappa=10**17, first_gas=60_000)
    day(street)
    street.meter()
    assert street.balance(street.ada) < 0
    day(street)
    assert street.account(street.ada).day == 2
