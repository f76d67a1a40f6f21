"""Calls that move a day on, from its opening to its last settlement."""

from __future__ import annotations

from collections.abc import Sequence

from wattpost.audit.calls import records
from wattpost.audit.chains import Chain, Link, Piece, genesis, words_of
from wattpost.audit.energy import charge
from wattpost.audit.events import Event
from wattpost.audit.shares import UNIT, made_of, outcome_of, run_plant, thirteen_words
from wattpost.audit.state import PRODUCER, STANDARD, Caller, Phase, Pool, State

SMALLEST_BATCH = 16
LARGEST_PIECE = 48
LOGGED = 64  # outcomes in one event
MOST_DAYS = 2**24 - 1
MOST_SHOWN = 2**24  # more than any transaction holds


def open_day(state: State, caller: Caller) -> list[Event]:
    state.between_days("day.order")
    state.demand(state.day < MOST_DAYS, "day.order", "there are no more days")
    state.passed()
    if state.before_open:
        state.before_open()
    state.day += 1
    state.enter(Phase.OPEN, 0)
    state.opened, state.settled, state.submissions = caller.now, 0, 0
    state.pieces, state.fractions, state.outcomes = [], {}, {}
    state.pool, state.readings = Pool(), {}
    state.chains = {kind: Chain(genesis(state.day, kind)) for kind in (STANDARD, PRODUCER)}
    deadline = caller.now + state.rules.window
    return [Event(state.rules.market, "DayOpened", (state.day, caller.now, deadline))]


# ---- at once


def clear(state: State, caller: Caller, day: int, standard: int, producers: int, tail: bytes) -> list[Event]:
    """Close, produce and settle in one call that shows the whole day."""
    rules = state.rules
    shown = _shown(state, tail, ((STANDARD, standard), (PRODUCER, producers)))
    _after_window(state, caller, day)
    links = state.links()
    state.demand(bool(links), "close.shown", "nothing was submitted")
    state.demand(not state.begun, "close.shown", "pieces were shown before, and are left out")
    counts = tuple(len(state.chains[kind].links) for kind in (STANDARD, PRODUCER))
    state.demand((standard, producers) == counts, "close.shown", "not all that was submitted is shown")
    state.demand(shown == words_of(links), "close.shown", "what is shown is not what was submitted")
    state.passed()
    state.submissions = len(links)
    _add_up(state)
    events = [_closed(state, counts[1])]
    for link in state.chains[PRODUCER].links:
        events.append(_run(state, link))
    events.append(Event(rules.market, "DayProduced", (day, thirteen_words(state.delivered))))
    state.allocated = [0, 0, 0]
    for kind in (STANDARD, PRODUCER):
        events += _pay(state, kind, state.chains[kind].links)
    return [*events, _finish(state, caller)]


def _shown(state: State, tail: bytes, counts: Sequence[tuple[int, int]]) -> list[int]:
    """The words of so many records of each kind that stand behind a call's arguments."""
    size = sum(min(count, MOST_SHOWN) * state.rules.size(min(kind, 256)) for kind, count in counts)
    words = records(tail, size)
    state.demand(words is not None, "call.data", "the records are not whole, or not followed by zeros")
    return words or []


def _after_window(state: State, caller: Caller, day: int) -> None:
    state.in_phase(day, Phase.OPEN, "the close")
    state.demand(caller.now >= state.opened + state.rules.window, "close.window", "the window is not over")


# ---- close


def close(state: State, caller: Caller, day: int, kind: int, prior: int, count: int, tail: bytes) -> list[Event]:
    shown = _shown(state, tail, ((kind, count),))
    _after_window(state, caller, day)
    events = []
    if count:
        state.demand(kind in state.chains, "close.shown", "there is no such kind of agent")
        chain = state.chains[kind]
        left = len(chain.left)
        state.demand(count <= left, "close.shown", "more is shown than was submitted")
        links = chain.left[left - count :]
        told = shown == words_of(links) and prior == chain.prior_of(count)
        state.demand(told, "close.shown", "what is shown is not what was submitted")
        state.demand(count >= min(SMALLEST_BATCH, left), "close.batch", "the batch is too small")
        state.demand(count <= LARGEST_PIECE, "close.batch", "the piece is too large")
        state.passed()
        piece = Piece(kind, links, chain.prior_of(count), produced=kind == STANDARD)
        end = chain.head
        chain.shown += len(links)
        events.append(Event(state.rules.market, "PieceClosed", (day, len(state.pieces), kind, piece.prior, end)))
        state.pieces.append(piece)
        state.submissions += len(links)
        state.left += len(links) if kind == PRODUCER else 0
    else:
        state.demand(not state.links(), "close.shown", "nothing is shown, and there are submissions")
        state.passed()
    state.begun = True

    if not any(chain.left for chain in state.chains.values()):
        _add_up(state)
        events.append(_closed(state, state.left))
        state.enter(Phase.CLOSED if state.submissions else Phase.DONE, state.left)
    return events


def _add_up(state: State) -> None:
    posts = state.rules.posts
    state.bids, state.offers = [0] * posts, [0] * posts
    for link in state.links():
        for post in range(posts):
            state.bids[post] += link.bids[post]
            state.offers[post] += link.offers[post]
        state.offers[0] += state.look(link.agent).endowment
    state.delivered = [state.offers[0]] + [0] * state.rules.periods


def _closed(state: State, producers: int) -> Event:
    totals = thirteen_words(state.bids), thirteen_words(state.offers)
    return Event(state.rules.market, "DayClosed", (state.day, state.submissions, producers, *totals))


# ---- production


def produce(state: State, caller: Caller, day: int, number: int, prior: int, count: int, tail: bytes) -> list[Event]:
    shown = _shown(state, tail, ((PRODUCER, count),))
    state.in_phase(day, Phase.CLOSED, "production")
    events = []
    if state.left <= 0:
        state.demand(not count, "production.piece", "there are no plants to run")
        state.passed()
    else:
        piece = _shown_piece(state, number, PRODUCER, prior, shown, "production.piece")
        state.demand(not piece.produced, "production.piece", "these plants have run already")
        state.passed()
        piece.produced = True
        events += [_run(state, link) for link in piece.links]
        state.left -= len(piece.links)
    state.begun = True
    if state.left <= 0:
        events.append(Event(state.rules.market, "DayProduced", (day, thirteen_words(state.delivered))))
        state.enter(Phase.PRODUCED, state.submissions)
        state.allocated = [0, 0, 0]
    return events


def _run(state: State, link: Link) -> Event:
    plant = state.plants[link.agent]
    run = run_plant(plant.theta, plant.c, link.bids[0], link.offers, state.bids, state.offers[0])
    state.fractions[link.agent] = run.fraction
    for post, made in enumerate(made_of(link.offers, state.bids, run.fraction)):
        state.delivered[post] += made
    return Event(state.rules.market, "PlantRun", (state.day, link.agent, *run))


def _shown_piece(state: State, number: int, kind: int, prior: int, shown: list[int], rule: str) -> Piece:
    state.demand(number < len(state.pieces), rule, "there is no such piece")
    piece = state.pieces[number]
    state.demand(piece.kind == kind, rule, "that piece is of another kind")
    told = shown == words_of(piece.links) and prior == piece.prior
    state.demand(told, rule, "what is shown is not what was closed")
    return piece


# ---- settlement


def settle(
    state: State, caller: Caller, day: int, kind: int, number: int, prior: int, count: int, tail: bytes
) -> list[Event]:
    shown = _shown(state, tail, ((kind, count),))
    state.in_phase(day, Phase.PRODUCED, "settlement")
    state.demand(kind in (STANDARD, PRODUCER), "settlement.piece", "there is no such kind of agent")
    piece = _shown_piece(state, number, kind, prior, shown, "settlement.piece")
    state.demand(not piece.settled, "settlement.piece", "that piece is settled already")
    state.passed()
    piece.settled, state.begun = True, True
    events = _pay(state, piece.kind, piece.links)
    state.left -= len(piece.links)
    return [*events, _finish(state, caller)] if state.left <= 0 else events


def _pay(state: State, kind: int, links: Sequence[Link]) -> list[Event]:
    rules, words = state.rules, []
    for link in links:
        account = state.account(link.agent)
        if kind == STANDARD:
            sold = [account.endowment] + [0] * rules.periods
        else:
            sold = made_of(link.offers, state.bids, state.fractions[link.agent])
        outcome = outcome_of(link.bids, sold, state.bids, state.delivered)
        money = outcome.revenue + outcome.refund
        for place, part in enumerate((money, outcome.energy, outcome.good)):
            state.allocated[place] += part
        state.escrow -= money * UNIT
        state.outcomes[link.agent] = outcome
        charge(state, account, link.to_store, outcome.energy)
        account.money += money * UNIT
        account.day, account.observed_gas, account.place = state.day, link.observed_gas, link.place
        account.submitted = False
        words.append(outcome.energy | outcome.good << 60 | outcome.revenue << 124 | outcome.refund << 188)
    return [
        Event(rules.market, "Settled", (state.day, kind, links[at].place, words[at : at + LOGGED]))
        for at in range(0, len(words), LOGGED)
    ]


def _finish(state: State, caller: Caller) -> Event:
    """Hand what flooring left over to the dust account."""
    money, energy, good = state.allocated
    left = (sum(state.bids) - money, sum(state.delivered[1:]) - energy, state.delivered[0] - good)
    if left[0]:
        state.account(state.rules.dust_account).money += left[0] * UNIT
    state.escrow -= left[0] * UNIT
    state.enter(Phase.SETTLED, 0)
    state.settled = caller.now
    return Event(state.rules.market, "DaySettled", (state.day, caller.now, *left))
