"""A node that is measured: by the command, by a run, and by a run that is repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import SMALL, Command, manifest, needs_anvil, sentence, wattpost
from wattpost.energy import Measurement

MEASURED = '\n[verification]\nlayer = "measured"\nwatts_per_core = 7.5\n'


@needs_anvil
def test_layers__measures_the_node_and_says_how(tmp_path: Path, command: Command) -> None:
    target = tmp_path / "layers.json"
    done = command("layers", "--measure", "--engine", "anvil", "--watts-per-core", "20", "--json", str(target))
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())
    assert [each["name"] for each in found["layers"]] == ["proof-of-work", "bitcoin", "proof-of-stake", "consortium"]
    for each in found["layers"]:
        for estimate in each["estimates"].values():
            energy = estimate["annual_kwh"] * 3_600_000
            assert estimate["joules_per_gas"] == pytest.approx(energy / estimate["annual_gas"], rel=1e-15)
    own = found["measured"]
    assert own["joules_per_gas"] == own["cpu_seconds"] * 20.0 / own["gas"] and own["gas"] > 1_000_000
    assert own["how"] in done.stdout and "20 W a core" in own["how"]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that measured."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "small.toml").write_text(SMALL.format(days=1, window=600) + MEASURED)
    done = wattpost("run", "small.toml", "--seed", "5", "--out", "first", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "first"


def test_run__with_the_measured_layer__measures_and_says_how(first: Path) -> None:
    told = manifest(first)["verification"]
    measured = Measurement.from_json(told["measured"])
    assert told["layer"] == "measured" and told["how"] == measured.how and "7.5 W" in told["how"]
    assert manifest(first)["kappa_kwh_per_gas"] == measured.kappa / 1e18


def test_run__of_a_run_that_measured__takes_its_kappa(first: Path, tmp_path: Path, command: Command) -> None:
    assert command("run", str(first), "--out", str(tmp_path / "again")).returncode == 0
    for key in ("verification", "state_digest", "market_digest", "seed", "scenario"):
        assert manifest(tmp_path / "again")[key] == manifest(first)[key]


def test_run__of_a_manifest_with_another_layer__differs_in_kappa_alone(
    first: Path, tmp_path: Path, command: Command
) -> None:
    done = command("run", str(first / "manifest.json"), "--layer", "consortium", "--out", str(tmp_path / "other"))
    assert done.returncode == 0, done.stderr
    own, other = manifest(first), manifest(tmp_path / "other")
    assert other["verification"]["layer"] == "consortium"
    assert other["kappa_kwh_per_gas"] > 100 * own["kappa_kwh_per_gas"]
    assert other["scenario"] == own["scenario"] and other["state_digest"] != own["state_digest"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("layers", "--measure", "--watts-per-core", "nan"), "watts per core must be a number above 0"),
        (("layers", "--watts-per-core", "5"), "goes with --measure"),
        (("run", "tiny", "--layer", "proof-of-steak"), 'did you mean "proof-of-stake"?'),
        (("run", "nowhere/manifest.json"), "manifest cannot be read"),
    ],
)
def test_what_cannot_be_measured_or_found__is_one_sentence(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    assert words in sentence(wattpost(*arguments, cwd=tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_absurd_kappa__charges_nobody(small: Callable[..., Path], tmp_path: Path, command: Command) -> None:
    path = small(change=lambda text: text + "\n[verification]\njoules_per_gas = 4e6\n")
    assert "more than the market allows" in sentence(command("run", str(path), "--out", str(tmp_path / "run")))
    assert not (tmp_path / "run").exists()
