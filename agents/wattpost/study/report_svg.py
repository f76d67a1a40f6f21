"""Just enough of a plotting kit: one panel with axes, drawn as SVG text.

Fonts, print sharpness and hover come from the browser; every mark carries its numbers as a ``<title>``,
which any browser shows when the pointer rests on it, without scripts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

# Okabe and Ito's palette, which people with any common colour blindness can tell apart.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#222222"
GREY, FAINT = "#8a8f98", "#d6dadf"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW, GREY)


def number(value: float, digits: int = 3) -> str:
    """A number as people read it: ``12,345``, ``0.724``, ``3.1e-05``; a dash for NaN, ∞ for infinity."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -3 or size > 8:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(0, digits - 1 - size)}f}"


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values from `low` to `high`, about as many as asked."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


class Panel:
    """A rectangle of the picture with an x and a y axis; `svg` collects what is drawn."""

    def __init__(
        self,
        box: tuple[float, float, float, float],
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        log: bool = False,
    ) -> None:
        self.left, self.top, self.width, self.height = box
        self.x0, self.x1 = x
        self.y0, self.y1 = (math.log10(y[0]), math.log10(y[1])) if log else y
        self.log = log
        self.svg: list[str] = []

    def px(self, x: float) -> float:
        return self.left + (x - self.x0) / ((self.x1 - self.x0) or 1.0) * self.width

    def py(self, y: float) -> float:
        level = math.log10(max(y, 1e-300)) if self.log else y
        share = (level - self.y0) / ((self.y1 - self.y0) or 1.0)
        return self.top + (1.0 - min(max(share, -0.02), 1.02)) * self.height

    def text(self, x: float, y: float, words: str, *, at: str = "start", kind: str = "tick", colour: str = "") -> None:
        fill = f' style="fill:{colour}"' if colour else ""
        self.svg.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{at}"{fill}>{escape(words)}</text>')

    def y_axis(self, values: Sequence[float], label: str, words: Sequence[str] = ()) -> None:
        decimals = max((len(f"{value:g}".partition(".")[2]) for value in values), default=0)
        for place, value in enumerate(values):
            y = self.py(value)
            kind = "zero" if value == 0 and not self.log else "grid"
            self.svg.append(
                f'<line class="{kind}" x1="{self.left:.1f}" x2="{self.left + self.width:.1f}" '
                f'y1="{y:.1f}" y2="{y:.1f}"/>'
            )
            self.text(self.left - 8, y + 4, words[place] if words else f"{value:,.{decimals}f}", at="end")
        self.text(self.left, self.top - 12, label, kind="axis")

    def x_axis(self, values: Sequence[float], words: Sequence[str], label: str) -> None:
        bottom = self.top + self.height
        for value, word in zip(values, words, strict=True):
            self.text(self.px(value), bottom + 18, word, at="middle")
        self.text(self.left + self.width, bottom + 36, label, at="end", kind="axis")

    def bar(self, x: float, wide: float, low: float, high: float, colour: str, hint: str) -> None:
        """A bar from `low` to `high`, `wide` in units of x, centred on `x`."""
        top, bottom = sorted((self.py(low), self.py(high)))
        left, right = self.px(x - wide / 2), self.px(x + wide / 2)
        self.svg.append(
            f'<rect class="mark" x="{left:.1f}" y="{top:.2f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.2f}" fill="{colour}"><title>{escape(hint)}</title></rect>'
        )

    def outline(self, x: float, wide: float, y: float, hint: str) -> None:
        left, right = self.px(x - wide / 2), self.px(x + wide / 2)
        self.svg.append(
            f'<line class="outline" x1="{left:.1f}" x2="{right:.1f}" y1="{self.py(y):.1f}" '
            f'y2="{self.py(y):.1f}"><title>{escape(hint)}</title></line>'
        )

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        colour: str,
        hint: str = "",
        kind: str = "line",
        dash: str = "",
    ) -> None:
        """A line that breaks where y is NaN (or not above zero on a log axis); `dash` tells lines apart on paper."""
        path, down = [], False
        for x, y in zip(xs, ys, strict=True):
            if math.isnan(y) or (self.log and y <= 0):
                down = False
                continue
            path.append(f"{'L' if down else 'M'}{self.px(x):.1f} {self.py(y):.1f}")
            down = True
        title = f"<title>{escape(hint)}</title>" if hint else ""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.svg.append(f'<path class="{kind}" d="{"".join(path)}" stroke="{colour}"{dashes}>{title}</path>')

    def dots(self, xs: Sequence[float], ys: Sequence[float], colour: str, hints: Sequence[str], r: float = 3.5) -> None:
        for x, y, hint in zip(xs, ys, hints, strict=True):
            if not math.isnan(y) and not (self.log and y <= 0):
                self.svg.append(
                    f'<circle class="mark" cx="{self.px(x):.1f}" cy="{self.py(y):.1f}" r="{r:g}" '
                    f'fill="{colour}"><title>{escape(hint)}</title></circle>'
                )

    def level(self, y: float, words: str, colour: str) -> None:
        """A dashed line across, with its meaning at the right end."""
        self.svg.append(
            f'<line class="level" x1="{self.left:.1f}" x2="{self.left + self.width:.1f}" '
            f'y1="{self.py(y):.1f}" y2="{self.py(y):.1f}" stroke="{colour}"/>'
        )
        self.text(self.left + self.width, self.py(y) - 7, words, at="end", kind="axis", colour=colour)

    def upright(self, x: float, colour: str, *, wide: float = 0.0, hint: str = "") -> None:
        """A line from top to bottom, or a faint band `wide` in units of x to its right."""
        title = f"<title>{escape(hint)}</title>" if hint else ""
        place = f'x="{self.px(x):.1f}" y="{self.top:.1f}" height="{self.height:.1f}" fill="{colour}"'
        if wide:
            width = self.px(x + wide) - self.px(x)
            self.svg.append(f'<rect {place} width="{width:.1f}" opacity="0.16">{title}</rect>')
        else:
            self.svg.append(f'<rect {place} width="1">{title}</rect>')

    def end_labels(self, labels: Sequence[tuple[float, str, str]], gap: float = 17.0) -> None:
        """(y, words, colour) beside the right edge, pushed apart so that none overlaps another."""
        at = sorted((self.py(y), words, colour) for y, words, colour in labels if not math.isnan(y))
        places = [y for y, _, _ in at]
        for _ in range(40):
            for i, (upper, lower) in enumerate(pairwise(places)):
                if lower - upper < gap:
                    push = (gap - lower + upper) / 2
                    places[i] -= push
                    places[i + 1] += push
        for place, (_, words, colour) in zip(places, at, strict=True):
            self.text(self.left + self.width + 10, place + 4, words, kind="label", colour=colour)


def picture(width: float, height: float, alt: str, *panels: Panel) -> str:
    """One SVG of the panels, with a description for those who cannot see it."""
    body = "\n".join(part for panel in panels for part in panel.svg)
    return f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(alt, quote=True)}">\n{body}\n</svg>'
