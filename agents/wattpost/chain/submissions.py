"""What was submitted on a day, as anyone can read it: direct ones from events, relayed ones from transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from wattpost.chain.events import Event
from wattpost.chain.rpc import Rpc
from wattpost.chain.signed_bid import SignedBid, Terms, read_batch, signer

# What transactions carried, and who signed it, by hash and market: those who operate, meter, relay and trade in one
# process all ask.
_BATCHES: dict[tuple[str, str], list[tuple[str, SignedBid]]] = {}
MOST_BATCHES = 256


class Unfolding:
    """Reads on where it stopped: a day's places are counted from its first submission, however often one looks."""

    def __init__(self, rpc: Rpc, market: str, chain_id: int, words: int) -> None:
        self._rpc, self._market, self._chain_id, self._words = rpc, market, chain_id, words
        self._day = 0
        self._places: Counter[int] = Counter()  # submissions of the day by kind
        self._agents: dict[tuple[int, int], str] = {}  # of the day by kind and place

    def read(self, told: Sequence[Event]) -> list[Event]:
        """The events that come next, unfolded."""
        self._fetch({event.transaction for event in told if event.name == "Relayed"})
        skipped = {(event.transaction, event["place"]) for event in told if event.name == "Skipped"}
        found: list[Event] = []
        for event in told:
            if event.name == "Relayed":
                for place, (agent, bid) in enumerate(_BATCHES[event.transaction, self._market]):
                    if (event.transaction, place) not in skipped:
                        found.append(self._placed(_submitted(event, agent, bid)))
            else:
                found.append(self._placed(event))
        return found

    def _fetch(self, hashes: Collection[str]) -> None:
        """Read the batches in transactions, unless they were read before."""
        while len(_BATCHES) > MOST_BATCHES:
            del _BATCHES[next(iter(_BATCHES))]
        new = [each for each in hashes if (each, self._market) not in _BATCHES]
        asked = [("eth_getTransactionByHash", (each,)) for each in new]
        for each, transaction in zip(new, self._rpc.batch(asked) if asked else [], strict=True):
            terms = Terms(self._chain_id, self._market, transaction["from"].lower())
            domain = terms.domain
            bids = read_batch(bytes.fromhex(transaction["input"][2:]), self._words)
            _BATCHES[each, self._market] = [(signer(bid, terms, domain), bid) for bid in bids]

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


def _submitted(batch: Event, agent: str, bid: SignedBid) -> Event:
    values = {
        "agent": agent,
        "day": bid.day,
        "observed_gas": 0,
        "to_store": bid.to_store,
        "words": list(bid.words),
        "relayed": True,
    }
    return Event("Submitted", values, batch.block, batch.index, batch.transaction)
