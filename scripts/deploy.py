"""`ape run deploy [SCENARIO]`: found a market on Ape's network and print where it stands."""

from __future__ import annotations

import click
from ape.cli import ConnectedProviderCommand

from wattpost.chain.engine.ape_local import connected
from wattpost.fleet.keyring import test_keyring
from wattpost.study.intensity import intensity
from wattpost.study.opening import open_market
from wattpost.study.scenario import load


@click.command(cls=ConnectedProviderCommand)
@click.argument("scenario", default="tiny")
def cli(scenario: str) -> None:
    """Deploy the contracts of SCENARIO and register its agents, with test keys from its seed."""
    wanted = load(scenario)
    wanted.check_runnable()
    ring = test_keyring(wanted.seed, [agent.name for agent in wanted.agents])
    with connected() as engine:
        if not engine.is_test:
            raise click.ClickException("Test keys stay on test networks: use `wattpost deploy` with key files.")
        engine.fund([ring.operator.address])
        deployment = open_market(engine, wanted, ring, intensity(wanted.verification).kappa)
    for name, contract in deployment.contracts.items():
        click.echo(f"{contract.address}  {name}")
