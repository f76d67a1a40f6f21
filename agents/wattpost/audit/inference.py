"""Calls that other contracts made: no transaction carries their data, but events tell what they were.

What is told is then followed like any other call; only who called, and what a piece was shown with, is taken from the
events and from the submissions before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wattpost.audit.calls import Decoded
from wattpost.audit.events import decode
from wattpost.audit.raw import Log
from wattpost.audit.state import PRODUCER, Caller, Piece, State


class Unseen(Exception):
    """Events from which no call can be told."""


class _Events:
    """The market's events of one transaction, with a place in them."""

    def __init__(self, market: int, logs: Sequence[Log]) -> None:
        self.items: list[tuple[str, Any]] = []
        for log in logs:
            if log.address == market:
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

    def skip(self, name: str, most: int = 1) -> list[Any]:
        taken: list[Any] = []
        while len(taken) < most and self.at < len(self.items) and self.items[self.at][0] == name:
            taken.append(self.items[self.at][1])
            self.at += 1
        return taken


def infer(state: State, logs: Sequence[Log], now: int) -> Iterator[tuple[Caller, Decoded]]:
    """Callers and calls, in order; each must be followed before the next is asked for."""
    events = _Events(state.rules.market, logs)
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
        return Caller(v[1], now, v[2]), "submit", (v[0], v[3], v[4])
    if name == "PieceClosed":
        events.skip("DayClosed")
        return nobody, "close", (v[0], v[2], v[3], _shown_at_close(state, v[2], v[3]))
    if name == "DayClosed":
        return nobody, "close", (v[0], 0, 0, [])
    if name in ("PlantRun", "Settled"):
        return nobody, *_piece_call(state, events, name, v)
    if name == "DayProduced":
        return nobody, "produce", (v[0], 0, 0, [])
    if name == "Metered":
        return nobody, *_silent_call(state, events, v, now)
    raise Unseen(f"A contract made the market write {name}, and which call that was cannot be told")


def _shown_at_close(state: State, kind: int, prior: int) -> list[int]:
    chain = state.chains.get(kind)
    for count in range(1, len(chain.links) + 1 if chain else 1):
        if chain and chain.prior_of(count) == prior:
            return [word for link in chain.links[-count:] for word in link.words]
    raise Unseen("A contract closed submissions that nobody made")


def _piece_call(state: State, events: _Events, name: str, v: Any) -> tuple[str, tuple[Any, ...]]:
    """Production or settlement of the piece that begins with the event's agent."""
    for number, piece in enumerate(state.pieces):
        done = piece.produced if name == "PlantRun" else piece.settled
        if piece.links[0].agent == v[1] and not done and (name == "Settled" or piece.kind == PRODUCER):
            events.skip(name, len(piece.links) - 1)
            events.skip("DayProduced" if name == "PlantRun" else "DaySettled")
            shown = _words(piece)
            if name == "PlantRun":
                return "produce", (v[0], number, piece.prior, shown)
            return "settle", (v[0], piece.kind, number, piece.prior, shown)
    raise Unseen("A contract moved on a piece that nobody closed")


def _words(piece: Piece) -> list[int]:
    return [word for link in piece.links for word in link.words]


def _silent_call(state: State, events: _Events, v: Any, now: int) -> tuple[str, tuple[Any, ...]]:
    charged = [v, *events.skip("Metered", state.left)]
    events.skip("DayMetered")
    over = now >= state.settled + state.rules.patience
    if over and all(item[2] == state.look(item[1]).observed_gas for item in charged):
        return "end_unmetered", (v[0], [item[1] for item in charged])
    raise Unseen("A contract reported gas, and what it reported for whom cannot be told")
