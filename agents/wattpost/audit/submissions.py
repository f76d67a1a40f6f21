"""Bids and offers on their way in: by agents themselves, or signed by them and carried in a relayer's batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattpost.audit.calls import WORD
from wattpost.audit.chains import LANE, MOST_LINKS, Link, extend
from wattpost.audit.energy import covers
from wattpost.audit.events import Event
from wattpost.audit.register import FULL, profile_parts
from wattpost.audit.shares import UNIT, lanes
from wattpost.audit.signatures import SignedBid, read_batch
from wattpost.audit.state import PRODUCER, STANDARD, Caller, Phase, State

UNSIGNED = "posts: not of that kind"  # of a relayed bid: whoever the signature recovers to could not have made it
# What the market says when it refuses a submission or skips one in a batch, and the rule behind it.
OBJECTIONS = {
    UNSIGNED: "submission.registered",
    "posts: already submitted": "submission.once",
    "posts: bid beyond the last post": "submission.shape",
    "posts: offer beyond the last": "submission.shape",
    "posts: offer above capacity": "submission.capacity",
    "posts: nothing bid or offered": "submission.empty",
    "posts: bids above money held": "submission.escrow",
    "energy: no stores here": "submission.store",
    "energy: store below last cost": "submission.store",
    "bids: expired": "batch.deadline",
}


@dataclass(frozen=True, slots=True)
class Bid:
    """A submission as it comes in, whoever carries it."""

    kind: int
    words: tuple[int, ...]
    bids: list[int]
    offers: list[int]
    to_store: int

    @property
    def money(self) -> int:
        """18 decimals."""
        return sum(self.bids) * UNIT


def read_bid(state: State, kind: int, words: Sequence[int], to_store: int) -> Bid:
    size, posts = state.rules.words, state.rules.posts
    offers = lanes(words[size:], posts) if kind == PRODUCER else [0] * posts
    return Bid(kind, tuple(words), lanes(words[:size], posts), offers, to_store)


def submit(state: State, caller: Caller, day: int, to_store: int, body: bytes) -> list[Event]:
    state.in_phase(day, Phase.OPEN, "a submission")
    _check_window(state, caller)
    kind, rest = divmod(len(body), WORD * state.rules.words)
    state.demand(not rest and kind in (STANDARD, PRODUCER), "submission.shape", "it has not the words of the posts")
    state.demand(to_store <= LANE, "submission.store", "more is to be stored than a lane holds")
    size = state.rules.words * min(max(kind, 1), PRODUCER)
    padded = body.ljust(WORD * size, b"\0")
    words = [int.from_bytes(padded[at : at + WORD], "big") for at in range(0, WORD * size, WORD)]
    bid = read_bid(state, min(max(kind, 1), PRODUCER), words, to_store & LANE)
    reason = objection(state, caller.address, bid)
    state.demand(not reason, OBJECTIONS.get(reason, ""), reason)
    state.demand(len(state.chains[bid.kind].links) < MOST_LINKS, "submission.shape", "the day is full")

    state.passed()
    link = _enter(state, caller.address, bid, caller.observed_gas)
    return [Event(state.rules.market, "Submitted", (day, link.owner, bid.words))]


def objection(state: State, agent: int, bid: Bid) -> str:
    """Why the market must refuse a submission, in its own words; empty if nothing speaks against it."""
    rules, account = state.rules, state.look(agent)
    if account.kind != bid.kind:
        return UNSIGNED
    if account.submitted:
        return "posts: already submitted"
    spare = 64 * (rules.posts - 4 * (rules.words - 1))
    if bid.words[rules.words - 1] >> spare:
        return "posts: bid beyond the last post"
    if bid.kind == PRODUCER:
        if bid.words[-1] >> spare:
            return "posts: offer beyond the last"
        if not within_capacity(state, agent, bid.offers):
            return "posts: offer above capacity"
    if not any(bid.words):
        return "posts: nothing bid or offered"
    if account.money < bid.money:
        return "posts: bids above money held"
    if not rules.efficiency:
        return "energy: no stores here" if bid.to_store else ""
    return "" if covers(state, account) else "energy: store below last cost"


def within_capacity(state: State, agent: int, offers: Sequence[int]) -> bool:
    """Whether a plant can reach an offer in every period; of the consumption good it owns none."""
    plant = state.plants[agent]
    parts = profile_parts(state.profiles[plant.profile])
    reached = all(offer * FULL <= plant.capacity * part for offer, part in zip(offers[1:], parts, strict=False))
    return reached and not offers[0]


def _check_window(state: State, caller: Caller) -> None:
    state.demand(caller.now < state.opened + state.rules.window, "submission.window", "the window is over")


def _enter(state: State, agent: int, bid: Bid, observed: int) -> Link:
    account, chain = state.account(agent), state.chains[bid.kind]
    owner = agent | bid.to_store << 160 | observed << 224
    before = chain.links[-1].head if chain.links else chain.genesis
    head = extend(before, (owner, *bid.words))
    link = Link(agent, owner, bid.words, bid.bids, bid.offers, head, len(chain.links))
    chain.links.append(link)
    account.money -= bid.money
    account.submitted = True
    state.escrow += bid.money
    return link


# ---- batches


def relay(state: State, caller: Caller, day: int, standard: int, producers: int, tail: bytes) -> list[Event]:
    """Each bid is entered for whoever signed it, or skipped for a reason that is said."""
    state.demand(caller.plain, "batch.relayer", "only a plain account relays, and directly")
    batch = read_batch(state.rules, caller.address, day, standard, producers, tail)
    state.demand(batch is not None, "call.data", "the records are not whole, or not followed by zeros")
    state.in_phase(day, Phase.OPEN, "a batch")
    _check_window(state, caller)
    carried = [(signed, read_bid(state, signed.kind, signed.words, signed.to_store)) for signed in batch or ()]
    for kind, count in ((STANDARD, standard), (PRODUCER, producers)):
        full = count and len(state.chains[kind].links) + count > MOST_LINKS
        state.demand(not full, "submission.shape", "the day is full")
    anything = any(not _skipped(state, caller, *each) for each in carried)
    state.demand(anything, "batch.empty", "none of its bids can be accepted")
    state.passed()

    events, accepted = [], {STANDARD: 0, PRODUCER: 0}
    for place, (signed, bid) in enumerate(carried):
        reason = _skipped(state, caller, signed, bid)
        if reason:
            events.append(Event(state.rules.market, "Skipped", (day, signed.agent, place, reason.encode())))
        else:
            _enter(state, signed.agent, bid, 0)
            accepted[bid.kind] += 1
    state.pool.least += caller.least
    state.pool.most += caller.most
    state.pool.count += sum(accepted.values())
    return [*events, Event(state.rules.market, "Relayed", (day, accepted[STANDARD], accepted[PRODUCER]))]


def _skipped(state: State, caller: Caller, signed: SignedBid, bid: Bid) -> str:
    return "bids: expired" if caller.now > signed.deadline else objection(state, signed.agent, bid)
