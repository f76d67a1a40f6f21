# pragma version 0.4.3
"""
@title Technology
@license MIT
@notice Electricity from the consumption good: q = theta * inputs^c, and back, rounded against the producer.
@dev c = 1 and c = 1/2 need no logarithm and are exact but for one rounding; every other c goes by `fixed_point`.
@custom:units all arguments and results have 18 decimals
@custom:trust Pure arithmetic.
"""
from . import fixed_point

WAD: constant(uint256) = 10**18
HALF: constant(uint256) = 5 * 10**17

MAX_C: constant(uint256) = 3 * 10**18
MAX_THETA: constant(uint256) = 2**96 - 1
MAX_GOOD: constant(uint256) = (2**64 - 1) * 10**9  # as much as any post can ever hold


struct Rule:
    whole: uint256  # theta or, for c = 1/2, its square; zero where inputs go by powers
    squared: bool
    log_theta: int256
    c: uint256


@pure
@internal
def _check(theta: uint256, c: uint256):
    assert theta > 0 and theta <= MAX_THETA, "technology: theta out of range"
    assert c > 0 and c <= MAX_C, "technology: c out of range"


@pure
@internal
def _rule(theta: uint256, c: uint256) -> Rule:
    """
    @notice What the periods of a plant share when inputs are reckoned.
    """
    if c == WAD:
        return Rule(whole=theta, squared=False, log_theta=0, c=c)
    if c == HALF:
        return Rule(whole=theta * theta, squared=True, log_theta=0, c=c)
    return Rule(whole=0, squared=False, log_theta=fixed_point._log2(theta), c=c)


@pure
@internal
def _inputs_for(output: uint256, rule: Rule) -> uint256:
    """
    @notice (output / theta)^(1 / c), rounded up.
    @param output Below 2^94: a lane of 10^-9.
    @return max_value(uint256) if, with another c than 1 or 1/2, it would reach 2^128.
    """
    if output == 0:
        return 0
    if rule.whole > 0:
        # 2^188 * 2^60 + 2^192 stays below 2^256.
        scaled: uint256 = unsafe_mul(output, WAD)
        if rule.squared:
            scaled = unsafe_mul(scaled, output)
        return unsafe_div(unsafe_add(scaled, unsafe_sub(rule.whole, 1)), rule.whole)
    return fixed_point._power_up(WAD, fixed_point._log2(output) - rule.log_theta, WAD, rule.c)


@pure
@internal
def _output_from(inputs: uint256, theta: uint256, c: uint256) -> uint256:
    """
    @notice theta * inputs^c, rounded down.
    @param inputs At most MAX_GOOD.
    @return max_value(uint256) if, with another c than 1, it would reach 2^128.
    """
    if inputs == 0:
        return 0
    if c == WAD:
        return unsafe_div(theta * inputs, WAD)
    return fixed_point._power_down(theta, fixed_point._log2(inputs) - fixed_point._log2(WAD), c, WAD)


@pure
@internal
def _fraction(bought: uint256, needed: uint256, c: uint256) -> uint256:
    """
    @notice min(1, (bought / needed)^c), rounded down: the part of an offer that the inputs suffice for.
    """
    if bought >= needed:
        return WAD
    if bought == 0:
        return 0
    if c == WAD:
        return unsafe_div(bought * WAD, needed)
    if c == HALF:
        return isqrt(unsafe_div(bought * (WAD * WAD), needed))
    log_ratio: int256 = fixed_point._log2(bought) - fixed_point._log2(needed)
    return min(WAD, fixed_point._power_down(WAD, log_ratio, c, WAD))
