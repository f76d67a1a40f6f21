"""A chain in this process that runs the very bytecode a deployment would, one call to a transaction.

titanoboa's engine is used below its contract classes: refusals are cheap, and code comes from the compile cache.
Gas is counted as on a real chain, short of refunds: storage starts cold, originals are as of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from boa.environment import Env
from eth_abi import decode, encode
from eth_utils import keccak, to_checksum_address

from wattpost.chain.compile import Artifact
from wattpost.chain.keys import Key

ERROR_STRING = bytes.fromhex("08c379a0")
START = 1_700_000_000  # a timestamp unlike any count of days


class Reverted(Exception):
    """A call that was refused. `reason` is the text of `Error(string)`, empty where there is none."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reason = decode(["string"], data[4:])[0] if data[:4] == ERROR_STRING else ""
        super().__init__(self.reason or f"0x{data.hex()}")


@dataclass(frozen=True, slots=True)
class Event:
    """One log entry; the arguments by name."""

    emitter: str
    name: str
    args: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.args[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a successful call left behind."""

    value: Any
    events: tuple[Event, ...]
    gas: int

    def only(self, name: str) -> Event:
        """The one event of that name."""
        (event,) = self.all(name)
        return event

    def all(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]


@cache
def key_of(name: str) -> Key:
    """The key that a role keeps in every test."""
    return Key(keccak(text=f"key of {name}"), test_key=True)


@cache
def role(name: str) -> str:
    """The address of a role's key."""
    address = to_checksum_address(key_of(name).address)
    NAMES[address] = name
    return address


NAMES: dict[str, str] = {}  # of roles, by address


NOBODY = "0x" + 40 * "0"


def intrinsic_gas(data: bytes) -> int:
    """What a transaction costs before its first instruction."""
    return 21_000 + 16 * len(data) - 12 * data.count(0)


def floor_gas(data: bytes) -> int:
    """What a transaction costs at least (EIP-7623)."""
    return 21_000 + 40 * len(data) - 30 * data.count(0)


# Logged in raw words, with those of the submission behind what is declared, and therefore in no ABI.
SUBMITTED = {
    "name": "Submitted",
    "inputs": [
        {"name": "day", "type": "uint256", "indexed": True},
        {"name": "owner", "type": "bytes32", "indexed": False},
    ],
}


class Evm:
    """A chain without blocks: a clock, contracts, and calls by whoever."""

    def __init__(self) -> None:
        self.env = Env(fast_mode_enabled=True)
        self.contracts: dict[str, Contract] = {}
        self.listeners: list[Callable[[tuple[Event, ...], bytes, str], tuple[Event, ...]]] = []
        self.env.evm.patch.gas_limit = 10**9
        self.now = START

    @property
    def now(self) -> int:
        return int(self.env.evm.patch.timestamp)

    @now.setter
    def now(self, timestamp: int) -> None:
        self.env.evm.patch.timestamp = timestamp

    def deploy(self, artifact: Artifact, *arguments: Any, by: str = role("deployer")) -> Contract:
        constructor = next((each for each in artifact.abi if each["type"] == "constructor"), {"inputs": []})
        data = encode([_type_of(each) for each in constructor["inputs"]], arguments)
        self._begin_transaction()
        address, computation = self.env.deploy(sender=by, bytecode=bytes.fromhex(artifact.bytecode) + data)
        if computation.is_error:
            raise Reverted(computation.output)
        contract = Contract(self, str(address), artifact.name, artifact.abi)
        self.contracts[contract.address] = contract
        return contract

    def send(
        self, to: str, data: bytes, *, by: str, value: int = 0, static: bool = False, gas: int | None = None
    ) -> tuple[bytes, tuple[Event, ...], int]:
        """One transaction with raw calldata: what it returned, logged and used."""
        self._begin_transaction()
        computation = self.env.execute_code(
            to_address=to, sender=by, data=data, value=value, is_modifying=not static, gas=gas
        )
        if computation.is_error:
            raise Reverted(computation.output)
        events = tuple(
            self.contracts[to_checksum_address(address)].read_log(topics, logged)
            for address, topics, logged in computation.get_log_entries()
            if to_checksum_address(address) in self.contracts
        )
        for listener in () if static else self.listeners:
            events = listener(events, data, by)
        return computation.output, events, max(computation.get_gas_used() + intrinsic_gas(data), floor_gas(data))

    def _begin_transaction(self) -> None:
        state = self.env.evm.vm.state
        state.lock_changes()
        state._account_db._reset_access_counters()
        self.env.sha3_trace.clear()
        self.env.sstore_trace.clear()

    def storage(self, contract: Contract, slot: int) -> int:
        return int(self.env.get_storage(contract.address, slot))

    def set_storage(self, contract: Contract, slot: int, value: int) -> None:
        self.env.set_storage(contract.address, slot, value)


class Contract:
    """A deployed contract. Views return what they return, other functions a `Receipt`; refusals raise `Reverted`."""

    def __init__(self, evm: Evm, address: str, name: str, abi: Sequence[dict[str, Any]]) -> None:
        self.evm, self.address, self.title, self.abi = evm, to_checksum_address(address), name, abi

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.abi if each["type"] == "function"}

    @cached_property
    def _events(self) -> dict[bytes, dict[str, Any]]:
        events = [SUBMITTED, *(each for each in self.abi if each["type"] == "event")]
        return {keccak(text=_signature(each)): each for each in events}

    def send(self, data: bytes, *, by: str = role("stranger"), gas: int | None = None) -> Receipt:
        """A call with raw call data."""
        return Receipt(*self.evm.send(self.address, data, by=by, gas=gas))

    def calldata(self, function: str, *arguments: Any) -> bytes:
        entry = self.functions[function]
        return keccak(text=_signature(entry))[:4] + encode([_type_of(each) for each in entry["inputs"]], arguments)

    def __getattr__(self, function: str) -> Callable[..., Any]:
        entry = self.__dict__.get("functions") or self.functions
        if function not in entry:
            raise AttributeError(f"{self.title} has no function {function}")
        abi = entry[function]
        static = abi["stateMutability"] in ("view", "pure")
        selector = keccak(text=_signature(abi))[:4]
        inputs = [_type_of(each) for each in abi["inputs"]]
        outputs = [_type_of(each) for each in abi["outputs"]]

        def call(*arguments: Any, by: str = role("stranger"), gas: int | None = None) -> Any:
            data = selector + encode(inputs, arguments)
            output, events, used = self.evm.send(self.address, data, by=by, static=static, gas=gas)
            if outputs == ["bytes"] and not static:  # only characters that answer in raw bytes say so
                return Receipt(output, events, used)
            values = decode(outputs, output)
            value = values[0] if len(values) == 1 else values
            value = _name_fields(abi["outputs"][0], value) if len(values) == 1 else value
            return value if static else Receipt(value, events, used)

        self.__dict__[function] = call
        return call

    def read_log(self, topics: Sequence[int], data: bytes) -> Event:
        entry = self._events[int(topics[0]).to_bytes(32, "big")]
        indexed = [each for each in entry["inputs"] if each["indexed"]]
        plain = [each for each in entry["inputs"] if not each["indexed"]]
        values = dict(
            zip([each["name"] for each in plain], decode([_type_of(each) for each in plain], data), strict=True)
        )
        for each, topic in zip(indexed, topics[1:], strict=True):
            (values[each["name"]],) = decode([_type_of(each)], int(topic).to_bytes(32, "big"))
        for name, value in values.items():
            if isinstance(value, str) and value.startswith("0x"):
                values[name] = to_checksum_address(value)
        if "owner" in values and entry["name"] == "Submitted":
            values["words"] = tuple(int.from_bytes(data[at : at + 32], "big") for at in range(32, len(data), 32))
        return Event(self.address, entry["name"], values)


class Fields(tuple[Any, ...]):
    """A struct: a tuple whose places have names."""

    names: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        try:
            return self[self.names.index(name)]
        except ValueError:
            raise AttributeError(name) from None


def _name_fields(entry: dict[str, Any], value: Any) -> Any:
    if entry["type"] == "address":
        return to_checksum_address(value)
    if entry["type"] != "tuple":
        return value
    fields = Fields(value)
    fields.names = tuple(each["name"] for each in entry["components"])
    return fields


def _type_of(entry: dict[str, Any]) -> str:
    if entry["type"].startswith("tuple"):
        return "(" + ",".join(map(_type_of, entry["components"])) + ")" + entry["type"][5:]
    return str(entry["type"])


def _signature(entry: dict[str, Any]) -> str:
    return entry["name"] + "(" + ",".join(map(_type_of, entry["inputs"])) + ")"
