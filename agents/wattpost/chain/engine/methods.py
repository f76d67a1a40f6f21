"""The JSON-RPC methods that the in-process chain answers: what an agent needs, and no way to mine or mint."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wattpost.chain.engine.evm import NOBODY, CallFailed
from wattpost.chain.engine.pool import PoolRefusal
from wattpost.chain.engine.records import Record, transaction_record
from wattpost.chain.engine.server import Method, MethodError
from wattpost.chain.rpc import reason_in

if TYPE_CHECKING:
    from wattpost.chain.engine.eth_tester import EthTester

LOG_BLOCKS = 100_000  # most blocks that one eth_getLogs may span


class Methods:
    def __init__(self, engine: EthTester) -> None:
        self._engine, self._ledger, self._pool = engine, engine.ledger, engine.pool

    def table(self) -> dict[str, Method]:
        return {
            "web3_clientVersion": lambda _: "wattpost/eth-tester/py-evm",
            "net_version": lambda _: str(self._engine.chain_id),
            "eth_chainId": lambda _: hex(self._engine.chain_id),
            "eth_syncing": lambda _: False,
            "eth_accounts": lambda _: [],
            "eth_gasPrice": lambda _: hex(1),
            "eth_maxPriorityFeePerGas": lambda _: hex(1),
            "eth_feeHistory": self.fee_history,
            "eth_blockNumber": lambda _: hex(self._ledger.height),
            "eth_getBlockByNumber": self.block_by_number,
            "eth_getBlockByHash": self.block_by_hash,
            "eth_getTransactionByHash": self.transaction,
            "eth_getRawTransactionByHash": self.raw_transaction,
            "eth_getTransactionReceipt": lambda p: self._ledger.receipts.get(_hash(p[0])),
            "eth_getBlockReceipts": self.block_receipts,
            "eth_getLogs": self.logs,
            "eth_getTransactionCount": self.transaction_count,
            "eth_getBalance": lambda p: hex(self._state(p, 1, "get_balance", _address(p[0]))),
            "eth_getCode": lambda p: "0x" + self._state(p, 1, "get_code", _address(p[0])).hex(),
            "eth_getStorageAt": self.storage,
            "eth_call": self.call,
            "eth_estimateGas": self.estimate,
            "eth_sendRawTransaction": self.send,
            "txpool_status": self.pool_status,
        }

    # Blocks and transactions: no lock

    def block_by_number(self, params: list[Any]) -> Record | None:
        number = self._number(params[0])
        return self._shown(number, params) if number <= self._ledger.height else None

    def block_by_hash(self, params: list[Any]) -> Record | None:
        number = self._ledger.by_hash.get(_hash(params[0]))
        return None if number is None else self._shown(number, params)

    def _shown(self, number: int, params: list[Any]) -> Record:
        block = self._ledger.blocks[number]
        if len(params) > 1 and params[1]:
            return block | {"transactions": [self._ledger.transactions[h] for h in block["transactions"]]}
        return block

    def transaction(self, params: list[Any]) -> Record | None:
        hash = _hash(params[0])
        waiting = self._pool.get(hash)
        mined = self._ledger.transactions.get(hash)
        return mined or (transaction_record(waiting, None) if waiting else None)

    def raw_transaction(self, params: list[Any]) -> str | None:
        hash = _hash(params[0])
        waiting = self._pool.get(hash)
        raw = self._ledger.raws.get(hash) or (waiting.raw if waiting else None)
        return "0x" + raw.hex() if raw else None

    def block_receipts(self, params: list[Any]) -> list[Record] | None:
        number = self._number(params[0])
        if number > self._ledger.height:
            return None
        return [self._ledger.receipts[hash] for hash in self._ledger.blocks[number]["transactions"]]

    def logs(self, params: list[Any]) -> list[Record]:
        wish: dict[str, Any] = params[0]
        if "blockHash" in wish:
            first = last = self._ledger.by_hash[_hash(wish["blockHash"])]
        else:
            first, last = (self._number(wish.get(side, "latest")) for side in ("fromBlock", "toBlock"))
        if last - first >= LOG_BLOCKS:
            raise MethodError(-32005, f"eth_getLogs spans at most {LOG_BLOCKS} blocks")
        address = wish.get("address")
        addresses = [address] if isinstance(address, str) else address
        topics = [
            None if topic is None else {t.lower() for t in ([topic] if isinstance(topic, str) else topic)}
            for topic in wish.get("topics") or []
        ]
        return self._ledger.logs(first, last, {a.lower() for a in addresses} if addresses else None, topics)

    def fee_history(self, params: list[Any]) -> Record:
        count, last = int(str(params[0]), 0), self._number(params[1])
        blocks = self._ledger.blocks[max(0, last + 1 - count) : last + 1]
        return {
            "oldestBlock": blocks[0]["number"],
            "baseFeePerGas": ["0x0"] * (len(blocks) + 1),
            "gasUsedRatio": [int(b["gasUsed"], 16) / int(b["gasLimit"], 16) for b in blocks],
            "reward": [["0x1"] * len(params[2])] * len(blocks) if len(params) > 2 else [],
        }

    def transaction_count(self, params: list[Any]) -> str:
        address, tag = _address(params[0]), params[1] if len(params) > 1 else "latest"
        if tag not in ("latest", "pending"):
            return hex(self._state(params, 1, "get_nonce", address))
        name = "0x" + address.hex()
        mined = self._ledger.nonces.get(name)
        if mined is None:
            mined = self._state([], 0, "get_nonce", address)
        return hex(self._pool.next_nonce(name, mined) if tag == "pending" else mined)

    def pool_status(self, _: list[Any]) -> Record:
        pending = self._engine.pending()
        return {"pending": hex(pending.ready), "queued": hex(pending.held)}

    # State and execution: one at a time

    def storage(self, params: list[Any]) -> str:
        return f"0x{self._state(params, 2, 'get_storage', _address(params[0]), int(params[1], 16)):064x}"

    def call(self, params: list[Any]) -> str:
        output: bytes = self._run(params, self._engine.evm.call)
        return "0x" + output.hex()

    def estimate(self, params: list[Any]) -> str:
        return hex(self._run(params, self._engine.evm.estimate))

    def send(self, params: list[Any]) -> str:
        try:
            return self._engine.accept(bytes.fromhex(params[0][2:]))
        except PoolRefusal as refusal:
            raise MethodError(-32003, str(refusal)) from None

    def _state(self, params: list[Any], at: int, question: str, *arguments: Any) -> Any:
        header = self._header(params, at)
        with self._engine.lock:
            return getattr(self._engine.evm.state(header), question)(*arguments)

    def _run(self, params: list[Any], run: Callable[[dict[str, Any], Any], Any]) -> Any:
        wish, header = params[0], self._header(params, 1)
        limit = self._engine.gas_limit
        call = {
            "from": _address(wish["from"]) if wish.get("from") else NOBODY,
            "to": _address(wish["to"]) if wish.get("to") else b"",
            "data": bytes.fromhex((wish.get("input") or wish.get("data") or "0x")[2:]),
            "value": int(wish.get("value", "0x0"), 16),
            "gas": min(int(wish.get("gas", hex(limit)), 16), limit),
        }
        try:
            with self._engine.lock:
                return run(call, header)
        except CallFailed as failure:
            if failure.data is None:
                raise MethodError(-32000, str(failure)) from None
            reason = reason_in(failure.data)
            raise MethodError(
                3, f"{failure}: {reason}" if reason else str(failure), "0x" + failure.data.hex()
            ) from None

    def _header(self, params: list[Any], at: int) -> Any:
        tag = params[at] if len(params) > at else "latest"
        if isinstance(tag, dict):  # EIP-1898
            tag = tag.get("blockNumber") or hex(self._ledger.by_hash[_hash(tag["blockHash"])])
        number = self._number(tag)
        if number > self._ledger.height:
            raise MethodError(-32001, f"there is no block {number} yet")
        return None if number == self._ledger.height else self._ledger.headers[number]

    def _number(self, tag: Any) -> int:
        if tag == "earliest":
            return 0
        if tag in ("latest", "pending", "safe", "finalized"):
            return self._ledger.height
        return int(tag, 16)


def _address(text: str) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != 20:
        raise ValueError("an address has 20 bytes")
    return raw


def _hash(text: str) -> str:
    return text.lower()
