"""Signed bids through a relayer, on a real chain: nothing is lost, whoever goes away and however the node answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.test_meter_and_strangers import KAPPA, MONEY
from wattpost.chain.engine import Engine, open_engine
from wattpost.chain.engine.server import MethodError, Server
from wattpost.chain.events import Event
from wattpost.chain.keys import derive
from wattpost.chain.market import Market, call
from wattpost.chain.rpc import NodeRefused, Rpc, RpcError
from wattpost.chain.signed_bid import SignedBid, Terms, sign_bid
from wattpost.chain.wallet import Order, Wallet
from wattpost.fleet import founding
from wattpost.fleet.agent import Agent, Report, Settings
from wattpost.fleet.host import Host
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator, transact
from wattpost.fleet.relayer import Relayer
from wattpost.fleet.relaying import Desk, DeskServer
from wattpost.game import Log, Producer, Standard
from wattpost.spec.amounts import pack


@dataclass
class Quarter:
    """Six homes and two plants in one process, and a relayer at its desk."""

    engine: Engine
    desk: DeskServer = field(init=False)
    relayer: Relayer = field(init=False)
    host: Host = field(init=False)

    def __post_init__(self) -> None:
        operator, meter, dust, relayer = (derive(6, role, 0) for role in ("operator", "meter", "dust", "relayer"))
        keys = [derive(6, "agent", index) for index in range(8)]
        self.engine.fund([each.address for each in (operator, meter, relayer, *keys)])
        self.wallet = self.at(self.engine.rpc, operator, 0)
        rules = founding.Terms(1, 600, 900, KAPPA, meter.address, dust.address)
        self.deployment = founding.deploy(self.engine, self.wallet, rules, len(keys) * MONEY)
        homes = [Standard(f"home-{place}", 8.0 + place, Log([1.0], 0.5)) for place in range(6)]
        plants = [Producer(f"plant-{place}", 2.0, 0.5, [5.0], Log([0.1], 0.9)) for place in range(2)]
        people = [*homes, *plants]
        addresses = [key.address for key in keys]
        founding.register(self.engine, self.wallet, self.deployment, dict(zip(addresses, people, strict=True)), MONEY)
        self.market = Market(self.engine.rpc, self.deployment)
        metering = Meter(self.engine, self.at(self.engine.rpc, meter, 1), self.market)
        self.operator = Operator(self.engine, self.wallet, self.market, metering)
        self.agents = [
            Agent(Settings(each, 0.5, 60_000, (1.0,), "best-response"), self.at(self.engine.rpc, key, 100 + place))
            for place, (key, each) in enumerate(zip(keys, people, strict=True))
        ]
        self.serve(self.engine.rpc)
        self.host.prepay()
        self.engine.mine()

    def at(self, rpc: Rpc, key: Any, rank: int) -> Wallet:
        return Wallet(rpc, key, chain_id=self.engine.chain_id, rank=rank)

    def serve(self, rpc: Rpc) -> None:
        """A relayer that talks to the node through `rpc`, and agents that know it."""
        self.relayer = Relayer(self.at(rpc, derive(6, "relayer", 0), 2), Market(rpc, self.deployment))
        self.desk = DeskServer(self.relayer)
        self.host = Host(self.agents, self.market, Desk(self.desk.url))

    def open(self) -> int:
        transact(self.engine, self.wallet, [Order(self.market.address, call("open"), 300_000)])
        return self.market.today().number

    def step(self) -> dict[str, int]:
        """What agents did, counted."""
        counts: dict[str, int] = {}
        for report in self.reports():
            counts[report.did] = counts.get(report.did, 0) + 1
        return counts

    def reports(self) -> list[Report]:
        return [report for some in self.host.step() for report in some]

    def half_time(self) -> None:
        today = self.market.today()
        self.engine.mine(today.opened + self.market.rules().window // 2)

    def submitted(self, day: int) -> list[Event]:
        events = self.market.events(0, self.engine.rpc.block_number(), "Submitted")
        return [event for event in events if event["day"] == day]

    def batches(self) -> int:
        return len(self.market.own_events(self.engine.rpc.call("eth_getLogs", self.filter("Relayed"))))

    def filter(self, name: str) -> dict[str, Any]:
        from wattpost.chain.events import topic

        return {"address": self.market.address, "fromBlock": "0x0", "toBlock": "latest", "topics": [topic(name)]}

    def failed(self) -> int:
        """Calls to the market that were mined and failed."""
        blocks = [self.engine.rpc.block(n) for n in range(self.engine.rpc.block_number() + 1)]
        hashes = [each for block in blocks for each in block["transactions"]]
        receipts = self.engine.rpc.batch(("eth_getTransactionReceipt", (each,)) for each in hashes)
        return sum(receipt["status"] == "0x0" for receipt in receipts)


@pytest.fixture
def quarter() -> Iterator[Quarter]:
    with open_engine() as engine:
        made = Quarter(engine)
        yield made
        made.desk.close()


def test_signed_bids__are_carried_in_one_batch_for_all(quarter: Quarter) -> None:
    for day in (1, 2):
        assert quarter.open() == day
        assert quarter.step() == {"signed": 8}
        assert quarter.relayer.carry(day) == 8
        quarter.engine.mine()
        assert quarter.relayer.missing(day) == set()
        assert [event["relayed"] for event in quarter.submitted(day)] == [True] * 8
        quarter.half_time()
        assert quarter.step() == {}  # all of them are there: nobody submits twice
        quarter.operator.finish(day)
    assert quarter.batches() == 2 and quarter.failed() == 0


def test_a_relayer_that_goes_away__leaves_its_agents_half_of_the_window(quarter: Quarter) -> None:
    day = quarter.open()
    assert quarter.step() == {"signed": 8}
    quarter.desk.close()
    quarter.engine.mine()
    assert quarter.step() == {}
    quarter.half_time()
    assert quarter.step() == {"submitted": 8}
    quarter.engine.mine()
    assert [event["relayed"] for event in quarter.submitted(day)] == [False] * 8
    assert quarter.relayer.carry(day) == 0  # back again, and too late to do harm
    quarter.operator.finish(day)
    assert quarter.failed() == 0
    quarter.open()
    assert quarter.step() == {"signed": 8}  # handed to nobody; the chain will tell
    quarter.half_time()
    assert quarter.step() == {"submitted": 8}


def test_a_bid_that_is_dropped__is_submitted_by_its_agent_alone(quarter: Quarter) -> None:
    day = quarter.open()
    quarter.step()
    victim = quarter.agents[3]
    del quarter.relayer._held[day][victim.wallet.address]
    assert quarter.relayer.carry(day) == 7
    quarter.engine.mine()
    quarter.half_time()
    (report,) = quarter.reports()
    assert (report.name, report.did) == (victim.name, "submitted") and "relayer" in report.why
    quarter.engine.mine()
    assert len(quarter.submitted(day)) == 8 and quarter.failed() == 0


def test_a_desk_that_refuses__is_not_waited_for(quarter: Quarter) -> None:
    quarter.open()
    quarter.host = Host(quarter.agents, quarter.market, Desk(quarter.desk.url, "0x" + "77" * 20))
    reports = quarter.reports()
    assert {report.did for report in reports} == {"submitted"} and "not signed by such an agent" in reports[0].why


def test_after_half_of_the_window__nobody_signs(quarter: Quarter) -> None:
    quarter.open()
    quarter.half_time()
    assert quarter.step() == {"submitted": 8}


def test_bids__are_judged_at_the_desk(quarter: Quarter) -> None:
    day = quarter.open()
    key = quarter.agents[0].wallet.key
    terms = Terms(quarter.engine.chain_id, quarter.market.address, quarter.relayer.address)

    def signed(by: Any = key, money: int = 5, kind: int = 1) -> SignedBid:
        return sign_bid(by, terms, day, kind, pack([0, money]) * kind, deadline=2**40)

    other_chain = sign_bid(key, Terms(1, terms.market, terms.relayer), day, 1, pack([0, 5]), deadline=2**40)
    other_market = sign_bid(key, Terms(terms.chain_id, "0x" + "12" * 20, terms.relayer), day, 1, [9], deadline=2**40)
    stranger = signed(derive(9, "stranger", 0))
    wrong_kind = signed(kind=2)
    short = SignedBid(1, day, (), 0, 2**40, bytes(64))
    for bad in (other_chain, other_market, stranger, wrong_kind, short):
        assert quarter.relayer.take([bad])[0].startswith("relayer: ")
    assert quarter.relayer.take([signed()]) == [""]
    assert quarter.relayer.take([signed()]) == [""]  # handed over twice, held once
    assert "another bid" in quarter.relayer.take([signed(money=6)])[0]


def test_what_cannot_be_accepted__is_not_carried(quarter: Quarter) -> None:
    day = quarter.open()
    terms = Terms(quarter.engine.chain_id, quarter.market.address, quarter.relayer.address)
    now = quarter.engine.head()[1]
    rich = sign_bid(quarter.agents[0].wallet.key, terms, day, 1, pack([0, 10**13]), deadline=now + 100)
    late = sign_bid(quarter.agents[1].wallet.key, terms, day, 1, pack([0, 5]), deadline=now)
    empty = sign_bid(quarter.agents[2].wallet.key, terms, day, 1, pack([0, 0]), deadline=now + 100)
    good = sign_bid(quarter.agents[3].wallet.key, terms, day, 1, pack([0, 5]), deadline=now + 100)
    assert quarter.relayer.take([rich, late, empty, good]) == ["", "", "", ""]
    assert quarter.relayer.carry(day) == 1
    quarter.engine.mine()
    assert [event["agent"] for event in quarter.submitted(day)] == [quarter.agents[3].wallet.address]


# ---- batches and blocks


def test_a_batch_over_the_limit__is_split(quarter: Quarter) -> None:
    day = quarter.open()
    quarter.step()
    quarter.relayer._limit = 300_000
    assert quarter.relayer.carry(day) == 8
    while quarter.engine.pending().ready:
        quarter.engine.mine()
    assert len(quarter.submitted(day)) == 8 and quarter.batches() > 2
    assert all(each.gas <= 300_000 for each in quarter.relayer._sent)


# ---- a node that misbehaves


class Node(dict[str, Callable[[list[Any]], Any]]):
    """Passes everything on but what it is told to spoil."""

    def __init__(self, rpc: Rpc, spoil: Callable[[Callable[[], Any], int], Any]) -> None:
        self._rpc, self._spoil, self.sent = rpc, spoil, 0

    def get(self, name: str, default: Any = None) -> Any:  # type: ignore[override]
        def answer(parameters: list[Any]) -> Any:
            def through() -> Any:
                try:
                    return self._rpc.call(name, *parameters)
                except NodeRefused as refusal:
                    raise MethodError(refusal.code or -32000, refusal.message) from None

            if name != "eth_sendRawTransaction":
                return through()
            self.sent += 1
            return self._spoil(through, self.sent)

        return answer


def late(through: Callable[[], Any], count: int) -> Any:
    answer = through()
    if count == 1:
        time.sleep(0.8)
    return answer


def twice(through: Callable[[], Any], count: int) -> Any:
    through()
    return through()


def never(through: Callable[[], Any], count: int) -> Any:
    if count == 1:
        time.sleep(0.8)
        return None
    return through()


def only_small(through: Callable[[], Any], count: int) -> Any:
    if count in (1, 2):
        raise MethodError(-32000, "exceeds block gas limit")
    return through()


@pytest.mark.parametrize("spoil", [late, twice, never, only_small], ids=lambda each: each.__name__)
def test_a_node_that_misbehaves__loses_and_doubles_nothing(
    quarter: Quarter, spoil: Callable[[Callable[[], Any], int], Any]
) -> None:
    server = Server(Node(Rpc(quarter.engine.url), spoil))
    try:
        quarter.desk.close()
        quarter.serve(Rpc(f"http://127.0.0.1:{server.port}", timeout=0.4))
        day = quarter.open()
        assert quarter.step() == {"signed": 8}
        carried = 0
        for _ in range(3):
            try:
                carried = quarter.relayer.carry(day)
                break
            except RpcError:
                continue
        assert carried == 8
        quarter.engine.mine()
        assert quarter.relayer.missing(day) == set()
        assert len({event["agent"] for event in quarter.submitted(day)}) == len(quarter.submitted(day)) == 8
        assert quarter.failed() == 0
        quarter.half_time()
        assert quarter.step() == {}
        quarter.operator.finish(day)
    finally:
        server.close()
