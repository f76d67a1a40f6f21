"""Runs side by side on one page: who took part, what was sold, at what price, and what verification left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wattpost.chain.files import write_atomically
from wattpost.study.comparison_figure import side_by_side
from wattpost.study.page import Page, Section, Table, render
from wattpost.study.report_data import Array, ReportError, Run, read_run
from wattpost.study.report_svg import number

MOST = 4  # runs that stand side by side


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One run by days: (D,) each."""

    label: str
    run: Run

    @property
    def layer(self) -> str | None:
        found = (self.run.manifest.get("verification") or {}).get("layer")
        return found.replace("-", " ") if isinstance(found, str) else None

    @property
    def bidders(self) -> Array:
        return np.asarray(self.run.agents["submitted"].sum(axis=1))

    @property
    def sold(self) -> Array:
        return np.asarray(self.run.posts["delivered"][:, 1:].sum(axis=1))

    @property
    def price(self) -> Array:
        """Bytecoin per kWh over all posts on which electricity was delivered; NaN where none was."""
        traded = self.run.posts["delivered"][:, 1:] > 0
        paid = np.where(traded, self.run.posts["bids"][:, 1:], 0.0).sum(axis=1)
        return np.where(self.sold > 0, paid / np.where(self.sold > 0, self.sold, 1.0), np.nan)

    @property
    def bought(self) -> Array:
        return np.asarray(self.run.agents["allocations"][:, :, 1:].sum(axis=(1, 2)))

    @property
    def consumed(self) -> Array:
        return np.asarray(self.run.agents["consumed_kwh"].sum(axis=1))

    @property
    def charged(self) -> Array:
        return np.asarray(self.run.agents["verification_kwh"].sum(axis=1))

    @property
    def owed(self) -> Array:
        """kWh of arrears at the end of each day, by everybody, those absent included."""
        arrears, there = self.run.agents["arrears_kwh"], self.run.agents["submitted"] > 0
        last = np.zeros(arrears.shape[1])
        sums = []
        for day in range(arrears.shape[0]):
            last = np.where(there[day], arrears[day], last)
            sums.append(last.sum())
        return np.array(sums)


def compare(folders: Sequence[Path], out: Path, command: str = "wattpost report") -> Path:
    """Write one page about several runs.

    Raises ReportError, one sentence.
    """
    if not 2 <= len(folders) <= MOST:
        raise ReportError(f"Between 2 and {MOST} runs can stand side by side, not {len(folders)}.")
    read = [read_run(folder) for folder in folders]
    columns = [Column(label, run) for label, run in zip(_labels(folders, read), read, strict=True)]
    figure = side_by_side(columns, _title(columns), _caption(columns))
    page = Page(
        "Wattpost: runs side by side",
        f"{' and '.join(dict.fromkeys(run.name for run in read))}: {', '.join(column.label for column in columns)}",
        finding(columns),
        (
            Section("figure", "Side by side", figures=(figure,)),
            Section("numbers", "In numbers", tables=(_numbers(columns),)),
            Section("agents", "Who took part, and why not", tables=(_presence(columns),)),
            Section("repeat", "How to repeat it", tables=(_manifests(columns, folders),), verbatim=(command,)),
        ),
    )
    write_atomically(out, render(page))
    return out


def finding(columns: Sequence[Column]) -> str:
    """What each run came to, in one sentence each, and what the runs share."""
    words = []
    for column in columns:
        last, there = column.run, int(column.bidders[-1])
        n, day = len(last.names), int(last.days[-1])
        text = f"Under {column.label}, {there} of {n} agents bid on day {day}"
        if column.bought[-1] > 0:
            part = column.charged[-1] / column.bought[-1]
            text += (
                f", bought {number(float(column.bought[-1]))} kWh and consumed {number(float(column.consumed[-1]))}; "
                f"verification burnt {number(100 * float(part), 2)} % of what they bought"
            )
        else:
            ended = [int(d) for d, sold in zip(last.days, column.sold, strict=True) if sold > 0]
            text += f"; the last electricity was sold on day {ended[-1]}" if ended else "; no electricity was sold"
            text += f", and in all days together {number(float(column.consumed.sum()))} kWh were consumed"
        words.append(text + ".")
    return " ".join([*words, _shared(columns)]).strip()


def _shared(columns: Sequence[Column]) -> str:
    """Whether the runs differ in their energy intensity alone."""
    first = columns[0].run.manifest
    for column in columns[1:]:
        other = column.run.manifest
        same = first["scenario"].get("sha256") == other["scenario"].get("sha256")
        if not same or any(first.get(key) != other.get(key) for key in ("seed", "policy")):
            return "The runs differ in more than their energy intensity."
        if len(column.run.days) != len(columns[0].run.days):
            return "The runs differ in their number of days too."
    return "The runs share scenario, seed and policy, and differ in their energy intensity alone."


def _labels(folders: Sequence[Path], runs: Sequence[Run]) -> list[str]:
    """The layer of each run where that tells them apart, else the folder's name."""
    layers = [(run.manifest.get("verification") or {}).get("layer") for run in runs]
    if all(isinstance(layer, str) for layer in layers) and len(set(layers)) == len(layers):
        return [str(layer).replace("-", " ") for layer in layers]
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [f"{name} ({i})" for i, name in enumerate(names, start=1)]


def _title(columns: Sequence[Column]) -> str:
    parts = []
    for column in columns:
        n, last = len(column.run.names), int(column.bidders[-1])
        who = "everybody" if last == n else "nobody" if last == 0 else f"{last} of {n}"
        parts.append(f"{who} still trades under {column.label}")
    text = ", ".join(parts)
    return text[0].upper() + text[1:]


def _caption(columns: Sequence[Column]) -> str:
    kappas = "; ".join(
        f"{column.label}: {number(3.6e6 * float(column.run.manifest.get('kappa_kwh_per_gas') or 0.0))} J per gas"
        for column in columns
    )
    return (
        f"By day, on scales that the columns share. {kappas}. What is burnt is paid out of what was bought; what that "
        "does not cover is owed, and the next purchase clears it first."
    )


def _numbers(columns: Sequence[Column]) -> Table:
    rows = []
    for column in columns:
        kappa = float(column.run.manifest.get("kappa_kwh_per_gas") or 0.0)
        cells = [column.sold, column.price, column.bought, column.charged, column.consumed, column.owed]
        rows.append(
            [
                column.label,
                number(3.6e6 * kappa),
                f"{int(column.bidders[-1])} of {len(column.run.names)}",
                *(number(float(cell[-1]), 4) for cell in cells),
                number(float(column.consumed.sum()), 4),
                str(column.run.audit.get("verdict", "could not check")),
            ]
        )
    header = (
        "run", "J/gas", "agents bidding", "kWh sold", "bytecoin per kWh", "kWh bought", "kWh charged",
        "kWh consumed", "kWh owed", "consumed in all days", "audit",
    )  # fmt: skip
    return Table(header, rows, "Of the last day, unless said otherwise.")


def _presence(columns: Sequence[Column]) -> Table:
    """For each agent of the first run: the days it bid, and its first reason for not bidding."""
    rows = []
    for name in columns[0].run.names:
        cells = []
        for column in columns:
            run = column.run
            if name not in run.names:
                cells.append("–")
                continue
            days = run.agents["submitted"][:, run.names.index(name)] > 0
            text = "every day" if days.all() else f"{int(days.sum())} of {days.size} days"
            reasons = [(day, why) for day, who, why in run.absences if who == name]
            cells.append(text + (f"; day {reasons[0][0]}: {reasons[0][1]}" if reasons else ""))
        rows.append([name, *cells])
    return Table(("agent", *(column.label for column in columns)), rows, narrow=True)


def _manifests(columns: Sequence[Column], folders: Sequence[Path]) -> Table:
    rows = []
    for label, key in (("engine", "engine"), ("seed", "seed"), ("state digest", "state_digest"), ("run", "command")):
        rows.append([label, *(str(column.run.manifest.get(key, "–")) for column in columns)])
    how = [str((column.run.manifest.get("verification") or {}).get("how", "–")) for column in columns]
    scenario = [str(column.run.manifest["scenario"].get("sha256", "–")) for column in columns]
    rows += [["scenario sha256", *scenario], ["energy intensity", *how], ["folder", *(f.name for f in folders)]]
    return Table(("", *(column.label for column in columns)), rows, narrow=True)
