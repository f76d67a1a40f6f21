"""The figures of the last day: what each period cost, and who bought from whom."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wattpost.study.figures import INNER, LEFT, RIGHT, WIDE, Figure, period_axis, period_name, top
from wattpost.study.report_data import Array, Run
from wattpost.study.report_svg import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Panel,
    number,
    picture,
    ticks,
)

BUYERS = (BLUE, ORANGE, GREEN, PURPLE, SKY)
SELLERS = (YELLOW, "#5b5f66", VERMILION)


def prices_and_volumes(run: Run) -> Figure:
    T, day = run.periods, int(run.days[-1])
    price, delivered = run.posts["price"][-1], run.posts["delivered"][-1]
    offered, electricity = run.posts["offered"][-1], run.posts["price"][-1][1:]
    upper = Panel((LEFT, 34, INNER, 190), (0, T), (0, top(electricity)))
    upper.y_axis(ticks(0, upper.y1), "price, bytecoin per kWh")
    lower = Panel((LEFT, 278, INNER, 150), (0, T), (0, top(offered[1:])))
    lower.y_axis(ticks(0, lower.y1, 4), "volume, kWh")
    for t in range(1, T + 1):
        name = period_name(t, T)
        hint = f"{name}: {number(price[t], 4)} bytecoin/kWh, {number(delivered[t], 4)} kWh delivered"
        if not math.isnan(price[t]):
            upper.line([t - 1, t], [price[t]] * 2, BLUE, hint, "step")
        lower.bar(t - 0.5, 0.84, 0, delivered[t], SKY, hint)
        if offered[t] > delivered[t] * (1 + 1e-9):
            lower.outline(t - 0.5, 0.84, offered[t], f"{name}: {number(offered[t], 4)} kWh offered")
    period_axis(lower, T)
    caption = (
        f"Day {day}, the last. Above, the clearing price of each post; below, the electricity delivered on it"
        + (", with a line where more was offered. " if (offered > delivered * (1 + 1e-9)).any() else ". ")
        + f"A unit of the consumption good cost {number(price[0], 4)} bytecoin."
    )
    if np.isnan(electricity).all():
        return Figure(f"On day {day} no electricity was traded", picture(WIDE, 480, "No trade", upper, lower), caption)
    high, low = int(np.nanargmax(electricity)) + 1, int(np.nanargmin(electricity)) + 1
    title = (
        f"Electricity was dearest {_when(high, T)} ({number(price[high])} bytecoin per kWh) "
        f"and cheapest {_when(low, T)} ({number(price[low])})"
    )
    if price[high] - price[low] < 1e-3 * price[high]:
        title = f"Electricity cost {number(price[high])} bytecoin per kWh in every period"
    return Figure(title, picture(WIDE, 480, title, upper, lower), caption)


def who_bought(run: Run) -> Figure:
    T, day = run.periods, int(run.days[-1])
    bought = _layers(run, run.agents["allocations"][-1][:, 1:], BUYERS)
    sold = _layers(run, run.agents["offers"][-1][:, 1:], SELLERS)
    none = np.zeros(T)
    total_bought = sum((kwh for _, _, kwh in bought), none)
    total_sold = sum((kwh for _, _, kwh in sold), none)
    panel = Panel((LEFT, 34, INNER, 330), (0, T), (-top(total_sold), top(total_bought)))
    marks = ticks(panel.y0, panel.y1, 7)
    panel.y_axis(marks, "kWh bought (up) and offered (down)", [f"{abs(value):g}" for value in marks])
    for sign, layers in ((1, bought), (-1, sold)):
        base = np.zeros(T)
        for name, colour, kwh in layers:
            for t in range(T):
                verb = "bought" if sign > 0 else "offered"
                hint = f"{period_name(t + 1, T)}: {name} {verb} {number(kwh[t], 4)} kWh"
                if kwh[t] > 0:
                    panel.bar(t + 0.5, 0.84, sign * base[t], sign * (base[t] + kwh[t]), colour, hint)
            base += kwh
    period_axis(panel, T)
    y = panel.top + 6
    for heading, layers in (("bought by", bought), ("offered by", sold)):
        panel.text(WIDE - RIGHT + 14, y, heading, kind="axis")
        for name, colour, kwh in layers:
            y += 21
            panel.svg.append(f'<rect x="{WIDE - RIGHT + 14:g}" y="{y - 10:g}" width="12" height="12" fill="{colour}"/>')
            panel.text(WIDE - RIGHT + 32, y, f"{name}, {number(float(kwh.sum()))}", kind="label")
        y += 40
    title = f"On day {day} nothing was bought"
    if bought and total_bought.sum() > 0:
        buyer = max(bought, key=lambda layer: float(layer[2].sum()))
        seller = max(sold, key=lambda layer: float(layer[2].sum()), default=("nobody", "", none))
        title = (
            f"Largest buyer: {buyer[0]}, {_share(buyer[2], total_bought)} of all electricity; "
            f"largest seller: {seller[0]}, {_share(seller[2], total_sold)}"
        )
    caption = (
        f"Day {day}, agents gathered by the groups of the scenario; numbers in the key are kWh over the day. "
        "Plants buy back what they use, and what validating their own payments burns."
    )
    return Figure(title, picture(WIDE, 416, title, panel), caption)


def _layers(run: Run, amounts: Array, colours: Sequence[str]) -> list[tuple[str, str, Array]]:
    """(group, colour, kWh by period) in the scenario's order; small groups become "others"."""
    sums = {name: amounts[members].sum(axis=0) for name, members in run.groups.items()}
    ranked = sorted((name for name in sums if sums[name].sum() > 0), key=lambda name: -float(sums[name].sum()))
    whole = sum(float(sums[name].sum()) for name in ranked)
    large = {name for name in ranked[: len(colours)] if sums[name].sum() >= 0.01 * whole}
    rest = [name for name in ranked if name not in large]
    layers = [
        (name, colour, sums[name]) for name, colour in zip((n for n in sums if n in large), colours, strict=False)
    ]
    if rest:
        plants = all(run.kind_of(name) == "producer" for name in rest)
        label = rest[0] if len(rest) == 1 else "plants" if plants else "others"
        layers.append((label, GREY, np.sum([sums[name] for name in rest], axis=0)))
    return layers


def _when(period: int, periods: int) -> str:
    return ("at " if periods == 24 else "in ") + period_name(period, periods)


def _share(part: Array, whole: Array) -> str:
    total = float(whole.sum())
    return f"{100 * float(part.sum()) / total:.0f} %" if total else "0 %"
