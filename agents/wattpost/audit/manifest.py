"""A run's manifest, where there is one, against the deployment and the chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wattpost.audit.creation import Difference
from wattpost.audit.deployed import Deployed
from wattpost.audit.digests import Digests, names_in
from wattpost.audit.raw import Unreadable


def read_manifest(path: Path) -> dict[str, Any] | None:
    """None where there is no manifest; raises Unreadable where it is none."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise Unreadable(f"{path.name} cannot be read or is damaged.") from None
    if not isinstance(raw, dict):
        raise Unreadable(f"{path.name} is not a manifest.")
    return raw


def manifest_differences(manifest: dict[str, Any], deployed: Deployed) -> Iterator[Difference]:
    chain = manifest.get("chain_id", deployed.chain_id)
    if chain != deployed.chain_id:
        yield "deployment.chain", "manifest chain_id", deployed.chain_id, str(chain)
    stated = manifest.get("contracts") or {}
    for name, contract in deployed.contracts.items():
        found = str((stated.get(name) or {}).get("code_hash", contract.code_hash)).lower()
        if found != contract.code_hash:
            yield "deployment.code", f"manifest {name} code hash", contract.code_hash, found
    kappa = manifest.get("kappa_kwh_per_gas")
    if kappa is not None and kappa != deployed.rules.kappa / 1e18:
        yield "deployment.arguments", "manifest kappa_kwh_per_gas", str(deployed.rules.kappa / 1e18), str(kappa)


def digests_for(manifest: dict[str, Any] | None) -> Digests | None:
    """What recomputes the manifest's digests; None where it has none, or names no agents."""
    if manifest is None or "state_digest" not in manifest:
        return None
    try:
        names = names_in(str((manifest.get("scenario") or {}).get("text", "")))
    except (ValueError, TypeError, AttributeError):
        raise Unreadable("The scenario in the manifest is not TOML.") from None
    return Digests(names)


def digest_differences(manifest: dict[str, Any], digests: Digests) -> Iterator[Difference]:
    """The manifest's digests and its scenario's hash, where they are not what the chain and the text give."""
    scenario = manifest.get("scenario") or {}
    text_hash = hashlib.sha256(str(scenario.get("text", "")).encode()).hexdigest()
    if scenario.get("sha256", text_hash) != text_hash:
        yield "manifest.digest", "scenario sha256", text_hash, str(scenario["sha256"])
    try:
        state, market = digests.finish()
    except ValueError:
        yield "manifest.digest", "agents of the scenario", str(len(digests.agents)), str(len(digests.names))
        return
    for key, found in (("state_digest", state), ("market_digest", market)):
        if manifest.get(key, found) != found:
            yield "manifest.digest", key, found, str(manifest[key])


def days_promised(manifest: dict[str, Any]) -> int:
    """How many days a finished run has traded."""
    days = (manifest.get("scenario") or {}).get("days", 0)
    return days if isinstance(days, int) else 0
