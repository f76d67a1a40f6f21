"""The market, its registry and its money as Python sees them: call data to send, views and events to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wattpost.chain import abi, events
from wattpost.chain.deployment import Deployment
from wattpost.chain.events import Event
from wattpost.chain.rpc import Call, Rpc
from wattpost.chain.submissions import Unfolding
from wattpost.chain.wallet import read_log
from wattpost.spec.amounts import words_for

CALLS = (
    "approve(address,uint256)",
    "transfer(address,uint256)",
    "deposit(uint256)",
    "deposit_with_permit(uint256,uint256,uint8,bytes32,bytes32)",
    "withdraw(uint256)",
    "submit(uint256,uint256,bytes)",
    "relay(uint256,uint256,uint256)",
    "register_standard(address,uint256,uint256)",
    "register_producer(address,uint256,uint256,uint256,uint256,uint256)",
    "set_profile(uint256,uint256[3])",
    "meter(uint256,uint256,uint256,uint256,uint256[],bool)",
    "open()",
    "clear(uint256,uint256,uint256)",
    "close(uint256,uint256,bytes32,uint256)",
    "produce(uint256,uint256,bytes32,uint256)",
    "settle(uint256,uint256,uint256,bytes32,uint256)",
    "end_unmetered(uint256)",
)
VIEWS = {
    "balanceOf(address)": ["uint256"],
    "nonces(address)": ["uint256"],
    "rules()": ["(address,address,uint256,uint256,uint256,uint256,uint256,uint256,address,address)"],
    "today()": ["(uint256,uint256,bool,uint256,uint256,uint256,uint256,uint256,uint256)"],
    "account_of(address)": ["(uint256,uint256,uint256,uint256,uint256,uint256,bool,bool,bool)"],
    "balance_of(address)": ["int256"],
    "owed()": ["uint256"],
    "heads()": ["(bytes32,bytes32)"],
}
REGISTRATIONS = ("StandardRegistered", "ProducerRegistered")
MOVES_THE_DAY = frozenset({"open", "clear", "close", "produce", "settle", "meter", "end_unmetered"})

_SELECTORS = {text.partition("(")[0]: (abi.selector(text), abi.members(text[text.index("(") :])) for text in CALLS}
_NAMES = {selector: name for name, (selector, _) in _SELECTORS.items()}
_VIEWS = {
    text.partition("(")[0]: (abi.selector(text), abi.members(text[text.index("(") :]), result)
    for text, result in VIEWS.items()
}


def call(name: str, *arguments: Any) -> bytes:
    """Call data.

    >>> call("open").hex()
    'fcfff16f'
    """
    selector, types = _SELECTORS[name]
    return selector + abi.encode(types, arguments)


def name_of(data: bytes) -> str | None:
    """Which call the data makes, if it is one of the market's."""
    return _NAMES.get(data[:4])


@dataclass(frozen=True, slots=True)
class Rules:
    """Fixed at deployment; seconds, and 10^-18 kWh per gas."""

    bytecoin: str
    registry: str
    periods: int
    window: int
    patience: int
    kappa: int
    efficiency: int  # of stores, 18 decimals; zero where verification is paid from the purchase
    first_gas: int  # what a store must cover before an agent's first metered day
    meter: str
    dust_account: str


@dataclass(frozen=True, slots=True)
class Today:
    """The day and what it waits for; phases as in `wattpost.spec.Phase`."""

    number: int
    phase: int
    begun: bool
    opened: int
    settled: int
    submissions: int
    left: int
    pieces: int
    books: int


@dataclass(frozen=True, slots=True)
class Account:
    """Money with 18 decimals, kWh bought and not yet charged in 10^-9, and the state of the last submission."""

    money: int
    energy: int
    day: int
    observed_gas: int  # zero if it was relayed
    place: int  # among the submissions of its kind on its day, 0 for the first
    endowment: int
    is_producer: bool
    has_balance: bool
    submitted: bool  # today, and not yet settled


class Market:
    """One deployed market, read through one node."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self.rpc = rpc
        self.chain_id = deployment.chain_id
        self.address = deployment.address("Market")
        self.bytecoin = deployment.address("Bytecoin")
        self.registry = deployment.address("Registry")
        self.first_block = deployment.contracts["Market"].block

    def rules(self) -> Rules:
        return Rules(*self._view("rules"))

    def today(self) -> Today:
        return Today(*self._view("today"))

    def account(self, owner: str) -> Account:
        return Account(*self._view("account_of", owner))

    def heads(self) -> tuple[bytes, bytes]:
        """The chains of standard agents' and producers' submissions that are still to be shown."""
        standard, producers = self._view("heads")
        return standard, producers

    def owed(self) -> int:
        return int(self._view("owed"))

    def accounts(self, owners: Sequence[str]) -> list[Account]:
        """Many accounts in one request."""
        return [Account(*value) for value in self._views("account_of", owners)]

    def balances(self, owners: Sequence[str]) -> list[int]:
        """kWh stored (or, below zero, owed) by many agents, all finished days charged, 18 decimals."""
        return [int(value) for value in self._views("balance_of", owners)]

    def balance(self, owner: str) -> int:
        """Bytecoin outside the market."""
        return int(self._view("balanceOf", owner, at=self.bytecoin))

    def purses(self, owners: Sequence[str]) -> list[tuple[int, int]]:
        """Of many owners: bytecoin outside the market, and the number of the next permit."""
        money = self._views("balanceOf", owners, at=self.bytecoin)
        return list(zip(money, self._views("nonces", owners, at=self.bytecoin), strict=True))

    def log_filter(self, since: int, until: int, topics: Sequence[object] = ()) -> Call:
        """A request for the market's and its registry's logs in a range of blocks, both ends included."""
        wanted = {
            "address": [self.address, self.registry],
            "fromBlock": hex(since),
            "toBlock": hex(until),
            "topics": list(topics),
        }
        return "eth_getLogs", (wanted,)

    def events(self, since: int, until: int, *names: str) -> list[Event]:
        """What the market said in a range of blocks, in order; of the named events only, if any are named.

        Batches are unfolded: each bid that one carried is a `Submitted` event.
        """
        if "Submitted" in names:
            names = (*names, "Relayed", "Skipped")
        topics = [[events.topic(name) for name in names]] if names else []
        return self.told(self.rpc.call(*_unpacked(self.log_filter(since, until, topics))))

    def told(self, raw: Iterable[dict[str, Any]]) -> list[Event]:
        """The market's and its registry's events among a node's logs, in order, batches unfolded."""
        return self.unfolding().read(self.own_events(raw))

    def own_events(self, raw: Iterable[dict[str, Any]]) -> list[Event]:
        """The market's and its registry's events among a node's logs, in order, batches still folded."""
        return read_events(log for log in raw if log["address"].lower() in (self.address, self.registry))

    def unfolding(self) -> Unfolding:
        """What unfolds events for somebody who looks again and again."""
        return Unfolding(self.rpc, self.address, self.chain_id, words_for(self.periods))

    @cached_property
    def periods(self) -> int:
        """Delivery periods a day."""
        return self.rules().periods

    def _view(self, name: str, *arguments: Any, at: str | None = None) -> Any:
        selector, types, result = _VIEWS[name]
        return abi.decode(result, self.rpc.view(at or self.address, selector + abi.encode(types, arguments)))[0]

    def _views(self, name: str, owners: Sequence[str], at: str | None = None) -> list[Any]:
        selector, types, result = _VIEWS[name]
        calls = [
            (
                "eth_call",
                ({"to": at or self.address, "data": "0x" + (selector + abi.encode(types, [owner])).hex()}, "latest"),
            )
            for owner in owners
        ]
        return [abi.decode(result, bytes.fromhex(answer[2:]))[0] for answer in self.rpc.batch(calls)]


def read_events(raw: Iterable[dict[str, Any]]) -> list[Event]:
    """Events from a node's answer to a request for logs, in the order of the chain."""
    found = [event for log in raw for event in events.read(read_log(log))]
    return sorted(found, key=lambda event: (event.block, event.index))


def _unpacked(request: Call) -> tuple[Any, ...]:
    method, parameters = request
    return method, *parameters
