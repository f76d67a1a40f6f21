"""A market with its money and its registry on a chain of its own, and the small talk of tests with it.

What was submitted is remembered from what the market told, as any outsider could, and shown again from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.harness.evm import NAMES, Contract, Event, Evm, Receipt, key_of, role
from tests.harness.sources import trio
from tests.harness.told import Told
from wattpost.chain.compile import Artifact
from wattpost.chain.readings import pack as pack_readings
from wattpost.chain.records import PRODUCER, STANDARD
from wattpost.chain.showing import Piece, Shown, extend, show
from wattpost.chain.signed_bid import SignedBid, Terms, batch, sign_bid
from wattpost.spec import pack, pack_profile, words_for

WAD = 10**18
UNIT = 10**9
SUPPLY = 3 * 10**37  # more than the market may ever hold
LATER = 2**192 - 1  # the latest deadline there is

BANK, REGISTRAR, METER, DUST = role("bank"), role("registrar"), role("meter"), role("dust account")
RELAYER = role("relayer")


@dataclass
class Exchange:
    """The deployed trio. Every keyword is an argument of a constructor."""

    periods: int = 2
    window: int = 600
    patience: int = 3_600
    kappa: int = 7 * 10**10
    efficiency: int = 0
    first_gas: int = 0
    artifacts: Mapping[str, Artifact] = field(default_factory=trio)
    token: Contract | None = None

    def __post_init__(self) -> None:
        self.evm = self.token.evm if self.token else Evm()
        self.bytecoin = self.token or self.evm.deploy(self.artifacts["Bytecoin"], BANK, SUPPLY)
        self.registry = self.evm.deploy(self.artifacts["Registry"], self.periods, REGISTRAR)
        self.market = self.evm.deploy(
            self.artifacts["Market"],
            self.bytecoin.address,
            self.registry.address,
            self.window,
            self.patience,
            self.kappa,
            self.efficiency,
            self.first_gas,
            METER,
            DUST,
        )
        self.words = words_for(self.periods)
        self.chain_id = int(self.evm.env.evm.patch.chain_id)
        self.known = [BANK, REGISTRAR, METER, DUST, RELAYER, role("stranger")]
        self.day = 0
        self.links: dict[int, list[Shown]] = {STANDARD: [], PRODUCER: []}
        self.heads: dict[int, list[bytes]] = {STANDARD: [bytes(32)], PRODUCER: [bytes(32)]}
        self.waiting = {STANDARD: 0, PRODUCER: 0}  # links that no piece has shown yet
        self.pieces: list[Piece] = []
        self.told = Told(self.market.address, self.words, self.chain_id)
        self.evm.listeners.append(self._hear)

    def _hear(self, events: tuple[Event, ...], data: bytes, sender: str) -> tuple[Event, ...]:
        events = self.told.unfold(events, data, sender)
        for event in events:
            if event.name == "DayOpened":
                self.day = event.day
                self.links = {STANDARD: [], PRODUCER: []}
                self.heads = {kind: [head] for kind, head in zip(self.links, self.market.heads(), strict=True)}
                self.waiting = {STANDARD: 0, PRODUCER: 0}
                self.pieces = []
            elif event.name == "Submitted":
                link = Shown(event.agent, event.kind, event.words, event.to_store, event.observed_gas)
                self.links[event.kind].append(link)
                self.heads[event.kind].append(extend(self.heads[event.kind][-1], link))
                self.waiting[event.kind] += 1
            elif event.name == "PieceClosed":
                count = int.from_bytes(event.end[-3:], "big") - int.from_bytes(event.prior[-3:], "big")
                self.pieces.append(self.newest(event.kind, count))
                self.waiting[event.kind] -= count
        return events

    # ---- who takes part

    def fund(self, owner: str, money: int) -> None:
        """Give and prepay money, 18 decimals."""
        self.known.append(owner)
        self.bytecoin.transfer(owner, money, by=BANK)
        self.bytecoin.approve(self.market.address, money, by=owner)
        self.market.deposit(money, by=owner)

    def standard(self, name: str, endowment: int, money: int = 0, store: int = 0) -> str:
        """A registered standard agent with prepaid money."""
        agent = role(name)
        self.registry.register_standard(agent, endowment, store, by=REGISTRAR)
        self.known.append(agent)
        if money:
            self.fund(agent, money)
        return agent

    def producer(
        self, name: str, *, theta: int, c: int, capacity: int, profile: int = 0, money: int = 0, store: int = 0
    ) -> str:
        """A registered producer with prepaid money."""
        agent = role(name)
        self.registry.register_producer(agent, theta, c, capacity, profile, store, by=REGISTRAR)
        self.known.append(agent)
        if money:
            self.fund(agent, money)
        return agent

    def set_profile(self, profile: int, parts: Sequence[int]) -> Receipt:
        receipt: Receipt = self.registry.set_profile(profile, pack_profile(parts), by=REGISTRAR)
        return receipt

    # ---- the window

    def open(self) -> Receipt:
        receipt: Receipt = self.market.open()
        return receipt

    def submit(self, agent: str, bids: Sequence[int], offers: Sequence[int] = (), to_store: int = 0) -> Receipt:
        """Amounts of 10^-9 on every post; offers with post 0 first, of producers alone."""
        receipt: Receipt = self.market.submit(self.day, to_store, raw(bids, offers), by=agent)
        return receipt

    def sign(
        self,
        agent: str,
        bids: Sequence[int],
        offers: Sequence[int] = (),
        *,
        day: int | None = None,
        to_store: int = 0,
        deadline: int = LATER,
        relayer: str = RELAYER,
        market: str | None = None,
        chain_id: int | None = None,
    ) -> SignedBid:
        """What an agent hands to a relayer."""
        terms = Terms(chain_id or self.chain_id, market or self.market.address, relayer)
        words = [*pack(bids), *(pack(offers) if offers else ())]
        kind = PRODUCER if offers else STANDARD
        day = self.day if day is None else day
        return sign_bid(key_of(NAMES[agent]), terms, day, kind, words, to_store=to_store, deadline=deadline)

    def relay(self, bids: Sequence[SignedBid], by: str = RELAYER) -> Receipt:
        return self.market.send(batch(bids), by=by)

    # ---- after the window

    def after_window(self) -> None:
        self.evm.now = self.market.today().opened + self.window

    def show(self, name: str, *arguments: Any, links: Sequence[Shown] = (), by: str = role("stranger")) -> Receipt:
        """Call `clear`, `close`, `produce` or `settle` with records."""
        return self.market.send(show(name, *arguments, submissions=links), by=by)

    @property
    def all_links(self) -> list[Shown]:
        return [*self.links[STANDARD], *self.links[PRODUCER]]

    def clear(self) -> Receipt:
        """Show everything at once."""
        return self.show("clear", self.day, *map(len, self.links.values()), links=self.all_links)

    def newest(self, kind: int, count: int) -> Piece:
        """The piece that a close of that size would show."""
        last = self.waiting[kind]
        first = max(0, last - count)
        heads = self.heads[kind]
        return Piece(kind, heads[first], heads[last], tuple(self.links[kind][first:last]))

    def close(self, kind: int = STANDARD, count: int | None = None) -> Receipt:
        """Show the newest submissions of a kind, all that wait unless `count` says otherwise."""
        piece = self.newest(kind, self.waiting[kind] if count is None else count)
        links = piece.submissions
        return self.show("close", self.day, kind, piece.prior, len(links), links=links)

    def close_all(self) -> Receipt:
        """Wait for the end of the window, and show everything, producers first."""
        self.after_window()
        kinds = [kind for kind in (PRODUCER, STANDARD) if self.waiting[kind]] or [STANDARD]
        return [self.close(kind) for kind in kinds][-1]

    def produce(self, piece: int | None = None) -> Receipt:
        """Run the plants of a piece; of none where no piece is named."""
        if piece is None:
            return self.show("produce", self.day, 0, bytes(32), 0)
        chosen = self.pieces[piece]
        links = chosen.submissions
        return self.show("produce", self.day, piece, chosen.prior, len(links), links=links)

    def produce_all(self) -> Receipt:
        plants = [number for number, piece in enumerate(self.pieces) if piece.kind == PRODUCER]
        return [self.produce(number) for number in plants or [None]][-1]

    def settle(self, piece: int) -> Receipt:
        chosen = self.pieces[piece]
        links = chosen.submissions
        return self.show("settle", self.day, chosen.kind, piece, chosen.prior, len(links), links=links)

    def settle_all(self) -> Receipt:
        return [self.settle(number) for number in range(len(self.pieces))][-1]

    # ---- the meter

    def readings(self, beyond: Mapping[str, int]) -> list[int]:
        """Words for what agents used beyond what the market saw; nothing of whom is not named."""
        return [
            word
            for kind, links in self.links.items()
            for word in pack_readings(kind, [beyond.get(link.agent, 0) for link in links])
        ]

    def meter(
        self,
        beyond: Mapping[str, int] | None = None,
        *,
        share: int = 0,
        relayed: int = 0,
        carried: int = 0,
        last: bool = True,
    ) -> Receipt:
        words = self.readings(beyond or {})
        receipt: Receipt = self.market.meter(self.day, share, relayed, carried, words, last, by=METER)
        return receipt

    def end_unmetered(self) -> Receipt:
        receipt: Receipt = self.market.end_unmetered(self.day)
        return receipt

    @property
    def submitters(self) -> list[str]:
        """Who submitted today: standard agents, then producers, each in their order."""
        return [link.agent for link in self.all_links]

    def finish(self, beyond: int = 30_011, share: int = 5_009) -> None:
        """From the end of the window to the end of the day, cleared at once and metered."""
        self.after_window()
        if self.all_links:
            self.clear()
            self.meter(dict.fromkeys(self.submitters, beyond), share=share, relayed=2**24)
        else:
            self.close()

    def account(self, owner: str) -> Any:
        return self.market.account_of(owner)

    def balance(self, agent: str) -> int:
        """kWh stored or owed, 18 decimals."""
        balance: int = self.market.balance_of(agent)
        return balance

    def held(self, owner: str) -> int:
        """Bytecoin outside the market."""
        amount: int = self.bytecoin.balanceOf(owner)
        return amount


def raw(bids: Sequence[int], offers: Sequence[int] = ()) -> bytes:
    """The words of a submission, as a call takes them."""
    words = [*pack(bids), *(pack(offers) if offers else ())]
    return b"".join(word.to_bytes(32, "big") for word in words)


__all__ = ["PRODUCER", "STANDARD", "Exchange", "raw"]
