# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title Market
@author The Wattpost authors
@license MIT
@notice A day of the electricity market game: prepaid bids, one price a post, and paying that burns what it buys.
@dev A table of contents. A day is open, submit, close, produce, settle, meter; every step but submit and meter is
     anyone's to call. What callers pass again after the window are the submissions' words as events carried them.
     Calls that take those words stand in their modules, because every hand-over would copy them.
@custom:units posts in 10^-9 (lanes, see `IMarket`); accounts, energy charges and parameters with 18 decimals; seconds
@custom:trust The registry admits agents between days; the meter reports gas. Neither touches money, and nobody can
    pause, upgrade or stop the market.
"""
from .modules import amounts
from .modules import records
from .modules import refusals
from .modules import calendar
from .modules import vault
from .modules import energy_ledger
from .modules import admission
from .modules import trading_posts
from .modules import signed_bids
from .modules import production
from .modules import settlement
from .modules import clearing

initializes: amounts
initializes: records[amounts := amounts]
initializes: calendar
initializes: vault
initializes: energy_ledger[calendar := calendar,]
initializes: admission[calendar := calendar, energy_ledger := energy_ledger, vault := vault]
initializes: trading_posts[
    amounts := amounts,
    calendar := calendar,
    energy_ledger := energy_ledger,
    records := records,
    admission := admission,
    vault := vault,
]
initializes: signed_bids[
    amounts := amounts,
    calendar := calendar,
    energy_ledger := energy_ledger,
    records := records,
    trading_posts := trading_posts,
]
initializes: production[
    amounts := amounts,
    calendar := calendar,
    records := records,
    admission := admission,
    trading_posts := trading_posts,
]
initializes: settlement[
    amounts := amounts,
    calendar := calendar,
    energy_ledger := energy_ledger,
    production := production,
    records := records,
    admission := admission,
    trading_posts := trading_posts,
    vault := vault,
]
initializes: clearing[
    calendar := calendar,
    production := production,
    records := records,
    settlement := settlement,
    trading_posts := trading_posts,
]

# ---- ANYONE: THE DAY, STEP BY STEP; the rest of anyone's calls are below ----------------------------------

exports: (
    trading_posts.open,
    clearing.clear,
    trading_posts.close,
    production.produce,
    settlement.settle,
)

# ---- AGENTS AND THEIR RELAYERS ----------------------------------------------------------------------------

exports: (
    trading_posts.submit,
    signed_bids.relay,
)

@deploy
def __init__(
    bytecoin: address,
    registry: address,
    window: uint256,
    patience: uint256,
    kappa: uint256,
    efficiency: uint256,
    first_gas: uint256,
    meter: address,
    dust_account: address,
):
    """
    @notice Fix the rules of this market for good.
    @param bytecoin The money, an ERC-20 that moves what it is asked to move.
    @param registry Who takes part and what plants can do: an `IRegistry` that serves no market yet.
    @param window How long a day takes submissions, in seconds.
    @param patience How long the meter may be silent after the last settlement, in seconds.
    @param kappa Electricity burnt per gas, in 10^-18 kWh.
    @param efficiency What of a kWh put into a store comes out, 18 decimals; zero where there are no stores and
           verification is paid from the purchase.
    @param first_gas What a store must cover before an agent's first metered day.
    @param meter Who reports the day's gas.
    @param dust_account Who owns what flooring leaves over.
    """
    admission.__init__(registry, dust_account)
    amounts.__init__(extcall admission.REGISTRY.bind())
    calendar.__init__(window, patience)
    vault.__init__(bytecoin)
    energy_ledger.__init__(meter, kappa, efficiency, first_gas)


# ---- ACCOUNTS --------------------------------------------------------------------------------------------


@external
def deposit(money: uint256):
    """
    @notice Prepay: move bytecoin that the market was allowed to take into your account.
    """
    vault._deposit(msg.sender, money)


@external
def deposit_with_permit(money: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice Prepay by a signature (EIP-2612) instead of an earlier approval.
    """
    vault._deposit_with_permit(msg.sender, money, deadline, v, r, s)


@external
def withdraw(money: uint256):
    """
    @notice Take bytecoin that is not in escrow out of your account; possible at any time.
    """
    vault._withdraw(msg.sender, money)


# ---- THE REGISTRY ----------------------------------------------------------------------------------------


@external
def admit(agent: address, endowment: uint256, is_producer: bool, store: uint256):
    """
    @notice Take in an agent that the registry has admitted, between days.
    """
    admission._admit(msg.sender, agent, endowment, is_producer, store)


# ---- METER -----------------------------------------------------------------------------------------------


@external
def meter(
    day: uint256,
    share: uint256,
    relayed: uint256,
    carried: uint256,
    readings: DynArray[uint256, energy_ledger.MAX_READINGS],
    last: bool,
):
    """
    @notice Post the day's gas: shares, and what submissions used beyond what the market saw.
    """
    amounts._check_calldata(7 + len(readings))
    if msg.sender != energy_ledger.METER:
        refusals._refuse("energy: meter only")
    energy_ledger._meter(day, share, relayed, carried, readings, last)


# ---- ANYONE ----------------------------------------------------------------------------------------------


@external
def end_unmetered(day: uint256):
    """
    @notice End a day on which the meter stayed silent too long.
    """
    amounts._check_calldata(1)
    energy_ledger._end_unmetered(day)


# ---- VIEWS -----------------------------------------------------------------------------------------------


struct Rules:
    bytecoin: address
    registry: address
    periods: uint256
    window: uint256
    patience: uint256
    kappa: uint256
    efficiency: uint256
    first_gas: uint256
    meter: address
    dust_account: address


@view
@external
def rules() -> Rules:
    """
    @notice What was fixed at deployment.
    """
    return Rules(
        bytecoin=vault.BYTECOIN.address,
        registry=admission.REGISTRY.address,
        periods=amounts.PERIODS,
        window=calendar.WINDOW,
        patience=calendar.PATIENCE,
        kappa=energy_ledger.KAPPA,
        efficiency=energy_ledger.EFFICIENCY,
        first_gas=energy_ledger.FIRST_GAS,
        meter=energy_ledger.METER,
        dust_account=admission.DUST_ACCOUNT,
    )


@view
@external
def today() -> calendar.Day:
    """
    @notice The day and what it waits for.
    """
    today: calendar.Day = calendar._load()
    today.books &= ~energy_ledger.READ
    return today


@view
@external
def account_of(owner: address) -> vault.Account:
    """
    @notice An account's money and the state of its last submission, as last written.
    """
    return vault._account(owner)


@view
@external
def balance_of(agent: address) -> int256:
    """
    @notice kWh that an agent has stored or, below zero, owes, with all finished days charged; 18 decimals.
    """
    account: uint256 = vault._accounts[agent]
    today: calendar.Day = calendar._load()
    if today.phase != calendar.DONE and (account >> vault.DAY) & vault.DAY_MASK == today.number:
        account &= vault.KEPT  # bought today and not metered yet
    return energy_ledger._balance_after(
        agent, account, energy_ledger._gas_of(account, vault._kind(account), 0, 0)
    )


@view
@external
def heads() -> (bytes32, bytes32):
    """
    @notice The chains of submissions of standard agents and of producers that are still to be shown.
    """
    return trading_posts._heads[vault.STANDARD], trading_posts._heads[vault.PRODUCER]


@view
@external
def owed() -> uint256:
    """
    @notice Bytecoin that belongs to accounts, escrow and dust; whatever the market holds beyond it was donated.
    """
    return vault._owed
