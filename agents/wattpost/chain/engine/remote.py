"""Any node by its address: it mines by itself, funds nobody, and keeps running when we leave."""

from __future__ import annotations

import time
from collections.abc import Iterable

from wattpost.chain.engine.base import ETHER, Engine, EngineError, Pending
from wattpost.chain.rpc import NodeRefused, Rpc, RpcError

BLOCK_TIMEOUT = 300.0
POLL = 0.25


class Remote(Engine):
    name = "rpc"
    is_test = False

    def __init__(self, url: str, *, chain_id: int | None = None, block_timeout: float = BLOCK_TIMEOUT) -> None:
        try:
            self.rpc = Rpc(url)
            found = self.rpc.chain_id()
        except (RpcError, ValueError) as error:
            raise EngineError(str(error)) from None
        if chain_id is not None and found != chain_id:
            self.rpc.close()
            raise EngineError(f"The node at {self.rpc.place} runs chain {found}, and {chain_id} was expected.")
        self.url, self.chain_id, self._block_timeout = url, found, block_timeout

    def close(self) -> None:
        self.rpc.close()

    def mine(self, timestamp: int | None = None) -> int:
        start, _ = self.head()
        until = time.monotonic() + self._block_timeout
        while True:
            number, now = self.head()
            if (now >= timestamp) if timestamp is not None else (number > start):
                return number
            if time.monotonic() > until:
                raise EngineError(f"The node at {self.rpc.place} made no such block in {self._block_timeout:g} s.")
            time.sleep(POLL)

    def pending(self) -> Pending:
        """Counts only: nodes show senders, if at all, each in its own way. `waiting` asks by address."""
        try:
            status = self.rpc.call("txpool_status")
        except NodeRefused:
            raise EngineError(f"The node at {self.rpc.place} does not tell what waits: ask by address.") from None
        return Pending(int(str(status["pending"]), 0), int(str(status["queued"]), 0))

    def fund(self, addresses: Iterable[str], wei: int = 1_000 * ETHER) -> None:
        raise EngineError(f"Nobody can fund accounts on {self.rpc.place}: send ether to the agents for their gas.")
