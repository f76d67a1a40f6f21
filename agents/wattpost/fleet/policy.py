"""Policies: from what an agent sees of a day to what it bids and offers.

A policy is any class with `decide(view)`, which returns a `Plan`, or `StayOut` to sit the day out. It is pure: all it
may use is in the view, and it touches neither chain nor clock. `load("module:Class")` finds one by name.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from wattpost.fleet.participation import why_stay_out
from wattpost.game import Agent, Inventory, Rivals, States, best_response, opening_plan
from wattpost.game import Plan as Action
from wattpost.game.states import Burnt

RESERVE = 0.1  # of a day's verification that a store keeps beyond the next day's

__all__ = ["BestResponse", "Plan", "Policy", "PolicyError", "StayOut", "View", "load"]


class PolicyError(Exception):
    """A policy cannot be loaded, or what it decided cannot be sent; the message is one sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Action):
    """An action: bids (T,) money, numeraire_bid, offers (T,) kWh; and kWh of the purchase that go to the store."""

    to_store: float = 0.0


@dataclass(frozen=True, slots=True)
class StayOut:
    """A decision not to take part in a day; `locked_out` if the market would refuse anyhow, whatever one wants."""

    why: str = "its policy chose to"
    locked_out: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one agent knows when it decides.

    day : the day it decides for, 1 for the first
    agent : its own preferences, and its endowment or plant
    held : prepaid bytecoin that is not in escrow
    rivals : everybody else's totals on each post's last traded day; None before any day was traded
    previous : its own last plan; None if it never bid
    verification : (T,) kWh that it expects its payments to burn, from its last receipts; `States` of it, with
        chances, where validation is uncertain
    step : the fraction of the way to its best response that it moves in a day, 0 < step <= 1
    turn : whether it is this agent's turn to reconsider taking part
    outside : whether it chose to stay out when it last decided
    efficiency : of stores, what of a kWh put in comes out; zero where verification is paid from the purchase
    store : kWh in its store, all finished days charged
    moved : the most by which a price of electricity, in units of the good, changed between the last two traded days,
        0.01 for 1 %; infinite after the first
    """

    day: int
    agent: Agent
    held: float
    rivals: Rivals | None
    previous: Action | None
    verification: Burnt
    step: float
    turn: bool = False
    outside: bool = False
    efficiency: float = 0.0
    store: float = 0.0
    moved: float = 0.0


class Policy(Protocol):
    def decide(self, view: View) -> Action | StayOut:
        """What to bid and offer today, if anything."""


class BestResponse:
    """Moves `step` of the way from its last plan to the best response to each post's last traded day.

    On its turn it reconsiders whether to take part; between turns it stays in, or out, as it was. Where verification is
    paid from a store, what it buys for the store takes the place of what it burns: enough for another such day after
    today's, and RESERVE of one beyond, because a store that falls short locks it out; where validation is uncertain,
    of a day in its worst state. Who comes back answers the market as it is: its last plan was made for another.
    """

    def decide(self, view: View) -> Plan | StayOut:
        to_store, needs, lasting = 0.0, view.verification, view.verification
        if view.efficiency > 0:
            stock = Inventory(view.efficiency)
            each = needs.worst if isinstance(needs, States) else np.asarray(needs)
            burnt = float(each.sum())
            if stock.locks_out(view.store, burnt):
                return StayOut(
                    f"it is locked out: its store holds {view.store:.6g} of {burnt:.6g} kWh", locked_out=True
                )
            needs = stock.to_buy(view.store, each, target=(1 + RESERVE) * burnt)
            to_store, lasting = float(needs.sum()), each / view.efficiency
        if view.rivals is None or view.previous is None:
            plan = opening_plan(view.agent, held=view.held, verification=needs)
            return Plan(plan.bids, plan.numeraire_bid, plan.offers, to_store)
        if view.turn:
            why = why_stay_out(view.agent, view.rivals, lasting, view.held, view.moved, outside_now=view.outside)
            if why:
                return StayOut(why)
        elif view.outside:
            return StayOut("it stays out until its turn to reconsider")
        best = best_response(view.agent, view.rivals, verification=needs, held=view.held)
        last, step = view.previous, 1.0 if view.outside else view.step
        bids = last.bids + step * (best.bids - last.bids)
        good = last.numeraire_bid + step * (best.numeraire_bid - last.numeraire_bid)
        offers = last.offers + step * (best.offers - last.offers)
        money = float(bids.sum()) + good
        scale = min(1.0, view.held / money) if money > 0 else 1.0
        return Plan(bids * scale, good * scale, offers, to_store)


BUILT_IN = {"best-response": BestResponse}


def load(name: str) -> Policy:
    """A built-in policy, `replay:DIR`, or the class in `package.module:Class`, made without arguments.

    Raises PolicyError.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]()
    module, colon, attribute = name.partition(":")
    if module == "replay" and colon:
        from wattpost.fleet.replay import Replay

        return Replay(Path(attribute).absolute())
    if not colon:
        known = ", ".join((*BUILT_IN, "replay:DIR"))
        raise PolicyError(f'There is no policy "{name}": choose {known}, or name one as module:Class.')
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as with python -m: a policy may lie where the command is typed
    try:
        policy = getattr(importlib.import_module(module), attribute)()
    except Exception as error:  # somebody else's code: whatever it raises is the answer
        raise PolicyError(f'The policy "{name}" cannot be loaded: {type(error).__name__}: {error}.') from error
    if not callable(getattr(policy, "decide", None)):
        raise PolicyError(f'The policy "{name}" has no decide(view).')
    return policy  # type: ignore[no-any-return]


def check(plan: Action, view: View) -> Plan:
    """The plan, if it can be sent; whoever wrote the policy, nobody bids nonsense or more than it holds."""
    periods = view.agent.periods
    bids, offers = np.asarray(plan.bids, dtype=float), np.asarray(plan.offers, dtype=float)
    if bids.shape != (periods,) or offers.shape != (periods,):
        raise PolicyError(f"The policy decided on {bids.size} bids and {offers.size} offers for {periods} periods.")
    to_store = float(getattr(plan, "to_store", 0.0))
    amounts = np.concatenate([bids, offers, [plan.numeraire_bid, to_store]])
    if not np.all(np.isfinite(amounts)) or np.any(amounts < 0):
        raise PolicyError("The policy decided on an amount that is negative or not a number.")
    if float(bids.sum()) + plan.numeraire_bid > view.held * (1 + 1e-9):
        raise PolicyError("The policy decided to bid more bytecoin than the agent holds.")
    if to_store > 0 and view.efficiency == 0:
        raise PolicyError("The policy decided to store electricity, and this market has no stores.")
    return Plan(bids, float(plan.numeraire_bid), offers, to_store)
