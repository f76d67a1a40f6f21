# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title Registry
@author The Wattpost authors
@license MIT
@notice Who takes part in a market and with what, and what plants can do: q = theta * inputs^c and back.
@dev A contract of its own because a market with it would exceed the size limit of contracts. It serves the market that
     binds it, in that market's constructor, and tells it of every agent it admits.
@custom:units endowments and capacities in 10^-9; all else with 18 decimals, but for words of lanes (see `IMarket`)
@custom:trust The registrar admits agents and sets capacity profiles, between days only. It cannot touch money, alter
    or remove what is registered, or act during a day.
"""
from .interfaces import IRegistry

implements: IRegistry

from .modules import amounts
from .modules import registry
from .modules import technology

initializes: amounts
initializes: registry[amounts := amounts]

# ---- VIEWS THAT ARE PLAIN STORAGE ------------------------------------------------------------------------

exports: (
    registry.market,
    registry.registrar,
    registry.next_registrar,
    registry.endowment_of,
    registry.total_endowment,
    registry.total_capacity,
)


@deploy
def __init__(periods: uint256, registrar: address):
    """
    @param periods Delivery periods a day, 1 to 48.
    @param registrar Who admits agents at first.
    """
    amounts.__init__(periods)
    registry.__init__(registrar)


# ---- REGISTRAR -------------------------------------------------------------------------------------------


@external
def register_standard(agent: address, endowment: uint256, store: uint256):
    """
    @notice Admit a standard agent, between days.
    @param endowment Consumption good it owns and offers a day, in 10^-9.
    @param store kWh its store holds at first, with 18 decimals.
    """
    registry._check_registrar(msg.sender)
    registry._register_standard(agent, endowment, store)


@external
def register_producer(
    agent: address, theta: uint256, c: uint256, capacity: uint256, profile: uint256, store: uint256
):
    """
    @notice Admit a producer, between days.
    @param theta Productivity, 18 decimals.
    @param c Returns to scale, 18 decimals, above 0 and up to 3.
    @param capacity kWh a period where its profile is full, in 10^-9.
    @param profile Which capacity profile its plant follows.
    @param store kWh its store holds at first, with 18 decimals.
    """
    registry._check_registrar(msg.sender)
    plant: registry.Plant = registry.Plant(theta=theta, c=c, capacity=capacity, profile=profile)
    registry._register_producer(agent, plant, store)


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


# ---- THE MARKET ------------------------------------------------------------------------------------------


@external
def bind() -> uint256:
    """
    @notice Serve the caller from now on, the first to ask.
    @return Delivery periods a day.
    """
    registry._bind(msg.sender)
    return amounts.PERIODS


@view
@external
def within_capacity(agent: address, offers: uint256[amounts.MAX_WORDS]) -> bool:
    """
    @notice Whether an agent's plant can reach what is offered, in every period of the day.
    """
    return registry._within_capacity(agent, offers)


@view
@external
def run(agent: address, offers: uint256[amounts.MAX_WORDS], bought: uint256) -> (uint256, uint256):
    """
    @notice A plant's day: the inputs its offers take, and the fraction of them that `bought` inputs suffice for.
    @param offers Those on posts that have bids; what nobody bids for is not made and takes nothing.
    """
    return registry._run(agent, offers, bought)


# ---- VIEWS -----------------------------------------------------------------------------------------------


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


@pure
@external
def inputs_for(output: uint256, theta: uint256, c: uint256) -> uint256:
    """
    @notice Consumption good that an output takes, rounded up.
    @param output At most a lane's 2^64 - 1 units of 10^-9.
    @return max_value(uint256) if, with another c than 1 or 1/2, it would reach 2^128.
    """
    assert output <= technology.MAX_GOOD, "technology: output too large"
    technology._check(theta, c)
    return technology._inputs_for(output, technology._rule(theta, c))


@pure
@external
def output_from(inputs: uint256, theta: uint256, c: uint256) -> uint256:
    """
    @notice Output that inputs suffice for, rounded down.
    @return max_value(uint256) if, with another c than 1, it would reach 2^128.
    """
    assert inputs <= technology.MAX_GOOD, "technology: inputs too large"
    technology._check(theta, c)
    return technology._output_from(inputs, theta, c)
