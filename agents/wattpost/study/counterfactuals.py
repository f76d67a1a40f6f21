"""Tables of `wattpost solve --cartel` and `--sensitivity`: what would be otherwise, beside what is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

MOST_ROWS = 12


def show_cartel(found: Mapping[str, Any]) -> None:
    """The market under a cartel, and what joining and leaving it would bring each member."""
    cartel = found.get("cartel")
    if cartel is None:
        return
    console = Console()
    names = [found["agents"][place]["name"] for place in cartel["members"]]
    shown = ", ".join(names[:MOST_ROWS]) + (", ..." if len(names) > MOST_ROWS else "")
    colour = "green" if cartel["solved"] else "red"
    console.print(f"[bold]Cartel[/bold] of {shown}: [{colour}]{cartel['status']}[/{colour}].")
    if not cartel["solved"]:
        return
    prices = Table(
        "period", "price", "kWh", "price without", "kWh without", title="Prices under the cartel, with p⁰ = 1"
    )
    for period, price in enumerate(cartel["prices"]):
        made = (sum(row[period] for row in each["offers"]) for each in (cartel, found))
        with_it, without = (_figure(kwh) for kwh in made)
        prices.add_row(str(period + 1), _figure(price), with_it, _figure(found["prices"][period]), without)
    console.print(prices)
    members = Table("member", "made kWh", "bought kWh", "joining brings", "leaving brings", title="Who gains by it")
    gains = zip(cartel["members"], names, cartel["gain_joining"], cartel["gain_leaving"], strict=True)
    for place, name, joining, leaving in gains:
        sums = [_figure(sum(cartel[key][place])) for key in ("offers", "allocations")]
        members.add_row(name, *sums, _part(joining), _part(leaving))
    console.print(members)
    console.print(f"Together they gain {_figure(cartel['joint_gain'])} of utility; regret {_figure(cartel['regret'])}.")


def show_sensitivities(found: Mapping[str, Any]) -> None:
    """How the equilibrium moves with each parameter asked for."""
    for moved in found.get("sensitivity", ()):
        console = Console()
        title = f"By {moved['parameter']}, now {_figure(moved['value'])}"
        table = Table("period", "price", "kWh", title=title)
        for period, price in enumerate(moved["prices"]):
            table.add_row(str(period + 1), _figure(price), _figure(moved["totals"][period]))
        console.print(table)
        console.print(f"Welfare of participants moves by {_figure(moved['welfare'])} a unit.")
        if moved["error"] is None or moved["error"] > 1e-3:
            console.print("An agent stands at a kink here, so that a step up and a step down differ.")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def _part(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:+.4g} %"
