"""Doctoring archives: change anything, then make every hash, root and signature right again.

After `seal` nothing but the market's own rules can tell that the archive is not what happened.
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.audit.street import Street

from wattpost.audit import Verdict, audit_folder
from wattpost.audit.events import SHAPES, Event, decode, encode
from wattpost.audit.hashing import keccak, ordered_root
from wattpost.audit.integrity import bloom_of, encode_receipt, encode_transaction, header_hash, signed_digest
from wattpost.audit.raw import Log, hex_address, read_block
from wattpost.chain.keys import Key
from wattpost.chain.market import name_of

Record = dict[str, Any]


class Doctored:
    """A copy of a street's archive, in the plain values of its file."""

    def __init__(self, blocks: list[Record], deployment: Record, street: Street) -> None:
        self.blocks, self.deployment = copy.deepcopy(blocks), copy.deepcopy(deployment)
        self.market, self.token, self.registry = street.market, street.token, street.registry
        wallets = [street.founder, street.meter, street.stranger, street.duster, *street.agents]
        self.keys: dict[str, Key] = {wallet.address: wallet.key for wallet in wallets}
        self.agents = [wallet.address for wallet in street.agents]
        self.chain_id = street.chain.chain_id

    # ---- finding

    def calls(self, name: str, *, ok: bool = True, sender: str | None = None) -> list[tuple[Record, Record, Record]]:
        """Block, transaction and receipt of each call by that name."""
        return [
            (line, tx, receipt)
            for line in self.blocks
            for tx, receipt in zip(line["block"]["transactions"], line["receipts"], strict=True)
            if name_of(bytes.fromhex(tx["input"][2:10])) == name
            and tx["to"]
            and (int(receipt["status"], 16) == 1) == ok
            and sender in (None, tx["from"])
        ]

    def logs(self, name: str) -> list[Record]:
        topic = f"0x{SHAPES[name].topic:064x}"
        return [
            log
            for line in self.blocks
            for receipt in line["receipts"]
            for log in receipt["logs"]
            if log["topics"][:1] == [topic]
        ]

    # ---- changing

    def forge(self, log: Record, field: str, change: Callable[[Any], Any]) -> None:
        """Put another value into a field of a log."""
        shape, values = decoded(log)
        place = [each.name for each in shape.fields].index(field)
        new = tuple(change(value) if i == place else value for i, value in enumerate(values))
        put(log, encode(Event(int(log["address"], 16), shape.name, new)))

    def outcome(self, log: Record, place: int, field: str, change: int) -> None:
        """Change one lane of one outcome in a `Settled` log."""
        start = {"energy": 0, "good": 60, "revenue": 124, "refund": 188}[field]
        self.forge(log, "outcomes", lambda words: [w + (change << start) * (i == place) for i, w in enumerate(words)])

    def words(self, tx: Record, change: Callable[[list[int]], None]) -> None:
        """Change the words of call data behind the selector."""
        data = bytes.fromhex(tx["input"][10:])
        words = [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]
        change(words)
        tx["input"] = tx["input"][:10] + b"".join(word.to_bytes(32, "big") for word in words).hex()

    def log(self, template: Record, event: Event) -> Record:
        """A log like another, of another event."""
        made = copy.deepcopy(template)
        put(made, encode(event))
        return made

    def drop(self, line: Record, tx: Record) -> None:
        at = next(i for i, each in enumerate(line["block"]["transactions"]) if each is tx)
        del line["block"]["transactions"][at], line["receipts"][at]

    def repeat(self, line: Record, tx: Record, receipt: Record, *, into: Record | None = None) -> tuple[Record, Record]:
        """The same call once more, right behind the first or at the end of another block."""
        twins = copy.deepcopy(tx), copy.deepcopy(receipt)
        target = into or line
        at = len(target["receipts"])
        if into is None:
            at = 1 + next(i for i, each in enumerate(line["block"]["transactions"]) if each is tx)
        target["block"]["transactions"].insert(at, twins[0])
        target["receipts"].insert(at, twins[1])
        return twins

    def gas(self, receipt: Record, change: int) -> None:
        receipt["gasUsed"] = hex(int(receipt["gasUsed"], 16) + change)

    def renumber(self) -> None:
        """Make every test key's nonces run from nought without gaps, in the order of the chain."""
        nonces: dict[str, int] = {}
        for line in self.blocks:
            for tx in line["block"]["transactions"]:
                tx["nonce"] = hex(nonces.get(tx["from"], 0))
                nonces[tx["from"]] = nonces.get(tx["from"], 0) + 1

    # ---- sealing

    def seal(self) -> Doctored:
        self.renumber()
        parent = self.blocks[0]["block"]["parentHash"]
        names: dict[str, str] = {}
        for line in self.blocks:
            block = line["block"]
            used = place = 0
            for index, (tx, receipt) in enumerate(zip(block["transactions"], line["receipts"], strict=True)):
                used += int(receipt["gasUsed"], 16)
                self._sign(tx, names)
                tx["transactionIndex"] = receipt["transactionIndex"] = hex(index)
                receipt |= {"transactionHash": tx["hash"], "from": tx["from"], "cumulativeGasUsed": hex(used)}
                for log in receipt["logs"]:
                    log |= {"transactionHash": tx["hash"], "blockNumber": block["number"], "logIndex": hex(place)}
                    place += 1
                receipt["blockNumber"] = block["number"]
                read = read_block(block | {"transactions": [tx]}, [receipt]).receipts[0]
                receipt["logsBloom"] = f"0x{bloom_of(read):0512x}"
            block["gasUsed"], block["parentHash"] = hex(used), parent
            self._roots(line)
            parent = block["hash"] = header_hash(block)
            for record in (*block["transactions"], *line["receipts"]):
                record["blockHash"] = block["hash"]
        for contract in self.deployment["contracts"].values():
            contract["transaction"] = names.get(contract["transaction"], contract["transaction"])
            contract["block_hash"] = self.blocks[contract["block"]]["block"]["hash"]
        return self

    def _sign(self, tx: Record, names: dict[str, str]) -> None:
        digest, _ = signed_digest(tx, 2)  # type: ignore[misc]
        parity, r, s = self.keys[tx["from"]].sign(digest)
        tx |= {"v": hex(parity), "yParity": hex(parity), "r": hex(r), "s": hex(s)}
        former, tx["hash"] = tx["hash"], "0x" + keccak(encode_transaction(tx, 2) or b"").hex()
        names[former] = tx["hash"]

    def _roots(self, line: Record) -> None:
        block = line["block"]
        read = read_block(block, line["receipts"])
        bodies = [encode_transaction(tx, 2) or b"" for tx in block["transactions"]]
        block["transactionsRoot"] = "0x" + ordered_root(bodies).hex()
        blooms = [bloom_of(receipt) for receipt in read.receipts]
        receipts = [encode_receipt(receipt, 2, bloom) for receipt, bloom in zip(read.receipts, blooms, strict=True)]
        block["receiptsRoot"] = "0x" + ordered_root(receipts).hex()
        total = 0
        for bloom in blooms:
            total |= bloom
        block["logsBloom"] = f"0x{total:0512x}"

    # ---- judging

    def save(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        last = self.blocks[-1]["block"]
        end = {"end": {"block": len(self.blocks) - 1, "hash": last["hash"]}}
        title = {"format": "wattpost-chain", "version": 1, "chain_id": self.chain_id}
        lines = [title, *self.blocks, end]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "chain.jsonl.gz").write_bytes(gzip.compress(text.encode(), compresslevel=1))
        (folder / "deployment.json").write_text(json.dumps(self.deployment))
        return folder

    def audit(self, folder: Path) -> Verdict:
        return audit_folder(self.save(folder))


def decoded(log: Record) -> Any:
    found = decode(
        Log(int(log["address"], 16), tuple(int(topic, 16) for topic in log["topics"]), bytes.fromhex(log["data"][2:]))
    )
    assert found
    return found


def put(log: Record, value: Log) -> None:
    log |= {
        "address": hex_address(value.address),
        "topics": [f"0x{topic:064x}" for topic in value.topics],
        "data": "0x" + value.data.hex(),
    }
