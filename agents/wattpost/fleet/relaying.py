"""Between agents and their relayer: bids handed over as JSON-RPC, answered with a reason where one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

from wattpost.chain.engine.server import MethodError, Server
from wattpost.chain.rpc import Rpc, RpcError
from wattpost.chain.signed_bid import SignedBid

MOST = 500  # bids in one request


class Taker(Protocol):
    """Who takes bids; `address` is what agents sign for."""

    @property
    def address(self) -> str: ...
    def take(self, bids: Sequence[SignedBid]) -> list[str]:
        """For each an empty text, or why it is refused."""


class Desk:
    """A relayer as agents reach it."""

    def __init__(self, url: str, relayer: str = "", *, timeout: float = 10.0) -> None:
        self._rpc = Rpc(url, timeout=timeout)
        self.relayer = relayer or str(self._rpc.call("relayer_address"))

    def take(self, bids: Sequence[SignedBid]) -> list[str]:
        """Hand bids over; for each an empty text, or why it was refused.

        A relayer that does not answer may have taken them all the same: that refuses nothing, and the chain will tell.
        """
        answers: list[str] = []
        for first in range(0, len(bids), MOST):
            part = bids[first : first + MOST]
            records = [[bid.day, bid.kind, bid.record.hex()] for bid in part]
            try:
                said = self._rpc.call("relayer_take", records)
                answers += [str(each) for each in said] if len(said) == len(part) else [""] * len(part)
            except RpcError:
                answers += [""] * len(part)
        return answers


class DeskServer:
    """Serves a relayer on a loopback port, for as long as it is open."""

    def __init__(self, taker: Taker, port: int = 0) -> None:
        self._taker = taker
        self._server = Server({"relayer_address": lambda _: taker.address, "relayer_take": self._take}, port)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def _take(self, parameters: list[Any]) -> list[str]:
        try:
            bids = [SignedBid.read(int(day), int(kind), bytes.fromhex(record)) for day, kind, record in parameters[0]]
        except (ValueError, TypeError, IndexError) as error:
            raise MethodError(-32602, f"these are no signed bids: {error}") from None
        return self._taker.take(bids)

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
