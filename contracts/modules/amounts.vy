# pragma version 0.4.3
"""
@title Amounts on posts
@license MIT
@notice How a day's amounts are laid into words: 64-bit lanes, four to a word, lane 0 the consumption good's post.
@dev Sums of lanes never spill into their neighbour: all bids together are covered by bytecoin held (at most
     2^64 - 1 units, see vault), all offers by registered endowments and capacities (likewise, see registry).
@custom:units one unit is 10^-9 of a bytecoin, kWh or unit of the consumption good
@custom:trust Pure arithmetic.
"""
from . import refusals

MAX_PERIODS: constant(uint256) = 48
MAX_POSTS: constant(uint256) = 49
MAX_WORDS: constant(uint256) = 13
LANES: constant(uint256) = 4  # to a word
# Submissions a piece may hold, so that every later step on it fits a transaction of 2^24 gas, whatever its plants.
MAX_PIECE: constant(uint256) = 48

UNIT: constant(uint256) = 10**9  # a unit on a post, in the 18-decimal units of accounts
MAX_AMOUNT: constant(uint256) = 2**64 - 1
LANE_MASK: constant(uint256) = 2**64 - 1

PERIODS: immutable(uint256)
WORDS: immutable(uint256)
LAST_BITS: immutable(uint256)  # that the lanes of the last word take, 64 to 256


@deploy
def __init__(periods: uint256):
    assert periods > 0 and periods <= MAX_PERIODS, "market: 1 to 48 periods"

    PERIODS = periods
    WORDS = (periods + 4) // 4
    LAST_BITS = 64 * (periods + 5 - 4 * ((periods + 4) // 4))


@view
@internal
def _check_calldata(words: uint256, padding: uint256 = 0):
    """
    @notice Refuse call data that is not, to the byte, a selector, that many words, and some padding.
    @dev What is cut off would be read as zeros, and what is appended costs gas that all share.
    """
    if len(msg.data) != 4 + 32 * words + padding:
        refusals._refuse("market: malformed call data")


@pure
@internal
def _sum_of_lanes(word: uint256) -> uint256:
    return unsafe_add(
        unsafe_add(word & LANE_MASK, (word >> 64) & LANE_MASK), unsafe_add((word >> 128) & LANE_MASK, word >> 192)
    )


@pure
@internal
def _full_lanes(word: uint256) -> uint256:
    """
    @notice All bits of the lanes that hold anything.
    """
    lanes: uint256 = LANE_MASK if word & LANE_MASK > 0 else 0
    for i: uint256 in range(1, LANES):
        bits: uint256 = unsafe_mul(64, i)
        if (word >> bits) & LANE_MASK > 0:
            lanes |= LANE_MASK << bits
    return lanes
