"""A market with its money and its technology on a chain of its own, and the small talk of tests with it.

What was submitted is remembered from events alone, as any outsider could, and shown again from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.harness.chain_of_submissions import PRODUCER, STANDARD, Link, extend, shown
from tests.harness.evm import Contract, Evm, Receipt, role
from tests.harness.sources import trio
from wattpost.chain.compile import Artifact
from wattpost.spec import pack, pack_profile, words_for

WAD = 10**18
UNIT = 10**9
SUPPLY = 3 * 10**37  # more than the market may ever hold

BANK, REGISTRAR, METER, DUST = role("bank"), role("registrar"), role("meter"), role("dust account")


@dataclass(frozen=True, slots=True)
class Piece:
    """Submissions shown together at the close, and the head before them."""

    kind: int
    prior: bytes
    links: tuple[Link, ...]


@dataclass
class Exchange:
    """The deployed trio. Every keyword is an argument of the market's constructor."""

    periods: int = 2
    window: int = 600
    patience: int = 3_600
    kappa: int = 7 * 10**10
    artifacts: Mapping[str, Artifact] = field(default_factory=trio)
    token: Contract | None = None

    def __post_init__(self) -> None:
        self.evm = self.token.evm if self.token else Evm()
        self.bytecoin = self.token or self.evm.deploy(self.artifacts["Bytecoin"], BANK, SUPPLY)
        self.technology = self.evm.deploy(self.artifacts["Technology"])
        self.market = self.evm.deploy(
            self.artifacts["Market"],
            self.bytecoin.address,
            self.technology.address,
            self.periods,
            self.window,
            self.patience,
            self.kappa,
            REGISTRAR,
            METER,
            DUST,
        )
        self.words = words_for(self.periods)
        self.known = [BANK, REGISTRAR, METER, DUST, role("stranger")]
        self.day = 0
        self.waiting: dict[int, list[Link]] = {STANDARD: [], PRODUCER: []}
        self.priors: dict[int, list[bytes]] = {STANDARD: [bytes(32)], PRODUCER: [bytes(32)]}
        self.pieces: list[Piece] = []

    # ---- who takes part

    def fund(self, owner: str, money: int) -> None:
        """Give and prepay money, 18 decimals."""
        self.known.append(owner)
        self.bytecoin.transfer(owner, money, by=BANK)
        self.bytecoin.approve(self.market.address, money, by=owner)
        self.market.deposit(money, by=owner)

    def standard(self, name: str, endowment: int, money: int = 0) -> str:
        """A registered standard agent with prepaid money."""
        agent = role(name)
        self.market.register_standard(agent, endowment, by=REGISTRAR)
        self.known.append(agent)
        if money:
            self.fund(agent, money)
        return agent

    def producer(self, name: str, *, theta: int, c: int, capacity: int, profile: int = 0, money: int = 0) -> str:
        """A registered producer with prepaid money."""
        agent = role(name)
        self.market.register_producer(agent, theta, c, capacity, profile, by=REGISTRAR)
        self.known.append(agent)
        if money:
            self.fund(agent, money)
        return agent

    def set_profile(self, profile: int, parts: Sequence[int]) -> Receipt:
        receipt: Receipt = self.market.set_profile(profile, pack_profile(parts), by=REGISTRAR)
        return receipt

    # ---- the day

    def open(self) -> Receipt:
        receipt: Receipt = self.market.open()
        self.day = receipt.only("DayOpened").day
        self.waiting = {STANDARD: [], PRODUCER: []}
        self.priors = {STANDARD: [self.market.heads()[0]], PRODUCER: [self.market.heads()[1]]}
        self.pieces = []
        return receipt

    def submit(self, agent: str, bids: Sequence[int], offers: Sequence[int] = ()) -> Receipt:
        """Amounts of 10^-9 on every post; offers with post 0 first, of producers alone."""
        receipt: Receipt = self.market.submit(self.day, pack(bids), pack(offers) if offers else [], by=agent)
        self.remember(receipt)
        return receipt

    def remember(self, receipt: Receipt) -> None:
        """Note the submission that a receipt tells of."""
        event = receipt.only("Submitted")
        link = Link(event.agent, tuple(event.bids), tuple(event.offers))
        kind = PRODUCER if link.offers else STANDARD
        self.waiting[kind].append(link)
        self.priors[kind].append(extend(self.priors[kind][-1], link))

    def after_window(self) -> None:
        self.evm.now = self.market.today().opened + self.window

    def newest(self, kind: int, count: int) -> Piece:
        """The piece that a close of that size would show."""
        links = self.waiting[kind][-count:] if count else []
        return Piece(kind, self.priors[kind][-1 - count], tuple(links))

    def close(self, kind: int = STANDARD, count: int | None = None) -> Receipt:
        """Show the newest submissions of a kind, all that wait unless `count` says otherwise."""
        piece = self.newest(kind, len(self.waiting[kind]) if count is None else count)
        receipt: Receipt = self.market.close(self.day, kind, piece.prior, shown(piece.links))
        if piece.links:
            del self.waiting[kind][-len(piece.links) :]
            del self.priors[kind][-len(piece.links) :]
            self.pieces.append(piece)
        return receipt

    def close_all(self) -> Receipt:
        """Wait for the end of the window, and show everything, producers first."""
        self.after_window()
        kinds = [kind for kind in (PRODUCER, STANDARD) if self.waiting[kind]] or [STANDARD]
        return [self.close(kind) for kind in kinds][-1]

    def produce(self, piece: int | None = None) -> Receipt:
        """Run the plants of a piece; of none where no piece is named."""
        if piece is None:
            receipt: Receipt = self.market.produce(self.day, 0, bytes(32), [])
            return receipt
        chosen = self.pieces[piece]
        receipt = self.market.produce(self.day, piece, chosen.prior, shown(chosen.links))
        return receipt

    def produce_all(self) -> Receipt:
        plants = [number for number, piece in enumerate(self.pieces) if piece.kind == PRODUCER]
        return [self.produce(number) for number in plants or [None]][-1]

    def settle(self, piece: int) -> Receipt:
        chosen = self.pieces[piece]
        receipt: Receipt = self.market.settle(self.day, chosen.kind, piece, chosen.prior, shown(chosen.links))
        return receipt

    def settle_all(self) -> Receipt:
        return [self.settle(number) for number in range(len(self.pieces))][-1]

    def meter(self, readings: Sequence[tuple[str, int]], *, share: int = 0, carried: int = 0) -> Receipt:
        words = [int(agent, 16) | gas << 160 for agent, gas in readings]
        receipt: Receipt = self.market.meter(self.day, share, carried, words, by=METER)
        return receipt

    def end_unmetered(self, agents: Sequence[str]) -> Receipt:
        receipt: Receipt = self.market.end_unmetered(self.day, agents)
        return receipt

    @property
    def submitters(self) -> list[str]:
        """Whose submissions were shown at the close."""
        return [link.agent for piece in self.pieces for link in piece.links]

    def finish(self, own_gas: int = 100_003, share: int = 5_009) -> None:
        """From the end of the window to the end of the day, metered."""
        self.close_all()
        if self.pieces:
            self.produce_all()
            self.settle_all()
            self.meter([(agent, own_gas) for agent in self.submitters], share=share)

    def account(self, owner: str) -> Any:
        return self.market.account_of(owner)

    def held(self, owner: str) -> int:
        """Bytecoin outside the market."""
        amount: int = self.bytecoin.balanceOf(owner)
        return amount
