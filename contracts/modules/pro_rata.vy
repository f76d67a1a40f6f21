# pragma version 0.4.3
"""
@title Pro rata
@license MIT
@notice The one division of the market: a share of a pot.
@custom:units whatever the pot is measured in
@custom:trust Pure arithmetic.
"""


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
