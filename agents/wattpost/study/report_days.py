"""The figures of the whole run: energy, prices and best-response gaps by day."""

from __future__ import annotations

import math

import numpy as np

from wattpost.study.figures import INNER, LEFT, WIDE, Figure, day_axis, day_span, period_name, top
from wattpost.study.report_data import SETTLED, Array, Run
from wattpost.study.report_svg import (
    BLACK,
    BLUE,
    FAINT,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    Panel,
    number,
    picture,
    ticks,
)

GAP_FLOOR = 1e-6


def energy_burnt(run: Run) -> Figure:
    burnt = run.agents["verification_kwh"].sum(axis=1)
    used = run.agents["consumed_kwh"].sum(axis=1)
    own, shared = run.agents["own_gas"].sum(axis=1), run.agents["shared_gas"].sum(axis=1)
    own_kwh = burnt * own / np.maximum(own + shared, 1)
    span = day_span(run.days)
    upper = Panel((LEFT, 34, INNER, 150), span, (0, top(used + burnt)))
    upper.y_axis(ticks(0, upper.y1, 4), "all electricity bought, kWh a day")
    lower = Panel((LEFT, 238, INNER, 130), span, (0, top(burnt)))
    lower.y_axis(ticks(0, lower.y1, 4), "of it burnt by validation, kWh a day")
    for d, day in enumerate(run.days):
        x, rest = float(day), burnt[d] - own_kwh[d]
        upper.bar(x, 0.72, 0, used[d], SKY, f"day {day}: {number(used[d], 4)} kWh consumed")
        upper.bar(x, 0.72, used[d], used[d] + burnt[d], VERMILION, f"day {day}: {number(burnt[d], 4)} kWh burnt")
        lower.bar(x, 0.72, 0, own_kwh[d], VERMILION, f"day {day}: {number(own_kwh[d], 4)} kWh by own transactions")
        lower.bar(x, 0.72, own_kwh[d], burnt[d], ORANGE, f"day {day}: {number(rest, 4)} kWh by the common ones")
    day_axis(lower, run.days)
    thin = " (too thin to see)" if burnt[-1] < 0.01 * used[-1] else ""
    upper.end_labels(
        [
            (float(used[-1]) / 2, "consumed", "#1b6d9c"),
            (float(used[-1] + burnt[-1]), "burnt" + thin, VERMILION),
        ]
    )
    lower.end_labels(
        [
            (float(own_kwh[-1]) / 2, "own transactions", VERMILION),
            (float(own_kwh[-1] + burnt[-1]) / 2, "common ones", "#9a6a00"),
        ]
    )
    bought = float(burnt[-1] + used[-1])
    title = f"Validating payments burnt {number(float(burnt[-1]))} kWh on day {int(run.days[-1])}" + (
        f", {number(100 * float(burnt[-1]) / bought, 2)} % of what was bought" if bought else ""
    )
    kappa = run.manifest.get("kappa_kwh_per_gas")
    caption = "Gas on the receipts, turned into energy" + (
        f" at κ = {number(float(kappa))} kWh ({number(float(kappa) * 3.6e6)} J) per gas. " if kappa else ". "
    )
    caption += "Common transactions open, close, produce, settle and meter the day; everybody pays a share."
    return Figure(title, picture(WIDE, 420, title, upper, lower), caption)


def price_path(run: Run) -> Figure:
    T, price, days = run.periods, run.posts["price"], [float(day) for day in run.days]
    electricity = price[:, 1:]
    shown = electricity[np.isfinite(electricity) & (electricity > 0)]
    log = shown.size > 0 and float(shown.max() / shown.min()) > 12.0
    span = day_span(run.days)
    low, high = (float(shown.min()) * 0.9, float(shown.max()) * 1.1) if log else (0.0, top(electricity))
    upper = Panel((LEFT, 34, INNER, 220), span, (low, high), log=log)
    marks = _decades(low, high) if log else ticks(0, high)
    upper.y_axis(marks, "price of electricity, bytecoin per kWh" + (" (log scale)" if log else ""))
    lower = Panel((LEFT, 308, INNER, 90), span, (0, top(price[:, 0])))
    lower.y_axis(ticks(0, lower.y1, 3), "price of the consumption good, bytecoin per unit")
    for t in range(T):
        upper.line(days, electricity[:, t].tolist(), FAINT if T > 6 else GREY, period_name(t + 1, T), "thread")
    labels = []
    for t, colour in zip(_telling(electricity[-1]), (VERMILION, GREEN, BLUE), strict=False):
        name, path = period_name(t + 1, T), electricity[:, t].tolist()
        upper.line(days, path, colour, name)
        upper.dots(
            days,
            path,
            colour,
            [f"day {d:g}, {name}: {number(p, 4)} bytecoin/kWh" for d, p in zip(days, path, strict=True)],
        )
        labels.append((path[-1], name, colour))
    upper.end_labels(labels)
    path = price[:, 0].tolist()
    lower.line(days, path, BLACK)
    lower.dots(days, path, BLACK, [f"day {d:g}: {number(p, 4)} bytecoin" for d, p in zip(days, path, strict=True)])
    day_axis(lower, run.days)
    caption = "Every post's price by day; the dearest, the middle and the cheapest of the last day are coloured. "
    caption += "Money has no natural scale: only ratios of prices matter to what anybody can buy."
    title = "One day was traded, so prices have no path yet"
    if len(days) > 1:
        change = np.abs(electricity[-1] / electricity[-2] - 1)
        worst = float(np.nanmax(change)) if np.isfinite(change).any() else math.nan
        title = f"Between the last two days no electricity price moved by more than {_percent(worst)}"
        if math.isnan(worst):
            title = "No post traded on both of the last two days"
    return Figure(title, picture(WIDE, 450, title, upper, lower), caption)


def _telling(prices: Array) -> list[int]:
    """The dearest, the middle and the cheapest post, without repeats."""
    order = [int(t) for t in np.argsort(prices) if math.isfinite(prices[t])]
    return list(dict.fromkeys([order[-1], order[len(order) // 2], order[0]])) if order else []


def _decades(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [m * 10.0**k for k in powers for m in (1, 2, 5) if low <= m * 10.0**k <= high]


def response_gap(run: Run) -> Figure:
    days, gaps, worst = [float(day) for day in run.days], run.agents["gap"], run.gap_by_day
    known = gaps[np.isfinite(gaps)]
    high = 10.0 ** math.ceil(math.log10(max(float(known.max(initial=0.0)), 2 * SETTLED)))
    least = float(worst[np.isfinite(worst)].min(initial=SETTLED))
    low = max(GAP_FLOOR, min(SETTLED / 10, 10.0 ** math.floor(math.log10(max(least / 4, GAP_FLOOR)))))
    panel = Panel((LEFT, 34, INNER, 260), day_span(run.days), (low, high), log=True)
    marks = [10.0**k for k in range(round(math.log10(low)), round(math.log10(high)) + 1)]
    panel.y_axis(marks, "what a best response would have added, log scale", [f"{100 * mark:g} %" for mark in marks])
    for i, name in enumerate(run.names):
        path = np.where(gaps[:, i] > low, gaps[:, i], np.nan).tolist()
        panel.dots(days, path, "#b9bfc7", [f"{name}: {_percent(gap)}" for gap in path], 2.6)
    panel.level(SETTLED, "0.1 %", VERMILION)
    worst_path = np.where(np.isnan(worst), np.nan, np.clip(worst, low, high)).tolist()
    panel.line(days, worst_path, BLUE)
    hints = []
    for d in range(len(days)):
        who = run.names[int(np.nanargmax(gaps[d]))] if not math.isnan(worst[d]) else "it is not known who"
        hints.append(f"day {run.days[d]}: {who} could have gained {_percent(float(worst[d]))}")
    panel.dots(days, worst_path, BLUE, hints)
    day_axis(panel, run.days)
    panel.end_labels([(worst_path[-1], "largest gain", BLUE)])
    since = run.settled_day
    if since is not None:
        title = f"From day {since} on, no agent could gain more than 0.1 % by a different bid"
    elif not math.isnan(worst[-1]):
        gain = "without limit" if math.isinf(worst[-1]) else _percent(float(worst[-1]))
        title = f"Not settled yet: at the end some agent could still gain {gain} by a different bid"
    elif np.isnan(gaps).all():
        title = "Best-response gaps were not computed for this run"
    else:
        title = "Whether bids settled is not known: the gap of some agents was not computed"
    caption = (
        "For each agent and day, how much its best response to what the others did would have added, in "
        "consumption equivalents: the uniform increase of all it consumes that would be worth the same. "
        "Grey: each agent whose gain is on the scale. Blue: the largest."
    )
    return Figure(title, picture(WIDE, 346, title, panel), caption)


def _percent(share: float) -> str:
    return f"{number(100 * share, 2)} %"
