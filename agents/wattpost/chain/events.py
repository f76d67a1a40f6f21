"""Events of the market and its money, from log to named values.

The signatures repeat `contracts/interfaces/IMarket.vyi`, so that an agent need not read an ABI to start; a test holds
the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wattpost.chain import abi
from wattpost.chain.keccak import keccak
from wattpost.chain.wallet import Log

SIGNATURES = (
    "Transfer(address indexed sender,address indexed receiver,uint256 value)",
    "Approval(address indexed owner,address indexed spender,uint256 value)",
    "RegistrarOffered(address indexed registrar,address indexed successor)",
    "RegistrarChanged(address indexed former,address indexed registrar)",
    "ProfileSet(uint256 indexed profile,uint256[3] parts)",
    "StandardRegistered(address indexed agent,uint256 endowment)",
    "ProducerRegistered(address indexed agent,uint256 theta,uint256 c,uint256 capacity,uint256 profile)",
    "Deposited(address indexed account,uint256 money)",
    "Withdrawn(address indexed account,uint256 money)",
    "DayOpened(uint256 indexed day,uint256 opened,uint256 deadline)",
    "Submitted(uint256 indexed day,address indexed agent,uint256 observed_gas,uint256[] bids,uint256[] offers)",
    "PieceClosed(uint256 indexed day,uint256 indexed piece,uint256 kind,bytes32 prior,bytes32 end)",
    "DayClosed(uint256 indexed day,uint256 submissions,uint256 producers,uint256[13] bids,uint256[13] offers)",
    "PlantRun(uint256 indexed day,address indexed agent,uint256 inputs_bought,uint256 inputs_used,uint256 fraction)",
    "DayProduced(uint256 indexed day,uint256[13] delivered)",
    "Settled(uint256 indexed day,address indexed agent,uint256 energy,uint256 good,uint256 revenue,uint256 refund)",
    "DaySettled(uint256 indexed day,uint256 settled,uint256 dust_money,uint256 dust_energy,uint256 dust_good)",
    "Metered(uint256 indexed day,address indexed agent,"
    "uint256 gas_used,uint256 verification,uint256 consumed,uint256 arrears)",
    "DayMetered(uint256 indexed day,uint256 share,uint256 carried,uint256 charged,bool silent)",
)


@dataclass(frozen=True, slots=True)
class Event:
    """What a contract said: `event["bids"]` and so on, with the place where it said it."""

    name: str
    values: dict[str, Any]
    block: int
    index: int

    def __getitem__(self, field: str) -> Any:
        return self.values[field]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    topic: bytes
    indexed: tuple[tuple[str, str], ...]  # type, field
    data: tuple[tuple[str, str], ...]


def _parse(signature: str) -> _Kind:
    name, _, rest = signature.rstrip(")").partition("(")
    indexed: list[tuple[str, str]] = []
    data: list[tuple[str, str]] = []
    types = []
    for part in rest.split(","):
        kind, *mark, field = part.split()
        types.append(kind)
        (indexed if mark else data).append((kind, field))
    return _Kind(name, keccak(f"{name}({','.join(types)})".encode()), tuple(indexed), tuple(data))


_KINDS = {kind.topic: kind for kind in map(_parse, SIGNATURES)}
TOPICS = {kind.name: kind.topic for kind in _KINDS.values()}


def topic(name: str) -> str:
    """An event's first topic, as a filter of logs takes it.

    >>> topic("Transfer")[:10]
    '0xddf252ad'
    """
    return "0x" + TOPICS[name].hex()


def read(log: Log) -> Event | None:
    """The event in a log, or None when it is not one of ours."""
    kind = _KINDS.get(log.topics[0]) if log.topics else None
    if kind is None:
        return None
    values: dict[str, Any] = {}
    for (type_, field), word in zip(kind.indexed, log.topics[1:], strict=True):
        values[field] = abi.decode([type_], word)[0]
    decoded = abi.decode([type_ for type_, _ in kind.data], log.data)
    values.update(zip((field for _, field in kind.data), decoded, strict=True))
    return Event(kind.name, values, log.block, log.index)
