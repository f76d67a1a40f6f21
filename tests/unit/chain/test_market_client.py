"""The typed client against the contracts themselves: every signature it repeats, every view it decodes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.harness.sources import sources

from wattpost.chain import abi, events
from wattpost.chain.compile import compile_all
from wattpost.chain.market import CALLS, MOVES_THE_DAY, VIEWS, call, name_of
from wattpost.chain.refusals import ADVICE, advice

ARTIFACTS = compile_all(["Bytecoin", "Registry", "Market"])


def _entries(kind: str) -> list[dict[str, Any]]:
    return [entry for artifact in ARTIFACTS.values() for entry in artifact.abi if entry["type"] == kind]


def test_calls__are_functions_of_the_contracts() -> None:
    known = {abi.signature_of(entry) for entry in _entries("function")}
    assert set(CALLS) <= known


def test_views__decode_what_the_contracts_return() -> None:
    results = {abi.signature_of(entry): entry for entry in _entries("function")}
    for signature, expected in VIEWS.items():
        outputs = [abi.type_of(each) for each in results[signature]["outputs"]]
        spelt = expected if len(outputs) == 1 else list(abi.members(expected[0]))
        assert outputs == spelt, signature


def test_events__are_those_of_the_interface_field_by_field() -> None:
    declared = {}
    for entry in _entries("event"):
        fields = [
            f"{abi.type_of(each)}{' indexed' if each['indexed'] else ''} {each['name']}" for each in entry["inputs"]
        ]
        declared[f"{entry['name']}({','.join(fields)})"] = entry
    # `Submitted` is written raw, with the words behind what is declared here.
    assert set(events.SIGNATURES) - set(declared) == {"Submitted(uint256 indexed day,bytes32 owner)"}
    assert set(declared) <= set(events.SIGNATURES)


def test_every_call_that_moves_the_day__is_one_the_client_knows() -> None:
    assert {signature.partition("(")[0] for signature in CALLS} >= MOVES_THE_DAY


def test_name_of__recognises_its_own_call_data() -> None:
    assert name_of(call("withdraw", 5)) == "withdraw"
    assert name_of(b"\1\2\3\4") is None


def test_advice__covers_exactly_the_reasons_in_the_sources() -> None:
    assert set(ADVICE) == {reason for text in sources().values() for reason in re.findall(r'"([a-z]+: [^"]+)"', text)}
    assert all(text.endswith(".") and text[0].isupper() for text in ADVICE.values())


def test_advice__of_an_unknown_reason__is_the_reason() -> None:
    assert advice("moon: wrong phase") == "moon: wrong phase."
    assert advice("posts: day is full").startswith("posts: day is full. ")


@pytest.mark.parametrize("text", ["calendar: window is over", "posts: bids above money held"])
def test_advice__says_what_to_do(text: str) -> None:
    assert len(advice(text)) > len(text) + 20
