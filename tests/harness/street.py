"""Two homes and two plants whose day can be done by hand.

Post 0 (the good, in whole units): Ω = 600 + 400, bids 10 + 20 + 30 + 40, so 10 units of the good for each of bytecoin:
ada gets 100, ben 200, sun 300 and wind 400. Sun (q = φ) offers 200 and 90 and needs 290. Wind (q = 2 √φ) offers 64
and 48, needs 32² + 24² = 1600, has bought a quarter of it, and delivers half: 32 and 24.
Post 1 then has 232 kWh for 50 + 70 + 3 of bytecoin, post 2 has 114 kWh for 11 + 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.harness.evm import role
from tests.harness.exchange import PRODUCER, STANDARD, UNIT, WAD, Exchange

WHOLE = 10**9  # a whole kWh or unit of the good, in units of posts

BIDS = {"ada": [10, 50, 11], "ben": [20, 70, 0], "sun": [30, 0, 13], "wind": [40, 3, 0]}
OFFERS = {"sun": [0, 200 * WHOLE, 90 * WHOLE], "wind": [0, 64 * WHOLE, 48 * WHOLE]}
PURSES = {"ada": 1_001, "ben": 2_003, "sun": 3_005, "wind": 4_007}  # 10^-9 of bytecoin
ENERGY = {
    "ada": 50 * 232 * WHOLE // 123 + 11 * 114 * WHOLE // 24,  # 94_308_943_089 + 52_250_000_000
    "ben": 70 * 232 * WHOLE // 123,  # 132_032_520_325
    "sun": 13 * 114 * WHOLE // 24,  # 61_750_000_000
    "wind": 3 * 232 * WHOLE // 123,  # 5_658_536_585
}
GOOD = {"ada": 100 * WHOLE, "ben": 200 * WHOLE, "sun": 300 * WHOLE, "wind": 400 * WHOLE}
REVENUE = {"ada": 60, "ben": 40, "sun": 123 * 200 // 232 + 24 * 90 // 114, "wind": 123 * 32 // 232 + 24 * 24 // 114}
PHASES = ["open", "submit", "close", "produce", "settle", "meter"]


class Street(Exchange):
    """An exchange with the four of them, funded and registered, each with so much in its store."""

    def __init__(self, *, store: int = 0, **settings: Any) -> None:
        super().__init__(**{"periods": 2} | settings)
        self.set_profile(3, [10_000, 9_000])
        self.ada = self.standard("ada", 600 * WHOLE, PURSES["ada"] * UNIT, store)
        self.ben = self.standard("ben", 400 * WHOLE, PURSES["ben"] * UNIT, store)
        self.sun = self.producer(
            "sun", theta=WAD, c=WAD, capacity=200 * WHOLE, profile=3, money=PURSES["sun"] * UNIT, store=store
        )
        self.wind = self.producer(
            "wind", theta=2 * WAD, c=WAD // 2, capacity=64 * WHOLE, profile=3, money=PURSES["wind"] * UNIT, store=store
        )

    def submit_all(self, names: Sequence[str] = ("ada", "ben", "sun", "wind")) -> None:
        for name in names:
            self.submit(role(name), BIDS[name], OFFERS.get(name, []))

    def play_until(self, phase: str) -> Street:
        """Take every step of the day before the one named."""
        steps = {
            "open": self.open,
            "submit": self.submit_all,
            "close": self.close_all,
            "produce": self.produce_all,
            "settle": self.settle_all,
        }
        for name in PHASES[: PHASES.index(phase)]:
            steps[name]()
        return self


__all__ = ["PRODUCER", "STANDARD", "UNIT", "WAD", "WHOLE", "Street"]
