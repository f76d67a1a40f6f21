"""A decoded call against the rules: followed, or only rehearsed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from wattpost.audit import accounts, day, energy, register, submissions
from wattpost.audit.calls import Decoded
from wattpost.audit.case import Case
from wattpost.audit.events import Event
from wattpost.audit.raw import Receipt
from wattpost.audit.state import Caller, Refused, Rehearsed

Step: TypeAlias = Callable[..., list[Event]]

WITH_TOKEN: dict[str, Step] = {
    "deposit": accounts.deposit,
    "deposit_with_permit": accounts.deposit_with_permit,
    "withdraw": accounts.withdraw,
}
STEPS: dict[str, Step] = {
    "bind": register.bind,
    "admit": register.admit,
    "offer_registrar": register.offer_registrar,
    "accept_registrar": register.accept_registrar,
    "set_profile": register.set_profile,
    "register_standard": register.register_standard,
    "register_producer": register.register_producer,
    "credit": accounts.credit,
    "open": day.open_day,
    "submit": submissions.submit,
    "relay": submissions.relay,
    "clear": day.clear,
    "close": day.close,
    "produce": day.produce,
    "settle": day.settle,
    "meter": energy.meter,
    "end_unmetered": energy.end_unmetered,
}


def apply(case: Case, call: Decoded, caller: Caller) -> list[Event] | None:
    """The events of a call that went through; None if it can no longer be followed."""
    try:
        return _run(case, call, caller)
    except Refused as refusal:
        case.convict_accepted(refusal.rule, call.name, refusal.reason)
    case.state.forced = True
    try:
        return _run(case, call, caller)
    except Refused:
        case.lose()
        return None
    finally:
        case.state.forced = False


def expect_failure(case: Case, call: Decoded, caller: Caller, receipt: Receipt) -> None:
    """A call that failed must have been one that some rule forbids."""
    if receipt.logs:
        case.compare([], receipt.logs)
    if not call.canonical or case.short_of_gas(receipt):
        return
    if call.name == "relay" and case.delegated:
        case.verdict.note("Some batches failed after accounts were given code; whether that is why was not checked.")
        return
    if _would_pass(case, call, caller):
        case.convict("call.refused", call.name, "accepted", "refused")


def _run(case: Case, call: Decoded, caller: Caller) -> list[Event]:
    if call.name in WITH_TOKEN:
        return WITH_TOKEN[call.name](case.state, case.token, caller, *call.arguments)
    return STEPS[call.name](case.state, caller, *call.arguments)


def _would_pass(case: Case, call: Decoded, caller: Caller) -> bool:
    """Whether the rules allow a call that failed, without following it."""
    case.state.rehearsing = case.token.rehearsing = True
    try:
        _run(case, call, caller)
    except Rehearsed:
        return True
    except Refused:
        return False
    finally:
        case.state.rehearsing = case.token.rehearsing = False
    return True
