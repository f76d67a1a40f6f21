"""What the footprint study found, in words and tables: every number from the sweep."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from wattpost.energy import LAYERS
from wattpost.study.figures import Figure
from wattpost.study.footprint_gas import Gas
from wattpost.study.footprint_point import Point
from wattpost.study.footprint_returns import HIGHEST, LOWEST
from wattpost.study.footprint_sweep import Branch
from wattpost.study.page import Page, Section, Table
from wattpost.study.report_svg import number
from wattpost.study.scenario import Scenario

QUESTION = "At what cost of verification does a market end, and how?"
KINDS = ((1.0, "decreasing"), (math.nextafter(1.0, 2.0), "constant"), (math.inf, "increasing"))


def title(branches: Sequence[Branch]) -> str:
    """The finding in one line."""
    parts = []
    for name, words in (("proof-of-stake", "proof of stake"), ("proof-of-work", "proof of work")):
        points = [branch.at(LAYERS[name].joules_per_gas) for branch in branches]
        if not any(point.homes for point in points):
            parts.append(f"no market is left under {words}")
        else:
            share = max(point.burnt_share or 0.0 for point in points)
            parts.append(f"verification burns {_percent(share)} of all electricity under {words}")
    text = ", and ".join(parts)
    return text[0].upper() + text[1:]


def finding(branches: Sequence[Branch], gas: Gas) -> str:
    """The finding in one paragraph of numbers."""
    words = [
        f"A day on chain took {gas.home:,.0f} gas for a standard agent and {gas.plant:,.0f} for a producer.",
        f"{title(branches)}.",
    ]
    for branch in branches:
        half = crossing(branch.traded, lambda point: point.burnt_share or 0.0, 0.5)
        until, ended = observed_end(branch)
        text = f"With {returns(branch.c)} returns (c = {branch.c:g}) "
        text += f"verification burns half of all electricity at {number(half)} J/gas; " if half else ""
        if branch.ends:
            first, last = branch.ends
            steps = f"the first leaves at {number(first, 4)} J/gas and the last at {number(last, 4)}"
            text += steps if last > first * (1 + 1e-9) else f"all leave at once, at {number(first, 4)} J/gas"
        elif until and ended:
            text += f"all take part up to {number(until)} J/gas and nobody trades from {number(ended)} on"
        else:
            text += "the market does not end within the sweep"
        words.append(text + ".")
    ends = [branch.ends[1] if branch.ends else observed_end(branch)[1] for branch in branches]
    if known := [end for end in ends if end]:
        words.append(f"The last to end bears {number(max(known), 4)} J/gas: {_beside_layers(max(known))}.")
    moved = [
        f"{number(branch.chain_end, 4)} in place of {number(branch.ends[1], 4)} (c = {branch.c:g})"
        for branch in branches
        if branch.chain_end and branch.ends
    ]
    if moved:
        words.append(
            f"On a chain {gas.fixed:,.0f} gas of a day are the same for however few, so that those who stay pay more "
            f"as others leave: there the last leaves at {', '.join(moved)} J/gas."
        )
    if (gap := theory_gap(branches)) is not None:
        points, agreeing, worst = gap
        words.append(
            f"Solver and closed form agree on who takes part at {agreeing} of {points} points, and there on volumes "
            f"and prices to {number(worst, 2)}."
        )
    return " ".join(words)


def note(branches: Sequence[Branch], scenario: Scenario) -> str:
    """The figure's caption: how to read it, and what is not known."""
    words = (
        "Coloured: what the solver found, a dot for each point; grey: real layers, low to high estimate and the "
        "central one. Plants of each c are scaled so that the market is as large where verification burns nothing; "
        "prices are in units of the consumption good. "
    )
    if any(branch.street for branch in branches):
        words += "Black: the closed form, which the solver does not contain. "
    for branch in branches:
        if branch.against != "competition without verification":
            words += (
                f"With c = {branch.c:g} competition has no equilibrium, so welfare is a part of what {branch.against} "
                "gives. "
            )
        unsolved = sum(not point.solved for point in branch.points)
        if unsolved:
            words += f"With c = {branch.c:g} the solver proved nothing at {unsolved} points, which are left out. "
    words += "Nothing is drawn between the last point with trade and the first without. "
    return words + f"Scenario {scenario.name}, sha256 {scenario.sha256[:12]}, seed {scenario.seed}."


def page(
    branches: Sequence[Branch], gas: Gas, figures: Sequence[Figure], words: str, scenario: Scenario, command: str
) -> Page:
    """Question, figure, finding, table, method, how to repeat."""
    points = sum(len(branch.points) for branch in branches)
    method = (
        f"The scenario {scenario.name} was run on a chain for three days, and the receipts of the last said what gas "
        f"each agent's day took, its share of the common gas included: {gas.home:,.0f} for a standard agent, "
        f"{gas.plant:,.0f} for a producer. The solver then looked for the Nash equilibrium at {points} energy "
        f"intensities from {number(LOWEST)} to {number(HIGHEST)} joules per gas, each agent burning intensity times "
        "gas, and certified it. The gas of an agent's day is held fixed; on a chain its share of the common gas grows "
        "as agents leave. How much of that is the same for however few is told by a second run, of half the agents.",
        "Welfare is what standard agents have as a part of what competition without verification would give them: the "
        "factor by which all they consume would have to shrink, from there, to be worth what they have; those outside "
        "count with what they have outside.",
    )
    return Page(
        "Wattpost study: footprint",
        QUESTION,
        f"{title(branches)}.",
        (
            Section("figure", "Figures", figures=figures),
            Section("finding", "Finding", paragraphs=(words,)),
            Section("layers", "What each layer does", tables=(_layers(branches),)),
            Section("ends", "Where trade ends", tables=(_ends(branches),)),
            Section("method", "Method", paragraphs=method),
            Section("repeat", "How to repeat it", verbatim=(command, scenario.text)),
        ),
    )


def returns(c: float) -> str:
    """
    >>> [returns(c) for c in (0.5, 1.0, 1.2)]
    ['decreasing', 'constant', 'increasing']
    """
    return next(name for below, name in KINDS if c < below)


def crossing(points: Sequence[Point], value: Callable[[Point], float], level: float) -> float | None:
    """J/gas at which a value first reaches a level, between two points along their logarithms."""
    for before, after in pairwise(points):
        low, high = value(before), value(after)
        if low < level <= high:
            part = (level - low) / (high - low)
            return float(before.joules_per_gas * (after.joules_per_gas / before.joules_per_gas) ** part)
    return None


def observed_end(branch: Branch) -> tuple[float | None, float | None]:
    """The largest J/gas of the sweep at which all take part, and the smallest from which on nobody does."""
    most = max(point.homes for point in branch.points)
    full = [point.joules_per_gas for point in branch.points if point.homes == most]
    last = branch.traded[-1].joules_per_gas if branch.traded else 0.0
    empty = [point.joules_per_gas for point in branch.points if point.joules_per_gas > last]
    return (full[-1] if full and most else None), (empty[0] if empty else None)


def _beside_layers(joules: float) -> str:
    """``1,400 times what proof of stake burns and 1/3.1 of ...``: how far the real layers are."""
    parts = []
    for name in ("proof-of-stake", "proof-of-work"):
        times = joules / LAYERS[name].joules_per_gas
        far = f"{number(times, 2)} times" if times >= 1 else f"1/{number(1 / times, 2)} of"
        parts.append(f"{far} what {name.replace('-', ' ')} burns")
    return " and ".join(parts)


def theory_gap(branches: Sequence[Branch]) -> tuple[int, int, float] | None:
    """Points that theory covers, those where it agrees on who takes part, and there the largest relative difference."""
    covered = [point for branch in branches for point in branch.points if point.theory_homes is not None]
    if not covered:
        return None
    same = [p for p in covered if (p.homes, p.plants) == (p.theory_homes, p.theory_plants)]
    gaps = [0.0]
    for point in same:
        for own, theory in ((point.volume, point.theory_volume), (point.price, point.theory_price)):
            if own and theory:
                gaps.append(abs(own / theory - 1))
    return len(covered), len(same), max(gaps)


def _layers(branches: Sequence[Branch]) -> Table:
    rows = []
    for layer in sorted(LAYERS.values(), key=lambda layer: layer.joules_per_gas):
        for branch in branches:
            point = branch.at(layer.joules_per_gas)
            cells = (
                [number(point.volume, 4), *(_number(each) for each in (point.price,))] if point.homes else ["–", "–"]
            )
            share = "–" if point.burnt_share is None else _percent(point.burnt_share)
            welfare = "–" if point.welfare is None else _percent(point.welfare)
            rows.append(
                [layer.about, number(layer.joules_per_gas), f"{branch.c:g}", f"{point.homes}", *cells, welfare, share]
            )
    header = ("layer", "J/gas", "c", "standard agents", "kWh sold", "price", "welfare", "burnt")
    return Table(header, rows, "Prices in units of the consumption good; welfare as in the figure.")


def _ends(branches: Sequence[Branch]) -> Table:
    rows = []
    for branch in branches:
        until, ended = observed_end(branch)
        first, last = branch.ends or (None, None)
        cells = (first, last, branch.chain_end, until, ended)
        rows.append([f"{branch.c:g}", *(_number(each) for each in cells)])
    header = ("c", "first leaves", "last leaves", "the same on a chain", "all inside up to", "nobody from")
    return Table(header, rows, "J/gas: three columns of the closed form, then points of the sweep.")


def _number(value: float | None) -> str:
    return "–" if value is None else number(value, 4)


def _percent(share: float) -> str:
    return f"{number(100 * share, 2)} %"
