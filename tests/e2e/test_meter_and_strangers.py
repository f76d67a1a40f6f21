"""Nobody's energy is burnt by somebody else: strangers, adorned calls, failed calls, silent meters, on a real chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wattpost.audit import audit_folder
from wattpost.chain import archive, rlp
from wattpost.chain.deployment import Deployment
from wattpost.chain.engine import Engine, open_engine
from wattpost.chain.keccak import keccak
from wattpost.chain.keys import derive
from wattpost.chain.market import Account, Market, call, name_of
from wattpost.chain.permit import sign_permit
from wattpost.chain.wallet import Order, Wallet
from wattpost.fleet import founding
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator, transact
from wattpost.game import Log, Producer, Standard
from wattpost.spec.amounts import pack
from wattpost.study.results import Results

MONEY = 10**20
KAPPA = 10**11
STRANGER = derive(4, "stranger", 0)


def words(*lanes: list[int]) -> bytes:
    """Bids and, of producers, offers, as a submission carries them."""
    return b"".join(word.to_bytes(32, "big") for each in lanes for word in pack(each))


@dataclass
class Town:
    """Homes and plants, an operator, a meter and a stranger."""

    engine: Engine
    homes: int = 1
    plants: int = 1
    deployment: Deployment = field(init=False)
    people: list[Standard | Producer] = field(init=False)
    addresses: list[str] = field(init=False)
    wallets: list[Wallet] = field(init=False)

    def __post_init__(self) -> None:
        operator, meter, dust = (derive(4, role, 0) for role in ("operator", "meter", "dust"))
        keys = [derive(4, "agent", index) for index in range(self.homes + self.plants)]
        self.engine.fund([each.address for each in (operator, meter, STRANGER, *keys)])
        self.operator_wallet = self._wallet(operator, 0)
        rules = founding.Terms(1, 600, 900, KAPPA, meter.address, dust.address)
        self.deployment = founding.deploy(self.engine, self.operator_wallet, rules, len(keys) * MONEY)
        home, plant = Standard("home", 8.0, Log([1.0], 0.0)), Producer("plant", 2.0, 0.5, [5.0], Log([0.1], 0.9))
        self.people = [home] * self.homes + [plant] * self.plants
        self.addresses = [key.address for key in keys]
        agents = dict(zip(self.addresses, self.people, strict=True))
        founding.register(self.engine, self.operator_wallet, self.deployment, agents, MONEY)
        self.market = Market(self.engine.rpc, self.deployment)
        self.meter = Meter(self.engine, self._wallet(meter, 1), self.market)
        self.operator = Operator(self.engine, self.operator_wallet, self.market, self.meter)
        self.wallets = [self._wallet(key, 10 + place) for place, key in enumerate(keys)]
        for wallet in self.wallets:
            self._prepay(wallet)
        self.engine.mine()
        while self.engine.pending().ready:
            self.engine.mine()

    def _wallet(self, key: object, rank: int) -> Wallet:
        return Wallet(self.engine.rpc, key, chain_id=self.engine.chain_id, rank=rank)  # type: ignore[arg-type]

    def _prepay(self, wallet: Wallet) -> None:
        market, token, forever = self.market.address, self.market.bytecoin, 2**256 - 1
        facts = {"token": token, "spender": market, "amount": MONEY, "nonce": 0, "deadline": forever}
        signed = sign_permit(wallet.key, chain_id=self.engine.chain_id, **facts)  # type: ignore[arg-type]
        r, s = (part.to_bytes(32, "big") for part in (signed.r, signed.s))
        wallet.send(market, call("deposit_with_permit", MONEY, forever, 27 + signed.parity, r, s))

    def stranger_sends(self, data: bytes, *, keys: int = 0, gas: int = 6_000_000) -> None:
        """A transaction to the market, with an access list of so many storage keys."""
        nonce, market = self.engine.rpc.nonce(STRANGER.address), bytes.fromhex(self.market.address[2:])
        listed = [[market, [key.to_bytes(32, "big") for key in range(keys)]]] if keys else []
        fields = [self.engine.chain_id, nonce, 1, 1, gas, market, 0, data, listed]
        signature = STRANGER.sign(keccak(b"\x02" + rlp.encode(fields)))
        self.engine.rpc.send(b"\x02" + rlp.encode([*fields, *signature]))

    def bid(self, day: int) -> None:
        for place, wallet in enumerate(self.wallets):
            if place < self.homes:
                wallet.send(self.market.address, call("submit", day, 0, words([0, 7 * 10**9 + place])))
            else:
                wallet.send(self.market.address, call("submit", day, 0, words([5 * 10**9, 10**9], [0, 3 * 10**9])))

    def gather(self, day: int, deadline: int) -> None:
        """Everybody bids, and is mined in time."""
        self.bid(day)
        self.operator.mine_submissions(deadline)

    def accounts(self) -> list[Account]:
        return self.market.accounts([wallet.address for wallet in self.wallets])

    def dust(self) -> int:
        return self.market.account(self.market.rules().dust_account).money

    def open(self) -> int:
        transact(self.engine, self.operator_wallet, [Order(self.market.address, call("open"), 300_000)])
        return self.market.today().number

    def finish(self, day: int) -> None:
        self.engine.mine()
        self.operator.finish(day)

    def receipts(self) -> list[tuple[str | None, str, int]]:
        """(call, sender, gas) of every successful call to the market."""
        found = []
        for block in archive.blocks(self.engine.rpc, 0, self.engine.rpc.block_number()):
            for transaction, receipt in zip(block["block"]["transactions"], block["receipts"], strict=True):
                if (transaction["to"] or "").lower() == self.market.address and receipt["status"] == "0x1":
                    data = bytes.fromhex(transaction["input"][2:])
                    found.append((name_of(data), transaction["from"].lower(), int(receipt["gasUsed"], 16)))
        return found

    def verdict(self, folder: Path) -> str:
        archive.write(self.engine.rpc, folder / "chain.jsonl.gz")
        self.deployment.save(folder / "deployment.json")
        found = audit_folder(folder).to_json()
        assert found["first"] is None, found["first"]
        return str(found["verdict"])


@pytest.fixture
def town() -> Iterator[Town]:
    with open_engine() as engine:
        yield Town(engine)


def test_an_adorned_call__burns_only_its_sender(town: Town, tmp_path: Path) -> None:
    town.stranger_sends(call("open"), keys=1_500)
    town.engine.mine()
    town.bid(1)
    town.finish(1)
    opened = next(gas for name, _, gas in town.receipts() if name == "open")
    assert opened > 2_500_000
    shared = sum(gas for name, _, gas in town.receipts() if name in ("clear", "close", "produce", "settle"))
    reading = town.meter.readings[1]
    assert 2 * reading.share + reading.carried == shared
    assert town.verdict(tmp_path) == "clean"


def test_a_stranger_that_opens_plainly__is_thanked_with_a_share(town: Town, tmp_path: Path) -> None:
    town.stranger_sends(call("open"))
    town.engine.mine()
    town.bid(1)
    town.finish(1)
    shared = sum(gas for name, _, gas in town.receipts() if name in ("open", "clear", "close", "produce", "settle"))
    assert 2 * town.meter.readings[1].share + town.meter.readings[1].carried == shared
    assert town.verdict(tmp_path) == "clean"


def test_failed_calls__are_their_senders_own(town: Town, tmp_path: Path) -> None:
    day = town.open()
    town.bid(day)
    town.stranger_sends(call("open"))  # a day is under way: it fails
    town.wallets[0].send(town.market.address, call("submit", day, 0, words([0, 1])), gas=150_000)  # a second one fails
    town.finish(day)
    home, plant = (wallet.address for wallet in town.wallets)
    first = {sender: gas for name, sender, gas in town.receipts() if name == "submit"}
    reading = town.meter.readings[day]
    assert reading.own[plant] == first[plant]
    assert reading.own[home] > first[home] + 21_000
    assert town.verdict(tmp_path) == "clean"


def test_charges__are_kappa_times_the_gas_on_receipts(town: Town, tmp_path: Path) -> None:
    for _ in range(2):
        day = town.open()
        town.bid(day)
        town.finish(day)
    results = Results(dict(zip(town.addresses, town.people, strict=True)), [1.0], KAPPA)
    told = town.market.events(0, town.engine.rpc.block_number())
    results.absorb(told)
    charged = sum(each.verification for day in results.days for each in day.charged.values())
    carried = [event["carried"] for event in told if event.name == "DayMetered"][-1]
    assert [each.balance for each in results.accounts.values()] == town.market.balances(town.addresses)
    receipts = town.receipts()
    last_meter = [gas for name, _, gas in receipts if name == "meter"][-1]
    begun = next(place for place, (name, _, _) in enumerate(receipts) if name == "open")
    attributed = sum(gas for _, _, gas in receipts[begun:]) - last_meter
    assert charged + KAPPA * carried == KAPPA * attributed
    assert town.verdict(tmp_path) == "clean"


def test_a_silent_meter__is_outlived_and_its_gas_waits(town: Town, tmp_path: Path) -> None:
    day = town.open()
    town.bid(day)
    town.operator.meter = None
    town.finish(day)
    agents = [wallet.address for wallet in town.wallets]
    town.operator.meter = town.meter
    second = town.open()
    town.bid(second)
    town.finish(second)
    ended = town.market.events(0, town.engine.rpc.block_number(), "DayMetered")
    assert [event["silent"] for event in ended] == [True, False]
    own = dict.fromkeys(agents, 0)
    for name, sender, gas in town.receipts():
        if name == "submit":
            own[sender] += gas
    told = town.market.events(0, town.engine.rpc.block_number(), "Submitted")
    observed = {event["agent"]: event["observed_gas"] for event in told if event["day"] == day}
    assert town.meter.readings[second].own == {agent: own[agent] - observed[agent] for agent in agents}
    assert town.verdict(tmp_path) == "clean"
