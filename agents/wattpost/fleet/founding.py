"""Founding a market: contracts deployed, agents registered and given their bytecoin, before the first day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattpost.chain.compile import Artifact, compile_all
from wattpost.chain.deployment import Deployment, finish, start
from wattpost.chain.engine import Engine
from wattpost.chain.market import call
from wattpost.chain.transaction import contract_address
from wattpost.chain.units import AmountError, to_units
from wattpost.chain.wallet import Order, Wallet
from wattpost.fleet.operator import transact
from wattpost.fleet.plants import Plant, profiles
from wattpost.game import Producer
from wattpost.game.agents import Agent
from wattpost.spec.amounts import MAX_AMOUNT, UNIT, pack_profile

CONTRACTS = ("Bytecoin", "Registry", "Market")
REGISTER_GAS = 400_000
BATCH = 60  # calls sent together
FIRST_DAYS = 2  # of the assumed gas that a store holds where a scenario does not say


@dataclass(frozen=True, slots=True)
class Terms:
    """What a market's constructor fixes: seconds, and 10^-18 kWh per gas."""

    periods: int
    window: int
    patience: int
    kappa: int
    meter: str
    dust_account: str
    efficiency: int = 0  # of stores, 18 decimals; zero where verification is paid from the purchase
    first_gas: int = 0  # what a store must cover before an agent's first metered day


def deploy(engine: Engine, wallet: Wallet, terms: Terms, supply: int) -> Deployment:
    """Put the three contracts on chain; the wallet holds all bytecoin and is the registry's first registrar.

    supply : bytecoin with 18 decimals, at most what the market can ever hold
    """
    artifacts = compile_all(CONTRACTS)
    nonce = engine.rpc.nonce(wallet.address)
    bytecoin, registry = (contract_address(wallet.address, nonce + place) for place in (0, 1))
    arguments: dict[str, Sequence[object]] = {
        "Bytecoin": [wallet.address, supply],
        "Registry": [terms.periods, wallet.address],
        "Market": [
            bytecoin,
            registry,
            terms.window,
            terms.patience,
            terms.kappa,
            terms.efficiency,
            terms.first_gas,
            terms.meter,
            terms.dust_account,
        ],
    }
    sent = {
        name: start(wallet, artifacts[name], arguments[name], gas=_creation_gas(artifacts[name])) for name in CONTRACTS
    }
    if engine.is_test:
        engine.mine()
    contracts = {name: finish(wallet, artifacts[name], list(arguments[name]), sent[name]) for name in CONTRACTS}
    return Deployment(engine.chain_id, engine.name, engine.rpc.genesis_hash(), contracts)


def supply_for(agents: int, bytecoin: float) -> int:
    """All bytecoin of a run, 18 decimals: what the agents are given.

    Raises AmountError if it is more than a market can hold.
    """
    supply = agents * to_units(bytecoin, "the bytecoin of an agent") * UNIT
    if supply > MAX_AMOUNT * UNIT:
        raise AmountError(f"{agents} agents with {bytecoin:g} bytecoin hold more than a market can: lower bytecoin.")
    return supply


def register(
    engine: Engine, wallet: Wallet, deployment: Deployment, agents: Mapping[str, Agent], money: int, store: int = 0
) -> None:
    """Admit agents, by address, and hand each its bytecoin and what its store holds at first (18 decimals)."""
    registry, token = deployment.address("Registry"), deployment.address("Bytecoin")
    plants = {address: Plant.of(agent) for address, agent in agents.items() if isinstance(agent, Producer)}
    known = profiles(plants.values())
    orders = [
        Order(registry, call("set_profile", number, pack_profile(parts)), REGISTER_GAS)
        for number, parts in enumerate(known)
    ]
    for address, agent in agents.items():
        if isinstance(agent, Producer):
            plant = plants[address]
            profile = known.index(plant.parts)
            data = call("register_producer", address, plant.theta, plant.c, plant.capacity, profile, store)
        else:
            endowment = to_units(agent.endowment, f"the endowment of {agent.name}")
            data = call("register_standard", address, endowment, store)
        orders.append(Order(registry, data, REGISTER_GAS))
        orders.append(Order(token, call("transfer", address, money), 100_000))
    for first in range(0, len(orders), BATCH):
        transact(engine, wallet, orders[first : first + BATCH])


def _creation_gas(artifact: Artifact) -> int:
    return 600_000 + 300 * artifact.size
