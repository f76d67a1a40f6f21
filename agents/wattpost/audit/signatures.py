"""Who signed what: recovery of keys, and signed bids in a relayer's batch (EIP-712, EIP-2098)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import coincurve

from wattpost.audit.calls import records
from wattpost.audit.chains import LANE
from wattpost.audit.hashing import keccak
from wattpost.audit.state import PRODUCER, STANDARD, Rules

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
MOST_BIDS = 2**24  # more than any transaction holds

DOMAIN = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
NAME, VERSION = keccak(b"Wattpost Market"), keccak(b"1")
BID = keccak(b"Bid(uint256 day,address relayer,uint256 toStore,uint256[] bids,uint256[] offers,uint256 deadline)")


@dataclass(frozen=True, slots=True)
class SignedBid:
    """`agent` is whoever the signature recovers to for this bid, day, relayer and market; 0 if nobody can have."""

    agent: int
    kind: int
    words: tuple[int, ...]
    to_store: int
    deadline: int  # the last block time at which it is good


def read_batch(
    rules: Rules, relayer: int, day: int, standard: int, producers: int, tail: bytes
) -> list[SignedBid] | None:
    """The bids behind the arguments of `relay`, those of standard agents first; None if the data are not whole."""
    if max(standard, producers) > MOST_BIDS:
        return None
    sizes = {kind: 2 + rules.size(kind) for kind in (STANDARD, PRODUCER)}
    words = records(tail, standard * sizes[STANDARD] + producers * sizes[PRODUCER])
    if words is None:
        return None
    domain, found, at = domain_of(rules), [], 0
    for kind in [STANDARD] * standard + [PRODUCER] * producers:
        r, vs, terms, *amounts = words[at : at + sizes[kind]]
        at += sizes[kind]
        deadline, to_store = terms >> 64, terms & LANE
        offers = amounts[rules.words :]
        digest = bid_digest(domain, day, relayer, to_store, amounts[: rules.words], offers, deadline)
        agent = recover(digest, vs >> 255, r, vs & 2**255 - 1, twins=True)
        found.append(SignedBid(agent or 0, kind, tuple(amounts), to_store, deadline))
    return found


def domain_of(rules: Rules) -> bytes:
    return keccak(DOMAIN + NAME + VERSION + _words((rules.chain_id, rules.market)))


def bid_digest(
    domain: bytes, day: int, relayer: int, to_store: int, bids: Sequence[int], offers: Sequence[int], deadline: int
) -> bytes:
    """What an agent signs."""
    body = _words((day, relayer, to_store)) + keccak(_words(bids)) + keccak(_words(offers)) + _words((deadline,))
    return keccak(b"\x19\x01" + domain + keccak(BID + body))


def recover(digest: bytes, parity: int, r: int, s: int, *, twins: bool = False) -> int | None:
    """Who signed, or None for a signature that nobody's is and, unless `twins`, for the malleable twin of one."""
    if parity not in (0, 1) or not 0 < r < ORDER or not 0 < s <= (ORDER - 1 if twins else ORDER // 2):
        return None
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # the library's own types, one for each way of being no signature
        return None
    return int.from_bytes(keccak(key.format(compressed=False)[1:])[12:], "big")


def _words(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)
