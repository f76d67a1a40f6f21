# pragma version 0.4.3
"""
@title Admission
@license MIT
@notice Which registry this market takes its agents from, and what it keeps of each.
@custom:units endowments in 10^-9, stores with 18 decimals
@custom:trust The registry admits agents between days, each once; it cannot alter or remove what it admitted.
"""
from ..interfaces import IRegistry
from . import calendar
from . import energy_ledger
from . import refusals
from . import vault

uses: calendar
uses: energy_ledger
uses: vault

REGISTRY: immutable(IRegistry)
DUST_ACCOUNT: immutable(address)  # never paid or admitted: where the dust goes


@deploy
def __init__(registry: address, dust_account: address):
    assert registry.is_contract, "market: no registry"
    assert dust_account != empty(address), "market: no dust account"

    REGISTRY = IRegistry(registry)
    DUST_ACCOUNT = dust_account


@internal
def _admit(caller: address, agent: address, endowment: uint256, is_producer: bool, store: uint256):
    if caller != REGISTRY.address:
        refusals._refuse("market: registry only")
    calendar._between_days()
    if agent in [empty(address), self, DUST_ACCOUNT]:
        refusals._refuse("registry: not an agent's address")
    account: uint256 = vault._accounts[agent]
    if vault._kind(account) != vault.PLAIN:
        refusals._refuse("registry: registered already")
    if store > 0 and energy_ledger.EFFICIENCY == 0:
        refusals._refuse("registry: no stores here")

    account |= (endowment << vault.ENDOWMENT) | (convert(is_producer, uint256) << vault.IS_PRODUCER)
    vault._accounts[agent] = energy_ledger._set_balance(agent, account, convert(store, int256))
