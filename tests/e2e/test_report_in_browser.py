"""The report in a real browser, with the network off: it renders, and asks for nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.study.conftest import AGENTS, AUDIT, MANIFEST, agent_row, day_rows
from wattpost.study.report import write_report
from wattpost.study.tables import write_agents, write_days

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to render the report with")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    days = range(1, 5)
    write_days(tmp_path / "days.parquet", [row for day in days for row in day_rows(day)])
    rows = [agent_row(day, place, *who) for day in days for place, who in enumerate(AGENTS)]
    write_agents(tmp_path / "agents.parquet", rows)
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "audit.json").write_text(json.dumps(AUDIT))
    return write_report(tmp_path)


def browse(page: Path, *what: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    return subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={page.parent / 'profile'}",
            "--window-size=1200,4000", *what, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


def test_report__in_a_browser__draws_every_figure_without_the_network(report: Path) -> None:
    marker = "<script>document.title = [...document.querySelectorAll('svg')].map(s => "
    marker += "Math.round(s.getBoundingClientRect().width) + 'x' + s.querySelectorAll('path,rect,circle').length"
    marker += ").join(' ') + ' | ' + performance.getEntriesByType('resource').length"
    marker += " + ' | ' + (document.documentElement.scrollWidth - innerWidth)</script>"
    probe = report.with_name("probe.html")  # the page, with a script that looks at it
    probe.write_text(report.read_text(encoding="utf-8").replace("</body>", f"{marker}</body>"), encoding="utf-8")
    title = browse(probe, "--dump-dom").stdout.split("<title>")[1].split("</title>")[0]
    figures, fetched, overflow = title.split(" | ")
    sizes = [tuple(int(part) for part in figure.split("x")) for figure in figures.split()]
    assert len(sizes) == 5 and all(width > 600 and marks > 3 for width, marks in sizes)
    assert fetched == "0"
    assert int(overflow) <= 0


def test_report__on_paper__is_a_pdf_of_a_few_pages(report: Path) -> None:
    target = report.with_suffix(".pdf")
    browse(report, f"--print-to-pdf={target}")
    pdf = target.read_bytes()
    assert pdf.startswith(b"%PDF") and 2 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 8
