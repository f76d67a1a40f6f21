# pragma version 0.4.3
"""
@title Energy ledger
@license MIT
@notice What paying costs: the day's gas, turned into kWh, comes out of the electricity each agent bought or has stored.
@dev A charge is KAPPA * gas, exactly. Gas is what the market saw a direct submission use, what its receipts show beyond
     that, and shares of what all, and all those relayed, caused. The meter posts the shares once a day, and what
     receipts show beyond in lanes, nine submissions to a word: it cannot say less than the market saw. No account is
     written for that. An account is charged for its last day when its next one is settled, which writes it anyway, and
     its views show it charged as soon as the day is done.

     A balance above zero is stored, below zero owed. Charges come out of it, and what the day's purchase has left then
     clears what is owed; the rest of the purchase counts as consumed.
@custom:units gas; kWh with 18 decimals; KAPPA in 10^-18 kWh per gas
@custom:trust The meter says how much more gas an agent used than the market saw. If it is silent for PATIENCE seconds
    anyone ends the day, and what the market saw is charged.
"""
from ..interfaces import IMarket
from . import amounts
from . import calendar
from . import vault
from . import refusals

uses: calendar

MAX_READINGS: constant(uint256) = 256  # words of nine in a call
MAX_KAPPA: constant(uint256) = 10**18  # one kWh per gas
MAX_STORED: constant(uint256) = 2**60 - 1  # kWh of a purchase, 10^-9
WAD: constant(uint256) = 10**18

# Readings: the kind and the ninth of the place, above lanes of 24 bits for the submissions of nine places. They are kept
# by the day: an agent that stays out is charged for its last day whenever it returns.
LANES: constant(uint256) = 9
LANE_MASK: constant(uint256) = 2**24 - 1
# Books of a day: shared gas a submission, above it gas of batches a relayed submission, 32 bits each; a flag that the
# meter was silent; and one, on other days alone, that there are readings: without it nobody looks for any.
SHARE_MASK: constant(uint256) = 2**32 - 1
SILENT: constant(uint256) = 2**64
READ: constant(uint256) = 2**65

METER: immutable(address)
KAPPA: immutable(uint256)
EFFICIENCY: immutable(uint256)  # of stores, 18 decimals; zero where verification is paid from the purchase
FIRST_GAS: immutable(uint256)  # what a store must cover before the first day was metered

_balances: HashMap[address, int256]
_books: HashMap[uint256, uint256]
_readings: HashMap[uint256, uint256]  # by day, kind and ninth of the place
_pool: uint256  # today's relayed batches: gas that the market saw, above a 24-bit count of submissions


@deploy
def __init__(meter: address, kappa: uint256, efficiency: uint256, first_gas: uint256):
    assert meter != empty(address), "energy: no meter"
    assert kappa <= MAX_KAPPA, "energy: kappa out of range"
    assert efficiency <= WAD, "energy: efficiency out of range"
    assert first_gas <= SHARE_MASK, "energy: gas out of range"

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
def _observed_share() -> uint256:
    count: uint256 = self._pool & (2**24 - 1)
    return ((self._pool ^ (1 << 255)) >> 24) // max(count, 1)


# ---- CHARGES -----------------------------------------------------------------------------------------------


@view
@internal
def _gas_of(account: uint256, kind: uint256, last_books: uint256, yesterday: uint256) -> uint256:
    """
    @notice Gas that an account is charged for its last day, which is done; what a store must cover before the first.
    @param last_books Those of the day `yesterday`.
    """
    day: uint256 = (account >> vault.DAY) & vault.DAY_MASK
    if day == 0:
        return FIRST_GAS
    books: uint256 = last_books if day == yesterday else self._books[day]
    gas_used: uint256 = (account >> vault.GAS) & vault.GAS_MASK
    if gas_used == 0:  # it was relayed
        gas_used = (books >> 32) & SHARE_MASK
    gas_used = unsafe_add(gas_used, books & SHARE_MASK)
    if books & READ != 0:
        place: uint256 = (account >> vault.PLACE) & vault.PLACE_MASK
        readings: uint256 = self._readings[(day << 40) | (kind << 20) | unsafe_div(place, LANES)]
        gas_used = unsafe_add(gas_used, (readings >> unsafe_mul(24, place % LANES)) & LANE_MASK)
    return gas_used


@view
@internal
def _has_balance(account: uint256) -> bool:
    return (account >> vault.HAS_BALANCE) & 1 != 0


@view
@internal
def _balance_after(agent: address, account: uint256, gas_used: uint256) -> int256:
    """
    @notice What is stored, or below zero owed, once an account is charged for its last day.
    """
    balance: int256 = self._balances[agent] if self._has_balance(account) else 0
    if (account >> vault.DAY) & vault.DAY_MASK > 0:
        balance -= convert(KAPPA * gas_used, int256)
        if balance < 0:
            bought: uint256 = ((account >> vault.ENERGY) & vault.ENERGY_MASK) * amounts.UNIT
            balance = min(0, balance + convert(bought, int256))
    return balance


@view
@internal
def _covers(agent: address, account: uint256, kind: uint256, last_books: uint256, yesterday: uint256) -> bool:
    """
    @notice Whether an agent's store, once charged, holds what its last day burnt.
    """
    gas_used: uint256 = self._gas_of(account, kind, last_books, yesterday)
    return self._balance_after(agent, account, gas_used) >= convert(KAPPA * gas_used, int256)


@internal
def _charge(
    agent: address, account: uint256, kind: uint256, to_store: uint256, bought: uint256, last_books: uint256, yesterday: uint256
) -> uint256:
    """
    @notice Charge an account for its last day, and put a part of what it bought today into its store.
    @return What of its word is to be kept, above the kWh that are left of what it bought.
    """
    gas_used: uint256 = self._gas_of(account, kind, last_books, yesterday)
    before: uint256 = unsafe_mul((account >> vault.ENERGY) & vault.ENERGY_MASK, amounts.UNIT)
    kept: uint256 = account & vault.KEPT
    if EFFICIENCY == 0 and not self._has_balance(account) and unsafe_mul(KAPPA, gas_used) <= before:
        return kept | (bought << vault.ENERGY)  # paid from the purchase, and nothing is owed
    balance: int256 = self._balance_after(agent, account, gas_used)
    part: uint256 = min(to_store, bought)
    balance += convert(part * amounts.UNIT * EFFICIENCY // WAD, int256)
    return self._set_balance(agent, kept | ((bought - part) << vault.ENERGY), balance)


@internal
def _set_balance(agent: address, account: uint256, balance: int256) -> uint256:
    """
    @notice The account's word with that balance; to be stored by the caller.
    """
    if self._has_balance(account) or balance != 0:
        self._balances[agent] = balance
    flag: uint256 = 1 if balance != 0 else 0
    return (account & ~(1 << vault.HAS_BALANCE)) | (flag << vault.HAS_BALANCE)


# ---- METERING ----------------------------------------------------------------------------------------------


@internal
def _meter(
    day: uint256,
    share: uint256,
    relayed: uint256,
    carried: uint256,
    readings: DynArray[uint256, MAX_READINGS],
    last: bool,
):
    """
    @notice Post the gas that receipts show: each submission's shares, and what submissions used beyond what was seen.
    @param share Shared gas a submission, the same for the whole day.
    @param relayed Gas of batches a relayed submission, the same for the whole day.
    @param carried Gas that did not divide and is left to the next metered day.
    @param readings In lanes of 24 bits, nine places of a kind to a word; above them the ninth, 20 bits, and the kind.
           Words that would be zero may be left out.
    @param last Whether this ends the day.
    """
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    if max(share, relayed) > SHARE_MASK:
        refusals._refuse("energy: shared gas out of range")
    if relayed < self._observed_share():
        refusals._refuse("energy: below observed gas")
    books: uint256 = share | (relayed << 32)
    if today.begun and today.books & ~READ != books:
        refusals._refuse("energy: share differs")

    for reading: uint256 in readings:
        slot: uint256 = (day << 40) | (reading >> 216)
        if self._readings[slot] != 0:
            refusals._refuse("energy: metered already")
        self._readings[slot] = reading
    log IMarket.Readings(day=day, share=share, relayed=relayed, readings=readings)
    if today.begun:
        books = today.books
    today.begun = True
    today.books = books | READ if len(readings) > 0 else books
    if last:
        self._end(today, carried)
    else:
        calendar._store(today)


@internal
def _end_unmetered(day: uint256):
    """
    @notice End a day on which the meter is silent: all are charged what the market saw, and no more.
    """
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    if block.timestamp < today.settled + calendar.PATIENCE:
        refusals._refuse("energy: the meter has time left")
    today.books = SILENT | (self._observed_share() << 32)
    self._end(today, 0)


@internal
def _end(day: calendar.Day, carried: uint256):
    log IMarket.DayMetered(
        day=day.number,
        share=day.books & SHARE_MASK,
        relayed=(day.books >> 32) & SHARE_MASK,
        carried=carried,
        silent=day.books & SILENT != 0,
    )
    self._books[day.number] = day.books
    calendar._store(calendar._entering(day, calendar.DONE, 0))
