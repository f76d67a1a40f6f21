"""Calls that move a day on, from its opening to its last settlement."""

from __future__ import annotations

from wattpost.audit.accounts import FULL, profile_parts
from wattpost.audit.events import Event
from wattpost.audit.shares import UNIT, lanes, made_of, outcome_of, run_plant, thirteen_words
from wattpost.audit.state import (
    ALLOCATED,
    MOST_LINKS,
    PRODUCER,
    STANDARD,
    SUBMITTED,
    Caller,
    Chain,
    Link,
    Phase,
    Piece,
    State,
    extend,
    genesis,
)

SMALLEST_BATCH = 16
LARGEST_PIECE = 128


def open_day(state: State, caller: Caller) -> list[Event]:
    state.between_days("day.order")
    state.demand(state.day + 1 < 2**32, "day.order", "there are no more days")
    state.passed()
    state.day += 1
    state.enter(Phase.OPEN, 0)
    state.opened, state.settled, state.submissions = caller.now, 0, 0
    state.pieces, state.submitters = [], []
    state.chains = {kind: Chain(genesis(state.day, kind)) for kind in (STANDARD, PRODUCER)}
    deadline = caller.now + state.rules.window
    return [Event(state.rules.market, "DayOpened", (state.day, caller.now, deadline))]


# ---- submissions


def submit(state: State, caller: Caller, day: int, bids: list[int], offers: list[int]) -> list[Event]:
    rules, agent = state.rules, caller.address
    state.in_phase(day, Phase.OPEN, "a submission")
    state.demand(caller.now < state.opened + rules.window, "submission.window", "the window is over")
    account = state.look(agent)
    state.demand(account.kind in (STANDARD, PRODUCER), "submission.registered", "the caller is not registered")
    state.demand(account.day != day, "submission.once", "the agent has submitted already")
    _check_words(state, bids)
    bid_lanes, offer_lanes = lanes(bids, rules.posts), [0] * rules.posts
    if account.kind == STANDARD:
        state.demand(not offers, "submission.shape", "a standard agent offers its endowment and nothing else")
    else:
        _check_words(state, offers)
        offer_lanes = lanes(offers, rules.posts)
        _check_capacity(state, agent, offer_lanes)
    state.demand(any(bids) or any(offers), "submission.empty", "nothing is bid and nothing offered")
    money = sum(bid_lanes) * UNIT
    state.demand(account.money >= money, "submission.escrow", "the bids are above what the agent has prepaid")
    chain = state.chains[account.kind]
    state.demand(len(chain.links) < MOST_LINKS, "submission.shape", "the day is full")

    state.passed()
    account = state.account(agent)
    words = (agent, *bids, *offers)
    chain.links.append(Link(agent, words, bid_lanes, offer_lanes, extend(chain.head, agent, bids, offers)))
    account.money -= money
    state.escrow += money
    account.day, account.state, account.observed_gas = day, SUBMITTED, caller.observed_gas
    state.submitters.append(agent)
    return [Event(rules.market, "Submitted", (day, agent, caller.observed_gas, bids, offers))]


def _check_words(state: State, words: list[int]) -> None:
    rules = state.rules
    state.demand(len(words) == rules.words, "submission.shape", "it does not have the words of the day's posts")
    spare = words[-1] >> (64 * (rules.posts - 4 * (rules.words - 1))) if words else 0
    state.demand(spare == 0, "submission.shape", "it reaches beyond the last post")


def _check_capacity(state: State, agent: int, offers: list[int]) -> None:
    plant = state.plants[agent]
    state.demand(offers[0] == 0, "submission.capacity", "a producer owns no consumption good to offer")
    parts = profile_parts(state.profiles[plant.profile])
    for period, (offer, part) in enumerate(zip(offers[1:], parts, strict=False), 1):
        possible = offer * FULL <= plant.capacity * part
        state.demand(possible, "submission.capacity", f"the offer is above capacity in period {period}")


# ---- close


def close(state: State, caller: Caller, day: int, kind: int, prior: int, shown: list[int]) -> list[Event]:
    rules = state.rules
    state.in_phase(day, Phase.OPEN, "the close")
    state.demand(caller.now >= state.opened + rules.window, "close.window", "the window is not over")
    events = []
    if shown:
        state.demand(kind in state.chains, "close.shown", "there is no such kind of agent")
        chain = state.chains[kind]
        size = 1 + rules.words * kind
        count, rest = divmod(len(shown), size)
        state.demand(not rest, "close.shown", "a submission is shown in part")
        left = len(chain.links)
        state.demand(count <= left, "close.shown", "more is shown than was submitted")
        links = chain.links[left - count :]
        told = tuple(shown) == tuple(word for link in links for word in link.words)
        state.demand(told and prior == chain.prior_of(count), "close.shown", "what is shown is not what was submitted")
        state.demand(count >= min(SMALLEST_BATCH, left), "close.batch", "the batch is too small")
        state.demand(count <= LARGEST_PIECE, "close.batch", "the piece is too large")
        state.passed()
        piece = Piece(kind, links, chain.prior_of(count), produced=kind == STANDARD)
        end = chain.head
        del chain.links[left - count :]
        events.append(Event(rules.market, "PieceClosed", (day, len(state.pieces), kind, piece.prior, end)))
        state.pieces.append(piece)
        state.submissions += len(links)
    else:
        state.demand(not state.submitters, "close.shown", "nothing is shown, and there are submissions")
        state.passed()

    if not any(chain.links for chain in state.chains.values()):
        _add_up(state)
        producers = sum(len(piece.links) for piece in state.pieces if piece.kind == PRODUCER)
        totals = thirteen_words(state.bids), thirteen_words(state.offers)
        events.append(Event(rules.market, "DayClosed", (day, state.submissions, producers, *totals)))
        state.enter(Phase.CLOSED if state.submissions else Phase.DONE, producers)
    return events


def _add_up(state: State) -> None:
    posts = state.rules.posts
    state.bids, state.offers = [0] * posts, [0] * posts
    for piece in state.pieces:
        for link in piece.links:
            for post in range(posts):
                state.bids[post] += link.bids[post]
                state.offers[post] += link.offers[post]
            state.offers[0] += state.endowments.get(link.agent, 0)
    state.delivered = [state.offers[0]] + [0] * state.rules.periods


# ---- production


def produce(state: State, caller: Caller, day: int, number: int, prior: int, shown: list[int]) -> list[Event]:
    state.in_phase(day, Phase.CLOSED, "production")
    events = []
    if state.left <= 0:
        state.passed()
    else:
        piece = _shown_piece(state, number, PRODUCER, prior, shown, "production.piece")
        state.demand(not piece.produced, "production.piece", "these plants have run already")
        state.passed()
        piece.produced = True
        for link in piece.links:
            plant = state.plants[link.agent]
            run = run_plant(plant.theta, plant.c, link.bids[0], link.offers, state.bids, state.offers[0])
            state.fractions[link.agent] = run.fraction
            for post, made in enumerate(made_of(link.offers, state.bids, run.fraction)):
                state.delivered[post] += made
            events.append(Event(state.rules.market, "PlantRun", (day, link.agent, *run)))
        state.left -= len(piece.links)
    if state.left <= 0:
        events.append(Event(state.rules.market, "DayProduced", (day, thirteen_words(state.delivered))))
        state.enter(Phase.PRODUCED, state.submissions)
        state.allocated = [0, 0, 0]
    return events


def _shown_piece(state: State, number: int, kind: int, prior: int, shown: list[int], rule: str) -> Piece:
    state.demand(number < len(state.pieces), rule, "there is no such piece")
    piece = state.pieces[number]
    state.demand(piece.kind == kind, rule, "that piece is of another kind")
    words = tuple(word for link in piece.links for word in link.words)
    size = 1 + state.rules.words * kind
    whole = tuple(shown[: len(shown) // size * size])  # a rest too short for a submission is not looked at
    state.demand(whole == words and prior == piece.prior, rule, "what is shown is not what was closed")
    return piece


# ---- settlement


def settle(state: State, caller: Caller, day: int, kind: int, number: int, prior: int, shown: list[int]) -> list[Event]:
    rules = state.rules
    state.in_phase(day, Phase.PRODUCED, "settlement")
    state.demand(kind in (STANDARD, PRODUCER), "settlement.piece", "there is no such kind of agent")
    piece = _shown_piece(state, number, kind, prior, shown, "settlement.piece")
    state.demand(not piece.settled, "settlement.piece", "that piece is settled already")
    state.passed()
    piece.settled = True
    events = []
    for link in piece.links:
        agent = link.agent
        if kind == STANDARD:
            sold = [state.endowments.get(agent, 0)] + [0] * rules.periods
        else:
            sold = made_of(link.offers, state.bids, state.fractions[agent])
        outcome = outcome_of(link.bids, sold, state.bids, state.delivered)
        state.allocated[0] += outcome.revenue + outcome.refund
        state.allocated[1] += outcome.energy
        state.allocated[2] += outcome.good
        account = state.account(agent)
        account.money += (outcome.revenue + outcome.refund) * UNIT
        account.energy, account.state = outcome.energy, ALLOCATED
        state.escrow -= (outcome.revenue + outcome.refund) * UNIT
        events.append(Event(rules.market, "Settled", (day, agent, *outcome)))
    state.left -= len(piece.links)
    if state.left <= 0:
        events.append(_book_dust(state, caller))
        state.enter(Phase.SETTLED, state.submissions)
        state.settled, state.metering = caller.now, False
    return events


def _book_dust(state: State, caller: Caller) -> Event:
    money, energy, good = state.allocated
    left = (sum(state.bids) - money, sum(state.delivered[1:]) - energy, state.delivered[0] - good)
    state.account(state.rules.dust_account).money += left[0] * UNIT
    state.escrow -= left[0] * UNIT
    state.dust = [total + part for total, part in zip(state.dust, left, strict=True)]
    return Event(state.rules.market, "DaySettled", (state.day, caller.now, *left))
