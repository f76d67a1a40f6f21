"""The parts of a run for a chain that outlives the command: found a market, be one agent, take days on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from wattpost.chain.deployment import Deployment
from wattpost.chain.engine import Engine, open_engine
from wattpost.chain.keys import load
from wattpost.chain.market import Market
from wattpost.chain.rpc import RpcError
from wattpost.chain.wallet import Wallet
from wattpost.fleet.agent import Agent, Report, Settings
from wattpost.fleet.host import Host, work
from wattpost.fleet.keyring import METER_RANK, OPERATOR_RANK, RELAYER_RANK, file_keyring
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator
from wattpost.fleet.process import FIRST_RANK
from wattpost.fleet.relayer import Relayer
from wattpost.fleet.relaying import Desk, DeskServer
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
    relayer: str | None = None,
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
        host = Host([Agent(Settings.read(told), wallet)], market, Desk(relayer) if relayer else None)
        say(f"{name} is {key.address}, at {engine.rpc.place}; Ctrl-C ends it.")

        def report(reports: Iterable[Report]) -> None:
            for done in reports:
                say(f"day {done.day}: {done.did}" + (f" ({done.why})" if done.why else ""))

        work(host, lambda: say("prepaid"), report, poll=1.0)


def operate(
    url: str,
    keys: Path,
    password: str,
    deployment_file: Path,
    days: int,
    progress: Progress,
    *,
    submit: str = "direct",
    port: int = 0,
    say: Callable[[str], object] = lambda _: None,
) -> None:
    """Take so many days on; meters too where the folder holds the meter's key, and relays where it is told to."""
    if submit not in ("direct", "relayed"):
        raise RunError(f"There is no way to submit called {submit!r}: choose direct or relayed.")
    deployment, engine = _reach(url, deployment_file)
    with engine, ExitStack() as opened:
        market = Market(engine.rpc, deployment)

        def wallet(role: str, rank: int) -> Wallet:
            key = load(keys / f"{role}.json", password)
            return Wallet(engine.rpc, key, chain_id=deployment.chain_id, rank=rank)

        meter = Meter(engine, wallet("meter", METER_RANK), market) if (keys / "meter.json").exists() else None
        operator = Operator(engine, wallet("operator", OPERATOR_RANK), market, meter)
        relayer = None
        if submit == "relayed":
            relayer = Relayer(wallet("relayer", RELAYER_RANK), market)
            server = opened.enter_context(DeskServer(relayer, port))
            say(f"The relayer {relayer.address} takes signed bids at {server.url}.")
        progress.stage("trading", days)

        def gather(day: int, deadline: int) -> None:
            while engine.head()[1] < deadline:
                if relayer:
                    with suppress(RpcError):  # the node is away for a moment
                        relayer.carry(day)
                time.sleep(1.0)

        for count in range(1, days + 1):
            operator.play(gather)
            progress.advance(count)


def _reach(url: str, deployment_file: Path) -> tuple[Deployment, Engine]:
    deployment = Deployment.load(deployment_file)
    engine = open_engine("rpc", url=url, chain_id=deployment.chain_id)
    try:
        deployment.check(engine.rpc)
    except BaseException:
        engine.close()
        raise
    return deployment, engine
