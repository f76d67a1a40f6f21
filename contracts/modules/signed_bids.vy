# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Signed bids
@license MIT
@notice Agents sign their bids (EIP-712), a relayer submits many together. What cannot be accepted is skipped and said.
@dev A signature is for one day, one relayer, one chain and one market. The day is the nonce: a day takes one submission
     an agent, however it comes. Nobody but the relayer it names can carry a bid, so no stranger can pad a batch at the
     cost of those in it. A twin of a signature signs the same bid for the same agent and is as good.
@custom:units see `trading_posts`; deadlines in seconds
@custom:trust A relayer can leave a bid out, which its agent sees and mends by submitting directly; nothing else.
"""
from ..interfaces import IMarket
from . import amounts
from . import calendar
from . import energy_ledger
from . import records
from . import trading_posts
from . import vault
from . import refusals

uses: amounts
uses: calendar
uses: energy_ledger
uses: records
uses: trading_posts

DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Wattpost Market")
VERSION: constant(bytes32) = keccak256("1")
BID: constant(bytes32) = keccak256(
    "Bid(uint256 day,address relayer,uint256 toStore,uint256[] bids,uint256[] offers,uint256 deadline)"
)
LOW: constant(uint256) = 2**255 - 1  # bits of vs that are s; the highest is the parity (EIP-2098)
NOTHING: constant(bytes32) = keccak256(b"")  # standard agents' offers
TAIL: constant(uint256) = 100  # where records begin in the call data
SIGNED: constant(uint256) = 96  # bytes that stand before the words: r, vs, and the deadline above kWh to store

@view
@internal
def _domain() -> bytes32:
    return keccak256(abi_encode(DOMAIN, NAME, VERSION, chain.id, self))

@external
def relay(day: uint256, standard: uint256, producers: uint256):
    """
    @notice Submit bids that agents signed for you. They follow the arguments, each as r, vs (EIP-2098), the deadline above
            a 64-bit lane of kWh to store, and the words of a submission.
    @param standard How many of standard agents.
    @param producers How many of producers follow those.
    """
    gas_at_start: uint256 = msg.gas
    words: uint256 = standard * (2 + records._size(vault.STANDARD))
    records._check_calldata(3, words + producers * (2 + records._size(vault.PRODUCER)))
    assert msg.sender == tx.origin and not msg.sender.is_contract, "bids: relayer is no plain account"
    calendar._in_window(day)

    accepted: uint256 = self._accept(day, vault.STANDARD, standard, TAIL, 0)
    accepted_producers: uint256 = self._accept(day, vault.PRODUCER, producers, TAIL + 32 * words, standard)
    if accepted + accepted_producers == 0:
        refusals._refuse("bids: none can be accepted")
    log IMarket.Relayed(day=day, standard=accepted, producers=accepted_producers)
    energy_ledger._pool_batch(accepted + accepted_producers, gas_at_start - msg.gas)


@internal
def _accept(day: uint256, kind: uint256, count: uint256, offset: uint256, first: uint256) -> uint256:
    """
    @notice Submit the bids of a kind that stand at an offset of the call data; how many were accepted.
    @param first The place of the first in the batch.
    """
    if count == 0:
        return 0
    size: uint256 = 32 * kind * amounts.WORDS  # bytes of bids and offers
    domain: bytes32 = self._domain()
    head: bytes32 = trading_posts._heads[kind]
    before: uint256 = convert(head, uint256) & trading_posts.COUNT_MASK
    if before + count > trading_posts.MAX_LINKS:
        refusals._refuse("posts: day is full")

    at: uint256 = offset
    for k: uint256 in range(count, bound=trading_posts.COUNT_MASK):
        record: Bytes[records.MAX_RECORD] = slice(msg.data, at, records.MAX_RECORD)
        at = unsafe_add(at, SIGNED + size)
        terms: uint256 = convert(extract32(record, 64), uint256)
        to_store: uint256 = terms & amounts.LANE_MASK
        words: Bytes[records.MAX_RECORD] = slice(record, SIGNED, size)
        bids: bytes32 = empty(bytes32)
        offers: bytes32 = NOTHING
        if kind == vault.STANDARD:
            bids = keccak256(words)
        else:
            bids = keccak256(slice(words, 0, 32 * amounts.WORDS))
            offers = keccak256(slice(words, 32 * amounts.WORDS, 32 * amounts.WORDS))
        signed: bytes32 = keccak256(abi_encode(BID, day, msg.sender, to_store, bids, offers, terms >> 64))
        vs: uint256 = convert(extract32(record, 32), uint256)
        agent: address = ecrecover(
            keccak256(concat(x"1901", domain, signed)),
            unsafe_add(27, vs >> 255),
            convert(extract32(record, 0), uint256),
            vs & LOW,
        )
        refusal: String[32] = "bids: expired"
        _filled: uint256 = 0
        if block.timestamp <= terms >> 64:
            refusal, _filled = trading_posts._enter(agent, day, kind, to_store, words, False)
        if len(refusal) > 0:
            log IMarket.Skipped(day=day, agent=agent, place=first + k, reason=refusal)
        else:
            head = trading_posts._extend(head, concat(trading_posts._owner(agent, to_store, 0), words))
    trading_posts._heads[kind] = head
    return (convert(head, uint256) & trading_posts.COUNT_MASK) - before
