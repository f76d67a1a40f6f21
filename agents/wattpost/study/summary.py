"""What a command prints for people: bars while it works, a table when it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from wattpost.energy import Measurement
    from wattpost.study.run import Outcome


MOST_ROWS = 60


class Bars:
    """Progress on standard error: a line for each stage, with a bar where its length is known."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/green]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._current: TaskID | None = None
        self._total = 1

    def stage(self, title: str, total: int | None = None) -> None:
        self._finish()
        self._total = total or 1
        self._current = self._bars.add_task(title, total=self._total)

    def advance(self, done: int, total: int | None = None) -> None:
        if self._current is not None:
            self._total = total or max(self._total, done)
            self._bars.update(self._current, completed=done, total=self._total)

    def _finish(self) -> None:
        if self._current is not None:
            self._bars.update(self._current, completed=self._total)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
        self._bars.stop()


def show(outcome: Outcome) -> None:
    """The end of a run: last day, verdict, incidents, and where the report is."""
    import pyarrow.parquet as pq

    console = Console()
    rows = pq.read_table(outcome.folder / "agents.parquet").to_pylist()
    last = max(row["day"] for row in rows)
    table = Table(title=f"Day {last}", title_justify="left")
    for column in ("agent", "bought kWh", "burnt kWh", "consumed kWh", "bytecoin", "could still gain"):
        table.add_column(column, justify="left" if column == "agent" else "right")
    for row in rows:
        if row["day"] != last:
            continue
        gap = "–" if row["gap"] is None else "∞" if row["gap"] == float("inf") else f"{100 * row['gap']:.3f} %"
        table.add_row(
            row["name"],
            f"{sum(row['allocations'][1:]):.3f}",
            f"{row['verification_kwh']:.3g}",
            f"{row['consumed_kwh']:.3f}",
            f"{row['bytecoin']:.2f}",
            gap if row["submitted"] else "absent",
        )
    console.print(table)
    for incident in outcome.incidents:
        console.print(f"[yellow]{incident}[/yellow]")
    colour = "green" if outcome.verdict == "clean" else "red"
    console.print(f"Audit: [{colour}]{outcome.verdict}[/{colour}]")
    console.print(f"State: {outcome.state_digest}", soft_wrap=True)
    console.print(f"Report: {outcome.folder / 'report.html'}", soft_wrap=True)


def show_verdict(verdict: Mapping[str, Any]) -> None:
    """An auditor's verdict, for people."""
    console = Console()
    colour = "green" if verdict["verdict"] == "clean" else "red"
    console.print(f"Verdict: [{colour}]{verdict['verdict']}[/{colour}]")
    table = Table("checked", "count")
    for what, count in verdict["checked"].items():
        table.add_row(what, str(count))
    console.print(table)
    if verdict["first"]:
        console.print("The first difference:")
        for field, value in verdict["first"].items():
            if value is not None:
                console.print(f"  {field}: {value}", soft_wrap=True)
    for note in verdict["notes"]:
        console.print(f"Note: {note}", soft_wrap=True)


def show_solution(found: Mapping[str, Any]) -> None:
    """An equilibrium for people: status, certificate, prices beside competition, and who gets what."""
    console = Console()
    colour = "green" if found["solved"] else "red"
    console.print(f"[{colour}]{'solved' if found['solved'] else 'not solved'}[/{colour}]: {found['status']}.")
    console.print(
        f"Regret {_figure(found['regret'])} in consumption equivalents, residual {_figure(found['residual'])}."
    )
    other = found["competitive"]
    if other is None:
        console.print(f"Competition: {found['competitive_status']}.")
    prices = Table("period", "price", "kWh", "competitive price", "competitive kWh", title="Prices, with p⁰ = 1")
    for period, price in enumerate(found["prices"]):
        cells = [_figure(price), _figure(sum(row[period] for row in found["offers"]))]
        if other:
            cells += [_figure(other["prices"][period]), _figure(sum(row[period] for row in other["offers"]))]
        prices.add_row(str(period + 1), *cells)
    console.print(prices)
    names = ("agent", "bought kWh", "made kWh", "burnt kWh", "consumed kWh", "good", "utility", "λ per kWh")
    agents = Table(*names, title="Who gets what")
    for place, agent in enumerate(found["agents"]):
        if place == MOST_ROWS:
            console.print(f"The first {MOST_ROWS} of {len(found['agents'])} agents; --json has all.")
            break
        sums = [_figure(sum(found[key][place])) for key in ("allocations", "offers", "verification_kwh", "consumption")]
        outside = "" if found["participants"][place] else " (outside)"
        agents.add_row(
            agent["name"] + outside,
            *sums,
            _figure(found["numeraire"][place]),
            _figure(found["utilities"][place]),
            _expected(found["states"]["probabilities"], found["shadow_prices"][place]),
        )
    console.print(agents)
    welfare = found["welfare"]
    console.print(f"Welfare of participants {_figure(welfare['total'])}; {welfare['outside']} outside.")
    if other:
        lost = 100 * welfare["loss_equivalent_mean"]
        console.print(f"Against competition they lose {lost:.3g} % of what they consume, on average.")


def _expected(chances: Sequence[float], prices: Sequence[float | None]) -> str:
    """What a kWh less of verification is worth, expected over its states."""
    known = [chance * price for chance, price in zip(chances, prices, strict=True) if price is not None]
    return _figure(sum(known) if len(known) == len(prices) else None)


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Measured rows, whatever their columns."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_shown(row.get(column)) for column in columns))
    Console().print(table)


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else f"{value}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def show_measurement(found: Measurement) -> None:
    """What the node at hand burns, and how that was found."""
    console = Console()
    console.print(f"[bold]measured[/bold]  {found.joules_per_gas:.4g} J/gas", highlight=False)
    console.print(f"  {found.how}", soft_wrap=True, highlight=False)


def show_layers() -> None:
    """Every preset with its estimates and the division each is made of."""
    from wattpost.energy import LAYERS

    console = Console()
    for layer in LAYERS.values():
        console.print(f"[bold]{layer.name}[/bold]  {layer.about}")
        for name, each in layer.estimates.items():
            console.print(
                f"  {name:<8}{each.joules_per_gas:>12.4g} J/gas = {each.annual_kwh:,.0f} kWh x 3.6e6 J"
                f" / {each.annual_gas:,.0f} gas ({each.year})",
                soft_wrap=True,
                highlight=False,
            )
            console.print(f"          energy: {each.source}; gas: {each.gas_from}", soft_wrap=True, highlight=False)
