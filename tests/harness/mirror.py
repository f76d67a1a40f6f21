"""Every call made twice, on the chain and on the specification, and everything compared after each.

A call that both refuse must be refused with the same words. What only the chain can refuse, because the
specification knows no words and no hashes, goes through `refused_by_chain`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tests.harness.evm import NOBODY, Receipt, Reverted
from tests.harness.exchange import DUST, METER, PRODUCER, REGISTRAR, STANDARD, Exchange, shown
from tests.harness.invariants import Invariants
from tests.harness.snapshot import Snapshot
from wattpost.spec import Market, Phase, Plant, Refused, pack
from wattpost.spec.market import Kind

SHARED_CALLS = ("open", "close", "produce", "settle")


class Mirror:
    """An exchange and its specification in step."""

    def __init__(self, exchange: Exchange) -> None:
        self.chain = exchange
        self.spec = Market(
            exchange.periods,
            exchange.window,
            exchange.patience,
            exchange.kappa,
            REGISTRAR,
            METER,
            DUST,
            address=exchange.market.address,
        )
        self.invariants = Invariants(exchange)
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.own_gas: Counter[str] = Counter()  # on receipts, by sender, not yet charged
        self.pool = 0  # of calls that moved the day on, likewise

    def _both(self, name: str, call: Callable[[], Receipt], judge: Callable[[Receipt | None], None]) -> str:
        """Make one call on both; the reason if both refuse it, and nothing if both accept it."""
        reason = said = ""
        receipt = None
        try:
            receipt = call()
            self.pool += receipt.gas if name in SHARED_CALLS else 0
        except Reverted as refusal:
            reason = refusal.reason or "no reason"
        try:
            judge(receipt)
        except Refused as refusal:
            said = str(refusal)
        assert reason == said, f"{name}: the chain says {reason or 'yes'!r}, the specification {said or 'yes'!r}"
        if receipt:
            self.accepted[name] += 1
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
            expected = spec.account(owner)
            fields = (
                expected.money,
                expected.energy,
                expected.day,
                expected.observed_gas,
                expected.kind,
                expected.state,
            )
            assert tuple(account) == (*fields, expected.arrears > 0), f"account of {owner}"
            assert now.arrears.get(owner, 0) == expected.arrears, f"arrears of {owner}"
        today = now.today
        assert (today.number, today.phase) == (spec.day, spec.phase)
        assert (today.opened, today.settled) == (spec.opened, spec.settled)
        assert today.submissions == spec.submissions
        assert today.pieces == len(spec.pieces)
        assert today.left == spec.left or spec.phase in (Phase.DONE, Phase.OPEN)
        counts = [int.from_bytes(head[-3:], "big") for head in now.heads]
        assert counts == [len(spec.waiting.get(kind, ())) for kind in (Kind.STANDARD, Kind.PRODUCER)]
        if spec.phase not in (Phase.DONE, Phase.OPEN) or today.begun:
            assert (now.bids, now.offers) == (spec.totals.bids, spec.totals.offers)
        if spec.phase in (Phase.PRODUCED, Phase.SETTLED):
            assert now.delivered == spec.delivered
        for agent in spec.runs.keys() & now.fractions.keys():
            assert now.fractions[agent] == spec.runs[agent].fraction, f"fraction of {agent}"
        assert now.owed == spec.owed
        assert now.dust == (spec.dust.money, spec.dust.energy, spec.dust.good)
        assert now.registrar == (spec.registrar, spec.next_registrar or NOBODY)
        capacities = sum(plant.capacity for plant in spec.plants.values())
        assert now.registered == (sum(spec.endowments.values()), capacities)

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

    def register_standard(self, agent: str, endowment: int, by: str = REGISTRAR) -> str:
        return self._both(
            "register_standard",
            lambda: self.chain.market.register_standard(agent, endowment, by=by),
            lambda _: self.spec.register_standard(by, _spec_address(agent), endowment),
        )

    def register_producer(self, agent: str, plant: Plant, by: str = REGISTRAR) -> str:
        arguments = (agent, plant.theta, plant.c, plant.capacity, plant.profile)
        return self._both(
            "register_producer",
            lambda: self.chain.market.register_producer(*arguments, by=by),
            lambda _: self.spec.register_producer(by, _spec_address(agent), plant),
        )

    def set_profile(self, profile: int, parts: Sequence[int], by: str = REGISTRAR) -> str:
        words = [0, 0, 0]
        for index, part in enumerate(parts):
            words[index // 16] |= part << (16 * (index % 16))
        return self._both(
            "set_profile",
            lambda: self.chain.market.set_profile(profile, words, by=by),
            lambda _: self.spec.set_profile(by, profile, parts),
        )

    def offer_registrar(self, successor: str, by: str = REGISTRAR) -> str:
        return self._both(
            "offer_registrar",
            lambda: self.chain.market.offer_registrar(successor, by=by),
            lambda _: self.spec.offer_registrar(by, _spec_address(successor)),
        )

    def accept_registrar(self, by: str) -> str:
        return self._both(
            "accept_registrar",
            lambda: self.chain.market.accept_registrar(by=by),
            lambda _: self.spec.accept_registrar(by),
        )

    # ---- the day

    def open(self) -> str:
        return self._both("open", self.chain.open, lambda _: self.spec.open(self.chain.evm.now))

    def submit(self, agent: str, bids: Sequence[int], offers: Sequence[int] = (), day: int | None = None) -> str:
        day = self.chain.day if day is None else day
        words = (pack(bids) if bids else [], pack(offers) if offers else [])

        def call() -> Receipt:
            receipt: Receipt = self.chain.market.submit(day, *words, by=agent)
            self.chain.remember(receipt)
            self.own_gas[agent] += receipt.gas
            return receipt

        def judge(receipt: Receipt | None) -> None:
            observed = receipt.only("Submitted").observed_gas if receipt else 0
            self.spec.submit(agent, day, bids, offers, self.chain.evm.now, observed)

        return self._both("submit", call, judge)

    def close(self, kind: int, count: int, day: int | None = None) -> str:
        def call() -> Receipt:
            if day is None or day == self.chain.day:
                return self.chain.close(kind, count)
            piece = self.chain.newest(kind, count)
            receipt: Receipt = self.chain.market.close(day, kind, piece.prior, shown(piece.links))
            return receipt

        day_meant = self.chain.day if day is None else day
        return self._both("close", call, lambda _: self.spec.close(day_meant, Kind(kind), count, self.chain.evm.now))

    def produce(self, piece: int | None, day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day

        def call() -> Receipt:
            chosen = None if piece is None else self.chain.pieces[piece]
            prior, words = (chosen.prior, shown(chosen.links)) if chosen else (bytes(32), [])
            receipt: Receipt = self.chain.market.produce(day_meant, piece or 0, prior, words)
            return receipt

        return self._both("produce", call, lambda _: self.spec.produce(day_meant, piece or 0))

    def settle(self, piece: int, day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day

        def call() -> Receipt:
            chosen = self.chain.pieces[piece]
            words = shown(chosen.links)
            receipt: Receipt = self.chain.market.settle(day_meant, chosen.kind, piece, chosen.prior, words)
            return receipt

        def judge(_: Receipt | None) -> None:
            self.spec.settle(day_meant, piece, self.chain.evm.now)
            if self.spec.phase == Phase.SETTLED:
                self._draw_books()

        return self._both("settle", call, judge)

    # ---- energy

    def _draw_books(self) -> None:
        """Divide the gas on receipts over the day's submissions, as the metering rule says."""
        agents = self.chain.submitters
        self.share, self.carried = divmod(self.pool, len(agents))
        self.readings = {agent: self.own_gas.pop(agent, 0) for agent in agents}
        self.charges: dict[str, int] = {}
        self.posted_carried = 0

    @property
    def unmetered(self) -> list[str]:
        return [agent for agent in self.readings if self.spec.account(agent).state == 2]

    def meter(
        self,
        agents: Sequence[str],
        *,
        share: int | None = None,
        carried: int | None = None,
        own: int | None = None,
        day: int | None = None,
        by: str = METER,
    ) -> str:
        day = self.chain.day if day is None else day
        share = self.share if share is None else share
        carried = self.carried if carried is None else carried
        readings = [(agent, self.readings.get(agent, 0) if own is None else own) for agent in agents]
        words = [int(agent, 16) | gas << 160 for agent, gas in readings]

        def judge(receipt: Receipt | None) -> None:
            self.spec.meter(by, day, share, carried, readings)
            self.charges |= {agent: gas + share for agent, gas in readings}
            self.posted_carried = carried
            self._close_books()

        return self._both("meter", lambda: self.chain.market.meter(day, share, carried, words, by=by), judge)

    def end_unmetered(self, agents: Sequence[str], day: int | None = None) -> str:
        day_meant = self.chain.day if day is None else day

        def judge(receipt: Receipt | None) -> None:
            self.spec.end_unmetered(day_meant, agents, self.chain.evm.now)
            observed = self.invariants.diary.days[self.chain.day].observed
            self.charges |= {agent: observed[agent] for agent in agents}
            self._close_books()

        return self._both("end_unmetered", lambda: self.chain.market.end_unmetered(day_meant, agents), judge)

    def _close_books(self) -> None:
        """Once all are charged: the gas that the day has to account for, and what is left for the next."""
        if self.spec.phase == Phase.DONE:
            if not self.spec.silent:
                assert sum(self.charges.values()) + self.carried == self.pool + sum(self.readings.values())
            self.invariants.attribute(self.chain.day, sum(self.charges.values()) + self.posted_carried)
            self.pool = self.posted_carried


def _spec_address(address: str) -> str:
    """The specification writes the zero address as nothing."""
    return "" if address == NOBODY else address


__all__ = ["PRODUCER", "STANDARD", "Mirror"]
