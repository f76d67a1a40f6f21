# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Trading posts
@license MIT
@notice Bids and offers: escrowed and committed to while the window is open, shown again and added up after it.
@dev A submission is not stored. It lengthens one of two hash chains, of standard agents and of producers, and its event
     carries it. After the window anyone shows the chains' links again: all at once (`clearing`), or newest piece
     first, so that every piece is checked against the head the moment it comes and nobody can hold the close up. A
     head packs 232 bits of hash above a 24-bit count of links.
@custom:units 10^-9 of a bytecoin, kWh or unit of the consumption good, in lanes (see `amounts`)
@custom:trust Nobody is privileged.
"""
from ..interfaces import IMarket
from . import amounts
from . import calendar
from . import energy_ledger
from . import records
from . import admission
from . import vault
from . import refusals

uses: amounts
uses: calendar
uses: energy_ledger
uses: records
uses: admission
uses: vault

EVEN_LANES: constant(uint256) = amounts.LANE_MASK | (amounts.LANE_MASK << 128)
LOW_BITS: constant(uint256) = max_value(uint256) // 255 * 127  # all but the highest of every byte
EVEN_BYTES: constant(uint256) = max_value(uint256) // 65535 * 255
# Gas of a plain submission that is not measured inside: of each, of each word, and, because memory has a rising price, some
# units by the number of words, in lanes of three bits. A test compares them with receipts for every number of periods.
AROUND: constant(uint256) = 27603
AROUND_WORD: constant(uint256) = 412
MEMORY: constant(uint256) = 1228040141836829157757448
COUNT_MASK: constant(uint256) = 2**24 - 1
MAX_LINKS: constant(uint256) = 2**23 - 1  # of a kind a day, so that both kinds fit the day's 24 bits

# What has become of a piece.
UNPRODUCED: constant(uint256) = 1  # producers' links, plants not yet run
READY: constant(uint256) = 2  # can be settled
DONE: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001

struct Totals:
    bids: uint256[amounts.MAX_WORDS]
    offers: uint256[amounts.MAX_WORDS]

_heads: HashMap[uint256, bytes32]  # by kind of account
_pieces: HashMap[uint256, bytes32]
_totals: Totals  # of the pieces closed so far


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
    today: calendar.Day = calendar._load()
    number: uint256 = today.number + 1
    if number > calendar.MAX_DAYS:
        refusals._refuse("calendar: no more days")

    calendar._store(
        calendar.Day(
            number=number,
            phase=calendar.OPEN,
            begun=False,
            opened=block.timestamp,
            settled=0,
            submissions=0,
            left=0,
            pieces=0,
            books=today.books,
        )
    )
    self._heads[vault.STANDARD] = self._genesis(number, vault.STANDARD)
    self._heads[vault.PRODUCER] = self._genesis(number, vault.PRODUCER)
    energy_ledger._empty_pool()
    log IMarket.DayOpened(day=number, opened=block.timestamp, deadline=block.timestamp + calendar.WINDOW)


@pure
@internal
def _extend(head: bytes32, record: Bytes[32 + records.MAX_RECORD]) -> bytes32:
    """
    @notice The chain of submissions lengthened by one more.
    """
    count: uint256 = unsafe_add(convert(head, uint256) & COUNT_MASK, 1)
    return convert((convert(keccak256(concat(head, record)), uint256) & ~COUNT_MASK) | count, bytes32)


@internal
def _enter(
    agent: address, day: uint256, kind: uint256, to_store: uint256, words: Bytes[records.MAX_RECORD], direct: bool
) -> (String[32], uint256):
    """
    @notice Judge a submission and, if nothing speaks against it, escrow it.
    @return Why it is refused; empty if it is not. A direct submission then reverts, a relayed one is skipped. Of
            a direct one also how many bytes of its words are not zero, counted in 32 lanes of bytes.
    """
    even: uint256 = 0  # sums of lanes 0 and 2, in 128 bits each
    odd: uint256 = 0  # and of lanes 1 and 3
    filled: uint256 = 0
    word: uint256 = 0
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        word = convert(extract32(words, unsafe_mul(32, i)), uint256)
        even = unsafe_add(even, word & EVEN_LANES)
        odd = unsafe_add(odd, (word >> 64) & EVEN_LANES)
        if direct:  # `_filled`, written out
            filled = unsafe_add(filled, ((unsafe_add(word & LOW_BITS, LOW_BITS) | word) & ~LOW_BITS) >> 7)
    both: uint256 = unsafe_add(even, odd)
    total: uint256 = unsafe_add(both & (2**128 - 1), both >> 128)
    beyond: uint256 = word >> amounts.LAST_BITS
    anything: uint256 = total
    offers: uint256[amounts.MAX_WORDS] = empty(uint256[amounts.MAX_WORDS])
    if kind == vault.PRODUCER:
        for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
            word = convert(extract32(words, unsafe_mul(32, unsafe_add(amounts.WORDS, i))), uint256)
            offers[i] = word
            anything |= word
            filled = unsafe_add(filled, self._filled(word))

    account: uint256 = vault._accounts[agent]
    refusal: String[32] = ""
    if vault._kind(account) != kind:
        refusal = "posts: not of that kind"
    elif account >> vault.SUBMITTED != 0:
        refusal = "posts: already submitted"
    elif beyond != 0:
        refusal = "posts: bid beyond the last post"
    elif word >> amounts.LAST_BITS != 0:
        refusal = "posts: offer beyond the last"
    elif kind == vault.PRODUCER and not staticcall admission.REGISTRY.within_capacity(agent, offers):
        refusal = "posts: offer above capacity"
    elif anything == 0:
        refusal = "posts: nothing bid or offered"
    elif account & vault.MONEY_MASK < total:
        refusal = "posts: bids above money held"
    elif energy_ledger.EFFICIENCY == 0 and to_store > 0:
        refusal = "energy: no stores here"
    elif energy_ledger.EFFICIENCY > 0 and not energy_ledger._covers(
        agent, account, kind, calendar._load().books, unsafe_sub(day, 1)
    ):
        refusal = "energy: store below last cost"
    else:
        vault._accounts[agent] = unsafe_sub(account, total) | (1 << vault.SUBMITTED)
    return refusal, filled


@pure
@internal
def _filled(word: uint256) -> uint256:
    """
    @notice A one in every byte that is not zero.
    """
    return ((unsafe_add(word & LOW_BITS, LOW_BITS) | word) & ~LOW_BITS) >> 7


@external
def submit(day: uint256, to_store: uint256, words: Bytes[records.MAX_RECORD]):
    """
    @notice Bid on the posts and, as a producer, offer electricity: once a day, within the window, escrowed at once.
    @param day The day it is meant for; on any other it is refused.
    @param to_store kWh of the purchase that go to the store, 10^-9; zero where verification is paid from the purchase.
    @param words All words of the bids on the day's posts, in lanes; then, of producers, all words of the offers, whose
           lane 0 is zero.
    """
    gas_at_start: uint256 = msg.gas
    kind: uint256 = len(words) // (32 * amounts.WORDS)
    if kind == 0 or len(words) != 32 * amounts.WORDS * kind:
        refusals._refuse("posts: wrong number of words")
    if to_store > amounts.MAX_AMOUNT:
        refusals._refuse("posts: too much to store")
    amounts._check_calldata(4 + kind * amounts.WORDS)
    calendar._in_window(day)
    refusal: String[32] = ""
    filled: uint256 = 0
    refusal, filled = self._enter(msg.sender, day, kind, to_store, words, True)
    assert len(refusal) == 0, refusal

    head: bytes32 = self._heads[kind]
    if convert(head, uint256) & COUNT_MASK >= MAX_LINKS:
        refusals._refuse("posts: day is full")
    around: uint256 = self._around(day, to_store, len(words), filled)
    observed: uint256 = min(unsafe_add(unsafe_sub(gas_at_start, msg.gas), around), vault.GAS_MASK)
    record: Bytes[32 + records.MAX_RECORD] = concat(self._owner(msg.sender, to_store, observed), words)
    self._heads[kind] = self._extend(head, record)
    # As an event is laid out, with the words behind it.
    raw_log([keccak256("Submitted(uint256,bytes32)"), convert(day, bytes32)], record)


@view
@internal
def _around(day: uint256, to_store: uint256, length: uint256, filled: uint256) -> uint256:
    """
    @notice What a plain transaction with one submission costs beyond what is measured inside: its intrinsic gas, and what
            runs before and after.
    @param filled How many bytes of its words are not zero, in 32 lanes of bytes.
    """
    if msg.sender != tx.origin or msg.sender.is_contract:
        return 0  # there may be more in the transaction than this call
    arguments: uint256 = day | (to_store << 64) | (length << 128)
    lanes: uint256 = unsafe_add(filled, self._filled(arguments))
    bytes_filled: uint256 = unsafe_add(lanes & EVEN_BYTES, (lanes >> 8) & EVEN_BYTES) % (2**16 - 1)
    words: uint256 = length >> 5
    return unsafe_add(
        unsafe_add(AROUND, unsafe_mul(AROUND_WORD, words)),
        unsafe_add((MEMORY >> unsafe_mul(3, words)) & 7, unsafe_mul(12, bytes_filled)),
    )


@pure
@internal
def _owner(agent: address, to_store: uint256, observed_gas: uint256) -> bytes32:
    """
    @notice The first word of a record: the agent, kWh to be stored in 64 bits, and what the market saw of gas in 32.
    """
    return convert(convert(agent, uint256) | (to_store << 160) | (observed_gas << 224), bytes32)


# ---- SHOWING SUBMISSIONS AGAIN ---------------------------------------------------------------------------


@view
@internal
def _add_up(kind: uint256, prior: bytes32, count: uint256, offset: uint256, so_far: Totals) -> (bytes32, Totals):
    """
    @notice The chain of a kind after `count` records that stand at `offset` of the call data, and totals with them.
    """
    totals: Totals = so_far
    end: bytes32 = prior
    size: uint256 = 32 * records._size(kind)
    words: uint256 = amounts.WORDS
    at: uint256 = offset
    for _k: uint256 in range(count, bound=COUNT_MASK):
        record: Bytes[records.SHOWN_BYTES] = slice(msg.data, at, records.SHOWN_BYTES)
        shown: uint256[records.MAX_SHOWN] = abi_decode(record, uint256[records.MAX_SHOWN])
        # Written out, because a loop costs several times the sums. Lanes of no post are cleared below.
        totals.bids[0] = unsafe_add(totals.bids[0], shown[1])
        totals.bids[1] = unsafe_add(totals.bids[1], shown[2])
        if words > 2:
            totals.bids[2] = unsafe_add(totals.bids[2], shown[3])
            totals.bids[3] = unsafe_add(totals.bids[3], shown[4])
            totals.bids[4] = unsafe_add(totals.bids[4], shown[5])
            totals.bids[5] = unsafe_add(totals.bids[5], shown[6])
            totals.bids[6] = unsafe_add(totals.bids[6], shown[7])
        if words > 7:
            totals.bids[7] = unsafe_add(totals.bids[7], shown[8])
            totals.bids[8] = unsafe_add(totals.bids[8], shown[9])
            totals.bids[9] = unsafe_add(totals.bids[9], shown[10])
            totals.bids[10] = unsafe_add(totals.bids[10], shown[11])
            totals.bids[11] = unsafe_add(totals.bids[11], shown[12])
            totals.bids[12] = unsafe_add(totals.bids[12], shown[13])
        if kind == vault.STANDARD:
            end = self._extend(end, slice(record, 0, size))
            endowment: uint256 = vault._accounts[convert(shown[0] & records.AGENT_MASK, address)] >> vault.ENDOWMENT
            totals.offers[0] = unsafe_add(totals.offers[0], endowment & vault.ENDOWMENT_MASK)
        else:
            whole: Bytes[records.MAX_RECORD] = slice(msg.data, at, records.MAX_RECORD)
            end = self._extend(end, slice(whole, 0, size))
            for i: uint256 in range(words, bound=amounts.MAX_WORDS):
                offers: uint256 = convert(extract32(whole, 32 * (1 + words + i)), uint256)
                totals.offers[i] = unsafe_add(totals.offers[i], offers)
        at = unsafe_add(at, size)
    for i: uint256 in range(words, amounts.MAX_WORDS, bound=amounts.MAX_WORDS):
        totals.bids[i] = 0
    return end, totals


@view
@internal
def _check_end(kind: uint256, end: bytes32):
    """
    @notice Refuse records that do not lead to the head of their chain.
    """
    if end != self._heads[kind]:
        refusals._refuse("posts: not what was submitted")


@view
@internal
def _check_piece(kind: uint256, stage: uint256, piece: uint256, prior: bytes32, count: uint256, offset: uint256) -> bytes32:
    """
    @notice Refuse records that are not, in full, a piece that waits for that stage.
    @return The head of the chain after them.
    """
    end: bytes32 = prior
    size: uint256 = 32 * records._size(kind)
    for k: uint256 in range(count, bound=COUNT_MASK):
        record: Bytes[records.MAX_RECORD] = slice(msg.data, offset + k * size, records.MAX_RECORD)
        end = self._extend(end, slice(record, 0, size))
    if self._pieces[piece] != keccak256(abi_encode(kind, stage, prior, end)):
        refusals._refuse("posts: not that piece")
    return end


@internal
def _mark_piece(kind: uint256, stage: uint256, piece: uint256, prior: bytes32, end: bytes32):
    self._pieces[piece] = keccak256(abi_encode(kind, stage, prior, end))


@internal
def _finish_piece(piece: uint256):
    self._pieces[piece] = DONE


@external
def close(day: uint256, kind: uint256, prior: bytes32, count: uint256):
    """
    @notice After the window, show the newest submissions of a kind that are not yet added up; with the last of all,
            totals freeze. Their records follow the arguments, in the order of submission.
    @param kind 1 for standard agents, 2 for producers.
    @param prior The head of the chain before them.
    @param count How many; none on a day without submissions.
    """
    records._check_calldata(4, count * records._size(kind))
    today: calendar.Day = calendar._after_window(day)
    totals: Totals = self._totals if today.begun else empty(Totals)
    today.begun = True

    if count > 0:
        if count > amounts.MAX_PIECE:
            refusals._refuse("posts: piece too large")
        calendar._check_batch(count, convert(self._heads[kind], uint256) & COUNT_MASK)
        end: bytes32 = empty(bytes32)
        end, totals = self._add_up(kind, prior, count, 132, totals)
        self._check_end(kind, end)
        self._heads[kind] = prior
        self._mark_piece(kind, READY if kind == vault.STANDARD else UNPRODUCED, today.pieces, prior, end)
        log IMarket.PieceClosed(day=day, piece=today.pieces, kind=kind, prior=prior, end=end)
        today.pieces += 1
        today.submissions += count
        if kind == vault.PRODUCER:
            today.left += count
    else:
        if today.submissions + self._to_show() != 0:
            refusals._refuse("posts: nothing shown")

    self._totals = totals
    if self._to_show() == 0:
        self._freeze(today, totals)
        today = calendar._entering(today, calendar.CLOSED if today.submissions > 0 else calendar.DONE, today.left)
    calendar._store(today)


@internal
def _freeze(today: calendar.Day, totals: Totals):
    log IMarket.DayClosed(
        day=today.number,
        submissions=today.submissions,
        producers=today.left,
        bids=totals.bids,
        offers=totals.offers,
    )


@view
@internal
def _to_show() -> uint256:
    """
    @notice Submissions of the day that no piece has shown yet.
    """
    standard: uint256 = convert(self._heads[vault.STANDARD], uint256) & COUNT_MASK
    return standard + (convert(self._heads[vault.PRODUCER], uint256) & COUNT_MASK)
