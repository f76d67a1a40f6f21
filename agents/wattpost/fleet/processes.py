"""A fleet of agent processes: started together, listened to, and never left behind."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Self

from wattpost.chain.deployment import Deployment

GRACE = 2.0  # seconds a process has to end by itself


@dataclass(slots=True)
class Worker:
    """One process and the agents it hosts."""

    process: subprocess.Popen[str]
    names: list[str]
    errors: Any  # a file that holds what it wrote to standard error
    ear: threading.Thread  # reads its standard output

    def why_it_ended(self) -> str:
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        code = self.process.returncode
        return lines[-1] if lines else f"killed by signal {-code}" if code < 0 else f"exit code {code}"


@dataclass(slots=True)
class Fleet:
    """Agent processes; as a context it ends them all, whatever happens."""

    workers: list[Worker] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    _said: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    _ready: set[str] = field(default_factory=set)
    _done: dict[int, dict[str, tuple[str, str]]] = field(default_factory=dict)  # what agents did, and why
    _mourned: set[str] = field(default_factory=set)

    def start(
        self,
        agents: Sequence[Mapping[str, Any]],
        url: str,
        deployment: Deployment,
        processes: int = 0,
        relayer: Mapping[str, str] | None = None,
    ) -> None:
        """One process an agent, or share them out among `processes`.

        relayer : its `url` and `address`, for agents that sign their bids and have them carried
        """
        count = min(processes, len(agents)) or len(agents)
        common = {"url": url, "deployment": asdict(deployment), "relayer": relayer}
        for number in range(count):
            hosted = list(agents[number::count])
            task = common | {"agents": hosted}
            errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
            process = subprocess.Popen(
                [sys.executable, "-m", "wattpost.fleet.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            ear = threading.Thread(target=self._listen, args=(process.stdout,), daemon=True)
            ear.start()
            self.workers.append(Worker(process, [agent["name"] for agent in hosted], errors, ear))

    def alive(self) -> set[str]:
        """Names of agents whose process runs; what ended since the last look becomes an incident."""
        names: set[str] = set()
        for worker in self.workers:
            if worker.process.poll() is None:
                names.update(worker.names)
                continue
            for name in worker.names:
                if name not in self._mourned:
                    self._mourned.add(name)
                    self.incidents.append(f"The process of {name} ended ({worker.why_it_ended()}); it sits days out.")
        return names

    def wait_ready(self, timeout: float) -> set[str]:
        """Wait until every living agent has prepaid; returns those that have not."""
        return self._wait(lambda: self.alive() - self._ready, timeout)

    def wait_day(self, day: int, timeout: float) -> set[str]:
        """Wait until every living agent has said what it does about a day; returns those that have not."""
        return self._wait(lambda: self.alive() - self._done.get(day, {}).keys(), timeout)

    def wait_direct(self, day: int, names: Collection[str], timeout: float) -> set[str]:
        """Wait until those named have taken their signed bids back and submitted by themselves; who has not."""
        wanted = set(names)

        def missing() -> set[str]:
            done = self._done.get(day, {})
            return {name for name in wanted & self.alive() if done.get(name, ("signed", ""))[0] == "signed"}

        return self._wait(missing, timeout)

    def signed(self, day: int) -> set[str]:
        """Agents whose last word about a day is that they signed a bid for the relayer."""
        return {name for name, (did, _) in self._done.get(day, {}).items() if did == "signed"}

    def absences(self, day: int) -> dict[str, str]:
        """Agents that said they would not bid on a day, and why."""
        said = self._done.get(day, {})
        return {name: why for name, (did, why) in said.items() if did not in ("submitted", "signed")}

    def _wait(self, missing: Any, timeout: float) -> set[str]:
        until = time.monotonic() + timeout
        while True:
            try:
                self._note(self._said.get(timeout=0.02))
                while True:
                    self._note(self._said.get_nowait())
            except queue.Empty:
                pass
            left: set[str] = missing()
            if not left or time.monotonic() > until:
                return left

    def _note(self, said: dict[str, Any]) -> None:
        self._ready.update(said.get("ready", ()))
        for name, did, why in said.get("done", ()):
            self._done.setdefault(said["day"], {})[name] = did, why

    def _listen(self, stream: Any) -> None:
        for line in stream:
            self._said.put(json.loads(line))

    def stop(self) -> None:
        for worker in self.workers:
            if worker.process.stdin:
                with contextlib.suppress(BrokenPipeError):
                    worker.process.stdin.close()
        until = time.monotonic() + GRACE
        for worker in self.workers:
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.ear.join(GRACE)
            if worker.process.stdout:
                worker.process.stdout.close()
            worker.errors.close()
        self.workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
