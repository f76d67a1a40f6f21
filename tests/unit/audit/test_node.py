"""A market on a running node: its code and its state must be what its history makes them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.unit.audit.street import Street

from wattpost.audit import audit_rpc
from wattpost.audit.archive import Node
from wattpost.audit.calls import selector
from wattpost.chain.engine.eth_tester import EthTester
from wattpost.chain.market import call


@cache
def running() -> Street:
    street = Street()
    street.found()
    street.play()
    street.open()
    street.submit(0, 1, 2, 3)
    street.close()
    return street


@pytest.fixture
def street() -> Iterator[Street]:
    yield running()


@pytest.fixture
def file(street: Street, tmp_path: Path) -> Path:
    return street.save(tmp_path) / "deployment.json"


def test_a_market_in_the_middle_of_a_day__is_clean_and_says_so(street: Street, file: Path) -> None:
    told: list[tuple[int, int | None]] = []
    verdict = audit_rpc(street.chain.url, file, lambda done, total: told.append((done, total)))
    assert verdict.to_json()["violations"] == [] and verdict.exit_code == 0
    assert "Day 2 is not over: it is closed." in verdict.notes
    assert verdict.checked["state words"] > 60 and verdict.checked["days"] == 1
    assert told[-1] == (verdict.checked["blocks"], verdict.checked["blocks"])


WRONG = {
    "account_of(address)": "state.account",
    "balance_of(address)": "energy.store",
    "balanceOf(address)": "state.token",
    "totalSupply()": "state.token",
    "owed()": "state.market",
    "rules()": "state.market",
    "today()": "state.market",
    "heads()": "state.market",
    "registrar()": "state.registry",
    "market()": "state.registry",
    "endowment_of(address)": "state.registry",
    "plant_of(address)": "state.registry",
    "profile_of(uint256)": "state.registry",
    "total_capacity()": "state.registry",
}


@pytest.mark.parametrize("view", WRONG)
def test_state_that_history_does_not_explain__is_convicted(
    view: str, street: Street, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Node.view

    def other(self: Node, calls: list[tuple[str, bytes]]) -> list[bytes | None]:
        return [
            answer[:31] + bytes([answer[31] ^ 1]) + answer[32:] if answer and data[:4] == selector(view) else answer
            for answer, (_, data) in zip(honest(self, calls), calls, strict=True)
        ]

    monkeypatch.setattr(Node, "view", other)
    verdict = audit_rpc(street.chain.url, file)
    assert verdict.first is not None and verdict.first.rule == WRONG[view]


def test_other_code_on_chain__is_convicted(street: Street, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Node, "code", lambda self, address: b"\x60")
    verdict = audit_rpc(street.chain.url, file)
    assert verdict.first is not None and verdict.first.rule == "deployment.code"


def test_a_node_without_the_receipts__cannot_be_checked(
    street: Street, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Node.ask

    def forgetful(self: Node, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        return [
            None if "Receipt" in name else answer for (name, _), answer in zip(calls, honest(self, calls), strict=True)
        ]

    monkeypatch.setattr(Node, "ask", forgetful)
    assert audit_rpc(street.chain.url, file).exit_code == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "ftp://nowhere", "nonsense"])
def test_no_node__cannot_be_checked(url: str, file: Path) -> None:
    assert audit_rpc(url, file).exit_code == 2


def test_another_chain__is_convicted(file: Path) -> None:
    other = Street(chain=EthTester(chain_id=7))
    verdict = audit_rpc(other.chain.url, file)
    other.chain.close()
    assert verdict.first is not None and verdict.first.rule == "deployment.chain"


def test_the_same_chain_begun_anew__is_convicted(file: Path) -> None:
    other = Street(periods=2)
    other.ok((other.founder, call("open")))
    verdict = audit_rpc(other.chain.url, file)
    other.chain.close()
    assert verdict.exit_code == 1
    assert verdict.first is not None and verdict.first.rule == "deployment.code"
