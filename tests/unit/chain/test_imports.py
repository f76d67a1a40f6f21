"""An agent process pays only for what it uses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wattpost.chain.rpc

HEAVY = ["web3", "eth", "eth_tester", "eth_abi", "eth_account", "eth_utils"]
HEAVY += ["rlp", "numpy", "pydantic", "vyper", "wattpost.chain.engine"]


def fresh(program: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(Path(wattpost.chain.rpc.__file__).parents[2])}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return run.stdout.strip()


@pytest.mark.parametrize("module", ["rpc", "wallet", "keys", "abi", "deployment", "compile"])
def test_import__of_what_an_agent_needs__brings_nothing_heavy(module: str) -> None:
    loaded = fresh(f"import sys, wattpost.chain.{module}; print([m for m in {HEAVY!r} if m in sys.modules])")
    assert loaded == "[]"


def test_import__of_the_rpc_client__is_quick() -> None:
    program = "import time; t = time.process_time(); import wattpost.chain.rpc; print(time.process_time() - t)"
    assert min(float(fresh(program)) for _ in range(3)) < 0.06


def test_import__of_the_engines__leaves_each_until_it_is_wanted() -> None:
    loaded = fresh(
        "import sys, wattpost.chain.engine; print([m for m in ('eth', 'eth_tester', 'web3') if m in sys.modules])"
    )
    assert loaded == "[]"
