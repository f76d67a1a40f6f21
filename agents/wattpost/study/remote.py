"""The parts of a run for a chain that outlives the command: found a market, be one agent, take days on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from wattpost.chain.deployment import Deployment
from wattpost.chain.engine import Engine, open_engine
from wattpost.chain.keys import load
from wattpost.chain.market import Market
from wattpost.chain.wallet import Wallet
from wattpost.fleet.agent import Agent, Settings, work
from wattpost.fleet.keyring import METER_RANK, OPERATOR_RANK, file_keyring
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator
from wattpost.fleet.process import FIRST_RANK
from wattpost.fleet.tasks import task
from wattpost.study.intensity import intensity
from wattpost.study.job import Progress, RunError
from wattpost.study.opening import open_market
from wattpost.study.scenario import Scenario


def found(scenario: Scenario, url: str, keys: Path, password: str, out: Path, progress: Progress) -> Deployment:
    """Deploy, register the scenario's agents, hand out bytecoin, and write the deployment file."""
    scenario.check_runnable()
    if out.exists():
        raise RunError(f"{out} describes a market already: move it away, or choose another with --out.")
    kappa = intensity(scenario.verification).kappa
    ring = file_keyring(keys, [agent.name for agent in scenario.agents], password)
    with open_engine("rpc", url=url) as engine:
        progress.stage("deploying contracts and registering agents")
        return open_market(engine, scenario, ring, kappa, deployed=lambda deployment: deployment.save(out))


def be_agent(
    scenario: Scenario,
    name: str,
    url: str,
    keys: Path,
    password: str,
    deployment_file: Path,
    policy: str,
    say: Callable[[str], object],
) -> None:
    """Prepay, then bid on every day that opens, until interrupted."""
    names = [agent.name for agent in scenario.agents]
    if name not in names:
        raise RunError(f'{scenario.source} has no agent "{name}"; it has {", ".join(names)}.')
    index = names.index(name)
    deployment, engine = _reach(url, deployment_file)
    with engine:
        key = load(keys / f"{name}.json", password)
        verification = scenario.verification
        told = task(
            index,
            scenario.agents[index],
            scenario.forms[index],
            {},
            step=scenario.step,
            gas=verification.gas,
            profile=verification.profile,
            policy=policy,
        )
        market = Market(engine.rpc, deployment)
        wallet = Wallet(engine.rpc, key, chain_id=deployment.chain_id, rank=FIRST_RANK + index)
        agent = Agent(Settings.read(told), wallet, market)
        say(f"{name} is {key.address}, at {engine.rpc.place}; Ctrl-C ends it.")

        def report(done: dict[str, object]) -> None:
            if done.get("ready"):
                say("prepaid")
            else:
                say(f"day {done['day']}: {done['did']}" + (f" ({done['why']})" if done["why"] else ""))

        work([agent], market, report, poll=1.0)


def operate(url: str, keys: Path, password: str, deployment_file: Path, days: int, progress: Progress) -> None:
    """Take so many days on; meters too where the folder holds the meter's key."""
    deployment, engine = _reach(url, deployment_file)
    with engine:
        market = Market(engine.rpc, deployment)
        wallet = Wallet(
            engine.rpc, load(keys / "operator.json", password), chain_id=deployment.chain_id, rank=OPERATOR_RANK
        )
        meter = None
        if (keys / "meter.json").exists():
            own = Wallet(engine.rpc, load(keys / "meter.json", password), chain_id=deployment.chain_id, rank=METER_RANK)
            meter = Meter(engine, own, market)
        operator = Operator(engine, wallet, market, meter)
        progress.stage("trading", days)
        rules = market.rules()
        for count in range(1, days + 1):
            operator.play(lambda _day: _wait_until(engine, market.today().opened + rules.window))
            progress.advance(count)


def _wait_until(engine: Engine, timestamp: int) -> None:
    while engine.head()[1] < timestamp:
        time.sleep(1.0)


def _reach(url: str, deployment_file: Path) -> tuple[Deployment, Engine]:
    deployment = Deployment.load(deployment_file)
    engine = open_engine("rpc", url=url, chain_id=deployment.chain_id)
    try:
        deployment.check(engine.rpc)
    except BaseException:
        engine.close()
        raise
    return deployment, engine
