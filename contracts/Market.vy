# pragma version 0.4.3
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
@custom:trust The registrar admits agents and sets capacity profiles between days; the meter reports gas. Neither
    touches money, and nobody can pause, upgrade or stop the market.
"""
from .modules import amounts
from .modules import calendar
from .modules import vault
from .modules import registry
from .modules import trading_posts
from .modules import production
from .modules import settlement
from .modules import energy_ledger
from .interfaces import IMarket

initializes: amounts
initializes: calendar
initializes: vault
initializes: registry[amounts := amounts, calendar := calendar, vault := vault]
initializes: trading_posts[amounts := amounts, calendar := calendar, registry := registry, vault := vault]
initializes: production[
    amounts := amounts, calendar := calendar, registry := registry, trading_posts := trading_posts
]
initializes: settlement[
    amounts := amounts,
    calendar := calendar,
    production := production,
    registry := registry,
    trading_posts := trading_posts,
    vault := vault,
]
initializes: energy_ledger[calendar := calendar, vault := vault]

# ---- ANYONE: THE DAY, STEP BY STEP; the rest of anyone's calls are below ----------------------------------

exports: (
    trading_posts.open,
    trading_posts.close,
    production.produce,
    settlement.settle,
)

# ---- VIEWS THAT ARE PLAIN STORAGE ------------------------------------------------------------------------

exports: (
    registry.registrar,
    registry.next_registrar,
    registry.total_endowment,
    registry.total_capacity,
    registry.endowment_of,
    trading_posts.total_bids,
    trading_posts.total_offers,
    production.total_delivered,
    production.fraction_of,
    energy_ledger.arrears_of,
)


@deploy
def __init__(
    bytecoin: address,
    technology: address,
    periods: uint256,
    window: uint256,
    patience: uint256,
    kappa: uint256,
    registrar: address,
    meter: address,
    dust_account: address,
):
    """
    @notice Fix the rules of this market for good.
    @param bytecoin The money, an ERC-20 that moves what it is asked to move.
    @param technology What plants can do, an `ITechnology`.
    @param periods Delivery periods a day, 1 to 48.
    @param window How long a day takes submissions, in seconds.
    @param patience How long the meter may be silent after the last settlement, in seconds.
    @param kappa Electricity burnt per gas, in 10^-18 kWh.
    @param registrar Who admits agents at first.
    @param meter Who reports the day's gas.
    @param dust_account Who owns what flooring leaves over.
    """
    amounts.__init__(periods)
    calendar.__init__(window, patience)
    vault.__init__(bytecoin)
    registry.__init__(registrar, dust_account)
    production.__init__(technology)
    energy_ledger.__init__(meter, kappa)


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


# ---- AGENTS ----------------------------------------------------------------------------------------------


@external
def submit(
    day: uint256,
    bids: DynArray[uint256, amounts.MAX_WORDS],
    offers: DynArray[uint256, amounts.MAX_WORDS],
):
    """
    @notice Bid on the posts and, as a producer, offer electricity: once a day, within the window, escrowed at once.
    @param day The day it is meant for; on any other it is refused.
    @param bids Bytecoin on each post, in lanes; all words of the day's posts.
    @param offers kWh in each period, in lanes, lane 0 zero; empty for standard agents, who offer their endowment.
    """
    amounts._check_calldata(5 + len(bids) + len(offers))
    trading_posts._submit(msg.sender, day, bids, offers, msg.gas)


# ---- REGISTRAR -------------------------------------------------------------------------------------------


@external
def register_standard(agent: address, endowment: uint256):
    """
    @notice Admit a standard agent, between days.
    @param endowment Consumption good it owns and offers a day, in 10^-9.
    """
    registry._check_registrar(msg.sender)
    registry._register_standard(agent, endowment)


@external
def register_producer(agent: address, theta: uint256, c: uint256, capacity: uint256, profile: uint256):
    """
    @notice Admit a producer, between days.
    @param theta Productivity, 18 decimals.
    @param c Returns to scale, 18 decimals, above 0 and up to 3.
    @param capacity kWh a period where its profile is full, in 10^-9.
    @param profile Which capacity profile its plant follows.
    """
    registry._check_registrar(msg.sender)
    plant: registry.Plant = registry.Plant(theta=theta, c=c, capacity=capacity, profile=profile)
    registry._register_producer(agent, plant, production.TECHNOLOGY)


@external
def set_profile(profile: uint256, parts: uint256[registry.PROFILE_WORDS]):
    """
    @notice Set what part of its capacity a plant can reach in each period, between days.
    @param parts Ten-thousandths, sixteen 16-bit lanes a word, period 1 in the lowest lane of the first.
    """
    registry._check_registrar(msg.sender)
    registry._set_profile(profile, parts)


@external
def offer_registrar(successor: address):
    """
    @notice Offer the role; it changes hands when the successor accepts.
    """
    registry._check_registrar(msg.sender)
    registry._offer_role(successor)


@external
def accept_registrar():
    """
    @notice Take the role that was offered to you.
    """
    registry._take_role(msg.sender)


# ---- METER -----------------------------------------------------------------------------------------------


@external
def meter(
    day: uint256, share: uint256, carried: uint256, readings: DynArray[uint256, energy_ledger.MAX_READINGS]
):
    """
    @notice Post the day's gas for a batch of agents; the last batch ends the day.
    """
    amounts._check_calldata(5 + len(readings))
    assert msg.sender == energy_ledger.METER, "energy: meter only"
    energy_ledger._meter(day, share, carried, readings)


# ---- ANYONE ----------------------------------------------------------------------------------------------


@external
def end_unmetered(day: uint256, agents: DynArray[address, energy_ledger.MAX_READINGS]):
    """
    @notice End a day on which the meter stayed silent too long.
    """
    amounts._check_calldata(3 + len(agents))
    energy_ledger._end_unmetered(day, agents)


# ---- VIEWS -----------------------------------------------------------------------------------------------


@view
@external
def rules() -> (address, address, uint256, uint256, uint256, uint256, address, address):
    """
    @notice bytecoin, technology, periods, window, patience, kappa, meter and dust account: fixed at deployment.
    """
    return (
        vault.BYTECOIN.address,
        production.TECHNOLOGY.address,
        amounts.PERIODS,
        calendar.WINDOW,
        calendar.PATIENCE,
        energy_ledger.KAPPA,
        energy_ledger.METER,
        registry.DUST_ACCOUNT,
    )


@view
@external
def today() -> calendar.Day:
    """
    @notice The day and what it waits for.
    """
    return calendar._load()


@view
@external
def account_of(owner: address) -> vault.Account:
    """
    @notice An account's money and the state of its last submission.
    """
    return vault._load(owner)


@view
@external
def plant_of(agent: address) -> registry.Plant:
    """
    @notice A producer's plant.
    """
    return registry._plant(agent)


@view
@external
def profile_of(profile: uint256) -> uint256[registry.PROFILE_WORDS]:
    """
    @notice A capacity profile, as it was set.
    """
    return registry._profiles[profile]


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


@view
@external
def dust() -> settlement.Sums:
    """
    @notice What flooring left over on all settled days, in 10^-9; its money is in the dust account.
    """
    return settlement._load(settlement._dust)
