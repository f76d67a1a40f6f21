"""The agents of one process at work: one look at the chain for all, then each decides, signs and sends for itself.

An agent bids at most once a day and never more than it holds. Where there is a relayer it hands over a signed bid that
is good for the first half of the window; if the chain does not show it by then, the agent submits by itself, so nobody
can keep a bid out. From then on no block can take the signed one, so the two never meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from wattpost.chain.market import Market, call
from wattpost.chain.permit import sign_permit
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.refusals import advice
from wattpost.chain.rpc import Reverted, RpcError
from wattpost.chain.signed_bid import SignedBid, Terms, sign_bid
from wattpost.chain.wallet import Order, OutcomeUnknown, send_each
from wattpost.fleet.agent import Agent, Report
from wattpost.fleet.attempts import PlainGas, failing_ones, good_one, refused
from wattpost.fleet.decisions import Bid, Decisions
from wattpost.fleet.memory import Memory
from wattpost.fleet.relaying import Desk

FOREVER = 2**256 - 1


class Host:
    """Some agents at one node, with their memory."""

    def __init__(self, agents: Sequence[Agent], market: Market, desk: Desk | None = None) -> None:
        self.agents, self._market, self._desk = list(agents), market, desk
        preferences = [agent.settings.preferences for agent in agents]
        self.memory = Memory(preferences, [agent.wallet.address for agent in agents])
        uncertain = any(agent.settings.faults.states for agent in agents)
        self._plain = PlainGas(self.memory.addresses) if uncertain else None
        self._decisions = Decisions(self.agents, self.memory, market, self._plain)
        self._unfolding = market.unfolding()
        self._next_block, self._now = market.first_block, 0
        if desk:
            self._terms = Terms(market.chain_id, market.address, desk.relayer)
            self._domain = self._terms.domain

    def prepay(self) -> None:
        """Move all bytecoin that agents hold outside the market into their accounts, by permit."""
        market, orders = self._market, []
        purses = market.purses(self.memory.addresses)
        for agent, (money, nonce) in zip(self.agents, purses, strict=True):
            if money:
                signature = sign_permit(
                    agent.wallet.key,
                    chain_id=market.chain_id,
                    token=market.bytecoin,
                    spender=market.address,
                    amount=money,
                    nonce=nonce,
                    deadline=FOREVER,
                )
                r, s = (part.to_bytes(32, "big") for part in (signature.r, signature.s))
                data = call("deposit_with_permit", money, FOREVER, 27 + signature.parity, r, s)
                orders.append((agent.wallet, Order(market.address, data)))
        for sent in send_each(orders):
            if isinstance(sent, RpcError) and not isinstance(sent, OutcomeUnknown):
                raise sent

    def step(self) -> Iterator[list[Report]]:
        """Look once, and bid at most once a day; what agents did, whenever some are done."""
        if not self._look():
            return
        day = self.memory.open_day
        if not day:
            return
        late = self._take_back(day)
        if late:
            yield late
        rows = [
            row
            for row, agent in enumerate(self.agents)
            if agent.tried_day != day and self.memory.submitted_day[row] != day
        ]
        for row in rows:
            self.agents[row].tried_day = day  # what is of unknown fate is looked up, never sent blindly again
        for bids, reports in self._decisions.make(day, rows):
            yield reports + self._bid(day, bids)

    def _look(self) -> bool:
        """Take in what is new; False if nothing is."""
        market = self._market
        head = market.rpc.block("latest")
        last, self._now = int(head["number"], 16), int(head["timestamp"], 16)
        if last < self._next_block:
            return False
        method, parameters = market.log_filter(self._next_block, last)
        told = self._unfolding.read(market.own_events(market.rpc.call(method, *parameters)))
        self.memory.absorb(told)
        if self._plain:
            self._plain.learn(market, told)
        self._next_block = last + 1
        return True

    def _bid(self, day: int, bids: dict[int, Bid]) -> list[Report]:
        half = self.memory.opened + (self.memory.deadline - self.memory.opened) // 2
        if self._desk and self._now < half:
            reports: list[Report] = []
            refused = self._hand_over(day, bids, half, reports)
            return reports + self._send(day, {row: bids[row] for row in refused}, refused)
        return self._send(day, bids, {})

    def _hand_over(self, day: int, bids: dict[int, Bid], half: int, reports: list[Report]) -> dict[int, str]:
        """Sign bids for the relayer; which it refused, and why."""
        assert self._desk
        signed: list[SignedBid] = []
        for row, bid in bids.items():
            agent = self.agents[row]
            agent.handed = sign_bid(
                agent.wallet.key,
                self._terms,
                day,
                STANDARD if agent.limits is None else PRODUCER,
                bid.words,
                to_store=bid.to_store,
                deadline=half,
                domain=self._domain,
            )
            signed.append(agent.handed)
        self._suffer(day, bids, relayed=True)
        why = self._desk.take(signed)
        refused = {row: reason for row, reason in zip(bids, why, strict=True) if reason}
        for row in bids:
            if row in refused:
                self.agents[row].handed = None
            else:
                reports.append(Report(self.agents[row].name, day, "signed"))
        return refused

    def _take_back(self, day: int) -> list[Report]:
        """Submit directly what was signed for a relayer, if the chain does not show it in time."""
        late: dict[int, Bid] = {}
        for row, agent in enumerate(self.agents):
            if agent.handed is None:
                continue
            if agent.handed.day != day or self.memory.submitted_day[row] == day:
                agent.handed = None
            elif self._now >= agent.handed.deadline:
                late[row] = Bid(agent.handed.words, agent.handed.to_store)
                agent.handed = None
        return self._send(day, late, dict.fromkeys(late, "its relayer did not bring it to the chain"))

    def _send(self, day: int, bids: dict[int, Bid], why: dict[int, str]) -> list[Report]:
        self._suffer(day, bids)
        orders = []
        for row, bid in bids.items():
            fault, plain = self.agents[row].settings.faults.of(day, self.agents[row].name), self._attempt(row)
            good = good_one(self._market, day, bid.to_store, bid.raw, fault, plain)
            orders.append((self.agents[row].wallet, good))
        reports = []
        for row, sent in zip(bids, send_each(orders), strict=True):
            name, reason = self.agents[row].name, why.get(row, "")
            if isinstance(sent, OutcomeUnknown):
                reports.append(Report(name, day, "submitted", "the node's answer was lost"))
            elif isinstance(sent, Reverted):
                reports.append(Report(name, day, "failed", advice(sent.reason or sent.message)))
            elif isinstance(sent, RpcError):
                reports.append(Report(name, day, "failed", str(sent)))
            else:
                reports.append(Report(name, day, "submitted", reason))
        return reports

    def _suffer(self, day: int, bids: dict[int, Bid], relayed: bool = False) -> None:
        """Send the attempts that fail before the good ones; what becomes of them stops nobody's bid.

        A relayed bid is in a batch whose gas is not its agent's to multiply, so what its state burns beyond a plain
        attempt is burnt by refused ones.
        """
        waiting: dict[int, list[Order]] = {}
        for row, bid in bids.items():
            fault, plain = self.agents[row].settings.faults.of(day, self.agents[row].name), self._attempt(row)
            attempt = self._market, day, bid.to_store, bid.raw
            waiting[row] = failing_ones(*attempt, fault, plain)
            if relayed and fault.gas_multiplier > 1:
                waiting[row].append(refused(*attempt, (fault.gas_multiplier - 1) * plain))
        while waiting := {row: orders for row, orders in waiting.items() if orders}:
            send_each([(self.agents[row].wallet, orders.pop()) for row, orders in waiting.items()])

    def _attempt(self, row: int) -> float:
        """Gas of a plain attempt; where nothing is uncertain nobody asks."""
        return self._decisions.expected.attempt(row) if self._plain else 0.0


def work(host: Host, ready: Callable[[], object], report: Callable[[Iterable[Report]], object], poll: float) -> None:
    """Keep agents at work for as long as the process lives, looking again whenever there may be a new block."""
    host.prepay()
    ready()
    while True:
        try:
            for done in host.step():
                report(done)
        except RpcError:
            pass  # the node is away for a moment; the chain will say what happened meanwhile
        time.sleep(poll)
