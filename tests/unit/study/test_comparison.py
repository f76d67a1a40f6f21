"""Runs side by side: what the page says, in numbers that can be checked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.unit.study.conftest import AGENTS, MANIFEST, agent_row, day_rows

from wattpost.study.comparison import Column, compare
from wattpost.study.report_data import ReportError, read_run
from wattpost.study.tables import write_agents, write_days

STAKE = {"layer": "proof-of-stake", "kappa": 66_003, "how": "By a preset."}
WORK = {"layer": "proof-of-work", "kappa": 644_186, "how": "By another preset."}


def run(folder: Path, verification: dict[str, Any], *, ended: bool = False, **manifest: Any) -> Path:
    """Four days; where trade has ended, home-2 is out from day 3 and everything that is bought is burnt."""
    import json

    folder.mkdir()
    days, agents = [], []
    for day in (1, 2, 3, 4):
        days += day_rows(day, (None, None, None)) if ended and day == 4 else day_rows(day)
        for place, who in enumerate(AGENTS):
            row = agent_row(day, place, *who)
            if ended:
                row |= {"consumed_kwh": 0.0, "verification_kwh": 50.0, "arrears_kwh": 42.0 * day}
            if ended and who[0] == "home-2" and day >= 3:
                row |= {"submitted": False, "note": "it could buy 0.1 of what its payments burn", "arrears_kwh": 0.0}
                row |= {"allocations": [0.0] * 3, "verification_kwh": 0.0}
            agents.append(row)
    write_days(folder / "days.parquet", days)
    write_agents(folder / "agents.parquet", agents)
    (folder / "manifest.json").write_text(json.dumps(MANIFEST | {"verification": verification} | manifest))
    return folder


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    return [run(tmp_path / "a", STAKE), run(tmp_path / "b", WORK, ended=True, kappa_kwh_per_gas=6e-4)]


def test_page__says_what_each_run_came_to(pair: list[Path], tmp_path: Path) -> None:
    text = compare(pair, tmp_path / "both.html", "wattpost report a b").read_text()
    for words in (
        "corner-case: proof of stake, proof of work",
        "Under proof of stake, 3 of 3 agents bid on day 4, bought 16.0 kWh and consumed 15.9",
        "verification burnt 0.75 % of what they bought",  # 3 agents at 0.04 kWh, of 16 kWh
        "Under proof of work, 2 of 3 agents bid on day 4",
        "The runs share scenario, seed and policy, and differ in their energy intensity alone.",
        "2 of 4 days; day 3: it could buy 0.1 of what its payments burn",
        "By another preset.",
        "wattpost report a b",
        "2,160",  # J per gas
    ):
        assert words in text, words
    assert not any(each in text for each in ("http://", "https://", "<script"))


def test_picture__is_well_formed_and_has_a_column_for_each_run(pair: list[Path], tmp_path: Path) -> None:
    text = compare(pair, tmp_path / "both.html").read_text()
    picture = text[text.index("<svg") : text.index("</svg>") + 6]
    ElementTree.fromstring(picture)
    assert "nan" not in picture
    assert "under proof of stake" in picture and "under proof of work" in picture


def test_what_is_owed__stays_owed_by_those_who_are_absent(pair: list[Path]) -> None:
    column = Column("b", read_run(pair[1]))
    assert column.owed.tolist() == [3 * 42, 3 * 84, 84 + 2 * 126, 84 + 2 * 168]
    assert column.bidders.tolist() == [3, 3, 2, 2]
    assert column.sold.tolist() == [16.0, 16.0, 16.0, 0.0]
    assert column.price[0] == pytest.approx(8 * (2.5 + 7.5) / 16)


def test_runs_that_differ_in_more__are_said_to(tmp_path: Path) -> None:
    folders = [run(tmp_path / "a", STAKE), run(tmp_path / "b", WORK, seed=42)]
    assert "differ in more than their energy intensity" in compare(folders, tmp_path / "both.html").read_text()


def test_runs_of_one_layer__go_by_their_folders(tmp_path: Path) -> None:
    folders = [run(tmp_path / "early", STAKE), run(tmp_path / "late", STAKE)]
    text = compare(folders, tmp_path / "both.html").read_text()
    assert "under early" in text and "under late" in text


def test_too_many_runs_or_too_few__are_one_sentence(pair: list[Path], tmp_path: Path) -> None:
    for folders in (pair[:1], pair * 3):
        with pytest.raises(ReportError, match="Between 2 and 4 runs"):
            compare(folders, tmp_path / "both.html")
    with pytest.raises(ReportError, match=r"manifest\.json cannot be read"):
        compare([pair[0], tmp_path], tmp_path / "both.html")
    assert not (tmp_path / "both.html").exists()
