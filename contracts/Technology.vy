# pragma version 0.4.3
"""
@title Technology
@author The Wattpost authors
@license MIT
@notice What plants can do, as arithmetic that every market may call: q = theta * inputs^c and back.
@dev A contract of its own because a market with it would exceed the size limit of contracts.
@custom:units all arguments and results have 18 decimals, but for words of lanes (10^-9, see `IMarket`)
@custom:trust Pure arithmetic: no storage, no owner.
"""
from .interfaces import ITechnology

implements: ITechnology

from .modules import amounts
from .modules import technology


@pure
@external
def inputs_for(output: uint256, theta: uint256, c: uint256) -> uint256:
    """
    @notice Consumption good that an output takes, rounded up.
    @param output At most a lane's 2^64 - 1 units of 10^-9.
    @return max_value(uint256) if, with another c than 1 or 1/2, it would reach 2^128.
    """
    assert output <= technology.MAX_GOOD, "technology: output too large"
    self._check(theta, c)
    return technology._inputs_for(output, theta, c, technology._log_theta(theta, c))


@pure
@external
def output_from(inputs: uint256, theta: uint256, c: uint256) -> uint256:
    """
    @notice Output that inputs suffice for, rounded down.
    @return max_value(uint256) if, with another c than 1, it would reach 2^128.
    """
    assert inputs <= technology.MAX_GOOD, "technology: inputs too large"
    self._check(theta, c)
    return technology._output_from(inputs, theta, c)


@pure
@external
def run(
    offers: uint256[amounts.MAX_WORDS],
    bids: uint256[amounts.MAX_WORDS],
    bought: uint256,
    theta: uint256,
    c: uint256,
) -> (uint256, uint256):
    """
    @notice A plant's day: the inputs its offers take, and the fraction of them that `bought` inputs suffice for.
    @param bids The posts' totals; what nobody bids for is not made and takes nothing.
    """
    self._check(theta, c)
    log_theta: int256 = technology._log_theta(theta, c)
    needed: uint256 = 0
    for i: uint256 in range(amounts.MAX_WORDS):
        offered: uint256 = offers[i]
        if i == 0:
            offered &= ~amounts.LANE_MASK  # the good is not made
        paid: uint256 = bids[i]
        if offered == 0 or paid == 0:
            continue
        for _lane: uint256 in range(amounts.LANES):
            offer: uint256 = offered & amounts.LANE_MASK
            if offer > 0 and paid & amounts.LANE_MASK > 0:
                needed += technology._inputs_for(offer * amounts.UNIT, theta, c, log_theta)
            offered >>= 64
            paid >>= 64
    return needed, technology._fraction(bought, needed, c)


@pure
@internal
def _check(theta: uint256, c: uint256):
    assert theta > 0 and theta <= technology.MAX_THETA, "technology: theta out of range"
    assert c > 0 and c <= technology.MAX_C, "technology: c out of range"
