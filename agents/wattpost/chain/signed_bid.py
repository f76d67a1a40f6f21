"""Bids that agents sign for a relayer (EIP-712), and the batches that it submits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from wattpost.chain import abi
from wattpost.chain.keccak import keccak
from wattpost.chain.keys import Key, recover
from wattpost.chain.records import PADDING, PRODUCER, STANDARD

DOMAIN = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
BID = keccak(b"Bid(uint256 day,address relayer,uint256 toStore,uint256[] bids,uint256[] offers,uint256 deadline)")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a signature is bound to besides the bid: one chain, one market, one relayer."""

    chain_id: int
    market: str
    relayer: str

    @property
    def domain(self) -> bytes:
        kinds = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
        name, version = keccak(b"Wattpost Market"), keccak(b"1")
        return keccak(abi.encode(kinds, [DOMAIN, name, version, self.chain_id, self.market]))


@dataclass(frozen=True, slots=True)
class SignedBid:
    """What an agent hands to its relayer; `deadline` is the last block time at which it is good."""

    kind: int
    day: int
    words: tuple[int, ...]
    to_store: int
    deadline: int
    signature: bytes  # 64 bytes, r and vs (EIP-2098)

    @property
    def record(self) -> bytes:
        terms = self.deadline << 64 | self.to_store
        return self.signature + b"".join(word.to_bytes(32, "big") for word in (terms, *self.words))

    @classmethod
    def read(cls, day: int, kind: int, record: bytes) -> SignedBid:
        """A bid from its record, as agents hand it over.

        Raises ValueError if that is no record.
        """
        if kind not in (STANDARD, PRODUCER) or len(record) < 128 or len(record) % 32:
            raise ValueError("this is no signed bid")
        terms, *words = (int.from_bytes(record[at : at + 32], "big") for at in range(64, len(record), 32))
        return cls(kind, day, tuple(words), terms & 2**64 - 1, terms >> 64, record[:64])


def digest(
    terms: Terms, day: int, kind: int, words: Sequence[int], to_store: int, deadline: int, domain: bytes | None = None
) -> bytes:
    """The 32 bytes that are signed; `domain` spares computing it again for many bids."""
    raw = b"".join(word.to_bytes(32, "big") for word in words)
    cut = len(raw) // kind
    body = [
        day,
        int(terms.relayer, 16),
        to_store,
        *(int.from_bytes(keccak(part), "big") for part in (raw[:cut], raw[cut:])),
    ]
    packed = BID + b"".join(word.to_bytes(32, "big") for word in (*body, deadline))
    return keccak(b"\x19\x01" + (domain or terms.domain) + keccak(packed))


def sign_bid(
    key: Key,
    terms: Terms,
    day: int,
    kind: int,
    words: Sequence[int],
    *,
    to_store: int = 0,
    deadline: int,
    domain: bytes | None = None,
) -> SignedBid:
    """A bid for one day, signed for one relayer.

    kind : 1 for standard agents, whose words are bids; 2 for producers, whose words are as many bids, then offers
    """
    parity, r, s = key.sign(digest(terms, day, kind, words, to_store, deadline, domain))
    compact = r.to_bytes(32, "big") + (s | parity << 255).to_bytes(32, "big")
    return SignedBid(kind, day, tuple(words), to_store, deadline, compact)


def signer(bid: SignedBid, terms: Terms, domain: bytes | None = None) -> str:
    """Whose key signed a bid; an address that nobody holds if it was signed for something else."""
    hashed = digest(terms, bid.day, bid.kind, bid.words, bid.to_store, bid.deadline, domain)
    return _recover(hashed, bid.signature)


@lru_cache(maxsize=40_000)
def _recover(hashed: bytes, signature: bytes) -> str:
    """Whoever relays, operates and meters in one process asks the same thing three times."""
    vs = int.from_bytes(signature[32:], "big")
    return recover(hashed, signature[:32] + (vs & 2**255 - 1).to_bytes(32, "big") + bytes([vs >> 255]))


def batch(bids: Sequence[SignedBid]) -> bytes:
    """Call data of `relay`: bids for one day, those of standard agents first."""
    kinds = [sum(bid.kind == kind for bid in bids) for kind in (STANDARD, PRODUCER)]
    head = abi.selector("relay(uint256,uint256,uint256)") + abi.encode(["uint256"] * 3, [bids[0].day, *kinds])
    return head + b"".join(bid.record for bid in sorted(bids, key=lambda bid: bid.kind)) + PADDING


def read_batch(data: bytes, words: int) -> list[SignedBid]:
    """The bids in the call data of `relay`; each bids with so many words."""
    day, standard, producers = (int.from_bytes(data[at : at + 32], "big") for at in (4, 36, 68))
    found, at = [], 100
    for kind in [STANDARD] * standard + [PRODUCER] * producers:
        end = at + 96 + 32 * words * kind
        found.append(SignedBid.read(day, kind, data[at:end]))
        at = end
    return found
