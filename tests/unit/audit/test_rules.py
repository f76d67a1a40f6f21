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
    "a store where there are none": "register.bounds",
    "profile above the whole": "register.profile",
    "admits itself": "register.role",
    "binds the registry": "register.market",
    "spends another's": "money.allowance",
    "spends more": "money.transfer",
    "takes more": "money.withdrawal",
    "takes a part of a unit": "money.withdrawal",
    "deposits more": "money.deposit",
    "offer of the role accepted": "register.role",
    "a padded call": "call.data",
    "no such function": "call.unknown",
    "opens twice": "day.order",
    "submits twice": "submission.once",
    "stranger submits": "submission.registered",
    "above capacity": "submission.capacity",
    "offers the good": "submission.capacity",
    "above money": "submission.escrow",
    "nothing at all": "submission.empty",
    "wrong length": "submission.shape",
    "of the other kind": "submission.registered",
    "stores where there are no stores": "submission.store",
    "relays what is there already": "batch.empty",
    "registers on a day": "register.between-days",
    "closes early": "close.window",
    "clears early": "close.window",
    "late": "submission.window",
    "closes with other words": "close.shown",
    "closes with other zeros": "call.data",
    "clears what pieces left": "close.shown",
    "settles too soon": "day.order",
    "stranger meters": "energy.role",
    "ends early": "energy.patience",
    "meters one twice": "energy.agent",
    "meters at another share": "energy.share",
    "meters batches below": "energy.floor",
    "settles twice": "settlement.piece",
    "relays nothing good": "batch.empty",
    "relays another's batch": "batch.empty",
    "a batch with a tail": "call.data",
    "relays late": "submission.window",
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
    ("ProducerRegistered", "store", plus(1), "register.bounds"),
    ("DayOpened", "deadline", plus(10), "day.open"),
    ("Submitted", "words", lane(2, 5), "submission.recorded"),
    ("Submitted", "owner", plus(1 << 160), "submission.recorded"),
    ("Submitted", "owner", lambda owner: owner >> 226 << 224 | owner % 2**224, "submission.observed-gas"),
    ("Submitted", "owner", lambda owner: owner >> 224 << 226 | owner % 2**224, "submission.observed-gas"),
    ("Relayed", "standard", plus(1), "batch.count"),
    ("Skipped", "place", plus(1), "batch.skipped"),
    ("Skipped", "reason", lambda reason: b"posts: day is full", "batch.skipped"),
    ("PieceClosed", "prior", plus(1), "close.shown"),
    ("DayClosed", "bids", lane(1, -7), "close.totals"),
    ("DayClosed", "offers", lane(3, 1), "close.totals"),
    ("DayClosed", "submissions", plus(1), "close.totals"),
    ("PlantRun", "inputs_bought", plus(10**9), "production.inputs"),
    ("PlantRun", "inputs_used", plus(-1), "production.inputs"),
    ("PlantRun", "fraction", plus(1), "production.fraction"),
    ("DayProduced", "delivered", lane(2, 1), "production.delivered"),
    ("Settled", "first", plus(1), "settlement.piece"),
    ("DaySettled", "settled", plus(1), "day.order"),
    ("DaySettled", "dust_money", plus(1), "settlement.dust"),
    ("DaySettled", "dust_energy", plus(1), "settlement.dust"),
    ("Readings", "share", plus(1), "energy.share"),
    ("Readings", "relayed", plus(1), "energy.relayed"),
    ("Readings", "readings", lambda words: [words[0] + 1, *words[1:]], "energy.posted"),
    ("DayMetered", "share", plus(1), "energy.share"),
    ("DayMetered", "relayed", plus(1), "energy.relayed"),
    ("DayMetered", "carried", plus(1), "energy.carried"),
    ("DayMetered", "silent", lambda silent: 1 - silent, "energy.charged"),
]
# What a difference is called where a field holds several things.
CALLED = {"words": "bids", "owner": ""}


@pytest.mark.parametrize(("name", "field", "change", "rule"), FORGED)
def test_a_forged_event__breaks_the_rule_of_its_field(
    name: str, field: str, change: Callable[[Any], Any], rule: str, copy: Doctored, tmp_path: Path
) -> None:
    log = copy.logs(name)[-1]
    copy.forge(log, field, change)
    verdict = copy.seal().audit(tmp_path)
    assert verdict.first is not None and verdict.first.rule == rule
    assert CALLED.get(field, field) in verdict.first.field
    assert verdict.first.expected != verdict.first.found


@pytest.mark.parametrize("field", ["energy", "good", "revenue", "refund"])
def test_a_forged_outcome__names_its_agent_and_what_it_got(field: str, copy: Doctored, tmp_path: Path) -> None:
    copy.outcome(copy.logs("Settled")[-2], 1, field, 1)
    verdict = copy.seal().audit(tmp_path)
    assert verdict.first is not None and verdict.first.rule == f"settlement.{field}"
    assert verdict.first.field == f"Settled.{field}" and verdict.first.agent in copy.keys
    assert int(verdict.first.found) == int(verdict.first.expected) + 1


def shave_own(copy: Doctored) -> None:
    copy.gas(copy.calls("submit")[3][2], -1000)


def shave_shared(copy: Doctored) -> None:
    copy.gas(copy.calls("close")[0][2], -1000)


def shave_one_unit_of_shared(copy: Doctored) -> None:
    copy.gas(copy.calls("close")[0][2], -1)


def shave_failed(copy: Doctored) -> None:
    agent = copy.calls("submit")[0][1]["from"]
    copy.gas(copy.calls("submit", ok=False, sender=agent)[0][2], -1)


def shave_a_batch(copy: Doctored) -> None:
    copy.gas(copy.calls("relay")[-1][2], -1000)


def shave_one_unit_of_a_batch(copy: Doctored) -> None:
    copy.gas(copy.calls("relay")[-1][2], -1)


def meters(copy: Doctored, which: int, change: Callable[[list[int]], None], field: str, by: int) -> None:
    """Another number in the meter's call and in what the market said of it."""
    _, tx, receipt = copy.calls("meter")[which]
    copy.words(tx, change)
    for log in receipt["logs"]:
        if field in [each.name for each in decoded(log)[0].fields]:
            copy.forge(log, field, plus(by))


def own_for_shared(copy: Doctored) -> None:
    """The meter moves a unit of gas from the founder's calls to each agent: conserved, but not what happened."""
    meters(copy, 2, lambda words: words.__setitem__(1, words[1] - 1), "share", -1)


def pool_share_too_high(copy: Doctored) -> None:
    meters(copy, -1, lambda words: words.__setitem__(2, words[2] + 1), "relayed", 1)


def posts_for_one_agent_more(copy: Doctored) -> None:
    _, tx, receipt = copy.calls("meter")[2]
    copy.words(tx, lambda words: words.__setitem__(7, words[7] + 1))
    copy.forge(receipt["logs"][0], "readings", lambda words: [words[0] + 1, *words[1:]])


def leaves_out_readings(copy: Doctored) -> None:
    _, tx, receipt = copy.calls("meter")[2]

    def shorter(words: list[int]) -> None:
        words[6] -= 1
        words.pop()

    copy.words(tx, shorter)
    copy.forge(receipt["logs"][0], "readings", lambda words: words[:-1])


def posts_for_nobody(copy: Doctored) -> None:
    """A reading of a place that no submission has."""
    _, tx, receipt = copy.calls("meter")[2]
    copy.words(tx, lambda words: words.__setitem__(7, words[7] | 5 << 24 * 7))
    copy.forge(receipt["logs"][0], "readings", lambda words: [words[0] | 5 << 24 * 7, *words[1:]])


def observes_too_much_of_batches(copy: Doctored) -> None:
    """On the silent day, the one figure that stands in no call data."""
    log = next(log for log in copy.logs("DayMetered") if decoded(log)[1][-1])
    copy.forge(log, "relayed", plus(10**6))


def skip_a_good_bid(copy: Doctored) -> None:
    """The last batch took in two; one is said to have been skipped."""
    _, _, receipt = copy.calls("relay")[-1]
    market, agent = int(copy.market, 16), int(copy.agents[1], 16)
    skipped = Event(market, "Skipped", (6, agent, 0, b"posts: bids above money held"))
    receipt["logs"].insert(0, copy.log(receipt["logs"][0], skipped))
    copy.forge(receipt["logs"][-1], "standard", plus(-1))


def take_in_what_nobody_signed(copy: Doctored) -> None:
    """A bid is changed in the call data, and the market takes it in as if its agent had signed that."""
    _, tx, _ = copy.calls("relay")[-1]
    copy.words(tx, lambda words: words.__setitem__(6, words[6] + 1))


def take_in_another_signature(copy: Doctored) -> None:
    _, tx, _ = copy.calls("relay")[-1]
    copy.words(tx, lambda words: words.__setitem__(4, words[4] ^ 1 << 255))


def take_in_an_expired_bid(copy: Doctored) -> None:
    _, _, receipt = copy.calls("relay")[1]
    expired = next(log for log in receipt["logs"] if decoded(log)[1][-1] == b"bids: expired")
    receipt["logs"].remove(expired)


def take_in_a_second_bid(copy: Doctored) -> None:
    _, _, receipt = copy.calls("relay")[1]
    again = next(log for log in receipt["logs"] if decoded(log)[1][-1] == b"posts: already submitted")
    receipt["logs"].remove(again)


def name_another_relayer(copy: Doctored) -> None:
    """The same batch from another sender: no signature is for that one."""
    _, tx, receipt = copy.calls("relay")[-1]
    tx["from"] = receipt["from"] = copy.agents[2]


def drop_submission(copy: Doctored) -> None:
    line, tx, _ = copy.calls("submit")[1]
    copy.drop(line, tx)


def invent_submission(copy: Doctored) -> None:
    """A bid in a later day's window, from an agent that sat the day out."""
    line, tx, receipt = copy.calls("submit")[-3]
    agent = copy.agents[2]
    twin, twin_receipt = copy.repeat(line, tx, receipt)
    twin["from"] = agent
    copy.forge(twin_receipt["logs"][0], "owner", lambda owner: owner >> 160 << 160 | int(agent, 16))


def change_bid(copy: Doctored) -> None:
    copy.words(copy.calls("submit")[0][1], lambda words: words.__setitem__(4, words[4] + 1))


def change_bid_and_event(copy: Doctored) -> None:
    receipt = copy.calls("submit")[0][2]
    change_bid(copy)
    copy.forge(receipt["logs"][0], "words", lane(0, 1))


def swap_order(copy: Doctored) -> None:
    line = copy.calls("submit")[0][0]
    block = line["block"]["transactions"]
    block[0], block[1] = block[1], block[0]
    line["receipts"][0], line["receipts"][1] = line["receipts"][1], line["receipts"][0]


def pay_the_wrong_seller(copy: Doctored) -> None:
    log = copy.logs("Settled")[-2]
    copy.outcome(log, 0, "revenue", -5)
    copy.outcome(log, 1, "revenue", 5)


def skip_one(copy: Doctored) -> None:
    copy.forge(copy.logs("Settled")[0], "outcomes", lambda words: words[:-1])


def settle_twice(copy: Doctored) -> None:
    copy.repeat(*copy.calls("settle")[0])


def clear_twice(copy: Doctored) -> None:
    copy.repeat(*copy.calls("clear")[0])


def clear_other_records(copy: Doctored) -> None:
    copy.words(copy.calls("clear")[0][1], lambda words: words.__setitem__(4, words[4] + 1))


def clear_one_less(copy: Doctored) -> None:
    """The last producer is left out, in the call and in what it is said to have come to."""
    _, tx, _ = copy.calls("clear")[0]

    def shorter(words: list[int]) -> None:
        words[2] -= 1
        del words[-27 - 3 : -27]

    copy.words(tx, shorter)


def run_a_plant_twice(copy: Doctored) -> None:
    _, _, receipt = copy.calls("produce")[0]
    receipt["logs"].insert(1, dict(receipt["logs"][0]))


def meter_twice(copy: Doctored) -> None:
    copy.repeat(*copy.calls("meter")[2])


def skip_settlement(copy: Doctored) -> None:
    line, tx, _ = copy.calls("settle")[2]
    copy.drop(line, tx)


def close_early(copy: Doctored) -> None:
    line = next(line for line, *_ in copy.calls("clear"))
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
    copy.deployment["contracts"]["Market"]["arguments"][4] += 1


def kappa_in_file_and_creation(copy: Doctored) -> None:
    kappa_in_the_file(copy)
    name = copy.deployment["contracts"]["Market"]["transaction"]
    tx = next(tx for line in copy.blocks for tx in line["block"]["transactions"] if tx["hash"] == name)
    data = bytearray.fromhex(tx["input"][2:])
    data[-5 * 32 : -4 * 32] = (int.from_bytes(data[-5 * 32 : -4 * 32], "big") + 1).to_bytes(32, "big")
    tx["input"] = "0x" + data.hex()


def other_window_in_the_file(copy: Doctored) -> None:
    copy.deployment["contracts"]["Market"]["arguments"][2] = 61


def other_code_in_the_file(copy: Doctored) -> None:
    copy.deployment["contracts"]["Registry"]["code_hash"] = "0x" + "12" * 32


def another_registry_in_the_file(copy: Doctored) -> None:
    copy.deployment["contracts"]["Market"]["arguments"][1] = copy.token


DOCTORED: list[tuple[Forge, str]] = [
    (shave_own, "submission.observed-gas"),
    (shave_shared, "energy.share"),
    (shave_one_unit_of_shared, "energy.carried"),
    (shave_failed, "energy.own"),
    (shave_a_batch, "energy.relayed"),
    (shave_one_unit_of_a_batch, "energy.carried"),
    (own_for_shared, "energy.share"),
    (pool_share_too_high, "energy.relayed"),
    (posts_for_one_agent_more, "energy.own"),
    (leaves_out_readings, "energy.own"),
    (posts_for_nobody, "energy.agent"),
    (observes_too_much_of_batches, "submission.observed-gas"),
    (skip_a_good_bid, "batch.skipped"),
    (take_in_what_nobody_signed, "batch.signature"),
    (take_in_another_signature, "batch.signature"),
    (take_in_an_expired_bid, "batch.deadline"),
    (take_in_a_second_bid, "submission.once"),
    (name_another_relayer, "batch.empty"),
    (drop_submission, "close.shown"),
    (invent_submission, "close.shown"),
    (change_bid, "submission.recorded"),
    (change_bid_and_event, "close.shown"),
    (swap_order, "close.shown"),
    (pay_the_wrong_seller, "settlement.revenue"),
    (skip_one, "settlement.piece"),
    (settle_twice, "settlement.piece"),
    (clear_twice, "day.order"),
    (clear_other_records, "close.shown"),
    (clear_one_less, "close.shown"),
    (run_a_plant_twice, "production.piece"),
    (meter_twice, "day.order"),
    (skip_settlement, "day.order"),
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
    (another_registry_in_the_file, "deployment.arguments"),
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
