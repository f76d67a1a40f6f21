"""A chain's transactions, one after the other, each to where it belongs."""

from __future__ import annotations

from wattpost.audit.case import Case
from wattpost.audit.creation import creation_differences
from wattpost.audit.events import Event
from wattpost.audit.market_calls import follow_market, follow_registry
from wattpost.audit.money import check_accounts, check_balance, follow_money
from wattpost.audit.raw import Block, Receipt, Transaction, hex_address
from wattpost.audit.token_calls import follow_token
from wattpost.audit.unseen_calls import follow_unseen

DELEGATION = 4  # the kind of transaction that gives code to plain accounts


def follow(case: Case, block: Block) -> None:
    """One block; nothing of it once the market could no longer be followed."""
    case.block = block
    if case.lost:
        return
    try:
        _follow_block(case, block)
    except (LookupError, ArithmeticError, ValueError, TypeError) as error:
        # Only a market that broke its rules can bring the books into such a state; without a violation it is ours.
        case.lose()
        if not case.verdict.violations:
            case.verdict.could_not(f"The auditor failed at block {block.number}: {error!r}.")


def finish(case: Case) -> None:
    """What only the end can tell."""
    check_accounts(case)


def _follow_block(case: Case, block: Block) -> None:
    for transaction, receipt in zip(block.transactions, block.receipts, strict=True):
        case.transaction = transaction
        case.delegated |= transaction.kind == DELEGATION
        _follow_transaction(case, transaction, receipt)
        if case.lost:
            return
    case.transaction = None
    if case.settled:
        case.books.draw(case.settled)
        case.settled = []
    for one in case.books.end_block():
        agent = None if one.agent is None else hex_address(one.agent)
        case.convict(one.rule, one.field, one.expected, one.found, agent, one.transaction)
    if block.transactions:
        check_balance(case)


def _follow_transaction(case: Case, transaction: Transaction, receipt: Receipt) -> None:
    rules, created = case.state.rules, case.state.created
    ours = (rules.market, rules.registry, rules.token)
    if transaction.to is None:
        _follow_creation(case, transaction, receipt)
    elif transaction.to == rules.market and created:  # before, the address was anybody's
        follow_market(case, transaction, receipt)
    elif transaction.to == rules.registry and created:
        follow_registry(case, transaction, receipt)
    elif transaction.to == rules.token and case.token.created:
        follow_token(case, transaction, receipt)
    elif any(log.address in ours for log in receipt.logs):
        follow_unseen(case, receipt)
    follow_money(case, receipt, seen=transaction.to in ours)


def _follow_creation(case: Case, transaction: Transaction, receipt: Receipt) -> None:
    contract = next((one for one in case.deployed.contracts.values() if one.transaction == transaction.hash), None)
    if contract is None:
        return
    block_hash = case.block.hash if case.block else ""
    for rule, what, stated, found in creation_differences(
        contract, case.deployed.contracts, transaction, receipt, block_hash
    ):
        case.convict(rule, what, stated, found)
    expected: list[Event] = []
    if contract.name == "Bytecoin":
        said = contract.arguments
        expected = [Event(contract.address, "Transfer", (0, said["holder"], said["supply"]))]
        case.token.created = True
    elif contract.name == "Market":
        case.state.created = case.state.bound = True
    case.compare(expected, receipt.logs)
