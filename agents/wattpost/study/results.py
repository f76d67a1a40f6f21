"""What a run came to: rows for its tables, and digests that any engine must reproduce."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wattpost.chain import readings
from wattpost.chain.events import Event
from wattpost.chain.units import from_units, from_wad
from wattpost.game import Action, Plan, Producer, Rivals, Standard
from wattpost.game.agents import Agent
from wattpost.game.arrays import FloatArray
from wattpost.game.states import Burnt
from wattpost.spec.amounts import UNIT, WAD, unpack, words_for
from wattpost.spec.day import Amounts, share
from wattpost.study.judging import judged, states_at


@dataclass(slots=True)
class _Account:
    """One agent's way through the run, in the chain's units."""

    money: int = 0  # 18 decimals, in the market
    balance: int = 0  # kWh, 18 decimals, stored or, below zero, owed
    consumed: int = 0  # kWh, 18 decimals, over all days
    gas: int = 0


@dataclass(frozen=True, slots=True)
class _Charge:
    """What an agent is charged for a day, by the rule of the energy ledger; kWh with 18 decimals."""

    own_gas: int  # of its own transactions, or its share of the batches that carried its bid
    shared_gas: int
    pool: int  # of own_gas, what is its share of batches
    verification: int
    consumed: int
    balance: int  # afterwards


@dataclass(slots=True)
class _Day:
    """One day as its events tell it."""

    number: int
    opened_with: dict[str, int] = field(default_factory=dict)  # money held when the day opened
    bids: Amounts = ()
    offers: Amounts = ()
    delivered: Amounts = ()
    submitted: dict[str, tuple[Amounts, Amounts]] = field(default_factory=dict)
    fractions: dict[str, int] = field(default_factory=dict)
    settled: dict[str, Event] = field(default_factory=dict)
    owners: dict[str, Event] = field(default_factory=dict)  # submissions by agent
    beyond: dict[tuple[int, int], int] = field(default_factory=dict)  # gas that readings add, by kind and place
    charged: dict[str, _Charge] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)  # when it was done
    closed_with: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Results:
    """All days of a run, read from its events alone.

    agents : by address, in the scenario's order
    profile : (T,) how an agent's verification is laid over the periods
    kappa, efficiency : of the market: 10^-18 kWh per gas; of stores, 18 decimals, zero where there are none
    distribution : of what multiplies an attempt's gas, where validation is uncertain
    plain : by day and agent, gas of a direct submission without what its state added; where validation is uncertain
    """

    agents: Mapping[str, Agent]
    profile: Sequence[float]
    kappa: int = 0
    efficiency: int = 0
    distribution: tuple[FloatArray, FloatArray] | None = None
    plain: Mapping[tuple[int, str], int] = field(default_factory=dict)
    days: list[_Day] = field(default_factory=list)
    accounts: dict[str, _Account] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts = {address: _Account() for address in self.agents}

    @property
    def posts(self) -> int:
        return len(self.profile) + 1

    def absorb(self, events: Iterable[Event]) -> None:
        """Take in the market's events, in order."""
        for event in events:
            self._follow(event)

    def _follow(self, event: Event) -> None:
        day = self.days[-1] if self.days else None
        match event.name:
            case "Deposited" | "Withdrawn" if event["account"] in self.accounts:
                sign = 1 if event.name == "Deposited" else -1
                self.accounts[event["account"]].money += sign * event["money"]
            case "StandardRegistered" | "ProducerRegistered" if event["agent"] in self.accounts:
                self.accounts[event["agent"]].balance = event["store"]
            case "DayOpened":
                self.days.append(_Day(event["day"], {name: each.money for name, each in self.accounts.items()}))
            case _ if day is None or event.values.get("day") != day.number:
                return
            case "Submitted" if event["agent"] in self.accounts:
                count = words_for(self.posts - 1)
                bids = unpack(event["words"][:count], self.posts)
                offers = unpack(event["words"][count:] or [0] * count, self.posts)
                day.submitted[event["agent"]], day.owners[event["agent"]] = (bids, offers), event
                self.accounts[event["agent"]].money -= sum(bids) * UNIT
            case "DayClosed":
                day.bids, day.offers = unpack(event["bids"], self.posts), unpack(event["offers"], self.posts)
                day.delivered = (0,) * self.posts
                day.closed_with = {name: each.money for name, each in self.accounts.items()}
            case "PlantRun":
                day.fractions[event["agent"]] = event["fraction"]
            case "DayProduced":
                day.delivered = unpack(event["delivered"], self.posts)
            case "Settled" if event["agent"] in self.accounts:
                day.settled[event["agent"]] = event
                self.accounts[event["agent"]].money += (event["revenue"] + event["refund"]) * UNIT
            case "DaySettled":
                day.closed_with = {name: each.money for name, each in self.accounts.items()}
            case "Readings":
                day.beyond |= readings.unpack(event["readings"])
            case "DayMetered":
                for agent in day.settled:
                    self._charge(day, agent, event)
                day.balances = {name: each.balance for name, each in self.accounts.items()}

    def _charge(self, day: _Day, agent: str, books: Event) -> None:
        """Charge an agent for a day that is done: from its store, or what it owes on top, then from its purchase."""
        account, submitted = self.accounts[agent], day.owners[agent]
        pool: int = books["relayed"] if submitted["relayed"] else 0
        own: int = submitted["observed_gas"] + pool
        if not books["silent"]:
            own += day.beyond.get((submitted["kind"], submitted["place"]), 0)
        gas = own + books["share"]
        bought = day.settled[agent]["energy"]
        stored = min(submitted["to_store"], bought)
        balance = account.balance + stored * UNIT * self.efficiency // WAD - self.kappa * gas
        rest = (bought - stored) * UNIT
        taken = min(rest, max(0, -balance))
        account.balance = balance + taken
        account.consumed += rest - taken
        account.gas += gas
        day.charged[agent] = _Charge(own, books["share"], pool, self.kappa * gas, rest - taken, account.balance)

    # ---- tables

    def day_rows(self) -> Iterator[dict[str, Any]]:
        """Rows of `days.parquet`."""
        for day in self.days:
            if not day.bids:
                continue
            paid = self._paid(day)
            for post in range(self.posts):
                bids, delivered = day.bids[post], day.delivered[post]
                traded = bids > 0 and delivered > 0
                yield {
                    "day": day.number,
                    "period": post,
                    "bids": from_units(bids),
                    "offered": from_units(day.offers[post]),
                    "delivered": from_units(delivered),
                    "price": bids / delivered if traded else None,
                    "dust": from_units(bids - paid[post]) if traded else 0.0,
                }

    def agent_rows(self, absences: Mapping[int, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        """Rows of `agents.parquet`; absences say by day and name why somebody did not bid."""
        for day in self.days:
            if not day.bids:
                continue
            for address, agent in self.agents.items():
                yield self._row(day, address, agent, absences.get(day.number, {}))

    def _row(self, day: _Day, address: str, agent: Agent, absences: Mapping[str, str]) -> dict[str, Any]:
        charged = day.charged.get(address)
        submitted = address in day.submitted
        bids, offers = day.submitted.get(address, ((0,) * self.posts, (0,) * self.posts))
        balance = day.balances.get(address, 0)
        row: dict[str, Any] = {
            "day": day.number,
            "agent": address,
            "name": agent.name,
            "kind": "producer" if isinstance(agent, Producer) else "standard",
            "submitted": submitted,
            "bids": [from_units(bid) for bid in bids],
            "offers": [from_units(offer) for offer in offers[1:]],
            "allocations": [from_units(each) for each in self._allocation(day, bids)],
            "revenue": from_units(day.settled[address]["revenue"]) if address in day.settled else 0.0,
            "relayed": submitted and bool(day.owners[address]["relayed"]),
            "own_gas": charged.own_gas if charged else 0,
            "shared_gas": charged.shared_gas if charged else 0,
            "verification_kwh": from_wad(charged.verification) if charged else 0.0,
            "consumed_kwh": from_wad(charged.consumed) if charged else 0.0,
            "arrears_kwh": from_wad(max(0, -balance)),
            "store_kwh": from_wad(max(0, balance)),
            "bytecoin": from_wad(day.closed_with.get(address, 0)),
        }
        if charged:
            row |= self._judged(day, address, agent, charged)
        if not submitted:
            row["note"] = absences.get(agent.name, "it sent nothing")
        return row

    def _burden(self, day: _Day, address: str, charged: _Charge) -> int:
        """kWh that do not serve to consume: the verification, or, where there are stores, what went into the store."""
        if not self.efficiency:
            return charged.verification
        return int(min(day.owners[address]["to_store"], day.settled[address]["energy"])) * UNIT

    def _judged(self, day: _Day, address: str, agent: Agent, charged: _Charge) -> dict[str, Any]:
        """What the day was worth to an agent, against its rivals as they were."""
        bids, offers = day.submitted[address]
        action: Action = Plan(_floats(bids[1:]), from_units(bids[0]), _floats(offers[1:]))
        burnt = np.array(self.profile) * from_wad(self._burden(day, address, charged))
        expected: Burnt = burnt
        if self.distribution and not self.efficiency:
            attempt = self.plain.get((day.number, address), charged.pool)
            expected = states_at(self.distribution, attempt, charged.shared_gas, self.kappa, self.profile)
        held = from_wad(day.opened_with[address])
        found = judged(agent, action, self._rivals(day, address, agent), burnt, expected, self.profile, held)
        known = bool(np.isfinite(found.shadow_price))
        return {
            "utility": found.utility,
            "gap": found.gap,
            "shadow_price": found.shadow_price if known else None,
            "shadow_prices": found.shadow_prices.tolist() if known else None,
        }

    def _rivals(self, day: _Day, address: str, agent: Agent) -> Rivals:
        bids, _ = day.submitted[address]
        sold = self._sold(day, address, agent)
        money = _floats(tuple(all_ - own for all_, own in zip(day.bids, bids, strict=True)))
        quantity = _floats(tuple(all_ - own for all_, own in zip(day.delivered, sold, strict=True)))
        return Rivals(money[1:], quantity[1:], float(money[0]), float(quantity[0]))

    def _sold(self, day: _Day, address: str, agent: Agent) -> Amounts:
        if isinstance(agent, Standard):
            # all standard agents that take part share the good's post by their registered endowments
            return (round(agent.endowment * UNIT), *(0,) * (self.posts - 1))
        fraction = day.fractions.get(address, 0)
        offers = day.submitted[address][1]
        return tuple(share(offer, fraction, 10**18) if bid else 0 for offer, bid in zip(offers, day.bids, strict=True))

    def _allocation(self, day: _Day, bids: Amounts) -> Amounts:
        return tuple(
            share(quantity, bid, all_bids) if all_bids else 0
            for quantity, bid, all_bids in zip(day.delivered, bids, day.bids, strict=True)
        )

    def _paid(self, day: _Day) -> Amounts:
        paid = [0] * self.posts
        for address in day.submitted:
            for post, sold in enumerate(self._sold(day, address, self.agents[address])):
                if day.delivered[post] and sold:
                    paid[post] += share(day.bids[post], sold, day.delivered[post])
        return tuple(paid)

    # ---- digests

    def state_digest(self) -> str:
        """Over every agent's final bytecoin, kWh and gas, in the scenario's order."""
        pairs = zip(self.agents.values(), self.accounts.values(), strict=True)
        state = [[agent.name, each.money, each.consumed, each.balance, each.gas] for agent, each in pairs]
        return hashlib.sha256(_json(state)).hexdigest()

    def market_digest(self) -> str:
        """Over bids, totals, deliveries, allocations, payouts and final bytecoin; nothing that gas touches."""
        names = {address: agent.name for address, agent in self.agents.items()}
        parts = ("energy", "good", "revenue", "refund")
        digest = hashlib.sha256()
        for day in self.days:
            bids = [[names[each], *day.submitted[each]] for each in names if each in day.submitted]
            outcomes = [
                [names[each], *(day.settled[each][part] for part in parts)] for each in names if each in day.settled
            ]
            digest.update(_json([day.number, day.bids, day.offers, day.delivered, bids, outcomes]))
        digest.update(_json([account.money for account in self.accounts.values()]))
        return digest.hexdigest()


def _floats(amounts: Amounts) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([from_units(amount) for amount in amounts])


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
