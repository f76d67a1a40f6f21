"""Events that the rules call for against logs that were found; of every event that differs, the first field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wattpost.audit.events import SHAPES, Field, Shape, Value, decode, shown
from wattpost.audit.raw import Log, hex_address
from wattpost.audit.submissions import OBJECTIONS, UNSIGNED

# Whose rule it is when a field of an event differs; "" stands for every other field.
FIELD_RULES: dict[str, dict[str, str]] = {
    "Transfer": {"": "money.transfer"},
    "Approval": {"": "money.allowance"},
    "Deposited": {"": "money.deposit"},
    "Withdrawn": {"": "money.withdrawal"},
    "RegistrarOffered": {"": "register.role"},
    "RegistrarChanged": {"": "register.role"},
    "ProfileSet": {"": "register.profile"},
    "StandardRegistered": {"": "register.bounds"},
    "ProducerRegistered": {"": "register.bounds"},
    "DayOpened": {"": "day.open"},
    "Submitted": {"": "submission.recorded", "observed_gas": "submission.observed-gas"},
    "Relayed": {"": "batch.count"},
    "Skipped": {"": "batch.skipped"},
    "PieceClosed": {"": "close.shown"},
    "DayClosed": {"": "close.totals"},
    "PlantRun": {"": "production.inputs", "fraction": "production.fraction"},
    "DayProduced": {"": "production.delivered"},
    "Settled": {
        "": "settlement.piece",
        "energy": "settlement.energy",
        "good": "settlement.good",
        "revenue": "settlement.revenue",
        "refund": "settlement.refund",
    },
    "DaySettled": {"": "settlement.dust", "settled": "day.order"},
    "Readings": {"": "energy.posted", "share": "energy.share", "relayed": "energy.relayed"},
    "DayMetered": {
        "": "energy.charged",
        "share": "energy.share",
        "relayed": "energy.relayed",
        "carried": "energy.carried",
    },
}
# Whose rule it is when one is missing or too many; elsewhere event.missing and event.unexpected.
PRESENCE_RULES = {
    "Transfer": "money.transfer",
    "Approval": "money.allowance",
    "Submitted": "submission.recorded",
    "Skipped": "batch.skipped",
    "Relayed": "batch.count",
    "PlantRun": "production.piece",
    "Settled": "settlement.piece",
    "DayClosed": "close.shown",
    "DayProduced": "production.piece",
    "DaySettled": "settlement.piece",
    "Readings": "energy.posted",
    "DayMetered": "energy.agent",
}
LANES = ("bids", "offers", "delivered")
OUTCOME = (("energy", 0, 60), ("good", 60, 64), ("revenue", 124, 64), ("refund", 188, 68))
OWNER = (("agent", 0, 160), ("to_store", 160, 64), ("observed_gas", 224, 32))


class Comparison(NamedTuple):
    rule: str
    field: str
    expected: int | str
    found: int | str
    agent: str | None


@dataclass(frozen=True, slots=True)
class Reader:
    """What it takes to read packed words: how many a submission's bids take, and whose stands at which place."""

    words: int
    agent_at: Callable[[int, int], int | None]


def compare(expected: Sequence[Log], found: Sequence[Log], reader: Reader) -> list[Comparison]:
    """Differences, in order; an event is told by its writer, its name and its indexed fields."""
    return [] if list(expected) == list(found) else list(_differences(expected, found, reader))


def _differences(expected: Sequence[Log], found: Sequence[Log], reader: Reader) -> Iterator[Comparison]:
    waiting, offered = Counter(map(_key, expected)), Counter(map(_key, found))
    i = j = 0
    while i < len(expected) or j < len(found):
        if i < len(expected) and not offered[_key(expected[i])]:
            yield _presence(expected[i], "event.missing")
            i += 1
        elif j < len(found) and not waiting[_key(found[j])]:
            yield _presence(found[j], "event.unexpected")
            j += 1
        elif i < len(expected) and j < len(found) and _key(expected[i]) == _key(found[j]):
            if expected[i].data != found[j].data:
                yield _difference(expected[i], found[j], reader)
            waiting[_key(expected[i])] -= 1
            offered[_key(found[j])] -= 1
            i, j = i + 1, j + 1
        else:
            want = _name(expected[i]) if i < len(expected) else "nothing"
            have = _name(found[j]) if j < len(found) else "nothing"
            yield Comparison("event.wrong", "order of events", want, have, None)
            return


def _key(log: Log) -> tuple[int, tuple[int, ...]]:
    return log.address, log.topics


def _name(log: Log) -> str:
    decoded = decode(log)
    if decoded is None:
        return f"an unknown event of {hex_address(log.address)}"
    shape, values = decoded
    pairs = [pair for pair in zip(shape.fields, values, strict=True) if pair[0].indexed or shape.name == "Skipped"]
    return f"{shape.name}({', '.join(f'{f.name}={shown(f.kind, v)}' for f, v in pairs)})"


def _agent(shape: Shape, values: Sequence[Value]) -> str | None:
    for field, value in zip(shape.fields, values, strict=True):
        if field.name in ("agent", "account") and isinstance(value, int):
            return hex_address(value)
    return None


def _presence(log: Log, otherwise: str) -> Comparison:
    decoded = decode(log)
    name = decoded[0].name if decoded else ""
    rule = PRESENCE_RULES.get(name, otherwise)
    missing = otherwise == "event.missing"
    if name == "Skipped" and missing and decoded:  # a bid was taken in against a rule
        reason = shown("string", decoded[1][-1])
        rule = "batch.signature" if reason == UNSIGNED else OBJECTIONS.get(str(reason), rule)
    told = _name(log)
    agent = _agent(*decoded) if decoded else None
    return Comparison(rule, name or "event", told if missing else "none", "none" if missing else told, agent)


def _difference(expected: Log, found: Log, reader: Reader) -> Comparison:
    ours, theirs = decode(expected), decode(found)
    if ours is None or theirs is None:
        return Comparison("event.wrong", "data", expected.data.hex(), found.data.hex(), None)
    shape, values = ours
    agent = _agent(shape, values)
    for field, want, have in zip(shape.fields, values, theirs[1], strict=True):
        if want != have:
            part, label, one, two = _first_part(field, want, have, reader)
            rules = FIELD_RULES[shape.name]
            rule = rules.get(part) or rules.get("", "event.wrong")
            if shape.name == "Settled":
                agent = _settled_agent(values, field, want, have, reader)
            return Comparison(rule, f"{shape.name}.{label}", one, two, agent)
    return Comparison("event.wrong", f"{shape.name} encoding", expected.data.hex(), found.data.hex(), agent)


def _first_part(field: Field, want: Value, have: Value, reader: Reader) -> tuple[str, str, int | str, int | str]:
    """Of packed words, the first part that differs: its name, a label, and its two amounts."""
    if isinstance(want, int) and isinstance(have, int):
        parts = OWNER if field.name == "owner" else ()
        return _packed(parts, want, have) or (field.name, field.name, shown(field.kind, want), shown(field.kind, have))
    if not isinstance(want, int) and not isinstance(have, int) and len(want) == len(have):
        for index, (one, two) in enumerate(zip(want, have, strict=True)):
            if one == two:
                continue
            if field.name == "outcomes":
                found = _packed(OUTCOME, one, two)
                if found:
                    return found
            if field.name in LANES or field.name == "words":
                return _lane(field.name, index, one, two, reader)
    return field.name, field.name, shown(field.kind, want), shown(field.kind, have)


def _packed(
    parts: Sequence[tuple[str, int, int]], want: int, have: int
) -> tuple[str, str, int | str, int | str] | None:
    for name, start, size in parts:
        a, b = want >> start & 2**size - 1, have >> start & 2**size - 1
        if a != b:
            return name, name, *((hex_address(a), hex_address(b)) if name == "agent" else (a, b))
    return None


def _lane(name: str, index: int, want: int, have: int, reader: Reader) -> tuple[str, str, int | str, int | str]:
    """Where words of lanes differ, the post and its two amounts."""
    if name == "words":
        name, index = ("offers", index - reader.words) if index >= reader.words else ("bids", index)
    lane = next(lane for lane in range(4) if (want ^ have) >> 64 * lane & 2**64 - 1)
    a, b = (word >> 64 * lane & 2**64 - 1 for word in (want, have))
    return name, f"{name} on post {4 * index + lane}", a, b


def _settled_agent(values: Sequence[Value], field: Field, want: Value, have: Value, reader: Reader) -> str | None:
    kind, first = values[1], values[2]
    if field.name != "outcomes" or isinstance(want, int) or isinstance(have, int):
        return None
    index = next((i for i, (one, two) in enumerate(zip(want, have, strict=False)) if one != two), None)
    if index is None or not isinstance(kind, int) or not isinstance(first, int):
        return None
    agent = reader.agent_at(kind, first + index)
    return None if agent is None else hex_address(agent)


assert FIELD_RULES.keys() == SHAPES.keys()
