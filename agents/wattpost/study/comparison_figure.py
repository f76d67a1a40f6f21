"""The figure of runs side by side: a column for each run, rows on scales that all columns share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from wattpost.study.figures import LEFT, WIDE, Figure, day_axis, day_span, top
from wattpost.study.report_data import Array, Run
from wattpost.study.report_svg import BLUE, GREY, SKY, VERMILION, Panel, number, picture, ticks

GAP, EDGE = 44.0, 10.0  # between columns; at the right
FIRST, HIGH, STEP = 60.0, 112.0, 164.0


class Days(Protocol):
    """What a column shows of a run, (D,) each."""

    @property
    def label(self) -> str: ...
    @property
    def run(self) -> Run: ...
    @property
    def bidders(self) -> Array: ...
    @property
    def sold(self) -> Array: ...
    @property
    def price(self) -> Array: ...
    @property
    def bought(self) -> Array: ...
    @property
    def consumed(self) -> Array: ...
    @property
    def owed(self) -> Array: ...


Draw = Callable[[Panel, Days], None]


def side_by_side(columns: Sequence[Days], title: str, caption: str) -> Figure:
    """Participation, volume, price, what is left after verification, and arrears, by day."""
    wide = (WIDE - LEFT - EDGE - GAP * (len(columns) - 1)) / len(columns)
    rows: list[tuple[str, Callable[[Days], Array], Draw]] = [
        ("agents that bid", lambda days: np.append(days.bidders, len(days.run.names)), _bidders),
        ("electricity sold, kWh", lambda days: days.sold, _bars("sold", BLUE, "kWh sold")),
        ("price, bytecoin per kWh", lambda days: days.price, _price),
        ("energy after verification, kWh", lambda days: days.bought, _left_over),
        ("owed for verification, kWh", lambda days: days.owed, _bars("owed", VERMILION, "kWh owed")),
    ]
    panels = []
    for place, (label, scale, draw) in enumerate(rows):
        most = top(np.concatenate([scale(days) for days in columns]))
        for number_, days in enumerate(columns):
            box = (LEFT + number_ * (wide + GAP), FIRST + STEP * place, wide, HIGH)
            panel = Panel(box, day_span(days.run.days), (0.0, most))
            panel.y_axis(ticks(0, most, 4), label)
            draw(panel, days)
            if place == 0:
                panel.text(panel.left, 22, f"under {days.label}", kind="head")
            day_axis(panel, days.run.days, label=place == len(rows) - 1)
            panels.append(panel)
    return Figure(title, picture(WIDE, FIRST + STEP * (len(rows) - 1) + HIGH + 46, title, *panels), caption)


def _bidders(panel: Panel, days: Days) -> None:
    n = len(days.run.names)
    panel.level(n, "", GREY)
    for day, count in zip(days.run.days, days.bidders, strict=True):
        panel.bar(float(day), 0.72, 0, float(count), BLUE, f"day {day}: {count:g} of {n} agents bid")


def _bars(what: str, colour: str, unit: str) -> Draw:
    def draw(panel: Panel, days: Days) -> None:
        for day, value in zip(days.run.days, getattr(days, what), strict=True):
            panel.bar(float(day), 0.72, 0, float(value), colour, f"day {day}: {number(float(value), 4)} {unit}")

    return draw


def _price(panel: Panel, days: Days) -> None:
    xs, ys = [float(day) for day in days.run.days], days.price.tolist()
    panel.line(xs, ys, BLUE)
    hints = [f"day {x:g}: {number(y, 4)} bytecoin per kWh" for x, y in zip(xs, ys, strict=True)]
    panel.dots(xs, ys, BLUE, hints)
    if all(math.isnan(y) for y in ys):
        panel.text(panel.left + panel.width / 2, panel.top + panel.height / 2, "nothing was traded", at="middle")


def _left_over(panel: Panel, days: Days) -> None:
    """What was bought, in two parts: consumed and burnt."""
    for day, bought, consumed in zip(days.run.days, days.bought, days.consumed, strict=True):
        x, used, all_ = float(day), float(consumed), float(max(bought, consumed))
        panel.bar(x, 0.72, 0, used, SKY, f"day {day}: {number(used, 4)} kWh consumed")
        panel.bar(x, 0.72, used, all_, VERMILION, f"day {day}: {number(all_ - used, 4)} kWh burnt")
    y = panel.top - 12
    for words, colour, place in (("consumed", SKY, 128), ("burnt", VERMILION, 48)):
        x = panel.left + panel.width - place
        panel.svg.append(f'<rect x="{x - 14:.0f}" y="{y - 9:.0f}" width="10" height="10" fill="{colour}"/>')
        panel.text(x, y, words)
