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
from ..interfaces import ITechnology
from . import amounts
from . import calendar
from . import pro_rata
from . import registry
from . import trading_posts
from . import vault

uses: amounts
uses: calendar
uses: registry
uses: trading_posts

WAD: constant(uint256) = 10**18

TECHNOLOGY: immutable(ITechnology)

total_delivered: public(uint256[amounts.MAX_WORDS])
fraction_of: public(HashMap[address, uint256])  # on the last day its plant ran


@deploy
def __init__(technology: address):
    assert technology.is_contract, "production: no technology"

    TECHNOLOGY = ITechnology(technology)


@external
def produce(day: uint256, piece: uint256, prior: bytes32, shown: DynArray[uint256, amounts.MAX_SHOWN]):
    """
    @notice Run the plants of one piece of producers, shown as at the close; with the last, deliveries are final.
    @dev On a day without producers, one call that shows nothing.
    """
    amounts._check_calldata(5 + len(shown))
    today: calendar.Day = calendar._in_phase(day, calendar.CLOSED)
    bids: uint256[amounts.MAX_WORDS] = trading_posts.total_bids
    good: uint256 = trading_posts.total_offers[0] & amounts.LANE_MASK
    delivered: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    delivered[0] = good
    if today.begun:
        delivered = self.total_delivered
    today.begun = True

    if today.left > 0:
        size: uint256 = 1 + 2 * amounts.WORDS
        count: uint256 = len(shown) // size
        assert count > 0, "production: nothing shown"
        assert count * size == len(shown), "production: words left over"
        end: bytes32 = prior
        for k: uint256 in range(count, bound=amounts.MAX_SHOWN):
            at: uint256 = k * size
            link: trading_posts.Link = trading_posts.Link(
                agent=convert(shown[at], address),
                bids=empty(uint256[amounts.MAX_WORDS]),
                offers=empty(uint256[amounts.MAX_WORDS]),
            )
            for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
                link.bids[i] = shown[at + 1 + i]
                link.offers[i] = shown[at + 1 + amounts.WORDS + i]
            end = trading_posts._extend(end, link)

            bought: uint256 = 0
            if bids[0] & amounts.LANE_MASK > 0:
                bid: uint256 = link.bids[0] & amounts.LANE_MASK
                bought = pro_rata._share(good, bid, bids[0] & amounts.LANE_MASK)
            fraction: uint256 = self._run_plant(day, link.agent, link.offers, bought * amounts.UNIT, bids)
            self.fraction_of[link.agent] = fraction
            made: uint256[amounts.MAX_WORDS] = self._delivery(link.offers, bids, fraction)
            for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
                delivered[i] += made[i]
        trading_posts._check_piece(vault.PRODUCER, trading_posts.UNPRODUCED, piece, prior, end)
        trading_posts._mark_piece(vault.PRODUCER, trading_posts.READY, piece, prior, end)
        today.left -= count
    else:
        assert len(shown) == 0, "production: no plants to run"

    self.total_delivered = delivered
    if today.left == 0:
        log IMarket.DayProduced(day=day, delivered=delivered)
        today = calendar._entering(today, calendar.PRODUCED, today.submissions)
    calendar._store(today)


@internal
def _run_plant(
    day: uint256,
    agent: address,
    offers: uint256[amounts.MAX_WORDS],
    bought: uint256,
    bids: uint256[amounts.MAX_WORDS],
) -> uint256:
    """
    @notice Burn a plant's inputs; the fraction of its offers that they suffice for.
    """
    plant: registry.Plant = registry._plant(agent)
    needed: uint256 = 0
    fraction: uint256 = 0
    needed, fraction = staticcall TECHNOLOGY.run(offers, bids, bought, plant.theta, plant.c)
    log IMarket.PlantRun(
        day=day, agent=agent, inputs_bought=bought, inputs_used=min(bought, needed), fraction=fraction
    )
    return fraction


@view
@internal
def _delivery(
    offers: uint256[amounts.MAX_WORDS], bids: uint256[amounts.MAX_WORDS], fraction: uint256
) -> uint256[amounts.MAX_WORDS]:
    """
    @notice What a plant delivers: its offers times the fraction, on posts that have bids.
    """
    made: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        offered: uint256 = offers[i]
        if offered == 0:
            continue
        paid: uint256 = bids[i]
        word: uint256 = 0
        for lane: uint256 in range(amounts.LANES):
            if paid & amounts.LANE_MASK > 0:
                part: uint256 = pro_rata._share(offered & amounts.LANE_MASK, fraction, WAD)
                word |= part << unsafe_mul(64, lane)
            offered >>= 64
            paid >>= 64
        made[i] = word
    return made
