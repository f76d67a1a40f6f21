"""What paying costs: calls that post the day's gas, and what an account is charged, stores and owes.

A charge is kappa * gas of an agent's last day: what the market saw of its submission (of a relayed one, its share of
the batches), what its receipts show beyond, and its share of what all caused. It stands when the day is done; the
account bears it when its next submission is settled, before that day's purchase is put into its store.
"""

from __future__ import annotations

from wattpost.audit.events import Event
from wattpost.audit.power import WAD
from wattpost.audit.shares import UNIT
from wattpost.audit.state import Account, Caller, Phase, State

MOST_SHARED = 2**32 - 1
SILENT, READ = 2**64, 2**65  # flags of a day's books: its meter was silent; there are readings (views do not show it)
LANES, LANE_BITS, LANE = 9, 24, 2**24 - 1  # of a word of readings
SLOT = LANES * LANE_BITS


# ---- posting


def meter(
    state: State, caller: Caller, day: int, share: int, relayed: int, carried: int, readings: list[int], last: int
) -> list[Event]:
    market, pool = state.rules.market, state.pool
    state.demand(caller.address == state.rules.meter, "energy.role", "the caller is not the meter")
    state.in_phase(day, Phase.SETTLED, "metering")
    state.demand(max(share, relayed) <= MOST_SHARED, "energy.share", "the shared gas is out of range")
    # What the market saw of batches is known within bounds; between them only the market can tell.
    seen = pool.most if state.rehearsing else pool.least
    low = relayed >= seen // max(pool.count, 1)
    state.demand(low, "energy.floor", "less gas is posted for relayed submissions than the market observed")
    if state.begun:
        same = share == state.books & MOST_SHARED and relayed == state.books >> 32 & MOST_SHARED
        state.demand(same, "energy.share", "the shares differ from the day's first call")
    slots = [word >> SLOT for word in readings if word]
    again = len(set(slots)) < len(slots) or any(slot in state.readings for slot in slots)
    state.demand(not again, "energy.agent", "submissions are read twice")
    state.passed()
    state.readings |= {word >> SLOT: word for word in readings if word}
    flag = READ if readings else state.books & READ if state.begun else 0
    state.begun, state.books = True, share & MOST_SHARED | (relayed & MOST_SHARED) << 32 | flag
    events = [Event(market, "Readings", (day, share, relayed, readings))]
    return [*events, _end(state, carried)] if last else events


def end_unmetered(state: State, caller: Caller, day: int) -> list[Event]:
    """`caller.observed_gas` is what the market says that it observed of batches, a relayed submission."""
    state.in_phase(day, Phase.SETTLED, "ending a day without the meter")
    over = state.settled + state.rules.patience
    state.demand(caller.now >= over, "energy.patience", "the meter has time left")
    state.passed()
    state.books = SILENT | (caller.observed_gas & MOST_SHARED) << 32
    return [_end(state, 0)]


def _end(state: State, carried: int) -> Event:
    share, relayed, silent = state.books & MOST_SHARED, state.books >> 32 & MOST_SHARED, int(state.books & SILENT > 0)
    for kind, chain in state.chains.items():
        for link in chain.links:
            account = state.account(link.agent)
            account.due = share + (link.observed_gas or relayed)
            if not silent:
                account.due += reading_of(state.readings, kind, link.place)
    state.enter(Phase.DONE, 0)
    return Event(state.rules.market, "DayMetered", (state.day, share, relayed, carried, silent))


def reading_of(readings: dict[int, int], kind: int, place: int) -> int:
    """Gas beyond what the market saw, as the meter posted it for one submission."""
    return readings.get(kind << 20 | place // LANES, 0) >> LANE_BITS * (place % LANES) & LANE


# ---- charging


def charged(state: State, account: Account) -> tuple[int, int]:
    """The balance once the account is charged for its last day, and what of its purchase was consumed on it."""
    if not account.day:
        return account.balance, 0
    balance, left = account.balance - state.rules.kappa * account.due, account.energy * UNIT
    if balance >= 0:
        return balance, left
    borne = min(-balance, left)
    return balance + borne, left - borne


def covers(state: State, account: Account) -> bool:
    """Whether an agent's store, once charged, holds what its last day burnt."""
    gas = account.due if account.day else state.rules.first_gas
    return charged(state, account)[0] >= state.rules.kappa * gas


def charge(state: State, account: Account, to_store: int, bought: int) -> None:
    """Charge an account for its last day, and put a part of today's purchase into its store."""
    account.balance, consumed = charged(state, account)
    account.consumed += consumed
    account.gas += account.due
    stored = min(to_store, bought)
    useful = stored * UNIT * state.rules.efficiency // WAD
    account.balance += useful
    account.lost += stored * UNIT - useful
    account.energy, account.due = bought - stored, 0


def done(state: State, account: Account) -> bool:
    """Whether an account's last day is over, so that its charge stands."""
    return account.day > 0 and (state.phase == Phase.DONE or account.day < state.day)


def balance_of(state: State, account: Account) -> int:
    """What an agent has stored or owes, all days that are done charged."""
    return charged(state, account)[0] if done(state, account) else account.balance
