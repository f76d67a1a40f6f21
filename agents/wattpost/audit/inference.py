"""Calls that other contracts made: no transaction carries their data, but events tell what they were.

What is told is then followed like any other call; only who called, and what a piece was shown with, is taken from the
events and from the submissions before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wattpost.audit.calls import Decoded
from wattpost.audit.chains import COUNT, Link, shown_again
from wattpost.audit.events import decode
from wattpost.audit.raw import Log
from wattpost.audit.state import PRODUCER, STANDARD, Caller, State

LANE = 2**64 - 1


class Unseen(Exception):
    """Events from which no call can be told."""


class _Events:
    """The market's and its registry's events of one transaction, with a place in them."""

    def __init__(self, sources: tuple[int, int], logs: Sequence[Log]) -> None:
        self.items: list[tuple[str, Any]] = []
        for log in logs:
            if log.address in sources:
                decoded = decode(log)
                if decoded is None:
                    raise Unseen("The market wrote an event that is not one of its own")
                self.items.append((decoded[0].name, decoded[1]))
        self.at = 0

    def next(self) -> tuple[str, Any] | None:
        if self.at == len(self.items):
            return None
        self.at += 1
        return self.items[self.at - 1]

    def peek(self) -> str:
        return self.items[self.at][0] if self.at < len(self.items) else ""

    def skip(self, *names: str) -> list[Any]:
        taken: list[Any] = []
        while self.peek() in names:
            taken.append(self.items[self.at][1])
            self.at += 1
        return taken


def infer(state: State, logs: Sequence[Log], now: int) -> Iterator[tuple[Caller, Decoded]]:
    """Callers and calls, in order; each must be followed before the next is asked for."""
    events = _Events((state.rules.market, state.rules.registry), logs)
    while (item := events.next()) is not None:
        caller, name, arguments = _call(state, events, *item, now)
        yield caller, Decoded(name, arguments, view=False)


def _call(state: State, events: _Events, name: str, v: Any, now: int) -> tuple[Caller, str, tuple[Any, ...]]:
    nobody, registrar = Caller(0, now), Caller(state.registrar, now)
    if name in ("Deposited", "Withdrawn"):
        return Caller(v[0], now), {"Deposited": "credit", "Withdrawn": "withdraw"}[name], (v[1],)
    if name == "RegistrarOffered":
        return Caller(v[0], now), "offer_registrar", (v[1],)
    if name == "RegistrarChanged":
        return Caller(v[1], now), "accept_registrar", ()
    if name == "ProfileSet":
        return registrar, "set_profile", tuple(v)
    if name == "StandardRegistered":
        return registrar, "register_standard", tuple(v)
    if name == "ProducerRegistered":
        return registrar, "register_producer", tuple(v)
    if name == "DayOpened":
        return nobody, "open", ()
    if name == "Submitted":
        day, owner, words = v
        body = b"".join(word.to_bytes(32, "big") for word in words)
        return Caller(owner & 2**160 - 1, now, owner >> 224), "submit", (day, owner >> 160 & LANE, body)
    if name == "PieceClosed":
        events.skip("DayClosed")
        return nobody, "close", (v[0], v[2], v[3], *_counted(_shown_at_close(state, v[2], v[3])))
    if name == "DayClosed":
        return nobody, *_whole_day(state, events, v)
    if name in ("PlantRun", "Settled"):
        return nobody, *_piece_call(state, events, name, v)
    if name == "DayProduced":
        return nobody, "produce", (v[0], 0, 0, *_counted([]))
    if name == "Readings":
        ends = events.skip("DayMetered")
        carried = ends[0][3] if ends else 0
        return Caller(state.rules.meter, now), "meter", (v[0], v[1], v[2], carried, v[3], int(bool(ends)))
    if name == "DayMetered":
        return Caller(0, now, v[2]), "end_unmetered", (v[0],)
    raise Unseen(f"A contract made the market write {name}, and which call that was cannot be told")


def _counted(links: Sequence[Link]) -> tuple[int, bytes]:
    return len(links), shown_again(links)


def _shown_at_close(state: State, kind: int, prior: int) -> list[Link]:
    chain = state.chains.get(kind)
    for count in range(1, len(chain.left) + 1 if chain else 1):
        if chain and chain.prior_of(count) == prior:
            return chain.left[-count:]
    raise Unseen("A contract closed submissions that nobody made")


def _whole_day(state: State, events: _Events, v: Any) -> tuple[str, tuple[Any, ...]]:
    """A day that was cleared at once, or an empty one that was closed."""
    if not v[1]:
        return "close", (v[0], STANDARD, 0, *_counted([]))
    events.skip("PlantRun")
    events.skip("DayProduced")
    events.skip("Settled")
    events.skip("DaySettled")
    counts = [len(state.chains[kind].links) for kind in (STANDARD, PRODUCER)]
    return "clear", (v[0], *counts, shown_again(state.links()))


def _piece_call(state: State, events: _Events, name: str, v: Any) -> tuple[str, tuple[Any, ...]]:
    """Production of the piece that begins with the event's agent, or settlement of the one at its place."""
    for number, piece in enumerate(state.pieces):
        if name == "PlantRun":
            if piece.kind == PRODUCER and not piece.produced and piece.links[0].agent == v[1]:
                for _ in piece.links[1:]:
                    if events.peek() == name:
                        events.next()
                events.skip("DayProduced")
                return "produce", (v[0], number, piece.prior, *_counted(piece.links))
        elif not piece.settled and (piece.kind, piece.prior & COUNT) == (v[1], v[2]):
            last = piece.links[-1].place
            while events.peek() == name and events.items[events.at][1][1] == v[1]:
                if not v[2] < events.items[events.at][1][2] <= last:
                    break
                events.next()
            events.skip("DaySettled")
            return "settle", (v[0], piece.kind, number, piece.prior, *_counted(piece.links))
    raise Unseen("A contract moved on a piece that nobody closed")
