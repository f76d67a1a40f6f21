"""The wheel carries contracts and scenarios: it plays a market far from any checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
KEPT = ("agents", "contracts", "pyproject.toml", "README.md", "LICENSE")


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = list(map(str, command))
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def test_wheel__in_an_empty_environment__runs_tiny(tmp_path: Path) -> None:
    source, outside = tmp_path / "source", tmp_path / "outside"
    for name in KEPT:
        place = CHECKOUT / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        source.mkdir(exist_ok=True)
        copy(place, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")

    outside.mkdir()
    venv.create(outside / "env", with_pip=True)
    lock = (CHECKOUT / "requirements.lock").read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+(?:\[[^]]*\])?==\S+)", lock, re.MULTILINE)
    (outside / "pins.txt").write_text("\n".join(re.sub(r"\[.*?\]", "", pin) for pin in pins))
    own = outside / "env/bin"
    _run(own / "pip", "--disable-pip-version-check", "--quiet", "install", "-c", "pins.txt", wheel, cwd=outside)
    listed = _run(own / "wattpost", "scenarios", cwd=outside).stdout
    assert "solar-day" in listed and "tiny" in listed
    played = _run(own / "wattpost", "run", "tiny", "--out", "played", cwd=outside)
    assert "Audit: clean" in played.stdout
    assert (outside / "played/report.html").stat().st_size > 5_000
    where = _run(own / "python", "-c", "import wattpost; print(wattpost.__file__)", cwd=outside).stdout
    assert str(CHECKOUT) not in where
