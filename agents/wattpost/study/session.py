"""One market from its founding to its last day, with a process for every agent."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattpost.chain.engine import Engine
from wattpost.chain.market import Market
from wattpost.chain.wallet import Wallet
from wattpost.fleet.attempts import plain_gas
from wattpost.fleet.expectations import distribution_of
from wattpost.fleet.gathering import Gathering
from wattpost.fleet.keyring import METER_RANK, RELAYER_RANK, Keyring
from wattpost.fleet.meter import Meter
from wattpost.fleet.operator import Operator
from wattpost.fleet.processes import Fleet
from wattpost.fleet.relayer import Relayer
from wattpost.fleet.relaying import DeskServer
from wattpost.fleet.tasks import task
from wattpost.study.intensity import Intensity
from wattpost.study.job import Progress, RunError
from wattpost.study.opening import open_market, operator_wallet
from wattpost.study.results import Results
from wattpost.study.scenario import Scenario

DEAD = "its process is dead"


@dataclass(slots=True)
class Session:
    """One market from its founding to its last day."""

    scenario: Scenario
    policy: str
    wait: float  # seconds of patience with agents that do not answer
    processes: int
    engine: Engine
    keyring: Keyring
    intensity: Intensity
    submit: str = "direct"
    deployment: Any = None
    meter: Meter | None = None
    incidents: list[str] = field(default_factory=list)
    absences: dict[int, dict[str, str]] = field(default_factory=dict)

    def found(self, folder: Path, progress: Progress) -> None:
        """Contracts, ether on test engines, registration and bytecoin."""
        progress.stage("deploying contracts and registering agents")
        ring = self.keyring
        if self.engine.is_test:
            relayer = [ring.relayer.address] if ring.relayer else []
            self.engine.fund([ring.operator.address, ring.meter.address, *relayer, *ring.agents])
        self.deployment = open_market(self.engine, self.scenario, ring, self.intensity.kappa)
        self.deployment.save(folder / "deployment.json")

    def trade(self, progress: Progress) -> None:
        """All days, with a process for every agent."""
        scenario, ring = self.scenario, self.keyring
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
                policy=self.policy,
                seed=scenario.seed,
                states=verification.states,
            )
            for index, (agent, form, place) in enumerate(zip(scenario.agents, scenario.forms, ring.places, strict=True))
        ]
        market = Market(self.engine.rpc, self.deployment)
        meter_wallet = Wallet(self.engine.rpc, ring.meter, chain_id=self.engine.chain_id, rank=METER_RANK)
        self.meter = Meter(self.engine, meter_wallet, market)
        operator = Operator(self.engine, operator_wallet(self.engine, ring), market, self.meter)
        with ExitStack() as opened:
            relayer, reached = self._relayer(market, opened)
            fleet = opened.enter_context(Fleet(incidents=self.incidents))
            progress.stage("starting agents", len(tasks))
            fleet.start(tasks, self.engine.url, self.deployment, self.processes, reached)
            for name in sorted(fleet.wait_ready(self.wait)):
                self.incidents.append(f"{name} did not get ready within {self.wait:g} s.")
            if not fleet.alive():
                raise RunError(f"No agent process lives: {' '.join(self.incidents)}")
            self._mine_deposits()
            progress.stage("trading", scenario.days)
            patience = self.wait if self.engine.is_test else scenario.window / 4
            names = {address: agent.name for address, agent in zip(ring.agents, scenario.agents, strict=True)}
            gathering = Gathering(operator, fleet, names, patience, relayer, self.incidents)
            for count in range(1, scenario.days + 1):
                day = operator.play(gathering.gather)
                self._note_absences(fleet, day, gathering.late)
                progress.advance(count)
        self.incidents += self._absent()

    def _relayer(self, market: Market, opened: ExitStack) -> tuple[Relayer | None, dict[str, str] | None]:
        """The relayer and how agents reach it, where bids are relayed; it ends with `opened`."""
        key = self.keyring.relayer
        if self.submit != "relayed":
            return None, None
        if key is None:
            raise RunError("There is no key file relayer.json: make one with `wattpost keys`.")
        relayer = Relayer(Wallet(self.engine.rpc, key, chain_id=self.engine.chain_id, rank=RELAYER_RANK), market)
        server = opened.enter_context(DeskServer(relayer))
        return relayer, {"url": server.url, "address": relayer.address}

    def _mine_deposits(self) -> None:
        self.engine.mine()
        while any(self.engine.waiting(self.keyring.agents).values()):
            self.engine.mine()

    def _note_absences(self, fleet: Fleet, day: int, late: Collection[str]) -> None:
        present = fleet.alive()
        absences = fleet.absences(day) | dict.fromkeys(late, f"it did not answer within {self.wait:g} s")
        for agent in self.scenario.agents:
            if agent.name not in present:
                absences[agent.name] = DEAD
        if absences:
            self.absences[day] = absences

    def _absent(self) -> list[str]:
        """A sentence for every agent and reason it had for not bidding."""
        found: dict[tuple[str, str], list[int]] = {}
        for day, absences in self.absences.items():
            for name, why in absences.items():
                found.setdefault((name, why), []).append(day)
        return [
            f"{name} did not bid on day {days[0]}{f' and {len(days) - 1} more' if days[1:] else ''}: {why.rstrip('.')}."
            for (name, why), days in found.items()
            if why != DEAD  # said already, with the cause
        ]

    def results(self) -> Results:
        """The run's days, read from the chain."""
        agents = dict(zip(self.keyring.agents, self.scenario.agents, strict=True))
        market = Market(self.engine.rpc, self.deployment)
        rules = market.rules()
        told = market.events(market.first_block, self.engine.rpc.block_number())
        verification, plain = self.scenario.verification, {}
        distribution = distribution_of(verification.states)
        if distribution:
            direct = [event for event in told if event.name == "Submitted" and not event["relayed"]]
            gas = plain_gas(market, direct)
            plain = {(event["day"], event["agent"]): each for event, each in zip(direct, gas, strict=True)}
        results = Results(agents, verification.profile, rules.kappa, rules.efficiency, distribution, plain)
        results.absorb(told)
        return results

    def write_tables(self, results: Results, folder: Path) -> None:
        from wattpost.study.tables import write_agents, write_days

        write_days(folder / "days.parquet", results.day_rows())
        write_agents(folder / "agents.parquet", results.agent_rows(self.absences))

    def manifest(self, results: Results, timings: dict[str, float], command: str) -> dict[str, Any]:
        """Enough to repeat the run, and to compare another with it."""
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
            "policy": self.policy,
            "submit": self.submit,
            "test_keys": self.engine.is_test,
            "versions": _versions(),
            "contracts": {
                name: {"code_hash": each.code_hash, **each.settings} for name, each in self.deployment.contracts.items()
            },
            "kappa_kwh_per_gas": self.intensity.kappa / 1e18,
            "verification": self.intensity.to_json(),
            "state_digest": results.state_digest(),
            "market_digest": results.market_digest(),
            "timings": {stage: round(seconds, 3) for stage, seconds in timings.items()},
            "incidents": self.incidents,
            "command": command,
        }


def _versions() -> dict[str, str]:
    from importlib.metadata import version
    from platform import python_version

    packages = ("vyper", "eth-tester", "py-evm", "numpy", "scipy")
    return {"wattpost": version("wattpost"), "python": python_version()} | {name: version(name) for name in packages}
