"""Mined blocks as JSON-RPC shows them, ready made, so that looking never waits for the EVM.

Every header field is given as it was hashed, and transactions and receipts hold all that their tries hold: an
outsider can recompute the chain of hashes, the transactions root and the receipts root.
"""

from __future__ import annotations

from typing import Any

from wattpost.chain.engine.pool import Waiting
from wattpost.chain.transaction import contract_address

Record = dict[str, Any]

HEADER = {  # JSON name -> py-evm's
    "parentHash": "parent_hash",
    "sha3Uncles": "uncles_hash",
    "miner": "coinbase",
    "stateRoot": "state_root",
    "transactionsRoot": "transaction_root",
    "receiptsRoot": "receipt_root",
    "difficulty": "difficulty",
    "number": "block_number",
    "gasLimit": "gas_limit",
    "gasUsed": "gas_used",
    "timestamp": "timestamp",
    "extraData": "extra_data",
    "mixHash": "mix_hash",
    "nonce": "nonce",
    "baseFeePerGas": "base_fee_per_gas",
    "withdrawalsRoot": "withdrawals_root",
    "blobGasUsed": "blob_gas_used",
    "excessBlobGas": "excess_blob_gas",
    "parentBeaconBlockRoot": "parent_beacon_block_root",
    "requestsHash": "requests_hash",
    "hash": "hash",
}


def shown(value: bytes | int) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else hex(value)


def block_record(header: Any, hashes: list[str]) -> Record:
    record: Record = {name: shown(getattr(header, field)) for name, field in HEADER.items()}
    bloom = header.bloom
    record["logsBloom"] = f"0x{bloom:0512x}" if isinstance(bloom, int) else shown(bloom)
    record |= {"transactions": hashes, "uncles": [], "withdrawals": [], "totalDifficulty": "0x0"}
    return record


def transaction_record(entry: Waiting, place: Record | None) -> Record:
    """`place` holds blockHash, blockNumber and transactionIndex; None while the transaction waits."""
    tx = entry.transaction
    kind = entry.raw[0] if entry.raw[0] < 0x80 else 0
    record: Record = {
        "hash": entry.hash,
        "type": hex(kind),
        "chainId": hex(tx.chain_id) if tx.chain_id is not None else None,
        "nonce": hex(tx.nonce),
        "from": entry.sender,
        "to": shown(tx.to) if tx.to else None,
        "value": hex(tx.value),
        "gas": hex(tx.gas),
        "input": shown(tx.data),
        "r": hex(tx.r),
        "s": hex(tx.s),
        "blockHash": None,
        "blockNumber": None,
        "transactionIndex": None,
    }
    if kind:
        record["accessList"] = [
            {"address": shown(address), "storageKeys": [f"0x{key:064x}" for key in keys]}
            for address, keys in tx.access_list
        ]
        record["yParity"] = record["v"] = hex(tx.y_parity)
    else:
        record["v"] = hex(tx.v)
    if kind >= 2:
        record["maxFeePerGas"] = hex(tx.max_fee_per_gas)
        record["maxPriorityFeePerGas"] = hex(tx.max_priority_fee_per_gas)
        record["gasPrice"] = hex(entry.price)
    else:
        record["gasPrice"] = hex(tx.gas_price)
    if kind == 4:
        record["authorizationList"] = [
            {
                "chainId": hex(item.chain_id),
                "address": shown(item.address),
                "nonce": hex(item.nonce),
                "yParity": hex(item.y_parity),
                "r": hex(item.r),
                "s": hex(item.s),
            }
            for item in tx.authorization_list
        ]
    return record | (place or {})


def receipt_record(entry: Waiting, receipt: Any, place: Record, used: int, first_log: int) -> Record:
    tx = entry.transaction
    common = place | {"transactionHash": entry.hash, "removed": False}
    logs = [
        {
            "address": shown(log.address),
            "topics": [f"0x{topic:064x}" for topic in log.topics],
            "data": shown(log.data),
            "logIndex": hex(first_log + index),
            **common,
        }
        for index, log in enumerate(receipt.logs)
    ]
    return {
        **place,
        "transactionHash": entry.hash,
        "type": hex(entry.raw[0] if entry.raw[0] < 0x80 else 0),
        "from": entry.sender,
        "to": shown(tx.to) if tx.to else None,
        "contractAddress": None if tx.to else contract_address(entry.sender, entry.nonce),
        "status": hex(int(receipt.state_root == b"\x01")),
        "gasUsed": hex(used),
        "cumulativeGasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(entry.price),
        "logs": logs,
        "logsBloom": f"0x{receipt.bloom:0512x}",
    }
