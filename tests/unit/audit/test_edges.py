"""Where an auditor could be fooled or frightened: odd call data, early calls, small batches, and plain nonsense."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.unit.audit.doctor import Doctored
from tests.unit.audit.street import UNIT, WINDOW, Street

from wattpost.audit import audit_folder, calls, chains, day, energy, register
from wattpost.audit.calls import selector
from wattpost.chain.compile import contracts_folder
from wattpost.chain.market import call
from wattpost.chain.records import STANDARD
from wattpost.chain.showing import pieces, show
from wattpost.chain.transaction import contract_address
from wattpost.spec import pack


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def test_odd_call_data__are_read_as_the_chain_reads_them(tmp_path: Path) -> None:
    street = Street()
    street.found()
    street.open()
    (bid,) = pack([UNIT, 2 * UNIT, 3 * UNIT, 0])
    submit = selector("submit(uint256,uint256,bytes)")
    odd = {  # what would have to be read as the bid, if it is read at all
        "plain": (words(1, 0, 96, 32, bid), bid),
        "bytes that begin in the head": (words(1, 0, 63, 32, bid), None),
        "bytes that lean on the arguments": (words(1, 0, 64, 32, 32), None),
        "something behind the end": (words(1, 0, 96, 32, bid, 77), None),
        "bytes beyond the end": (words(1, 0, 2**255, 32, bid), None),
        "bytes cut off": (words(1, 0, 96, 32, bid)[:-16], None),
        "bytes too long": (words(1, 0, 96, 960, *[bid] * 30), None),
        "half a word": (words(1, 0, 96, 16, bid), None),
        "no bytes at all": (words(1, 0), None),
    }
    accepted = 0
    for label, (data, told) in odd.items():
        (receipt,) = street.send((street.agents[min(accepted, 2)], submit + data))
        if receipt.ok:
            accepted += 1
            street.saw(receipt, STANDARD, (told or int.from_bytes(receipt.logs[0].data[32:], "big"),))
        assert receipt.ok or label != "plain"
    for data in (
        selector("deposit(uint256)") + words(1)[:31],
        selector("clear(uint256,uint256,uint256)") + words(1, 2**255, 0) + bytes(864),
        selector("relay(uint256,uint256,uint256)") + words(1, 2**255, 0) + bytes(864),
        selector("close(uint256,uint256,bytes32,uint256)") + words(1, 2**254, 0, 1) + bytes(896),
    ):
        (receipt,) = street.send((street.stranger, data))
        assert not receipt.ok
    street.clear()
    street.post()
    verdict = audit_folder(street.save(tmp_path))
    street.chain.close()
    assert verdict.to_json()["violations"] == [] and verdict.exit_code == 0
    assert verdict.checked["submissions"] == accepted


def test_calls_to_the_address_before_the_market_is_there__are_nobodys(tmp_path: Path) -> None:
    class Foreseen(Street):
        def deploy(self) -> None:
            for nonce in (0, 1, 2):
                to = contract_address(self.founder.address, nonce)
                signed = self.stranger.send(to, call("open"), gas=100_000)
                self.chain.mine()
                assert self.stranger.wait(signed).ok  # there is no code to refuse it
            super().deploy()

    street = Foreseen()
    street.found()
    street.play()
    verdict = audit_folder(street.save(tmp_path))
    street.chain.close()
    assert verdict.exit_code == 0


def test_a_batch_below_the_minimum__is_convicted(tmp_path: Path) -> None:
    street = Street(periods=1, standard=18, producers=0)
    street.found()
    street.open()
    for first in range(0, 18, 9):
        street.submit(*range(first, first + 9))
    (before,) = pieces(1, street.shown[:16])
    few = show("close", 1, STANDARD, before.end, 2, submissions=street.shown[-2:])
    (receipt,) = street.send((street.stranger, few), at=street.opened + WINDOW)
    assert not receipt.ok
    street.save(tmp_path)
    street.chain.close()
    lines = gzip.decompress((tmp_path / "chain.jsonl.gz").read_bytes()).decode().splitlines()[1:-1]
    deployment = json.loads((tmp_path / "deployment.json").read_text())
    copy = Doctored([json.loads(line) for line in lines], deployment, street)
    assert copy.audit(tmp_path).exit_code == 0
    copy.calls("close", ok=False)[0][2]["status"] = "0x1"
    verdict = copy.seal().audit(tmp_path)
    assert verdict.first is not None and verdict.first.rule == "close.batch"


COMMITTED = {
    "block": ("stateRoot", "gasUsed", "timestamp", "number", "parentHash", "hash", "transactionsRoot", "receiptsRoot"),
    "transaction": ("nonce", "from", "to", "value", "gas", "input", "r", "s", "hash", "maxFeePerGas", "type"),
    "receipt": ("status", "gasUsed", "cumulativeGasUsed", "logsBloom", "transactionHash", "from"),
    "log": ("address", "data", "topics"),
}


def test_nonsense_in_any_committed_field__is_never_clean_and_never_a_crash(copy: Doctored, tmp_path: Path) -> None:
    random = Random(11)
    places: list[tuple[dict[str, Any], str]] = []
    for line in copy.blocks[1:]:
        places += [(line["block"], name) for name in COMMITTED["block"]]
        for tx, receipt in zip(line["block"]["transactions"], line["receipts"], strict=True):
            places += [(tx, name) for name in COMMITTED["transaction"] if tx[name]]
            places += [(receipt, name) for name in COMMITTED["receipt"]]
            places += [(log, name) for log in receipt["logs"] for name in COMMITTED["log"]]
    for record, name in random.sample(places, 60):
        former = record[name]
        text = random.choice(former) if isinstance(former, list) else former
        other = random.choice(
            [
                text[:-1] + ("1" if text[-1] != "1" else "2"),
                text[:2] + "ff" + text[2:],
                None,
                "",
                "0xzz",
                7,
                {},
            ]
        )
        record[name] = [other] if isinstance(former, list) else other
        verdict = copy.audit(tmp_path)
        assert verdict.exit_code in (1, 2), (name, former, other)
        assert "failed at block" not in "".join(verdict.unchecked), (name, former, other)
        record[name] = former
    assert copy.audit(tmp_path).exit_code == 0


def test_a_transaction_of_an_unknown_kind__leaves_the_market_unchecked(copy: Doctored, tmp_path: Path) -> None:
    copy.calls("submit")[0][1]["type"] = "0x7e"
    copy.calls("submit")[0][1]["from"] = "0x" + "12" * 20
    assert copy.audit(tmp_path).exit_code != 0
    assert any("type 126" in note for note in copy.audit(tmp_path).unchecked)


BOUNDS = {
    ("amounts", "MAX_PIECE"): day.LARGEST_PIECE,
    ("amounts", "MAX_PERIODS"): 48,
    ("settlement", "LOGGED"): day.LOGGED,
    ("calendar", "MAX_DAYS"): day.MOST_DAYS,
    ("trading_posts", "MAX_LINKS"): chains.MOST_LINKS,
    ("energy_ledger", "MAX_READINGS"): calls.LONGEST["meter"],
    ("energy_ledger", "LANES"): energy.LANES,
    ("energy_ledger", "SHARE_MASK"): energy.MOST_SHARED,
    ("energy_ledger", "SILENT"): energy.SILENT,
    ("energy_ledger", "READ"): energy.READ,
    ("registry", "MAX_ENDOWMENT"): register.MAX_ENDOWMENT,
    ("registry", "MAX_CAPACITY"): register.MAX_CAPACITY,
    ("registry", "MAX_OUTPUT"): register.MAX_OUTPUT,
    ("registry", "FULL"): register.FULL,
}


@pytest.mark.parametrize(("module", "name"), BOUNDS)
def test_bounds__are_those_of_the_contracts(module: str, name: str) -> None:
    """They are stated twice, and no archive need ever reach them."""
    text = (contracts_folder() / "modules" / f"{module}.vy").read_text()
    (stated,) = re.findall(rf"^{name}: constant\(uint256\) = ([0-9_* +-]+)", text, re.MULTILINE)
    assert eval(stated) == BOUNDS[module, name]
