"""A key that acts: signs, numbers, sends and waits.

Nonces. The next one is asked of the node once and then counted here. It moves on only when the node is known
to hold the transaction: a refused one does not use it up, and after an unknown outcome (the connection broke,
the answer never came) the transaction is looked up by its hash before anything else is sent. Whatever is sent
then carries the same nonce, so at most one of the two can ever run.

Order. On chains without a base fee the wallet pays LAST_RANK - rank wei for a unit of gas: a smaller rank
goes first in every block, however the processes raced. Give every sender a rank of its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wattpost.chain.keys import Key
from wattpost.chain.rpc import BATCH, BadAnswer, NodeRefused, NodeUnreachable, Reverted, Rpc, RpcError
from wattpost.chain.transaction import MAX_GAS, Access, Signed, access_gas, floor_gas, sign

LAST_RANK = 1_000_000
GAS = 2_000_000  # limit of a transaction on a test chain, where unused gas costs nothing
HEADROOM = 5, 4  # over an estimate elsewhere
KNOWN = "already known", "already imported", "known transaction", "already in mempool"
TAKEN = "nonce too low", "underpriced", "already used", "invalid nonce"


class OutcomeUnknown(RpcError):
    """A transaction may or may not have reached the node. The wallet looks it up before it sends again."""


class StillWaiting(RpcError):
    """A transaction is in the pool and no block has taken it in time."""


class Lost(RpcError):
    """A transaction was sent and another one of the same key and nonce was mined in its place."""


@dataclass(frozen=True, slots=True)
class Log:
    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    index: int
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    hash: str
    block: int
    index: int
    sender: str
    to: str | None
    contract: str | None
    ok: bool
    gas_used: int
    gas_price: int
    logs: tuple[Log, ...]

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Receipt:
        return cls(
            hash=raw["transactionHash"],
            block=int(raw["blockNumber"], 16),
            index=int(raw["transactionIndex"], 16),
            sender=raw["from"].lower(),
            to=raw["to"].lower() if raw.get("to") else None,
            contract=raw["contractAddress"].lower() if raw.get("contractAddress") else None,
            ok=int(raw["status"], 16) == 1,
            gas_used=int(raw["gasUsed"], 16),
            gas_price=int(raw.get("effectiveGasPrice", "0x0"), 16),
            logs=tuple(map(read_log, raw["logs"])),
        )


def read_log(raw: dict[str, Any]) -> Log:
    return Log(
        raw["address"].lower(),
        tuple(bytes.fromhex(topic[2:]) for topic in raw["topics"]),
        bytes.fromhex(raw["data"][2:]),
        int(raw["blockNumber"], 16),
        int(raw["logIndex"], 16),
        raw["transactionHash"],
    )


@dataclass(frozen=True, slots=True)
class Order:
    """What to do on chain; `to` None creates a contract. Without `gas` the wallet's policy applies.

    access : accounts and slots that the transaction lists and pays for beforehand, on top of its gas limit
    """

    to: str | None
    data: bytes
    gas: int | None = None
    value: int = 0
    access: Access = ()


class Wallet:
    """One key at one node. One thread at a time."""

    def __init__(self, rpc: Rpc, key: Key, *, chain_id: int, rank: int = 0) -> None:
        if not 0 <= rank < LAST_RANK:
            raise ValueError(f"A rank is a whole number from 0 to {LAST_RANK - 1}, not {rank}.")
        self.rpc, self.key, self.chain_id, self.rank = rpc, key, chain_id, rank
        self.address = key.address
        self._next: int | None = None
        self._doubtful: Signed | None = None
        self._unmined: dict[int, Signed] = {}  # by nonce; what the node held and no receipt has shown yet
        self._free: bool | None = None  # no base fee: the chain is a test engine

    def __repr__(self) -> str:
        return f"Wallet({self.address})"

    # Sending

    def send(self, to: str | None, data: bytes, *, gas: int | None = None, value: int = 0) -> Signed:
        """Signs and hands over one transaction; returns once the node holds it.

        Raises NodeRefused (nothing happened; the nonce is still free), or OutcomeUnknown.
        """
        order = Order(to, data, gas, value)
        self._settle_doubt()
        signed = self._sign(order)
        for again in (True, False):
            try:
                self._hand_over(signed)
                return signed
            except NodeRefused as refusal:
                # Refused for good, so a second try under the next free nonce cannot double anything.
                if not (again and _says(refusal, TAKEN)):
                    raise
                self._next = None
                signed = self._sign(order)
        raise AssertionError

    def send_all(self, orders: Sequence[Order]) -> list[Signed]:
        """Hands many over in few requests. The first refusal is raised; those before it were taken, and those
        behind it wait in the pool until its nonce is filled, which the next `send` does."""
        self._settle_doubt()
        signed = []
        start = self._nonce()
        for order in orders:
            signed.append(self._sign(order))
            self._next = signed[-1].nonce + 1
        try:
            answers = self.rpc.send_all(one.raw for one in signed)
        except (NodeUnreachable, BadAnswer) as error:
            self._next = start
            for one in signed:  # some may have arrived: look each up, keep what the node holds
                if not self._known(one):
                    self._doubtful = one
                    raise OutcomeUnknown(f"It is not known whether {one.hash} arrived: {error}") from None
                self._moved_past(one)
            return signed
        for one, answer in zip(signed, answers, strict=True):
            if isinstance(answer, NodeRefused) and not _says(answer, KNOWN):
                self._next = None
                raise answer
            self._unmined[one.nonce] = one
        return signed

    def transact(
        self, to: str | None, data: bytes, *, gas: int | None = None, value: int = 0, timeout: float = 60.0
    ) -> Receipt:
        """Sends and waits for the receipt; on a test engine somebody else has to mine meanwhile."""
        return self.wait(self.send(to, data, gas=gas, value=value), timeout=timeout)

    # Waiting

    def wait(self, sent: Signed, *, timeout: float = 60.0) -> Receipt:
        return self.wait_all([sent], timeout=timeout)[0]

    def wait_all(self, sent: Sequence[Signed], *, timeout: float = 60.0) -> list[Receipt]:
        """Receipts in the order asked for; a transaction that the node dropped is sent once more as it is."""
        until, pause = time.monotonic() + timeout, 0.005
        receipts: dict[str, Receipt] = {}
        resent: set[str] = set()
        while True:
            open_ones = [one for one in sent if one.hash not in receipts]
            calls = [("eth_getTransactionReceipt", (one.hash,)) for one in open_ones]
            for one, raw in zip(open_ones, self.rpc.batch(calls), strict=True):
                if raw and raw.get("blockNumber"):
                    receipts[one.hash] = Receipt.read(raw)
                    if one.sender == self.address:
                        self._unmined = {n: s for n, s in self._unmined.items() if n > one.nonce}
            open_ones = [one for one in open_ones if one.hash not in receipts]
            if not open_ones:
                return [receipts[one.hash] for one in sent]
            if time.monotonic() > until:
                raise StillWaiting(f"No block has taken {open_ones[0].hash} within {timeout:g} s.")
            if pause > 0.1:
                self._revive(open_ones, resent)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)

    def unmined(self, sent: Sequence[Signed]) -> list[Signed]:
        """Those that no block holds yet."""
        answers = self.rpc.batch(("eth_getTransactionReceipt", (one.hash,)) for one in sent)
        return [one for one, raw in zip(sent, answers, strict=True) if not (raw and raw.get("blockNumber"))]

    def revive(self, sent: Sequence[Signed]) -> None:
        """Send again, byte for byte, what the node forgot."""
        self._revive(sent, set())

    def reason(self, receipt: Receipt) -> str | None:
        """Why a mined transaction failed, by calling it again on the state before its block; best effort."""
        if receipt.ok:
            return None
        raw = self.rpc.call("eth_getTransactionByHash", receipt.hash)
        call = {
            "from": raw["from"],
            "to": raw["to"],
            "data": raw["input"],
            "value": raw["value"],
            "gas": raw["gas"],
        }
        try:
            self.rpc.call("eth_call", call, hex(receipt.block - 1))
        except Reverted as refusal:
            return refusal.reason or ("0x" + refusal.data.hex() if refusal.data else refusal.message)
        except NodeRefused as refusal:
            return refusal.message
        return None

    # Inside

    def _sign(self, order: Order) -> Signed:
        tip, fee = self._fees()
        gas = min((order.gas or self._gas(order)) + access_gas(order.access), MAX_GAS)
        if gas < floor_gas(order.data):  # some nodes take it, never mine it, and leave a gap in the nonces
            raise NodeRefused(f"{gas} gas is less than the {floor_gas(order.data)} that the call data alone costs.")
        return sign(
            self.key,
            chain_id=self.chain_id,
            nonce=self._nonce(),
            to=order.to,
            data=order.data,
            gas=gas,
            max_fee=fee,
            tip=tip,
            value=order.value,
            access=order.access,
        )

    def _nonce(self) -> int:
        if self._next is None:
            self._next = self.rpc.nonce(self.address)
        return self._next

    def _fees(self) -> tuple[int, int]:
        if self._free is None or not self._free:
            base = int(self.rpc.block("latest").get("baseFeePerGas", "0x0"), 16)
            self._free = base == 0
            if not self._free:
                tip = int(self.rpc.call("eth_maxPriorityFeePerGas"), 16)
                return tip, 2 * base + tip
        price = LAST_RANK - self.rank
        return price, price

    def _gas(self, order: Order) -> int:
        if self._free:
            return GAS
        call = {"from": self.address, "data": "0x" + order.data.hex(), "value": hex(order.value)}
        estimate = int(self.rpc.call("eth_estimateGas", call | ({"to": order.to} if order.to else {})), 16)
        return estimate * HEADROOM[0] // HEADROOM[1]

    def _hand_over(self, signed: Signed) -> None:
        try:
            self.rpc.send(signed.raw)
        except NodeRefused as refusal:
            if not _says(refusal, KNOWN) and not (_says(refusal, TAKEN) and self._known(signed)):
                raise
        except (NodeUnreachable, BadAnswer) as error:
            self._doubtful = signed
            with contextlib.suppress(RpcError):
                self._settle_doubt()
            if self._doubtful or self._next != signed.nonce + 1:
                raise OutcomeUnknown(f"It is not known whether {signed.hash} arrived: {error}") from None
            return
        self._moved_past(signed)

    def resolve(self) -> Signed | None:
        """Finds out about a transaction of unknown outcome; returns it if the node holds it after all."""
        doubtful, held = self._doubtful, None
        if doubtful:
            if self._known(doubtful):
                self._moved_past(doubtful)
                held = doubtful
            else:
                self._next = self.rpc.nonce(self.address)
            self._doubtful = None
        return held

    def _settle_doubt(self) -> None:
        """Before its nonce is used again."""
        self.resolve()

    def _moved_past(self, signed: Signed) -> None:
        self._next = signed.nonce + 1
        self._unmined[signed.nonce] = signed

    def _known(self, signed: Signed) -> bool:
        return self.rpc.call("eth_getTransactionByHash", signed.hash) is not None

    def _revive(self, waiting: Sequence[Signed], resent: set[str]) -> None:
        """Sends again, byte for byte, what the node forgot: those waited for and those before them."""
        last = max((one.nonce for one in waiting if one.sender == self.address), default=-1)
        before = [one for one in self._unmined.values() if one.nonce < last and one not in waiting]
        for one in sorted([*before, *waiting], key=lambda one: one.nonce):
            if one.hash in resent or self._known(one):
                continue
            if self.rpc.nonce(one.sender, "latest") > one.nonce:
                if one in waiting and self.rpc.call("eth_getTransactionReceipt", one.hash) is None:
                    raise Lost(f"Another transaction took the place (nonce {one.nonce}) of {one.hash}.")
                continue
            resent.add(one.hash)
            try:
                self.rpc.send(one.raw)
            except NodeRefused as refusal:
                if not _says(refusal, KNOWN + TAKEN):
                    raise


def send_each(orders: Sequence[tuple[Wallet, Order]]) -> list[Signed | RpcError]:
    """Hands over one transaction of each of many wallets at one node, in few requests.

    In place of each stands what `Wallet.send` would have raised: NodeRefused, or OutcomeUnknown, which its wallet
    looks up before it sends again.
    """
    if not orders:
        return []
    rpc, free = orders[0][0].rpc, None
    fresh = [wallet for wallet, _ in orders if wallet._next is None and wallet._doubtful is None]
    counts = rpc.batch(("eth_getTransactionCount", (wallet.address, "pending")) for wallet in fresh)
    for wallet, count in zip(fresh, counts, strict=True):
        wallet._next = int(count, 16)
    found: list[Signed | RpcError] = []
    for wallet, order in orders:
        wallet._free = wallet._free or free
        try:
            wallet._settle_doubt()
            found.append(wallet._sign(order))
        except RpcError as error:
            found.append(error)
        free = free or wallet._free
    ready = [place for place, one in enumerate(found) if isinstance(one, Signed)]
    for first in range(0, len(ready), BATCH):
        part = ready[first : first + BATCH]
        try:
            answers = rpc.send_all(found[place].raw for place in part)  # type: ignore[union-attr]
        except (NodeUnreachable, BadAnswer) as error:
            answers = [error] * len(part)
        for place, answer in zip(part, answers, strict=True):
            wallet, one = orders[place][0], found[place]
            assert isinstance(one, Signed)
            if not isinstance(answer, RpcError) or (isinstance(answer, NodeRefused) and _says(answer, KNOWN)):
                wallet._moved_past(one)
            elif isinstance(answer, NodeRefused):
                wallet._next = None
                found[place] = _once_more(wallet, orders[place][1]) if _says(answer, TAKEN) else answer
            else:
                wallet._doubtful = one
                found[place] = OutcomeUnknown(f"It is not known whether {one.hash} arrived: {answer}")
    return found


def _once_more(wallet: Wallet, order: Order) -> Signed | RpcError:
    """Under the next free nonce, where the last one was taken already."""
    try:
        return wallet.send(order.to, order.data, gas=order.gas, value=order.value)
    except RpcError as error:
        return error


def _says(refusal: NodeRefused, words: Sequence[str]) -> bool:
    return any(word in refusal.message.lower() for word in words)
