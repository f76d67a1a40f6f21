"""The eight invariants of the design, checked after every call from balances, views and events alone.

Nothing here asks the contracts how they came to a figure, or the specification what it would have been. Shares are
exact fractions; a payout has to lie less than a unit per post below them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

import mpmath

from tests.harness.diary import Amounts, Day, Diary
from tests.harness.evm import Event, Receipt
from tests.harness.exchange import DUST, Exchange
from tests.harness.snapshot import Camera, Snapshot
from wattpost.spec import UNIT, WAD, unpack

FULL = 10_000


class Broken(AssertionError):
    """Invariants that do not hold; each line names one."""

    def __init__(self, found: list[str]) -> None:
        self.found = found
        super().__init__("\n".join(found))

    @property
    def numbers(self) -> list[int]:
        """Which of the eight, the first found first."""
        return list(dict.fromkeys(int(line.split(":")[0].removeprefix("invariant ")) for line in self.found))


class Invariants:
    """Follows one exchange. `check` after every call raises `Broken` if anything is wrong by then."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.posts = exchange.periods + 1
        self.diary = Diary(self.posts, exchange.market.address, DUST)
        self.camera = Camera(exchange)
        self.before: Snapshot | None = None
        self.attributed: dict[int, int] = {}  # gas on receipts by day, as the harness counted it
        self.fresh: tuple[Event, ...] = ()  # what the last call said

    def attribute(self, day: int, gas: int) -> None:
        """Say how much gas on receipts a day has to account for, what is carried on included."""
        self.attributed[day] = gas

    def check(self, receipt: Receipt | None = None, now: Snapshot | None = None) -> Snapshot:
        """Read what a call logged, then hold everything against everything. `None` for a call that was refused."""
        self.fresh = receipt.events if receipt else ()
        self.diary.read(self.fresh)
        now = now or self.camera.take(self.diary.owners)
        found: list[str] = []
        for invariant in (
            self._submissions_settle_once,
            self._bids_are_escrowed,
            self._output_obeys_technology,
            self._payouts_fit_the_pots,
            self._allocations_fit_deliveries,
            self._charges_are_exact,
            self._money_is_all_there,
        ):
            found += invariant(now)
        if not receipt and self.before and self.before != now:
            found.append("invariant 5: a refused call changed something")
        self.before = now
        if found:
            raise Broken(found)
        return now

    # ---- 1

    def _money_is_all_there(self, now: Snapshot) -> Iterator[str]:
        accounts = sum(account.money for account in now.accounts.values())
        escrow = self._today.escrow
        if now.held != accounts + escrow + self.diary.donated:
            yield "invariant 1: bytecoin held is not accounts + escrow + dust + donations"
        if now.owed != accounts + escrow:
            yield "invariant 1: what is owed is not accounts + escrow + dust"
        for owner, account in now.accounts.items():
            if account.money != self.diary.money[owner]:
                yield f"invariant 1: the account of {owner} is not what its events add up to"

    # ---- 2 and 3

    def _payouts_fit_the_pots(self, now: Snapshot) -> Iterator[str]:
        day = self._today
        if not day.closed or not day.produced:
            return
        pots, delivered = self._bids(day), unpack(day.produced.delivered, self.posts)
        sold = self._sold(day)
        sellers = 0
        for post in range(self.posts):
            if delivered[post] and pots[post]:
                sellers += sum(1 for agent in day.bids if sold[agent][post])
        for agent, event in day.settled.items():
            due = self._due(sold[agent], delivered, pots)
            count = sum(1 for post in range(self.posts) if sold[agent][post])
            if event.revenue > due:
                yield f"invariant 2: payouts exceed the pot, at {agent}"
            if event.revenue <= due - count and due > 0:
                yield f"invariant 2: a payout is a unit or more too small, at {agent}"
            back = sum(bid for post, bid in enumerate(day.bids[agent]) if delivered[post] == 0)
            if event.refund != back:
                yield f"invariant 2: bids on a post without delivery were not handed back, at {agent}"
        if day.dust:
            paid = sum(event.revenue + event.refund for event in day.settled.values())
            if paid > sum(pots):
                yield "invariant 2: payouts exceed the pots"
            if paid + day.dust.dust_money != sum(pots):
                yield "invariant 2: payouts and dust are not the pots"
            if day.dust.dust_money > sellers or (sellers and day.dust.dust_money >= sellers):
                yield "invariant 2: a unit or more of money per seller was lost to dust"

    def _allocations_fit_deliveries(self, now: Snapshot) -> Iterator[str]:
        day = self._today
        if not day.closed or not day.produced:
            return
        pots, delivered = self._bids(day), unpack(day.produced.delivered, self.posts)
        for agent, event in day.settled.items():
            bids = day.bids[agent]
            due = self._due((0, *bids[1:]), pots, delivered)
            count = sum(1 for bid in bids[1:] if bid)
            if event.energy > due:
                yield f"invariant 3: allocations exceed the delivery, at {agent}"
            if event.energy <= due - count and due > 0:
                yield f"invariant 3: an allocation is a unit or more too small, at {agent}"
            good = Fraction(bids[0] * delivered[0], pots[0]) if pots[0] else Fraction(self._own_good(agent))
            if event.good > good or event.good <= good - 1:
                yield f"invariant 3: the good is not shared as it was bid for, at {agent}"
        if day.dust:
            energy = sum(event.energy for event in day.settled.values())
            good = sum(event.good for event in day.settled.values())
            if energy > sum(delivered[1:]) or good > delivered[0]:
                yield "invariant 3: allocations exceed the deliveries"
            if (energy + day.dust.dust_energy, good + day.dust.dust_good) != (sum(delivered[1:]), delivered[0]):
                yield "invariant 3: allocations and dust are not the deliveries"
            buyers = sum(
                1 for bids in day.bids.values() for post in range(1, self.posts) if bids[post] and delivered[post]
            )
            if day.dust.dust_energy > max(0, buyers - 1) or day.dust.dust_good > max(0, len(day.bids) - 1):
                yield "invariant 3: a unit or more per buyer was lost to dust"

    @staticmethod
    def _due(own: Amounts, wholes: Amounts, pots: Amounts) -> Fraction:
        """The exact shares of all pots that a part of each whole is worth."""
        rows = zip(own, wholes, pots, strict=True)
        return sum((Fraction(part * pot, whole) for part, whole, pot in rows if whole), Fraction(0))

    def _own_good(self, agent: str) -> int:
        return self.diary.endowments.get(agent, 0)

    # ---- 4

    def _bids_are_escrowed(self, now: Snapshot) -> Iterator[str]:
        for owner, money in self.diary.money.items():
            if money < 0:
                yield f"invariant 4: the account of {owner} is negative"
        for event in self.fresh:
            if event.name == "Submitted" and self.before:
                agent, bids = event.agent, self._today.bids[event.agent]
                before = self.before.accounts[agent].money if agent in self.before.accounts else 0
                if before - now.accounts[agent].money != sum(bids) * UNIT:
                    yield f"invariant 4: a bid of {agent} is not escrowed"

    # ---- 5

    def _submissions_settle_once(self, now: Snapshot) -> Iterator[str]:
        day = self._today
        yield from (f"invariant 5: happened twice: {what}" for what in day.repeated)
        yield from (f"invariant 5: {name} of a day that is over" for name in self.diary.late)
        if day.dust and set(day.settled) != set(day.bids):
            yield "invariant 5: the day is settled, and not every submission is"
        if day.closed and day.closed.submissions != len(day.bids):
            yield "invariant 5: the day closed with submissions missing"
        if day.closed and unpack(day.closed.bids, self.posts) != self._bids(day):
            yield "invariant 5: the day closed with other totals than were submitted"
        for agent, account in now.accounts.items():
            if account.submitted != (agent in day.bids and agent not in day.settled):
                yield f"invariant 5: what {agent} submitted is forgotten, or waits for ever"

    # ---- 6

    def _output_obeys_technology(self, now: Snapshot) -> Iterator[str]:
        day = self._today
        if not day.produced or (self.before and self.before.today.phase == now.today.phase):
            return
        pots, sold = self._bids(day), self._sold(day)
        good = sum(self.diary.endowments.get(agent, 0) for agent in day.bids)
        made = [sum(sold[agent][post] for agent in day.bids) for post in range(self.posts)]
        if made != list(unpack(day.produced.delivered, self.posts)):
            yield "invariant 6: deliveries are not what the plants made"
        for agent, plant in self.diary.plants.items():
            if agent not in day.bids:
                continue
            parts = self.diary.profiles.get(plant.profile, (0,) * (self.posts - 1))
            for offer, part in zip(day.offers[agent][1:], parts, strict=True):
                if offer * FULL > plant.capacity * part:
                    yield f"invariant 6: output above capacity, at {agent}"
            bought = day.bids[agent][0] * good // pots[0] if pots[0] else 0
            with mpmath.workdps(60):  # whatever precision others left; beyond its last digits nothing is known
                enough = mpmath.mpf(bought) / UNIT * (1 + mpmath.mpf(10) ** -50)
                if inputs_of(sold[agent][1:], plant.theta, plant.c) > enough:
                    yield f"invariant 6: output takes more inputs than were bought, at {agent}"

    # ---- 7

    def _charges_are_exact(self, now: Snapshot) -> Iterator[str]:
        day, kappa = self._today, self.exchange.kappa
        over = any(event.name == "DayMetered" for event in self.fresh)
        charges = day.charges if over else {}
        for agent, balance in now.balances.items():
            before = self.before.balances.get(agent, 0) if self.before else 0
            due = before + self._put_in_store(agent)
            if agent in charges:
                due -= kappa * charges[agent]
                if due < 0:  # the store lacks it, so the purchase pays
                    due = min(0, due + now.accounts[agent].energy * UNIT)
            if balance != due:
                yield f"invariant 7: the energy account of {agent} was not charged κ × gas"
        if over and day.books:
            due = self.attributed.get(self.diary.day)
            if due is None:
                due = sum(charges.values()) + day.books.carried
            if sum(charges.values()) + day.books.carried != due:
                yield "invariant 7: Σ V charged + carried is not κ × gas on receipts"

    def _put_in_store(self, agent: str) -> int:
        """What the last call put there: at admission, or of what the day bought."""
        found = 0
        for event in self.fresh:
            if event.name in ("StandardRegistered", "ProducerRegistered") and event.agent == agent:
                found += event.store
            if event.name == "Settled" and event.agent == agent:
                part = min(event.energy, self._today.submitted[agent].to_store)
                found += part * UNIT * self.exchange.efficiency // WAD
        return found

    # ---- 8

    @staticmethod
    def orders_agree(outcomes: Iterable[Mapping[str, object]]) -> None:
        """Compare agents' balances, or their gas, between orders of the same calls."""
        for one, other in pairwise(outcomes):
            if one != other:
                differing = sorted(name for name in one if one[name] != other.get(name))
                raise Broken([f"invariant 8: the order of calls changed {', '.join(differing)}"])

    # ---- what several need

    @property
    def _today(self) -> Day:
        return self.diary.days.get(self.diary.day, Day())

    def _bids(self, day: Day) -> Amounts:
        return tuple(sum(bids[post] for bids in day.bids.values()) for post in range(self.posts))

    def _sold(self, day: Day) -> dict[str, Amounts]:
        """What each submission brought to market: endowments, and offers times the fraction that was made."""
        pots = self._bids(day)
        sold: dict[str, Amounts] = {}
        for agent in day.bids:
            if agent in self.diary.plants:
                part = day.runs[agent].fraction if agent in day.runs else 0
                offers = day.offers[agent]
                sold[agent] = tuple(offer * part // WAD if pot else 0 for offer, pot in zip(offers, pots, strict=True))
            else:
                sold[agent] = (self.diary.endowments[agent],) + (0,) * (self.posts - 1)
        return sold


def inputs_of(output: Iterable[int], theta: int, c: int) -> mpmath.mpf:
    """Consumption good that a day's output really takes, in whole units."""
    with mpmath.workdps(60):
        exponent = mpmath.mpf(WAD) / c
        made = [mpmath.mpf(q * UNIT) / theta for q in output if q]
        return mpmath.fsum(mpmath.power(each, exponent) for each in made)
