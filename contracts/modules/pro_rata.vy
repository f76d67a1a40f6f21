# pragma version 0.4.3
"""
@title Pro rata
@license MIT
@notice The one division of the market: a share of a pot.
@custom:units whatever the pot is measured in
@custom:trust Pure arithmetic.
"""
from . import amounts

LANE_MASK: constant(uint256) = amounts.LANE_MASK


@pure
@internal
def _share(pot: uint256, part: uint256, whole: uint256) -> uint256:
    """
    @notice `pot * part / whole`, rounded towards the pot.
    @dev Flooring keeps sum(shares) <= pot while sum(parts) <= whole, and leaves less than one unit a participant.
         Callers pass a pot and a part that are 64-bit lanes, or a money pot and an 18-decimal fraction, so the
         product stays below 2^128; and a whole above zero.
    """
    return unsafe_div(unsafe_mul(pot, part), whole)


@pure
@internal
def _shares(pots: uint256, parts: uint256, wholes: uint256) -> uint256:
    """
    @notice The sum over four lanes of pot * part / whole, each rounded down; a lane whose whole is zero gives nothing.
    @dev `_share` written out, for the settlement does little else.
    """
    return unsafe_add(
        unsafe_add(
            unsafe_div(unsafe_mul(pots & LANE_MASK, parts & LANE_MASK), wholes & LANE_MASK),
            unsafe_div(
                unsafe_mul((pots >> 64) & LANE_MASK, (parts >> 64) & LANE_MASK), (wholes >> 64) & LANE_MASK
            ),
        ),
        unsafe_add(
            unsafe_div(
                unsafe_mul((pots >> 128) & LANE_MASK, (parts >> 128) & LANE_MASK), (wholes >> 128) & LANE_MASK
            ),
            unsafe_div(unsafe_mul(pots >> 192, parts >> 192), wholes >> 192),
        ),
    )
