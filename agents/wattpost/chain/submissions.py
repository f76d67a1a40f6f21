"""What was submitted on a day, as anyone can read it: direct submissions from events, relayed ones from transactions."""

from __future__ import annotations

from collections.abc import Sequence

from wattpost.chain.events import Event
from wattpost.chain.rpc import Rpc

HEAD = 4 + 3 * 32  # of a batch's call data, before its records
SIGNED = 3 * 32  # of a record, before its words


def unfold(rpc: Rpc, told: Sequence[Event]) -> list[Event]:
    """Events with every batch replaced by one `Submitted` an agent, as if it had come directly; order is kept."""
    batches = [event for event in told if event.name == "Relayed"]
    hashes = list(dict.fromkeys(event.transaction for event in batches))
    inputs = {
        raw["hash"]: bytes.fromhex(raw["input"][2:])
        for raw in rpc.batch(("eth_getTransactionByHash", (each,)) for each in hashes)
    }
    skipped: dict[str, set[int]] = {each: set() for each in hashes}
    for event in told:
        if event.name == "Skipped" and event.transaction in skipped:
            skipped[event.transaction].add(event["place"])
    records = {each: iter(_accepted(inputs[each], skipped[each])) for each in hashes}
    found: list[Event] = []
    for event in told:
        if event.name != "Relayed":
            found.append(event)
            continue
        for agent, (to_store, words) in zip(event["agents"], records[event.transaction], strict=False):
            values = {"day": event["day"], "agent": agent, "observed_gas": 0, "to_store": to_store, "words": words}
            found.append(Event("Submitted", values, event.block, event.index, event.transaction))
    return found


def _accepted(data: bytes, skipped: set[int]) -> list[tuple[int, list[int]]]:
    """kWh to store and words of the records of a batch that were not skipped."""
    _, kind, count = (int.from_bytes(data[at : at + 32], "big") for at in (4, 36, 68))
    size = (len(data) - HEAD - 864) // count
    found = []
    for place in range(count):
        if place not in skipped:
            words = [
                int.from_bytes(data[at : at + 32], "big")
                for at in range(HEAD + place * size + SIGNED - 32, HEAD + (place + 1) * size, 32)
            ]
            found.append((words[0] & 2**64 - 1, words[1:]))
    return found
