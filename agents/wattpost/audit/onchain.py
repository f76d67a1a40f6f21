"""A node's code and state against the deployment and against history."""

from __future__ import annotations

from collections.abc import Callable

from wattpost.audit.archive import Node
from wattpost.audit.calls import selector
from wattpost.audit.case import Case
from wattpost.audit.deployed import Deployed
from wattpost.audit.energy import READ, balance_of, done
from wattpost.audit.hashing import keccak
from wattpost.audit.raw import hex_address
from wattpost.audit.state import PRODUCER, STANDARD, Account

CHUNK = 200  # accounts asked for at once


def check_code(node: Node, deployed: Deployed, convict: Callable[[str, str, str, str], None]) -> None:
    for contract in deployed.contracts.values():
        code = node.code(hex_address(contract.address))
        found = "no code" if not code else "0x" + keccak(code).hex()
        if found != contract.code_hash:
            convict("deployment.code", f"{contract.name} code hash", contract.code_hash, found)


def check_state(node: Node, case: Case) -> None:
    """Every account, balance and setting that the contracts show, at the block where the audit ended."""
    check = _StateCheck(node, case)
    check.market()
    check.registry()
    check.accounts()
    check.agents()
    check.holders()


class _StateCheck:
    def __init__(self, node: Node, case: Case) -> None:
        self.node, self.case, self.state = node, case, case.state
        self.addresses = {
            "market": hex_address(case.state.rules.market),
            "registry": hex_address(case.state.rules.registry),
            "token": hex_address(case.state.rules.token),
        }

    def ask(self, to: str, calls: list[tuple[str, int | None]]) -> list[list[int] | None]:
        """Words of each answer, for functions of at most one argument."""
        asked = [
            (self.addresses[to], selector(signature) + (b"" if argument is None else argument.to_bytes(32, "big")))
            for signature, argument in calls
        ]
        answers = self.node.view(asked)
        if None in answers:
            self.case.verdict.note("The node refused some questions about its state; those were not checked.")
        return [
            None if raw is None else [int.from_bytes(raw[i : i + 32], "big") for i in range(0, len(raw), 32)]
            for raw in answers
        ]

    def same(self, rule: str, field: str, expected: list[int], found: list[int] | None, agent: int | None) -> None:
        if found is None:
            return
        self.case.verdict.count("state words", len(expected))
        for index, (want, have) in enumerate(zip(expected, found, strict=False)):
            if want != have:
                name = f"{field}[{index}]" if len(expected) > 1 else field
                self.case.convict(rule, name, want, have, None if agent is None else hex_address(agent))
                return

    def _settings(self, to: str, rule: str, expected: dict[str, list[int]]) -> None:
        answers = self.ask(to, [(signature, None) for signature in expected])
        for (signature, words), found in zip(expected.items(), answers, strict=True):
            self.same(rule, signature, words, found, None)

    def market(self) -> None:
        state, rules = self.state, self.state.rules
        rest = [rules.periods, rules.window, rules.patience, rules.kappa, rules.efficiency, rules.first_gas]
        today = [state.day, int(state.phase), int(state.begun), state.opened, state.settled, state.submissions]
        expected = {
            "rules()": [rules.token, rules.registry, *rest, rules.meter, rules.dust_account],
            "owed()": [state.owed],
            "today()": [*today, state.left, len(state.pieces), state.books & ~READ],
        }
        if state.chains:
            expected["heads()"] = [state.chains[kind].head for kind in (STANDARD, PRODUCER)]
        self._settings("market", "state.market", expected)
        (held,) = self.ask("token", [("balanceOf(address)", rules.market)])
        self.same("state.token", "balanceOf(market)", [self.case.token.held(rules.market)], held, rules.market)
        self._settings("token", "state.token", {"totalSupply()": [self.case.token.supply]})

    def registry(self) -> None:
        state = self.state
        expected = {
            "market()": [state.rules.market],
            "registrar()": [state.registrar],
            "next_registrar()": [state.next_registrar],
            "total_endowment()": [state.total_endowment],
            "total_capacity()": [state.total_capacity],
        }
        self._settings("registry", "state.registry", expected)
        answers = self.ask("registry", [("profile_of(uint256)", number) for number in range(len(state.profiles))])
        for words, found in zip(state.profiles, answers, strict=True):
            self.same("state.registry", "profile_of", words, found, None)

    def accounts(self) -> None:
        """account_of: money, energy, day, observed gas, place, endowment, is_producer, has_balance, submitted."""
        owners = sorted(self.state.accounts)
        for start in range(0, len(owners), CHUNK):
            chunk = owners[start : start + CHUNK]
            found = self.ask("market", [("account_of(address)", owner) for owner in chunk])
            for owner, words in zip(chunk, found, strict=True):
                each = self.state.accounts[owner]
                expected = [each.money, each.energy, each.day, each.observed_gas, each.place, each.endowment]
                expected += [int(each.kind == PRODUCER), int(each.balance != 0), int(each.submitted)]
                self.same("state.account", "account_of", expected, words, owner)

    def agents(self) -> None:
        """balance_of every agent, its endowment and its plant."""
        agents = self.state.agents
        for start in range(0, len(agents), CHUNK):
            chunk = agents[start : start + CHUNK]
            balances = self.ask("market", [("balance_of(address)", agent) for agent in chunk])
            endowments = self.ask("registry", [("endowment_of(address)", agent) for agent in chunk])
            plants = self.ask("registry", [("plant_of(address)", agent) for agent in chunk])
            for agent, balance, endowment, words in zip(chunk, balances, endowments, plants, strict=True):
                account = self.state.look(agent)
                if balance:
                    self._balance(agent, account, balance[0])
                self.same("state.registry", "endowment_of", [account.endowment], endowment, agent)
                plant = self.state.plants.get(agent)
                known = [plant.theta, plant.c, plant.capacity, plant.profile] if plant else [0, 0, 0, 0]
                self.same("state.registry", "plant_of", known, words, agent)

    def _balance(self, agent: int, account: Account, word: int) -> None:
        """Where what is stored or owed differs, by the rule whose breach explains it."""
        found = word - 2**256 if word >> 255 else word
        expected = balance_of(self.state, account)
        self.case.verdict.count("state words")
        if found == expected:
            return
        last = account.due if done(self.state, account) else 0
        uncharged = [self.state.rules.kappa * gas for gas in (last, account.gas, account.gas + last)]
        rule = "energy.arrears" if expected < 0 else "energy.store"
        if found - expected in uncharged and found - expected != account.lost:
            rule = "energy.charge"
        self.case.convict(rule, "balance_of", expected, found, hex_address(agent))

    def holders(self) -> None:
        token = self.case.token
        holders = sorted(token.balances)
        for start in range(0, len(holders), CHUNK):
            chunk = holders[start : start + CHUNK]
            found = self.ask("token", [("balanceOf(address)", owner) for owner in chunk])
            for owner, words in zip(chunk, found, strict=True):
                self.same("state.token", "balanceOf", [token.held(owner)], words, owner)
