# pragma version 0.4.3
"""
@title Vault
@license MIT
@notice Prepaid bytecoin, and all else the market must know of an account at every submission, in one word each.
@dev What is owed in all (`_owed`) changes by deposit and withdrawal alone: bids, refunds and sales only move bytecoin
     between accounts, escrow and dust. Tokens sent to the market without a deposit stay outside every account.
@custom:units bytecoin with 18 decimals
@custom:trust Only an account's owner withdraws; nobody can stop it.
"""
from ethereum.ercs import IERC20
from ..interfaces import IMarket

# Kinds of account.
PLAIN: constant(uint256) = 0
STANDARD: constant(uint256) = 1
PRODUCER: constant(uint256) = 2

# Where the account's last submission stands.
SUBMITTED: constant(uint256) = 1
SETTLED: constant(uint256) = 2
METERED: constant(uint256) = 3

struct Account:
    money: uint256  # 96 bits, bytecoin not in escrow, 18 decimals
    energy: uint256  # 72 bits, kWh bought on `day` and not yet metered, 10^-9
    day: uint256  # 32 bits, of the last submission
    observed_gas: uint256  # 32 bits, what the market saw that submission use
    kind: uint256  # 2 bits
    state: uint256  # 2 bits
    in_arrears: bool  # 1 bit: the energy ledger holds what is owed

# All bytecoin here fits a 64-bit lane of 10^-9 units, so no sum of bids can overflow one.
MAX_HELD: constant(uint256) = (2**64 - 1) * 10**9

BYTECOIN: immutable(IERC20)

_accounts: HashMap[address, uint256]
_owed: uint256


@deploy
def __init__(bytecoin: address):
    assert bytecoin.is_contract, "vault: bytecoin is no contract"

    BYTECOIN = IERC20(bytecoin)


@view
@internal
def _load(owner: address) -> Account:
    word: uint256 = self._accounts[owner]
    return Account(
        money=word & (2**96 - 1),
        energy=(word >> 96) & (2**72 - 1),
        day=(word >> 168) & (2**32 - 1),
        observed_gas=(word >> 200) & (2**32 - 1),
        kind=(word >> 232) & 3,
        state=(word >> 234) & 3,
        in_arrears=(word >> 236) != 0,
    )


@internal
def _store(owner: address, account: Account):
    # money <= MAX_HELD < 2^94; energy < 48 * 2^64 < 2^70; the others are bounded where they are set
    self._accounts[owner] = (
        account.money
        | (account.energy << 96)
        | (account.day << 168)
        | (account.observed_gas << 200)
        | (account.kind << 232)
        | (account.state << 234)
        | (convert(account.in_arrears, uint256) << 236)
    )


@internal
def _credit(owner: address, money: uint256):
    account: Account = self._load(owner)
    account.money += money
    self._store(owner, account)


@internal
def _deposit(owner: address, money: uint256):
    assert money > 0, "vault: nothing to deposit"
    assert self._owed + money <= MAX_HELD, "vault: market is full"

    self._owed += money
    self._credit(owner, money)

    before: uint256 = staticcall BYTECOIN.balanceOf(self)
    assert extcall BYTECOIN.transferFrom(owner, self, money, default_return_value=True), "vault: token refused a deposit"
    after: uint256 = staticcall BYTECOIN.balanceOf(self)
    assert after == before + money, "vault: token kept a part"
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
    assert money > 0, "vault: nothing to withdraw"
    account: Account = self._load(owner)
    assert account.money >= money, "vault: more than is prepaid"

    account.money -= money
    self._owed -= money
    self._store(owner, account)

    assert extcall BYTECOIN.transfer(owner, money, default_return_value=True), "vault: token refused to pay"
    log IMarket.Withdrawn(account=owner, money=money)
