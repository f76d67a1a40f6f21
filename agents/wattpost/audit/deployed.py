"""What a deployment file says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattpost.audit.raw import Unreadable
from wattpost.audit.state import Rules

ARGUMENTS = {
    "Bytecoin": ("holder", "supply"),
    "Registry": ("periods", "registrar"),
    "Market": (
        "bytecoin",
        "registry",
        "window",
        "patience",
        "kappa",
        "efficiency",
        "first_gas",
        "meter",
        "dust_account",
    ),
}


@dataclass(frozen=True, slots=True)
class Contract:
    name: str
    address: int
    block: int
    block_hash: str
    transaction: str
    arguments: dict[str, int]
    code_hash: str


@dataclass(frozen=True, slots=True)
class Deployed:
    chain_id: int
    genesis_hash: str
    contracts: dict[str, Contract]

    @property
    def rules(self) -> Rules:
        market, registry = self.contracts["Market"], self.contracts["Registry"]
        said = market.arguments
        return Rules(
            chain_id=self.chain_id,
            market=market.address,
            token=said["bytecoin"],
            registry=said["registry"],
            periods=registry.arguments["periods"],
            window=said["window"],
            patience=said["patience"],
            kappa=said["kappa"],
            efficiency=said["efficiency"],
            first_gas=said["first_gas"],
            registrar=registry.arguments["registrar"],
            meter=said["meter"],
            dust_account=said["dust_account"],
        )

    @property
    def first_block(self) -> int:
        return min(contract.block for contract in self.contracts.values())


def read_deployment(path: Path) -> Deployed:
    """Raises Unreadable with a sentence."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(f"The deployment file {path.name} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Unreadable(f"{path.name} is not a deployment file.") from None
    try:
        if raw["version"] != 1:
            raise Unreadable(f"{path.name} has version {raw['version']}, and this auditor reads 1.")
        contracts = {name: _contract(name, raw["contracts"][name]) for name in ARGUMENTS}
        deployed = Deployed(int(raw["chain_id"]), str(raw["genesis_hash"]).lower(), contracts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"{path.name} is not a deployment file: {error!r}.") from None
    if not 0 < deployed.rules.periods <= 48:
        raise Unreadable(f"{path.name} states {deployed.rules.periods} periods; a market has 1 to 48.")
    return deployed


def _contract(name: str, raw: dict[str, Any]) -> Contract:
    values = [_value(argument) for argument in raw["arguments"]]
    return Contract(
        name=name,
        address=_value(raw["address"]),
        block=int(raw["block"]),
        block_hash=str(raw["block_hash"]).lower(),
        transaction=str(raw["transaction"]).lower(),
        arguments=dict(zip(ARGUMENTS[name], values, strict=True)),
        code_hash=str(raw["code_hash"]).lower(),
    )


def _value(argument: Any) -> int:
    return int(argument, 16) if isinstance(argument, str) else int(argument)
