"""A run once more, from its manifest; and what a layer without a figure says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.study.test_scenario import GOOD

from wattpost.chain.engine import open_engine
from wattpost.energy import KappaError, Measurement
from wattpost.study.intensity import intensity, intensity_on
from wattpost.study.measuring import measure, node_clock
from wattpost.study.repeating import load_any
from wattpost.study.run import with_changes
from wattpost.study.scenario import ScenarioError, parse
from wattpost.study.solving import economy_of

MEASURED = Measurement("anvil", "3 transfers", gas=72_000_000, cpu_seconds=1.5, watts_per_core=12.0)
OF_THE_NODE = GOOD.replace("joules_per_gas = 0.24", 'layer = "measured"')


class Silent:
    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...


def written(folder: Path, text: str = OF_THE_NODE, **changes: Any) -> Path:
    manifest: dict[str, Any] = {
        "scenario": {"name": "corner", "text": text, "days": 7},
        "seed": 12,
        "verification": {"layer": "measured", "measured": MEASURED.to_json()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    return folder


def test_a_run_once_more__has_its_days_its_seed_and_its_kappa(tmp_path: Path) -> None:
    again = load_any(written(tmp_path))
    assert (again.days, again.seed, again.name) == (7, 12, "corner")
    assert again.text == OF_THE_NODE
    assert intensity(again.verification).kappa == MEASURED.kappa == 69_444
    assert intensity_on("rpc", again.verification, Silent()).how == MEASURED.how
    assert economy_of(again).verification_kwh[0].sum() == pytest.approx(123_456 * 69_444e-18, rel=1e-12)


def test_a_run_once_more__is_found_by_its_manifest_too(tmp_path: Path) -> None:
    assert load_any(str(written(tmp_path) / "manifest.json")).sha256 == load_any(str(tmp_path)).sha256


def test_another_layer__takes_the_place_of_what_was_measured(tmp_path: Path) -> None:
    other = with_changes(load_any(written(tmp_path)), layer="proof-of-work")
    assert other.verification.layer == "proof-of-work" and other.verification.measured is None
    assert "22,900,320,000 kWh" in intensity(other.verification).how
    by_hand = with_changes(parse(GOOD), layer="consortium")
    assert by_hand.verification.joules_per_gas is None and by_hand.verification.layer == "consortium"
    assert with_changes(parse(GOOD)).verification.joules_per_gas == 0.24
    with pytest.raises(KappaError, match="consortium"):
        with_changes(parse(GOOD), layer="consortum")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scenario": {"text": 3}}, "holds no scenario"),
        ({"seed": "x"}, "seed must be a whole number"),
        ({"verification": {"layer": "measured"}}, "not written down completely"),
        ({"verification": {"layer": "measured", "measured": MEASURED.to_json() | {"gas": 0}}}, "no load"),
    ],
)
def test_a_manifest_that_is_damaged__is_one_sentence(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=words):
        load_any(written(tmp_path, **changes))


def test_a_file_that_is_no_manifest__is_one_sentence(tmp_path: Path) -> None:
    for text, words in (("{", "no manifest"), ("[]", "holds no scenario")):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(ScenarioError, match=words):
            load_any(tmp_path / "manifest.json")


def test_what_nobody_measured__has_no_figure() -> None:
    with pytest.raises(KappaError, match="measured by a run"):
        intensity(parse(OF_THE_NODE).verification)


def test_what_is_below_the_unit__is_one_sentence() -> None:
    with pytest.raises(KappaError, match="nothing would burn"):
        intensity(parse(GOOD.replace("0.24", "1e-13")).verification)


def test_a_node_far_away__cannot_be_measured() -> None:
    with pytest.raises(KappaError, match="engine rpc cannot be read from here"):
        measure("rpc", Silent())
    with open_engine("eth-tester") as near, open_engine("rpc", url=near.url) as far:
        node_clock(near)
        with pytest.raises(KappaError, match="state joules_per_gas"):
            node_clock(far)


def test_watts__belong_to_the_layer_that_is_measured() -> None:
    assert parse(OF_THE_NODE + "watts_per_core = 4.5").verification.watts_per_core == 4.5
    for text in (GOOD + "watts_per_core = 4.5", OF_THE_NODE + "watts_per_core = 0.0"):
        with pytest.raises(ScenarioError, match="watts_per_core"):
            parse(text)
