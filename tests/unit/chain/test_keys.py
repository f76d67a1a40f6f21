"""Keys are derived or decrypted, and never shown."""

import copy
import json
import pickle
import stat
from pathlib import Path

import pytest

from wattpost.chain import keys
from wattpost.chain.keys import Key, KeyFileError, derive, generate, load, save

SECRET = bytes(range(1, 33))


@pytest.fixture(autouse=True)
def quick_kdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KDF_ITERATIONS", 2)


def test_derive__twice__gives_the_same_key_and_marks_it() -> None:
    assert derive(7, "home", 3).address == derive(7, "home", 3).address
    assert derive(7, "home", 3).test_key
    assert not generate().test_key


def test_derive__of_other_arguments__gives_other_keys() -> None:
    asked = [(7, "home", 3), (8, "home", 3), (7, "solar", 3), (7, "home", 4), (73, "home", 3)]
    assert len({derive(*arguments).address for arguments in asked}) == len(asked)


def test_repr__of_a_key__hides_the_secret() -> None:
    shown = f"{Key(SECRET)!r} {Key(SECRET)!s} {[Key(SECRET)]}"
    assert SECRET.hex() not in shown
    assert str(int.from_bytes(SECRET, "big")) not in shown
    assert Key(SECRET).address in shown


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_copying__a_key__refuses(duplicate: object) -> None:
    with pytest.raises(TypeError, match="not copied between processes"):
        duplicate(Key(SECRET))  # type: ignore[operator]


def test_save_and_load__with_the_password__gives_the_key_back(tmp_path: Path) -> None:
    path = save(Key(SECRET), tmp_path / "keys" / "a.json", "correct horse")
    assert load(path, "correct horse").address == Key(SECRET).address
    assert not load(path, "correct horse").test_key


def test_save__writes_version_3_that_only_the_owner_reads(tmp_path: Path) -> None:
    path = save(Key(SECRET), tmp_path / "a.json", "p")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["version"] == 3
    assert SECRET.hex() not in path.read_text()


def test_save__over_an_existing_file__refuses_and_keeps_it(tmp_path: Path) -> None:
    path = save(Key(SECRET), tmp_path / "a.json", "p")
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="exists already"):
        save(generate(), path, "p")
    assert path.read_bytes() == before


def test_save__into_a_folder_that_is_a_file__refuses_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match=r"cannot be written: .*\.$"):
        save(Key(SECRET), tmp_path / "file" / "a.json", "p")


def test_load__with_a_wrong_password__refuses_without_repeating_it(tmp_path: Path) -> None:
    path = save(Key(SECRET), tmp_path / "a.json", "right")
    with pytest.raises(KeyFileError, match="does not open") as refusal:
        load(path, "guess-1234")
    assert "guess-1234" not in str(refusal.value)


def test_load__of_a_lost_file__refuses(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="There is no key file"):
        load(tmp_path / "gone.json", "p")


def test_load__of_a_file_that_others_may_read__refuses(tmp_path: Path) -> None:
    path = save(Key(SECRET), tmp_path / "a.json", "p")
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="Others may read"):
        load(path, "p")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 3}', '{"version": 9, "crypto": {}}'])
def test_load__of_something_else__refuses(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="not a version 3 key file"):
        load(path, "p")
