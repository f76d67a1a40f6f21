"""An honest market is clean, and nothing of it goes unchecked."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.unit.audit.doctor import Doctored

import wattpost.audit


def test_an_honest_market__is_clean__with_everything_counted(copy: Doctored, tmp_path: Path) -> None:
    verdict = copy.audit(tmp_path)
    assert verdict.to_json()["violations"] == []
    assert verdict.exit_code == 0 and verdict.to_json()["verdict"] == "clean"
    checked = verdict.checked
    assert checked["days"] == 6 and checked["submissions"] == checked["charges"] == 22
    assert checked["batches"] == 3 and checked["skipped"] == 4
    assert checked["blocks"] == checked["header hashes"] == len(copy.blocks)
    assert checked["transactions"] == checked["signatures"]
    assert "Donated to the market without a deposit: 11 (10^-18 bytecoin)." in verdict.notes
    assert any("no agents: 3" in note for note in verdict.notes)  # stranger, meter, dust


def test_sealing_an_untouched_copy__changes_nothing(copy: Doctored, tmp_path: Path) -> None:
    before = [line["block"]["hash"] for line in copy.blocks]
    copy.seal()
    assert [line["block"]["hash"] for line in copy.blocks] == before
    assert copy.audit(tmp_path).exit_code == 0


def test_the_auditor__imports_nothing_else_of_the_package() -> None:
    folder = Path(wattpost.audit.__file__).parent
    seen = 0
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                names = [node.module or ""]
            for name in names:
                seen += 1
                assert not name.startswith("wattpost") or name.split(".")[:2] == ["wattpost", "audit"], (path, name)
    assert seen > 50


def test_progress__is_told_after_every_block(copy: Doctored, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    folder = copy.save(tmp_path)
    wattpost.audit.audit_folder(folder, lambda done, total: told.append((done, total)))
    assert told == [(n, None) for n in range(1, len(copy.blocks) + 1)]
