# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Production
@license MIT
@notice The good's post clears, every plant burns what it bought there, and what it cannot make is not sold.
@dev A plant needs inputs only for periods whose post has bids. If it bought less than it needs, every such offer
     shrinks by the same fraction min(1, (bought / needed)^c), rounded down.
@custom:units offers and deliveries in 10^-9; inputs and fractions with 18 decimals
@custom:trust Nobody is privileged.
"""
from ..interfaces import IMarket
from . import amounts
from . import calendar
from . import pro_rata
from . import records
from . import refusals
from . import admission
from . import trading_posts
from . import vault

uses: amounts
uses: calendar
uses: records
uses: admission
uses: trading_posts

LANE: constant(uint256) = amounts.LANE_MASK
WAD: constant(uint256) = 10**18

_delivered: uint256[amounts.MAX_WORDS]  # by the plants run so far; lane 0 is the good on its post
_short: HashMap[address, uint256]  # the last day a plant lacked inputs, below it in 64 bits its fraction on that
_last_short: uint256  # the last day that any did


@external
def produce(day: uint256, piece: uint256, prior: bytes32, count: uint256):
    """
    @notice Run the plants of one piece of producers, whose records follow the arguments as at the close; with the last,
            deliveries are final.
    @dev On a day without producers, one call that shows nothing.
    """
    records._check_calldata(4, count * records._size(vault.PRODUCER))
    today: calendar.Day = calendar._in_phase(day, calendar.CLOSED)
    totals: trading_posts.Totals = trading_posts._totals
    delivered: uint256[amounts.MAX_WORDS] = self._delivered if today.begun else self._before_plants(totals)
    today.begun = True

    if today.left > 0:
        end: bytes32 = trading_posts._check_piece(
            vault.PRODUCER, trading_posts.UNPRODUCED, piece, prior, count, 132
        )
        trading_posts._mark_piece(vault.PRODUCER, trading_posts.READY, piece, prior, end)
        delivered = self._run(day, count, 132, totals, delivered)
        today.left -= count
    else:
        if count > 0:
            refusals._refuse("production: no plants to run")

    self._delivered = delivered
    if today.left == 0:
        log IMarket.DayProduced(day=day, delivered=delivered)
        today = calendar._entering(today, calendar.PRODUCED, today.submissions)
    calendar._store(today)


@pure
@internal
def _before_plants(totals: trading_posts.Totals) -> uint256[amounts.MAX_WORDS]:
    """
    @notice What is delivered before any plant ran: the consumption good that standard agents own.
    """
    delivered: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    delivered[0] = totals.offers[0] & amounts.LANE_MASK
    return delivered


@internal
def _run(
    day: uint256,
    count: uint256,
    offset: uint256,
    totals: trading_posts.Totals,
    before: uint256[amounts.MAX_WORDS],
) -> uint256[amounts.MAX_WORDS]:
    """
    @notice Run the plants of `count` records that stand at `offset` of the call data; all deliveries with theirs.
    """
    delivered: uint256[amounts.MAX_WORDS] = before
    good: uint256 = delivered[0] & amounts.LANE_MASK
    good_bids: uint256 = totals.bids[0] & amounts.LANE_MASK
    live: uint256[amounts.MAX_WORDS] = self._live(totals.bids)
    size: uint256 = 32 * records._size(vault.PRODUCER)
    at: uint256 = offset
    for _k: uint256 in range(count, bound=trading_posts.COUNT_MASK):
        agent: address = convert(convert(slice(msg.data, at, 32), uint256) & records.AGENT_MASK, address)
        offers: uint256[amounts.MAX_WORDS] = self._offers(at, live)
        bought: uint256 = 0
        if good_bids > 0:
            bid: uint256 = convert(slice(msg.data, unsafe_add(at, 32), 32), uint256) & amounts.LANE_MASK
            bought = pro_rata._share(good, bid, good_bids) * amounts.UNIT
        fraction: uint256 = self._run_plant(day, agent, offers, bought)
        if fraction < WAD:
            self._short[agent] = fraction | (day << 64)
            self._last_short = day
            offers = self._shrunk(offers, fraction)
        delivered[0] = unsafe_add(delivered[0], offers[0])
        delivered[1] = unsafe_add(delivered[1], offers[1])
        delivered[2] = unsafe_add(delivered[2], offers[2])
        delivered[3] = unsafe_add(delivered[3], offers[3])
        delivered[4] = unsafe_add(delivered[4], offers[4])
        delivered[5] = unsafe_add(delivered[5], offers[5])
        delivered[6] = unsafe_add(delivered[6], offers[6])
        delivered[7] = unsafe_add(delivered[7], offers[7])
        delivered[8] = unsafe_add(delivered[8], offers[8])
        delivered[9] = unsafe_add(delivered[9], offers[9])
        delivered[10] = unsafe_add(delivered[10], offers[10])
        delivered[11] = unsafe_add(delivered[11], offers[11])
        delivered[12] = unsafe_add(delivered[12], offers[12])
        at = unsafe_add(at, size)
    return delivered


@view
@internal
def _offers(at: uint256, live: uint256[amounts.MAX_WORDS]) -> uint256[amounts.MAX_WORDS]:
    """
    @notice A producer's offers on posts that have bids, by the record that stands there.
    """
    shown: Bytes[records.OFFER_BYTES] = slice(
        msg.data, unsafe_add(at, 32 * (1 + amounts.WORDS)), records.OFFER_BYTES
    )
    offers: uint256[amounts.MAX_WORDS] = abi_decode(shown, uint256[amounts.MAX_WORDS])
    # Written out, as all that is done for every word; what follows a record belongs to no post and falls away.
    offers[0] &= live[0]
    offers[1] &= live[1]
    offers[2] &= live[2]
    offers[3] &= live[3]
    offers[4] &= live[4]
    offers[5] &= live[5]
    offers[6] &= live[6]
    offers[7] &= live[7]
    offers[8] &= live[8]
    offers[9] &= live[9]
    offers[10] &= live[10]
    offers[11] &= live[11]
    offers[12] &= live[12]
    return offers


@internal
def _run_plant(
    day: uint256,
    agent: address,
    offers: uint256[amounts.MAX_WORDS],
    bought: uint256,
) -> uint256:
    """
    @notice Burn a plant's inputs; the fraction of its offers that they suffice for.
    """
    needed: uint256 = 0
    fraction: uint256 = 0
    needed, fraction = staticcall admission.REGISTRY.run(agent, offers, bought)
    log IMarket.PlantRun(
        day=day, agent=agent, inputs_bought=bought, inputs_used=min(bought, needed), fraction=fraction
    )
    return fraction


@view
@internal
def _fraction(agent: address, day: uint256) -> uint256:
    """
    @notice The fraction of its offers that a plant which was run delivers.
    """
    short: uint256 = self._short[agent]
    return short & amounts.LANE_MASK if short >> 64 == day else WAD


@view
@internal
def _shrunk(offers: uint256[amounts.MAX_WORDS], fraction: uint256) -> uint256[amounts.MAX_WORDS]:
    """
    @notice What a plant that lacks inputs delivers of its offers on posts that have bids.
    """
    made: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        offered: uint256 = offers[i]
        made[i] = (
            pro_rata._share(offered & LANE, fraction, WAD)
            | (pro_rata._share((offered >> 64) & LANE, fraction, WAD) << 64)
            | (pro_rata._share((offered >> 128) & LANE, fraction, WAD) << 128)
            | (pro_rata._share(offered >> 192, fraction, WAD) << 192)
        )
    return made


@view
@internal
def _live(bids: uint256[amounts.MAX_WORDS]) -> uint256[amounts.MAX_WORDS]:
    """
    @notice All bits of the lanes of posts that have bids.
    """
    live: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        live[i] = amounts._full_lanes(bids[i])
    return live
