"""`report.html`: one run on one page that opens offline, prints well, and loads nothing."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from wattpost.chain.files import whole_file
from wattpost.study.figures import Figure
from wattpost.study.report_data import ReportError, Run, read_run
from wattpost.study.report_day import prices_and_volumes, who_bought
from wattpost.study.report_days import energy_burnt, price_path, response_gap
from wattpost.study.report_svg import number

__all__ = ["ReportError", "render", "write_report"]

MOST_ROWS = 40  # of agents by name; beyond that, the table shows groups


def write_report(run_dir: Path, out: Path | None = None) -> Path:
    """Write `report.html` into a run folder, or a file of that choice, from what that folder holds; say where it is."""
    page = render(read_run(run_dir))
    target = out or run_dir / "report.html"
    with whole_file(target) as beside:
        beside.write_text(page, encoding="utf-8")
    return target


def render(run: Run) -> str:
    """The page as text. The same run gives the same page, byte for byte."""
    from jinja2 import Environment

    folder = files("wattpost.study")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    template = environment.from_string(folder.joinpath("report.html.j2").read_text(encoding="utf-8"))
    return template.render(
        style=folder.joinpath("report.css").read_text(encoding="utf-8"),
        run=run,
        manifest=run.manifest,
        scenario=run.manifest["scenario"],
        audit=_audit(run),
        tiles=_tiles(run),
        headline=_headline(run),
        sections=_sections(run),
        rows=_rows(run),
        grouped=len(run.names) > MOST_ROWS,
        day=int(run.days[-1]),
    )


def _sections(run: Run) -> list[tuple[str, str, Figure]]:
    return [
        ("prices", "Prices and volumes", prices_and_volumes(run)),
        ("purchases", "Who bought what", who_bought(run)),
        ("energy", "Energy consumed and burnt", energy_burnt(run)),
        ("path", "The path of prices", price_path(run)),
        ("gap", "Best-response gap", response_gap(run)),
    ]


def _audit(run: Run) -> dict[str, Any]:
    verdict = str(run.audit.get("verdict", "could not check"))
    words = {
        "clean": ("Clean", "Every figure on chain was recomputed from raw chain data alone, and agrees."),
        "violations": ("Violations found", "The chain's figures differ from what its own data imply."),
    }
    title, meaning = words.get(verdict, ("Could not check", "The audit did not reach a verdict."))
    return {
        "verdict": verdict if verdict in words else "unknown",
        "title": title,
        "meaning": meaning,
        "checked": dict(run.audit.get("checked") or {}),
        "first": run.audit.get("first"),
        "notes": list(run.audit.get("notes") or []),
    }


def _headline(run: Run) -> str:
    D, since = len(run.days), run.settled_day
    opening = f"{len(run.names)} agents traded electricity in {run.periods} periods for {D} day{'s' * (D > 1)}. "
    if since is not None:
        return opening + f"From day {since} on, none could gain more than 0.1 % by a different bid."
    last = run.gap_by_day[-1]
    if np.isinf(last):
        return opening + "On the last day one could still gain without limit."
    if not np.isnan(last):
        return opening + f"On the last day one could still gain {number(100 * float(last), 2)} %."
    return opening + "Whether their bids had settled was not computed."


def _tiles(run: Run) -> list[tuple[str, str, str]]:
    """(figure, unit, what it is), the five that a reader looks for first."""
    volume = float(run.posts["delivered"][-1][1:].sum())
    spent = float(run.posts["bids"][-1][1:].sum())
    burnt = float(run.agents["verification_kwh"][-1].sum())
    used = float(run.agents["consumed_kwh"][-1].sum())
    gas = float((run.agents["own_gas"][-1] + run.agents["shared_gas"][-1]).sum())
    since = run.settled_day
    return [
        (number(volume, 4), "kWh", "sold on the last day"),
        (number(spent / volume if volume else float("nan")), "bytecoin/kWh", "average price that day"),
        (number(burnt), "kWh", f"burnt by validation, {number(100 * burnt / (burnt + used or 1), 2)} %"),
        (number(gas, 4), "gas", "on that day's receipts"),
        (f"day {since}", "on", "gains at most 0.1 %") if since else ("no", "", "settling within 0.1 %"),
    ]


def _rows(run: Run) -> list[dict[str, Any]]:
    """The table of agents on the last day; of groups, as means, where agents are many."""
    a = {name: column[-1] for name, column in run.agents.items()}
    groups = run.groups if len(run.names) > MOST_ROWS else {name: [i] for i, name in enumerate(run.names)}

    def mean(values: Any) -> float:
        known = values[np.isfinite(values)]
        return float(known.mean()) if known.size else float("nan")

    absent = {name for day, name, _ in run.absences if day == run.days[-1]}
    rows = []
    for name, members in groups.items():
        worst = a["gap"][members]
        worst = worst[~np.isnan(worst)]
        bought, burnt = mean(a["allocations"][members, 1:].sum(axis=1)), mean(a["verification_kwh"][members])
        rows.append(
            {
                "name": name if len(members) == 1 else f"{name} (mean of {len(members)})",
                "kind": run.kinds[members[0]],
                "absent": name in absent,
                "paid": mean(a["bids"][members, 1:].sum(axis=1)),
                "bought": bought,
                "good_paid": mean(a["bids"][members, 0]),
                "good": mean(a["allocations"][members, 0]),
                "offered": mean(a["offers"][members, 1:].sum(axis=1)),
                "revenue": mean(a["revenue"][members]),
                "burnt": burnt,
                "share": 100 * burnt / bought if bought > 0 else float("nan"),
                "consumed": mean(a["consumed_kwh"][members]),
                "arrears": mean(a["arrears_kwh"][members]),
                "bytecoin": mean(a["bytecoin"][members]),
                "shadow_price": mean(a["shadow_price"][members]),
                "gap": 100 * float(worst.max()) if worst.size else float("nan"),
            }
        )
    return rows
