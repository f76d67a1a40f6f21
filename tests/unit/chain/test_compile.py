"""The compiler's cache, and what is refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from wattpost.chain import compile as compiling
from wattpost.chain.compile import CompileError, cache_folder, compile_all, compile_contract, contracts_folder

SOURCES = Path(__file__).parent / "contracts"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the contracts, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Path(shutil.copytree(SOURCES, tmp_path / "contracts"))


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From `forbid` on, a compiler that starts is an error."""
    return monkeypatch


def forbid(patch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("the compiler was started")

    patch.setattr(compiling.subprocess, "Popen", refuse)


def test_compile__twice__starts_the_compiler_once(folder: Path, no_compiler: pytest.MonkeyPatch) -> None:
    first = compile_contract("Tally", folder=folder)
    forbid(no_compiler)
    assert compile_contract("Tally", folder=folder) == first
    assert first.immutables == 32
    assert first.size == len(first.runtime) // 2 + 32
    assert first.settings()["compiler"] == "vyper 0.4.3"


def test_compile__elsewhere__gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(folder, tmp_path / "elsewhere" / "contracts"))
    first = compile_contract("Tally", folder=folder)
    shutil.rmtree(cache_folder())
    assert compile_contract("Tally", folder=moved) == first


@pytest.mark.parametrize("name", ["Tally.vy", "modules/addition.vy"])
def test_compile__after_any_source_changed__compiles_again(
    folder: Path, name: str, no_compiler: pytest.MonkeyPatch
) -> None:
    before = compile_contract("Tally", folder=folder)
    (folder / name).write_text((folder / name).read_text() + "\n# changed\n")
    assert compile_contract("Tally", folder=folder).sources != before.sources
    forbid(no_compiler)
    compile_contract("Tally", folder=folder)


def test_compile__with_another_optimisation__is_another_artifact(folder: Path) -> None:
    by_gas, by_size = (compile_contract("Tally", folder=folder, optimize=o) for o in ("gas", "codesize"))
    assert by_gas.optimize == "gas"
    assert by_size.runtime != by_gas.runtime
    assert len(list(cache_folder().iterdir())) == 2


def test_compile__with_a_damaged_cache__compiles_again(folder: Path) -> None:
    first = compile_contract("Tally", folder=folder)
    (entry,) = cache_folder().iterdir()
    for damage in (
        "",
        "{",
        "[]",
        json.dumps({"name": "Tally"}),
        json.dumps({**json.loads(entry.read_text()), "name": "X"}),
    ):
        entry.write_text(damage)
        assert compile_contract("Tally", folder=folder) == first


def test_compile__with_an_unwritable_cache__still_works(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert compile_contract("Tally", folder=folder).bytecode


def test_compile__on_a_full_disk__still_works_and_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wattpost.chain.files.os.fsync", full)
    assert compile_contract("Tally", folder=folder).bytecode
    assert list(cache_folder().iterdir()) == []


def test_compile__of_a_broken_source__says_where(folder: Path) -> None:
    (folder / "Broken.vy").write_text("# pragma version 0.4.3\nx: public(uint257)\n")
    with pytest.raises(CompileError, match=r"^Broken.vy does not compile\.\n(.|\n)*uint257"):
        compile_contract("Broken", folder=folder)


def test_compile__of_a_missing_contract__says_so(folder: Path) -> None:
    with pytest.raises(CompileError, match=r"There is no contract Gone\.vy"):
        compile_all(["Tally", "Gone"], folder=folder)


def test_compile__beyond_the_size_limit__names_both_sizes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = compile_contract("Tally", folder=folder).size
    monkeypatch.setattr(compiling, "CODE_LIMIT", size)
    compile_contract("Tally", folder=folder)
    monkeypatch.setattr(compiling, "CODE_LIMIT", size - 1)
    with pytest.raises(CompileError, match=f"Tally has {size} bytes of code, and a contract may have {size - 1}"):
        compile_contract("Tally", folder=folder)


@pytest.mark.parametrize("pragma", ["# pragma experimental-codegen", "#pragma venom"])
def test_compile__of_a_source_that_asks_for_venom__refuses(folder: Path, pragma: str) -> None:
    source = folder / "modules" / "addition.vy"
    source.write_text(f"{pragma}\n{source.read_text()}")
    with pytest.raises(CompileError, match="experimental code generator"):
        compile_contract("Tally", folder=folder)


def test_compile__with_another_compiler_installed__refuses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.4.4")
    with pytest.raises(CompileError, match=r"need vyper 0\.4\.3, and 0\.4\.4 is installed"):
        compile_contract("Tally", folder=folder)


def test_contracts_folder__in_a_checkout__is_the_one_at_the_root() -> None:
    assert (contracts_folder() / "Market.vy").is_file()


def test_compile__from_the_cache__imports_neither_compiler_nor_web3(folder: Path) -> None:
    compile_contract("Tally", folder=folder)
    program = (
        "import sys, pathlib; from wattpost.chain.compile import compile_contract as c; "
        f"c('Tally', folder=pathlib.Path({str(folder)!r})); "
        "print([m for m in ('vyper', 'web3', 'eth', 'eth_utils', 'numpy') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=_env())
    assert shown.stdout.strip() == "[]"


def _env() -> dict[str, str]:
    import os

    return os.environ | {"PYTHONPATH": str(Path(compiling.__file__).parents[2])}
