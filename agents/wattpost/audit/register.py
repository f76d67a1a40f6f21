"""Calls to the registry: who takes part and with what, and who may say so."""

from __future__ import annotations

from wattpost.audit.events import Event
from wattpost.audit.power import WAD
from wattpost.audit.shares import UNIT, inputs_needed
from wattpost.audit.state import PLAIN, PRODUCER, STANDARD, Caller, Plant, State

LANE = 2**64 - 1
MAX_HELD = LANE * UNIT
MAX_CAPACITY = 10**18  # 10^-9
MAX_ENDOWMENT = 2**58 - 1  # 10^-9
MAX_OUTPUT = 2**60  # of all plants in all periods of a day, 10^-9
MAX_STORE = 2**60 * UNIT
FULL = 10_000


def bind(state: State, caller: Caller) -> list[Event]:
    """The market's constructor is the first to ask; nobody after it is served."""
    state.demand(not state.bound, "register.market", "the registry serves a market already")
    state.passed()
    state.bound = True
    return []


def admit(state: State, caller: Caller, agent: int, endowment: int, is_producer: int, store: int) -> list[Event]:
    """Only the registry calls it, from within a call of its own, which is what is followed."""
    state.demand(caller.address == state.rules.registry, "register.role", "the caller is not the registry")
    state.passed()
    return []


def offer_registrar(state: State, caller: Caller, successor: int) -> list[Event]:
    _registrar_only(state, caller)
    state.passed()
    state.next_registrar = successor
    return [Event(state.rules.registry, "RegistrarOffered", (state.registrar, successor))]


def accept_registrar(state: State, caller: Caller) -> list[Event]:
    state.demand(caller.address == state.next_registrar, "register.role", "the role was not offered to the caller")
    state.passed()
    former, state.registrar, state.next_registrar = state.registrar, caller.address, 0
    return [Event(state.rules.registry, "RegistrarChanged", (former, caller.address))]


def set_profile(state: State, caller: Caller, profile: int, words: list[int]) -> list[Event]:
    _registrar_only(state, caller)
    _between_days(state)
    state.demand(profile < len(state.profiles), "register.profile", "there is no such profile")
    parts = profile_parts(words)
    state.demand(max(parts) <= FULL, "register.profile", "a part is above the whole")
    state.demand(not any(parts[state.rules.periods :]), "register.profile", "it is longer than the day")
    state.passed()
    state.profiles[profile] = list(words)
    return [Event(state.rules.registry, "ProfileSet", (profile, words))]


def profile_parts(words: list[int]) -> list[int]:
    """Ten-thousandths by period, the first period first."""
    return [words[i >> 4] >> ((i & 15) << 4) & 0xFFFF for i in range(48)]


def register_standard(state: State, caller: Caller, agent: int, endowment: int, store: int) -> list[Event]:
    _registrar_only(state, caller)
    _check_admission(state, agent, store)
    state.demand(0 < endowment <= MAX_ENDOWMENT, "register.bounds", "the endowment is out of bounds")
    state.demand(state.total_endowment + endowment <= LANE, "register.bounds", "all endowments overflow a post")
    state.passed()
    account = state.account(agent)
    account.kind, account.endowment, account.balance = STANDARD, endowment, store
    state.agents.append(agent)
    state.total_endowment += endowment
    return [Event(state.rules.registry, "StandardRegistered", (agent, endowment, store))]


def register_producer(
    state: State, caller: Caller, agent: int, theta: int, c: int, capacity: int, profile: int, store: int
) -> list[Event]:
    _registrar_only(state, caller)
    _check_admission(state, agent, store)
    state.demand(0 < capacity <= MAX_CAPACITY, "register.bounds", "the capacity is out of bounds")
    state.demand(profile < len(state.profiles), "register.bounds", "there is no such profile")
    possible = (state.total_capacity + capacity) * state.rules.periods < MAX_OUTPUT
    state.demand(possible, "register.bounds", "all capacities overflow what an account can hold")
    state.demand(0 < theta < 2**96, "register.bounds", "theta is out of bounds")
    state.demand(0 < c <= 3 * WAD, "register.bounds", "c is out of bounds")
    if not state.forced:
        inputs = inputs_needed(capacity * UNIT, theta, c)
        limit = MAX_HELD // state.rules.periods
        state.demand(inputs <= limit, "register.bounds", "the plant at full capacity needs too much")
    state.passed()
    account = state.account(agent)
    account.kind, account.balance = PRODUCER, store
    state.agents.append(agent)
    state.total_capacity += capacity
    state.plants[agent] = Plant(theta, c, capacity, profile)
    said = (agent, theta, c, capacity, profile, store)
    return [Event(state.rules.registry, "ProducerRegistered", said)]


def _registrar_only(state: State, caller: Caller) -> None:
    state.demand(caller.address == state.registrar, "register.role", "the caller is not the registrar")


def _between_days(state: State) -> None:
    state.demand(state.created, "register.market", "the registry serves no market yet")
    state.between_days("register.between-days")


def _check_admission(state: State, agent: int, store: int) -> None:
    _between_days(state)
    impossible = (0, state.rules.market, state.rules.dust_account)
    state.demand(agent not in impossible, "register.agent", "that address cannot be an agent")
    state.demand(state.look(agent).kind == PLAIN, "register.agent", "the agent is registered already")
    state.demand(store <= MAX_STORE, "register.bounds", "the store is too large")
    state.demand(store == 0 or state.rules.efficiency > 0, "register.bounds", "there are no stores here")
