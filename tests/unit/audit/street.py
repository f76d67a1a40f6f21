"""A small market on an in-process chain, driven call by call, whose every step a test can spoil."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wattpost.chain import archive
from wattpost.chain.compile import compile_all
from wattpost.chain.deployment import Deployment, deploy
from wattpost.chain.engine.eth_tester import EthTester
from wattpost.chain.keys import Key, derive
from wattpost.chain.market import MOVES_THE_DAY, Market, call, name_of, reading
from wattpost.chain.showing import PRODUCER, STANDARD, Piece, Shown, pieces
from wattpost.chain.transaction import contract_address
from wattpost.chain.wallet import Receipt, Wallet
from wattpost.energy import Books
from wattpost.spec import WAD, pack, pack_profile

UNIT = 10**9
KAPPA = 66_666_666_666  # 0.24 J a gas
WINDOW, PATIENCE = 60, 120
SUPPLY = 100_000 * WAD


@dataclass
class Street:
    """Standard agents and producers by number; keys are test keys, so doctored transactions can be signed again."""

    periods: int = 3
    standard: int = 3
    producers: int = 2
    folder: Path | None = None  # other contracts than the project's
    kappa: int = KAPPA
    supply: int = SUPPLY
    chain: EthTester = field(default_factory=EthTester)
    books: Books = field(default_factory=Books)
    begun: bool = False
    day: int = 0
    shown: list[Shown] = field(default_factory=list)
    observed: dict[str, int] = field(default_factory=dict)
    drawn: tuple[int, int, dict[str, int]] = (0, 0, {})

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
        artifacts = compile_all(["Bytecoin", "Technology", "Market"], folder=self.folder)
        me = self.founder.address
        token, technology = contract_address(me, 0), contract_address(me, 1)
        arguments = {
            "Bytecoin": [me, self.supply],
            "Technology": [],
            "Market": [
                token, technology, self.periods, WINDOW, PATIENCE, self.kappa, me, self.meter.address,
                self.duster.address,
            ],
        }  # fmt: skip
        contracts = {
            name: deploy(self.founder, artifacts[name], arguments[name], mine=self.chain.mine) for name in arguments
        }
        genesis = self.chain.rpc.genesis_hash()
        self.deployment = Deployment(self.chain.chain_id, "eth-tester", genesis, contracts)
        self.market, self.token = self.deployment.address("Market"), self.deployment.address("Bytecoin")

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
            name = next((n for n in MOVES_THE_DAY if to == self.market and name_of(data) == n), None)
            moved = receipt.ok and name is not None
            self.begun |= moved and name == "open"
            if self.begun and to in (self.market, self.token):
                known = wallet.address in self.registered
                self.books.count(wallet.address, receipt.gas_used, moved_the_day=moved, registered=known)
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
        self.ok((me, call("set_profile", 0, pack_profile(full))))
        self.ok((me, call("set_profile", 1, pack_profile(([10_000, 4_000] + [7_000] * self.periods)[: self.periods]))))
        powers = (5 * 10**17, WAD, 8 * 10**17, 13 * 10**17)
        for i, agent in enumerate(self.agents):
            if i < self.standard:
                self.ok((me, call("register_standard", agent.address, (10 + i) * UNIT)))
            else:
                data = call("register_producer", agent.address, 2 * WAD, powers[i % 4], 5 * UNIT, i % 2)
                self.ok((me, data))
            self.registered.add(agent.address)
            self.ok((me, call("transfer", agent.address, money), self.token))
        self.ok(*((agent, call("approve", self.market, money), self.token) for agent in self.agents))
        self.ok(*((agent, call("deposit", money * 9 // 10)) for agent in self.agents))

    def bids(self, i: int) -> tuple[list[int], list[int]]:
        """Agent i's bids and offers, words of lanes, different for everybody and every day."""
        salt = 7 * self.day + 3 * i + 1
        money = [(salt * (post + 2) * 37) % 997 * UNIT // 40 + post for post in range(self.periods + 1)]
        if i < self.standard:
            return pack(money), []
        offers = [0] + [(salt * period * 13) % 190 * UNIT // 100 for period in range(1, self.periods + 1)]
        return pack([10 * money[0], *money[1:]]), pack(offers)

    def open(self) -> None:
        self.ok((self.founder, call("open")))
        self.day += 1
        self.opened = self.chain.head()[1]
        self.shown, self.observed = [], {}

    def submit(self, *numbers: int) -> list[Receipt]:
        """Those agents' bids, in one block."""
        words = {i: self.bids(i) for i in numbers}
        receipts = self.ok(*((self.agents[i], call("submit", self.day, *words[i])) for i in numbers))
        for i, receipt in zip(numbers, receipts, strict=True):
            kind = STANDARD if i < self.standard else PRODUCER
            bids, offers = (tuple(part) for part in words[i])
            agent = self.agents[i].address
            self.shown.append(Shown(agent, kind, bids, offers))
            log = next(log for log in receipt.logs if log.address == self.market)
            self.observed[agent] = int.from_bytes(log.data[:32], "big")
        return receipts

    def parts(self) -> list[Piece]:
        return pieces(self.day, self.periods, self.shown)

    def close(self) -> None:
        at = max(self.opened + WINDOW, self.chain.head()[1] + 1)
        calls = [(self.founder, call("close", self.day, p.kind, p.prior, p.words)) for p in self.parts()]
        self.ok(*(calls or [(self.founder, call("close", self.day, 1, bytes(32), []))]), at=at)

    def produce(self) -> None:
        producers = [(n, p) for n, p in enumerate(self.parts()) if p.kind == PRODUCER]
        calls = [(self.founder, call("produce", self.day, n, p.prior, p.words)) for n, p in producers]
        self.ok(*(calls or [(self.founder, call("produce", self.day, 0, bytes(32), []))]))

    def settle(self, *numbers: int) -> None:
        """Those pieces, or all."""
        chosen = [(n, p) for n, p in enumerate(self.parts()) if n in numbers or not numbers]
        self.ok(*((self.founder, call("settle", self.day, p.kind, n, p.prior, p.words)) for n, p in chosen))
        self.reading = self.books.draw(self.observed)

    def post(self, own: dict[str, int] | None = None, share: int | None = None, carried: int | None = None) -> None:
        """Meter the day; what is given replaces what the books say."""
        drawn = self.reading
        gas = drawn.own | (own or {})
        words = [reading(agent, gas[agent]) for agent in self.observed]
        posted = drawn.share if share is None else share
        rest = drawn.carried if carried is None else carried
        self.ok((self.meter, call("meter", self.day, posted, rest, words)))
        self.books.charge(drawn, self.observed, {})

    def silent(self) -> None:
        """Nobody meters; anyone ends the day after a while."""
        at = self.chain.head()[1] + PATIENCE + 1
        self.ok((self.agents[0], call("end_unmetered", self.day, list(self.observed))), at=at)
        self.books.charge(self.reading, [], self.observed)

    def play(self, *numbers: int) -> None:
        """A whole honest day; of everybody if nobody is named."""
        self.open()
        self.submit(*(numbers or range(len(self.agents))))
        self.close()
        self.produce()
        self.settle()
        self.post()

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        archive.write(self.chain.rpc, folder / "chain.jsonl.gz")
        (folder / "deployment.json").write_text(json.dumps(asdict(self.deployment)))
        return folder
