"""A market with agents that bid at random: every bid on, every offer in, every period, with random digits."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wattpost.chain import archive
from wattpost.chain.deployment import Deployment
from wattpost.chain.engine import Engine
from wattpost.chain.keys import Key, derive
from wattpost.chain.market import Market, call, name_of
from wattpost.chain.permit import sign_permit
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.signed_bid import SignedBid, Terms, batch, sign_bid
from wattpost.chain.wallet import Order, Receipt, Wallet
from wattpost.fleet import founding
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator, transact
from wattpost.game import Agent, Log, Producer, Standard
from wattpost.spec.amounts import UNIT, pack

ONE_IN = 10  # agents is a producer
MONEY = 10**12 * UNIT  # an agent's, 18 decimals
RICH = 50 * MONEY  # given to a producer later, which has to buy its inputs before it has sold anything
MOST_BID = 5 * 10**9  # on a post, 10^-9
CAPACITY = 9.0
WINDOW = 3_600
BATCH = 400  # signed bids a transaction carries at T = 24; fewer words, more bids
KAPPA = 10**11  # nothing in arrears


@dataclass(slots=True)
class Street:
    """One deployed market, its agents' wallets, and who moves its days on."""

    engine: Engine
    periods: int
    keys: list[Key]
    people: list[Agent]
    kinds: list[int]
    wallets: list[Wallet]
    relayer: Wallet
    operator: Operator
    market: Market
    deployment: Deployment
    dice: random.Random
    sent: list[tuple[int, bytes]] = field(default_factory=list)  # kind and words of the day's submissions

    @classmethod
    def built(cls, engine: Engine, agents: int, periods: int, c: float, seed: int = 1) -> Street:
        """Deployed on an engine, with every agent registered and its bytecoin prepaid."""
        keys = [derive(seed, "agent", place) for place in range(agents)]
        roles = {name: derive(seed, name, 0) for name in ("operator", "meter", "relayer", "dust")}
        engine.fund([key.address for key in (*roles.values(), *keys)])
        operator = Wallet(engine.rpc, roles["operator"], chain_id=engine.chain_id)
        terms = founding.Terms(periods, WINDOW, WINDOW, KAPPA, roles["meter"].address, roles["dust"].address)
        deployment = founding.deploy(engine, operator, terms, agents * (MONEY + RICH))
        people = _people(agents, periods, c)
        by_address = dict(zip((key.address for key in keys), people, strict=True))
        founding.register(engine, operator, deployment, by_address, MONEY)
        market = Market(engine.rpc, deployment)
        meter = Meter(engine, Wallet(engine.rpc, roles["meter"], chain_id=engine.chain_id, rank=1), market)
        wallets = [Wallet(engine.rpc, key, chain_id=engine.chain_id, rank=100 + i) for i, key in enumerate(keys)]
        street = cls(
            engine,
            periods,
            keys,
            people,
            [PRODUCER if isinstance(each, Producer) else STANDARD for each in people],
            wallets,
            Wallet(engine.rpc, roles["relayer"], chain_id=engine.chain_id, rank=50),
            Operator(engine, operator, market, meter),
            market,
            deployment,
            random.Random(seed),
        )
        street._prepay(wallets, MONEY, 0)
        return street

    def day(self, relayed: bool) -> Counter[str]:
        """One whole day; gas by the call that used it."""
        first = self.engine.rpc.block_number() + 1
        self.operator.play(self._relay if relayed else self._submit)
        gas: Counter[str] = Counter()
        for block in archive.blocks(self.engine.rpc, first, self.engine.rpc.block_number()):
            for sent, receipt in zip(block["block"]["transactions"], block["receipts"], strict=True):
                name = name_of(bytes.fromhex(sent["input"][2:10])) or "?"
                if int(receipt["status"], 16) != 1:
                    reason = self.relayer.reason(Receipt.read(receipt))
                    raise RuntimeError(f"A call to {name} failed ({reason}): the figures would mean nothing.")
                gas[name] += int(receipt["gasUsed"], 16)
        return gas

    def _submit(self, day: int, deadline: int) -> None:
        self.sent = [(kind, self._words(kind)) for kind in self.kinds]
        for wallet, (_, words) in zip(self.wallets, self.sent, strict=True):
            wallet.send(self.market.address, call("submit", day, 0, words), gas=2_000_000)
        drain(self.engine)

    def _relay(self, day: int, deadline: int) -> None:
        self.sent = [(kind, self._words(kind)) for kind in self.kinds]
        terms = Terms(self.engine.chain_id, self.market.address, self.relayer.address)
        domain = terms.domain
        bids: list[SignedBid] = []
        for key, (kind, words) in zip(self.keys, self.sent, strict=True):
            numbers = [int.from_bytes(words[at : at + 32], "big") for at in range(0, len(words), 32)]
            bids.append(sign_bid(key, terms, day, kind, numbers, deadline=deadline, domain=domain))
        for start in range(0, len(bids), BATCH):
            self.relayer.send(self.market.address, batch(bids[start : start + BATCH]), gas=16_000_000)
        drain(self.engine)

    def _words(self, kind: int) -> bytes:
        bids = [self.dice.randrange(10**7, MOST_BID) for _ in range(self.periods + 1)]
        words = pack(bids)
        if kind == PRODUCER:
            words += pack([0, *(self.dice.randrange(10**7, 2 * 10**9) for _ in range(self.periods))])
        return b"".join(word.to_bytes(32, "big") for word in words)

    def enrich(self) -> None:
        """Give producers so much bytecoin that paying in advance binds none of them."""
        rich = [wallet for wallet, kind in zip(self.wallets, self.kinds, strict=True) if kind == PRODUCER]
        token = self.market.bytecoin
        transact(
            self.engine, self.operator.wallet, [Order(token, call("transfer", w.address, RICH), 100_000) for w in rich]
        )
        self._prepay(rich, RICH, 1)

    def _prepay(self, wallets: Sequence[Wallet], money: int, nonce: int) -> None:
        until = 2**256 - 1
        for wallet in wallets:
            signature = sign_permit(
                wallet.key,
                chain_id=self.engine.chain_id,
                token=self.market.bytecoin,
                spender=self.market.address,
                amount=money,
                nonce=nonce,
                deadline=until,
            )
            r, s = (part.to_bytes(32, "big") for part in (signature.r, signature.s))
            wallet.send(self.market.address, call("deposit_with_permit", money, until, 27 + signature.parity, r, s))
        drain(self.engine)


def drain(engine: Engine) -> None:
    """Mine until nothing waits."""
    engine.mine()
    while engine.pending().ready:
        engine.mine()


def _people(count: int, periods: int, c: float) -> list[Agent]:
    taste = Log(np.ones(periods), 1.0)
    makers = max(1, count // ONE_IN)
    homes = [Standard(f"home-{place}", 10.0, taste) for place in range(count - makers)]
    return [*homes, *(Producer(f"plant-{place}", 2.0, c, np.full(periods, CAPACITY), taste) for place in range(makers))]
