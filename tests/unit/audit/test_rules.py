"""Doctored archives, re-sealed so that every hash and signature is right: the market's rules alone convict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.audit.doctor import Doctored, decoded

from wattpost.audit.events import Event

Forge = Callable[[Doctored], None]

# A call that the market refused, made to look accepted, and the rule it then breaks.
ACCEPTED = {
    "stranger registers": "register.role",
    "no endowment": "register.bounds",
    "registered twice": "register.agent",
    "wild plant": "register.bounds",
    "profile above the whole": "register.profile",
    "spends another's": "money.allowance",
    "spends more": "money.transfer",
    "takes more": "money.withdrawal",
    "deposits more": "money.deposit",
    "offer of the role accepted": "register.role",
    "a padded call": "call.data",
    "no such function": "call.unknown",
    "opens twice": "day.order",
    "submits twice": "submission.once",
    "stranger submits": "submission.registered",
    "above capacity": "submission.capacity",
    "above money": "submission.escrow",
    "nothing at all": "submission.empty",
    "wrong length": "submission.shape",
    "registers on a day": "register.between-days",
    "closes early": "close.window",
    "late": "submission.window",
    "closes with other words": "close.shown",
    "settles too soon": "day.order",
    "stranger meters": "energy.role",
    "ends early": "energy.patience",
    "meters below": "energy.floor",
    "meters a few": "energy.batch",
    "meters one twice": "energy.agent",
    "settles twice": "settlement.piece",
    "0 withdraws again": "money.withdrawal",
    "5 withdraws again": "money.withdrawal",
    "permit used again": "money.permit",
}


@pytest.mark.parametrize("label", ACCEPTED)
def test_a_refused_call_made_to_look_accepted__breaks_its_rule(
    label: str, copy: Doctored, accept: Callable[[str], None], tmp_path: Path
) -> None:
    accept(label)
    verdict = copy.seal().audit(tmp_path)
    assert verdict.first is not None and verdict.exit_code == 1
    assert verdict.first.rule == ACCEPTED[label]
    assert verdict.first.found == "accepted" and str(verdict.first.expected).startswith("refused: ")
    assert verdict.first.transaction is not None and verdict.first.block is not None


def plus(number: int) -> Callable[[int], int]:
    return lambda value: value + number


def lane(post: int, change: int) -> Callable[[list[int]], list[int]]:
    def change_words(words: list[int]) -> list[int]:
        new = list(words)
        new[post // 4] += change << 64 * (post % 4)
        return new

    return change_words


# Event, field, how it is forged, the rule.
FORGED: list[tuple[str, str, Callable[[Any], Any], str]] = [
    ("Transfer", "value", plus(1), "money.transfer"),
    ("Approval", "value", plus(1), "money.allowance"),
    ("Deposited", "money", plus(1), "money.deposit"),
    ("Withdrawn", "money", plus(1), "money.withdrawal"),
    ("ProfileSet", "parts", lambda words: [words[0] - 1, *words[1:]], "register.profile"),
    ("StandardRegistered", "endowment", plus(1), "register.bounds"),
    ("ProducerRegistered", "theta", plus(1), "register.bounds"),
    ("DayOpened", "deadline", plus(10), "day.open"),
    ("Submitted", "bids", lane(2, 5), "submission.recorded"),
    ("Submitted", "observed_gas", lambda gas: gas // 4, "submission.observed-gas"),
    ("Submitted", "observed_gas", lambda gas: 4 * gas, "submission.observed-gas"),
    ("PieceClosed", "prior", plus(1), "close.shown"),
    ("DayClosed", "bids", lane(1, -7), "close.totals"),
    ("DayClosed", "offers", lane(3, 1), "close.totals"),
    ("DayClosed", "submissions", plus(1), "close.totals"),
    ("PlantRun", "inputs_bought", plus(10**9), "production.inputs"),
    ("PlantRun", "inputs_used", plus(-1), "production.inputs"),
    ("PlantRun", "fraction", plus(1), "production.fraction"),
    ("DayProduced", "delivered", lane(2, 1), "production.delivered"),
    ("Settled", "energy", plus(1), "settlement.energy"),
    ("Settled", "good", plus(1), "settlement.good"),
    ("Settled", "revenue", plus(1), "settlement.revenue"),
    ("Settled", "refund", plus(1), "settlement.refund"),
    ("DaySettled", "settled", plus(1), "day.order"),
    ("DaySettled", "dust_money", plus(1), "settlement.dust"),
    ("DaySettled", "dust_energy", plus(1), "settlement.dust"),
    ("Metered", "gas_used", plus(-100), "energy.gas"),
    ("Metered", "verification", plus(-1), "energy.charge"),
    ("Metered", "consumed", plus(1), "energy.consumed"),
    ("Metered", "arrears", plus(1), "energy.arrears"),
    ("DayMetered", "share", plus(1), "energy.share"),
    ("DayMetered", "carried", plus(1), "energy.carried"),
    ("DayMetered", "charged", plus(-1), "energy.charged"),
    ("DayMetered", "silent", lambda silent: 1 - silent, "energy.charged"),
]


@pytest.mark.parametrize(("name", "field", "change", "rule"), FORGED)
def test_a_forged_event__breaks_the_rule_of_its_field(
    name: str, field: str, change: Callable[[Any], Any], rule: str, copy: Doctored, tmp_path: Path
) -> None:
    log = copy.logs(name)[-1]
    copy.forge(log, field, change)
    verdict = copy.seal().audit(tmp_path)
    assert verdict.first is not None and verdict.first.rule == rule
    assert field in verdict.first.field.replace("observed_gas of", "observed_gas")
    assert verdict.first.expected != verdict.first.found


def shave_own(copy: Doctored) -> None:
    copy.gas(copy.calls("submit")[3][2], -1000)


def shave_shared(copy: Doctored) -> None:
    copy.gas(copy.calls("close")[0][2], -1000)


def shave_one_unit_of_shared(copy: Doctored) -> None:
    copy.gas(copy.calls("close")[0][2], -1)


def shave_failed(copy: Doctored) -> None:
    agent = copy.calls("submit")[0][1]["from"]
    copy.gas(copy.calls("submit", ok=False, sender=agent)[0][2], -1)


def own_for_shared(copy: Doctored) -> None:
    """The meter moves a unit of gas from the founder's calls to each agent: conserved, but not what happened."""

    def change(words: list[int]) -> None:
        words[1] -= 1
        for at in range(5, len(words)):
            words[at] += 1 << 160

    _, tx, receipt = copy.calls("meter")[0]
    copy.words(tx, change)
    for log in receipt["logs"]:
        if decoded(log)[0].name == "DayMetered":
            copy.forge(log, "share", plus(-1))


def drop_submission(copy: Doctored) -> None:
    line, tx, _ = copy.calls("submit")[1]
    copy.drop(line, tx)


def invent_submission(copy: Doctored) -> None:
    """A bid in a later day's window, from an agent that sat the day out."""
    line, tx, receipt = copy.calls("submit")[-8]
    agent = copy.calls("submit")[0][1]["from"]
    twin, twin_receipt = copy.repeat(line, tx, receipt)
    twin["from"] = agent
    copy.forge(twin_receipt["logs"][0], "agent", lambda _: int(agent, 16))


def change_bid(copy: Doctored) -> None:
    copy.words(copy.calls("submit")[0][1], lambda words: words.__setitem__(4, words[4] + 1))


def change_bid_and_event(copy: Doctored) -> None:
    receipt = copy.calls("submit")[0][2]
    change_bid(copy)
    copy.forge(receipt["logs"][0], "bids", lane(0, 1))


def swap_order(copy: Doctored) -> None:
    line = copy.calls("submit")[0][0]
    block = line["block"]["transactions"]
    block[0], block[1] = block[1], block[0]
    line["receipts"][0], line["receipts"][1] = line["receipts"][1], line["receipts"][0]


def pay_the_wrong_seller(copy: Doctored) -> None:
    logs = [log for log in copy.logs("Settled") if decoded(log)[1][4] > 0]
    copy.forge(logs[0], "revenue", plus(-5))
    copy.forge(logs[1], "revenue", plus(5))


def skip_one(copy: Doctored) -> None:
    _, _, receipt = copy.calls("settle")[0]
    del receipt["logs"][1]


def settle_twice(copy: Doctored) -> None:
    copy.repeat(*copy.calls("settle")[0])


def run_a_plant_twice(copy: Doctored) -> None:
    _, _, receipt = copy.calls("produce")[0]
    receipt["logs"].insert(1, dict(receipt["logs"][0]))


def meter_twice(copy: Doctored) -> None:
    copy.repeat(*copy.calls("meter")[0])


def skip_settlement(copy: Doctored) -> None:
    line, tx, _ = copy.calls("settle")[2]
    copy.drop(line, tx)


def close_early(copy: Doctored) -> None:
    line = next(line for line, *_ in copy.calls("close")[2:])
    line["block"]["timestamp"] = hex(int(line["block"]["timestamp"], 16) - 1)


def end_early(copy: Doctored) -> None:
    line = copy.calls("end_unmetered")[0][0]
    line["block"]["timestamp"] = hex(int(line["block"]["timestamp"], 16) - 2)


def keep_somebody_out(copy: Doctored) -> None:
    _, _, receipt = copy.calls("submit")[-1]
    receipt |= {"status": "0x0", "logs": []}


def skim_a_fee(copy: Doctored) -> None:
    """A withdrawal of which a part goes elsewhere."""
    receipt = copy.calls("withdraw")[0][2]
    transfer = receipt["logs"][0]
    copy.forge(transfer, "value", plus(-3))
    fee = Event(int(copy.token, 16), "Transfer", (int(copy.market, 16), 0xFEE, 3))
    receipt["logs"].insert(1, copy.log(transfer, fee))


def mint(copy: Doctored) -> None:
    _, _, receipt = copy.calls("transfer")[0]
    receipt["logs"].append(copy.log(receipt["logs"][0], Event(int(copy.token, 16), "Transfer", (0, 0xFEE, 3))))


def credit_without_payment(copy: Doctored) -> None:
    _, _, receipt = copy.calls("deposit")[0]
    receipt["logs"] = [log for log in receipt["logs"] if decoded(log)[0].name != "Transfer"]


def send_ether(copy: Doctored) -> None:
    copy.calls("deposit")[0][1]["value"] = "0x1"


def kappa_in_the_file(copy: Doctored) -> None:
    copy.deployment["contracts"]["Market"]["arguments"][5] += 1


def kappa_in_file_and_creation(copy: Doctored) -> None:
    kappa_in_the_file(copy)
    name = copy.deployment["contracts"]["Market"]["transaction"]
    tx = next(tx for line in copy.blocks for tx in line["block"]["transactions"] if tx["hash"] == name)
    data = bytearray.fromhex(tx["input"][2:])
    data[-4 * 32 : -3 * 32] = (int.from_bytes(data[-4 * 32 : -3 * 32], "big") + 1).to_bytes(32, "big")
    tx["input"] = "0x" + data.hex()


def other_window_in_the_file(copy: Doctored) -> None:
    copy.deployment["contracts"]["Market"]["arguments"][3] = 61


def other_code_in_the_file(copy: Doctored) -> None:
    copy.deployment["contracts"]["Technology"]["code_hash"] = "0x" + "12" * 32


DOCTORED: list[tuple[Forge, str]] = [
    (shave_own, "energy.own"),
    (shave_shared, "energy.share"),
    (shave_one_unit_of_shared, "energy.carried"),
    (shave_failed, "energy.own"),
    (own_for_shared, "energy.share"),
    (drop_submission, "close.shown"),
    (invent_submission, "close.shown"),
    (change_bid, "submission.recorded"),
    (change_bid_and_event, "close.shown"),
    (swap_order, "close.shown"),
    (pay_the_wrong_seller, "settlement.revenue"),
    (skip_one, "settlement.piece"),
    (settle_twice, "settlement.piece"),
    (run_a_plant_twice, "production.piece"),
    (meter_twice, "day.order"),
    (skip_settlement, "settlement.piece"),
    (close_early, "close.window"),
    (end_early, "energy.patience"),
    (keep_somebody_out, "call.refused"),
    (skim_a_fee, "money.transfer"),
    (mint, "money.transfer"),
    (credit_without_payment, "money.transfer"),
    (send_ether, "call.value"),
    (kappa_in_the_file, "deployment.arguments"),
    (kappa_in_file_and_creation, "deployment.code"),
    (other_window_in_the_file, "deployment.arguments"),
    (other_code_in_the_file, "deployment.code"),
]


@pytest.mark.parametrize(("forge", "rule"), DOCTORED, ids=[forge.__name__ for forge, _ in DOCTORED])
def test_a_doctored_archive__is_convicted_by_the_right_rule(
    forge: Forge, rule: str, copy: Doctored, tmp_path: Path
) -> None:
    forge(copy)
    verdict = copy.seal().audit(tmp_path)
    assert verdict.first is not None and verdict.exit_code == 1
    assert verdict.first.rule == rule
    assert not any(violation.rule.startswith("data.") for violation in verdict.violations)


def test_another_kappa_everywhere__is_convicted_by_the_charges_too(copy: Doctored, tmp_path: Path) -> None:
    kappa_in_file_and_creation(copy)
    rules = {violation.rule for violation in copy.seal().audit(tmp_path).violations}
    assert {"deployment.code", "energy.charge"} <= rules
