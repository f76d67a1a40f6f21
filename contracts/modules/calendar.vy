# pragma version 0.4.3
"""
@title Calendar
@license MIT
@notice Which day it is, what it is waiting for, and how many submissions are still to be handled.
@dev Only the window for submissions follows the clock: [opened, opened + WINDOW). Every later step follows calls.
     The word also holds the books of the last metered day, for which a settlement charges.
@custom:units seconds
@custom:trust Nobody can set the calendar; it moves when a step of the day is complete.
"""
from . import refusals

# What the day waits for next.
DONE: constant(uint256) = 0  # nothing: the next day may open
OPEN: constant(uint256) = 1  # submissions, then, after the window, the close
CLOSED: constant(uint256) = 2  # production
PRODUCED: constant(uint256) = 3  # settlement
SETTLED: constant(uint256) = 4  # metering

struct Day:
    number: uint256  # 24 bits, 1 for the first
    phase: uint256  # 3 bits
    begun: bool  # the running sums of the present phase are today's
    opened: uint256  # 40 bits
    settled: uint256  # 40 bits, timestamp of the last settlement
    submissions: uint256  # 24 bits, known when closed
    left: uint256  # 24 bits, submissions that the present phase still has to handle
    pieces: uint256  # 24 bits, shown at the close
    books: uint256  # 66 bits, of the last metered day (see `energy_ledger`)

MAX_DAYS: constant(uint256) = 2**24 - 1

WINDOW: immutable(uint256)
PATIENCE: immutable(uint256)

_today: uint256


@deploy
def __init__(window: uint256, patience: uint256):
    assert window > 0 and window < 2**32, "calendar: window out of range"
    assert patience > 0 and patience < 2**32, "calendar: patience out of range"

    WINDOW = window
    PATIENCE = patience


@view
@internal
def _load() -> Day:
    word: uint256 = self._today
    return Day(
        number=word & (2**24 - 1),
        phase=(word >> 24) & 7,
        begun=(word >> 27) & 1 != 0,
        opened=(word >> 28) & (2**40 - 1),
        settled=(word >> 68) & (2**40 - 1),
        submissions=(word >> 108) & (2**24 - 1),
        left=(word >> 132) & (2**24 - 1),
        pieces=(word >> 156) & (2**24 - 1),
        books=word >> 180,
    )


@internal
def _store(day: Day):
    self._today = (
        day.number
        | (day.phase << 24)
        | (convert(day.begun, uint256) << 27)
        | (day.opened << 28)
        | (day.settled << 68)
        | (day.submissions << 108)
        | (day.left << 132)
        | (day.pieces << 156)
        | (day.books << 180)
    )


@pure
@internal
def _entering(day: Day, phase: uint256, left: uint256) -> Day:
    """
    @notice The day as it stands when a phase begins that has `left` submissions to handle.
    """
    next: Day = day
    next.phase = phase
    next.left = left
    next.begun = False
    return next


@view
@internal
def _in_phase(day: uint256, phase: uint256) -> Day:
    """
    @notice Today, if it is that day and waits for that step.
    """
    today: Day = self._load()
    if today.number != day:
        refusals._refuse("calendar: not that day")
    if today.phase != phase:
        refusals._refuse("calendar: not that step's turn")
    return today


@view
@internal
def _in_window(day: uint256):
    """
    @notice Refuse unless that day takes submissions now.
    """
    today: Day = self._in_phase(day, OPEN)
    if block.timestamp >= today.opened + WINDOW:
        refusals._refuse("calendar: window is over")


@view
@internal
def _after_window(day: uint256) -> Day:
    """
    @notice Today, if it is that day and takes no more submissions, but is not yet closed.
    """
    today: Day = self._in_phase(day, OPEN)
    if block.timestamp < today.opened + WINDOW:
        refusals._refuse("calendar: window is open")
    return today


@view
@internal
def _between_days():
    """
    @notice Refuse while a day is under way.
    """
    if (self._today >> 24) & 7 != DONE:
        refusals._refuse("calendar: a day is under way")


@pure
@internal
def _check_batch(size: uint256, left: uint256):
    # Small batches would inflate the gas that all share.
    if size < min(16, left):
        refusals._refuse("calendar: batch too small")
    if size > left:
        refusals._refuse("calendar: batch too large")
