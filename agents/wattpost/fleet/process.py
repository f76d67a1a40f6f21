"""The process agents live in: `python -m wattpost.fleet.process`, told who they are by one line on standard input.

It ends when standard input does, so that no agent outlives whoever started it. What it does goes to standard output,
one JSON object a line for all it hosts; keys go nowhere.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wattpost.chain.deployment import Contract, Deployment
from wattpost.chain.keys import Key, derive, load
from wattpost.chain.market import Market
from wattpost.chain.rpc import Rpc
from wattpost.chain.wallet import Wallet
from wattpost.fleet.agent import Agent, Report, Settings
from wattpost.fleet.host import Host, work
from wattpost.fleet.relaying import Desk

POLL = 0.02  # seconds
FIRST_RANK = 100  # agents come after the operator's own keys in every block


def key_of(where: Mapping[str, Any]) -> Key:
    """A test key by seed and index, or the key in an encrypted file."""
    if "seed" in where:
        return derive(where["seed"], "agent", where["index"])
    return load(Path(where["file"]), where["password"])


def read_deployment(raw: Mapping[str, Any]) -> Deployment:
    contracts = {name: Contract(**fields) for name, fields in raw["contracts"].items()}
    return Deployment(**{**raw, "contracts": contracts})


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us; we end with our input
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    deployment = read_deployment(task["deployment"])
    rpc = Rpc(task["url"])
    market = Market(rpc, deployment)
    agents = []
    for each in task["agents"]:
        wallet = Wallet(rpc, key_of(each["key"]), chain_id=deployment.chain_id, rank=FIRST_RANK + each["index"])
        agents.append(Agent(Settings.read(each), wallet))
    desk = Desk(task["relayer"]["url"], task["relayer"]["address"]) if task.get("relayer") else None
    host = Host(agents, market, desk)
    work(host, lambda: _say({"ready": [agent.name for agent in agents]}), _report, POLL)


def _report(done: Iterable[Report]) -> None:
    days: dict[int, list[tuple[str, str, str]]] = {}
    for each in done:
        days.setdefault(each.day, []).append((each.name, each.did, each.why))
    for day, reports in days.items():
        _say({"day": day, "done": reports})


def _say(what: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _end_with_input() -> None:
    while sys.stdin.readline():
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
