"""Every call made twice, on the chain and on the specification, and everything compared after each.

A call that both refuse must be refused with the same words. What only the chain can refuse, because the
specification knows no words and no hashes, goes through `refused_by_chain`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tests.harness.evm import NOBODY, Receipt, Reverted
from tests.harness.exchange import DUST, METER, PRODUCER, REGISTRAR, RELAYER, STANDARD, Exchange, raw
from tests.harness.gas_books import GasBooks
from tests.harness.invariants import Invariants
from tests.harness.snapshot import Snapshot, slot_of_pool
from wattpost.chain.signed_bid import SignedBid as OnChain
from wattpost.spec import Kind, Market, Phase, Plant, Refused, SignedBid, unpack
from wattpost.spec.energy import LANES, Reading


class Mirror:
    """An exchange and its specification in step."""

    def __init__(self, exchange: Exchange) -> None:
        self.chain = exchange
        self.spec = Market(
            exchange.periods,
            exchange.window,
            exchange.patience,
            exchange.kappa,
            exchange.efficiency,
            exchange.first_gas,
            REGISTRAR,
            METER,
            DUST,
            address=exchange.market.address,
        )
        self.invariants = Invariants(exchange)
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.gas = GasBooks()
        self._pool_slot: int | None = None

    def _both(self, name: str, call: Callable[[], Receipt], judge: Callable[[Receipt | None], None]) -> str:
        """Make one call on both; the reason if both refuse it, and nothing if both accept it."""
        reason = said = ""
        receipt = None
        dust = self.spec.dust
        try:
            receipt = call()
        except Reverted as refusal:
            reason = refusal.reason or "no reason"
        try:
            judge(receipt)
        except Refused as refusal:
            said = str(refusal)
        assert reason == said, f"{name}: the chain says {reason or 'yes'!r}, the specification {said or 'yes'!r}"
        if receipt:
            self.accepted[name] += 1
            self.gas.follow(name, receipt)
            for event in receipt.events:
                self._compare_event(event, dust)
                if event.name == "DayMetered":
                    self.invariants.attribute(event.day, self.gas.close(event))
        else:
            self.refused[reason] += 1
        self.compare(self.invariants.check(receipt))
        return reason

    def refused_by_chain(self, reason: str, call: Callable[[], Receipt]) -> None:
        """A call that breaks a rule of words or hashes."""
        try:
            call()
        except Reverted as refusal:
            assert refusal.reason == reason, f"expected {reason!r}, got {str(refusal)!r}"
        else:
            raise AssertionError(f"accepted, and should be refused: {reason}")
        self.refused[reason] += 1
        self.compare(self.invariants.check(None))

    # ---- comparison

    def compare(self, now: Snapshot) -> None:
        """Every figure that both know."""
        spec = self.spec
        for owner, account in now.accounts.items():
            known = spec.account(owner)
            endowment, is_producer = spec.registry.endowments.get(owner, 0), known.kind == Kind.PRODUCER
            expected = (known.money, known.energy, known.day, known.observed_gas, known.place, endowment, is_producer)
            assert tuple(account) == (*expected, known.balance != 0, known.submitted), f"account of {owner}"
            assert now.balances[owner] == spec.balance_of(owner), f"balance of {owner}"
        today = now.today
        assert (today.number, today.phase) == (spec.day, spec.phase)
        assert (today.opened, today.settled) == (spec.opened, spec.settled)
        assert (today.submissions, today.left, today.pieces) == (spec.submissions, spec.left, len(spec.pieces))
        if spec.phase == Phase.OPEN:
            counts = [int.from_bytes(head[-3:], "big") for head in now.heads]
            assert counts == [len(links) for links in spec.waiting.values()]
        books = spec.ledger.posting or spec.ledger.books.get(max(spec.ledger.books, default=0))
        if books:
            assert today.books == books.share | books.relayed << 32 | books.silent << 64
        assert now.owed == spec.owed
        assert now.registrar == (spec.registry.registrar, spec.registry.next_registrar or NOBODY)
        capacities = sum(plant.capacity for plant in spec.registry.plants.values())
        assert now.registered == (sum(spec.registry.endowments.values()), capacities)

    def _compare_event(self, event: Any, dust: Any) -> None:
        spec, posts = self.spec, self.spec.posts
        match event.name:
            case "DayClosed":
                totals = (unpack(event.bids, posts), unpack(event.offers, posts))
                assert totals == (spec.totals.bids, spec.totals.offers)
                producers = sum(each.agent in spec.registry.plants for each in self._links)
                assert (event.submissions, event.producers) == (spec.submissions, producers)
            case "PlantRun":
                run = spec.runs[event.agent]
                expected = (run.bought, min(run.bought, run.needed), run.fraction)
                assert (event.inputs_bought, event.inputs_used, event.fraction) == expected
            case "DayProduced":
                assert unpack(event.delivered, posts) == spec.delivered
            case "Settled":
                result = spec.outcomes[event.agent]
                expected = (result.energy, result.good, result.revenue, result.refund)
                assert (event.energy, event.good, event.revenue, event.refund) == expected
            case "DaySettled":
                news = (spec.dust.money - dust.money, spec.dust.energy - dust.energy, spec.dust.good - dust.good)
                assert (event.dust_money, event.dust_energy, event.dust_good) == news
            case "DayMetered":
                books = spec.ledger.books[event.day]
                assert (event.share, event.relayed, event.silent) == (books.share, books.relayed, books.silent)

    @property
    def _links(self) -> list[Any]:
        return self.chain.all_links

    # ---- accounts

    def deposit(self, owner: str, money: int) -> str:
        return self._both(
            "deposit", lambda: self.chain.market.deposit(money, by=owner), lambda _: self.spec.deposit(owner, money)
        )

    def withdraw(self, owner: str, money: int) -> str:
        return self._both(
            "withdraw", lambda: self.chain.market.withdraw(money, by=owner), lambda _: self.spec.withdraw(owner, money)
        )

    def donate(self, giver: str, money: int) -> None:
        """Bytecoin sent to the market without a deposit."""
        receipt = self.chain.bytecoin.transfer(self.chain.market.address, money, by=giver)
        self.accepted["donate"] += 1
        self.compare(self.invariants.check(receipt))

    # ---- register

    def register_standard(self, agent: str, endowment: int, store: int = 0, by: str = REGISTRAR) -> str:
        return self._both(
            "register_standard",
            lambda: self.chain.registry.register_standard(agent, endowment, store, by=by),
            lambda _: self.spec.register_standard(by, _spec_address(agent), endowment, store),
        )

    def register_producer(self, agent: str, plant: Plant, store: int = 0, by: str = REGISTRAR) -> str:
        arguments = (agent, plant.theta, plant.c, plant.capacity, plant.profile, store)
        return self._both(
            "register_producer",
            lambda: self.chain.registry.register_producer(*arguments, by=by),
            lambda _: self.spec.register_producer(by, _spec_address(agent), plant, store),
        )

    def set_profile(self, profile: int, parts: Sequence[int], by: str = REGISTRAR) -> str:
        words = [0, 0, 0]
        for index, part in enumerate(parts):
            words[index // 16] |= part << (16 * (index % 16))
        return self._both(
            "set_profile",
            lambda: self.chain.registry.set_profile(profile, words, by=by),
            lambda _: self.spec.set_profile(by, profile, parts),
        )

    def offer_registrar(self, successor: str, by: str = REGISTRAR) -> str:
        return self._both(
            "offer_registrar",
            lambda: self.chain.registry.offer_registrar(successor, by=by),
            lambda _: self.spec.registry.offer_registrar(by, _spec_address(successor)),
        )

    def accept_registrar(self, by: str) -> str:
        return self._both(
            "accept_registrar",
            lambda: self.chain.registry.accept_registrar(by=by),
            lambda _: self.spec.registry.accept_registrar(by),
        )

    # ---- the window

    def open(self) -> str:
        def judge(receipt: Receipt | None) -> None:
            self.spec.open(self.chain.evm.now)
            self._pool_slot = self._pool_slot or slot_of_pool(self.chain)

        return self._both("open", self.chain.open, judge)

    def submit(
        self, agent: str, bids: Sequence[int], offers: Sequence[int] = (), to_store: int = 0, day: int | None = None
    ) -> str:
        day = self.chain.day if day is None else day

        def judge(receipt: Receipt | None) -> None:
            seen = receipt.only("Submitted").observed_gas if receipt else 0
            self.spec.submit(agent, day, bids, offers, self.chain.evm.now, to_store=to_store, observed_gas=seen)

        words = raw(bids, offers)
        return self._both("submit", lambda: self.chain.market.submit(day, to_store, words, by=agent), judge)

    def relay(self, bids: Sequence[tuple[str, OnChain]], by: str = RELAYER) -> str:
        """Relay signed bids, each with the agent that its signature is for."""
        posts, words = self.spec.posts, self.chain.words
        batch = [
            SignedBid(
                agent,
                Kind(bid.kind),
                unpack(bid.words[:words], posts),
                unpack(bid.words[words:], posts) if bid.kind == PRODUCER else (),
                bid.to_store,
                bid.deadline,
            )
            for agent, bid in bids
        ]
        before = self._pooled()

        def judge(receipt: Receipt | None) -> None:
            seen = self._pooled() - before if receipt else 0
            skipped = self.spec.relay(bids[0][1].day, batch, self.chain.evm.now, seen)
            if receipt:
                told = [(event.place, event.reason) for event in receipt.all("Skipped")]
                assert told == [(each.place, each.reason) for each in skipped]
                relayed = receipt.only("Relayed")
                assert relayed.standard + relayed.producers == len(batch) - len(skipped)
                self.refused.update(reason for _, reason in told)

        return self._both("relay", lambda: self.chain.relay([bid for _, bid in bids], by=by), judge)

    def _pooled(self) -> int:
        """Gas that the market saw of today's batches; no view shows it."""
        slot = self._pool_slot
        return (self.chain.evm.storage(self.chain.market, slot) ^ 2**255) >> 24 if slot is not None else 0

    # ---- after the window

    def clear(self, day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day
        counts = [len(links) for links in self.chain.links.values()]
        return self._both(
            "clear",
            lambda: self.chain.show("clear", day_meant, *counts, links=self._links),
            lambda _: self.spec.clear(day_meant, self.chain.evm.now),
        )

    def close(self, kind: int, count: int, day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day
        piece = self.chain.newest(kind, count)
        links = piece.submissions
        return self._both(
            "close",
            lambda: self.chain.show("close", day_meant, kind, piece.prior, len(links), links=links),
            lambda _: self.spec.close(day_meant, Kind(kind), len(links), self.chain.evm.now),
        )

    def produce(self, piece: int | None, day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day
        chosen = None if piece is None else self.chain.pieces[piece]
        links = chosen.submissions if chosen else ()
        prior = chosen.prior if chosen else bytes(32)
        return self._both(
            "produce",
            lambda: self.chain.show("produce", day_meant, piece or 0, prior, len(links), links=links),
            lambda _: self.spec.produce(day_meant, piece or 0),
        )

    def settle(self, piece: int, day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day
        chosen = self.chain.pieces[piece]
        links = chosen.submissions
        return self._both(
            "settle",
            lambda: self.chain.show("settle", day_meant, chosen.kind, piece, chosen.prior, len(links), links=links),
            lambda _: self.spec.settle(day_meant, piece, self.chain.evm.now),
        )

    # ---- energy

    def meter(
        self,
        words: Sequence[int],
        *,
        share: int,
        relayed: int,
        carried: int,
        last: bool = True,
        day: int | None = None,
        by: str = METER,
    ) -> str:
        day = self.chain.day if day is None else day
        return self._both(
            "meter",
            lambda: self.chain.market.meter(day, share, relayed, carried, words, last, by=by),
            lambda _: self.spec.meter(by, day, share, relayed, [reading_of(word) for word in words], last=last),
        )

    def end_unmetered(self, day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day
        return self._both(
            "end_unmetered",
            lambda: self.chain.market.end_unmetered(day_meant),
            lambda _: self.spec.end_unmetered(day_meant, self.chain.evm.now),
        )


def reading_of(word: int) -> Reading:
    lanes = tuple(word >> 24 * lane & 2**24 - 1 for lane in range(LANES))
    return Reading(Kind(word >> 236), word >> 216 & 2**20 - 1, lanes)


def _spec_address(address: str) -> str:
    """The specification writes the zero address as nothing."""
    return "" if address == NOBODY else address


__all__ = ["PRODUCER", "STANDARD", "Mirror"]
