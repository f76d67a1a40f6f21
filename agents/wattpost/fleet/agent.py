"""One agent at work: look at the chain, decide, sign, send; once a day, and never more than it holds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattpost.chain import events
from wattpost.chain.market import REGISTRATIONS, Market, call, read_events
from wattpost.chain.permit import sign_permit
from wattpost.chain.refusals import advice
from wattpost.chain.rpc import Reverted, RpcError
from wattpost.chain.units import from_wad, to_units
from wattpost.chain.wallet import OutcomeUnknown, Wallet
from wattpost.fleet.memory import Memory
from wattpost.fleet.plants import Plant
from wattpost.fleet.policy import Plan, Policy, PolicyError, StayOut, View, check, load
from wattpost.game import Producer, Standard, utility_from
from wattpost.game.agents import Agent as Preferences
from wattpost.spec.amounts import pack

JOULES = 1e18  # kappa is a whole number of 10^-18 kWh per gas


@dataclass(frozen=True, slots=True)
class Settings:
    """What an agent is told besides the chain: its preferences, and how it forms expectations."""

    preferences: Preferences
    step: float
    gas: int  # expected a day before anything was measured
    profile: tuple[float, ...]  # how V is laid over the periods
    policy: str

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Settings:
        """From plain values, as they travel to another process."""
        utility = utility_from(raw["utility"], raw["periods"])
        preferences: Preferences
        if raw["kind"] == "standard":
            preferences = Standard(raw["name"], raw["endowment"], utility)
        else:
            capacity = np.array(raw["capacity"])
            preferences = Producer(raw["name"], raw["theta"], raw["c"], capacity, utility)
        return cls(preferences, raw["step"], raw["gas"], tuple(raw["profile"]), raw["policy"])


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent did about a day: "submitted", "sat out" or "failed", and why."""

    name: str
    day: int
    did: str
    why: str = ""


class Agent:
    """A key, a policy and a memory, at one node."""

    def __init__(self, settings: Settings, wallet: Wallet, market: Market) -> None:
        self.name = settings.preferences.name
        self._settings, self._wallet, self._market = settings, wallet, market
        self._policy: Policy = load(settings.policy)
        self._rules = market.rules()
        self._memory = Memory(settings.preferences, wallet.address)
        self._limits = Plant.of(settings.preferences).limits if isinstance(settings.preferences, Producer) else None
        self._next_block = market.first_block
        self._tried_day = 0
        self._outside = False

    def prepay(self) -> bool:
        """Move all bytecoin outside the market into its account, by permit; False if there is none."""
        wallet, market = self._wallet, self._market
        money = market.balance(wallet.address)
        if money == 0:
            return False
        deadline = 2**256 - 1
        signature = sign_permit(
            wallet.key,
            chain_id=wallet.chain_id,
            token=market.bytecoin,
            spender=market.address,
            amount=money,
            nonce=market.permit_nonce(wallet.address),
            deadline=deadline,
        )
        r, s = (part.to_bytes(32, "big") for part in (signature.r, signature.s))
        wallet.send(market.address, call("deposit_with_permit", money, deadline, 27 + signature.parity, r, s))
        return True

    def step(self) -> Report | None:
        """Look once, and bid at most once a day; None when there is nothing to do."""
        self._look()
        day = self._memory.open_day
        if not day or day in (self._tried_day, self._memory.submitted_day):
            return None
        try:
            view = self._view()
            decision = self._policy.decide(view)
            self._outside = isinstance(decision, StayOut)
            if isinstance(decision, StayOut):
                self._tried_day = day
                return Report(self.name, day, "sat out", decision.why)
            data = self._call_data(day, check(decision, view), view.held)
        except Exception as error:  # a policy is anybody's code, and one broken agent stops nobody
            self._tried_day = day
            why = str(error) if isinstance(error, PolicyError) else f"its policy raised {type(error).__name__}: {error}"
            return Report(self.name, day, "failed", why)
        self._tried_day = day  # a transaction of unknown fate is looked up by the wallet, never sent blindly again
        try:
            self._wallet.send(self._market.address, data)
        except OutcomeUnknown:
            return Report(self.name, day, "submitted", "the node's answer was lost")
        except Reverted as refusal:
            return Report(self.name, day, "failed", advice(refusal.reason or refusal.message))
        except RpcError as error:
            return Report(self.name, day, "failed", str(error))
        return Report(self.name, day, "submitted")

    def _look(self) -> None:
        market = self._market
        last = market.rpc.block_number()
        if last < self._next_block:
            return
        days = [[events.topic(name) for name in ("DayOpened", "DayClosed", "DayProduced", "Readings", "DayMetered", *REGISTRATIONS)]]
        own = [None, None, "0x" + self._wallet.address[2:].rjust(64, "0")]
        found = market.rpc.batch(market.log_filter(self._next_block, last, topics) for topics in (days, own))
        self._memory.absorb(read_events([log for logs in found for log in logs]))
        self._next_block = last + 1

    def _view(self) -> View:
        settings, memory = self._settings, self._memory
        gas = settings.gas if memory.gas is None else memory.gas
        return View(
            day=memory.open_day,
            agent=settings.preferences,
            held=from_wad(self._market.account(self._wallet.address).money),
            rivals=memory.rivals,
            previous=memory.previous,
            verification=np.array(settings.profile) * (self._rules.kappa / JOULES * gas),
            step=settings.step,
            turn=memory.turn,
            outside=self._outside,
        )

    def _call_data(self, day: int, plan: Plan, held: float) -> bytes:
        bids = [to_units(plan.numeraire_bid), *map(to_units, plan.bids)]
        most = to_units(held)
        if sum(bids) > most:  # rounding of floats, at most a few units
            largest = bids.index(max(bids))
            bids[largest] -= min(bids[largest], sum(bids) - most)
        offers: list[int] = []
        if self._limits is not None:
            wanted = map(to_units, plan.offers)
            offers = pack([0, *(min(offer, limit) for offer, limit in zip(wanted, self._limits, strict=True))])
        words = [*pack(bids), *offers]
        return call("submit", day, 0, b"".join(word.to_bytes(32, "big") for word in words))


def work(agents: list[Agent], market: Market, report: Any, poll: float = 0.05) -> None:
    """Keep agents at work for as long as the process lives, looking again whenever there is a new block."""
    for agent in agents:
        agent.prepay()
        report({"name": agent.name, "ready": True})
    seen = -1
    while True:
        try:
            number = market.rpc.block_number()
            if number != seen:
                for agent in agents:
                    done = agent.step()
                    if done:
                        report({"name": done.name, "day": done.day, "did": done.did, "why": done.why})
                seen = number
        except RpcError:
            time.sleep(poll)  # the node is away for a moment; the chain will say what happened meanwhile
        time.sleep(poll)
