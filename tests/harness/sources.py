"""Compiled contracts, from the compile cache that deployments use; and the text of their sources."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from wattpost.chain.compile import Artifact, compile_all, compile_contract, contracts_folder

CHARACTERS = Path(__file__).resolve().parents[1] / "characters"


@cache
def trio() -> dict[str, Artifact]:
    """Bytecoin, Registry and Market as they are deployed."""
    return compile_all(["Bytecoin", "Registry", "Market"])


@cache
def character(name: str) -> Artifact:
    """One of the contracts in tests/characters."""
    return compile_contract(name, folder=CHARACTERS)


def sources() -> dict[str, str]:
    """Text of every contract and module, by its path below the contracts folder."""
    folder = contracts_folder()
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.vy"))}
