"""Vyper sources to bytecode, remembered between runs.

The key of the cache is the hash of every source below the contracts folder, the compiler's version and the
settings. A hit reads one small file and imports nothing; a miss runs the pinned compiler as its own process.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wattpost.chain.files import write_atomically

COMPILER = "0.4.3"
EVM_VERSION = "prague"
OPTIMIZE = "codesize"
CODE_LIMIT = 24_576  # bytes of a deployed contract, EIP-170
FORMATS = "abi,bytecode,bytecode_runtime,layout"


class CompileError(Exception):
    """The contracts cannot be compiled; the first line says why."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract. `runtime` lacks the immutables, which stand at its end once deployed."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str  # hex, without constructor arguments
    runtime: str
    immutables: int  # bytes
    compiler: str
    evm_version: str
    optimize: str
    sources: str  # sha256 over every source

    def settings(self) -> dict[str, str]:
        """What has to be equal for a rebuild to give the same bytes."""
        return {
            "compiler": f"vyper {self.compiler}",
            "evm_version": self.evm_version,
            "optimize": self.optimize,
            "sources": self.sources,
        }

    @property
    def size(self) -> int:
        """Bytes of code once deployed."""
        return len(self.runtime) // 2 + self.immutables


def contracts_folder() -> Path:
    """In an installed package its own data, in a checkout the folder at the root."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "contracts", package.parents[1] / "contracts"):
        if folder.is_dir():
            return folder
    raise CompileError("The contracts are missing: neither the package nor the checkout has them.")


def compile_contract(name: str, *, optimize: str = OPTIMIZE, folder: Path | None = None) -> Artifact:
    """The contract in `name`.vy."""
    return compile_all([name], optimize=optimize, folder=folder)[name]


def compile_all(names: Iterable[str], *, optimize: str = OPTIMIZE, folder: Path | None = None) -> dict[str, Artifact]:
    """Several contracts; those that are not in the cache are compiled side by side."""
    folder = folder or contracts_folder()
    sources = _hash_sources(folder)
    found: dict[str, Artifact] = {}
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for name in names:
            artifact = _remembered(name, sources, optimize)
            if artifact:
                found[name] = artifact
            else:
                running[name] = _start(name, folder, optimize)
        for name, process in running.items():
            found[name] = _finish(name, process, sources, optimize)
            _remember(found[name])
    finally:
        for process in running.values():
            if process.poll() is None:
                process.kill()
                process.communicate()
    for artifact in found.values():
        if artifact.size > CODE_LIMIT:
            raise CompileError(
                f"{artifact.name} has {artifact.size} bytes of code, and a contract may have {CODE_LIMIT}."
            )
    return found


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "wattpost"


def _hash_sources(folder: Path) -> str:
    total = hashlib.sha256()
    files = sorted(p for p in folder.rglob("*.vy*") if p.suffix in (".vy", ".vyi"))
    for path in files:
        source = path.read_bytes()
        if re.search(rb"^#\s*pragma\s+(experimental-codegen|venom)", source, re.MULTILINE):
            raise CompileError(f"{path.name} asks for the experimental code generator, which is not allowed here.")
        total.update(f"{path.relative_to(folder).as_posix()}\0{len(source)}\0".encode() + source)
    return total.hexdigest()


def _entry(name: str, sources: str, optimize: str) -> Path:
    key = hashlib.sha256(f"{name}/{sources}/{COMPILER}/{EVM_VERSION}/{optimize}/{FORMATS}".encode())
    return cache_folder() / f"{name}-{key.hexdigest()[:32]}.json"


def _remembered(name: str, sources: str, optimize: str) -> Artifact | None:
    try:
        artifact = Artifact(**json.loads(_entry(name, sources, optimize).read_text()))
    except (
        OSError,
        ValueError,
        TypeError,
        RuntimeError,
    ):  # absent, damaged or of another version: compile again
        return None
    expected = (name, sources, COMPILER, EVM_VERSION, optimize)
    given = (artifact.name, artifact.sources, artifact.compiler, artifact.evm_version, artifact.optimize)
    return artifact if given == expected else None


def _remember(artifact: Artifact) -> None:
    try:
        path = _entry(artifact.name, artifact.sources, artifact.optimize)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(artifact)))
    except (OSError, RuntimeError):
        return  # the cache is a convenience: without it the next run compiles again


def _start(name: str, folder: Path, optimize: str) -> subprocess.Popen[str]:
    if not (folder / f"{name}.vy").is_file():
        raise CompileError(f"There is no contract {name}.vy in {folder.name}.")
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("vyper")
    except PackageNotFoundError:
        installed = "none"
    if installed != COMPILER:
        raise CompileError(f"The contracts need vyper {COMPILER}, and {installed} is installed.")
    command = [sys.executable, "-m", "vyper.cli.vyper_compile", "-f", FORMATS, "-p", "."]
    command += ["--evm-version", EVM_VERSION, "--optimize", optimize, f"{name}.vy"]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(name: str, process: subprocess.Popen[str], sources: str, optimize: str) -> Artifact:
    output, errors = process.communicate()
    lines = output.splitlines()
    if process.returncode or len(lines) != len(FORMATS.split(",")):
        raise CompileError(f"{name}.vy does not compile.\n{errors.strip()}")
    abi, bytecode, runtime, layout = lines
    return Artifact(
        name=name,
        abi=json.loads(abi),
        bytecode=bytecode.removeprefix("0x"),
        runtime=runtime.removeprefix("0x"),
        immutables=_immutables(json.loads(layout).get("code_layout", {})),
        compiler=COMPILER,
        evm_version=EVM_VERSION,
        optimize=optimize,
        sources=sources,
    )


def _immutables(layout: dict[str, Any]) -> int:
    """Bytes of immutables, those of modules included."""
    length = layout.get("length")
    if isinstance(length, int):
        return length
    return sum(_immutables(part) for part in layout.values() if isinstance(part, dict))
