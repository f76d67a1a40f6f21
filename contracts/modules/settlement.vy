# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Settlement
@license MIT
@notice Everyone's share of every post: energy and good to the bidders, bytecoin to the sellers, dust to its account.
@dev Every share is floored once, from the day's totals; no price is stored. A post with bids but no delivery hands its
     bids back. Pieces settle in any order and each once.
@custom:units 10^-9 of a bytecoin, kWh or unit of the consumption good
@custom:trust Nobody is privileged; anyone settles for all.
"""
from ..interfaces import IMarket
from . import amounts
from . import calendar
from . import energy_ledger
from . import pro_rata
from . import production
from . import records
from . import admission
from . import trading_posts
from . import vault

uses: amounts
uses: calendar
uses: energy_ledger
uses: production
uses: records
uses: admission
uses: trading_posts
uses: vault

LANE: constant(uint256) = amounts.LANE_MASK
LOGGED: constant(uint256) = 64  # outcomes in one event

struct Market:
    prices: uint256[amounts.LANES * amounts.MAX_WORDS]  # what a post delivers for its bids' unit, see `_price`
    bids: uint256[amounts.MAX_WORDS]
    delivered: uint256[amounts.MAX_WORDS]
    live: uint256[amounts.MAX_WORDS]  # all bits of the lanes of posts that have bids
    any_idle: bool  # some of them have no delivery
    any_short: bool  # some plants deliver less than they offered

struct Sums:
    money: uint256  # paid out and refunded, 80 bits
    energy: uint256  # 80 bits
    good: uint256  # 80 bits

_sums: uint256


@external
def settle(day: uint256, kind: uint256, piece: uint256, prior: bytes32, count: uint256):
    """
    @notice Allocate and pay out one piece, whose records follow the arguments as at the close; with the last, the day's
            dust is known.
    """
    records._check_calldata(5, count * records._size(kind))
    today: calendar.Day = calendar._in_phase(day, calendar.PRODUCED)
    sums: Sums = self._load(self._sums) if today.begun else empty(Sums)
    today.begun = True

    _end: bytes32 = trading_posts._check_piece(kind, trading_posts.READY, piece, prior, count, 164)
    trading_posts._finish_piece(piece)
    posts: Market = self._market(day, trading_posts._totals.bids, production._delivered)
    sums = self._pay(today, kind, convert(prior, uint256) & trading_posts.COUNT_MASK, count, 164, posts, sums)
    today.left -= count
    self._sums = sums.money | (sums.energy << 80) | (sums.good << 160)
    if today.left == 0:
        self._finish(today, sums, posts)
    else:
        calendar._store(today)


@view
@internal
def _market(
    day: uint256, bids: uint256[amounts.MAX_WORDS], delivered: uint256[amounts.MAX_WORDS]
) -> Market:
    posts: Market = empty(Market)
    posts.bids = bids
    posts.delivered = delivered
    posts.live = production._live(bids)
    posts.any_short = production._last_short == day
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        posts.any_idle = posts.any_idle or self._idle(posts, i) > 0
        pots: uint256 = delivered[i]
        wholes: uint256 = bids[i]
        for lane: uint256 in range(amounts.LANES):
            posts.prices[4 * i + lane] = pro_rata._price(pots & LANE, wholes & LANE)
            pots >>= 64
            wholes >>= 64
    return posts


@pure
@internal
def _idle(posts: Market, i: uint256) -> uint256:
    """
    @notice All bits of the lanes in a word of posts that have bids and no delivery.
    """
    return posts.live[i] & ~amounts._full_lanes(posts.delivered[i])


@internal
def _pay(
    today: calendar.Day,
    kind: uint256,
    first: uint256,
    count: uint256,
    offset: uint256,
    posts: Market,
    so_far: Sums,
) -> Sums:
    """
    @notice Pay out `count` records that stand at `offset` of the call data; the day's sums with theirs.
    @param first The place of the first among the submissions of its kind.
    """
    sums: Sums = so_far
    day: uint256 = today.number
    books: uint256 = today.books
    words: uint256 = amounts.WORDS
    good_bids: uint256 = posts.bids[0] & amounts.LANE_MASK
    good_sold: uint256 = posts.delivered[0] & amounts.LANE_MASK
    money: uint256 = 0
    energies: uint256 = 0
    goods: uint256 = 0
    outcomes: DynArray[uint256, LOGGED] = []
    at: uint256 = offset
    size: uint256 = 32 * records._size(kind)
    for k: uint256 in range(count, bound=trading_posts.COUNT_MASK):
        record: Bytes[records.SHOWN_BYTES] = slice(msg.data, at, records.SHOWN_BYTES)
        shown: uint256[records.MAX_SHOWN] = abi_decode(record, uint256[records.MAX_SHOWN])
        owner: uint256 = shown[0]
        agent: address = convert(owner & records.AGENT_MASK, address)
        account: uint256 = vault._accounts[agent]
        # What its bids buy: `pro_rata._worth` of every lane, written out. Lane 0 is the good; no other post has a price.
        good: uint256 = unsafe_mul(shown[1] & LANE, posts.prices[0]) >> 128
        energy: uint256 = unsafe_add(unsafe_add(unsafe_mul((shown[1] << 128) >> 192, posts.prices[1]) >> 128, unsafe_mul((shown[1] << 64) >> 192, posts.prices[2]) >> 128), unsafe_mul(shown[1] >> 192, posts.prices[3]) >> 128)
        if words > 1:
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[2] << 192) >> 192, posts.prices[4]) >> 128, unsafe_mul((shown[2] << 128) >> 192, posts.prices[5]) >> 128),
                    unsafe_add(unsafe_mul((shown[2] << 64) >> 192, posts.prices[6]) >> 128, unsafe_mul(shown[2] >> 192, posts.prices[7]) >> 128),
                ),
            )
        if words > 2:
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[3] << 192) >> 192, posts.prices[8]) >> 128, unsafe_mul((shown[3] << 128) >> 192, posts.prices[9]) >> 128),
                    unsafe_add(unsafe_mul((shown[3] << 64) >> 192, posts.prices[10]) >> 128, unsafe_mul(shown[3] >> 192, posts.prices[11]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[4] << 192) >> 192, posts.prices[12]) >> 128, unsafe_mul((shown[4] << 128) >> 192, posts.prices[13]) >> 128),
                    unsafe_add(unsafe_mul((shown[4] << 64) >> 192, posts.prices[14]) >> 128, unsafe_mul(shown[4] >> 192, posts.prices[15]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[5] << 192) >> 192, posts.prices[16]) >> 128, unsafe_mul((shown[5] << 128) >> 192, posts.prices[17]) >> 128),
                    unsafe_add(unsafe_mul((shown[5] << 64) >> 192, posts.prices[18]) >> 128, unsafe_mul(shown[5] >> 192, posts.prices[19]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[6] << 192) >> 192, posts.prices[20]) >> 128, unsafe_mul((shown[6] << 128) >> 192, posts.prices[21]) >> 128),
                    unsafe_add(unsafe_mul((shown[6] << 64) >> 192, posts.prices[22]) >> 128, unsafe_mul(shown[6] >> 192, posts.prices[23]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[7] << 192) >> 192, posts.prices[24]) >> 128, unsafe_mul((shown[7] << 128) >> 192, posts.prices[25]) >> 128),
                    unsafe_add(unsafe_mul((shown[7] << 64) >> 192, posts.prices[26]) >> 128, unsafe_mul(shown[7] >> 192, posts.prices[27]) >> 128),
                ),
            )
        if words > 7:
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[8] << 192) >> 192, posts.prices[28]) >> 128, unsafe_mul((shown[8] << 128) >> 192, posts.prices[29]) >> 128),
                    unsafe_add(unsafe_mul((shown[8] << 64) >> 192, posts.prices[30]) >> 128, unsafe_mul(shown[8] >> 192, posts.prices[31]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[9] << 192) >> 192, posts.prices[32]) >> 128, unsafe_mul((shown[9] << 128) >> 192, posts.prices[33]) >> 128),
                    unsafe_add(unsafe_mul((shown[9] << 64) >> 192, posts.prices[34]) >> 128, unsafe_mul(shown[9] >> 192, posts.prices[35]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[10] << 192) >> 192, posts.prices[36]) >> 128, unsafe_mul((shown[10] << 128) >> 192, posts.prices[37]) >> 128),
                    unsafe_add(unsafe_mul((shown[10] << 64) >> 192, posts.prices[38]) >> 128, unsafe_mul(shown[10] >> 192, posts.prices[39]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[11] << 192) >> 192, posts.prices[40]) >> 128, unsafe_mul((shown[11] << 128) >> 192, posts.prices[41]) >> 128),
                    unsafe_add(unsafe_mul((shown[11] << 64) >> 192, posts.prices[42]) >> 128, unsafe_mul(shown[11] >> 192, posts.prices[43]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[12] << 192) >> 192, posts.prices[44]) >> 128, unsafe_mul((shown[12] << 128) >> 192, posts.prices[45]) >> 128),
                    unsafe_add(unsafe_mul((shown[12] << 64) >> 192, posts.prices[46]) >> 128, unsafe_mul(shown[12] >> 192, posts.prices[47]) >> 128),
                ),
            )
            energy = unsafe_add(
                energy,
                unsafe_add(
                    unsafe_add(unsafe_mul((shown[13] << 192) >> 192, posts.prices[48]) >> 128, unsafe_mul((shown[13] << 128) >> 192, posts.prices[49]) >> 128),
                    unsafe_add(unsafe_mul((shown[13] << 64) >> 192, posts.prices[50]) >> 128, unsafe_mul(shown[13] >> 192, posts.prices[51]) >> 128),
                ),
            )
        refund: uint256 = self._refund(at, posts) if posts.any_idle else 0

        # What it sells.
        revenue: uint256 = 0
        if kind == vault.PRODUCER:
            fraction: uint256 = production._fraction(agent, day) if posts.any_short else production.WAD
            revenue = self._revenue(at, fraction, posts)
        else:
            endowment: uint256 = (account >> vault.ENDOWMENT) & vault.ENDOWMENT_MASK
            revenue = unsafe_div(unsafe_mul(good_bids, endowment), good_sold)
            if good_bids == 0:
                good = endowment  # nobody bids for the good: it is handed back

        money = unsafe_add(money, unsafe_add(revenue, refund))
        energies = unsafe_add(energies, energy)
        goods = unsafe_add(goods, good)
        kept: uint256 = energy_ledger._charge(
            agent, account, kind, (owner >> 160) & amounts.LANE_MASK, energy, books, unsafe_sub(day, 1)
        )
        vault._accounts[agent] = (
            unsafe_add(kept, unsafe_add(revenue, refund))
            | (day << vault.DAY)
            | ((owner >> 224) << vault.GAS)
            | (unsafe_add(first, k) << vault.PLACE)
        )
        outcomes.append(energy | (good << 60) | (revenue << 124) | (refund << 188))
        at = unsafe_add(at, size)
        if len(outcomes) == LOGGED or unsafe_add(k, 1) == count:
            log IMarket.Settled(
                day=day,
                kind=kind,
                first=unsafe_sub(unsafe_add(first, unsafe_add(k, 1)), len(outcomes)),
                outcomes=outcomes,
            )
            outcomes = []
    sums.money += money
    sums.energy += energies
    sums.good += goods
    return sums


@view
@internal
def _refund(at: uint256, posts: Market) -> uint256:
    """
    @notice Bids on posts without a delivery, of the record that stands there.
    """
    refund: uint256 = 0
    record: Bytes[records.MAX_RECORD] = slice(msg.data, at, records.MAX_RECORD)
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        bids: uint256 = convert(extract32(record, unsafe_add(unsafe_mul(32, i), 32)), uint256)
        refund = unsafe_add(refund, amounts._sum_of_lanes(bids & self._idle(posts, i)))
    return refund


@view
@internal
def _revenue(at: uint256, fraction: uint256, posts: Market) -> uint256:
    """
    @notice What a plant's deliveries sell for, by the record that stands there.
    """
    revenue: uint256 = 0
    offers: uint256[amounts.MAX_WORDS] = production._offers(at, posts.live)
    if fraction < production.WAD:
        offers = production._shrunk(offers, fraction)
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        sold: uint256 = offers[i]
        bids: uint256 = posts.bids[i]
        made: uint256 = posts.delivered[i]
        # `pro_rata._share` of four lanes, written out; a lane without deliveries has no share
        revenue = unsafe_add(
            revenue,
            unsafe_add(
                unsafe_add(
                    unsafe_div(unsafe_mul(bids & LANE, sold & LANE), made & LANE),
                    unsafe_div(unsafe_mul((bids >> 64) & LANE, (sold >> 64) & LANE), (made >> 64) & LANE),
                ),
                unsafe_add(
                    unsafe_div(unsafe_mul((bids >> 128) & LANE, (sold >> 128) & LANE), (made >> 128) & LANE),
                    unsafe_div(unsafe_mul(bids >> 192, sold >> 192), made >> 192),
                ),
            ),
        )
    return revenue


@internal
def _finish(day: calendar.Day, sums: Sums, posts: Market):
    """
    @notice Hand what flooring left over to the dust account: money to withdraw, energy and good as a record.
    """
    money: uint256 = 0
    energy: uint256 = 0
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        money += amounts._sum_of_lanes(posts.bids[i])
        energy += amounts._sum_of_lanes(posts.delivered[i])
    good: uint256 = posts.delivered[0] & amounts.LANE_MASK
    left: Sums = Sums(money=money - sums.money, energy=energy - good - sums.energy, good=good - sums.good)

    if left.money > 0:
        vault._accounts[admission.DUST_ACCOUNT] += left.money
    log IMarket.DaySettled(
        day=day.number,
        settled=block.timestamp,
        dust_money=left.money,
        dust_energy=left.energy,
        dust_good=left.good,
    )
    today: calendar.Day = calendar._entering(day, calendar.SETTLED, 0)
    today.settled = block.timestamp
    calendar._store(today)


@pure
@internal
def _load(word: uint256) -> Sums:
    return Sums(money=word & (2**80 - 1), energy=(word >> 80) & (2**80 - 1), good=word >> 160)
