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
from . import pro_rata
from . import production
from . import registry
from . import trading_posts
from . import vault

uses: amounts
uses: calendar
uses: production
uses: registry
uses: trading_posts
uses: vault

struct Outcome:
    energy: uint256
    good: uint256
    revenue: uint256
    refund: uint256

struct Sums:
    money: uint256  # paid out and refunded, 80 bits
    energy: uint256  # 80 bits
    good: uint256  # 80 bits

_sums: uint256
_dust: uint256


@external
def settle(
    day: uint256, kind: uint256, piece: uint256, prior: bytes32, shown: DynArray[uint256, amounts.MAX_SHOWN]
):
    """
    @notice Allocate and pay out one piece, shown as at the close; with the last, the day's dust is known.
    """
    amounts._check_calldata(6 + len(shown))
    today: calendar.Day = calendar._in_phase(day, calendar.PRODUCED)
    assert kind in [vault.STANDARD, vault.PRODUCER], "settlement: no such kind"
    bids: uint256[amounts.MAX_WORDS] = trading_posts.total_bids
    delivered: uint256[amounts.MAX_WORDS] = production.total_delivered
    sums: Sums = self._load(self._sums) if today.begun else empty(Sums)
    today.begun = True

    size: uint256 = trading_posts._link_words(kind)
    count: uint256 = len(shown) // size
    assert count > 0, "settlement: nothing shown"
    assert count * size == len(shown), "settlement: words left over"
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
            if kind == vault.PRODUCER:
                link.offers[i] = shown[at + 1 + amounts.WORDS + i]
        end = trading_posts._extend(end, link)

        sold: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
        if kind == vault.STANDARD:
            sold[0] = registry.endowment_of[link.agent]
        else:
            sold = production._delivery(link.offers, bids, production.fraction_of[link.agent])
        outcome: Outcome = self._outcome(link.bids, sold, bids, delivered)
        sums.money += outcome.revenue + outcome.refund
        sums.energy += outcome.energy
        sums.good += outcome.good

        account: vault.Account = vault._load(link.agent)
        account.money += (outcome.revenue + outcome.refund) * amounts.UNIT
        account.energy = outcome.energy
        account.state = vault.SETTLED
        vault._store(link.agent, account)
        log IMarket.Settled(
            day=day,
            agent=link.agent,
            energy=outcome.energy,
            good=outcome.good,
            revenue=outcome.revenue,
            refund=outcome.refund,
        )
    trading_posts._check_piece(kind, trading_posts.READY, piece, prior, end)
    trading_posts._finish_piece(piece)

    today.left -= count
    self._sums = sums.money | (sums.energy << 80) | (sums.good << 160)
    if today.left == 0:
        self._book_dust(day, sums, bids, delivered)
        today = calendar._entering(today, calendar.SETTLED, today.submissions)
        today.settled = block.timestamp
    calendar._store(today)


@view
@internal
def _outcome(
    own_bids: uint256[amounts.MAX_WORDS],
    sold: uint256[amounts.MAX_WORDS],
    bids: uint256[amounts.MAX_WORDS],
    delivered: uint256[amounts.MAX_WORDS],
) -> Outcome:
    """
    @notice What one submission gets, from the totals of bids and deliveries.
    """
    outcome: Outcome = empty(Outcome)
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        own: uint256 = own_bids[i]
        offered: uint256 = sold[i]
        if own | offered == 0:
            continue
        paid: uint256 = bids[i]
        made: uint256 = delivered[i]
        for _lane: uint256 in range(amounts.LANES):
            bid: uint256 = own & amounts.LANE_MASK
            offer: uint256 = offered & amounts.LANE_MASK
            quantity: uint256 = made & amounts.LANE_MASK
            all_bids: uint256 = paid & amounts.LANE_MASK
            # Sums of 49 lanes stay far below 2^256.
            if quantity == 0:
                outcome.refund = unsafe_add(outcome.refund, bid)
            elif all_bids == 0:
                outcome.good = unsafe_add(outcome.good, offer)  # the good alone is offered to nobody: plants then rest
            else:
                outcome.revenue = unsafe_add(outcome.revenue, pro_rata._share(all_bids, offer, quantity))
                outcome.energy = unsafe_add(outcome.energy, pro_rata._share(quantity, bid, all_bids))
            own >>= 64
            offered >>= 64
            made >>= 64
            paid >>= 64

    # Lane 0 is the good, not energy.
    good_bids: uint256 = bids[0] & amounts.LANE_MASK
    if good_bids > 0:
        good: uint256 = delivered[0] & amounts.LANE_MASK
        bought: uint256 = pro_rata._share(good, own_bids[0] & amounts.LANE_MASK, good_bids)
        outcome.good = unsafe_add(outcome.good, bought)
        outcome.energy = unsafe_sub(outcome.energy, bought)  # added above
    return outcome


@internal
def _book_dust(
    day: uint256, sums: Sums, bids: uint256[amounts.MAX_WORDS], delivered: uint256[amounts.MAX_WORDS]
):
    """
    @notice Hand what flooring left over to the dust account: money to withdraw, energy and good as a record.
    """
    money: uint256 = 0
    energy: uint256 = 0
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        money += amounts._sum_of_lanes(bids[i])
        energy += amounts._sum_of_lanes(delivered[i])
    good: uint256 = delivered[0] & amounts.LANE_MASK
    left: Sums = Sums(money=money - sums.money, energy=energy - good - sums.energy, good=good - sums.good)

    vault._credit(registry.DUST_ACCOUNT, left.money * amounts.UNIT)
    total: Sums = self._load(self._dust)
    self._dust = (
        (total.money + left.money) | ((total.energy + left.energy) << 80) | ((total.good + left.good) << 160)
    )
    log IMarket.DaySettled(
        day=day, settled=block.timestamp, dust_money=left.money, dust_energy=left.energy, dust_good=left.good
    )


@pure
@internal
def _load(word: uint256) -> Sums:
    return Sums(money=word & (2**80 - 1), energy=(word >> 80) & (2**80 - 1), good=word >> 160)
