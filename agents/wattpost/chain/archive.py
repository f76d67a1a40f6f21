"""`chain.jsonl.gz`: raw blocks, transactions and receipts, as an auditor wants them.

The first line names the format; then comes one line a block, with its transactions in full and its receipts as the
node's JSON-RPC answers gave them; the last line names the last block, so that a file cut short shows it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wattpost.chain.files import whole_file
from wattpost.chain.rpc import NodeRefused, Rpc

FORMAT = {"format": "wattpost-chain", "version": 1}
BATCH = 50  # blocks asked for at once


def blocks(rpc: Rpc, since: int, until: int) -> Iterator[dict[str, Any]]:
    """Blocks with their receipts, both ends included, as the lines of an archive."""
    for start in range(since, until + 1, BATCH):
        numbers = range(start, min(start + BATCH, until + 1))
        found = rpc.batch(("eth_getBlockByNumber", (hex(number), True)) for number in numbers)
        hashes = [each["hash"] for block in found for each in block["transactions"]]
        receipts = dict(zip(hashes, rpc.batch(("eth_getTransactionReceipt", (one,)) for one in hashes), strict=True))
        for block in found:
            own = [receipts[each["hash"]] for each in block["transactions"]]
            if None in own:
                raise NodeRefused(f"The node has no receipt for a transaction of block {int(block['number'], 16)}.")
            yield {"block": block, "receipts": own}


def write(rpc: Rpc, path: Path, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Writes the whole chain to `path`, in one step; returns the number of blocks."""
    last = rpc.block_number()
    with (
        whole_file(path) as beside,
        beside.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as file,
    ):
        _line(file, FORMAT | {"chain_id": rpc.chain_id()})
        for count, entry in enumerate(blocks(rpc, 0, last), start=1):
            _line(file, entry)
            if progress:
                progress(count, last + 1)
        _line(file, {"end": {"block": last, "hash": entry["block"]["hash"]}})
    return last + 1


def _line(file: gzip.GzipFile, value: object) -> None:
    file.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")
