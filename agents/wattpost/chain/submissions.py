"""What was submitted on a day, as anyone can read it: direct submissions from events, relayed ones from transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from wattpost.chain.events import Event
from wattpost.chain.rpc import Rpc
from wattpost.chain.signed_bid import SignedBid, Terms, read_batch, signer


def unfold(rpc: Rpc, told: Sequence[Event], market: str, chain_id: int, words: int) -> list[Event]:
    """Events, with `Relayed` replaced by one `Submitted` for each bid of the batch, as if that had come directly.

    Each `Submitted` then says whether it was `relayed`, and its `kind` and `place` among the day's of its kind. Each
    `Settled` names its `agent`, if the day's submissions are among the events.

    words : that the bids of one submission take
    """
    hashes = list(dict.fromkeys(event.transaction for event in told if event.name == "Relayed"))
    sent = dict(zip(hashes, rpc.batch(("eth_getTransactionByHash", (each,)) for each in hashes), strict=True))
    skipped = {(event.transaction, event["place"]) for event in told if event.name == "Skipped"}
    found: list[Event] = []
    places: Counter[tuple[int, int]] = Counter()  # submissions by day and kind
    agents: dict[tuple[int, int, int], str] = {}  # by day, kind and place
    for event in told:
        if event.name == "Relayed":
            terms = Terms(chain_id, market, sent[event.transaction]["from"].lower())
            bids = read_batch(bytes.fromhex(sent[event.transaction]["input"][2:]), words)
            taken = (bid for place, bid in enumerate(bids) if (event.transaction, place) not in skipped)
            news = list(_submitted(event, taken, terms))
        else:
            news = [event]
        for each in news:
            values = each.values
            if each.name == "Submitted":
                values.setdefault("relayed", False)
                values["kind"] = len(values["words"]) // words
                values["place"] = places[values["day"], values["kind"]]
                places[values["day"], values["kind"]] += 1
                agents[values["day"], values["kind"], values["place"]] = values["agent"]
            elif each.name == "Settled":
                values["agent"] = agents.get((values["day"], values["kind"], values["place"]), "")
        found += news
    return found


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
