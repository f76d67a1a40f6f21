"""A run once more: its scenario as its manifest has it, with its days, its seed, and what it measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from wattpost.energy import KappaError, Measurement
from wattpost.study.scenario import Scenario, ScenarioError, load, parse

MANIFEST = "manifest.json"


def load_any(name_or_path: str | Path) -> Scenario:
    """A scenario by name or file, or that of an earlier run by its folder or its manifest."""
    path = Path(name_or_path)
    if path.suffix == ".json":
        return from_manifest(path)
    if path.is_dir() and (path / MANIFEST).is_file():
        return from_manifest(path / MANIFEST)
    return load(name_or_path)


def from_manifest(path: Path) -> Scenario:
    """Raises ScenarioError, one sentence that names the file."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ScenarioError(f"{path}: the manifest cannot be read ({problem.strerror}).") from None
    except ValueError:
        raise ScenarioError(f"{path}: this is no manifest of a run.") from None
    stated = manifest.get("scenario") if isinstance(manifest, dict) else None
    if not isinstance(stated, dict) or not isinstance(stated.get("text"), str):
        raise ScenarioError(f"{path}: this manifest holds no scenario.")
    found = parse(stated["text"], name=str(stated.get("name", path.stem)), source=path.name)
    days, seed = (_whole(path, key, value) for key, value in (("days", stated.get("days")), ("seed", manifest["seed"])))
    return replace(found, days=days, seed=seed, verification=_verification(path, found, manifest))


def _verification(path: Path, found: Scenario, manifest: dict[str, Any]) -> Any:
    known = manifest.get("verification") or {}
    if not isinstance(known, dict) or known.get("layer") != "measured":
        return found.verification
    try:
        measured = Measurement.from_json(known.get("measured"))
    except KappaError as problem:
        raise ScenarioError(f"{path}: {problem}") from None
    return replace(found.verification, layer="measured", joules_per_gas=None, measured=measured)


def _whole(path: Path, key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ScenarioError(f"{path}: {key} must be a whole number, not {value!r}.")
    return value
