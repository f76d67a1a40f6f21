# pragma version 0.4.3
"""
@title Pro rata
@license MIT
@notice The one division of the market: a share of a pot, at once or by way of a price.
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


@pure
@internal
def _price(pot: uint256, whole: uint256) -> uint256:
    """
    @notice What a unit of `whole` gets of `pot`, in 2^-128, rounded up: `part * price >> 128` is the share of a part.
    @dev Both are 64-bit lanes, as parts are, so a price stays below 2^192 and the product below 2^256. Rounding up adds less
         than part / 2^128 < 2^-64 <= 1 / whole to a share, and a share that is not whole lacks at least 1 / whole:
         the floor is that of `_share`, exactly. Without a whole there is no price.
    """
    return unsafe_div(unsafe_add(pot << 128, unsafe_sub(whole, 1)), whole)
