"""One breakage for each invariant, as a change of the real sources: where the old text is gone, applying it fails."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.harness.sources import trio
from wattpost.chain.compile import Artifact, compile_all, contracts_folder


@dataclass(frozen=True, slots=True)
class Breakage:
    """What is changed where, and why that is tempting."""

    invariant: int
    story: str
    path: str
    old: str
    new: str
    contract: str = "Market"


BREAKAGES = [
    Breakage(
        1,
        "a withdrawal is paid and forgets to leave the account",
        "modules/vault.vy",
        "    account.money -= money\n    self._owed -= money\n    self._store(owner, account)",
        "    self._owed -= money",
    ),
    Breakage(
        2,
        "a payout is rounded up, and past it",
        "modules/settlement.vy",
        "outcome.revenue = unsafe_add(outcome.revenue, pro_rata._share(all_bids, offer, quantity))",
        "outcome.revenue = unsafe_add(outcome.revenue, pro_rata._share(all_bids, offer, quantity) + 1)",
    ),
    Breakage(
        3,
        "allocations are rounded to the bidder's favour",
        "modules/settlement.vy",
        "outcome.energy = unsafe_add(outcome.energy, pro_rata._share(quantity, bid, all_bids))",
        "outcome.energy = unsafe_add(outcome.energy, (quantity * bid + all_bids - 1) // all_bids)",
    ),
    Breakage(
        4,
        "a bid above the money held takes what there is",
        "modules/trading_posts.vy",
        '    assert account.money >= money, "posts: bids above money held"\n',
        "    money = min(money, account.money)\n",
    ),
    Breakage(
        5,
        "a piece that was settled can be shown again",
        "modules/settlement.vy",
        "    trading_posts._finish_piece(piece)\n",
        "",
    ),
    Breakage(
        6,
        "a plant delivers what it offered, whatever inputs it bought",
        "modules/production.vy",
        "    return fraction\n",
        "    return WAD\n",
    ),
    Breakage(
        7,
        "the meter's shared gas is reported and not charged",
        "modules/energy_ledger.vy",
        "        self._charge(day, agent, account, own + share)\n",
        "        self._charge(day, agent, account, own)\n",
    ),
    Breakage(
        8,
        "the chains start from nothing, so that whoever submits first pays for their slots",
        "modules/trading_posts.vy",
        "    self._heads[vault.STANDARD] = self._genesis(number, vault.STANDARD)\n"
        "    self._heads[vault.PRODUCER] = self._genesis(number, vault.PRODUCER)\n",
        "    self._heads[vault.STANDARD] = empty(bytes32)\n    self._heads[vault.PRODUCER] = empty(bytes32)\n",
    ),
]


@cache
def broken(breakage: Breakage) -> dict[str, Artifact]:
    """The trio with that breakage compiled in."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "contracts"
        shutil.copytree(contracts_folder(), copy)
        source = copy / breakage.path
        text = source.read_text()
        if text.count(breakage.old) != 1:
            raise LookupError(f"{breakage.path} no longer says, once: {breakage.old!r}; renew the breakage")
        source.write_text(text.replace(breakage.old, breakage.new))
        return trio() | compile_all([breakage.contract], folder=copy)
