"""The policy `replay:DIR`: every agent bids what it bid in an earlier run, whatever that costs it now.

So the same submissions can be sent another way, or verified by another layer, and what differs is verification alone.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from wattpost.fleet.policy import Plan, PolicyError, StayOut, View


class Replay:
    """Bids from the `agents.parquet` of a run folder."""

    def __init__(self, folder: Path) -> None:
        self._rows = _rows(folder)

    def decide(self, view: View) -> Plan | StayOut:
        row = self._rows.get((view.day, view.agent.name))
        if row is None or not row["submitted"]:
            return StayOut("it did not bid in the run that is replayed")
        bids = np.array(row["bids"])
        if bids.size != view.agent.periods + 1:
            raise PolicyError("The run that is replayed has another number of periods.")
        return Plan(bids[1:], float(bids[0]), np.array(row["offers"]))


@lru_cache(maxsize=1)
def _rows(folder: Path) -> dict[tuple[int, str], dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["day", "name", "submitted", "bids", "offers"]
    try:
        rows = pq.read_table(folder / "agents.parquet", columns=columns).to_pylist()
    except (OSError, pa.ArrowException):
        raise PolicyError(f"{folder} is no run folder that could be replayed: it has no agents.parquet.") from None
    return {(row["day"], row["name"]): row for row in rows}
