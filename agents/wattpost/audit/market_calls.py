"""Transactions to the market and to its registry."""

from __future__ import annotations

from wattpost.audit import following
from wattpost.audit.calls import EXACT, MARKET_TABLE, REGISTRY_TABLE, Decoded, Function, Malformed, decode
from wattpost.audit.case import Case
from wattpost.audit.events import Event
from wattpost.audit.gas import bounds, check_observed, count_gas, note_posted, observed_in
from wattpost.audit.raw import Receipt, Transaction
from wattpost.audit.state import PRODUCER, STANDARD, Caller


def follow_market(case: Case, transaction: Transaction, receipt: Receipt) -> None:
    case.verdict.count("calls")
    call = _read(case, transaction, receipt, MARKET_TABLE)
    if call:
        _follow(case, call, transaction, receipt)
    count_gas(case, transaction, receipt, call.name if call and receipt.ok else None)


def follow_registry(case: Case, transaction: Transaction, receipt: Receipt) -> None:
    case.verdict.count("calls")
    call = _read(case, transaction, receipt, REGISTRY_TABLE)
    if call:
        _follow(case, call, transaction, receipt)


def _read(case: Case, transaction: Transaction, receipt: Receipt, table: dict[bytes, Function]) -> Decoded | None:
    try:
        return decode(transaction.data, table)
    except Malformed as refusal:
        case.compare_refused(receipt, "call.unknown", str(refusal))
        return None


def _follow(case: Case, call: Decoded, transaction: Transaction, receipt: Receipt) -> None:
    if transaction.value:
        case.compare_refused(receipt, "call.value", "the market takes no ether")
        return
    if call.view:
        case.compare([], receipt.logs)
        return
    if call.name in EXACT and not call.whole:
        case.compare_refused(receipt, "call.data", "its call data are not whole, or more than that")
        if not receipt.ok:
            return
    least, most = bounds(case, transaction, receipt, call)
    caller = Caller(transaction.sender, case.now, observed_in(case, receipt.logs), least, most)
    if not receipt.ok:
        following.expect_failure(case, call, caller, receipt)
        return
    expected = following.apply(case, call, caller)
    if expected is None:
        return
    case.compare(expected, receipt.logs)
    _note(case, call, caller, expected)


def _note(case: Case, call: Decoded, caller: Caller, expected: list[Event]) -> None:
    """What a call that went through tells besides its events."""
    if call.name == "submit":
        case.verdict.count("submissions")
        case.observed.submitted(case.state, caller.address)
        check_observed(case, caller.address, caller.observed_gas, caller.least, caller.most)
    elif call.name == "relay":
        case.verdict.count("batches")
        skipped = sum(event.name == "Skipped" for event in expected)
        if skipped:
            case.verdict.count("skipped", skipped)
        accepted = expected[-1].values[1:]
        for kind, count in zip((STANDARD, PRODUCER), accepted, strict=True):
            links = case.state.chains[kind].links
            for link in links[len(links) - int(count) :] if isinstance(count, int) else ():
                case.verdict.count("submissions")
                case.observed.submitted(case.state, link.agent)
    elif call.name in ("settle", "clear"):
        case.observed.settled(case.state)
    note_posted(case, call)
