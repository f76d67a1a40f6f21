"""A market on a chain that somebody else runs: founded, traded by separate commands, audited over JSON-RPC."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Command, needs_anvil
from wattpost.chain.engine.anvil import find_anvil
from wattpost.chain.rpc import Rpc, RpcError

PASSWORD = "correct horse"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[str]:
    """An anvil that mines by itself, every second, with a base fee."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([str(find_anvil()), "--port", str(port), "--block-time", "1", "--silent"], cwd=tmp_path)
    rpc = Rpc(f"http://127.0.0.1:{port}")
    for _ in range(100):
        try:
            rpc.chain_id()
            break
        except RpcError:
            time.sleep(0.1)
    yield rpc.url
    rpc.close()
    process.kill()
    process.wait()


@needs_anvil
def test_many_commands__make_one_market(
    node: str, tmp_path: Path, small: Callable[..., Path], command: Command
) -> None:
    scenario, keys, deployment = str(small(window=8)), str(tmp_path / "keys"), str(tmp_path / "market.json")
    made = command("keys", keys, scenario, WATTPOST_PASSWORD=PASSWORD)
    addresses = {name: address for address, name in map(str.split, made.stdout.splitlines())}
    assert set(addresses) == {"operator", "meter", "relayer", "home-1", "home-2", "plant-1", "plant-2"}
    assert all((tmp_path / "keys" / f"{name}.json").stat().st_mode & 0o777 == 0o600 for name in addresses)
    rpc = Rpc(node)
    for address in addresses.values():
        rpc.call("anvil_setBalance", address, hex(10**20))
    founded = command(
        "deploy", scenario, "--rpc", node, "--keys", keys, "--out", deployment, WATTPOST_PASSWORD=PASSWORD
    )
    assert founded.returncode == 0, founded.stderr

    where = ["--rpc", node, "--keys", keys, "--deployment", deployment]
    agents = []
    for name in ("home-1", "home-2", "plant-1", "plant-2"):
        with (tmp_path / f"{name}.log").open("w") as log:
            environment = os.environ | {"WATTPOST_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}
            program = [sys.executable, "-m", "wattpost", "agent", scenario, name, *where]
            agents.append(subprocess.Popen(program, env=environment, stdout=log))
    try:
        until = time.monotonic() + 60
        while not all("prepaid" in log.read_text() for log in tmp_path.glob("*.log")) and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(2.5)  # two blocks: what they prepaid is mined
        operated = command("operate", *where, "--days", "1", WATTPOST_PASSWORD=PASSWORD)
        assert operated.returncode == 0, operated.stderr
    finally:
        for agent in agents:
            agent.terminate()
        for agent in agents:
            agent.wait()
    assert all("day 1: submitted" in log.read_text() for log in tmp_path.glob("*.log"))
    audited = command("audit", "--rpc", node, "--deployment", deployment)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert "clean" in audited.stdout
    rpc.close()
