"""A chain's transactions, one after the other, against what the rules call for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from wattpost.audit import accounts, day, energy, events
from wattpost.audit.books import SHARED, Books, Posted
from wattpost.audit.calls import EXACT, MARKET_TABLE, TOKEN_TABLE, Decoded, Malformed, decode
from wattpost.audit.compare import compare
from wattpost.audit.creation import creation_differences
from wattpost.audit.deployed import Deployed
from wattpost.audit.events import Event
from wattpost.audit.inference import Unseen, infer
from wattpost.audit.observations import Observations
from wattpost.audit.raw import Block, Log, Receipt, Transaction, hex_address
from wattpost.audit.state import Caller, Phase, Refused, Rehearsed, State
from wattpost.audit.token import Token
from wattpost.audit.verdict import Verdict, Violation

Step: TypeAlias = Callable[..., list[Event]]

WITH_TOKEN: dict[str, Step] = {
    "deposit": accounts.deposit,
    "deposit_with_permit": accounts.deposit_with_permit,
    "withdraw": accounts.withdraw,
}
STEPS: dict[str, Step] = {
    "offer_registrar": accounts.offer_registrar,
    "accept_registrar": accounts.accept_registrar,
    "set_profile": accounts.set_profile,
    "register_standard": accounts.register_standard,
    "register_producer": accounts.register_producer,
    "credit": accounts.credit,
    "open": day.open_day,
    "submit": day.submit,
    "close": day.close,
    "produce": day.produce,
    "settle": day.settle,
    "meter": energy.meter,
    "end_unmetered": energy.end_unmetered,
}
OBSERVED = events.SHAPES["Submitted"].topic
DEPOSITED = events.SHAPES["Deposited"].topic
TRANSFER, APPROVAL = events.SHAPES["Transfer"].topic, events.SHAPES["Approval"].topic
# Whoever calls with little gas fails for want of it, after using nearly all: a sixty-fourth stays with the caller.
SPENT = 60, 64
# What a call costs before it runs, and a generous bound on what `submit` does after it has looked at its gas.
CALL_GAS = 21_000
AFTER_LOOKING = 9_000
GAS_PER_BYTE = 12


@dataclass(slots=True)
class Replay:
    """The market and its money, followed through a chain."""

    deployed: Deployed
    verdict: Verdict
    state: State = field(init=False)
    token: Token = field(init=False)
    books: Books = field(default_factory=Books)
    observed: Observations = field(default_factory=Observations)
    lost: bool = False  # the market did what its rules forbid, and could not be followed
    donated: int = 0
    technology_created: bool = False
    block: Block | None = None
    transaction: Transaction | None = None

    def __post_init__(self) -> None:
        rules = self.deployed.rules
        self.state = State(rules)
        self.token = Token(rules.token, self.deployed.chain_id)

    # ---- a block

    def follow(self, block: Block) -> None:
        self.block = block
        if self.lost:
            return
        try:
            self._follow_block(block)
        except (LookupError, ArithmeticError, ValueError, TypeError) as error:
            # Only a market that broke its rules can bring the books into such a state; without a violation it is ours.
            self._lose()
            if not self.verdict.violations:
                self.verdict.could_not(f"The auditor failed at block {block.number}: {error!r}.")

    def _follow_block(self, block: Block) -> None:
        settled_before = (self.state.day, self.state.settled)
        for transaction, receipt in zip(block.transactions, block.receipts, strict=True):
            self.transaction = transaction
            self._follow_transaction(transaction, receipt)
            if self.lost:
                return
        self.transaction = None
        if self.state.settled and (self.state.day, self.state.settled) != settled_before:
            observed = {agent: self.state.account(agent).observed_gas for agent in self.state.submitters}
            self.books.draw(observed)
        for difference in self.books.end_block():
            agent = None if difference.agent is None else hex_address(difference.agent)
            self.convict(
                difference.rule, difference.field, difference.expected, difference.found, agent, difference.transaction
            )
        if block.transactions:
            self._check_balance()

    def _follow_transaction(self, transaction: Transaction, receipt: Receipt) -> None:
        rules = self.state.rules
        if transaction.to is None:
            self._follow_creation(transaction, receipt)
        elif transaction.to == rules.market and self.state.created:  # before, the address was anybody's
            self._follow_market(transaction, receipt)
        elif transaction.to == rules.token and self.token.created:
            self._follow_token(transaction, receipt)
        elif any(log.address in (rules.market, rules.token) for log in receipt.logs):
            self._follow_unseen(receipt)
        self._follow_money(receipt, seen=transaction.to in (rules.market, rules.token))

    # ---- calls

    def _follow_market(self, transaction: Transaction, receipt: Receipt) -> None:
        self.verdict.count("calls")
        try:
            call = decode(transaction.data, MARKET_TABLE)
        except Malformed as refusal:
            self._compare_refused(receipt, "call.unknown", str(refusal))
            call = None
        if call:
            self._follow_call(call, transaction, receipt)
        moved = call.name if call and receipt.ok and call.name in SHARED else None
        self._count_gas(transaction, receipt, moved)

    def _follow_call(self, call: Decoded, transaction: Transaction, receipt: Receipt) -> None:
        if transaction.value:
            self._compare_refused(receipt, "call.value", "the market takes no ether")
            return
        if call.view:
            self._compare([], receipt)
            return
        if call.name in EXACT and not call.whole:
            self._compare_refused(receipt, "call.data", "its call data are not whole, or more than that")
            if not receipt.ok:
                return
        caller = Caller(transaction.sender, self._now, self._observed(receipt.logs))
        if not receipt.ok:
            self._expect_failure(call, caller, receipt)
            return
        expected = self._apply(call, caller)
        if expected is None:
            return
        self._compare(expected, receipt)
        if call.name == "submit":
            self.verdict.count("submissions")
            self.observed.submitted(self.state, transaction.sender)
            self._check_observed(transaction, receipt, caller.observed_gas)
        if call.name == "settle":
            self.observed.settled(expected)
        self._note_posted(call)

    def _apply(self, call: Decoded, caller: Caller) -> list[Event] | None:
        """The events of a call that went through; None if it can no longer be followed."""
        try:
            return self._run(call, caller)
        except Refused as refusal:
            self._convict_accepted(refusal.rule, call.name, refusal.reason)
        self.state.forced = True
        try:
            return self._run(call, caller)
        except Refused:
            self._lose()
            return None
        finally:
            self.state.forced = False

    def _run(self, call: Decoded, caller: Caller) -> list[Event]:
        if call.name in WITH_TOKEN:
            return WITH_TOKEN[call.name](self.state, self.token, caller, *call.arguments)
        return STEPS[call.name](self.state, caller, *call.arguments)

    def _expect_failure(self, call: Decoded, caller: Caller, receipt: Receipt) -> None:
        if receipt.logs:
            self._compare([], receipt)
        if not call.canonical or self._short_of_gas(receipt):
            return
        if self._would_pass(call, caller):
            self.convict("call.refused", call.name, "accepted", "refused")

    def _would_pass(self, call: Decoded, caller: Caller) -> bool:
        """Whether the rules allow a call that failed, without following it."""
        self.state.rehearsing = self.token.rehearsing = True
        try:
            self._run(call, caller)
        except Rehearsed:
            return True
        except Refused:
            return False
        finally:
            self.state.rehearsing = self.token.rehearsing = False
        return True

    def _short_of_gas(self, receipt: Receipt) -> bool:
        transaction = self.transaction
        if transaction is None or receipt.gas_used * SPENT[1] < transaction.gas * SPENT[0]:
            return False
        self.verdict.note("Some calls failed for want of gas; whether they would have passed was not checked.")
        return True

    def _follow_token(self, transaction: Transaction, receipt: Receipt) -> None:
        self._count_gas(transaction, receipt, None)
        try:
            call = decode(transaction.data, TOKEN_TABLE)
        except Malformed as refusal:
            self._compare_refused(receipt, "call.unknown", str(refusal))
            return
        if transaction.value:
            self._compare_refused(receipt, "call.value", "bytecoin takes no ether")
            return
        if call.view:
            self._compare([], receipt)
            return
        caller = Caller(transaction.sender, self._now)
        steps: dict[str, Step] = {
            "transfer": self.token.transfer,
            "transferFrom": self.token.transfer_from,
            "approve": self.token.approve,
            "permit": self.token.permit,
        }
        try:
            expected = steps[call.name](caller, *call.arguments)
        except Refused as refusal:
            if receipt.ok:
                self._convict_accepted(refusal.rule, call.name, refusal.reason)
            return
        if receipt.ok:
            self._compare(expected, receipt)
        elif call.canonical and not self._short_of_gas(receipt):
            self.convict("call.refused", call.name, "accepted", "refused")

    def _follow_unseen(self, receipt: Receipt) -> None:
        """Calls that another contract made: their data are not on the chain, their events are."""
        self.verdict.count("calls by contracts")
        market, called_for = self.state.rules.market, []
        try:
            for caller, call in infer(self.state, receipt.logs, self._now):
                expected = self._apply(call, caller)
                if expected is None:
                    return
                called_for += [event for event in expected if event.source == market]
                self._note_posted(call)
                if call.name == "submit":
                    self.verdict.count("submissions")
        except Unseen as reason:
            self.verdict.could_not(f"{reason} (block {self.block.number if self.block else '?'}).")
            self._lose()
            return
        found = [log for log in receipt.logs if log.address == market]
        self._compare_logs(called_for, found)

    def _follow_creation(self, transaction: Transaction, receipt: Receipt) -> None:
        contract = next((one for one in self.deployed.contracts.values() if one.transaction == transaction.hash), None)
        if contract is None:
            return
        block_hash = self.block.hash if self.block else ""
        for rule, what, stated, found in creation_differences(contract, transaction, receipt, block_hash):
            self.convict(rule, what, stated, found)
        if contract.name == "Bytecoin":
            said = contract.arguments
            self._compare([Event(contract.address, "Transfer", (0, said["holder"], said["supply"]))], receipt)
            self.token.created = True
        elif contract.name == "Market":
            self._compare([], receipt)
            self.state.created = True
        else:
            self.technology_created = True

    # ---- money

    def _follow_money(self, receipt: Receipt, seen: bool) -> None:
        """Balances and allowances move as the token's events say."""
        rules = self.state.rules
        paid: dict[int, int] = {}  # into the market, less what was credited, by account
        for log in receipt.logs:
            self.verdict.count("logs")
            if log.address == rules.market and log.topics[:1] == (DEPOSITED,):
                owner = log.topics[1]
                paid[owner] = paid.get(owner, 0) - int.from_bytes(log.data[:32], "big")
            if log.address != rules.token or len(log.topics) != 3 or len(log.data) != 32:
                continue
            one, two = log.topics[1], log.topics[2]
            value = int.from_bytes(log.data, "big")
            if log.topics[0] == TRANSFER:
                if not self.token.moved(one, two, value):
                    self.convict("money.supply", "balance", "nothing below nought", self.token.held(one))
                if two == rules.market:
                    paid[one] = paid.get(one, 0) + value
            elif log.topics[0] == APPROVAL:
                self.token.allowed(one, two, value)
                if not seen:
                    self.token.unseen_permits[one] = self.token.unseen_permits.get(one, 0) + 1
        for owner, donated in paid.items():
            if donated < 0:
                self.convict("money.deposit", "paid in", "what was credited", donated, hex_address(owner))
            self.donated += donated

    def _check_balance(self) -> None:
        """The market holds what it owes and what it was given, in every block that has transactions."""
        state = self.state
        held = self.token.held(state.rules.market)
        if held != state.owed + self.donated:
            self.convict("money.balance", "bytecoin of the market", state.owed + self.donated, held)
            self.donated = held - state.owed
        supply = self.deployed.contracts["Bytecoin"].arguments["supply"]
        if self.token.created and self.token.supply != supply:
            self.convict("money.supply", "totalSupply", supply, self.token.supply)
        if state.phase in (Phase.SETTLED, Phase.DONE) and state.escrow:
            self.convict("money.balance", "escrow of a settled day", 0, state.escrow)
            state.escrow = 0

    def finish(self) -> None:
        """Accounts and escrow are all that is owed."""
        state = self.state
        covered = sum(account.money for account in state.accounts.values()) + state.escrow
        if not self.lost and covered != state.owed:
            self.convict("money.balance", "accounts and escrow", state.owed, covered)

    # ---- gas

    def _count_gas(self, transaction: Transaction, receipt: Receipt, moved: str | None) -> None:
        registered = self.state.look(transaction.sender).kind != 0
        plain = not (transaction.raw.get("accessList") or transaction.raw.get("authorizationList"))
        self.books.count(transaction.sender, receipt.gas_used, moved, registered, plain)

    def _note_posted(self, call: Decoded) -> None:
        name = self.transaction.hash if self.transaction else ""
        arguments: Sequence[Any] = call.arguments
        if call.name == "meter":
            readings = tuple((reading & energy.ADDRESS, reading >> 160) for reading in arguments[3])
            self.books.posted.append(Posted(name, arguments[1], arguments[2], readings))
            self.verdict.count("charges", len(readings))
        elif call.name == "end_unmetered":
            charged = tuple((agent, self.state.account(agent).observed_gas) for agent in arguments[1])
            self.books.posted.append(Posted(name, None, 0, charged))
            self.verdict.count("charges", len(charged))

    def _check_observed(self, transaction: Transaction, receipt: Receipt, observed: int) -> None:
        """What the market saw of a call is what the receipt shows, less what comes before and after it looks."""
        zeros = transaction.data.count(0)
        size = len(transaction.data)
        before = CALL_GAS + 4 * zeros + 16 * (size - zeros)
        floor = CALL_GAS + 10 * zeros + 40 * (size - zeros)
        most = receipt.gas_used - CALL_GAS
        after = AFTER_LOOKING + GAS_PER_BYTE * size
        least = receipt.gas_used - before - after if receipt.gas_used > floor else 1
        if transaction.raw.get("accessList"):
            least = 1  # pays for looking ahead, outside of what the market sees
        if not max(least, 1) <= observed <= most:
            told = f"from {max(least, 1)} to {most}"
            self.convict("submission.observed-gas", "observed_gas", told, observed, hex_address(transaction.sender))

    def _observed(self, logs: Sequence[Log]) -> int:
        for log in logs:
            if log.topics and log.topics[0] == OBSERVED and log.address == self.state.rules.market:
                return int.from_bytes(log.data[:32], "big")
        return 0

    # ---- what is found

    @property
    def _now(self) -> int:
        return self.block.timestamp if self.block else 0

    def _lose(self) -> None:
        self.lost = True
        where = f" after block {self.block.number}" if self.block else ""
        self.verdict.could_not(f"The market could not be followed{where}, so nothing of it was checked from there on.")

    def _compare_refused(self, receipt: Receipt, rule: str, reason: str) -> None:
        if receipt.ok:
            self._convict_accepted(rule, "status", reason)
        elif receipt.logs:
            self._compare([], receipt)

    def _convict_accepted(self, rule: str, call: str, reason: str) -> None:
        self.convict(rule, call, f"refused: {reason}", "accepted")

    def _compare(self, expected: list[Event], receipt: Receipt) -> None:
        self._compare_logs(expected, receipt.logs)

    def _compare_logs(self, expected: list[Event], found: Sequence[Log]) -> None:
        """Each event that differs is a violation, by its first differing field."""
        for one in compare([events.encode(event) for event in expected], found):
            self.convict(one.rule, one.field, one.expected, one.found, one.agent)

    def convict(
        self,
        rule: str,
        field: str,
        expected: int | str,
        found: int | str,
        agent: str | None = None,
        transaction: str | None = None,
    ) -> None:
        name = transaction or (self.transaction.hash if self.transaction else None)
        if agent is None and self.transaction is not None and field in ("submit", "deposit", "withdraw"):
            agent = hex_address(self.transaction.sender)
        number = self.block.number if self.block else None
        self.verdict.convict(Violation(rule, field, expected, found, self.state.day or None, number, name, agent))
