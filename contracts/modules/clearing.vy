# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Clearing
@license MIT
@notice A day closed, produced and settled in one call, where one transaction holds all that was submitted.
@dev The same steps as one by one, and the same outcome; nothing between them is stored, and an account that is read for
     one is warm for the next.
@custom:units see `trading_posts`
@custom:trust Nobody is privileged; anyone clears for all.
"""
from ..interfaces import IMarket
from . import calendar
from . import production
from . import records
from . import refusals
from . import settlement
from . import trading_posts
from . import vault

uses: calendar
uses: production
uses: records
uses: settlement
uses: trading_posts

TAIL: constant(uint256) = 100  # where records begin in the call data


@external
def clear(day: uint256, standard: uint256, producers: uint256):
    """
    @notice After the window, show all submissions at once: add them up, run the plants, and pay everybody out.
    @param standard How many records of standard agents follow the arguments, in the order of submission.
    @param producers How many records of producers follow those.
    """
    words: uint256 = standard * records._size(vault.STANDARD)
    records._check_calldata(3, words + producers * records._size(vault.PRODUCER))
    today: calendar.Day = calendar._after_window(day)
    # Where pieces were shown before, the heads are no longer those of the whole day.
    if standard + producers == 0 or today.begun:
        refusals._refuse("posts: nothing shown")

    at: uint256 = TAIL + 32 * words
    end: bytes32 = empty(bytes32)
    totals: trading_posts.Totals = empty(trading_posts.Totals)
    end, totals = trading_posts._add_up(
        vault.STANDARD, trading_posts._genesis(day, vault.STANDARD), standard, TAIL, totals
    )
    trading_posts._check_end(vault.STANDARD, end)
    end, totals = trading_posts._add_up(
        vault.PRODUCER, trading_posts._genesis(day, vault.PRODUCER), producers, at, totals
    )
    trading_posts._check_end(vault.PRODUCER, end)
    today.submissions = standard + producers
    today.left = producers
    trading_posts._freeze(today, totals)

    delivered: uint256[13] = production._run(day, producers, at, totals, production._before_plants(totals))
    log IMarket.DayProduced(day=day, delivered=delivered)

    posts: settlement.Market = settlement._market(day, totals.bids, delivered)
    sums: settlement.Sums = settlement._pay(
        today, vault.STANDARD, 0, standard, TAIL, posts, empty(settlement.Sums)
    )
    sums = settlement._pay(today, vault.PRODUCER, 0, producers, at, posts, sums)
    settlement._finish(today, sums, posts)
