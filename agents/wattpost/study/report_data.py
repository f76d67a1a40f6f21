"""A run folder as arrays, and what it shows in a few numbers.

Reads `manifest.json`, `days.parquet`, `agents.parquet` (columns: `tables`) and `audit.json`. Written by
the run, all keys optional unless said otherwise:

- `manifest.json`: ``scenario`` {``name`` (required), ``about``, ``sha256``, ``text``, ``inputs``
  (sentences about real data)}, ``engine``, ``seed``, ``versions`` {package: version},
  ``state_digest``, ``market_digest``, ``kappa_kwh_per_gas``, ``timings`` {phase: seconds},
  ``incidents`` [sentences], ``command``.
- `audit.json`: ``verdict`` "clean" | "violations" | "could not check", ``checked`` {what: count},
  ``first`` null or {field: value} of the first difference, ``notes`` [sentences]. A missing file
  counts as "could not check".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
KNOWN_OR_NOT = ("gap", "shadow_price")  # columns that are NaN where nothing is known
SETTLED = 1e-3  # a gain of 0.1 % in consumption equivalents


class ReportError(ValueError):
    """A run folder that cannot be reported on, in one sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """D days, T periods, n agents. Index 0 on a posts axis is the consumption good."""

    manifest: Mapping[str, Any]
    audit: Mapping[str, Any]
    days: Array  # (D,)
    posts: Mapping[str, Array]  # column -> (D, T+1); price is NaN where nothing was traded
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    agents: Mapping[str, Array]  # column -> (D, n) or (D, n, T+1); offers too, with [0] = 0
    absences: tuple[tuple[int, str, str], ...]  # (day, name, why)
    remarks: tuple[tuple[int, str, str], ...]  # (day, name, note) of agents that were there

    @property
    def periods(self) -> int:
        return int(self.posts["bids"].shape[1]) - 1

    @property
    def name(self) -> str:
        return str(self.manifest["scenario"]["name"])

    @property
    def gap_by_day(self) -> Array:
        """(D,) the largest gap of anybody that bid, perhaps infinite; NaN where one of them is not known."""
        there = self.agents["submitted"] > 0
        gaps = np.where(there, self.agents["gap"], -np.inf)
        worst = gaps.max(axis=1, initial=-np.inf)  # NaN wherever one of them is
        return np.where(there.any(axis=1), np.maximum(worst, 0.0), np.nan)

    @property
    def settled_day(self) -> int | None:
        """The day from which on nobody that bid could gain more than 0.1 %, if known of every day since."""
        since: int | None = None
        for day, gap in zip(self.days, self.gap_by_day, strict=True):
            since = (since or int(day)) if gap <= SETTLED else None
        return since

    @property
    def groups(self) -> dict[str, list[int]]:
        """Agents by the group of their scenario: ``home-1`` and ``home-2`` are both ``home``."""
        found: dict[str, list[int]] = {}
        for index, name in enumerate(self.names):
            found.setdefault(re.sub(r"-\d+$", "", name), []).append(index)
        return found

    def kind_of(self, group: str) -> str:
        return self.kinds[self.groups[group][0]]


def read_run(folder: Path) -> Run:
    """Everything the report shows, from the run folder alone."""
    manifest = _json(folder / "manifest.json")
    if not isinstance(manifest.get("scenario"), dict) or "name" not in manifest["scenario"]:
        raise ReportError(f"{folder / 'manifest.json'}: the key scenario.name is missing.")
    try:
        audit = _json(folder / "audit.json")
    except ReportError as problem:
        audit = {"verdict": "could not check", "notes": [str(problem)]}
    posts, days = _posts(_rows(folder / "days.parquet"))
    rows = _rows(folder / "agents.parquet")
    names, kinds, agents = _agents(rows, days, posts["bids"].shape[1])
    absent = [(r["day"], r["name"], r["note"] or "no reason given") for r in rows if not r["submitted"]]
    remarks = [(r["day"], r["name"], r["note"]) for r in rows if r["submitted"] and r["note"]]
    return Run(manifest, audit, days, posts, names, kinds, agents, tuple(absent), tuple(remarks))


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ReportError(f"{path} cannot be read ({problem.strerror}).") from None
    except ValueError:
        raise ReportError(f"{path} is not JSON.") from None
    if not isinstance(content, dict):
        raise ReportError(f"{path} is not a JSON object.")
    return content


def _rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowException) as problem:
        reason = getattr(problem, "strerror", None) or "it is not a parquet file"
        raise ReportError(f"{path} cannot be read ({reason}).") from None
    if not rows:
        raise ReportError(f"{path} has no rows: no day was finished, so there is nothing to report.")
    return rows


def _posts(rows: list[dict[str, Any]]) -> tuple[dict[str, Array], Array]:
    days = np.array(sorted({row["day"] for row in rows}))
    place = {int(day): index for index, day in enumerate(days)}
    shape = (len(days), 1 + max(row["period"] for row in rows))
    columns = {name: np.zeros(shape) for name in ("bids", "offered", "delivered", "dust")}
    columns["price"] = np.full(shape, np.nan)
    for row in rows:
        for name, column in columns.items():
            if row[name] is not None:
                column[place[row["day"]], row["period"]] = row[name]
    return columns, days


def _agents(
    rows: list[dict[str, Any]], days: Array, posts: int
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Array]]:
    order: dict[str, tuple[str, str]] = {}
    for row in rows:
        order.setdefault(row["agent"], (row["name"], row["kind"]))
    who = {address: index for index, address in enumerate(order)}
    place = {int(day): index for index, day in enumerate(days)}
    singles = (
        "revenue", "own_gas", "shared_gas", "verification_kwh", "consumed_kwh", "arrears_kwh", "bytecoin",
    )  # fmt: skip
    columns = {name: np.zeros((len(days), len(order))) for name in singles}
    columns["submitted"] = np.zeros((len(days), len(order)))
    for name in KNOWN_OR_NOT:
        columns[name] = np.full((len(days), len(order)), np.nan)
    for name in ("bids", "offers", "allocations"):
        columns[name] = np.zeros((len(days), len(order), posts))
    for row in rows:
        if row["day"] not in place:
            continue
        at = place[row["day"]], who[row["agent"]]
        for name in (*singles, "submitted", *KNOWN_OR_NOT):
            if row.get(name) is not None:
                columns[name][at] = row[name]
        for name in ("bids", "offers", "allocations"):
            amounts = row[name] or []
            columns[name][at][posts - len(amounts) :] = amounts
    return tuple(n for n, _ in order.values()), tuple(k for _, k in order.values()), columns
