"""A page that is no run's own report: a study, or several runs side by side. One file, opens offline, loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from wattpost.study.figures import Figure


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are words already; `narrow` is for names with long values."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, in this order."""

    id: str
    heading: str
    paragraphs: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    verbatim: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`eyebrow` says what kind of page it is, `lead` what it found."""

    eyebrow: str
    title: str
    lead: str
    sections: Sequence[Section]


def render(page: Page) -> str:
    """The page as text; the same page gives the same text."""
    from jinja2 import Environment

    folder = files("wattpost.study")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(folder.joinpath("page.html.j2").read_text(encoding="utf-8"))
    return template.render(page=page, style=folder.joinpath("report.css").read_text(encoding="utf-8"))
