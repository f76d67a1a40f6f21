"""The whole job: found a market, trade its days with a fleet of processes, audit what happened, and report it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from wattpost.chain import archive
from wattpost.chain.engine import ENGINES, Engine, open_engine
from wattpost.chain.files import write_atomically
from wattpost.energy import known_layer
from wattpost.fleet import founding
from wattpost.fleet.keyring import Keyring, file_keyring, test_keyring
from wattpost.fleet.plants import Plant
from wattpost.fleet.policy import load as load_policy
from wattpost.study.folder import run_folder
from wattpost.study.intensity import intensity_on
from wattpost.study.job import Progress, RunError
from wattpost.study.scenario import Scenario
from wattpost.study.session import Session

SUBMIT = ("direct", "relayed")
FEW = 32  # agents that each have a process of their own


@dataclass(frozen=True, slots=True)
class Options:
    """How a scenario is run.

    processes, agents_per_process : how agents share processes; by default each of a few has its own, and many share
        as many processes as there are cores
    submit : "direct", or "relayed": agents sign their bids, and a relayer brings them to the chain in batches
    keys, password : the folder of encrypted key files and what opens them; only for the engine `rpc`
    wait : seconds of patience with agents that do not answer before a day goes on without them
    """

    engine: str = "eth-tester"
    out: Path = Path("runs/run")
    processes: int = 0
    agents_per_process: int = 0
    submit: str = "direct"
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
    if engine is None and options.engine not in ENGINES:
        raise RunError(f"There is no engine {options.engine!r}: choose {', '.join(ENGINES)}.")
    for agent in scenario.producers:
        Plant.of(agent)
    founding.supply_for(len(scenario.agents), scenario.bytecoin)
    if options.submit not in SUBMIT:
        raise RunError(f"There is no way to submit called {options.submit!r}: choose {' or '.join(SUBMIT)}.")
    processes = _processes(len(scenario.agents), options)
    ring = _keyring(scenario, options)
    burnt = intensity_on(options.engine if engine is None else engine.name, scenario.verification, progress)
    timings: dict[str, float] = {}
    with run_folder(options.out, options.replace) as folder:
        progress.stage("starting the chain")
        chain = engine or open_engine(options.engine, port=options.port, url=options.url)
        with chain, _timed(timings, "chain"):
            session = Session(scenario, options.policy, options.wait, processes, chain, ring, burnt, options.submit)
            session.found(folder, progress)
            with _timed(timings, "days"):
                session.trade(progress)
            with _timed(timings, "archive"):
                progress.stage("writing the chain down")
                archive.write(chain.rpc, folder / "chain.jsonl.gz", progress=progress.advance)
            results = session.results()
        progress.stage("writing tables")
        with _timed(timings, "tables"):
            session.write_tables(results, folder)
        manifest = session.manifest(results, timings, options.command)
        write_atomically(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
        verdict = _audit(folder, progress)
        progress.stage("writing the report")
        from wattpost.study.report import write_report

        write_report(folder)
    return Outcome(options.out, verdict, manifest["state_digest"], manifest["incidents"], timings)


def with_changes(
    scenario: Scenario, *, days: int | None = None, seed: int | None = None, layer: str | None = None
) -> Scenario:
    """The scenario with what the command line overrides.

    Raises KappaError for a layer that nobody knows.
    """
    verification = scenario.verification
    if layer is not None:
        verification = replace(verification, layer=known_layer(layer), joules_per_gas=None, measured=None)
    seed = scenario.seed if seed is None else seed
    return replace(scenario, days=days or scenario.days, seed=seed, verification=verification)


def _processes(agents: int, options: Options) -> int:
    """How many processes; 0 gives each agent its own."""
    if options.processes and options.agents_per_process:
        raise RunError("Give --processes or --agents-per-process, not both.")
    if options.agents_per_process:
        return -(-agents // options.agents_per_process)
    return options.processes or (0 if agents <= FEW else os.cpu_count() or 1)


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


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[stage] = time.perf_counter() - start
