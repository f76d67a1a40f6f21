# pragma version 0.4.3
"""
@title Records
@license MIT
@notice Submissions shown in a call: words that follow its arguments, read where they stand.
@dev Vyper copies a list that is an argument into memory, and reserves there what the longest list would take, so a list
     is as long as the frame allows and costs the same when it is empty. Records stand behind the arguments instead, are
     read one at a time into one buffer, and may be as many as a transaction carries. The buffer has the size of the
     longest record, so zeros follow the last one.

     A record is an agent's word (the address, above it kWh to be stored in a 64-bit lane), the words of its bids and,
     of producers, the words of its offers.
@custom:units words of 32 bytes
@custom:trust Reads call data and nothing else.
"""
from . import amounts
from . import refusals

uses: amounts

MAX_WORDS: constant(uint256) = 2 * amounts.MAX_WORDS  # of bids and offers
MAX_BYTES: constant(uint256) = 32 * MAX_WORDS
MAX_RECORD: constant(uint256) = 96 + MAX_BYTES  # a signed record has two words more
PADDING: constant(uint256) = MAX_RECORD - 64  # no record is shorter than two words
# The agent's word and as many words as bids can take. Decoded into a list of that length, they are read at literal indexes,
# which costs a sixth of `extract32`; past its bids stands what follows a record, which belongs to no post.
MAX_SHOWN: constant(uint256) = amounts.MAX_WORDS + 1
SHOWN_BYTES: constant(uint256) = 32 * MAX_SHOWN
OFFER_BYTES: constant(uint256) = 32 * amounts.MAX_WORDS
AGENT_MASK: constant(uint256) = 2**160 - 1
# keccak256 of the padding
ZEROS: constant(bytes32) = 0x0f809ee7dd9096d19ea523300bbbbc637d061a2e52548c3720a13b4667b2cb44


@view
@internal
def _size(kind: uint256) -> uint256:
    """
    @notice Words of a record of standard agents (kind 1) or producers (kind 2).
    """
    return 1 + kind * amounts.WORDS


@view
@internal
def _check_calldata(arguments: uint256, words: uint256):
    """
    @notice Refuse call data that is not, to the byte, its arguments, that many words of records, and zeros.
    """
    amounts._check_calldata(arguments + words, PADDING)
    padding: Bytes[PADDING] = slice(msg.data, 4 + 32 * (arguments + words), PADDING)
    if keccak256(padding) != ZEROS:
        refusals._refuse("market: padding is not zero")
