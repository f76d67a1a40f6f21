"""The whole job: found a market, trade its days with a fleet of processes, audit what happened, and report it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from wattpost.chain import archive
from wattpost.chain.engine import Engine, open_engine
from wattpost.chain.files import write_atomically
from wattpost.chain.market import Market
from wattpost.chain.wallet import Wallet
from wattpost.energy import kappa_of
from wattpost.fleet import founding
from wattpost.fleet.keyring import METER_RANK, Keyring, file_keyring, test_keyring
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator
from wattpost.fleet.plants import Plant
from wattpost.fleet.policy import load as load_policy
from wattpost.fleet.processes import Fleet
from wattpost.fleet.tasks import task
from wattpost.study.opening import open_market, operator_wallet
from wattpost.study.results import Results
from wattpost.study.scenario import Scenario

FILES = {
    "manifest.json",
    "deployment.json",
    "chain.jsonl.gz",
    "days.parquet",
    "agents.parquet",
    "audit.json",
    "report.html",
}


class RunError(Exception):
    """A run cannot start or go on; the message is one sentence."""


class Progress(Protocol):
    """Somebody who is told how far things are."""

    def stage(self, title: str, total: int | None = None) -> None: ...
    def advance(self, done: int, total: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    """How a scenario is run.

    keys, password : the folder of encrypted key files and what opens them; only for the engine `rpc`
    wait : seconds of patience with agents that do not answer before a day goes on without them
    """

    engine: str = "eth-tester"
    out: Path = Path("runs/run")
    processes: int = 0
    policy: str = "best-response"
    url: str | None = None
    keys: Path | None = None
    password: str = ""
    port: int = 0
    wait: float = 30.0
    replace: bool = False
    command: str = ""


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    folder: Path
    verdict: str
    state_digest: str
    incidents: list[str]
    timings: dict[str, float] = field(default_factory=dict)


def run(scenario: Scenario, options: Options, progress: Progress, engine: Engine | None = None) -> Outcome:
    """Run a scenario and leave its folder; nothing of the run outlives this call but the folder.

    engine : a chain that is already there, in place of what the options name

    Raises RunError, and the one-sentence errors of the parts it uses, before anything is left behind.
    """
    scenario.check_runnable()
    load_policy(options.policy)
    kappa = kappa_of(scenario.verification.layer, scenario.verification.joules_per_gas)
    for agent in scenario.producers:
        Plant.of(agent)
    founding.supply_for(len(scenario.agents), scenario.bytecoin)
    ring = _keyring(scenario, options)
    timings: dict[str, float] = {}
    with _folder(options.out, options.replace) as folder:
        progress.stage("starting the chain")
        chain = engine or open_engine(options.engine, port=options.port, url=options.url)
        with chain, _timed(timings, "chain"):
            session = _Session(scenario, options, chain, ring, kappa)
            session.found(folder, progress)
            with _timed(timings, "days"):
                session.trade(progress)
            with _timed(timings, "archive"):
                progress.stage("writing the chain down")
                archive.write(chain.rpc, folder / "chain.jsonl.gz", progress=progress.advance)
            results = session.results()
        with _timed(timings, "audit"):
            verdict = _audit(folder, progress)
        progress.stage("writing tables and report")
        with _timed(timings, "tables"):
            session.write_tables(results, folder)
        manifest = session.manifest(results, timings)
        write_atomically(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
        from wattpost.study.report import write_report

        write_report(folder)
    return Outcome(options.out, verdict, manifest["state_digest"], manifest["incidents"], timings)


@dataclass(slots=True)
class _Session:
    """One market from its founding to its last day."""

    scenario: Scenario
    options: Options
    engine: Engine
    keyring: Keyring
    kappa: int
    deployment: Any = None
    meter: Meter | None = None
    incidents: list[str] = field(default_factory=list)
    absences: dict[int, dict[str, str]] = field(default_factory=dict)

    def found(self, folder: Path, progress: Progress) -> None:
        """Contracts, ether on test engines, registration and bytecoin."""
        progress.stage("deploying contracts and registering agents")
        ring = self.keyring
        if self.engine.is_test:
            self.engine.fund([ring.operator.address, ring.meter.address, *ring.agents])
        self.deployment = open_market(self.engine, self.scenario, ring)
        self.deployment.save(folder / "deployment.json")

    def trade(self, progress: Progress) -> None:
        """All days, with a process for every agent."""
        scenario, options, ring = self.scenario, self.options, self.keyring
        verification = scenario.verification
        tasks = [
            task(
                index,
                agent,
                form,
                place,
                step=scenario.step,
                gas=verification.gas,
                profile=verification.profile,
                policy=options.policy,
            )
            for index, (agent, form, place) in enumerate(zip(scenario.agents, scenario.forms, ring.places, strict=True))
        ]
        market = Market(self.engine.rpc, self.deployment)
        meter_wallet = Wallet(self.engine.rpc, ring.meter, chain_id=self.engine.chain_id, rank=METER_RANK)
        self.meter = Meter(self.engine, meter_wallet, market)
        operator = Operator(self.engine, operator_wallet(self.engine, ring), market, self.meter)
        with Fleet(incidents=self.incidents) as fleet:
            progress.stage("starting agents", len(tasks))
            fleet.start(tasks, self.engine.url, self.deployment, options.processes)
            for name in sorted(fleet.wait_ready(options.wait)):
                self.incidents.append(f"{name} did not get ready within {options.wait:g} s.")
            if not fleet.alive():
                raise RunError(f"No agent process lives: {' '.join(self.incidents)}")
            if self.engine.is_test:
                self.engine.mine()
            progress.stage("trading", scenario.days)
            for count in range(1, scenario.days + 1):
                operator.play(lambda day: self._wait(fleet, day))
                progress.advance(count)

    def _wait(self, fleet: Fleet, day: int) -> None:
        late = fleet.wait_day(day, self.options.wait if self.engine.is_test else self.scenario.window)
        present = fleet.alive()
        absences = fleet.absences(day) | dict.fromkeys(late, f"it did not answer within {self.options.wait:g} s")
        for agent in self.scenario.agents:
            if agent.name not in present:
                absences[agent.name] = "its process is dead"
        if absences:
            self.absences[day] = absences

    def results(self) -> Results:
        """The run's days, read from the chain."""
        agents = dict(zip(self.keyring.agents, self.scenario.agents, strict=True))
        results = Results(agents, self.scenario.verification.profile)
        market = Market(self.engine.rpc, self.deployment)
        results.absorb(market.events(market.first_block, self.engine.rpc.block_number()))
        return results

    def write_tables(self, results: Results, folder: Path) -> None:
        from wattpost.study.tables import write_agents, write_days

        readings = self.meter.readings if self.meter else {}
        write_days(folder / "days.parquet", results.day_rows())
        write_agents(folder / "agents.parquet", results.agent_rows(readings, self.absences))

    def manifest(self, results: Results, timings: dict[str, float]) -> dict[str, Any]:
        scenario = self.scenario
        return {
            "scenario": {
                "name": scenario.name,
                "about": scenario.about,
                "sha256": scenario.sha256,
                "text": scenario.text,
                "inputs": list(scenario.inputs),
                "days": scenario.days,
            },
            "engine": self.engine.name,
            "chain_id": self.engine.chain_id,
            "seed": scenario.seed,
            "policy": self.options.policy,
            "test_keys": self.engine.is_test,
            "versions": _versions(),
            "contracts": {
                name: {"code_hash": each.code_hash, **each.settings} for name, each in self.deployment.contracts.items()
            },
            "kappa_kwh_per_gas": self.kappa / 1e18,
            "state_digest": results.state_digest(),
            "market_digest": results.market_digest(),
            "timings": {stage: round(seconds, 3) for stage, seconds in timings.items()},
            "incidents": self.incidents,
            "command": self.options.command,
        }


def with_changes(scenario: Scenario, *, days: int | None = None, seed: int | None = None) -> Scenario:
    """The scenario with what the command line overrides."""
    return replace(scenario, days=days or scenario.days, seed=scenario.seed if seed is None else seed)


def _keyring(scenario: Scenario, options: Options) -> Keyring:
    names = [agent.name for agent in scenario.agents]
    if options.engine != "rpc":
        return test_keyring(scenario.seed, names)
    if options.url is None:
        raise RunError("The engine rpc needs the address of a node: give --rpc URL.")
    if options.keys is None:
        raise RunError("On rpc keys are never derived: give --keys FOLDER, made with `wattpost keys`.")
    return file_keyring(options.keys, names, options.password)


def _audit(folder: Path, progress: Progress) -> str:
    from wattpost.audit import audit_folder

    progress.stage("auditing")
    verdict = audit_folder(folder, progress.advance)
    write_atomically(folder / "audit.json", json.dumps(verdict.to_json(), indent=2) + "\n")
    return str(verdict.to_json()["verdict"])


def _versions() -> dict[str, str]:
    from importlib.metadata import version
    from platform import python_version

    packages = ("vyper", "web3", "eth-tester", "py-evm", "numpy", "scipy")
    return {"wattpost": version("wattpost"), "python": python_version()} | {name: version(name) for name in packages}


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[stage] = time.perf_counter() - start


@contextmanager
def _folder(out: Path, replace_old: bool) -> Iterator[Path]:
    """A folder beside the wanted one, moved to its place when the run is complete, else removed."""
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file: choose a folder with --out.")
    foreign = [each.name for each in out.iterdir() if each.name not in FILES] if out.is_dir() else []
    if out.is_dir() and any(out.iterdir()) and (foreign or not replace_old):
        remedy = "choose another with --out" if foreign else "choose another with --out, or add --replace"
        raise RunError(f"The folder {out} is not empty: {remedy}.")
    beside = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        (beside / "manifest.json").write_text(" " * 4096)  # a full disk shows itself before the run, not after
        (beside / "manifest.json").unlink()
    except OSError as error:
        raise RunError(f"The folder {out} cannot be written: {error.strerror}.") from None
    try:
        yield beside
        if out.exists():
            shutil.rmtree(out)
        beside.replace(out)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
