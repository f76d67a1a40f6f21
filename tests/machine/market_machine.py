"""Any sequence of calls, by several agents, on chain and specification at once.

Rules draw mostly what is legal now; `break_a_rule` draws what is not. Amounts come from a seed that hypothesis draws,
because 49 posts drawn one by one would take longer than the chain needs to trade them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.harness.evm import NOBODY, role
from tests.harness.exchange import BANK, DUST, METER, REGISTRAR, RELAYER, Exchange
from tests.harness.mirror import PRODUCER, STANDARD, Mirror

from wattpost.chain.signed_bid import SignedBid, Terms, signer
from wattpost.spec import MAX_AMOUNT, UNIT, WAD, Phase, Plant

ACCEPTED: Counter[str] = Counter()
REFUSED: Counter[str] = Counter()

LOCKED_OUT = "energy: store below last cost"
CROWD = 21  # agents of a kind in some markets: enough for two pieces
FULL = 10_000
seeds = st.integers(0, 2**32 - 1).map(Random)


class MarketMachine(RuleBasedStateMachine):
    """A market and its judge."""

    @initialize(
        periods=st.sampled_from([1, 2, 4, 24, 48]),
        kappa=st.sampled_from([0, 1, 7 * 10**10, 3 * 10**13]),
        efficiency=st.sampled_from([WAD, 0, 9 * WAD // 10, 0, 1]),
        first_gas=st.sampled_from([0, 60_000]),
        crowded=st.integers(0, 4).map(lambda n: n == 0),
        random=seeds,
    )
    def deploy(self, periods: int, kappa: int, efficiency: int, first_gas: int, crowded: bool, random: Random) -> None:
        exchange = Exchange(periods=periods, kappa=kappa, efficiency=efficiency, first_gas=first_gas)
        self.mirror = Mirror(exchange)
        self.chain, self.spec = self.mirror.chain, self.mirror.spec
        self.names = [role(f"agent {number}") for number in range(2 * CROWD if crowded else 9)]
        for number, name in enumerate(self.names):
            money = random.choice([10**18, 10**21 + number, 10**27])
            money -= money % UNIT
            self.chain.bytecoin.transfer(name, 2 * money, by=BANK)
            self.chain.bytecoin.approve(self.chain.market.address, 2**256 - 1, by=name)
            if crowded or random.random() < 0.8:
                self.mirror.deposit(name, money)
        self.set_profile(0, random)
        for name in self.names if crowded else self.names[:6]:
            self.register(name, random)
        self.mirror.accepted.clear()  # founding is not counted

    def teardown(self) -> None:
        if not hasattr(self, "mirror"):
            return
        for owner, account in list(
            self.spec.accounts.items()
        ):  # whoever has money can leave, whatever the day waits for
            if account.money:
                assert self.mirror.withdraw(owner, account.money) == ""
        ACCEPTED.update(self.mirror.accepted)
        REFUSED.update(self.mirror.refused)

    # ---- what the market waits for

    @property
    def window_is_open(self) -> bool:
        return self.chain.evm.now < self.spec.opened + self.spec.window

    # ---- money

    @rule(random=seeds)
    def move_money(self, random: Random) -> None:
        """Somebody deposits or withdraws a part of what it has, or gives some away."""
        name, part = random.choice([*self.names, DUST]), random.randint(1, 1000)
        money = self.spec.account(name).money
        choice = random.choice(["deposit", "withdraw", "withdraw", "donate"])
        if choice == "withdraw" and money:
            assert self.mirror.withdraw(name, max(1, money // UNIT * part // 2000) * UNIT) == ""
        elif choice == "deposit" and self.chain.held(name) >= UNIT and name != DUST:
            assert self.mirror.deposit(name, max(1, self.chain.held(name) // UNIT * part // 2000) * UNIT) == ""
        else:
            self.mirror.donate(BANK, random.choice([1, part * 10**9 + 1, 10**27]))

    @rule(random=seeds)
    def burn_gas(self, random: Random) -> None:
        """Calls that fail or do something else: gas that only receipts know."""
        for name in random.sample(self.names, 2):
            self.mirror.gas.own[name] += random.choice([1, 21_000, random.randint(0, 2**21), 2**24])

    # ---- the register

    @rule(random=seeds)
    def change_the_register(self, random: Random) -> None:
        """The registrar hands over, admits somebody, or sets a profile."""
        name = random.choice(self.names)
        if self.spec.phase != Phase.DONE or random.random() < 0.2:
            assert self.mirror.offer_registrar(name, by=self.spec.registry.registrar) == ""
            assert self.mirror.accept_registrar(name) == ""
        elif random.random() < 0.5:
            self.register(name, random)
        else:
            self.set_profile(random.randint(0, 7), random)

    def set_profile(self, number: int, random: Random) -> None:
        parts = [random.choice([0, FULL, random.randint(0, FULL)]) for _ in range(self.spec.periods)]
        assert self.mirror.set_profile(number, parts, by=self.spec.registry.registrar) == ""

    def register(self, name: str, random: Random) -> None:
        if self.spec.account(name).kind:
            return
        small = random.randint(1, 50), random.randint(1, 10**12)
        store = 0
        if self.spec.efficiency:
            cost = self.spec.kappa * 10**5
            store = random.choice([0, cost // 2, 2 * cost, random.randint(0, 200) * cost, 2**60 * UNIT])
        if random.random() < 0.5:
            endowment = random.choice([*small, 10**17])
            assert self.mirror.register_standard(name, endowment, store, by=self.spec.registry.registrar) == ""
            return
        plant = Plant(
            theta=random.choice([WAD, random.randint(1, 100) * WAD // 7, random.randint(1, 2**96 - 1)]),
            c=random.choice([WAD // 2, WAD, 3 * WAD, random.randint(WAD // 5, 3 * WAD), random.randint(1, 3 * WAD)]),
            capacity=random.choice([*small, 10**16]),
            profile=random.choice([0, 0, 0, random.randint(0, 7)]),
        )
        reason = self.mirror.register_producer(name, plant, store, by=self.spec.registry.registrar)
        assert reason in ("", "registry: plant needs too much", "registry: capacities too large")

    # ---- the day

    @rule(random=seeds, steps=st.integers(1, 5))
    def move_on(self, random: Random, steps: int) -> None:
        """Whatever the day waits for, in batches of any size that is allowed."""
        for _ in range(steps):
            if self.spec.phase == Phase.OPEN and not any(self.spec.waiting.values()) and random.random() < 0.8:
                if random.random() < 0.5:
                    self.relay_some(random, random.randint(1, 99), random.randint(0, 2))
                self.submit_most(random, 99)
            self.step(random)

    def step(self, random: Random) -> None:
        step = {
            Phase.DONE: self.open,
            Phase.OPEN: self.close,
            Phase.CLOSED: self.produce,
            Phase.PRODUCED: self.settle,
            Phase.SETTLED: self.meter,
        }[self.spec.phase]
        step(random)

    def open(self, random: Random) -> None:
        self.chain.evm.now += random.choice([0, 0, 1, 10**6])
        assert self.mirror.open() == ""

    @precondition(lambda self: self.spec.phase == Phase.OPEN)
    @rule(random=seeds, most=st.integers(1, 20))
    def submit_most(self, random: Random, most: int) -> None:
        """Some of those who have not yet submitted, in any order."""
        if not self.window_is_open:
            return
        for name in self.ready(random)[:most]:
            bids, offers = self.plan(name, random)
            if any(bids) or any(offers):
                assert self.mirror.submit(name, bids, offers, self.to_store(random)) in ("", LOCKED_OUT)

    def ready(self, random: Random) -> list[str]:
        ready = [name for name in self.names if (known := self.spec.account(name)).kind and not known.submitted]
        random.shuffle(ready)
        return ready

    def to_store(self, random: Random) -> int:
        return random.choice([0, 1, 10**9, MAX_AMOUNT]) if self.spec.efficiency else 0

    @precondition(lambda self: self.spec.phase == Phase.OPEN)
    @rule(random=seeds, most=st.integers(1, 12), spoilt=st.integers(0, 2))
    def relay_some(self, random: Random, most: int, spoilt: int) -> None:
        """A batch of some of those who have not yet submitted, and of bids that cannot be accepted."""
        if not self.window_is_open:
            return
        batch = [self.signed(name, random) for name in self.ready(random)[:most]]
        batch += [self.spoilt(random) for _ in range(spoilt)]
        random.shuffle(batch)
        batch.sort(key=lambda each: each[1].kind)
        if batch:
            assert self.mirror.relay(batch) in ("", "bids: none can be accepted")

    def signed(self, name: str, random: Random, **changes: object) -> tuple[str, SignedBid]:
        bids, offers = self.plan(name, random)
        deadline = self.chain.evm.now + random.choice([0, 1, 10**6])
        terms = {"to_store": self.to_store(random), "deadline": deadline} | changes
        return name, self.chain.sign(name, bids, offers, **terms)  # type: ignore[arg-type]

    def spoilt(self, random: Random) -> tuple[str, SignedBid]:
        """A bid that was signed for something else, too late, by nobody, twice or without the money."""
        name = random.choice([name for name in self.names if self.spec.account(name).kind] or self.names)
        how = random.choice(["chain", "market", "relayer", "day", "deadline", "nobody", "broke", "twice", "store"])
        if how == "deadline":
            return self.signed(name, random, deadline=self.chain.evm.now - 1)
        if how == "nobody":
            return role("stranger"), self.chain.sign(role("stranger"), [1] * self.spec.posts)
        if how == "twice":
            return self.signed(name, random)
        if how == "store":
            return self.signed(name, random, to_store=1)
        if how == "broke" and self.spec.account(name).kind == STANDARD:
            too_much = min(MAX_AMOUNT, self.spec.account(name).money // UNIT + 1)
            return name, self.chain.sign(name, [too_much, *[0] * self.spec.periods])
        other = {
            "chain": {"chain_id": self.chain.chain_id + 1},
            "market": {"market": role("another market")},
            "relayer": {"relayer": role("another relayer")},
        }.get(how, {"day": self.spec.day + 1})
        bid = replace(self.signed(name, random, **other)[1], day=self.spec.day)
        terms = Terms(self.chain.chain_id, self.chain.market.address, RELAYER)
        return signer(bid, terms), bid  # of a key that nobody holds

    def plan(self, name: str, random: Random) -> tuple[list[int], list[int]]:
        """Bids within the money held and offers within capacity, of every size there is."""
        posts, account = self.spec.posts, self.spec.account(name)
        purse = account.money // UNIT
        style = random.choice(["tiny", "all", "spread", "one", "none"])
        bids = [0] * posts
        if style == "tiny":
            bids = [random.randint(0, 3) for _ in range(posts)]
        elif style == "all":
            bids = [purse // posts] * posts
        elif style == "spread":
            bids = [random.randint(0, purse // posts) * random.choice([0, 1, 1]) for _ in range(posts)]
        elif style == "one":
            bids[random.randrange(posts)] = random.randint(0, purse)
        if random.random() < 0.7 and purse > posts:
            bids[0] = max(bids[0], min(purse // posts, random.choice([1, 10**9, purse])))
        if sum(bids) > purse:
            bids = [0] * posts
        if account.kind != PRODUCER:
            return bids, []
        plant = self.spec.registry.plants[name]
        parts = self.spec.registry.profiles[plant.profile] or (0,) * self.spec.periods
        tops = [plant.capacity * part // FULL for part in parts]
        style = random.choice(["full", "some", "least", "none"])
        level = {"full": 1.0, "some": random.random(), "least": 0.0, "none": 0.0}[style]
        return bids, [0, *(min(top, max(int(top * level), 1 if style == "least" else 0)) for top in tops)]

    def close(self, random: Random) -> None:
        if self.window_is_open:
            self.chain.evm.now = self.spec.opened + self.spec.window + random.choice([0, 0, 1, 10**5])
        if any(self.chain.waiting.values()) and not self.chain.pieces and random.random() < 0.5:
            assert self.mirror.clear() == ""
            return
        kind = random.choice([STANDARD, PRODUCER])
        if not self.chain.waiting[kind]:
            kind = PRODUCER + STANDARD - kind
        left = self.chain.waiting[kind]
        count = random.randint(16, left) if left > 16 else left
        assert self.mirror.close(kind, count) == ""

    def produce(self, random: Random) -> None:
        plants = [n for n, piece in enumerate(self.spec.pieces) if piece.kind == PRODUCER and not piece.produced]
        assert self.mirror.produce(random.choice(plants) if plants else None) == ""

    def settle(self, random: Random) -> None:
        self.chain.evm.now += random.choice([0, 0, 5])
        waiting = [n for n, piece in enumerate(self.spec.pieces) if not piece.settled]
        assert self.mirror.settle(random.choice(waiting)) == ""

    def meter(self, random: Random) -> None:
        """All readings, or a part of them, or none because the meter is silent, even half-way."""
        gas = self.mirror.gas
        words = [word for word in self.chain.readings(gas.beyond) if word >> 216 not in self.posted]
        random.shuffle(words)
        part = words[: random.randint(0, len(words))]
        if random.random() < 0.2:
            self.chain.evm.now = max(self.chain.evm.now, self.spec.settled + self.spec.patience)
            assert self.mirror.end_unmetered() == ""
        elif random.random() < 0.3:
            assert self.mirror.meter(part, **self.books, last=False) == ""
        else:
            assert self.mirror.meter(words, **self.books) == ""

    @property
    def books(self) -> dict[str, int]:
        gas = self.mirror.gas
        return {"share": gas.share, "relayed": gas.relayed, "carried": gas.carried}

    @property
    def posted(self) -> set[int]:
        """Slots of readings that today's meter has posted."""
        return {kind << 20 | ninth for day, kind, ninth in self.spec.ledger.readings if day == self.spec.day}

    # ---- what is not allowed

    @rule(random=seeds)
    def break_a_rule(self, random: Random) -> None:
        """One call that must be refused, and by both in the same words."""
        wrong = random.choice(
            [self.wrong_money, self.wrong_register, self.wrong_submission, self.wrong_step, self.wrong_meter]
        )
        for call in random.sample(wrong(random), 2):
            assert call() != "", "a rule was broken, and nobody minded"

    def wrong_money(self, random: Random) -> list[Callable[[], str]]:
        mirror, name = self.mirror, random.choice(self.names)
        return [
            lambda: mirror.deposit(name, 0),
            lambda: mirror.deposit(name, MAX_AMOUNT * UNIT - self.spec.owed + UNIT),
            lambda: mirror.deposit(name, UNIT + 1),
            lambda: mirror.withdraw(name, random.randint(1, UNIT - 1)),
            lambda: mirror.withdraw(name, 0),
            lambda: mirror.withdraw(name, self.spec.account(name).money + UNIT),
            lambda: mirror.withdraw(role("stranger"), UNIT),
        ]

    def wrong_register(self, random: Random) -> list[Callable[[], str]]:
        mirror, by, posts = self.mirror, self.spec.registry.registrar, self.spec.posts
        name, fresh = random.choice(self.names), role("late comer")
        plant = Plant(theta=WAD, c=WAD, capacity=10**9, profile=1)
        wrong_plants = [
            Plant(0, WAD, 10**9, 1),
            Plant(2**96, WAD, 10**9, 1),
            Plant(WAD, 0, 10**9, 1),
            Plant(WAD, 3 * WAD + 1, 10**9, 1),
            Plant(WAD, WAD, 0, 1),
            Plant(WAD, WAD, 10**18 + 1, 1),
            Plant(WAD, WAD, 10**9, 8),
            Plant(1, WAD // 2, 10**18, 1),
            Plant(1, 1, 10**18, 1),
        ]
        return [
            lambda: mirror.register_standard(fresh, 5, by=role("stranger")),
            lambda: mirror.register_standard(random.choice([NOBODY, DUST, self.chain.market.address]), 5, by=by),
            lambda: mirror.register_standard(fresh, random.choice([0, 2**58, 2**64, 2**128]), by=by),
            lambda: mirror.register_standard(fresh, 5, 2**60 * UNIT + 1, by=by),
            lambda: mirror.register_standard(fresh, 5, 2**255 if self.spec.efficiency else 1, by=by),
            lambda: mirror.register_producer(fresh, random.choice(wrong_plants), by=by),
            lambda: mirror.register_producer(fresh, plant, by=name if name != by else role("stranger")),
            lambda: mirror.set_profile(random.choice([8, 2**200]), [FULL], by=by),
            lambda: mirror.set_profile(1, [0] * (posts - 2) + [FULL + 1], by=by),
            lambda: mirror.set_profile(1, [FULL], by=role("stranger")),
            lambda: mirror.offer_registrar(name, by=role("stranger")),
            lambda: mirror.accept_registrar(role("stranger")),
        ]

    def wrong_submission(self, random: Random) -> list[Callable[[], str]]:
        mirror, posts, day = self.mirror, self.spec.posts, self.spec.day
        registered = [name for name in self.names if self.spec.account(name).kind]
        name = random.choice(registered) if registered else self.names[0]
        plant = self.spec.registry.plants.get(name)
        nothing = [0] * posts if plant else []
        purse = self.spec.account(name).money // UNIT
        least = [1] + [0] * (posts - 1)
        calls: list[Callable[[], str]] = [
            lambda: mirror.submit(name, least, nothing, day=day + 1),
            lambda: mirror.submit(role("stranger"), least),
            lambda: mirror.submit(name, [0] * posts, nothing),
            lambda: mirror.submit(name, least, [] if plant else [0, 1] + [0] * (posts - 2)),
            lambda: mirror.submit(name, least, nothing, MAX_AMOUNT + 1),
            lambda: mirror.relay([(role("stranger"), self.chain.sign(role("stranger"), least))]),
            lambda: mirror.relay([(name, self.chain.sign(name, least, nothing, deadline=self.chain.evm.now - 1))]),
            lambda: mirror.relay([(name, self.chain.sign(name, least, nothing, day=day + 1))]),
        ]
        if purse + 1 <= MAX_AMOUNT:
            calls.append(lambda: mirror.submit(name, [*[0] * (posts - 1), purse + 1], nothing))
        if plant:
            calls.append(lambda: mirror.submit(name, least, [1] + [0] * (posts - 1)))
            calls.append(lambda: mirror.submit(name, least, [0] * (posts - 1) + [plant.capacity + 1]))
        if not self.spec.efficiency:
            calls.append(lambda: mirror.submit(name, least, nothing, 1))
        return calls

    def wrong_step(self, random: Random) -> list[Callable[[], str]]:
        """Steps out of turn; in turn, too few, too many or the wrong ones."""
        mirror, spec, chain = self.mirror, self.spec, self.chain
        day, phase = spec.day, spec.phase
        calls: list[Callable[[], str]] = [
            lambda: mirror.close(STANDARD, 0, day=day + 1),
            lambda: mirror.clear(day=day + 1),
            lambda: mirror.produce(None, day=day + 1),
            lambda: mirror.end_unmetered(day=day + 1),
        ]
        if phase != Phase.DONE:
            calls.append(mirror.open)
        if phase != Phase.OPEN or self.window_is_open:
            calls += [lambda: mirror.close(STANDARD, 0), mirror.clear]
        else:
            if spec.submissions + sum(chain.waiting.values()) > 0:
                calls.append(lambda: mirror.close(STANDARD, 0))
                calls += [lambda k=k: mirror.close(k, min(15, n - 1)) for k in (1, 2) if (n := chain.waiting[k]) > 1]  # type: ignore[misc]
            else:
                calls.append(mirror.clear)
            if chain.pieces:
                calls += [self.clear_the_rest] * 3
        if phase != Phase.CLOSED:
            calls.append(lambda: mirror.produce(None))
        if chain.pieces:
            piece = random.randrange(len(chain.pieces))
            known = spec.pieces[piece] if piece < len(spec.pieces) else None
            calls.append(lambda: mirror.settle(piece, day=day + 1))
            if phase != Phase.PRODUCED or (known and known.settled):
                calls.append(lambda: mirror.settle(piece))
            if phase == Phase.CLOSED and spec.left and known and known.produced:
                calls.append(lambda: mirror.produce(piece))
            if phase == Phase.PRODUCED and known and not known.settled:
                calls.append(lambda: self.tampered(piece, random))
        return calls

    def clear_the_rest(self) -> str:
        """What no piece has shown yet, as if it were the whole day."""
        chain, reason = self.chain, "posts: nothing shown"
        rest = {kind: chain.links[kind][: chain.waiting[kind]] for kind in (STANDARD, PRODUCER)}
        counts = map(len, rest.values())
        links = [*rest[STANDARD], *rest[PRODUCER]]
        self.mirror.refused_by_chain(reason, lambda: chain.show("clear", chain.day, *counts, links=links))
        return reason

    def tampered(self, piece: int, random: Random) -> str:
        """A piece shown with one bit of one record changed, or after another head."""
        chosen = self.chain.pieces[piece]
        links, prior = list(chosen.submissions), chosen.prior
        if random.random() < 0.3:
            prior = bytes(32)
        else:
            place = random.randrange(len(links))
            words = list(links[place].words)
            words[random.randrange(len(words))] ^= 1 << random.randrange(256)
            links[place] = replace(links[place], words=tuple(words))
        reason = "posts: not that piece"
        arguments = (self.chain.day, chosen.kind, piece, prior, len(links))
        self.mirror.refused_by_chain(reason, lambda: self.chain.show("settle", *arguments, links=links))
        return reason

    def wrong_meter(self, random: Random) -> list[Callable[[], str]]:
        mirror, spec = self.mirror, self.spec
        if spec.phase != Phase.SETTLED:
            some = {"share": 5, "relayed": 0, "carried": 3}
            return [
                lambda: mirror.meter([], **some),
                lambda: mirror.meter([], **some, by=self.names[0]),
                mirror.end_unmetered,
            ]
        words = self.chain.readings(mirror.gas.beyond)
        books = self.books
        calls: list[Callable[[], str]] = [
            lambda: mirror.meter(words, **books, by=self.names[0]),
            lambda: mirror.meter(words, **books, day=spec.day + 1),
            lambda: mirror.meter([1 << 236, 1 << 236], **books),
            lambda: mirror.meter(words, **books | {"share": 2**32}),
            lambda: mirror.meter(words, **books | {"relayed": 2**32}),
        ]
        if self.posted:
            calls.append(lambda: mirror.meter([random.choice(sorted(self.posted)) << 216], **books))
        if spec.ledger.posting:
            calls.append(lambda: mirror.meter([], **books | {"share": books["share"] + 1}))
            calls.append(lambda: mirror.meter([], **books | {"relayed": books["relayed"] + 1}))
        if spec.ledger.observed_share:
            calls.append(lambda: mirror.meter(words, **books | {"relayed": spec.ledger.observed_share - 1}))
        if self.chain.evm.now < spec.settled + spec.patience:
            calls.append(mirror.end_unmetered)
        return calls


__all__ = ["ACCEPTED", "METER", "REFUSED", "REGISTRAR", "MarketMachine"]
