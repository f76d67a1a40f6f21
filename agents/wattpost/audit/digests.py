"""The digests that a run's manifest names, computed again from the market as its calls make it.

Both are SHA-256 over compact JSON (`json.dumps(..., separators=(",", ":"))`, UTF-8), whole numbers in the chain's
units; agents stand in the order of their admission, under the names that the manifest's scenario gives them.

`state_digest`: one list, an entry for each agent:
`[name, money, consumed, balance, gas]` at the end of the chain: bytecoin in its account outside escrow (18 decimals);
kWh consumed on all days that are done, its purchases less what went into stores and what charges took (18 decimals);
`balance_of`, kWh stored or, below zero, owed (18 decimals); gas that it was charged for those days, shares included.

`market_digest`: the bytes of one list for each day that was opened, one behind the other,
`[day, bids, offers, delivered, submitted, outcomes]`: the posts' totals by lane (`[]` for a day that is not closed;
deliveries are zeros until production is over), `[name, bids, offers]` of each submission, offers zeros for standard
agents, and `[name, energy, good, revenue, refund]` of each that is settled; then the list of the agents' final money.
Nothing in it depends on gas, on stores or on who carried a bid.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattpost.audit.energy import charged, done
from wattpost.audit.state import Account, Phase, State


@dataclass(slots=True)
class Digests:
    """Follows a market; of the days only the present one is kept.

    names : of the agents, in the order of their admission
    """

    names: Sequence[str]
    state: State | None = None
    market: Any = field(default_factory=hashlib.sha256)

    def attach(self, state: State) -> None:
        """Be told of every day before the next one opens."""
        self.state = state
        state.before_open = self._end_day

    @property
    def agents(self) -> Sequence[int]:
        return self.state.agents if self.state else ()

    def finish(self) -> tuple[str, str]:
        """The state's and the market's digest, at the end of the chain.

        Raises ValueError where there are not as many names as agents.
        """
        assert self.state
        self._end_day()
        accounts = [self.state.look(agent) for agent in self.agents]
        pairs = zip(self.names, accounts, strict=True)
        state = [[name, each.money, *_energy(self.state, each)] for name, each in pairs]
        self.market.update(_json([each.money for each in accounts]))
        return hashlib.sha256(_json(state)).hexdigest(), self.market.hexdigest()

    def _end_day(self) -> None:
        state = self.state
        if state is None or not state.day:
            return
        called = dict(zip(self.agents, self.names, strict=False))
        links = {link.agent: link for link in state.links()}
        totals: list[list[int]] = [[], [], []]
        if state.phase != Phase.OPEN:
            made = state.delivered if state.phase != Phase.CLOSED else [0] * state.rules.posts
            totals = [state.bids, state.offers, made]
        bids = [[called[agent], links[agent].bids, links[agent].offers] for agent in called if agent in links]
        outcomes = [[called[agent], *state.outcomes[agent]] for agent in called if agent in state.outcomes]
        self.market.update(_json([state.day, *totals, bids, outcomes]))


def _energy(state: State, account: Account) -> tuple[int, int, int]:
    """kWh consumed and stored or owed, and gas charged, over all days that are done."""
    if not done(state, account):
        return account.consumed, account.balance, account.gas
    balance, consumed = charged(state, account)
    return account.consumed + consumed, balance, account.gas + account.due


def names_in(text: str) -> list[str]:
    """The agents of a scenario's TOML, standard agents first.

    >>> names_in('[[standard]]\\nname = "home"\\ncount = 2\\n[[producer]]')
    ['home-1', 'home-2', 'producer']
    """
    return list(_names(tomllib.loads(text)))


def _names(document: dict[str, Any]) -> Iterator[str]:
    for section in ("standard", "producer"):
        for group in document.get(section, []):
            name, count = group.get("name", section), group.get("count", 1)
            yield from [name] if count == 1 else (f"{name}-{place}" for place in range(1, count + 1))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
