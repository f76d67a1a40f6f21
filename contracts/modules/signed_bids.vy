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

uses: amounts
uses: calendar
uses: energy_ledger
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
SIGNED: constant(uint256) = 96  # bytes that stand before the words: r, vs, and the deadline above kWh to store

@view
@internal
def _domain() -> bytes32:
    return keccak256(abi_encode(DOMAIN, NAME, VERSION, chain.id, self))

@external
def relay(day: uint256, kind: uint256, count: uint256):
    """
    @notice Submit bids that agents of one kind signed for you. They follow the arguments, each as r, vs (EIP-2098), the
            deadline above a 64-bit lane of kWh to store, and the words of a submission.
    @param kind 1 for standard agents, 2 for producers.
    """
    gas_at_start: uint256 = msg.gas
    size: uint256 = 32 * kind * amounts.WORDS  # bytes of bids and offers
    records._check_calldata(3, count * (3 + kind * amounts.WORDS))
    books: uint256 = calendar._in_window(day)
    domain: bytes32 = self._domain()
    head: bytes32 = trading_posts._heads[kind]
    before: uint256 = convert(head, uint256) & trading_posts.COUNT_MASK
    assert before + count <= trading_posts.MAX_LINKS, "posts: day is full"

    assert msg.sender == tx.origin and not msg.sender.is_contract, "bids: relayer is no plain account"

    at: uint256 = 100
    for k: uint256 in range(count, bound=trading_posts.COUNT_MASK):
        record: Bytes[records.MAX_RECORD] = slice(msg.data, at, records.MAX_RECORD)
        at += SIGNED + size
        terms: uint256 = convert(extract32(record, 64), uint256)
        to_store: uint256 = terms & amounts.LANE_MASK
        words: Bytes[records.MAX_RECORD] = slice(record, SIGNED, size)
        signed: bytes32 = keccak256(
            abi_encode(
                BID,
                day,
                msg.sender,
                to_store,
                keccak256(slice(words, 0, 32 * amounts.WORDS)),
                keccak256(slice(words, 32 * amounts.WORDS, size - 32 * amounts.WORDS)),
                terms >> 64,
            )
        )
        vs: uint256 = convert(extract32(record, 32), uint256)
        agent: address = ecrecover(
            keccak256(concat(x"1901", domain, signed)),
            unsafe_add(27, vs >> 255),
            convert(extract32(record, 0), uint256),
            vs & LOW,
        )
        refusal: String[32] = "bids: expired"
        if block.timestamp <= terms >> 64:
            refusal = trading_posts._enter(
                agent,
                day,
                kind,
                convert(head, uint256) & trading_posts.COUNT_MASK,
                1,
                to_store,
                words,
                books,
            )
        if len(refusal) > 0:
            log IMarket.Skipped(day=day, agent=agent, place=k, reason=refusal)
        else:
            owner: uint256 = convert(agent, uint256) | (to_store << 160)
            head = trading_posts._extend(head, concat(convert(owner, bytes32), words))

    accepted: uint256 = (convert(head, uint256) & trading_posts.COUNT_MASK) - before
    assert accepted > 0, "bids: none can be accepted"
    trading_posts._heads[kind] = head
    log IMarket.Relayed(day=day, kind=kind, first=before, count=accepted)
    energy_ledger._pool_batch(accepted, gas_at_start - msg.gas)
