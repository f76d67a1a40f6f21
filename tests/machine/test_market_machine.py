"""After any sequence of calls, chain = specification to the unit, and every invariant holds."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.machine.market_machine import ACCEPTED, REFUSED, MarketMachine

NIGHTLY = os.environ.get("WATTPOST_NIGHTLY") == "1"
EXAMPLES, STEPS, AT_LEAST = (100, 100, 10_000) if NIGHTLY else (8, 60, 500)


@pytest.mark.timeout(7_200 if NIGHTLY else 300)
def test_any_sequence_of_calls__leaves_chain_and_specification_equal(
    record_property: Callable[[str, object], None],
) -> None:
    ACCEPTED.clear()
    REFUSED.clear()
    run_state_machine_as_test(
        MarketMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not NIGHTLY,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )

    accepted, refused = sum(ACCEPTED.values()), sum(REFUSED.values())
    record_property("shown: machine", f"{accepted:,} calls accepted, {refused:,} refused for {len(REFUSED)} reasons")
    assert accepted >= AT_LEAST, f"only {accepted} calls were accepted: {ACCEPTED}"
    steps = {"submit", "relay", "clear", "close", "produce", "settle", "meter", "end_unmetered", "withdraw"}
    assert steps <= set(ACCEPTED)
    assert {"posts: already submitted", "bids: expired", "energy: store below last cost"} <= set(REFUSED)
