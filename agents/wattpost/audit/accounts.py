"""Calls that move money into accounts and out of them."""

from __future__ import annotations

from wattpost.audit.events import Event
from wattpost.audit.shares import UNIT
from wattpost.audit.state import Caller, Refused, State
from wattpost.audit.token import Token

MAX_HELD = (2**64 - 1) * UNIT


def deposit(state: State, token: Token, caller: Caller, money: int) -> list[Event]:
    return _deposit(state, token, caller, money, token.allowances.get((caller.address, state.rules.market), 0))


def deposit_with_permit(
    state: State, token: Token, caller: Caller, money: int, deadline: int, v: int, r: int, s: int
) -> list[Event]:
    """A permit that fails changes nothing, and the allowance that stands decides."""
    owner, market = caller.address, state.rules.market
    before = token.nonces.get(owner, 0)
    try:
        events = token.permit(caller, owner, market, money, deadline, v, r, s)
    except Refused:
        return deposit(state, token, caller, money)
    try:
        return events + _deposit(state, token, caller, money, money)
    except Refused:
        token.nonces[owner] = before
        raise


def _deposit(state: State, token: Token, caller: Caller, money: int, allowed: int) -> list[Event]:
    market = state.rules.market
    _check_deposit(state, money)
    events = token.spend(caller.address, market, market, money, allowed)
    state.passed()
    state.account(caller.address).money += money
    state.owed += money
    return [*events, Event(market, "Deposited", (caller.address, money))]


def credit(state: State, caller: Caller, money: int) -> list[Event]:
    """A deposit of which only the market's event is known; the token's events say whether it was paid."""
    _check_deposit(state, money)
    state.account(caller.address).money += money
    state.owed += money
    return [Event(state.rules.market, "Deposited", (caller.address, money))]


def withdraw(state: State, token: Token, caller: Caller, money: int) -> list[Event]:
    market = state.rules.market
    _check_units(state, money, "money.withdrawal")
    state.demand(state.look(caller.address).money >= money, "money.withdrawal", "less is prepaid")
    state.passed()
    state.account(caller.address).money -= money
    state.owed -= money
    return [
        Event(token.address, "Transfer", (market, caller.address, money)),
        Event(market, "Withdrawn", (caller.address, money)),
    ]


def _check_deposit(state: State, money: int) -> None:
    _check_units(state, money, "money.deposit")
    state.demand(state.owed + money <= MAX_HELD, "money.deposit", "the market is full")


def _check_units(state: State, money: int, rule: str) -> None:
    state.demand(money > 0, rule, "nothing is moved")
    state.demand(money % UNIT == 0, rule, "it is not in whole 10^-9")
