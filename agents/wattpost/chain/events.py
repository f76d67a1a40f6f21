"""Events of the market and its money, from log to named values.

The signatures repeat `contracts/interfaces/`, so that an agent need not read an ABI to start; a test holds the two
against each other. `Submitted` is read with the words that follow its declared data, and `Settled` as one event for
each submission that it tells of, with its kind and place and its energy, good, revenue and refund.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wattpost.chain import abi
from wattpost.chain.keccak import keccak
from wattpost.chain.wallet import Log
from wattpost.spec.amounts import MAX_AMOUNT

SIGNATURES = (
    "Transfer(address indexed sender,address indexed receiver,uint256 value)",
    "Approval(address indexed owner,address indexed spender,uint256 value)",
    "RegistrarOffered(address indexed registrar,address indexed successor)",
    "RegistrarChanged(address indexed former,address indexed registrar)",
    "ProfileSet(uint256 indexed profile,uint256[3] parts)",
    "StandardRegistered(address indexed agent,uint256 endowment,uint256 store)",
    "ProducerRegistered(address indexed agent,uint256 theta,uint256 c,uint256 capacity,uint256 profile,uint256 store)",
    "Deposited(address indexed account,uint256 money)",
    "Withdrawn(address indexed account,uint256 money)",
    "DayOpened(uint256 indexed day,uint256 opened,uint256 deadline)",
    "Submitted(uint256 indexed day,bytes32 owner)",
    "Relayed(uint256 indexed day,uint256 standard,uint256 producers)",
    "Skipped(uint256 indexed day,address indexed agent,uint256 place,string reason)",
    "PieceClosed(uint256 indexed day,uint256 indexed piece,uint256 kind,bytes32 prior,bytes32 end)",
    "DayClosed(uint256 indexed day,uint256 submissions,uint256 producers,uint256[13] bids,uint256[13] offers)",
    "PlantRun(uint256 indexed day,address indexed agent,uint256 inputs_bought,uint256 inputs_used,uint256 fraction)",
    "DayProduced(uint256 indexed day,uint256[13] delivered)",
    "Settled(uint256 indexed day,uint256 kind,uint256 first,uint256[] outcomes)",
    "DaySettled(uint256 indexed day,uint256 settled,uint256 dust_money,uint256 dust_energy,uint256 dust_good)",
    "Readings(uint256 indexed day,uint256 share,uint256 relayed,uint256[] readings)",
    "DayMetered(uint256 indexed day,uint256 share,uint256 relayed,uint256 carried,bool silent)",
)


@dataclass(frozen=True, slots=True)
class Event:
    """What a contract said: `event["bids"]` and so on, with the place where it said it."""

    name: str
    values: dict[str, Any]
    block: int
    index: int
    transaction: str = ""

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


def read(log: Log) -> list[Event]:
    """The events in a log, one a submission where it tells of many; none when it is not one of ours."""
    kind = _KINDS.get(log.topics[0]) if log.topics else None
    if kind is None:
        return []
    values: dict[str, Any] = {}
    for (type_, field), word in zip(kind.indexed, log.topics[1:], strict=True):
        values[field] = abi.decode([type_], word)[0]
    decoded = abi.decode([type_ for type_, _ in kind.data], log.data)
    values.update(zip((field for _, field in kind.data), decoded, strict=True))
    many = [values]
    if kind.name == "Settled":
        many = [
            {"day": values["day"], "kind": values["kind"], "place": values["first"] + place} | _outcome(word)
            for place, word in enumerate(values["outcomes"])
        ]
    elif kind.name == "Submitted":
        owner = int.from_bytes(values.pop("owner"), "big")
        values["agent"] = f"0x{owner & 2**160 - 1:040x}"
        values["to_store"], values["observed_gas"] = owner >> 160 & MAX_AMOUNT, owner >> 224
        values["words"] = [int.from_bytes(log.data[at : at + 32], "big") for at in range(32, len(log.data), 32)]
    return [Event(kind.name, each, log.block, log.index, log.transaction) for each in many]


def _outcome(word: int) -> dict[str, int]:
    return {
        "energy": word & 2**60 - 1,
        "good": word >> 60 & MAX_AMOUNT,
        "revenue": word >> 124 & MAX_AMOUNT,
        "refund": word >> 188,
    }
