# pragma version 0.4.3
"""
@title Energy ledger
@license MIT
@notice What paying costs: the day's gas, turned into kWh, comes out of the electricity each agent bought.
@dev An account's charge is KAPPA * (own gas + shared gas), exactly. What a purchase cannot cover is owed as arrears, which
     the next metered purchase clears first. What a purchase has left counts as consumed.
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

MAX_READINGS: constant(uint256) = 256  # with arrears for all of them some 8 million gas
MAX_KAPPA: constant(uint256) = 10**18  # one kWh per gas

struct Metering:
    share: uint256  # shared gas a submission, 64 bits
    carried: uint256  # left to the next day, 64 bits
    charged: uint256  # so far, 96 bits
    silent: bool

METER: immutable(address)
KAPPA: immutable(uint256)

arrears_of: public(HashMap[address, uint256])
_metering: uint256


@deploy
def __init__(meter: address, kappa: uint256):
    assert meter != empty(address), "energy: no meter"
    assert kappa <= MAX_KAPPA, "energy: kappa out of range"

    METER = meter
    KAPPA = kappa


@internal
def _meter(day: uint256, share: uint256, carried: uint256, readings: DynArray[uint256, MAX_READINGS]):
    """
    @notice Charge a batch of submissions for the gas that receipts show.
    @param share Shared gas a submission, the same for the whole day.
    @param carried Shared gas that did not divide and is left to the next metered day.
    @param readings An agent in the low 160 bits, its own gas in the high 96.
    """
    assert share < 2**64 and carried < 2**64, "energy: shared gas out of range"
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    calendar._check_batch(len(readings), today.left)
    metering: Metering = self._load() if today.begun else Metering(
        share=share, carried=carried, charged=0, silent=False
    )
    assert metering.share == share, "energy: share differs"
    assert metering.carried == carried, "energy: carried gas differs"

    for reading: uint256 in readings:
        agent: address = convert(reading & (2**160 - 1), address)
        account: vault.Account = self._unmetered(agent, day)
        own: uint256 = reading >> 160
        assert own >= account.observed_gas, "energy: below observed gas"
        self._charge(day, agent, account, own + share)
        metering.charged += own + share
    self._end_batch(today, metering, len(readings))


@internal
def _end_unmetered(day: uint256, agents: DynArray[address, MAX_READINGS]):
    """
    @notice Charge a batch of submissions what the market saw them use, because the meter is silent.
    """
    today: calendar.Day = calendar._in_phase(day, calendar.SETTLED)
    assert block.timestamp >= today.settled + calendar.PATIENCE, "energy: the meter has time left"
    calendar._check_batch(len(agents), today.left)
    metering: Metering = self._load() if today.begun else empty(Metering)
    metering.silent = True

    for agent: address in agents:
        account: vault.Account = self._unmetered(agent, day)
        self._charge(day, agent, account, account.observed_gas)
        metering.charged += account.observed_gas
    self._end_batch(today, metering, len(agents))


@view
@internal
def _unmetered(agent: address, day: uint256) -> vault.Account:
    account: vault.Account = vault._load(agent)
    assert account.day == day, "energy: did not take part"
    assert account.state == vault.SETTLED, "energy: metered already"
    return account


@internal
def _charge(day: uint256, agent: address, settled: vault.Account, gas_used: uint256):
    account: vault.Account = settled
    verification: uint256 = KAPPA * gas_used
    owed: uint256 = verification
    if account.in_arrears:
        owed += self.arrears_of[agent]
    bought: uint256 = account.energy * amounts.UNIT
    arrears: uint256 = owed - min(owed, bought)

    if account.in_arrears or arrears > 0:
        self.arrears_of[agent] = arrears
    account.in_arrears = arrears > 0
    account.energy = 0
    account.state = vault.METERED
    vault._store(agent, account)
    log IMarket.Metered(
        day=day,
        agent=agent,
        gas_used=gas_used,
        verification=verification,
        consumed=bought - min(owed, bought),
        arrears=arrears,
    )


@internal
def _end_batch(day: calendar.Day, metering: Metering, count: uint256):
    today: calendar.Day = day
    today.begun = True
    today.left -= count
    # own gas is below 2^96 a reading: the sum is bounded here, before it is stored
    assert metering.charged < 2**96, "energy: gas out of range"
    self._metering = (
        metering.share
        | (metering.carried << 64)
        | (metering.charged << 128)
        | (convert(metering.silent, uint256) << 224)
    )
    if today.left == 0:
        log IMarket.DayMetered(
            day=today.number,
            share=metering.share,
            carried=metering.carried,
            charged=metering.charged,
            silent=metering.silent,
        )
        today = calendar._entering(today, calendar.DONE, 0)
    calendar._store(today)


@view
@internal
def _load() -> Metering:
    word: uint256 = self._metering
    return Metering(
        share=word & (2**64 - 1),
        carried=(word >> 64) & (2**64 - 1),
        charged=(word >> 128) & (2**96 - 1),
        silent=(word >> 224) != 0,
    )
