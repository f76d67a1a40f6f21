"""Ape's local network as an engine: the same chain for agent processes, over JSON-RPC on loopback."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ape
import rlp
from ape.api import ProviderAPI
from eth_bloom.bloom import BloomFilter
from hexbytes import HexBytes

from wattpost.chain.engine import Engine, Pending, open_engine
from wattpost.chain.engine.base import ETHER, next_timestamp
from wattpost.chain.engine.server import MethodError, Server
from wattpost.chain.keccak import keccak
from wattpost.chain.rpc import Rpc

READS = (
    "eth_blockNumber",
    "eth_call",
    "eth_chainId",
    "eth_estimateGas",
    "eth_getBalance",
    "eth_getBlockByNumber",
    "eth_getCode",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_maxPriorityFeePerGas",
)


def connected() -> Engine:
    """The engine for whatever network Ape is connected to."""
    provider = ape.networks.active_provider
    if provider is None:
        raise SystemExit("Ape is connected to no network: give --network.")
    uri = getattr(provider, "http_uri", None)
    if hasattr(provider, "tester"):
        return ApeLocal(provider)
    return open_engine("rpc", url=uri)


class ApeLocal(Engine):
    """Ape's in-process chain. Transactions wait here until they are mined, the best paid first."""

    name = "ape"
    is_test = True

    def __init__(self, provider: ProviderAPI) -> None:
        self.chain_id = provider.chain_id
        self._tester = provider.tester.ethereum_tester
        self._web3 = provider.web3
        self._lock = threading.RLock()
        self._waiting: list[tuple[int, int, str, bytes]] = []  # minus the tip, nonce, sender, raw
        methods = {method: self._reader(method) for method in READS}
        methods |= {"eth_getLogs": self._logs, "eth_getTransactionReceipt": self._receipt}
        self._server = Server(methods | {"eth_sendRawTransaction": self._take})
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.rpc = Rpc(self.url)

    def close(self) -> None:
        self.rpc.close()
        self._server.close()

    def mine(self, timestamp: int | None = None) -> int:
        with self._lock:
            last = self._tester.get_block_by_number("latest")
            self._tester.time_travel(next_timestamp(timestamp, last["timestamp"]))
            best = {
                sender: min(each for each in self._waiting if each[2] == sender) for _, _, sender, _ in self._waiting
            }
            for _, _, _, raw in sorted(self._waiting, key=lambda each: (best[each[2]], each[1])):
                # the tester itself would roll each back until the block, and refuse the next nonce
                self._tester.backend.send_raw_transaction(raw)
            self._waiting.clear()
            self._tester.backend.mine_blocks(1)
            return int(last["number"]) + 1

    def pending(self) -> Pending:
        with self._lock:
            senders = [sender for _, _, sender, _ in self._waiting]
        return Pending(len(senders), 0, {sender: senders.count(sender) for sender in senders})

    def fund(self, addresses: Iterable[str], wei: int = 10 * ETHER) -> None:
        with self._lock:
            rich = self._tester.get_accounts()[0]
            for address in addresses:
                self._tester.send_transaction({"from": rich, "to": address, "value": wei, "gas": 21_000})

    def _reader(self, method: str) -> Any:
        def read(params: list[Any]) -> Any:
            with self._lock:
                try:
                    answer = self._web3.manager.request_blocking(method, params)
                except Exception as error:  # Ape and eth-tester each have refusals of their own
                    data = getattr(error, "data", None)
                    raise MethodError(3 if data else -32000, str(error), data) from None
            waiting = method == "eth_getTransactionCount" and params[1] == "pending"
            count = sum(sender == params[0].lower() for _, _, sender, _ in self._waiting) if waiting else 0
            return _json(answer + count if count else answer)

        return read

    def _logs(self, params: list[Any]) -> list[Any]:
        wanted = dict(params[0])
        # eth-tester takes no choice of topics in a place, and web3 looks an address up as a name
        topics, address = wanted.pop("topics", []), wanted.pop("address")
        addresses = [each.lower() for each in ([address] if isinstance(address, str) else address)]
        found = self._numbered(wanted)
        return [log for log in found if log["address"].lower() in addresses and _matches(log["topics"], topics)]

    def _numbered(self, blocks: dict[str, Any]) -> list[dict[str, Any]]:
        """All logs of a range of blocks, numbered through each block; eth-tester begins anew with each transaction."""
        found: list[dict[str, Any]] = self._reader("eth_getLogs")([blocks])
        found.sort(key=lambda log: [int(log[key], 16) for key in ("blockNumber", "transactionIndex", "logIndex")])
        counts: Counter[str] = Counter()
        for log in found:
            log["logIndex"] = hex(counts[log["blockNumber"]])
            counts[log["blockNumber"]] += 1
        return found

    def _receipt(self, params: list[Any]) -> dict[str, Any] | None:
        receipt: dict[str, Any] | None = self._reader("eth_getTransactionReceipt")(params)
        if receipt:
            block, own = receipt["blockNumber"], receipt["transactionHash"]
            logs = self._numbered({"fromBlock": block, "toBlock": block})
            receipt["logs"] = [log for log in logs if log["transactionHash"] == own]
            bloom = BloomFilter()  # which eth-tester leaves out
            for log in receipt["logs"]:
                for part in (log["address"], *log["topics"]):
                    bloom.add(bytes.fromhex(part[2:]))
            receipt["logsBloom"] = "0x" + f"{int(bloom):0512x}"
        return receipt

    def _take(self, params: list[Any]) -> str:
        raw = bytes.fromhex(params[0][2:])
        fields = rlp.decode(raw[1:])
        from eth_account import Account

        sender = Account.recover_transaction(raw).lower()
        with self._lock:
            nonce, tip = (int.from_bytes(fields[place], "big") for place in (1, 2))
            self._waiting.append((-tip, nonce, sender, raw))
        return "0x" + keccak(raw).hex()


def _matches(topics: Sequence[str], wanted: Sequence[str | Sequence[str] | None]) -> bool:
    if len(topics) < len(wanted):
        return False
    return all(
        want is None or topic in ([want] if isinstance(want, str) else want)
        for topic, want in zip(topics, wanted, strict=False)
    )


def _json(value: Any, key: str = "") -> Any:
    """Python values of web3 and eth-tester as JSON-RPC writes them."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return "0x" + value[2:].rjust(512, "0") if key == "logsBloom" else value
    if isinstance(value, int):
        return _json(hex(value), key) if key == "logsBloom" else hex(value)
    if isinstance(value, (bytes, HexBytes)):
        return "0x" + bytes(value).hex()
    if isinstance(value, Mapping):
        # eth-tester writes parts of a block with underscores, and calls a transaction's input "data"
        renamed = {"data": "input"} if "nonce" in value and "gas" in value else {}
        named = {_camel(str(renamed.get(name, name))): item for name, item in value.items()}
        return {name: _json(item, name) for name, item in named.items()}
    return [_json(item) for item in value]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
