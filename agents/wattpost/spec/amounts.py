"""How amounts on posts are laid into words: 64-bit lanes, four to a word, lane 0 the consumption good's post."""

from __future__ import annotations

from collections.abc import Sequence

WAD = 10**18
UNIT = 10**9  # one unit on a post, in the 18-decimal units of accounts
MAX_AMOUNT = 2**64 - 1
MAX_PERIODS = 48
FULL = 10_000  # a capacity profile's part that means the whole


def words_for(periods: int) -> int:
    """Words that hold a lane for each of the `periods + 1` posts.

    >>> words_for(3), words_for(4), words_for(24)
    (1, 2, 7)
    """
    return (periods + 4) // 4


def pack(amounts: Sequence[int]) -> list[int]:
    """Lanes, post 0 first, into words.

    Raises ValueError if an amount does not fit its lane.

    >>> [hex(word) for word in pack([1, 2])]
    ['0x20000000000000001']
    """
    words = [0] * words_for(len(amounts) - 1)
    for post, amount in enumerate(amounts):
        if not 0 <= amount <= MAX_AMOUNT:
            raise ValueError(f"the amount on post {post} is {amount}; a lane holds 0 to {MAX_AMOUNT}")
        words[post // 4] |= amount << (64 * (post % 4))
    return words


def unpack(words: Sequence[int], posts: int) -> tuple[int, ...]:
    """The first `posts` lanes of words.

    >>> unpack(pack([5, 0, 7]), 3)
    (5, 0, 7)
    """
    return tuple(words[post // 4] >> (64 * (post % 4)) & MAX_AMOUNT for post in range(posts))


def pack_profile(parts: Sequence[int]) -> tuple[int, int, int]:
    """A capacity profile's ten-thousandths, period 1 first, into the three words the contract keeps.

    >>> pack_profile([10_000, 1])
    (75536, 0, 0)
    """
    words = [0, 0, 0]
    for index, part in enumerate(parts):
        if not 0 <= part <= FULL:
            raise ValueError(f"part {index + 1} of the profile is {part}; it must be 0 to {FULL}")
        words[index // 16] |= part << (16 * (index % 16))
    return words[0], words[1], words[2]
