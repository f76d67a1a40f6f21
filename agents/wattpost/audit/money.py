"""Conservation: bytecoin moves as its events say, and the market holds what it owes and what it was given."""

from __future__ import annotations

from wattpost.audit.case import Case
from wattpost.audit.events import SHAPES
from wattpost.audit.raw import Receipt, hex_address
from wattpost.audit.state import Phase

DEPOSITED = SHAPES["Deposited"].topic
TRANSFER, APPROVAL = SHAPES["Transfer"].topic, SHAPES["Approval"].topic


def follow_money(case: Case, receipt: Receipt, seen: bool) -> None:
    """Balances and allowances of one transaction; `seen` says that its call was read."""
    rules, token = case.state.rules, case.token
    paid: dict[int, int] = {}  # into the market, less what was credited, by account
    for log in receipt.logs:
        case.verdict.count("logs")
        if log.address == rules.market and log.topics[:1] == (DEPOSITED,):
            owner = log.topics[1]
            paid[owner] = paid.get(owner, 0) - int.from_bytes(log.data[:32], "big")
        if log.address != rules.token or len(log.topics) != 3 or len(log.data) != 32:
            continue
        one, two = log.topics[1], log.topics[2]
        value = int.from_bytes(log.data, "big")
        if log.topics[0] == TRANSFER:
            if not token.moved(one, two, value):
                case.convict("money.supply", "balance", "nothing below nought", token.held(one))
            if two == rules.market:
                paid[one] = paid.get(one, 0) + value
        elif log.topics[0] == APPROVAL:
            token.allowed(one, two, value)
            if not seen:
                token.unseen_permits[one] = token.unseen_permits.get(one, 0) + 1
    for owner, donated in paid.items():
        if donated < 0:
            case.convict("money.deposit", "paid in", "what was credited", donated, hex_address(owner))
        case.donated += donated


def check_balance(case: Case) -> None:
    """The market holds what it owes and what it was given, in every block that has transactions."""
    state = case.state
    held = case.token.held(state.rules.market)
    if held != state.owed + case.donated:
        case.convict("money.balance", "bytecoin of the market", state.owed + case.donated, held)
        case.donated = held - state.owed
    supply = case.deployed.contracts["Bytecoin"].arguments["supply"]
    if case.token.created and case.token.supply != supply:
        case.convict("money.supply", "totalSupply", supply, case.token.supply)
    if state.phase in (Phase.SETTLED, Phase.DONE) and state.escrow:
        case.convict("money.balance", "escrow of a settled day", 0, state.escrow)
        state.escrow = 0


def check_accounts(case: Case) -> None:
    """Accounts and escrow are all that is owed."""
    state = case.state
    covered = sum(account.money for account in state.accounts.values()) + state.escrow
    if not case.lost and covered != state.owed:
        case.convict("money.balance", "accounts and escrow", state.owed, covered)
