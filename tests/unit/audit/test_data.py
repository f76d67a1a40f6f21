"""The data themselves: doctored without new seals, they are convicted; cut or gapped, they cannot be checked."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.audit.doctor import Doctored

from wattpost.audit import audit_folder


def busy(copy: Doctored) -> dict[str, Any]:
    return copy.calls("submit")[0][0]


def header(copy: Doctored) -> None:
    busy(copy)["block"]["timestamp"] = "0x1"


def parent(copy: Doctored) -> None:
    copy.blocks[9]["block"]["parentHash"] = "0x" + "ab" * 32


def reordered(copy: Doctored) -> None:
    line = busy(copy)
    line["block"]["transactions"].reverse()
    line["receipts"].reverse()


def gas_shaved(copy: Doctored) -> None:
    copy.gas(copy.calls("submit")[0][2], -1)


def calldata(copy: Doctored) -> None:
    tx = copy.calls("submit")[0][1]
    tx["input"] = tx["input"][:-1] + "1"


def sender(copy: Doctored) -> None:
    _, tx, receipt = copy.calls("submit")[0]
    tx["from"] = receipt["from"] = "0x" + "11" * 20


def log_forged(copy: Doctored) -> None:
    copy.outcome(copy.logs("Settled")[0], 0, "energy", 1)


def log_dropped(copy: Doctored) -> None:
    copy.calls("settle")[0][2]["logs"].pop()


def pair_dropped(copy: Doctored) -> None:
    line, tx, _ = copy.calls("submit")[0]
    copy.drop(line, tx)


def receipts_swapped(copy: Doctored) -> None:
    receipts = busy(copy)["receipts"]
    receipts[0], receipts[1] = receipts[1], receipts[0]


UNSEALED: list[tuple[Callable[[Doctored], None], str]] = [
    (header, "data.block-hash"),
    (parent, "data.parent-hash"),
    (reordered, "data.transactions-root"),
    (gas_shaved, "data.gas-used"),
    (calldata, "data.transaction-hash"),
    (sender, "data.sender"),
    (log_forged, "data.receipts-root"),
    (log_dropped, "data.bloom"),
    (pair_dropped, "data.transactions-root"),
    (receipts_swapped, "data.receipt"),
]


@pytest.mark.parametrize(("forge", "rule"), UNSEALED, ids=[forge.__name__ for forge, _ in UNSEALED])
def test_changed_data__are_convicted_by_what_the_chain_committed_to(
    forge: Callable[[Doctored], None], rule: str, copy: Doctored, tmp_path: Path
) -> None:
    forge(copy)
    verdict = copy.audit(tmp_path)
    assert verdict.exit_code == 1
    assert rule in {violation.rule for violation in verdict.violations}
    assert verdict.first is not None and verdict.first.rule.startswith("data.")


def test_a_missing_number_of_a_key__is_convicted(copy: Doctored, tmp_path: Path) -> None:
    line, tx, _ = copy.calls("approve")[0]
    renumber = copy.renumber
    renumber()
    copy.drop(line, tx)
    copy.renumber = lambda: None  # type: ignore[method-assign]
    rules = {violation.rule for violation in copy.seal().audit(tmp_path).violations}
    assert "data.nonce" in rules


def test_a_headers_hash_before_the_first_good_one__is_convicted_all_the_same(copy: Doctored, tmp_path: Path) -> None:
    copy.blocks[0]["block"]["extraData"] = "0x99"
    verdict = copy.audit(tmp_path)
    assert [(v.rule, v.block) for v in verdict.violations] == [("data.block-hash", 0)]


# ---- what cannot be checked


def damage(folder: Path, change: Callable[[bytes], bytes]) -> None:
    path = folder / "chain.jsonl.gz"
    path.write_bytes(change(path.read_bytes()))


def lines_changed(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    def recompress(raw: bytes) -> bytes:
        return gzip.compress(b"".join(change(gzip.decompress(raw).splitlines(keepends=True))))

    return recompress


def without_a_receipt(lines: list[bytes]) -> list[bytes]:
    at = max(range(1, len(lines) - 1), key=lambda i: len(json.loads(lines[i])["receipts"]))
    entry = json.loads(lines[at])
    entry["receipts"].pop()
    return [*lines[:at], json.dumps(entry).encode() + b"\n", *lines[at + 1 :]]


def titled(**changes: Any) -> Callable[[bytes], bytes]:
    return lines_changed(lambda lines: [json.dumps(json.loads(lines[0]) | changes).encode() + b"\n", *lines[1:]])


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda raw: raw[: len(raw) // 2],
    "the last bytes missing": lambda raw: raw[:-4],
    "a bit turned": lambda raw: raw[:2000] + bytes([raw[2000] ^ 16]) + raw[2001:],
    "not compressed": lambda raw: b"hello",
    "empty": lambda raw: b"",
    "a line cut off": lines_changed(lambda lines: [*lines[:20], lines[20][:50]]),
    "a block missing": lines_changed(lambda lines: [*lines[:20], *lines[21:]]),
    "a block twice": lines_changed(lambda lines: [*lines[:20], lines[19], *lines[20:]]),
    "a receipt missing": lines_changed(without_a_receipt),
    "no blocks": lines_changed(lambda lines: lines[:1]),
    "begun late": lines_changed(lambda lines: [lines[0], *lines[20:]]),
    "ended in the middle of a day": lines_changed(lambda lines: lines[:-4]),
    "ended before the market": lines_changed(lambda lines: lines[:2]),
    "another version": titled(version=2),
    "another format": titled(format="tar"),
    "no chain id": titled(chain_id=None),
    "no blocks but nonsense": lines_changed(lambda lines: [lines[0], b"[1]\n", b'{"block": {"number": 3}}\n']),
    "no end": lines_changed(lambda lines: lines[:-1]),
    "two ends": lines_changed(lambda lines: [*lines, lines[-1]]),
    "blocks after the end": lines_changed(lambda lines: [*lines, lines[-2]]),
    "an end of no block": lines_changed(lambda lines: [lines[0], lines[-1]]),
    "an end that names another block": lines_changed(
        lambda lines: [*lines[:-1], b'{"end": {"block": 2000, "hash": "0x00"}}\n']
    ),
}


@pytest.mark.parametrize("label", DAMAGE)
def test_damaged_archives__could_not_be_checked(label: str, copy: Doctored, tmp_path: Path) -> None:
    copy.save(tmp_path)
    damage(tmp_path, DAMAGE[label])
    verdict = audit_folder(tmp_path)
    assert verdict.to_json()["verdict"] == "could not check"
    assert verdict.exit_code == 2 and not verdict.violations
    assert verdict.to_json()["notes"][0].endswith(".")


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"version": 2}', "[1]", '{"version": 1, "chain_id": 1, "genesis_hash": "0x", "contracts": {}}', None],
)
def test_a_bad_deployment_file__could_not_be_checked(text: str | None, copy: Doctored, tmp_path: Path) -> None:
    path = copy.save(tmp_path) / "deployment.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert audit_folder(tmp_path).exit_code == 2


def test_an_archive_of_another_chain__is_convicted(copy: Doctored, tmp_path: Path) -> None:
    copy.save(tmp_path)
    damage(tmp_path, titled(chain_id=5))
    verdict = audit_folder(tmp_path)
    assert verdict.first is not None and verdict.first.rule == "deployment.chain"


def test_a_manifest_of_more_days__makes_the_archive_incomplete(copy: Doctored, tmp_path: Path) -> None:
    copy.save(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"scenario": {"days": 6}}))
    assert audit_folder(tmp_path).exit_code == 0
    (tmp_path / "manifest.json").write_text(json.dumps({"scenario": {"days": 7}}))
    assert audit_folder(tmp_path).exit_code == 2


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"contracts": {"Market": {"code_hash": "0x12"}}}, "deployment.code"),
        ({"kappa_kwh_per_gas": 1e-9}, "deployment.arguments"),
        ({"chain_id": 7}, "deployment.chain"),
    ],
)
def test_a_manifest_edited_after_the_run__is_convicted(
    change: dict[str, Any], rule: str, copy: Doctored, tmp_path: Path
) -> None:
    copy.save(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps(change))
    verdict = audit_folder(tmp_path)
    assert verdict.first is not None and verdict.first.rule == rule


def test_any_turned_bit__is_damage_and_never_a_verdict(copy: Doctored, tmp_path: Path) -> None:
    copy.save(tmp_path)
    whole = (tmp_path / "chain.jsonl.gz").read_bytes()
    for at in range(30, len(whole) - 8, len(whole) // 40):
        turned = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
        with contextlib.suppress(OSError, EOFError, zlib.error):
            gzip.decompress(turned)
            continue  # another way of writing the same content
        (tmp_path / "chain.jsonl.gz").write_bytes(turned)
        verdict = audit_folder(tmp_path)
        assert verdict.exit_code == 2 and not verdict.violations, at
