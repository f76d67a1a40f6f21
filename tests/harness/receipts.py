"""The same market on an engine that mines blocks, for what only a receipt can tell: gas, and other kinds of sender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi import decode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from tests.harness.evm import Contract, Evm
from tests.harness.sources import trio
from tests.harness.street import PURSES, WHOLE
from wattpost.chain.compile import Artifact
from wattpost.chain.deployment import creation
from wattpost.chain.engine import Engine, open_engine
from wattpost.spec import UNIT, WAD, pack_profile


def signer(name: str) -> LocalAccount:
    """The key of a role, as a wallet that signs transactions."""
    account: LocalAccount = Account.from_key(keccak(text=f"key of {name}"))
    return account


class Node:
    """A started engine, with transactions signed here and mined at once."""

    def __init__(self) -> None:
        self.engine: Engine = open_engine("eth-tester")
        self.nonces: dict[str, int] = {}
        self.coder = Evm()  # knows how to write call data and to read logs; nothing runs there

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    def send(self, account: LocalAccount, to: str | None, data: bytes, **fields: Any) -> str:
        """Sign and send; mined with the next block."""
        if account.address not in self.nonces:
            self.engine.fund([account.address])
        nonce = self.nonces.setdefault(account.address, 0)
        self.nonces[account.address] = nonce + 1
        transaction = {
            "chainId": self.engine.chain_id,
            "nonce": nonce,
            "gas": 10_000_000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 0,
            "value": 0,
            "data": data,
            **({"to": to} if to else {}),
            **fields,
        }
        raw = account.sign_transaction(transaction).raw_transaction
        result: str = self.engine.rpc.call("eth_sendRawTransaction", "0x" + bytes(raw).hex())
        return result

    def receipt(self, transaction: str) -> Any:
        return self.engine.rpc.call("eth_getTransactionReceipt", transaction)

    def run(self, account: LocalAccount, to: str | None, data: bytes, **fields: Any) -> Any:
        """Send, mine, and the receipt of what must succeed."""
        transaction = self.send(account, to, data, **fields)
        self.engine.mine()
        receipt = self.receipt(transaction)
        assert int(receipt["status"], 16) == 1, f"failed on chain: {receipt}"
        return receipt

    def deploy(self, artifact: Artifact, arguments: Sequence[Any]) -> Contract:
        receipt = self.run(signer("deployer"), None, creation(artifact, arguments))
        return Contract(self.coder, receipt["contractAddress"], artifact.name, artifact.abi)

    def view(self, contract: Contract, function: str, *arguments: Any) -> Any:
        data = "0x" + contract.calldata(function, *arguments).hex()
        output = self.engine.rpc.call("eth_call", {"to": contract.address, "data": data}, "latest")
        entry = contract.functions[function]["outputs"]
        types = [each["type"] for each in entry]
        if types == ["tuple"]:
            types = ["(" + ",".join(each["type"] for each in entry[0]["components"]) + ")"]
        values = decode(types, bytes.fromhex(output[2:]))
        return values[0] if len(values) == 1 else values


def market_on(node: Node, **settings: int) -> tuple[Contract, Contract, Contract]:
    """Bytecoin, a registry and a market on a node; roles are those of `signer`."""
    artifacts = trio()
    bytecoin = node.deploy(artifacts["Bytecoin"], [signer("bank").address, 10**30])
    rules = {"window": 600, "patience": 3_600, "kappa": 7 * 10**10, "efficiency": 0, "first_gas": 0} | settings
    registry = node.deploy(artifacts["Registry"], [rules.pop("periods", 2), signer("registrar").address])
    roles = [signer(name).address for name in ("meter", "dust account")]
    arguments = [bytecoin.address, registry.address, *rules.values(), *roles]
    return bytecoin, registry, node.deploy(artifacts["Market"], arguments)


def founded_street(node: Node, **settings: int) -> tuple[Contract, Contract]:
    """The street on a node that mines."""
    bytecoin, registry, market = market_on(node, **settings)
    registrar = signer("registrar")

    def register(function: str, *arguments: object) -> None:
        node.run(registrar, registry.address, registry.calldata(function, *arguments))

    register("set_profile", 3, pack_profile([10_000, 9_000]))
    register("register_standard", signer("ada").address, 600 * WHOLE, 0)
    register("register_standard", signer("ben").address, 400 * WHOLE, 0)
    register("register_producer", signer("sun").address, WAD, WAD, 200 * WHOLE, 3, 0)
    register("register_producer", signer("wind").address, 2 * WAD, WAD // 2, 64 * WHOLE, 3, 0)
    for name in PURSES:
        money, agent = PURSES[name] * UNIT, signer(name)
        node.run(signer("bank"), bytecoin.address, bytecoin.calldata("transfer", agent.address, money))
        node.run(agent, bytecoin.address, bytecoin.calldata("approve", market.address, money))
        node.run(agent, market.address, market.calldata("deposit", money))
    return bytecoin, market
