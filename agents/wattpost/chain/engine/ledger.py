"""Everything mined so far, in memory, readable without a lock.

A block is appended whole by its one writer and never changes afterwards; readers see it or they do not.
"""

from __future__ import annotations

from typing import Any

from wattpost.chain.engine.pool import Waiting
from wattpost.chain.engine.records import Record, block_record, receipt_record, transaction_record


class Ledger:
    def __init__(self, genesis: Any) -> None:
        self.headers = [genesis]
        self.blocks: list[Record] = [block_record(genesis, [])]
        self.by_hash = {self.blocks[0]["hash"]: 0}
        self.transactions: dict[str, Record] = {}
        self.receipts: dict[str, Record] = {}
        self.raws: dict[str, bytes] = {}
        self.nonces: dict[str, int] = {}

    @property
    def height(self) -> int:
        return len(self.blocks) - 1

    def append(self, header: Any, done: list[tuple[Waiting, Any, Any]]) -> Record:
        block = block_record(header, [entry.hash for entry, _, _ in done])
        spent, logs = 0, 0
        for index, (entry, receipt, _) in enumerate(done):
            place = {
                "blockHash": block["hash"],
                "blockNumber": block["number"],
                "transactionIndex": hex(index),
            }
            used, spent = receipt.gas_used - spent, receipt.gas_used
            self.transactions[entry.hash] = transaction_record(entry, place)
            self.receipts[entry.hash] = receipt_record(entry, receipt, place, used, logs)
            self.raws[entry.hash] = entry.raw
            self.nonces[entry.sender] = entry.nonce + 1
            logs += len(receipt.logs)
        self.headers.append(header)
        self.by_hash[block["hash"]] = self.height + 1
        self.blocks.append(block)  # last: from here on readers find it
        return block

    def logs(self, first: int, last: int, addresses: set[str] | None, topics: list[set[str] | None]) -> list[Record]:
        """Logs of blocks first..last from these addresses whose topics match place by place (None: any)."""
        found = []
        for block in self.blocks[first : last + 1]:
            for hash in block["transactions"]:
                for log in self.receipts[hash]["logs"]:
                    if addresses is not None and log["address"] not in addresses:
                        continue
                    if len(topics) <= len(log["topics"]) and all(
                        wanted is None or topic in wanted for wanted, topic in zip(topics, log["topics"], strict=False)
                    ):
                        found.append(log)
        return found
