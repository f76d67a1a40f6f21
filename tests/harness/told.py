"""What a market says, spelt out: who submitted what, directly or in a batch, and whose every settlement is."""

from __future__ import annotations

from collections import Counter
from typing import Any

from eth_utils import to_checksum_address

from tests.harness.evm import Event
from wattpost.chain.signed_bid import Terms, read_batch, signer

MAX_LANE = 2**64 - 1


class Told:
    """Reads one market's events in the order they come, with the call data of batches, as any outsider could.

    A batch becomes one `Submitted` for each bid that was accepted, and a `Settled` of many becomes one for each.
    """

    def __init__(self, market: str, words: int, chain_id: int) -> None:
        self.market, self.words, self.chain_id = market, words, chain_id
        self.places: Counter[tuple[int, int]] = Counter()  # submissions by day and kind
        self.agents: dict[tuple[int, int, int], str] = {}  # by day, kind and place

    def unfold(self, events: tuple[Event, ...], data: bytes, sender: str) -> tuple[Event, ...]:
        skipped = {event.place for event in events if event.name == "Skipped"}
        found: list[Event] = []
        for event in events:
            if event.emitter != self.market:
                found.append(event)
            elif event.name == "Submitted":
                found.append(self._submitted(event))
            elif event.name == "Relayed":
                found += [self._relayed(event, each) for each in self._batch(data, sender, skipped)] + [event]
            elif event.name == "Settled":
                found += [self._settled(event, number, word) for number, word in enumerate(event.outcomes)]
            else:
                found.append(event)
        return tuple(found)

    def _submitted(self, event: Event) -> Event:
        owner = int.from_bytes(event.owner, "big")
        agent = to_checksum_address((owner & 2**160 - 1).to_bytes(20, "big"))
        values = {"to_store": owner >> 160 & MAX_LANE, "observed_gas": owner >> 224, "relayed": False}
        return self._entered(event.day, agent, tuple(event.words), values)

    def _batch(self, data: bytes, sender: str, skipped: set[int]) -> list[tuple[str, tuple[int, ...], int]]:
        terms = Terms(self.chain_id, self.market, sender)
        return [
            (signer(bid, terms), bid.words, bid.to_store)
            for place, bid in enumerate(read_batch(data, self.words))
            if place not in skipped
        ]

    def _relayed(self, event: Event, bid: tuple[str, tuple[int, ...], int]) -> Event:
        agent, words, to_store = bid
        values = {"to_store": to_store, "observed_gas": 0, "relayed": True}
        return self._entered(event.day, to_checksum_address(agent), words, values)

    def _entered(self, day: int, agent: str, words: tuple[int, ...], values: dict[str, Any]) -> Event:
        kind = len(words) // self.words
        place = self.places[day, kind]
        self.places[day, kind] += 1
        self.agents[day, kind, place] = agent
        values |= {"day": day, "agent": agent, "kind": kind, "place": place, "words": words}
        values |= {"bids": words[: self.words], "offers": words[self.words :]}
        return Event(self.market, "Submitted", values)

    def _settled(self, event: Event, number: int, word: int) -> Event:
        place = event.first + number
        values = {
            "day": event.day,
            "kind": event.kind,
            "place": place,
            "agent": self.agents[event.day, event.kind, place],
            "energy": word & 2**60 - 1,
            "good": word >> 60 & MAX_LANE,
            "revenue": word >> 124 & MAX_LANE,
            "refund": word >> 188,
        }
        return Event(self.market, "Settled", values)
