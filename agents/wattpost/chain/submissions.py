"""What was submitted on a day, as anyone can read it: direct submissions from events, relayed ones from transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from wattpost.chain.events import Event
from wattpost.chain.rpc import Rpc
from wattpost.chain.signed_bid import SignedBid, Terms, read_batch, signer


class Unfolding:
    """Reads on where it stopped: a day's places are counted from its first submission, however often one looks."""

    def __init__(self, rpc: Rpc, market: str, chain_id: int, words: int) -> None:
        self._rpc, self._market, self._chain_id, self._words = rpc, market, chain_id, words
        self._day = 0
        self._places: Counter[int] = Counter()  # submissions of the day by kind
        self._agents: dict[tuple[int, int], str] = {}  # of the day by kind and place

    def read(self, told: Sequence[Event]) -> list[Event]:
        """The events that come next, unfolded."""
        hashes = list(dict.fromkeys(event.transaction for event in told if event.name == "Relayed"))
        asked = [("eth_getTransactionByHash", (each,)) for each in hashes]
        sent = dict(zip(hashes, self._rpc.batch(asked) if asked else [], strict=True))
        skipped = {(event.transaction, event["place"]) for event in told if event.name == "Skipped"}
        found: list[Event] = []
        for event in told:
            if event.name == "Relayed":
                transaction = sent[event.transaction]
                terms = Terms(self._chain_id, self._market, transaction["from"].lower())
                bids = read_batch(bytes.fromhex(transaction["input"][2:]), self._words)
                taken = (bid for place, bid in enumerate(bids) if (event.transaction, place) not in skipped)
                for each in _submitted(event, taken, terms):
                    found.append(self._placed(each))
            else:
                found.append(self._placed(event))
        return found

    def _placed(self, event: Event) -> Event:
        values = event.values
        if event.name == "Submitted":
            if values["day"] != self._day:
                self._day, self._places, self._agents = values["day"], Counter(), {}
            values.setdefault("relayed", False)
            values["kind"] = len(values["words"]) // self._words
            values["place"] = self._places[values["kind"]]
            self._places[values["kind"]] += 1
            self._agents[values["kind"], values["place"]] = values["agent"]
        elif event.name == "Settled":
            known = values["day"] == self._day
            values["agent"] = self._agents.get((values["kind"], values["place"]), "") if known else ""
        return event


def unfold(rpc: Rpc, told: Sequence[Event], market: str, chain_id: int, words: int) -> list[Event]:
    """Events, with `Relayed` replaced by one `Submitted` for each bid of the batch, as if that had come directly.

    Each `Submitted` then says whether it was `relayed`, and its `kind` and `place` among the day's of its kind. Each
    `Settled` names its `agent`, if the day's submissions are among the events.

    words : that the bids of one submission take
    """
    return Unfolding(rpc, market, chain_id, words).read(told)


def _submitted(batch: Event, bids: Iterator[SignedBid], terms: Terms) -> Iterator[Event]:
    domain = terms.domain
    for bid in bids:
        values = {
            "agent": signer(bid, terms, domain),
            "day": bid.day,
            "observed_gas": 0,
            "to_store": bid.to_store,
            "words": list(bid.words),
            "relayed": True,
        }
        yield Event("Submitted", values, batch.block, batch.index, batch.transaction)
