"""Agents that are contracts: their calls stand in no transaction's data, and are followed by their events."""

from __future__ import annotations

from pathlib import Path

from tests.unit.audit.street import UNIT, WINDOW, Street

from wattpost.audit import audit_folder
from wattpost.chain import abi
from wattpost.chain.compile import compile_contract
from wattpost.chain.deployment import deploy
from wattpost.chain.market import call
from wattpost.chain.showing import STANDARD, Shown
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
    street.ok((me, call("register_standard", purse, 4 * UNIT)), (me, call("transfer", purse, 90 * WAD), street.token))
    approve, deposit = call("approve", market, 80 * WAD), call("deposit", 70 * WAD)
    street.ok((owner, act((street.token, approve), (market, deposit)), purse))
    street.play()

    # day 2: the purse bids; the day is opened and moved on by the purse as well
    street.ok((owner, act((market, call("open"))), purse))
    street.day, street.opened, street.shown, street.observed = 2, street.chain.head()[1], [], {}
    street.submit(0, 1)
    words = pack([UNIT, 2 * UNIT, 3 * UNIT, 0])
    (receipt,) = street.ok((owner, act((market, call("submit", 2, words, []))), purse))
    street.shown.append(Shown(purse, STANDARD, tuple(words), ()))
    street.observed[purse] = int.from_bytes(receipt.logs[0].data[:32], "big")
    street.submit(3, 4)
    parts = street.parts()
    closing = [(market, call("close", 2, p.kind, p.prior, p.words)) for p in parts]
    street.ok((owner, act(*closing), purse), at=street.opened + WINDOW)
    made_by = [(n, p) for n, p in enumerate(parts) if p.kind != STANDARD]
    producing = [(market, call("produce", 2, n, p.prior, p.words)) for n, p in made_by]
    settling = [(market, call("settle", 2, p.kind, n, p.prior, p.words)) for n, p in enumerate(parts)]
    street.ok((owner, act(*producing, *settling), purse))
    street.reading = street.books.draw(street.observed)
    street.post()

    # day 3: the meter is silent, and the purse ends the day; then it takes its money
    street.open()
    street.submit(0, 2, 3)
    street.close()
    street.produce()
    street.settle()
    at = street.chain.head()[1] + 200
    street.ok((owner, act((market, call("end_unmetered", 3, list(street.observed)))), purse), at=at)
    street.books.charge(street.reading, [], street.observed)
    street.ok((owner, act((market, call("withdraw", WAD))), purse))
    street.play()
    verdict = audit_folder(street.save(tmp_path))
    street.chain.close()
    assert verdict.violations == [] and verdict.exit_code == 0
    assert verdict.checked["calls by contracts"] == 7
    assert verdict.checked["submissions"] == 5 + 5 + 3 + 5
