"""Calls on accounts and on the register."""

from __future__ import annotations

from wattpost.audit.events import Event
from wattpost.audit.power import WAD
from wattpost.audit.shares import UNIT, inputs_needed
from wattpost.audit.state import PRODUCER, STANDARD, Caller, Plant, Refused, State
from wattpost.audit.token import Token

LANE = 2**64 - 1
MAX_HELD = LANE * UNIT
MAX_REGISTERED = 10**18  # endowment or capacity, 10^-9
FULL = 10_000


# ---- money


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
    state.demand(money > 0, "money.deposit", "nothing is deposited")
    state.demand(state.owed + money <= MAX_HELD, "money.deposit", "the market is full")
    events = token.spend(caller.address, market, market, money, allowed)
    state.passed()
    state.account(caller.address).money += money
    state.owed += money
    return [*events, Event(market, "Deposited", (caller.address, money))]


def credit(state: State, caller: Caller, money: int) -> list[Event]:
    """A deposit of which only the market's event is known; the token's events say whether it was paid."""
    state.demand(money > 0, "money.deposit", "nothing is deposited")
    state.demand(state.owed + money <= MAX_HELD, "money.deposit", "the market is full")
    state.account(caller.address).money += money
    state.owed += money
    return [Event(state.rules.market, "Deposited", (caller.address, money))]


def withdraw(state: State, token: Token, caller: Caller, money: int) -> list[Event]:
    market = state.rules.market
    state.demand(money > 0, "money.withdrawal", "nothing is withdrawn")
    state.demand(state.look(caller.address).money >= money, "money.withdrawal", "less is prepaid")
    state.passed()
    state.account(caller.address).money -= money
    state.owed -= money
    return [
        Event(token.address, "Transfer", (market, caller.address, money)),
        Event(market, "Withdrawn", (caller.address, money)),
    ]


# ---- the register


def offer_registrar(state: State, caller: Caller, successor: int) -> list[Event]:
    _registrar_only(state, caller)
    state.passed()
    state.next_registrar = successor
    return [Event(state.rules.market, "RegistrarOffered", (state.registrar, successor))]


def accept_registrar(state: State, caller: Caller) -> list[Event]:
    state.demand(caller.address == state.next_registrar, "register.role", "the role was not offered to the caller")
    state.passed()
    former, state.registrar, state.next_registrar = state.registrar, caller.address, 0
    return [Event(state.rules.market, "RegistrarChanged", (former, caller.address))]


def set_profile(state: State, caller: Caller, profile: int, words: list[int]) -> list[Event]:
    _registrar_only(state, caller)
    state.between_days("register.between-days")
    state.demand(profile < len(state.profiles), "register.profile", "there is no such profile")
    parts = profile_parts(words)
    state.demand(max(parts) <= FULL, "register.profile", "a part is above the whole")
    state.demand(not any(parts[state.rules.periods :]), "register.profile", "it is longer than the day")
    state.passed()
    state.profiles[profile] = list(words)
    return [Event(state.rules.market, "ProfileSet", (profile, words))]


def profile_parts(words: list[int]) -> list[int]:
    """Ten-thousandths by period, the first period first."""
    return [words[i >> 4] >> ((i & 15) << 4) & 0xFFFF for i in range(48)]


def register_standard(state: State, caller: Caller, agent: int, endowment: int) -> list[Event]:
    _registrar_only(state, caller)
    _check_admission(state, agent)
    state.demand(0 < endowment <= MAX_REGISTERED, "register.bounds", "the endowment is out of bounds")
    state.demand(state.total_endowment + endowment <= LANE, "register.bounds", "all endowments overflow a post")
    state.passed()
    state.account(agent).kind = STANDARD
    state.total_endowment += endowment
    state.endowments[agent] = endowment
    return [Event(state.rules.market, "StandardRegistered", (agent, endowment))]


def register_producer(
    state: State, caller: Caller, agent: int, theta: int, c: int, capacity: int, profile: int
) -> list[Event]:
    _registrar_only(state, caller)
    _check_admission(state, agent)
    state.demand(0 < capacity <= MAX_REGISTERED, "register.bounds", "the capacity is out of bounds")
    state.demand(profile < len(state.profiles), "register.bounds", "there is no such profile")
    state.demand(state.total_capacity + capacity <= LANE, "register.bounds", "all capacities overflow a post")
    state.demand(0 < theta < 2**96, "register.bounds", "theta is out of bounds")
    state.demand(0 < c <= 3 * WAD, "register.bounds", "c is out of bounds")
    if not state.forced:
        inputs = inputs_needed(capacity * UNIT, theta, c)
        limit = MAX_HELD // state.rules.periods
        state.demand(inputs <= limit, "register.bounds", "the plant at full capacity needs too much")
    state.passed()
    state.account(agent).kind = PRODUCER
    state.total_capacity += capacity
    state.plants[agent] = Plant(theta, c, capacity, profile)
    return [Event(state.rules.market, "ProducerRegistered", (agent, theta, c, capacity, profile))]


def _registrar_only(state: State, caller: Caller) -> None:
    state.demand(caller.address == state.registrar, "register.role", "the caller is not the registrar")


def _check_admission(state: State, agent: int) -> None:
    state.between_days("register.between-days")
    impossible = (0, state.rules.market, state.rules.dust_account)
    state.demand(agent not in impossible, "register.agent", "that address cannot be an agent")
    state.demand(state.look(agent).kind == 0, "register.agent", "the agent is registered already")
