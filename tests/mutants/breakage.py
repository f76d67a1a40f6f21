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
        5,
        "a day whose close was begun in pieces is cleared as if the rest were all of it",
        "modules/clearing.vy",
        " or today.begun:",
        ":",
    ),
    Breakage(
        7,
        "readings are looked for under another day than that for which somebody is charged",
        "modules/energy_ledger.vy",
        "        readings: uint256 = self._readings[(day << 40) | (kind << 20) | unsafe_div(place, LANES)]\n",
        "        readings: uint256 = self._readings[((day & ~1) << 40) | (kind << 20) | unsafe_div(place, LANES)]\n",
    ),
    Breakage(
        1,
        "a withdrawal is paid and forgets to leave the account",
        "modules/vault.vy",
        "    self._accounts[owner] -= units\n    self._owed -= money",
        "    self._owed -= money",
    ),
    Breakage(
        2,
        "a payout is rounded up, and past it",
        "modules/settlement.vy",
        "        money = unsafe_add(money, unsafe_add(revenue, refund))\n",
        "        revenue += min(revenue, 1)\n        money = unsafe_add(money, unsafe_add(revenue, refund))\n",
    ),
    Breakage(
        3,
        "allocations are rounded to the bidder's favour",
        "modules/settlement.vy",
        "        energies = unsafe_add(energies, energy)\n",
        "        energy += min(energy, 1)\n        energies = unsafe_add(energies, energy)\n",
    ),
    Breakage(
        4,
        "a bid above the money held takes what there is",
        "modules/trading_posts.vy",
        '    refusal: String[32] = ""\n    if vault',
        '    refusal: String[32] = ""\n    total = min(total, account & vault.MONEY_MASK)\n    if vault',
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
        "    gas_used = unsafe_add(gas_used, books & SHARE_MASK)\n",
        "",
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
