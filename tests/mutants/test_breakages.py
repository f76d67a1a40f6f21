"""Each invariant's check sees the contract that breaks it, and names it; the real contracts break none."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.harness.evm import Reverted, role
from tests.harness.exchange import Exchange
from tests.harness.invariants import Broken, Invariants
from tests.harness.sources import trio
from tests.mutants.breakage import BREAKAGES, Breakage, broken
from wattpost.chain.compile import Artifact

WAD = 10**18


class Play:
    """A market whose invariants are checked after every call."""

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        self.exchange = exchange = Exchange(periods=2, efficiency=WAD, artifacts=artifacts)
        self.invariants = Invariants(exchange)
        self.follow(exchange.set_profile(0, [10_000, 7_000]))
        registry = exchange.registry
        self.homes = [role(name) for name in ("ada", "ben", "cleo")]
        for number, home in enumerate(self.homes):
            self.register(registry.functions["register_standard"], home, 7_000_003 + number, WAD)
        self.plants = [role(name) for name in ("sun", "wind")]
        for number, plant in enumerate(self.plants):
            self.register(
                registry.functions["register_producer"], plant, 2 * WAD, (6 - number) * WAD // 10, 5_000_000_011, 0, WAD
            )
        for number, agent in enumerate([*self.homes, *self.plants]):
            self.fund(agent, (50_021 + number) * 10**9)

    def follow(self, receipt: object) -> None:
        self.invariants.check(receipt)  # type: ignore[arg-type]

    def register(self, function: dict[str, object], agent: str, *arguments: int) -> None:
        call = getattr(self.exchange.registry, str(function["name"]))
        self.follow(call(agent, *arguments, by=role("registrar")))

    def fund(self, agent: str, money: int) -> None:
        exchange = self.exchange
        self.follow(exchange.bytecoin.transfer(agent, money, by=role("bank")))
        self.follow(exchange.bytecoin.approve(exchange.market.address, money, by=agent))
        self.follow(exchange.market.deposit(money, by=agent))

    def submissions(self) -> list[tuple[str, list[int], list[int]]]:
        bids = [[107, 1_009, 313], [211, 53, 1_741], [23, 401, 0], [31, 7, 5], [19, 0, 11]]
        offers = [[], [], [], [0, 4_000_000_037, 2_000_000_003], [0, 3_000_000_017, 1_000_000_033]]
        return list(zip([*self.homes, *self.plants], bids, offers, strict=True))

    def day(self, orders: tuple[list[int], list[int]] = ([0, 1, 2, 3, 4], [0, 1])) -> dict[str, int]:
        """One day, in that order of submissions and of settlements; the gas of each agent's submission."""
        exchange = self.exchange
        self.follow(exchange.open())
        gas, beyond = {}, {}
        for number in orders[0]:
            agent, bids, offers = self.submissions()[number]
            receipt = exchange.submit(agent, bids, offers)
            self.follow(receipt)
            gas[agent] = receipt.gas + 1_009  # with a call that failed
            beyond[agent] = gas[agent] - receipt.only("Submitted").observed_gas
        exchange.after_window()
        self.follow(exchange.close(2))
        self.follow(exchange.close(1))
        self.follow(exchange.produce(0))
        for piece in orders[1]:
            self.follow(exchange.settle(piece))
        self.invariants.attribute(exchange.day, sum(gas.values()) + 5 * 5_009 + 2)
        self.follow(exchange.meter(beyond, share=5_009, carried=2))
        return gas

    def withdraw_in_full(self) -> None:
        for agent in [*self.homes, *self.plants]:
            money = self.exchange.account(agent).money
            if money:
                self.follow(self.exchange.market.withdraw(money, by=agent))


def scenario(artifacts: Mapping[str, Artifact]) -> None:
    """Everything that any of the breakages needs to come to light."""
    orders = [([0, 1, 2, 3, 4], [0, 1]), ([4, 2, 3, 1, 0], [1, 0])]
    plays = [Play(artifacts) for _ in orders]
    outcomes = []
    for play, order in zip(plays, orders, strict=True):
        gas = play.day(order)
        outcomes.append({agent: (used, play.exchange.account(agent).money) for agent, used in gas.items()})
    Invariants.orders_agree(outcomes)
    play = plays[0]
    bid_more_than_is_held(play)
    settle_twice(play)
    play.withdraw_in_full()
    clear_what_is_left(plays[1])


def bid_more_than_is_held(play: Play) -> None:
    """On a second day: refused, or else accepted without the money."""
    play.follow(play.exchange.open())
    purse = play.exchange.account(play.homes[0]).money // 10**9
    try:
        play.follow(play.exchange.submit(play.homes[0], [0, 0, purse + 1]))
    except Reverted:
        play.follow(play.exchange.submit(play.homes[0], [0, 0, purse]))


def settle_twice(play: Play) -> None:
    """The same piece again, while another still waits."""
    exchange = play.exchange
    play.follow(exchange.submit(play.plants[0], [1, 0, 0], [0, 17, 0]))
    play.follow(exchange.submit(play.homes[1], [23, 0, 0]))
    exchange.after_window()
    play.follow(exchange.close(2))
    play.follow(exchange.close(1))
    play.follow(exchange.produce(0))
    play.follow(exchange.settle(0))
    try:
        play.follow(exchange.settle(0))
    except Reverted:
        play.follow(exchange.settle(1))


def clear_what_is_left(play: Play) -> None:
    """After a piece was shown, the rest as if it were the day."""
    exchange = play.exchange
    play.follow(exchange.open())
    play.follow(exchange.submit(play.plants[0], [1, 0, 0], [0, 17, 0]))
    play.follow(exchange.submit(play.homes[1], [23, 0, 0]))
    exchange.after_window()
    play.follow(exchange.close(2))
    try:
        play.follow(exchange.show("clear", exchange.day, 1, 0, links=exchange.links[1]))
    except Reverted:
        play.follow(exchange.close(1))


def test_the_real_contracts__break_no_invariant() -> None:
    scenario(trio())


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda each: f"invariant_{each.invariant}: {each.story}")
def test_a_broken_contract__is_caught_by_the_invariant_it_breaks(breakage: Breakage) -> None:
    with pytest.raises(Broken) as caught:
        scenario(broken(breakage))

    assert caught.value.numbers[0] == breakage.invariant, caught.value
    assert str(caught.value).startswith(f"invariant {breakage.invariant}: ")


def test_the_breakages__are_one_for_each_invariant() -> None:
    assert {each.invariant for each in BREAKAGES} == {1, 2, 3, 4, 5, 6, 7, 8}
