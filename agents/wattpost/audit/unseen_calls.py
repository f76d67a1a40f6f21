"""Calls that other contracts made: their data are not on the chain, their events are."""

from __future__ import annotations

from wattpost.audit import following
from wattpost.audit.case import Case
from wattpost.audit.events import Event
from wattpost.audit.gas import note_posted
from wattpost.audit.inference import Unseen, infer
from wattpost.audit.raw import Receipt


def follow_unseen(case: Case, receipt: Receipt) -> None:
    case.verdict.count("calls by contracts")
    ours = (case.state.rules.market, case.state.rules.registry)
    called_for: list[Event] = []
    try:
        for caller, call in infer(case.state, receipt.logs, case.now):
            expected = following.apply(case, call, caller)
            if expected is None:
                return
            called_for += [event for event in expected if event.source in ours]
            note_posted(case, call)
            if call.name == "submit":
                case.verdict.count("submissions")
    except Unseen as reason:
        case.verdict.could_not(f"{reason} (block {case.block.number if case.block else '?'}).")
        case.lose()
        return
    case.compare(called_for, [log for log in receipt.logs if log.address in ours])
