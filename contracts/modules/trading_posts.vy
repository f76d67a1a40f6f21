# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Trading posts
@license MIT
@notice Bids and offers: escrowed and committed to while the window is open, shown again and added up after it.
@dev A submission is not stored. It lengthens one of two hash chains, of standard agents and of producers, and its event
     carries it. After the window anyone shows the chains' links again, newest piece first, so that every piece is
     checked against the head the moment it comes and nobody can hold the close up. A head packs 232 bits of hash
     above a 24-bit count of links.
@custom:units 10^-9 of a bytecoin, kWh or unit of the consumption good, in lanes (see `amounts`)
@custom:trust Nobody is privileged.
"""
from ..interfaces import IMarket
from . import amounts
from . import calendar
from . import registry
from . import vault

uses: amounts
uses: calendar
uses: registry
uses: vault

COUNT_MASK: constant(uint256) = 2**24 - 1
MAX_LINKS: constant(uint256) = 2**23 - 1  # of a kind a day, so that both kinds fit the day's 24 bits

# What has become of a piece.
UNPRODUCED: constant(uint256) = 1  # producers' links, plants not yet run
READY: constant(uint256) = 2  # can be settled
DONE: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001

struct Link:
    agent: address
    bids: uint256[amounts.MAX_WORDS]
    offers: uint256[amounts.MAX_WORDS]  # zeros for standard agents

_heads: HashMap[uint256, bytes32]  # by kind of account
_pieces: HashMap[uint256, bytes32]
total_bids: public(uint256[amounts.MAX_WORDS])
total_offers: public(uint256[amounts.MAX_WORDS])


# ---- THE WINDOW ------------------------------------------------------------------------------------------


@pure
@internal
def _genesis(day: uint256, kind: uint256) -> bytes32:
    return convert(convert(keccak256(abi_encode(day, kind)), uint256) & ~COUNT_MASK, bytes32)


@external
def open():
    """
    @notice Open the next day, when the last one is done.
    @dev Writes every shared slot that a submission will touch, so that the first one costs no more than the last.
    """
    amounts._check_calldata(0)
    calendar._between_days()
    number: uint256 = calendar._load().number + 1
    assert number < 2**32, "calendar: no more days"

    calendar._store(
        calendar.Day(
            number=number,
            phase=calendar.OPEN,
            opened=block.timestamp,
            settled=0,
            submissions=0,
            left=0,
            pieces=0,
            begun=False,
        )
    )
    self._heads[vault.STANDARD] = self._genesis(number, vault.STANDARD)
    self._heads[vault.PRODUCER] = self._genesis(number, vault.PRODUCER)
    log IMarket.DayOpened(day=number, opened=block.timestamp, deadline=block.timestamp + calendar.WINDOW)


@pure
@internal
def _extend(head: bytes32, link: Link) -> bytes32:
    count: uint256 = (convert(head, uint256) & COUNT_MASK) + 1
    return convert((convert(keccak256(abi_encode(head, link)), uint256) & ~COUNT_MASK) | count, bytes32)


@internal
def _submit(
    agent: address,
    day: uint256,
    bids: DynArray[uint256, amounts.MAX_WORDS],
    offers: DynArray[uint256, amounts.MAX_WORDS],
    gas_at_start: uint256,
):
    calendar._open_day(day)
    account: vault.Account = vault._load(agent)
    assert account.kind != vault.PLAIN, "posts: not registered"
    assert account.day != day, "posts: already submitted"
    assert len(bids) == amounts.WORDS, "posts: wrong number of bids"
    link: Link = Link(agent=agent, bids=empty(uint256[amounts.MAX_WORDS]), offers=empty(uint256[amounts.MAX_WORDS]))
    total: uint256 = 0
    word: uint256 = 0
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        word = bids[i]
        link.bids[i] = word
        total += amounts._sum_of_lanes(word)
    assert amounts._unused_lanes_are_zero(word), "posts: bid beyond the last post"
    anything: uint256 = total
    if account.kind == vault.STANDARD:
        assert len(offers) == 0, "posts: endowment is the offer"
    else:
        assert len(offers) == amounts.WORDS, "posts: wrong number of offers"
        for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
            word = offers[i]
            link.offers[i] = word
            anything |= word
        assert amounts._unused_lanes_are_zero(word), "posts: offer beyond the last"
        registry._check_capacity(agent, link.offers)
    assert anything > 0, "posts: nothing bid or offered"
    money: uint256 = total * amounts.UNIT
    assert account.money >= money, "posts: bids above money held"

    head: bytes32 = self._heads[account.kind]
    assert convert(head, uint256) & COUNT_MASK < MAX_LINKS, "posts: day is full"
    self._heads[account.kind] = self._extend(head, link)
    account.money -= money
    account.day = day
    account.state = vault.SUBMITTED
    account.observed_gas = min(gas_at_start - msg.gas, 2**32 - 1)
    vault._store(agent, account)
    log IMarket.Submitted(day=day, agent=agent, observed_gas=account.observed_gas, bids=bids, offers=offers)


# ---- SHOWING SUBMISSIONS AGAIN ---------------------------------------------------------------------------


@view
@internal
def _link_words(kind: uint256) -> uint256:
    """
    @notice Words a shown submission takes: the agent, its bids and, of producers, its offers.
    """
    return 1 + amounts.WORDS if kind == vault.STANDARD else 1 + 2 * amounts.WORDS


@view
@internal
def _check_piece(kind: uint256, stage: uint256, piece: uint256, prior: bytes32, end: bytes32):
    assert self._pieces[piece] == keccak256(abi_encode(kind, stage, prior, end)), "posts: not that piece"


@internal
def _mark_piece(kind: uint256, stage: uint256, piece: uint256, prior: bytes32, end: bytes32):
    self._pieces[piece] = keccak256(abi_encode(kind, stage, prior, end))


@internal
def _finish_piece(piece: uint256):
    self._pieces[piece] = DONE


@external
def close(day: uint256, kind: uint256, prior: bytes32, shown: DynArray[uint256, amounts.MAX_SHOWN]):
    """
    @notice After the window, show the newest submissions of a kind that are not yet added up; with the last of all,
            totals freeze.
    @param kind 1 for standard agents, 2 for producers.
    @param prior The head of the chain before them.
    @param shown In the order of submission: agent, words of bids and, for producers, words of offers.
    """
    amounts._check_calldata(5 + len(shown))
    today: calendar.Day = calendar._in_phase(day, calendar.OPEN)
    assert block.timestamp >= today.opened + calendar.WINDOW, "calendar: window is open"
    bids: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    offers: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    if today.begun:
        bids = self.total_bids
        offers = self.total_offers
    today.begun = True

    if len(shown) > 0:
        assert kind in [vault.STANDARD, vault.PRODUCER], "posts: no such kind"
        size: uint256 = self._link_words(kind)
        count: uint256 = len(shown) // size
        assert count * size == len(shown), "posts: incomplete submission"
        assert count <= amounts.MAX_PIECE, "posts: piece too large"
        calendar._check_batch(count, convert(self._heads[kind], uint256) & COUNT_MASK)
        end: bytes32 = prior
        for k: uint256 in range(count, bound=amounts.MAX_SHOWN):
            at: uint256 = k * size
            link: Link = Link(
                agent=convert(shown[at], address),
                bids=empty(uint256[amounts.MAX_WORDS]),
                offers=empty(uint256[amounts.MAX_WORDS]),
            )
            for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
                word: uint256 = shown[at + 1 + i]
                link.bids[i] = word
                bids[i] += word
                if kind == vault.PRODUCER:
                    word = shown[at + 1 + amounts.WORDS + i]
                    link.offers[i] = word
                    offers[i] += word
            if kind == vault.STANDARD:
                offers[0] += registry.endowment_of[link.agent]
            end = self._extend(end, link)
        assert end == self._heads[kind], "posts: not what was submitted"
        self._heads[kind] = prior
        self._mark_piece(kind, READY if kind == vault.STANDARD else UNPRODUCED, today.pieces, prior, end)
        log IMarket.PieceClosed(day=day, piece=today.pieces, kind=kind, prior=prior, end=end)
        today.pieces += 1
        today.submissions += count
        if kind == vault.PRODUCER:
            today.left += count
        self.total_bids = bids
        self.total_offers = offers
    else:
        assert today.submissions + self._submissions_to_show() == 0, "posts: nothing shown"
        self.total_bids = bids
        self.total_offers = offers

    if self._submissions_to_show() == 0:
        log IMarket.DayClosed(
            day=day, submissions=today.submissions, producers=today.left, bids=bids, offers=offers
        )
        today = calendar._entering(today, calendar.CLOSED if today.submissions > 0 else calendar.DONE, today.left)
    calendar._store(today)


@view
@internal
def _submissions_to_show() -> uint256:
    """
    @notice Submissions of the day that no piece has shown yet.
    """
    standard: uint256 = convert(self._heads[vault.STANDARD], uint256) & COUNT_MASK
    return standard + (convert(self._heads[vault.PRODUCER], uint256) & COUNT_MASK)
