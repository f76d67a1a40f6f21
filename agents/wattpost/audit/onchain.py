"""A node's code and state against the deployment and against history."""

from __future__ import annotations

from collections.abc import Callable

from wattpost.audit.archive import Node
from wattpost.audit.calls import selector
from wattpost.audit.deployed import Deployed
from wattpost.audit.hashing import keccak
from wattpost.audit.raw import hex_address
from wattpost.audit.replay import Replay
from wattpost.audit.shares import lanes, thirteen_words

CHUNK = 200  # accounts asked for at once


def check_code(node: Node, deployed: Deployed, convict: Callable[[str, str, str, str], None]) -> None:
    for contract in deployed.contracts.values():
        code = node.code(hex_address(contract.address))
        found = "no code" if not code else "0x" + keccak(code).hex()
        if found != contract.code_hash:
            convict("deployment.code", f"{contract.name} code hash", contract.code_hash, found)


def check_state(node: Node, replay: Replay) -> None:
    """Every account, balance and total that the market shows, at the block where the audit ended."""
    check = _StateCheck(node, replay)
    check.market()
    check.accounts()


class _StateCheck:
    def __init__(self, node: Node, replay: Replay) -> None:
        self.node, self.replay = node, replay
        self.market_address = hex_address(replay.state.rules.market)
        self.token_address = hex_address(replay.state.rules.token)

    def ask(self, to: str, calls: list[tuple[str, int | None]]) -> list[list[int] | None]:
        """Words of each answer, for functions of at most one argument."""
        asked = [
            (to, selector(signature) + (b"" if argument is None else argument.to_bytes(32, "big")))
            for signature, argument in calls
        ]
        answers = self.node.view(asked)
        if None in answers:
            self.replay.verdict.note("The node refused some questions about its state; those were not checked.")
        return [
            None if raw is None else [int.from_bytes(raw[i : i + 32], "big") for i in range(0, len(raw), 32)]
            for raw in answers
        ]

    def same(self, rule: str, field: str, expected: list[int], found: list[int] | None, agent: int | None) -> None:
        if found is None:
            return
        self.replay.verdict.count("state words", len(expected))
        for index, (want, have) in enumerate(zip(expected, found, strict=False)):
            if want != have:
                name = f"{field}[{index}]" if len(expected) > 1 else field
                self.replay.convict(rule, name, want, have, None if agent is None else hex_address(agent))
                return

    def market(self) -> None:
        state, rules = self.replay.state, self.replay.state.rules
        posts = rules.posts
        fixed = [rules.token, rules.technology, rules.periods, rules.window, rules.patience, rules.kappa]
        begun = state.metering if state.phase == 4 else None
        simple: list[tuple[str, str, list[int]]] = [
            ("rules()", "state.market", [*fixed, rules.meter, rules.dust_account]),
            ("registrar()", "state.market", [state.registrar]),
            ("next_registrar()", "state.market", [state.next_registrar]),
            ("total_endowment()", "state.market", [state.total_endowment]),
            ("total_capacity()", "state.market", [state.total_capacity]),
            ("owed()", "state.market", [state.owed]),
            ("dust()", "state.market", state.dust),
        ]
        answers = self.ask(self.market_address, [(signature, None) for signature, _, _ in simple])
        for (signature, rule, expected), found in zip(simple, answers, strict=True):
            self.same(rule, signature, expected, found, None)
        (today,) = self.ask(self.market_address, [("today()", None)])
        number_and_phase = [state.day, int(state.phase)]
        self.same("state.market", "today()", number_and_phase, today, None)
        if begun is not None:
            self.same("state.market", "today().left", [state.left], today and today[5:6], None)
        if state.day and state.phase != 1:
            self._totals("total_bids(uint256)", state.bids)
            self._totals("total_offers(uint256)", state.offers)
            if state.phase != 2 and state.submissions:
                self._totals("total_delivered(uint256)", state.delivered)
        held = self.ask(self.token_address, [("balanceOf(address)", rules.market), ("totalSupply()", None)])
        self.same("state.token", "balanceOf(market)", [self.replay.token.held(rules.market)], held[0], rules.market)
        self.same("state.token", "totalSupply()", [self.replay.token.supply], held[1], None)
        assert posts == len(state.bids)

    def _totals(self, signature: str, expected: list[int]) -> None:
        words = thirteen_words(expected)
        answers = self.ask(self.market_address, [(signature, index) for index in range(self.replay.state.rules.words)])
        found = [answer[0] for answer in answers if answer]
        if len(found) == len(answers):
            got = lanes(found, self.replay.state.rules.posts)
            self.same("state.totals", signature, lanes(words, len(got)), got, None)

    def accounts(self) -> None:
        """account_of: money, energy, day, observed gas, kind, state, whether in arrears."""
        state, owners = self.replay.state, sorted(self.replay.state.accounts)
        for start in range(0, len(owners), CHUNK):
            chunk = owners[start : start + CHUNK]
            found = self.ask(self.market_address, [("account_of(address)", owner) for owner in chunk])
            owed = self.ask(self.market_address, [("arrears_of(address)", owner) for owner in chunk])
            for owner, words, arrears in zip(chunk, found, owed, strict=True):
                account = state.accounts[owner]
                expected = [account.money, account.energy, account.day, account.observed_gas, account.kind]
                expected += [account.state, int(account.arrears > 0)]
                self.same("state.account", "account_of", expected, words, owner)
                self.same("state.account", "arrears_of", [account.arrears], arrears, owner)
        holders = sorted(self.replay.token.balances)
        for start in range(0, len(holders), CHUNK):
            chunk = holders[start : start + CHUNK]
            found = self.ask(self.token_address, [("balanceOf(address)", owner) for owner in chunk])
            for owner, words in zip(chunk, found, strict=True):
                self.same("state.token", "balanceOf", [self.replay.token.held(owner)], words, owner)
