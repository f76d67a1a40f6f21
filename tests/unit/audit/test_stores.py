"""Stores, and markets whose contracts charge or store wrongly: played in full, and convicted by the market's rules."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest
from tests.unit.audit.street import Street

from wattpost.audit import audit_folder, audit_rpc
from wattpost.audit.archive import Node
from wattpost.audit.calls import selector
from wattpost.audit.case import Case
from wattpost.audit.onchain import check_state
from wattpost.audit.verdict import Verdict
from wattpost.chain.compile import contracts_folder
from wattpost.chain.market import Market, call
from wattpost.spec import WAD

KAPPA = 2 * 10**11  # kWh per gas, so that a submission burns about what a day's purchase puts into a store


def lived(folder: Path | None = None) -> Street:
    """Four days of a market with stores, by itself, by batches, with a silent meter and with agents that sit out."""
    street = Street(folder=folder, efficiency=9 * WAD // 10, kappa=KAPPA, first_gas=150_000, store=WAD)
    street.found()
    street.play()
    street.open()
    street.submit(0, 3)
    street.relay(1, 4)
    street.clear()
    street.post()
    street.open()
    street.submit(0, 2)
    street.relay(3)
    street.close()
    street.produce()
    street.settle()
    street.silent()
    street.play()
    return street


@cache
def settled() -> Street:
    """One that stays on its node, for tests that only look at it."""
    return lived()


def both(street: Street, folder: Path) -> tuple[Verdict, Verdict]:
    """From the archive alone, and with the node's state."""
    street.save(folder)
    verdicts = audit_folder(folder), audit_rpc(street.chain.url, folder / "deployment.json")
    street.chain.close()
    return verdicts


def changed(folder: Path, former: str, new: str) -> Path:
    """A copy of the contracts with one thing wrong."""
    shutil.copytree(contracts_folder(), folder)
    path = folder / "modules" / "energy_ledger.vy"
    text = path.read_text()
    assert text.count(former) == 1
    path.write_text(text.replace(former, new))
    return folder


def test_a_market_with_stores__is_clean(tmp_path: Path) -> None:
    street = lived()
    client = Market(street.chain.rpc, street.deployment)
    balances = client.balances([agent.address for agent in street.agents])
    archive, node = both(street, tmp_path)
    assert archive.to_json()["violations"] == [] == node.to_json()["violations"]
    assert archive.exit_code == node.exit_code == 0
    assert all(0 < balance != WAD for balance in balances)


def test_whoever_cannot_cover_its_last_day__is_locked_out__rightly(tmp_path: Path) -> None:
    street = Street(efficiency=WAD, kappa=10**12, first_gas=150_000, store=16 * WAD // 100)
    street.found()
    street.play()
    street.open()
    receipts = street.send(*((street.agents[i], street.submission(i)) for i in range(5)))
    assert {receipt.ok for receipt in receipts} == {True, False}
    for i, receipt in enumerate(receipts):
        if receipt.ok:
            street.saw(receipt, street.kind(i), street.words(i), street.to_store(i))
    street.clear()
    archive, node = both(street, tmp_path)
    assert archive.violations == [] == node.violations and archive.exit_code == node.exit_code == 0


# What a view would answer if the contract charged or stored wrongly, by how much more than it holds.
VIEWED = {
    "a charge that was not applied": (
        "energy.charge",
        lambda account, rules: rules.kappa * (account.gas + account.due),
    ),
    "a store credited without its losses": ("energy.store", lambda account, rules: account.lost),
    "a unit too few": ("energy.store", lambda account, rules: -1),
}


@pytest.mark.parametrize("label", VIEWED)
def test_balances_that_history_does_not_explain__are_convicted_by_what_would(
    label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, wrong = VIEWED[label]
    street = settled()
    street.save(tmp_path)
    honest, known = Node.view, check_state

    def seen(node: Node, case: Case) -> None:
        def other(self: Node, calls: list[tuple[str, bytes]]) -> list[bytes | None]:
            answers = honest(self, calls)
            for at, (_, data) in enumerate(calls):
                if data[:4] == selector("balance_of(address)"):
                    account = case.state.look(int.from_bytes(data[4:], "big"))
                    value = int.from_bytes(answers[at] or b"", "big") + wrong(account, case.state.rules)
                    answers[at] = value.to_bytes(32, "big")
            return answers

        monkeypatch.setattr(Node, "view", other)
        known(node, case)

    monkeypatch.setattr("wattpost.audit.audit.check_state", seen)
    verdict = audit_rpc(street.chain.url, tmp_path / "deployment.json")
    assert [violation.rule for violation in verdict.violations] == [rule] * len(street.agents)


WRONG = [
    ("balance -= convert(KAPPA * gas_used, int256)", "balance -= 0", "energy.charge"),
    ("balance -= convert(KAPPA * gas_used, int256)", "balance -= 1", "energy.store"),
    ("part * amounts.UNIT * EFFICIENCY // WAD", "part * amounts.UNIT", "energy.store"),
    ("(bought - part) << vault.ENERGY", "bought << vault.ENERGY", "state.account"),
    ("before: uint256 = unsafe_mul((account >> vault.ENERGY)", "before: uint256 = unsafe_mul((0 * account)", None),
]


@pytest.mark.skipif("WATTPOST_NIGHTLY" not in os.environ, reason="compiles a market for each; nightly")
@pytest.mark.parametrize(("former", "new", "rule"), WRONG)
def test_a_contract_that_charges_or_stores_wrongly__is_convicted_by_its_state(
    former: str, new: str, rule: str | None, tmp_path: Path
) -> None:
    """The last one changes a short cut that markets with stores never take: it is no fault, and none is found."""
    _, node = both(lived(changed(tmp_path / "contracts", former, new)), tmp_path)
    assert [violation.rule for violation in node.violations[:1]] == ([rule] if rule else [])


def test_a_store_that_is_not_charged__lets_in_whom_the_rules_lock_out__as_the_archive_shows(tmp_path: Path) -> None:
    former = "balance -= convert(KAPPA * gas_used, int256)"
    street = Street(
        folder=changed(tmp_path / "contracts", former, "balance -= 0"),
        efficiency=WAD,
        kappa=10**12,
        first_gas=150_000,
        store=16 * WAD // 100,
    )
    street.found()
    street.play()
    street.play()
    archive, _ = both(street, tmp_path)
    assert archive.first is not None and archive.first.rule == "submission.store"
    assert archive.exit_code == 1


def test_readings_below_what_was_observed__cannot_even_be_written(tmp_path: Path) -> None:
    """A reading is gas beyond what the market saw: the lowest is nought, and leaves out failed calls."""
    street = Street()
    street.found()
    street.open()
    street.submit(0, 1, 3)
    street.send(*((street.agents[i], call("withdraw", 10**30)) for i in (0, 1, 3)))
    street.clear()
    street.ok((street.meter, street.metering(words=[])))
    archive, node = both(street, tmp_path)
    rules = [(violation.rule, violation.agent) for violation in archive.violations]
    assert sorted(rules) == sorted(("energy.own", street.agents[i].address) for i in (0, 1, 3))
    assert all(0 < int(each.found) < int(each.expected) for each in archive.violations)
    assert len(node.violations) == 3
