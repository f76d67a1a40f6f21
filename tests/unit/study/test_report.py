"""The report: self-contained, complete, and honest about what it does not know."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.unit.study.conftest import AGENTS, AUDIT, MANIFEST, RunFolder, agent_row, day_rows

from wattpost.study.report import ReportError, render, write_report
from wattpost.study.report_data import read_run


def page_of(folder: Path) -> str:
    return write_report(folder).read_text(encoding="utf-8")


class _Attributes(HTMLParser):
    """Every attribute and tag of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if name in ("src", "href", "srcset", "data", "poster", "action", "xlink:href"):
                self.loads.append(value or "")


def test_report__of_a_run__loads_nothing_from_anywhere(run_folder: RunFolder) -> None:
    page = page_of(run_folder())
    found = _Attributes(page)
    assert found.loads and all(target.startswith("#") for target in found.loads)
    assert not re.search(r"https?://|url\(|@import", page)
    assert not {"script", "link", "img", "iframe", "object"} & set(found.tags)


def test_report__of_a_run__has_every_section_its_links_point_to(run_folder: RunFolder) -> None:
    found = _Attributes(page_of(run_folder()))
    wanted = {"headline", "prices", "purchases", "energy", "path", "gap", "audit", "incidents", "repeat"}
    assert wanted <= found.ids
    assert {target[1:] for target in found.loads} <= found.ids
    assert found.tags.count("svg") == 5


def test_report__of_a_run__holds_its_numbers(run_folder: RunFolder) -> None:
    page = page_of(run_folder())
    for words in (
        "dearest in period 2 (7.50 bytecoin per kWh)",
        "cheapest in period 1 (2.50)",
        "From day 3 on, no agent could gain more than 0.1 %",  # gaps are 10 %, 1 %, 0.1 %, 0.01 %
        "burnt 0.120 kWh on day 4, 0.75 % of what was bought",
        "1.00e-07 kWh (0.360 J) per gas",
        "1,200,000",  # gas of the last day
        "123.40",  # what each holds
        "1,234",  # energy charges the audit recomputed
        "Day 2: a process died.",
        "wattpost run corner-case --seed 41",
        "5d" * 32,
        "6e" * 32,
        "sha256 abababababab, seed 41",
        "The sun was drawn by hand.",
        "A remark.",
    ):
        assert words in page, words


def test_report__made_twice__is_the_same_to_the_byte(run_folder: RunFolder) -> None:
    folder = run_folder()
    assert page_of(folder) == page_of(folder)


def test_report__pictures__are_well_formed(run_folder: RunFolder) -> None:
    pictures = re.findall(r"<svg.*?</svg>", page_of(run_folder()), re.DOTALL)
    for picture in pictures:
        assert "nan" not in picture.lower().replace("finance", "")
        ElementTree.fromstring(picture)


def test_report__names_with_markup__are_shown_not_run(run_folder: RunFolder) -> None:
    rows = [agent_row(1, 0, "<script>x</script>", "standard"), agent_row(1, 1, "plant", "producer")]
    page = page_of(run_folder(days=day_rows(1), agents=rows))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("audit", "words"),
    [
        ({"verdict": "violations", "first": {"field": "payout", "chain": 7, "own": 8}}, "Violations found."),
        ({"verdict": "could not check", "notes": ["Receipts are missing."]}, "Receipts are missing."),
        ({}, "Could not check."),
        ({"verdict": "splendid"}, "Could not check."),
    ],
)
def test_report__of_an_audit_that_is_not_clean__says_so(
    run_folder: RunFolder, audit: dict[str, Any], words: str
) -> None:
    page = page_of(run_folder(audit=audit))
    assert words in page
    assert "Clean" not in page
    assert ("<code>payout</code>" in page) == ("first" in audit)


def test_report__without_an_audit_file__could_not_check(run_folder: RunFolder) -> None:
    folder = run_folder()
    (folder / "audit.json").unlink()
    page = page_of(folder)
    assert "Could not check." in page and "audit.json cannot be read" in page


def test_report__of_an_absent_agent__names_it_and_why(run_folder: RunFolder) -> None:
    rows = [agent_row(1, place, name, kind) for place, (name, kind) in enumerate(AGENTS)]
    rows[1] |= {
        "submitted": False, "gap": None, "note": "its process had ended",
        "bids": [0.0, 0.0, 0.0], "allocations": [0.0, 0.0, 0.0],
    }  # fmt: skip
    page = page_of(run_folder(days=day_rows(1), agents=rows))
    assert "Day 1: home-2 sat out (its process had ended)." in page
    assert 'class="absent' in page


def test_report__of_a_day_without_trade__says_so(run_folder: RunFolder) -> None:
    rows = [
        agent_row(1, place, name, kind, allocations=[0.0] * 3, bids=[0.0] * 3, offers=[0.0] * 2, gap=None)
        for place, (name, kind) in enumerate(AGENTS)
    ]
    page = page_of(run_folder(days=day_rows(1, (None, None, None)), agents=rows))
    assert "On day 1 no electricity was traded" in page
    assert "On day 1 nothing was bought" in page
    assert "Best-response gaps were not computed" in page


def test_report__that_did_not_settle__claims_nothing(run_folder: RunFolder) -> None:
    gaps = {1: 1e-4, 2: 1e-4, 3: 2e-3, 4: 1.5e-3}
    rows = [
        agent_row(day, place, name, kind, gap=gap)
        for day, gap in gaps.items()
        for place, (name, kind) in enumerate(AGENTS)
    ]
    folder = run_folder(agents=rows)
    assert read_run(folder).settled_day is None
    assert "Not settled yet: at the end some agent could still gain 0.15 %" in page_of(folder)


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (None, "Whether bids settled is not known: the gap of some agents was not computed"),
        (float("inf"), "at the end some agent could still gain without limit by a different bid"),
    ],
)
def test_report__with_one_gap_unknown_or_infinite__does_not_call_the_run_settled(
    run_folder: RunFolder, gap: float | None, words: str
) -> None:
    rows = [
        agent_row(day, place, name, kind, gap=gap if name == "plant" else 1e-5)
        for day in (1, 2)
        for place, (name, kind) in enumerate(AGENTS)
    ]
    folder = run_folder(days=[*day_rows(1), *day_rows(2)], agents=rows)
    assert read_run(folder).settled_day is None
    page = page_of(folder)
    assert words in page and "could gain more than 0.1 %" not in page and "none could" not in page


def test_report__with_somebody_absent__may_still_be_settled(run_folder: RunFolder) -> None:
    rows = [agent_row(1, place, name, kind, gap=1e-5) for place, (name, kind) in enumerate(AGENTS)]
    rows[0] |= {"submitted": False, "gap": None}
    assert read_run(run_folder(days=day_rows(1), agents=rows)).settled_day == 1


def test_report__of_hundreds_of_agents__shows_means_by_group(run_folder: RunFolder) -> None:
    rows = [agent_row(1, place, f"home-{place}", "standard") for place in range(300)]
    rows.append(agent_row(1, 300, "plant", "producer"))
    page = page_of(run_folder(days=day_rows(1), agents=rows))
    assert "home (mean of 300)" in page
    assert "home-7" not in page.split("<table>")[1].split("</table>")[0]


def test_report__of_a_bare_manifest__is_made_all_the_same(run_folder: RunFolder) -> None:
    page = page_of(run_folder(manifest={"scenario": {"name": "bare"}}))
    assert "<h1>bare</h1>" in page


@pytest.mark.parametrize("name", ["manifest.json", "days.parquet", "agents.parquet"])
@pytest.mark.parametrize("damage", [None, b"", b"{]"])
def test_report__of_a_damaged_folder__is_one_sentence(run_folder: RunFolder, name: str, damage: bytes | None) -> None:
    folder = run_folder()
    if damage is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(damage)
    with pytest.raises(ReportError, match=re.escape(name)):
        write_report(folder)
    assert not (folder / "report.html").exists()


def test_report__of_no_finished_day__is_refused(run_folder: RunFolder) -> None:
    with pytest.raises(ReportError, match="no day was finished"):
        write_report(run_folder(days=[]))


def test_report__into_a_full_disk__leaves_the_old_one(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_folder()
    before = page_of(folder)
    (folder / "manifest.json").write_text('{"scenario": {"name": "later"}}')

    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_report(folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == before
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_report__is_imported__without_the_heavy_libraries() -> None:
    code = (
        "import sys; import wattpost.study.report, wattpost.study.scenario; "
        "heavy = 'pandas', 'matplotlib', 'pvlib', 'demandlib', 'pyarrow', 'jinja2', 'scipy'; "
        "print([name for name in heavy if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert shown.stdout.strip() == "[]"


def test_render__without_versions_or_timings__needs_no_defaults(run_folder: RunFolder) -> None:
    manifest = {key: value for key, value in MANIFEST.items() if key not in ("versions", "timings", "incidents")}
    page = render(read_run(run_folder(manifest=manifest)))
    assert AUDIT["notes"][0] in page and "None: every agent bid on every day." in page
