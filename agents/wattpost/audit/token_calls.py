"""Transactions to the market's money."""

from __future__ import annotations

from wattpost.audit.calls import TOKEN_TABLE, Malformed, decode
from wattpost.audit.case import Case
from wattpost.audit.following import Step
from wattpost.audit.gas import count_gas
from wattpost.audit.raw import Receipt, Transaction
from wattpost.audit.state import Caller, Refused


def follow_token(case: Case, transaction: Transaction, receipt: Receipt) -> None:
    count_gas(case, transaction, receipt, None)
    try:
        call = decode(transaction.data, TOKEN_TABLE)
    except Malformed as refusal:
        case.compare_refused(receipt, "call.unknown", str(refusal))
        return
    if transaction.value:
        case.compare_refused(receipt, "call.value", "bytecoin takes no ether")
        return
    if call.view:
        case.compare([], receipt.logs)
        return
    steps: dict[str, Step] = {
        "transfer": case.token.transfer,
        "transferFrom": case.token.transfer_from,
        "approve": case.token.approve,
        "permit": case.token.permit,
    }
    try:
        expected = steps[call.name](Caller(transaction.sender, case.now), *call.arguments)
    except Refused as refusal:
        if receipt.ok:
            case.convict_accepted(refusal.rule, call.name, refusal.reason)
        return
    if receipt.ok:
        case.compare(expected, receipt.logs)
    elif call.canonical and not case.short_of_gas(receipt):
        case.convict("call.refused", call.name, "accepted", "refused")
