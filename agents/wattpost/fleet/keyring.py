"""Whose key is whose in one market: the operator, the meter, and every agent.

On test engines keys are derived from the seed, and anybody can derive them. Elsewhere they are encrypted files in one
folder, `operator.json`, `meter.json`, `relayer.json` and `NAME.json`; the operator reads its own, the meter's and the
relayer's, and of an agent's file the address alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattpost.chain.keys import Key, KeyFileError, derive, generate, load, save

OPERATOR_RANK, METER_RANK, RELAYER_RANK = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Keyring:
    """The operator's own keys, and where each agent process finds its own."""

    operator: Key
    meter: Key
    dust_account: str
    agents: tuple[str, ...]  # addresses, in the scenario's order
    places: tuple[dict[str, Any], ...]  # what an agent's process is told to find its key
    relayer: Key | None = None


def test_keyring(seed: int, names: Sequence[str]) -> Keyring:
    """Keys of a test engine, from the seed alone."""
    indices = range(len(names))
    return Keyring(
        operator=derive(seed, "operator", 0),
        meter=derive(seed, "meter", 0),
        dust_account=derive(seed, "dust", 0).address,
        agents=tuple(derive(seed, "agent", index).address for index in indices),
        places=tuple({"seed": seed, "index": index} for index in indices),
        relayer=derive(seed, "relayer", 0),
    )


def file_keyring(folder: Path, names: Sequence[str], password: str) -> Keyring:
    """Keys of a chain that is not ours, from encrypted files; a relayer's is needed only to relay.

    Raises KeyFileError.
    """
    operator, meter = (load(folder / f"{role}.json", password) for role in ("operator", "meter"))
    files = [folder / f"{name}.json" for name in names]
    return Keyring(
        operator=operator,
        meter=meter,
        dust_account=operator.address,
        agents=tuple(address_in(file) for file in files),
        places=tuple({"file": str(file), "password": password} for file in files),
        relayer=load(folder / "relayer.json", password) if (folder / "relayer.json").exists() else None,
    )


def address_in(path: Path) -> str:
    """The address of an encrypted key file, which is not secret."""
    try:
        return "0x" + str(json.loads(path.read_text())["address"]).lower().removeprefix("0x")
    except FileNotFoundError:
        raise KeyFileError(f"There is no key file {path}: make one with `wattpost keys`.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise KeyFileError(f"{path} is not a version 3 key file.") from None


def make_files(folder: Path, names: Sequence[str], password: str) -> dict[str, str]:
    """A fresh encrypted key for the operator, the meter, a relayer and each name; returns their addresses.

    Raises KeyFileError; a file that is already there is kept, and its address returned.
    """
    addresses = {}
    for name in ("operator", "meter", "relayer", *names):
        path = folder / f"{name}.json"
        if not path.exists():
            save(generate(), path, password)
        addresses[name] = address_in(path)
    return addresses
