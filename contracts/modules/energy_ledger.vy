# pragma version 0.4.3
"""
@title Energy ledger
@license MIT
@notice What paying costs: the day's gas, turned into kWh, comes out of the electricity each agent bought or has stored.
@dev A charge is KAPPA * gas, exactly; gas is an agent's own and its shares of what all, and all those relayed, caused.
     The meter posts the shares once, and own gas where there is any; who submitted directly is charged then. Who was
     relayed, or not read by a silent meter, is charged from the day's books when its account is next written: nothing
     is to be written for it before.

     A balance above zero is stored, below zero owed. Charges come out of it, and what the day's purchase has left then
     clears what is owed; the rest of the purchase counts as consumed.
@custom:units gas; kWh with 18 decimals; KAPPA in 10^-18 kWh per gas
@custom:trust The meter says how much gas an agent used, but never less than the market itself saw. If it is
    silent for PATIENCE seconds anyone ends the day, and what the market saw is charged.
"""
from ..interfaces import IMarket
from . import amounts
from . import calendar
from . import vault

uses: calendar
uses: vault

MAX_READINGS: constant(uint256) = 256
MAX_KAPPA: constant(uint256) = 10**18  # one kWh per gas
MAX_GAS: constant(uint256) = 2**32 - 1  # of an agent a day
MAX_STORED: constant(uint256) = 2**62 - 1  # kWh of a purchase, 10^-9
WAD: constant(uint256) = 10**18

METER: immutable(address)
KAPPA: immutable(uint256)
EFFICIENCY: immutable(uint256)  # of stores, 18 decimals; zero where verification is paid from the purchase
FIRST_GAS: immutable(uint256)  # what a store must cover before the first day was metered

_balances: HashMap[address, int256]
_books: HashMap[uint256, uint256]  # of finished days: shared gas a submission, above 64 bits a relayed one's of batches
_pool: uint256  # today's relayed batches: gas that the market saw, above a 24-bit count of submissions


@deploy
def __init__(meter: address, kappa: uint256, efficiency: uint256, first_gas: uint256):
    assert meter != empty(address), "energy: no meter"
    assert kappa <= MAX_KAPPA, "energy: kappa out of range"
    assert efficiency <= WAD, "energy: efficiency out of range"
    assert first_gas <= MAX_GAS, "energy: gas out of range"

    METER = meter
    KAPPA = kappa
    EFFICIENCY = efficiency
    FIRST_GAS = first_gas


# ---- THE POOL OF RELAYED BATCHES ---------------------------------------------------------------------------


@internal
def _empty_pool():
    self._pool = 2**255  # never zero, so that the first batch costs no more than the last


@internal
def _pool_batch(count: uint256, gas_used: uint256):
    self._pool += count + (gas_used << 24)


@view
@internal
def _relayed_count() -> uint256:
    return self._pool & (2**24 - 1)


@view
@internal
def _observed_share() -> uint256:
    count: uint256 = self._relayed_count()
    return ((self._pool & ~(1 << 255)) >> 24) // count if count > 0 else 0


# ---- CHARGES -----------------------------------------------------------------------------------------------


@view
@internal
def _gas_of(account: vault.Account) -> uint256:
    """
    @notice Gas that an account is, or was, charged for its last finished day; what a store must cover before the first.
    """
    if account.day == 0:
        return FIRST_GAS
    if account.state == vault.CHARGED:
        return account.gas
    books: uint256 = self._books[account.day]
    gas_used: uint256 = account.gas + (books & amounts.LANE_MASK)
    return gas_used + (books >> 64) if account.relayed else gas_used


@view
@internal
def _balance_after(agent: address, account: vault.Account, gas_used: uint256) -> int256:
    """
    @notice What is stored, or below zero owed, once the account is charged for that gas.
    """
    balance: int256 = self._balances[agent] if account.has_balance else 0
    if account.state != vault.SETTLED:
        return balance
    balance -= convert(KAPPA * gas_used, int256)
    if balance < 0:
        balance = min(0, balance + convert(account.energy * amounts.UNIT, int256))
    return balance


@internal
def _charged(agent: address, account: vault.Account, gas_used: uint256, balance: int256) -> vault.Account:
    """
    @notice The account once it is charged, the rest of its purchase consumed; to be stored by the caller.
    """
    if account.has_balance or balance != 0:
        self._balances[agent] = balance
    charged: vault.Account = account
    charged.energy = 0
    charged.gas = gas_used
    charged.state = vault.CHARGED
    charged.has_balance = balance != 0
    return charged


@view
@internal
def _covers(gas_used: uint256, balance: int256) -> bool:
    """
    @notice Whether a store holds what that gas burns; always where there are no stores.
    """
    return EFFICIENCY == 0 or balance >= convert(KAPPA * gas_used, int256)


@internal
def _fill(agent: address, kwh: uint256):
    """
    @notice Put what a store holds at first into it, with 18 decimals.
    """
    assert EFFICIENCY > 0, "energy: no stores here"
    assert kwh <= MAX_STORED * amounts.UNIT, "energy: too much to store"
    self._balances[agent] = convert(kwh, int256)


@internal
def _keep(agent: address, bought: uint256, to_store: uint256):
    """
    @notice Move a part of a purchase, as far as it goes, to the store; the account is as it was settled.
    """
    account: vault.Account = vault._load(agent)
    part: uint256 = min(to_store, bought)
    account.energy -= part
    balance: int256 = convert(part * amounts.UNIT * EFFICIENCY // WAD, int256)
    if account.has_balance:
        balance += self._balances[agent]
    self._balances[agent] = balance
    account.has_balance = balance != 0
    vault._store(agent, account)


# ---- METERING ----------------------------------------------------------------------------------------------


@internal
def _meter(
    day: uint256, share: uint256, relayed: uint256, carried: uint256, readings: DynArray[uint256, MAX_READINGS]
):
    """
    @notice Post the gas that receipts show: each submission's shares, and own gas of a batch of submitters.
    @param share Shared gas a submission, the same for the whole day.
    @param relayed Gas of relayed batches a relayed submission, the same for the whole day.
    @param carried Gas that did not divide and is left to the next metered day.
    @param readings An agent in the low 160 bits, its own gas above. Every direct submission needs one.
    """
    assert max(share, relayed) < 2**64, "energy: shared gas out of range"
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    assert relayed >= self._observed_share(), "energy: below observed gas"
    books: uint256 = share | (relayed << 64)
    assert not today.begun or self._books[day] == books, "energy: share differs"
    assert len(readings) >= min(16, today.left), "calendar: batch too small"

    for reading: uint256 in readings:
        agent: address = convert(reading & (2**160 - 1), address)
        own: uint256 = reading >> 160
        account: vault.Account = vault._load(agent)
        assert account.day == day, "energy: did not take part"
        assert account.state == vault.SETTLED, "energy: metered already"
        assert own >= account.gas, "energy: below observed gas"
        gas_used: uint256 = own + share
        if account.relayed:
            gas_used += relayed
        else:
            today.left -= 1
        assert gas_used <= MAX_GAS, "energy: gas out of range"
        balance: int256 = self._balance_after(agent, account, gas_used)
        vault._store(agent, self._charged(agent, account, gas_used, balance))
    log IMarket.Readings(day=day, share=share, relayed=relayed, readings=readings)
    self._end(today, books, carried, False)


@internal
def _end_unmetered(day: uint256):
    """
    @notice End a day on which the meter is silent: who was not read is charged what the market saw.
    """
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    assert block.timestamp >= today.settled + calendar.PATIENCE, "energy: the meter has time left"
    today.left = 0
    self._end(today, self._observed_share() << 64, 0, True)


@internal
def _end(day: calendar.Day, books: uint256, carried: uint256, silent: bool):
    """
    @notice Keep the day's books, and end it unless some direct submissions are left to be read.
    """
    today: calendar.Day = day
    today.begun = True
    self._books[day.number] = books
    if day.left == 0:
        log IMarket.DayMetered(
            day=day.number,
            share=books & amounts.LANE_MASK,
            relayed=books >> 64,
            carried=carried,
            silent=silent,
        )
        today = calendar._entering(today, calendar.DONE, 0)
    calendar._store(today)
