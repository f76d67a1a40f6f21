"""A run folder made of numbers that can be checked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wattpost.study.tables import write_agents, write_days

AGENTS = (("home-1", "standard"), ("home-2", "standard"), ("plant", "producer"))
PRICES = (4.0, 2.5, 7.5)  # of the good and of two periods, on the last day


def day_rows(day: int, prices: tuple[float | None, ...] = PRICES) -> list[dict[str, Any]]:
    return [
        {
            "day": day, "period": period, "bids": 8.0 * (price or 1), "offered": 10.0,
            "delivered": 8.0 if price else 0.0, "price": price, "dust": 1e-9,
        }
        for period, price in enumerate(prices)
    ]  # fmt: skip


def agent_row(day: int, place: int, name: str, kind: str, **changes: Any) -> dict[str, Any]:
    producer = kind == "producer"
    row = {
        "day": day, "agent": f"0x{place:040x}", "name": name, "kind": kind, "submitted": True,
        "bids": [31.0, 0.0, 0.0] if producer else [0.0, 10.0, 30.0],
        "offers": [8.0, 8.0] if producer else [0.0, 0.0],
        "allocations": [8.0, 0.0, 0.0] if producer else [0.0, 4.0, 4.0],
        "revenue": 80.0 if producer else 16.0, "relayed": False, "own_gas": 300_000, "shared_gas": 100_000,
        "verification_kwh": 0.04, "consumed_kwh": 0.0 if producer else 7.96, "arrears_kwh": 0.0, "store_kwh": 0.0,
        "bytecoin": 123.4, "gap": 10.0**-day,
    }  # fmt: skip
    return row | changes


MANIFEST = {
    "scenario": {
        "name": "corner-case",
        "sha256": "ab" * 32,
        "text": "[market]\nperiods = 2\n",
        "inputs": ["The sun was drawn by hand."],
    },
    "engine": "eth-tester",
    "seed": 41,
    "versions": {"wattpost": "0.1.0"},
    "state_digest": "5d" * 32,
    "market_digest": "6e" * 32,
    "timings": {"trade": 1.25},
    "incidents": ["Day 2: a process died."],
    "kappa_kwh_per_gas": 1e-7,
    "command": "wattpost run corner-case --seed 41",
}
AUDIT = {"verdict": "clean", "checked": {"energy_charges": 1234}, "first": None, "notes": ["A remark."]}

RunFolder = Callable[..., Path]


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    """`run_folder(days=..., agents=..., manifest=..., audit=...)`, anything left out is ordinary."""

    def make(
        days: list[dict[str, Any]] | None = None,
        agents: list[dict[str, Any]] | None = None,
        manifest: dict[str, Any] | None = None,
        audit: dict[str, Any] | None = None,
    ) -> Path:
        ordinary_days = [row for day in (1, 2, 3, 4) for row in day_rows(day)]
        ordinary_agents = [
            agent_row(day, place, name, kind) for day in (1, 2, 3, 4) for place, (name, kind) in enumerate(AGENTS)
        ]
        write_days(tmp_path / "days.parquet", ordinary_days if days is None else days)
        write_agents(tmp_path / "agents.parquet", ordinary_agents if agents is None else agents)
        (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST if manifest is None else manifest))
        (tmp_path / "audit.json").write_text(json.dumps(AUDIT if audit is None else audit))
        return tmp_path

    return make
