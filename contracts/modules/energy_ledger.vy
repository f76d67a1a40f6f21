# pragma version 0.4.3
"""
@title Energy ledger
@license MIT
@notice What paying costs: the day's gas, turned into kWh, comes out of the electricity each agent bought or has stored.
@dev A charge is KAPPA * gas, exactly; gas is an agent's own and its shares of what all, and all those relayed, caused.
     The meter posts the shares once and own gas where there is any. Accounts are not touched for that: an account is
     charged for its last day when it is next written, and its views show it charged as soon as the day is done.

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
MAX_GAS: constant(uint256) = 2**32 - 1  # of an agent's own a day
MAX_STORED: constant(uint256) = 2**62 - 1  # kWh of a purchase, 10^-9
WAD: constant(uint256) = 10**18

# What a finished day's books say, in one word.
struct Books:
    share: uint256  # shared gas a submission, 64 bits
    relayed: uint256  # gas of relayed batches a relayed submission, 64 bits
    observed: uint256  # what the market saw of that, 64 bits
    own: uint256  # sum of the readings, 56 bits
    posted: bool  # the meter has begun
    silent: bool  # and was silent before it was done

struct Charge:
    gas: uint256
    verification: uint256
    consumed: uint256
    balance: int256

METER: immutable(address)
KAPPA: immutable(uint256)
EFFICIENCY: immutable(uint256)  # of stores, 18 decimals; zero where verification is paid from the purchase
FIRST_GAS: immutable(uint256)  # what a store must cover before the first day was metered

balance_of: public(HashMap[address, int256])
_books: HashMap[uint256, uint256]
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
def _charge_of(agent: address, account: vault.Account) -> Charge:
    """
    @notice What an account is charged for its last day, which is done; nothing if it never submitted.
    """
    gas_used: uint256 = account.gas
    if account.day == 0:
        gas_used = 0
    else:
        books: Books = self._load(account.day)
        if account.state == vault.READ or not books.silent:
            gas_used += books.share
            if account.relayed:
                gas_used += books.relayed
        elif account.relayed:
            gas_used += books.observed
    verification: uint256 = KAPPA * gas_used
    balance: int256 = -convert(verification, int256)
    if account.has_balance:
        balance += self.balance_of[agent]
    bought: uint256 = account.energy * amounts.UNIT
    if balance < 0:
        cleared: uint256 = min(convert(-balance, uint256), bought)
        bought -= cleared
        balance += convert(cleared, int256)
    return Charge(gas=gas_used, verification=verification, consumed=bought, balance=balance)


@internal
def _book(agent: address, account: vault.Account, charge: Charge) -> vault.Account:
    """
    @notice The account once its last day is charged and its purchase consumed; to be stored by the caller.
    """
    if account.has_balance or charge.balance != 0:
        self.balance_of[agent] = charge.balance
    charged: vault.Account = account
    charged.energy = 0
    charged.has_balance = charge.balance != 0
    return charged


@view
@internal
def _covers_next(account: vault.Account, charge: Charge) -> bool:
    """
    @notice Whether the store, once charged, holds what the last day's payments burnt; always where there are no stores.
    """
    if EFFICIENCY == 0:
        return True
    last: uint256 = FIRST_GAS if account.day == 0 else charge.gas
    return charge.balance >= convert(KAPPA * last, int256)


@internal
def _fill(agent: address, kwh: uint256):
    """
    @notice Put what a store holds at first into it, with 18 decimals.
    """
    assert EFFICIENCY > 0, "energy: no stores here"
    assert kwh <= MAX_STORED * amounts.UNIT, "energy: too much to store"
    self.balance_of[agent] = convert(kwh, int256)


@internal
def _keep(agent: address, account: vault.Account, to_store: uint256) -> vault.Account:
    """
    @notice Move a part of a purchase, as far as it goes, to the store; the account is to be stored by the caller.
    """
    kept: vault.Account = account
    part: uint256 = min(to_store, account.energy)
    kept.energy -= part
    balance: int256 = convert(part * amounts.UNIT * EFFICIENCY // WAD, int256)
    if account.has_balance:
        balance += self.balance_of[agent]
    self.balance_of[agent] = balance
    kept.has_balance = balance != 0
    return kept


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
    assert max(share, max(relayed, carried)) < 2**64, "energy: shared gas out of range"
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    books: Books = self._load(day)
    if not books.posted:
        books = Books(share=share, relayed=relayed, observed=0, own=0, posted=True, silent=False)
        books.observed = self._observed_share()
        assert relayed >= books.observed, "energy: below observed gas"
    assert (books.share ^ share) | (books.relayed ^ relayed) == 0, "energy: share differs"
    assert len(readings) >= min(16, today.left), "calendar: batch too small"

    for reading: uint256 in readings:
        agent: address = convert(reading & (2**160 - 1), address)
        own: uint256 = reading >> 160
        account: vault.Account = vault._load(agent)
        assert account.day == day, "energy: did not take part"
        assert account.state == vault.SETTLED, "energy: metered already"
        assert own >= account.gas, "energy: below observed gas"
        assert own <= MAX_GAS, "energy: gas out of range"
        if not account.relayed:
            today.left -= 1
        books.own += own
        account.gas = own
        account.state = vault.READ
        vault._store(agent, account)
    log IMarket.Readings(day=day, readings=readings)
    self._end(today, books, carried)


@internal
def _end_unmetered(day: uint256):
    """
    @notice End a day on which the meter is silent: who was not read is charged what the market saw.
    """
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    assert block.timestamp >= today.settled + calendar.PATIENCE, "energy: the meter has time left"
    books: Books = self._load(day)
    books.silent = True
    books.observed = self._observed_share()
    today.left = 0
    self._end(today, books, 0)


@internal
def _end(day: calendar.Day, books: Books, carried: uint256):
    self._books[day.number] = (
        books.share
        | (books.relayed << 64)
        | (books.observed << 128)
        | (books.own << 192)
        | (convert(books.posted, uint256) << 248)
        | (convert(books.silent, uint256) << 249)
    )
    if day.left > 0:
        calendar._store(day)
    else:
        log IMarket.DayMetered(
            day=day.number,
            share=books.share,
            relayed=books.relayed,
            observed=books.observed,
            own=books.own,
            carried=carried,
            silent=books.silent,
        )
        calendar._store(calendar._entering(day, calendar.DONE, 0))


@view
@internal
def _load(day: uint256) -> Books:
    word: uint256 = self._books[day]
    return Books(
        share=word & (2**64 - 1),
        relayed=(word >> 64) & (2**64 - 1),
        observed=(word >> 128) & (2**64 - 1),
        own=(word >> 192) & (2**56 - 1),
        posted=(word >> 248) & 1 != 0,
        silent=(word >> 249) & 1 != 0,
    )
