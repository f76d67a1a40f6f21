"""The README's picture: `python benchmarks/picture.py runs/demo` takes it from a run's report."""

from __future__ import annotations

import re
import sys
from pathlib import Path

FIGURE = 1  # who bought what


def main() -> None:
    page = (Path(sys.argv[1]) / "report.html").read_text()
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert style
    variables = re.search(r":root\s*\{.*?\}", style[1], flags=re.DOTALL)
    rules = "\n".join(re.findall(r"^svg[^{]*\{[^}]*\}", style[1], flags=re.MULTILINE))
    root = variables[0].replace(":root", "svg") if variables else ""
    opening = re.match(r"<svg viewBox=\"([^\"]*)\"", figures[FIGURE])
    assert opening
    x, y, width, height = map(float, opening[1].split())
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x - 10} {y - 10} {width + 20} {height + 20}" '
        'font-family="Helvetica, Arial, sans-serif">'
        + f"<style>{root}\n{rules}</style>".replace("font-family: inherit", "font-family: Helvetica, Arial, sans-serif")
        + f'<rect x="{x - 10}" y="{y - 10}" width="{width + 20}" height="{height + 20}" fill="#ffffff"/>'
    )
    body = figures[FIGURE].partition(">")[2]
    Path("docs/solar-day.svg").write_text(head + body + "\n")


if __name__ == "__main__":
    main()
