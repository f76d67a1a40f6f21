"""`deployment.json`: which contracts stand where, and how to tell that they still do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wattpost.chain import abi
from wattpost.chain.compile import CODE_LIMIT, Artifact
from wattpost.chain.files import write_atomically
from wattpost.chain.keccak import keccak
from wattpost.chain.rpc import Rpc
from wattpost.chain.transaction import MAX_GAS, Signed
from wattpost.chain.wallet import Wallet

VERSION = 1


class DeploymentError(Exception):
    """A deployment cannot be made, read or trusted; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Contract:
    address: str
    block: int
    block_hash: str
    transaction: str
    arguments: list[Any]  # of the constructor; whole numbers, addresses and 0x-texts
    code_hash: str  # keccak of the code on chain, immutables included
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deployment:
    chain_id: int
    engine: str
    genesis_hash: str
    contracts: dict[str, Contract]
    version: int = VERSION

    def address(self, name: str) -> str:
        return self.contracts[name].address

    def save(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(asdict(self), indent=2) + "\n")
        except OSError as error:
            raise DeploymentError(f"{path} cannot be written: {error.strerror}.") from None

    @classmethod
    def load(cls, path: Path) -> Deployment:
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DeploymentError(f"There is no deployment file {path}: deploy first.") from None
        except OSError as error:
            raise DeploymentError(f"{path} cannot be read: {error.strerror}.") from None
        except ValueError:
            raise DeploymentError(f"{path} is not a deployment file.") from None
        if isinstance(raw, dict) and raw.get("version") != VERSION:
            raise DeploymentError(f"{path} has version {raw.get('version')}, and this program reads {VERSION}.")
        try:
            contracts = {name: Contract(**fields) for name, fields in raw["contracts"].items()}
            deployment = cls(**(raw | {"contracts": contracts}))
        except (KeyError, TypeError, AttributeError):
            raise DeploymentError(f"{path} is not a deployment file.") from None
        if not isinstance(deployment.chain_id, int):
            raise DeploymentError(f"{path} is not a deployment file.")
        return deployment

    def check(self, rpc: Rpc) -> None:
        """Refuses a node that is not the one deployed to: another chain, a lost state, other code."""
        chain = rpc.chain_id()
        if chain != self.chain_id:
            raise DeploymentError(
                f"The node at {rpc.place} runs chain {chain}, and the deployment is on chain {self.chain_id}."
            )
        if rpc.genesis_hash() != self.genesis_hash:
            raise DeploymentError(
                f"The node at {rpc.place} has another first block than the deployment: "
                "it was restarted without its state."
            )
        for name, contract in self.contracts.items():
            code = rpc.code(contract.address)
            if not code:
                raise DeploymentError(
                    f"The node at {rpc.place} has no {name} at {contract.address}: it was restarted without its state."
                )
            if "0x" + keccak(code).hex() != contract.code_hash:
                raise DeploymentError(f"The code of {name} at {contract.address} is not what was deployed.")


def creation(artifact: Artifact, arguments: Sequence[Any] = ()) -> bytes:
    """Call data that creates the contract."""
    types = next((list(map(abi.type_of, e["inputs"])) for e in artifact.abi if e["type"] == "constructor"), [])
    try:
        return bytes.fromhex(artifact.bytecode) + abi.encode(types, arguments)
    except abi.AbiError as error:
        raise DeploymentError(f"The constructor of {artifact.name} does not take these arguments: {error}") from None


def start(wallet: Wallet, artifact: Artifact, arguments: Sequence[Any] = (), *, gas: int = MAX_GAS) -> Signed:
    """Sends the creation; `finish` it once a block has been mined. Several may wait for one block."""
    return wallet.send(None, creation(artifact, arguments), gas=min(gas, MAX_GAS))


def finish(
    wallet: Wallet, artifact: Artifact, arguments: Sequence[Any], sent: Signed, *, timeout: float = 120.0
) -> Contract:
    """The deployed contract, checked."""
    receipt = wallet.wait(sent, timeout=timeout)
    if not receipt.ok or not receipt.contract:
        reason = wallet.reason(receipt)
        raise DeploymentError(f"{artifact.name} was not deployed: {reason or 'its constructor failed'}.")
    code = wallet.rpc.code(receipt.contract)
    if len(code) > CODE_LIMIT:
        raise DeploymentError(f"{artifact.name} has {len(code)} bytes of code, and a contract may have {CODE_LIMIT}.")
    if not code.startswith(bytes.fromhex(artifact.runtime)):
        raise DeploymentError(f"The code of {artifact.name} on chain is not what was compiled.")
    return Contract(
        address=receipt.contract,
        block=receipt.block,
        block_hash=str(wallet.rpc.block(receipt.block)["hash"]),
        transaction=receipt.hash,
        arguments=[_plain(argument) for argument in arguments],
        code_hash="0x" + keccak(code).hex(),
        settings=artifact.settings(),
    )


def deploy(
    wallet: Wallet,
    artifact: Artifact,
    arguments: Sequence[Any] = (),
    *,
    mine: Callable[[], object] | None = None,
    gas: int = MAX_GAS,
) -> Contract:
    """One contract, from sending to checking; `mine` is called in between where somebody has to."""
    sent = start(wallet, artifact, arguments, gas=gas)
    if mine:
        mine()
    return finish(wallet, artifact, arguments, sent)


def _plain(argument: Any) -> Any:
    if isinstance(argument, bytes):
        return "0x" + argument.hex()
    if isinstance(argument, Mapping):
        raise DeploymentError("Constructor arguments are values and lists, not tables.")
    if isinstance(argument, Sequence) and not isinstance(argument, str):
        return [_plain(item) for item in argument]
    return argument
