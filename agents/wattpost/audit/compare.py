"""Events that the rules call for against logs that were found; of every event that differs, the first field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wattpost.audit.events import SHAPES, Field, Shape, Value, decode, shown
from wattpost.audit.raw import Log, hex_address

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
    "Submitted": {"": "submission.recorded"},
    "PieceClosed": {"": "close.shown"},
    "DayClosed": {"": "close.totals"},
    "PlantRun": {"": "production.inputs", "fraction": "production.fraction"},
    "DayProduced": {"": "production.delivered"},
    "Settled": {
        "energy": "settlement.energy",
        "good": "settlement.good",
        "revenue": "settlement.revenue",
        "refund": "settlement.refund",
    },
    "DaySettled": {"": "settlement.dust", "settled": "day.order"},
    "Metered": {
        "gas_used": "energy.gas",
        "verification": "energy.charge",
        "consumed": "energy.consumed",
        "arrears": "energy.arrears",
    },
    "DayMetered": {"": "energy.charged", "share": "energy.share", "carried": "energy.carried"},
}
# Whose rule it is when one is missing or too many; elsewhere event.missing and event.unexpected.
PRESENCE_RULES = {
    "Transfer": "money.transfer",
    "Approval": "money.allowance",
    "Submitted": "submission.recorded",
    "PlantRun": "production.piece",
    "Settled": "settlement.piece",
    "Metered": "energy.agent",
    "DayClosed": "close.shown",
    "DayProduced": "production.piece",
    "DaySettled": "settlement.piece",
    "DayMetered": "energy.agent",
}
LANES = ("bids", "offers", "delivered")


class Comparison(NamedTuple):
    rule: str
    field: str
    expected: int | str
    found: int | str
    agent: str | None


def compare(expected: Sequence[Log], found: Sequence[Log]) -> Iterator[Comparison]:
    """Differences, in order; an event is told by its writer, its name and its indexed fields."""
    if list(expected) == list(found):
        return
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
                yield _difference(expected[i], found[j])
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
    pairs = zip(shape.fields, values, strict=True)
    return f"{shape.name}({', '.join(f'{f.name}={shown(f.kind, v)}' for f, v in pairs if f.indexed)})"


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
    told = _name(log)
    agent = _agent(*decoded) if decoded else None
    return Comparison(rule, name or "event", told if missing else "none", "none" if missing else told, agent)


def _difference(expected: Log, found: Log) -> Comparison:
    ours, theirs = decode(expected), decode(found)
    if ours is None or theirs is None:
        return Comparison("event.wrong", "data", expected.data.hex(), found.data.hex(), None)
    shape, values = ours
    agent = _agent(shape, values)
    for field, want, have in zip(shape.fields, values, theirs[1], strict=True):
        if want != have:
            name, one, two = _first_lane(field, want, have)
            rules = FIELD_RULES[shape.name]
            rule = rules.get(field.name) or rules.get("", "event.wrong")
            return Comparison(rule, f"{shape.name}.{name}", one, two, agent)
    return Comparison("event.wrong", f"{shape.name} encoding", expected.data.hex(), found.data.hex(), agent)


def _first_lane(field: Field, want: Value, have: Value) -> tuple[str, int | str, int | str]:
    """Where words of lanes differ, the post and its two amounts."""
    if field.name in LANES and not isinstance(want, int) and not isinstance(have, int) and len(want) == len(have):
        for index, (one, two) in enumerate(zip(want, have, strict=True)):
            for lane in range(4):
                a, b = one >> 64 * lane & 2**64 - 1, two >> 64 * lane & 2**64 - 1
                if a != b:
                    return f"{field.name} on post {4 * index + lane}", a, b
    return field.name, shown(field.kind, want), shown(field.kind, have)


assert FIELD_RULES.keys() == SHAPES.keys()
