"""`wattpost study footprint` and `wattpost report DIR DIR`: what they leave, what they refuse, how they look."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import SMALL, Command, sentence
from tests.e2e.test_report_in_browser import CHROMIUM, browse
from tests.unit.study.test_comparison import STAKE, WORK, run
from wattpost.energy import LAYERS
from wattpost.study import footprint
from wattpost.study.comparison import compare
from wattpost.study.footprint import FILES, Options, Study
from wattpost.study.scenario import load
from wattpost.study.summary import Bars

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to render the page with")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two homes and two plants that want the good alone, at a few points."""
    where = tmp_path_factory.mktemp("study")
    text = SMALL.format(days=1, window=600).replace("electricity = [0.1]", "electricity = [0.0]")
    (where / "small.toml").write_text(text)
    small = Options(where / "footprint", returns=(0.5,), a_decade=1, rungs=2, command="wattpost study footprint")
    with Bars() as progress:
        found: Study = footprint.study(load(where / "small.toml"), small, progress)
    assert found.finding
    return where / "footprint"


def test_study__leaves_figure_table_finding_and_the_run_it_rests_on(folder: Path) -> None:
    assert {each.name for each in folder.iterdir()} == FILES - {"run-half"}  # two homes are not halved
    found = json.loads((folder / "footprint.json").read_text())
    rows = pq.read_table(folder / "footprint.parquet").to_pylist()
    assert found["points"] == rows and found["finding"] in (folder / "finding.txt").read_text()
    for layer in LAYERS.values():
        assert layer.joules_per_gas in {row["joules_per_gas"] for row in rows}


def test_study__takes_its_gas_from_receipts(folder: Path) -> None:
    gas = json.loads((folder / "footprint.json").read_text())["gas"]
    rows = [row for row in pq.read_table(folder / "run/agents.parquet").to_pylist() if row["day"] == 3]
    for kind, key in (("standard", "home"), ("producer", "plant")):
        taken = [row["own_gas"] + row["shared_gas"] for row in rows if row["kind"] == kind]
        assert gas[key] == sum(taken) / len(taken) > 50_000
    assert json.loads((folder / "run/audit.json").read_text())["verdict"] == "clean"


def test_study__finds_that_proof_of_stake_is_borne_and_proof_of_work_is_not(folder: Path) -> None:
    by_layer = {row["joules_per_gas"]: row for row in pq.read_table(folder / "footprint.parquet").to_pylist()}
    stake, work = (by_layer[LAYERS[name].joules_per_gas] for name in ("proof-of-stake", "proof-of-work"))
    assert stake["homes"] == 2 and stake["burnt_share"] < 0.05 and work["homes"] == 0
    for row in by_layer.values():
        assert row["theory_homes"] == row["homes"]
        if row["homes"]:
            assert row["volume"] == pytest.approx(row["theory_volume"], rel=1e-8)


@in_browser
def test_pages__in_a_browser__draw_their_figures_without_the_network(folder: Path, tmp_path: Path) -> None:
    both = compare([run(tmp_path / "a", STAKE), run(tmp_path / "b", WORK, ended=True)], tmp_path / "both.html")
    for page, figures in ((folder / "report.html", 2), (both, 1)):
        marker = "<script>document.title = [...document.querySelectorAll('svg')].map(s => "
        marker += "Math.round(s.getBoundingClientRect().width) + 'x' + s.querySelectorAll('path,rect,circle').length"
        marker += ").join(' ') + ' | ' + performance.getEntriesByType('resource').length"
        marker += " + ' | ' + (document.documentElement.scrollWidth - innerWidth)</script>"
        probe = tmp_path / "probe.html"
        probe.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{marker}</body>"), encoding="utf-8")
        title = browse(probe, "--dump-dom").stdout.split("<title>")[1].split("</title>")[0]
        drawn, fetched, overflow = title.split(" | ")
        sizes = [tuple(int(part) for part in each.split("x")) for each in drawn.split()]
        assert len(sizes) == figures and all(width > 600 and marks > 4 for width, marks in sizes)
        assert fetched == "0" and int(overflow) <= 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("study", "footprint", "--scenario", "strett"), "street"),
        (("study", "footprint", "--out", "taken"), "not empty"),
        (("report", "nowhere"), "manifest.json cannot be read"),
    ],
)
def test_what_cannot_be_studied_or_reported__is_one_sentence(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    from tests.e2e.conftest import wattpost

    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/mine.txt").write_text("kept")
    assert words in sentence(wattpost(*arguments, cwd=tmp_path))
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_study__of_a_lone_plant__is_refused_before_anything_starts(tmp_path: Path, command: Command) -> None:
    lone = tmp_path / "lone.toml"
    lone.write_text(SMALL.format(days=1, window=600).replace('name = "plant"\ncount = 2', 'name = "plant"\ncount = 1'))
    said = sentence(command("study", "footprint", "--scenario", str(lone), "--out", str(tmp_path / "out")))
    assert "at least two producers" in said and not (tmp_path / "out").exists()


def test_study__interrupted__leaves_nothing(tmp_path: Path) -> None:
    study = subprocess.Popen(
        [sys.executable, "-m", "wattpost", "study", "footprint", "--out", "out"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert list(tmp_path.iterdir()), "it never began"
    study.send_signal(signal.SIGINT)
    _, said = study.communicate(timeout=60)
    assert study.returncode == 130 and "Interrupted" in said and "Traceback" not in said
    assert not list(tmp_path.iterdir())
