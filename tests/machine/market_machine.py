"""Any sequence of calls, by several agents, on chain and specification at once.

Rules draw mostly what is legal now; `break_a_rule` draws what is not. Amounts come from a seed that hypothesis draws,
because 49 posts drawn one by one would take longer than the chain needs to trade them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.harness.evm import NOBODY, role
from tests.harness.exchange import BANK, DUST, METER, REGISTRAR, Exchange, shown
from tests.harness.mirror import PRODUCER, STANDARD, Mirror

from wattpost.spec import MAX_AMOUNT, UNIT, WAD, Phase, Plant

ACCEPTED: Counter[str] = Counter()
REFUSED: Counter[str] = Counter()

CROWD = 21  # agents of a kind in some markets: enough for two pieces
FULL = 10_000
seeds = st.integers(0, 2**32 - 1).map(Random)


class MarketMachine(RuleBasedStateMachine):
    """A market and its judge."""

    @initialize(
        periods=st.sampled_from([1, 2, 4, 24, 48]),
        kappa=st.sampled_from([0, 1, 7 * 10**10, 3 * 10**13]),
        crowded=st.integers(0, 4).map(lambda n: n == 0),
        random=seeds,
    )
    def deploy(self, periods: int, kappa: int, crowded: bool, random: Random) -> None:
        self.mirror = Mirror(Exchange(periods=periods, kappa=kappa))
        self.chain, self.spec = self.mirror.chain, self.mirror.spec
        self.names = [role(f"agent {number}") for number in range(2 * CROWD if crowded else 9)]
        for number, name in enumerate(self.names):
            money = random.choice([10**18, 10**21 + number, 10**27])
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
            assert self.mirror.withdraw(name, max(1, money * part // 2000)) == ""
        elif choice == "deposit" and self.chain.held(name) and name != DUST:
            assert self.mirror.deposit(name, max(1, self.chain.held(name) * part // 2000)) == ""
        else:
            self.mirror.donate(BANK, random.choice([1, part * 10**9 + 1, 10**27]))

    # ---- the register

    @rule(random=seeds)
    def change_the_register(self, random: Random) -> None:
        """The registrar hands over, admits somebody, or sets a profile."""
        name = random.choice(self.names)
        if self.spec.phase != Phase.DONE or random.random() < 0.2:
            assert self.mirror.offer_registrar(name, by=self.spec.registrar) == ""
            assert self.mirror.accept_registrar(name) == ""
        elif random.random() < 0.5:
            self.register(name, random)
        else:
            self.set_profile(random.randint(0, 7), random)

    def set_profile(self, number: int, random: Random) -> None:
        parts = [random.choice([0, FULL, random.randint(0, FULL)]) for _ in range(self.spec.periods)]
        assert self.mirror.set_profile(number, parts, by=self.spec.registrar) == ""

    def register(self, name: str, random: Random) -> None:
        if self.spec.account(name).kind:
            return
        small = random.randint(1, 50), random.randint(1, 10**12)
        if random.random() < 0.5:
            assert self.mirror.register_standard(name, random.choice([*small, 10**17]), by=self.spec.registrar) == ""
            return
        plant = Plant(
            theta=random.choice([WAD, random.randint(1, 100) * WAD // 7, random.randint(1, 2**96 - 1)]),
            c=random.choice([WAD // 2, WAD, 3 * WAD, random.randint(WAD // 5, 3 * WAD), random.randint(1, 3 * WAD)]),
            capacity=random.choice([*small, 10**17]),
            profile=random.choice([0, 0, 0, random.randint(0, 7)]),
        )
        reason = self.mirror.register_producer(name, plant, by=self.spec.registrar)
        assert reason in ("", "registry: plant needs too much")

    # ---- the day

    @rule(random=seeds, steps=st.integers(1, 5))
    def move_on(self, random: Random, steps: int) -> None:
        """Whatever the day waits for, in batches of any size that is allowed."""
        for _ in range(steps):
            if self.spec.phase == Phase.OPEN and not any(self.spec.waiting.values()) and random.random() < 0.8:
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
        ready = [n for n in self.names if self.spec.account(n).kind and self.spec.account(n).day != self.spec.day]
        random.shuffle(ready)
        for name in ready[:most]:
            bids, offers = self.plan(name, random)
            if any(bids) or any(offers):
                assert self.mirror.submit(name, bids, offers) == ""

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
        plant = self.spec.plants[name]
        parts = self.spec.profiles[plant.profile] or (0,) * self.spec.periods
        tops = [plant.capacity * part // FULL for part in parts]
        style = random.choice(["full", "some", "least", "none"])
        level = {"full": 1.0, "some": random.random(), "least": 0.0, "none": 0.0}[style]
        return bids, [0, *(min(top, max(int(top * level), 1 if style == "least" else 0)) for top in tops)]

    def close(self, random: Random) -> None:
        if self.window_is_open:
            self.chain.evm.now = self.spec.opened + self.spec.window + random.choice([0, 0, 1, 10**5])
        kind = random.choice([STANDARD, PRODUCER])
        if not self.chain.waiting[kind]:
            kind = PRODUCER + STANDARD - kind
        left = len(self.chain.waiting[kind])
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
        agents = self.mirror.unmetered
        random.shuffle(agents)
        batch = agents[: random.randint(16, len(agents)) if len(agents) > 16 else len(agents)]
        if random.random() < 0.2:
            self.chain.evm.now = max(self.chain.evm.now, self.spec.settled + self.spec.patience)
            assert self.mirror.end_unmetered(batch) == ""
            return
        books = (
            {} if self.spec.left == self.spec.submissions else {"share": self.spec.share, "carried": self.spec.carried}
        )
        assert self.mirror.meter(batch, **books) == ""

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
            lambda: mirror.deposit(name, MAX_AMOUNT * UNIT - self.spec.owed + 1),
            lambda: mirror.withdraw(name, 0),
            lambda: mirror.withdraw(name, self.spec.account(name).money + 1),
            lambda: mirror.withdraw(role("stranger"), 1),
        ]

    def wrong_register(self, random: Random) -> list[Callable[[], str]]:
        mirror, by, posts = self.mirror, self.spec.registrar, self.spec.posts
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
            lambda: mirror.register_standard(fresh, random.choice([0, 10**18 + 1, 2**64, 2**128]), by=by),
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
        plant = self.spec.plants.get(name)
        nothing = [0] * posts if plant else []
        purse = self.spec.account(name).money // UNIT
        least = [1] + [0] * (posts - 1)
        calls: list[Callable[[], str]] = [
            lambda: mirror.submit(name, least, nothing, day=day + 1),
            lambda: mirror.submit(role("stranger"), least),
            lambda: mirror.submit(name, [0] * posts, nothing),
            lambda: mirror.submit(name, [], nothing),
            lambda: mirror.submit(name, [1] * (posts + 4 if posts < 45 else posts - 4), nothing),
            lambda: mirror.submit(name, least, [] if plant else [0, 1] + [0] * (posts - 2)),
        ]
        if purse + 1 <= MAX_AMOUNT:
            calls.append(lambda: mirror.submit(name, [*[0] * (posts - 1), purse + 1], nothing))
        if plant:
            calls.append(lambda: mirror.submit(name, least, [1] + [0] * (posts - 1)))
            calls.append(lambda: mirror.submit(name, least, [0] * (posts - 1) + [plant.capacity + 1]))
        return calls

    def wrong_step(self, random: Random) -> list[Callable[[], str]]:
        """Steps out of turn; in turn, too few, too many or the wrong ones."""
        mirror, spec, chain = self.mirror, self.spec, self.chain
        day, phase = spec.day, spec.phase
        calls: list[Callable[[], str]] = [
            lambda: mirror.close(STANDARD, 0, day=day + 1),
            lambda: mirror.produce(None, day=day + 1),
            lambda: mirror.end_unmetered([self.names[0]], day=day + 1),
        ]
        if phase != Phase.DONE:
            calls.append(mirror.open)
        if phase != Phase.OPEN or self.window_is_open:
            calls.append(lambda: mirror.close(STANDARD, 0))
        elif spec.submissions + sum(map(len, chain.waiting.values())) > 0:
            calls.append(lambda: mirror.close(STANDARD, 0))
            calls += [lambda k=k: mirror.close(k, min(15, n - 1)) for k in (1, 2) if (n := len(chain.waiting[k])) > 1]  # type: ignore[misc]
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

    def tampered(self, piece: int, random: Random) -> str:
        """A piece shown with one bit of one word changed, or after another head."""
        chosen = self.chain.pieces[piece]
        words = shown(chosen.links)
        size = len(words) // len(chosen.links)
        place = random.choice([n for n in range(len(words)) if n % size])
        words[place] ^= 1 << random.randrange(256)
        prior = chosen.prior
        if random.random() < 0.3:
            words, prior = shown(chosen.links), bytes(32)
        self.mirror.refused_by_chain(
            "posts: not that piece",
            lambda: self.chain.market.settle(self.chain.day, chosen.kind, piece, prior, words),
        )
        return "posts: not that piece"

    def wrong_meter(self, random: Random) -> list[Callable[[], str]]:
        mirror, spec = self.mirror, self.spec
        calls: list[Callable[[], str]] = []
        if spec.phase != Phase.SETTLED:
            mirror.share, mirror.carried, mirror.readings = 5, 3, {}
            return [
                lambda: mirror.meter([self.names[0]]),
                lambda: mirror.meter([self.names[0]], by=self.names[0]),
                lambda: mirror.end_unmetered([self.names[0]]),
            ]
        agents = mirror.unmetered
        begun = spec.left < spec.submissions
        fitting = {"share": spec.share, "carried": spec.carried} if begun else {}
        calls += [
            lambda: mirror.meter(agents, by=agents[0], **fitting),
            lambda: mirror.meter([], **fitting),
            lambda: mirror.meter([*agents, agents[0]], **fitting),
            lambda: mirror.meter(agents, day=spec.day + 1, **fitting),
            lambda: mirror.meter([*agents[:-1], role("stranger")], **fitting),
            lambda: mirror.meter(agents, own=0, **fitting),
            lambda: mirror.meter(agents, share=2**64, carried=0),
            lambda: mirror.end_unmetered([]),
        ]
        if len(agents) > 1:
            calls.append(lambda: mirror.meter([*agents[:-1], agents[0]], **fitting))
            calls.append(lambda: mirror.meter(agents, own=2**96 - 1, **fitting))
        if begun:
            calls.append(lambda: mirror.meter(agents, share=spec.share + 1, carried=spec.carried))
            calls.append(lambda: mirror.meter(agents, share=spec.share, carried=spec.carried + 1))
        if self.chain.evm.now < spec.settled + spec.patience:
            calls.append(lambda: mirror.end_unmetered(agents))
        return calls


__all__ = ["ACCEPTED", "METER", "REFUSED", "REGISTRAR", "MarketMachine"]
