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

MAX_PERIODS: constant(uint256) = 48
MAX_POSTS: constant(uint256) = 49
MAX_WORDS: constant(uint256) = 13
LANES: constant(uint256) = 4  # to a word
# Words one call may show: some 128 standard agents of a day of 24 periods, and always 16 producers or more.
MAX_SHOWN: constant(uint256) = 1024
# Submissions a piece may hold, so that every later step on it fits a transaction of 2^24 gas, whatever its plants.
MAX_PIECE: constant(uint256) = 128

UNIT: constant(uint256) = 10**9  # a unit on a post, in the 18-decimal units of accounts
MAX_AMOUNT: constant(uint256) = 2**64 - 1
LANE_MASK: constant(uint256) = 2**64 - 1

PERIODS: immutable(uint256)
POSTS: immutable(uint256)
WORDS: immutable(uint256)


@deploy
def __init__(periods: uint256):
    assert periods > 0 and periods <= MAX_PERIODS, "market: 1 to 48 periods"

    PERIODS = periods
    POSTS = periods + 1
    WORDS = (periods + 4) // 4


@view
@internal
def _check_calldata(words: uint256):
    """
    @notice Refuse call data that is not, to the byte, a selector and that many words.
    @dev What is cut off would be read as zeros, and what is appended costs gas that all share.
    """
    assert len(msg.data) == 4 + 32 * words, "market: malformed call data"


@view
@internal
def _unused_lanes_are_zero(last_word: uint256) -> bool:
    # The last word holds POSTS - 4 * (WORDS - 1) lanes, from 1 to 4; a shift by 256 leaves zero.
    return last_word >> (64 * (POSTS - 4 * (WORDS - 1))) == 0


@pure
@internal
def _sum_of_lanes(word: uint256) -> uint256:
    return (word & LANE_MASK) + ((word >> 64) & LANE_MASK) + ((word >> 128) & LANE_MASK) + (word >> 192)
