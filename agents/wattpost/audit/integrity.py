"""Whether the data are what a chain committed to: hashes, roots, signatures, nonces and sums of gas.

Block hashes are recomputed from headers where the engine shows every field that its hash covers. Whether it does is
seen from the first header that can be recomputed; from then on each must be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from wattpost.audit.hashing import Item, keccak, minimal, ordered_root, rlp
from wattpost.audit.raw import Block, Json, Receipt, Transaction, content, hex_address, quantity
from wattpost.audit.signatures import recover

# Header fields in the order they are hashed; those that a fork added are left out while absent.
HASHES = ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom")
NUMBERS = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
ADDED = (
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)


class Difference(NamedTuple):
    rule: str
    field: str
    expected: int | str
    found: int | str
    transaction: str | None = None


@dataclass(slots=True)
class Integrity:
    """Checks one block after the other."""

    chain_id: int
    nonces: dict[int, int] = field(default_factory=dict)
    last: Block | None = None
    logs: int = 0  # of the block so far
    hashed: int = 0
    unhashed: list[int] = field(default_factory=list)  # the first few blocks whose hash could not be recomputed
    recovered: int = 0
    kinds_unknown: set[int] = field(default_factory=set)
    counted_from_genesis: bool = False

    def check(self, block: Block) -> Iterator[Difference]:
        yield from self._check_header(block)
        yield from self._check_roots(block)
        used = self.logs = 0
        for index, (transaction, receipt) in enumerate(zip(block.transactions, block.receipts, strict=True)):
            used += receipt.gas_used
            yield from self._check_pair(block, index, transaction, receipt)
            if receipt.cumulative != used:
                yield Difference("data.gas-used", "cumulativeGasUsed", used, receipt.cumulative, transaction.hash)
                used = receipt.cumulative
            yield from self._check_sender(transaction)
            yield from self._check_nonce(transaction)
        if used != block.gas_used:
            yield Difference("data.gas-used", "gasUsed of the block", used, block.gas_used)
        self.last = block

    def _check_header(self, block: Block) -> Iterator[Difference]:
        if self.last is None:
            self.counted_from_genesis = block.number == 0
        else:
            if block.parent != self.last.hash:
                yield Difference("data.parent-hash", "parentHash", self.last.hash, block.parent)
            if block.timestamp < self.last.timestamp:
                yield Difference("data.timestamp", "timestamp", f"{self.last.timestamp} or later", block.timestamp)
        computed = header_hash(block.raw)
        if computed == block.hash:
            self.hashed += 1
        elif self.hashed:
            yield Difference("data.block-hash", "hash", computed or "a hash of every field", block.hash)
        elif len(self.unhashed) < 8:
            self.unhashed.append(block.number)

    def late_differences(self) -> Iterator[tuple[int, Difference]]:
        """Headers before the first that could be recomputed; called at the end."""
        if self.hashed:
            for number in self.unhashed:
                yield number, Difference("data.block-hash", "hash", "the hash of the header", "another")

    def _check_roots(self, block: Block) -> Iterator[Difference]:
        encoded = [encode_transaction(transaction.raw, transaction.kind) for transaction in block.transactions]
        for transaction, raw in zip(block.transactions, encoded, strict=True):
            if raw is None:
                self.kinds_unknown.add(transaction.kind)
            else:
                name = "0x" + keccak(raw).hex()
                if name != transaction.hash:
                    yield Difference("data.transaction-hash", "hash", name, transaction.hash, transaction.hash)
        known = [raw for raw in encoded if raw is not None]
        if len(known) == len(encoded):
            root = "0x" + ordered_root(known).hex()
            stated = str(block.raw.get("transactionsRoot")).lower()
            if root != stated:
                yield Difference("data.transactions-root", "transactionsRoot", root, stated)
        bloom, receipts = 0, []
        for transaction, receipt in zip(block.transactions, block.receipts, strict=True):
            own = bloom_of(receipt)
            bloom |= own
            if own != quantity(receipt.raw["logsBloom"]):
                yield Difference("data.bloom", "logsBloom", "the filter of the logs", "another", transaction.hash)
            receipts.append(encode_receipt(receipt, transaction.kind, own))
        root = "0x" + ordered_root(receipts).hex()
        stated = str(block.raw.get("receiptsRoot")).lower()
        if root != stated:
            yield Difference("data.receipts-root", "receiptsRoot", root, stated)
        if bloom != quantity(block.raw["logsBloom"]):
            yield Difference("data.bloom", "logsBloom of the block", "the filters of its receipts", "another")

    def _check_pair(self, block: Block, index: int, transaction: Transaction, receipt: Receipt) -> Iterator[Difference]:
        raw, name = receipt.raw, transaction.hash
        pairs = (
            ("transactionHash", name, str(raw.get("transactionHash")).lower()),
            ("from", hex_address(transaction.sender), str(raw.get("from")).lower()),
            ("blockNumber", hex(block.number), raw.get("blockNumber")),
            ("blockHash", block.hash, str(raw.get("blockHash")).lower()),
            ("transactionIndex", hex(index), raw.get("transactionIndex")),
        )
        for what, expected, found in pairs:
            if expected != found:
                yield Difference("data.receipt", what, expected, str(found), name)
        for place, log in enumerate(raw["logs"], self.logs):
            if quantity(log["logIndex"]) != place:
                yield Difference("data.receipt", "logIndex", place, quantity(log["logIndex"]), name)
            if (str(log["transactionHash"]).lower(), quantity(log["blockNumber"])) != (name, block.number):
                yield Difference("data.receipt", "log", "of this transaction", "of another", name)
        self.logs += len(raw["logs"])
        if receipt.gas_used > transaction.gas:
            yield Difference("data.gas-used", "gasUsed", f"at most {transaction.gas}", receipt.gas_used, name)
        if transaction.raw.get("chainId") and quantity(transaction.raw["chainId"]) != self.chain_id:
            found_chain = quantity(transaction.raw["chainId"])
            yield Difference("deployment.chain", "chainId", self.chain_id, found_chain, name)

    def _check_sender(self, transaction: Transaction) -> Iterator[Difference]:
        signed = signed_digest(transaction.raw, transaction.kind)
        if signed is None:
            return
        digest, parity = signed
        signer = recover(digest, parity, quantity(transaction.raw["r"]), quantity(transaction.raw["s"]))
        if signer == transaction.sender:
            self.recovered += 1
        else:
            found = "nobody" if signer is None else hex_address(signer)
            yield Difference("data.sender", "from", found, hex_address(transaction.sender), transaction.hash)

    def _check_nonce(self, transaction: Transaction) -> Iterator[Difference]:
        if transaction.kind == 4:  # raises the nonces of whoever signed its authorizations
            self.nonces.clear()
            self.counted_from_genesis = False
        due = self.nonces.get(transaction.sender, 0 if self.counted_from_genesis else None)
        if due is not None and transaction.nonce != due:
            yield Difference("data.nonce", "nonce", due, transaction.nonce, transaction.hash)
        self.nonces[transaction.sender] = transaction.nonce + 1


def header_hash(raw: Json) -> str | None:
    """The hash of a header, or None where a field is missing."""
    try:
        items: list[Item] = [content(raw[name]) for name in HASHES]
        items += [minimal(quantity(raw[name])) for name in NUMBERS]
        items += [content(raw["extraData"]), content(raw["mixHash"]), content(raw["nonce"])]
        for name, is_number in ADDED:
            if raw.get(name) is not None:
                items.append(minimal(quantity(raw[name])) if is_number else content(raw[name]))
    except (KeyError, TypeError, ValueError):
        return None
    return "0x" + keccak(rlp(items)).hex()


def _number(raw: Json, name: str) -> bytes:
    return minimal(quantity(raw[name]))


def _to(raw: Json) -> bytes:
    return content(raw["to"]) if raw.get("to") else b""


def _fields(raw: Json, kind: int) -> list[Item] | None:
    """What is signed of a typed transaction, in order; None for kinds this auditor does not know."""
    call: list[Item] = [_to(raw), _number(raw, "value"), content(raw.get("input") or raw["data"])]
    access: list[Item] = [
        [content(entry["address"]), [content(key) for key in entry["storageKeys"]]]
        for entry in raw.get("accessList") or []
    ]
    head: list[Item] = [_number(raw, "chainId"), _number(raw, "nonce")] if kind else [_number(raw, "nonce")]
    if kind in (0, 1):
        prices: list[Item] = [_number(raw, "gasPrice"), _number(raw, "gas")]
        return [*head, *prices, *call] + ([access] if kind else [])
    if kind not in (2, 3, 4):
        return None
    fees: list[Item] = [_number(raw, name) for name in ("maxPriorityFeePerGas", "maxFeePerGas", "gas")]
    items = [*head, *fees, *call, access]
    if kind == 3:
        items += [_number(raw, "maxFeePerBlobGas"), [content(item) for item in raw["blobVersionedHashes"]]]
    if kind == 4:
        items.append(
            [
                [
                    _number(item, "chainId"),
                    content(item["address"]),
                    *(_number(item, name) for name in ("nonce", "yParity", "r", "s")),
                ]
                for item in raw["authorizationList"]
            ]
        )
    return items


def encode_transaction(raw: Json, kind: int) -> bytes | None:
    """A transaction as it stands in its block's trie; None for kinds this auditor does not know."""
    items = _fields(raw, kind)
    if items is None:
        return None
    parity = raw["v"] if kind == 0 else raw.get("yParity", raw.get("v"))
    items += [minimal(quantity(parity)), _number(raw, "r"), _number(raw, "s")]
    return (bytes([kind]) if kind else b"") + rlp(items)


def signed_digest(raw: Json, kind: int) -> tuple[bytes, int] | None:
    """What was signed, and the parity of the signature."""
    items = _fields(raw, kind)
    if items is None:
        return None
    if kind:
        return keccak(bytes([kind]) + rlp(items)), quantity(raw.get("yParity", raw.get("v")))
    v = quantity(raw["v"])
    if v in (27, 28):
        return keccak(rlp(items)), v - 27
    return keccak(rlp([*items, minimal((v - 35) // 2), b"", b""])), (v - 35) % 2


def encode_receipt(receipt: Receipt, kind: int, bloom: int) -> bytes:
    """A receipt as it stands in its block's trie."""
    logs: list[Item] = [
        [log.address.to_bytes(20, "big"), [topic.to_bytes(32, "big") for topic in log.topics], log.data]
        for log in receipt.logs
    ]
    body: list[Item] = [minimal(int(receipt.ok)), minimal(receipt.cumulative), bloom.to_bytes(256, "big"), logs]
    return (bytes([kind]) if kind else b"") + rlp(body)


def bloom_of(receipt: Receipt) -> int:
    """The 2048-bit filter of a receipt's logs."""
    bloom = 0
    for log in receipt.logs:
        bloom |= _bits(log.address.to_bytes(20, "big"))
        for topic in log.topics:
            bloom |= _bits(topic.to_bytes(32, "big"))
    return bloom


@lru_cache(maxsize=1 << 15)
def _bits(entry: bytes) -> int:
    digest, bits = keccak(entry), 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits
