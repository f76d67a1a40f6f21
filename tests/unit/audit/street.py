"""A small market on an in-process chain, driven call by call, whose every step a test can spoil."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wattpost.chain import archive
from wattpost.chain.compile import compile_all
from wattpost.chain.deployment import Deployment, deploy
from wattpost.chain.engine.eth_tester import EthTester
from wattpost.chain.keys import Key, derive
from wattpost.chain.market import MOVES_THE_DAY, Market, call, name_of
from wattpost.chain.readings import pack as pack_readings
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.showing import Piece, Shown, pieces, show
from wattpost.chain.signed_bid import SignedBid, Terms, batch, sign_bid
from wattpost.chain.transaction import contract_address
from wattpost.chain.wallet import Receipt, Wallet
from wattpost.energy import Books, Reading, Use
from wattpost.spec import WAD, pack, pack_profile

UNIT = 10**9
KAPPA = 66_666_666_666  # 0.24 J a gas
WINDOW, PATIENCE = 60, 120
SUPPLY = 100_000 * WAD


def raw(words: Sequence[int]) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in words)


@dataclass
class Street:
    """Standard agents and producers by number; keys are test keys, so doctored transactions can be signed again."""

    periods: int = 3
    standard: int = 3
    producers: int = 2
    folder: Path | None = None  # other contracts than the project's
    kappa: int = KAPPA
    supply: int = SUPPLY
    efficiency: int = 0
    first_gas: int = 0
    store: int = 0  # of each agent at first
    chain: EthTester = field(default_factory=EthTester)
    books: Books = field(default_factory=Books)
    begun: bool = False
    day: int = 0
    shown: list[Shown] = field(default_factory=list)
    observed: dict[str, int] = field(default_factory=dict)  # what the market saw of direct submissions
    relayed: list[str] = field(default_factory=list)
    reading: Reading | None = None

    def __post_init__(self) -> None:
        self.founder, self.meter = self.wallet("founder"), self.wallet("meter")
        self.stranger = self.wallet("stranger")
        self.agents = [self.wallet("agent", i) for i in range(self.standard + self.producers)]
        self.registered: set[str] = set()
        self.duster = self.wallet("dust")
        self.deploy()

    def wallet(self, role: str, index: int = 0) -> Wallet:
        key: Key = derive(1, role, index)
        self.chain.fund([key.address])
        rank = {"founder": 0, "meter": 1, "stranger": 2, "dust": 3}.get(role, 4 + index)
        return Wallet(self.chain.rpc, key, chain_id=self.chain.chain_id, rank=rank)

    def deploy(self) -> None:
        artifacts = compile_all(["Bytecoin", "Registry", "Market"], folder=self.folder)
        me = self.founder.address
        token, registry = contract_address(me, 0), contract_address(me, 1)
        arguments = {
            "Bytecoin": [me, self.supply],
            "Registry": [self.periods, me],
            "Market": [
                token, registry, WINDOW, PATIENCE, self.kappa, self.efficiency, self.first_gas, self.meter.address,
                self.duster.address,
            ],
        }  # fmt: skip
        contracts = {
            name: deploy(self.founder, artifacts[name], arguments[name], mine=self.chain.mine) for name in arguments
        }
        genesis = self.chain.rpc.genesis_hash()
        self.deployment = Deployment(self.chain.chain_id, "eth-tester", genesis, contracts)
        self.market, self.token = self.deployment.address("Market"), self.deployment.address("Bytecoin")
        self.registry = self.deployment.address("Registry")

    # ---- sending

    def send(self, *calls: tuple[Wallet, bytes] | tuple[Wallet, bytes, str], at: int | None = None) -> list[Receipt]:
        """Calls to the market (or to what is named third), mined in one block, counted by the metering rule."""
        sent = []
        for wallet, data, *to in calls:
            sent.append((wallet, data, to[0] if to else self.market))
        signed = [(w, w.send(to, data, gas=16_000_000 if len(calls) == 1 else 3_000_000)) for w, data, to in sent]
        self.chain.mine(at)
        receipts = [wallet.wait(one) for wallet, one in signed]
        for receipt, (wallet, data, to) in zip(receipts, sent, strict=True):
            name = name_of(data) if to == self.market and receipt.ok else None
            self.begun |= name == "open"
            if self.begun and to in (self.market, self.token):
                use = Use.DAY if name in MOVES_THE_DAY else Use.BATCH if name == "relay" else Use.OWN
                self.books.count(wallet.address, receipt.gas_used, use, registered=wallet.address in self.registered)
        return receipts

    def ok(self, *calls: tuple[Wallet, bytes] | tuple[Wallet, bytes, str], at: int | None = None) -> list[Receipt]:
        receipts = self.send(*calls, at=at)
        for receipt, (wallet, *_) in zip(receipts, calls, strict=True):
            assert receipt.ok, wallet.reason(receipt)
        return receipts

    def account(self, owner: str) -> int:
        """Prepaid money."""
        return Market(self.chain.rpc, self.deployment).account(owner).money

    # ---- a market's life

    def found(self, money: int = 1000 * WAD) -> None:
        """Register everybody, hand out bytecoin, deposit nine tenths of it."""
        me = self.founder
        full = [10_000] * self.periods
        part = ([10_000, 4_000] + [7_000] * self.periods)[: self.periods]
        self.ok((me, call("set_profile", 0, pack_profile(full)), self.registry))
        self.ok((me, call("set_profile", 1, pack_profile(part)), self.registry))
        powers = (5 * 10**17, WAD, 8 * 10**17, 13 * 10**17)
        for i, agent in enumerate(self.agents):
            if i < self.standard:
                data = call("register_standard", agent.address, (10 + i) * UNIT, self.store)
            else:
                data = call("register_producer", agent.address, 2 * WAD, powers[i % 4], 5 * UNIT, i % 2, self.store)
            self.ok((me, data, self.registry))
            self.registered.add(agent.address)
            self.ok((me, call("transfer", agent.address, money), self.token))
        self.ok(*((agent, call("approve", self.market, money), self.token) for agent in self.agents))
        self.ok(*((agent, call("deposit", money * 9 // 10)) for agent in self.agents))

    def words(self, i: int) -> tuple[int, ...]:
        """Agent i's bids and offers, words of lanes, different for everybody and every day."""
        salt = 7 * self.day + 3 * i + 1
        money = [(salt * (post + 2) * 37) % 997 * UNIT // 40 + post for post in range(self.periods + 1)]
        if i < self.standard:
            return tuple(pack(money))
        offers = [0] + [(salt * period * 13) % 190 * UNIT // 100 for period in range(1, self.periods + 1)]
        return (*pack([10 * money[0], *money[1:]]), *pack(offers))

    def kind(self, i: int) -> int:
        return STANDARD if i < self.standard else PRODUCER

    def to_store(self, i: int) -> int:
        """kWh, 10^-9; where there are no stores, none."""
        return (1 + i) * UNIT // 50 if self.efficiency else 0

    def open(self) -> None:
        self.ok((self.founder, call("open")))
        self.begin()

    def begin(self) -> None:
        """Somebody has opened a day."""
        self.day += 1
        self.opened = self.chain.head()[1]
        self.shown, self.observed, self.relayed = [], {}, []

    def submission(self, i: int) -> bytes:
        return call("submit", self.day, self.to_store(i), raw(self.words(i)))

    def submit(self, *numbers: int) -> list[Receipt]:
        """Those agents' bids, in one block."""
        receipts = self.ok(*((self.agents[i], self.submission(i)) for i in numbers))
        for i, receipt in zip(numbers, receipts, strict=True):
            self.saw(receipt, self.kind(i), self.words(i), self.to_store(i))
        return receipts

    def saw(self, receipt: Receipt, kind: int, words: tuple[int, ...], to_store: int = 0) -> None:
        """A submission went through."""
        log = next(log for log in receipt.logs if log.address == self.market)
        owner = int.from_bytes(log.data[:32], "big")
        agent = f"0x{owner & 2**160 - 1:040x}"
        self.observed[agent] = owner >> 224
        self.shown.append(Shown(agent, kind, words, to_store, owner >> 224))

    def signed(self, i: int, relayer: Wallet | None = None, deadline: int = 2**40) -> SignedBid:
        terms = Terms(self.chain.chain_id, self.market, (relayer or self.stranger).address)
        words, store = self.words(i), self.to_store(i)
        return sign_bid(self.agents[i].key, terms, self.day, self.kind(i), words, to_store=store, deadline=deadline)

    def relay(self, *numbers: int, more: Sequence[SignedBid] = ()) -> Receipt:
        """Those agents' bids in one batch of the stranger's, with others that the market will skip."""
        bids = [*(self.signed(i) for i in numbers), *more]
        (receipt,) = self.ok((self.stranger, batch(bids)))
        for i in sorted(numbers, key=self.kind):
            self.relayed.append(self.agents[i].address)
            self.shown.append(Shown(self.agents[i].address, self.kind(i), self.words(i), self.to_store(i)))
        return receipt

    def parts(self) -> list[Piece]:
        return pieces(self.day, self.shown)

    def clearing(self) -> bytes:
        kinds = [[each for each in self.shown if each.kind == kind] for kind in (STANDARD, PRODUCER)]
        return show("clear", self.day, *map(len, kinds), submissions=[*kinds[0], *kinds[1]])

    def clear(self) -> None:
        """The whole day in one call."""
        at = max(self.opened + WINDOW, self.chain.head()[1] + 1)
        self.ok((self.founder, self.clearing()), at=at)
        self.draw()

    def closing(self, part: Piece) -> bytes:
        return show("close", self.day, part.kind, part.prior, len(part.submissions), submissions=part.submissions)

    def producing(self, number: int, part: Piece) -> bytes:
        return show("produce", self.day, number, part.prior, len(part.submissions), submissions=part.submissions)

    def settling(self, number: int, part: Piece) -> bytes:
        count = len(part.submissions)
        return show("settle", self.day, part.kind, number, part.prior, count, submissions=part.submissions)

    def close(self) -> None:
        at = max(self.opened + WINDOW, self.chain.head()[1] + 1)
        calls = [(self.founder, self.closing(part)) for part in self.parts()]
        empty = show("close", self.day, STANDARD, bytes(32), 0, submissions=[])
        self.ok(*(calls or [(self.founder, empty)]), at=at)

    def produce(self) -> None:
        calls = [(self.founder, self.producing(n, p)) for n, p in enumerate(self.parts()) if p.kind == PRODUCER]
        empty = show("produce", self.day, 0, bytes(32), 0, submissions=[])
        self.ok(*(calls or [(self.founder, empty)]))

    def settle(self, *numbers: int) -> None:
        """Those pieces, or all."""
        chosen = [(n, p) for n, p in enumerate(self.parts()) if n in numbers or not numbers]
        self.ok(*((self.founder, self.settling(n, p)) for n, p in chosen))
        self.draw()

    def draw(self) -> None:
        self.reading = self.books.draw(self.observed, self.relayed)

    def readings(self) -> list[int]:
        """What the meter posts of the day drawn."""
        assert self.reading
        words = []
        for kind in (STANDARD, PRODUCER):
            agents = [each.agent for each in self.shown if each.kind == kind]
            own = self.reading.own
            words += pack_readings(kind, [own.get(agent, 0) - self.observed.get(agent, 0) for agent in agents])
        return words

    def metering(self, *, last: bool = True, words: Sequence[int] | None = None) -> bytes:
        assert self.reading
        drawn = self.reading
        posted = self.readings() if words is None else words
        return call("meter", self.day, drawn.share, drawn.relayed, drawn.carried, posted, last)

    def post(self) -> None:
        """Meter the day."""
        self.ok((self.meter, self.metering()))
        self.charge()

    def charge(self, silent: bool = False) -> None:
        assert self.reading
        seen = None
        if silent:
            told = Market(self.chain.rpc, self.deployment).events(0, self.chain.head()[0], "DayMetered")
            seen = told[-1]["relayed"]
        self.books.charge(self.reading, self.observed, self.relayed, seen)

    def silent(self) -> None:
        """Nobody meters; anyone ends the day after a while."""
        at = self.chain.head()[1] + PATIENCE + 1
        self.ok((self.agents[0], call("end_unmetered", self.day)), at=at)
        self.charge(silent=True)

    def play(self, *numbers: int) -> None:
        """A whole honest day; of everybody if nobody is named."""
        self.open()
        self.submit(*(numbers or range(len(self.agents))))
        self.clear()
        self.post()

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        archive.write(self.chain.rpc, folder / "chain.jsonl.gz")
        (folder / "deployment.json").write_text(json.dumps(asdict(self.deployment)))
        return folder
