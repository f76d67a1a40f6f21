"""A scenario's market on a chain: deployed, its agents admitted and given their bytecoin."""

from __future__ import annotations

from collections.abc import Callable

from wattpost.chain.deployment import Deployment
from wattpost.chain.engine import Engine
from wattpost.chain.units import to_units, to_wad
from wattpost.chain.wallet import Wallet
from wattpost.fleet import founding
from wattpost.fleet.keyring import OPERATOR_RANK, Keyring
from wattpost.spec.amounts import UNIT
from wattpost.study.scenario import Scenario


def operator_wallet(engine: Engine, ring: Keyring) -> Wallet:
    return Wallet(engine.rpc, ring.operator, chain_id=engine.chain_id, rank=OPERATOR_RANK)


def open_market(
    engine: Engine,
    scenario: Scenario,
    ring: Keyring,
    kappa: int,
    *,
    deployed: Callable[[Deployment], None] = lambda _: None,
) -> Deployment:
    """Found the scenario's market with the operator's key; `deployed` is told once the contracts stand.

    kappa : 10^-18 kWh per gas
    """
    wallet = operator_wallet(engine, ring)
    verification = scenario.verification
    efficiency, store = 0, 0
    if verification.financing == "inventory":
        efficiency = to_wad(verification.efficiency)
        days = founding.FIRST_DAYS * kappa * verification.gas
        store = days if verification.store is None else to_wad(verification.store, "the store of an agent")
    terms = founding.Terms(
        periods=scenario.periods,
        window=scenario.window,
        patience=scenario.patience,
        kappa=kappa,
        meter=ring.meter.address,
        dust_account=ring.dust_account,
        efficiency=efficiency,
        first_gas=verification.gas if efficiency else 0,
    )
    supply = founding.supply_for(len(scenario.agents), scenario.bytecoin)
    deployment = founding.deploy(engine, wallet, terms, supply)
    deployed(deployment)
    agents = dict(zip(ring.agents, scenario.agents, strict=True))
    money = to_units(scenario.bytecoin, "the bytecoin of an agent") * UNIT  # a market moves whole units
    founding.register(engine, wallet, deployment, agents, money, store)
    return deployment
