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

# Kinds of account.
PLAIN: constant(uint256) = 0
STANDARD: constant(uint256) = 1
PRODUCER: constant(uint256) = 2

# Where the account's last submission stands.
SUBMITTED: constant(uint256) = 1  # escrowed
SETTLED: constant(uint256) = 2  # paid out
CHARGED: constant(uint256) = 3  # and charged for what it burnt

struct Account:
    money: uint256  # bytecoin not in escrow, 18 decimals; kept as 64 bits of 10^-9
    energy: uint256  # kWh bought on `day` and neither stored nor charged yet, 10^-9, 62 bits
    day: uint256  # of the last submission, 32 bits
    gas: uint256  # what the market saw it use; once it is charged, what it was charged for; 32 bits
    endowment: uint256  # consumption good a day of a standard agent, 10^-9, 60 bits
    state: uint256  # 2 bits
    relayed: bool  # the last submission came in a batch
    is_producer: bool
    has_balance: bool  # the energy ledger holds what is stored or owed

# All bytecoin here fits a 64-bit lane of 10^-9 units, so no sum of bids can overflow one.
MAX_HELD: constant(uint256) = (2**64 - 1) * UNIT
UNIT: constant(uint256) = 10**9

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
        money=unsafe_mul(word & (2**64 - 1), UNIT),
        energy=(word >> 64) & (2**62 - 1),
        day=(word >> 126) & (2**32 - 1),
        gas=(word >> 158) & (2**32 - 1),
        endowment=(word >> 190) & (2**60 - 1),
        state=(word >> 250) & 3,
        relayed=(word >> 252) & 1 != 0,
        is_producer=(word >> 253) & 1 != 0,
        has_balance=(word >> 254) & 1 != 0,
    )


@internal
def _store(owner: address, account: Account):
    # money <= MAX_HELD and in whole units; energy < 2^62 by the registry; the others are bounded where they are set
    self._accounts[owner] = (
        unsafe_div(account.money, UNIT)
        | (account.energy << 64)
        | (account.day << 126)
        | (account.gas << 158)
        | (account.endowment << 190)
        | (account.state << 250)
        | (convert(account.relayed, uint256) << 252)
        | (convert(account.is_producer, uint256) << 253)
        | (convert(account.has_balance, uint256) << 254)
    )


@pure
@internal
def _endowment(word: uint256) -> uint256:
    return (word >> 190) & (2**60 - 1)


@pure
@internal
def _paid_out(word: uint256, units: uint256, energy: uint256) -> uint256:
    """
    @notice An account's word once its submission is settled, with that many units of money more and the energy bought.
    @dev The energy of an account that has submitted is zero, and its state SUBMITTED, one less than SETTLED.
    """
    return unsafe_add(word, units | (energy << 64) | ((SETTLED - SUBMITTED) << 250))


@internal
def _observe(owner: address, gas_used: uint256):
    # nothing was observed of that submission before
    self._accounts[owner] |= gas_used << 158


@pure
@internal
def _kind(account: Account) -> uint256:
    if account.is_producer:
        return PRODUCER
    return STANDARD if account.endowment > 0 else PLAIN


@internal
def _credit(owner: address, money: uint256):
    account: Account = self._load(owner)
    account.money += money
    self._store(owner, account)


@pure
@internal
def _check_amount(money: uint256):
    assert money > 0, "vault: nothing to move"
    assert money % UNIT == 0, "vault: not in whole 10^-9"


@view
@internal
def _holdings() -> uint256:
    return staticcall BYTECOIN.balanceOf(self)


@internal
def _deposit(owner: address, money: uint256):
    self._check_amount(money)
    assert self._owed + money <= MAX_HELD, "vault: market is full"

    self._owed += money
    self._credit(owner, money)

    before: uint256 = self._holdings()
    assert extcall BYTECOIN.transferFrom(owner, self, money, default_return_value=True), "vault: token refused a deposit"
    assert self._holdings() == before + money, "vault: token kept a part"
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
    self._check_amount(money)
    account: Account = self._load(owner)
    assert account.money >= money, "vault: more than is prepaid"

    account.money -= money
    self._owed -= money
    self._store(owner, account)

    assert extcall BYTECOIN.transfer(owner, money, default_return_value=True), "vault: token refused to pay"
    log IMarket.Withdrawn(account=owner, money=money)
