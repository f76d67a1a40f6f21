"""What the report's figures share: a finding as a title, a picture, a caption, and the axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wattpost.study.report_data import Array
from wattpost.study.report_svg import Panel

WIDE, LEFT, RIGHT = 920.0, 62.0, 140.0
INNER = WIDE - LEFT - RIGHT


@dataclass(frozen=True, slots=True)
class Figure:
    title: str
    svg: str
    caption: str


def period_name(period: int, periods: int) -> str:
    """``19:00-20:00`` where a day has 24 periods, else ``period 3``."""
    return f"{period - 1:02d}:00–{period:02d}:00" if periods == 24 else f"period {period}"


def period_axis(panel: Panel, periods: int, *, label: bool = True) -> None:
    if periods == 24:
        hours = list(range(0, 25, 3))
        panel.x_axis(hours, [f"{h:02d}:00" for h in hours], "hour of the day" if label else "")
    else:
        every = math.ceil(periods / 16)
        shown = list(range(1, periods + 1, every))
        panel.x_axis([t - 0.5 for t in shown], [str(t) for t in shown], "period" if label else "")


def day_axis(panel: Panel, days: Array, *, label: bool = True) -> None:
    every = math.ceil(len(days) / 15)
    shown = [float(day) for day in days[:: every or 1]]
    panel.x_axis(shown, [f"{day:g}" for day in shown], "day" if label else "")


def day_span(days: Array) -> tuple[float, float]:
    return float(days[0]) - 0.6, float(days[-1]) + 0.6


def top(values: Array) -> float:
    """The upper end of an axis from zero."""
    most = float(np.nanmax(values, initial=0.0)) if np.isfinite(values).any() else 0.0
    return most * 1.06 or 1.0
