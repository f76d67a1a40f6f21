"""Agents that are contracts: their calls stand in no transaction's data, and are followed by their events."""

from __future__ import annotations

from pathlib import Path

from tests.unit.audit.street import UNIT, WINDOW, Street, raw

from wattpost.audit import audit_folder
from wattpost.chain import abi
from wattpost.chain.compile import compile_contract
from wattpost.chain.deployment import deploy
from wattpost.chain.market import call
from wattpost.chain.records import STANDARD
from wattpost.chain.showing import show
from wattpost.spec import WAD, pack

HERE = Path(__file__).parent


def act(*calls: tuple[str, bytes]) -> bytes:
    types = ["address[]", "bytes[]"]
    signature = "act(address[],bytes[])"
    return abi.selector(signature) + abi.encode(types, [[to for to, _ in calls], [data for _, data in calls]])


def test_a_market_driven_through_contracts__is_clean(tmp_path: Path) -> None:
    street = Street()
    owner, market = street.stranger, street.market
    made = deploy(owner, compile_contract("Purse", folder=HERE / "contracts"), mine=street.chain.mine)
    purse = made.address
    street.found()
    me = street.founder
    admission = call("register_standard", purse, 4 * UNIT, 0)
    street.ok((me, admission, street.registry), (me, call("transfer", purse, 90 * WAD), street.token))
    approve, deposit = call("approve", market, 80 * WAD), call("deposit", 70 * WAD)
    street.ok((owner, act((street.token, approve), (market, deposit)), purse))
    street.play()

    # day 2: the purse bids; the day is opened and moved on by the purse as well
    street.ok((owner, act((market, call("open"))), purse))
    street.begin()
    street.submit(0, 1)
    words = tuple(pack([UNIT, 2 * UNIT, 3 * UNIT, 0]))
    (receipt,) = street.ok((owner, act((market, call("submit", 2, 0, raw(words)))), purse))
    street.saw(receipt, STANDARD, words)
    street.submit(3, 4)
    parts = street.parts()
    closing = [(market, street.closing(part)) for part in parts]
    street.ok((owner, act(*closing), purse), at=street.opened + WINDOW)
    producing = [(market, street.producing(n, part)) for n, part in enumerate(parts) if part.kind != STANDARD]
    settling = [(market, street.settling(n, part)) for n, part in enumerate(parts)]
    street.ok((owner, act(*producing, *settling), purse))
    street.draw()
    street.post()

    # day 3: the meter is silent, and the purse ends the day; the registry is the purse's from then on
    street.open()
    street.submit(0, 2, 3)
    street.clear()
    at = street.chain.head()[1] + 200
    street.ok((owner, act((market, call("end_unmetered", 3))), purse), at=at)
    street.charge(silent=True)
    street.ok((owner, act((market, call("withdraw", WAD))), purse))
    offer = abi.selector("offer_registrar(address)") + abi.encode(["address"], [purse])
    street.ok((me, offer, street.registry))
    admission = call("register_standard", owner.address, 4 * UNIT, 0)
    street.ok((owner, act((street.registry, abi.selector("accept_registrar()")), (street.registry, admission)), purse))

    # day 4: cleared by the purse; day 5: empty, and closed by it
    street.open()
    street.submit(1, 4)
    street.ok((owner, act((market, street.clearing())), purse), at=street.opened + WINDOW)
    street.draw()
    street.post()
    street.open()
    empty = show("close", 5, STANDARD, bytes(32), 0, submissions=[])
    street.ok((owner, act((market, empty)), purse), at=street.opened + WINDOW)
    street.play()
    verdict = audit_folder(street.save(tmp_path))
    street.chain.close()
    assert verdict.violations == [] and verdict.exit_code == 0
    assert verdict.checked["calls by contracts"] == 10
    assert verdict.checked["submissions"] == 5 + 5 + 3 + 2 + 5
