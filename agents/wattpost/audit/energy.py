"""Calls that charge the day's gas: by the meter, or without it when it stays silent."""

from __future__ import annotations

from wattpost.audit.day import SMALLEST_BATCH
from wattpost.audit.events import Event
from wattpost.audit.shares import UNIT
from wattpost.audit.state import ALLOCATED, METERED, Caller, Phase, State

ADDRESS = 2**160 - 1


def meter(state: State, caller: Caller, day: int, share: int, carried: int, readings: list[int]) -> list[Event]:
    state.demand(caller.address == state.rules.meter, "energy.role", "the caller is not the meter")
    state.demand(share < 2**64 and carried < 2**64, "energy.share", "the shared gas is out of range")
    state.in_phase(day, Phase.SETTLED, "metering")
    agents = [reading & ADDRESS for reading in readings]
    _check_batch(state, day, agents)
    if state.metering:
        state.demand(share == state.share, "energy.share", "the share differs from the day's first batch")
        state.demand(carried == state.carried, "energy.carried", "the carried gas differs from the day's first batch")
    for reading in readings:
        seen = state.look(reading & ADDRESS).observed_gas
        state.demand(reading >> 160 >= seen, "energy.floor", "less gas is posted than the market observed")
    charges = [(reading & ADDRESS, (reading >> 160) + share) for reading in readings]
    _check_sum(state, charges)
    state.passed()
    if not state.metering:
        state.share, state.carried, state.charged, state.silent = share, carried, 0, False
    return _charge_all(state, day, charges)


def end_unmetered(state: State, caller: Caller, day: int, agents: list[int]) -> list[Event]:
    state.in_phase(day, Phase.SETTLED, "ending a day without the meter")
    over = state.settled + state.rules.patience
    state.demand(caller.now >= over, "energy.patience", "the meter has time left")
    _check_batch(state, day, agents)
    charges = [(agent, state.look(agent).observed_gas) for agent in agents]
    _check_sum(state, charges)
    state.passed()
    if not state.metering:
        state.share = state.carried = state.charged = 0
    state.silent = True
    return _charge_all(state, day, charges)


def _check_batch(state: State, day: int, agents: list[int]) -> None:
    smallest = min(SMALLEST_BATCH, state.left)
    state.demand(smallest <= len(agents) <= state.left, "energy.batch", "the batch is too small or too large")
    state.demand(len(set(agents)) == len(agents), "energy.agent", "an agent is charged twice")
    for agent in agents:
        account = state.look(agent)
        state.demand(account.day == day, "energy.agent", "an agent is charged that did not take part")
        state.demand(account.state == ALLOCATED, "energy.agent", "an agent is charged twice")


def _check_sum(state: State, charges: list[tuple[int, int]]) -> None:
    before = state.charged if state.metering else 0
    state.demand(before + sum(gas for _, gas in charges) < 2**96, "energy.charged", "the gas is out of range")


def _charge_all(state: State, day: int, charges: list[tuple[int, int]]) -> list[Event]:
    market, events = state.rules.market, []
    for agent, gas in charges:
        account = state.account(agent)
        bought, verification = account.energy * UNIT, state.rules.kappa * gas
        owed = account.arrears + verification
        account.arrears = max(owed - bought, 0)
        account.energy, account.state = 0, METERED
        state.charged += gas
        consumed = max(bought - owed, 0)
        events.append(Event(market, "Metered", (day, agent, gas, verification, consumed, account.arrears)))
    state.metering = True
    state.left -= len(charges)
    if state.left <= 0:
        last = (day, state.share, state.carried, state.charged, int(state.silent))
        events.append(Event(market, "DayMetered", last))
        state.enter(Phase.DONE, 0)
    return events
