"""A report's figure as an SVG file of its own, with its title, for papers and slides."""

from __future__ import annotations

import re
import textwrap
from html import escape
from importlib.resources import files

from wattpost.study.figures import Figure

MARGIN, LINE, A_LINE = 16.0, 25.0, 92  # of the title: units a line, characters a line
NAMES = {"--ink": "#1d2126", "--soft": "#5b626c"}  # of the page's colours: not every program reads variables


def standalone(figure: Figure) -> str:
    """The figure's picture below its title, on white, with the rules it needs."""
    opening = re.match(r"<svg viewBox=\"0 0 ([\d.]+) ([\d.]+)\"[^>]*>", figure.svg)
    assert opening
    width, height = float(opening[1]), float(opening[2])
    lines = textwrap.wrap(figure.title, A_LINE)
    head = MARGIN + LINE * len(lines) + 14
    title = "".join(
        f'<text class="title" x="4" y="{LINE * (place + 1) - head:.0f}">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    box = f"{-MARGIN:g} {-head:g} {width + 2 * MARGIN:g} {height + head + MARGIN:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" '
        f'aria-label="{escape(figure.title, quote=True)}">\n<style>{_rules()}</style>\n'
        f'<rect x="{-MARGIN:g}" y="{-head:g}" width="{width + 2 * MARGIN:g}" height="{height + head + MARGIN:g}" '
        f'fill="#ffffff"/>\n{title}\n{figure.svg[opening.end() :].strip()}\n'
    )


def _rules() -> str:
    """The report's rules for pictures, for a picture that stands alone."""
    css = files("wattpost.study").joinpath("report.css").read_text(encoding="utf-8")
    rules = [rule for rule in re.findall(r"^svg[^{]*\{[^}]*\}", css, flags=re.MULTILINE) if ":hover" not in rule]
    text = "\n".join(rules).replace("font-family: inherit", 'font-family: "Helvetica Neue", Arial, sans-serif')
    for name, colour in NAMES.items():
        text = text.replace(f"var({name})", colour)
    return text + "\nsvg text.title { font-size: 19px; font-weight: 600; fill: #1d2126; }"
