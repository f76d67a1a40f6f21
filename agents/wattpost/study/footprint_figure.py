"""The figure of the footprint: one market under ever dearer verification, for three returns to scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from wattpost.energy import LAYERS
from wattpost.study.figures import Figure, top
from wattpost.study.footprint_gas import Gas
from wattpost.study.footprint_point import Point
from wattpost.study.footprint_returns import HIGHEST, JOULES_PER_KWH, LOWEST
from wattpost.study.footprint_sweep import Branch
from wattpost.study.footprint_theory import Deal, Street
from wattpost.study.report_svg import BLACK, BLUE, GREY, ORANGE, PURPLE, Panel, number, picture, ticks

WIDE, LEFT, RIGHT = 920.0, 62.0, 24.0
INNER = WIDE - LEFT - RIGHT
FIRST, HIGH, STEP = 104.0, 100.0, 152.0  # where the first panel begins; a panel's height; from one to the next
LOOKS = ((BLUE, ""), (ORANGE, "9 5"), (PURPLE, "2.5 5"))
AXIS = "joules burnt per gas, log scale"
FINE = 900  # points at which the closed form is drawn
SHORT = {"consortium": "four validators", "proof-of-stake": "proof of stake", "proof-of-work": "proof of work"}


def footprint(branches: Sequence[Branch], gas: Gas, title: str, note: str) -> Figure:
    """Five panels over one axis of joules per gas."""
    x = math.log10(LOWEST), math.log10(HIGHEST)
    points = [point for branch in branches for point in branch.points]
    quantities: list[tuple[str, float, Callable[[Point], float], Callable[[Deal, float, float, Street], float] | None]]
    quantities = [
        ("standard agents that take part", max(p.homes for p in points) or 1.0, lambda p: p.homes,
         lambda deal, home, plant, street: deal.homes),
        ("electricity sold, kWh a day", max(p.volume for p in points) or 1.0, lambda p: p.volume,
         lambda deal, home, plant, street: deal.volume),
        ("price, units of the good per kWh", max((p.price or 0.0) for p in points) or 1.0, lambda p: _or_nan(p.price),
         lambda deal, home, plant, street: deal.price),
        ("what standard agents have, % of what competition without verification would give them",
         100 * max([p.welfare or 0.0 for p in points] + [0.01]), lambda p: 100 * _or_nan(p.welfare), None),
        ("burnt by verification, % of all electricity sold", 100.0, lambda p: 100 * _or_nan(p.burnt_share),
         lambda deal, home, plant, street:
             100 * (deal.homes * home + deal.plants * plant) / deal.volume if deal.homes else math.nan),
    ]  # fmt: skip
    panels = []
    for place, (label, most, value, theory) in enumerate(quantities):
        panel = Panel((LEFT, FIRST + STEP * place, INNER, HIGH), x, (0.0, top(np.array([most]))))
        _marks(panel, with_names=place == 0)
        panel.y_axis(ticks(0, panel.y1, 4), label)
        for branch, (colour, dash) in zip(branches, LOOKS, strict=False):
            shown = [point for point in branch.points if point.solved]
            for part in _parts(shown):
                xs = [math.log10(point.joules_per_gas) for point in part]
                panel.line(xs, [value(point) for point in part], colour, f"c = {branch.c:g}", "thick", dash)
        for branch in branches:
            if branch.street and theory:
                panel.line(*_curve(branch.street, gas, theory), BLACK, f"closed form, c = {branch.c:g}", "theory")
        for branch, (colour, _) in zip(branches, LOOKS, strict=False):
            shown = [point for point in branch.points if point.solved]
            hints = [f"c = {branch.c:g} at {number(p.joules_per_gas)} J/gas: {number(value(p), 4)}" for p in shown]
            xs = [math.log10(point.joules_per_gas) for point in shown]
            panel.dots(xs, [value(point) for point in shown], colour, hints, 2.4)
        panels.append(panel)
    decades = list(range(math.ceil(x[0]), math.floor(x[1]) + 1))
    panels[-1].x_axis(decades, [_decade(power) for power in decades], AXIS)
    _key(panels[0], branches, any(branch.street for branch in branches))
    height = FIRST + STEP * (len(panels) - 1) + HIGH + 48
    return Figure(title, picture(WIDE, height, title, *panels), note)


def ending(branches: Sequence[Branch], gas: Gas) -> Figure | None:
    """How the market ends, close up; None where nobody leaves."""
    changing = [
        point.joules_per_gas
        for branch in branches
        for before, after in pairwise(branch.points)
        for point in (before, after)
        if before.homes != after.homes and before.homes
    ]
    ends = [end for branch in branches for end in branch.ends or ()]
    if not (ends or changing):
        return None
    low, high = min(ends or changing) / 1.25, max(ends or changing) * 1.25
    most = max(point.homes for branch in branches for point in branch.points)
    panel = Panel((LEFT, 64.0, INNER, 230.0), (math.log10(low), math.log10(high)), (0.0, most * 1.06))
    panel.y_axis(ticks(0, panel.y1, 6), "standard agents that take part")
    for branch in branches:
        if branch.street:
            if gas.heads:
                panel.line(*_on_chain(branch.street, gas, low, high), GREY, "gas shared as on a chain", "theory", "4 3")
            panel.line(*_curve(branch.street, gas, lambda deal, *_: deal.homes, low, high), BLACK, "", "theory")
    for branch, (colour, _) in zip(branches, LOOKS, strict=False):
        shown = [point for point in branch.points if point.solved and low <= point.joules_per_gas <= high]
        hints = [f"c = {branch.c:g} at {number(p.joules_per_gas, 4)} J/gas: {p.homes}" for p in shown]
        panel.dots([math.log10(p.joules_per_gas) for p in shown], [p.homes for p in shown], colour, hints, 4.5)
    marks = (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    shown_marks = [m * 10.0**k for k in range(-5, 6) for m in marks if low <= m * 10.0**k <= high]
    panel.x_axis([math.log10(mark) for mark in shown_marks], [_decade_or(mark) for mark in shown_marks], AXIS)
    _key(panel, branches, any(branch.street for branch in branches), dots=True)
    shrinks = [branch for branch in branches if branch.ends and branch.ends[1] > branch.ends[0] * 1.5]
    title = "Homes leave one at a time with decreasing returns, and nearly at once with constant or increasing ones"
    if not shrinks or len(branches) < 2:
        title = "How many take part, close to where they begin to leave"
    caption = (
        "The end of the first panel above, close up; dots are the solver's. A home that leaves takes its spending with "
        "it: with decreasing returns what is left is cheaper to make, and those who stay can go on; with constant or "
        "increasing returns it is not."
    )
    if gas.heads:
        caption += " Dashed grey: the closed form where those who stay share the gas that is fixed, as on a chain."
    return Figure(title, picture(WIDE, 350.0, title, panel), caption)


def _parts(points: Sequence[Point]) -> tuple[list[Point], list[Point]]:
    """With trade and without: nothing is drawn between, where nothing was solved."""
    return [point for point in points if point.homes], [point for point in points if not point.homes]


def _marks(panel: Panel, *, with_names: bool) -> None:
    """The real layers: a line at the central estimate, a band from the low to the high one."""
    for name, layer in LAYERS.items():
        low, central, high = (math.log10(each.joules_per_gas) for each in layer.estimates.values())
        hint = f"{layer.about}: {number(layer.joules_per_gas)} J/gas"
        low, high = max(low, panel.x0), min(high, panel.x1)
        if high > low:
            panel.upright(low, GREY, wide=high - low, hint=hint)
        panel.upright(central, GREY, hint=hint)
        if with_names:
            at = "start" if central < panel.x0 + 1 else "end" if central > panel.x1 - 1 else "middle"
            place = panel.px(central) + (-8 if at == "start" else 8 if at == "end" else 0)
            panel.text(place, panel.top - 46, SHORT.get(name, name.capitalize()), at=at, kind="label")
            panel.text(place, panel.top - 31, f"{_plain(layer.joules_per_gas)} J/gas", at=at)


def _curve(
    street: Street,
    gas: Gas,
    theory: Callable[[Deal, float, float, Street], float],
    low: float = LOWEST,
    high: float = HIGHEST,
) -> tuple[list[float], list[float]]:
    xs = np.linspace(math.log10(low), math.log10(high), FINE)
    ys = []
    for x in xs:
        home, plant = (10**x / JOULES_PER_KWH * each for each in (gas.home, gas.plant))
        ys.append(theory(street.deal(home, plant), home, plant, street))
    return xs.tolist(), ys


def _on_chain(street: Street, gas: Gas, low: float, high: float) -> tuple[list[float], list[float]]:
    """Homes that take part where those who stay share the gas that is fixed."""
    xs = np.linspace(math.log10(low), math.log10(high), FINE)
    ys = []
    for x in xs:
        kappa = 10**x / JOULES_PER_KWH

        def burnt(agents: int, kappa: float = kappa) -> tuple[float, float]:
            home, plant = gas.among(agents)
            return kappa * home, kappa * plant

        ys.append(float(street.deal_among(burnt).homes))
    return xs.tolist(), ys


def _key(panel: Panel, branches: Sequence[Branch], theory: bool, *, dots: bool = False) -> None:
    y = 16.0
    x = LEFT
    for branch, (colour, dash) in zip(branches, LOOKS, strict=False):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        if dots:
            panel.svg.append(f'<circle cx="{x + 26:.0f}" cy="{y - 4:.0f}" r="4.5" fill="{colour}"/>')
        else:
            panel.svg.append(f'<path class="thick" d="M{x:.0f} {y - 4:.0f}h34" stroke="{colour}"{dashes}/>')
        returns = "decreasing" if branch.c < 1 else "constant" if branch.c == 1 else "increasing"
        words = f"{returns} returns, c = {branch.c:g}"
        panel.text(x + 42, y, words, kind="label")
        x += 62 + 6.9 * len(words)
    if theory:
        panel.svg.append(f'<path class="theory" d="M{x:.0f} {y - 4:.0f}h34" stroke="{BLACK}"/>')
        panel.text(x + 42, y, "closed form", kind="label")


def _plain(value: float) -> str:
    """``0.0004``, ``0.24``, ``2,319``."""
    return f"{value:.2g}" if value < 1 else number(value, 2)


def _decade(power: int) -> str:
    """``0.01``, ``1``, ``10,000``."""
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


def _decade_or(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
