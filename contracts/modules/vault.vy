# pragma version 0.4.3
"""
@title Vault
@license MIT
@notice Prepaid bytecoin, and all else the market must know of an account at every submission, in one word each.
@dev Bytecoin comes and goes in whole units of a bid, so an account is one word, and a submission writes one slot.
     What is owed in all (`_owed`) changes by deposit and withdrawal alone: bids, refunds and sales only move bytecoin
     between accounts, escrow and dust. Tokens sent to the market without a deposit stay outside every account.
@custom:units bytecoin with 18 decimals, in multiples of 10^9; see `Account`
@custom:trust Only an account's owner withdraws; nobody can stop it.
"""
from ethereum.ercs import IERC20
from ..interfaces import IMarket
from . import refusals

# Kinds of account.
PLAIN: constant(uint256) = 0
STANDARD: constant(uint256) = 1
PRODUCER: constant(uint256) = 2

# An account, as views show it.
struct Account:
    money: uint256  # bytecoin not in escrow, 18 decimals
    energy: uint256  # kWh bought on `day` and neither stored nor charged for yet, 10^-9
    day: uint256  # of the last submission that was settled
    observed_gas: uint256  # what the market saw that submission use; zero if it was relayed
    place: uint256  # of that submission among those of its kind on its day, 0 for the first
    endowment: uint256  # consumption good a day of a standard agent, 10^-9
    is_producer: bool
    has_balance: bool  # the energy ledger holds what is stored or owed
    submitted: bool  # today, and not yet settled: what stands above is of the day before that

# Where that stands in an account's word, lowest first; money takes 64 bits, of 10^-9, a flag one.
ENERGY: constant(uint256) = 64
DAY: constant(uint256) = 124
GAS: constant(uint256) = 148
PLACE: constant(uint256) = 172
ENDOWMENT: constant(uint256) = 195
IS_PRODUCER: constant(uint256) = 253
HAS_BALANCE: constant(uint256) = 254
SUBMITTED: constant(uint256) = 255

MONEY_MASK: constant(uint256) = 2**64 - 1
ENERGY_MASK: constant(uint256) = 2**60 - 1
DAY_MASK: constant(uint256) = 2**24 - 1
GAS_MASK: constant(uint256) = 2**24 - 1  # no transaction uses more
PLACE_MASK: constant(uint256) = 2**23 - 1
ENDOWMENT_MASK: constant(uint256) = 2**58 - 1

# What stays when a submission is settled.
KEPT: constant(uint256) = MONEY_MASK | (ENDOWMENT_MASK << ENDOWMENT) | (3 << IS_PRODUCER)

# All bytecoin here fits a 64-bit lane of 10^-9 units, so no sum of bids can overflow one.
UNIT: constant(uint256) = 10**9
MAX_HELD: constant(uint256) = MONEY_MASK * UNIT

BYTECOIN: immutable(IERC20)

_accounts: HashMap[address, uint256]
_owed: uint256


@deploy
def __init__(bytecoin: address):
    assert bytecoin.is_contract, "vault: bytecoin is no contract"

    BYTECOIN = IERC20(bytecoin)


@view
@internal
def _account(owner: address) -> Account:
    word: uint256 = self._accounts[owner]
    return Account(
        money=(word & MONEY_MASK) * UNIT,
        energy=(word >> ENERGY) & ENERGY_MASK,
        day=(word >> DAY) & DAY_MASK,
        observed_gas=(word >> GAS) & GAS_MASK,
        place=(word >> PLACE) & PLACE_MASK,
        endowment=(word >> ENDOWMENT) & ENDOWMENT_MASK,
        is_producer=(word >> IS_PRODUCER) & 1 != 0,
        has_balance=(word >> HAS_BALANCE) & 1 != 0,
        submitted=word >> SUBMITTED != 0,
    )


@pure
@internal
def _kind(word: uint256) -> uint256:
    if (word >> IS_PRODUCER) & 1 != 0:
        return PRODUCER
    return STANDARD if (word >> ENDOWMENT) & ENDOWMENT_MASK > 0 else PLAIN


@pure
@internal
def _units(money: uint256) -> uint256:
    """
    @notice An amount to move, in 10^-9, of which an account's word holds whole ones.
    """
    if money == 0:
        refusals._refuse("vault: nothing to move")
    if money % UNIT != 0:
        refusals._refuse("vault: not in whole 10^-9")
    return money // UNIT


@view
@internal
def _holdings() -> uint256:
    return staticcall BYTECOIN.balanceOf(self)


@internal
def _deposit(owner: address, money: uint256):
    units: uint256 = self._units(money)
    if self._owed + money > MAX_HELD:
        refusals._refuse("vault: market is full")

    self._owed += money
    self._accounts[owner] += units

    before: uint256 = self._holdings()
    if not extcall BYTECOIN.transferFrom(owner, self, money, default_return_value=True):
        refusals._refuse("vault: token refused a deposit")
    if self._holdings() != before + money:
        refusals._refuse("vault: token kept a part")
    log IMarket.Deposited(account=owner, money=money)


@internal
def _deposit_with_permit(owner: address, money: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    # Whoever saw the signature may have used it first; then the allowance stands already, and the deposit decides.
    _signed: bool = raw_call(
        BYTECOIN.address,
        abi_encode(
            owner, self, money, deadline, v, r, s,
            method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"),
        ),
        revert_on_failure=False,
    )
    self._deposit(owner, money)


@internal
def _withdraw(owner: address, money: uint256):
    units: uint256 = self._units(money)
    if self._accounts[owner] & MONEY_MASK < units:
        refusals._refuse("vault: more than is prepaid")

    self._accounts[owner] -= units
    self._owed -= money

    if not extcall BYTECOIN.transfer(owner, money, default_return_value=True):
        refusals._refuse("vault: token refused to pay")
    log IMarket.Withdrawn(account=owner, money=money)
