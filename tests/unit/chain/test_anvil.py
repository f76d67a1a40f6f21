"""anvil as a child process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.chain.support import start

from wattpost.chain.engine import EngineError, anvil, open_engine
from wattpost.chain.engine.anvil import Anvil
from wattpost.chain.rpc import NodeUnreachable, Rpc


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while runs(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not runs(pid)


def test_start__without_the_binary__says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATTPOST_ANVIL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(anvil, "TOOLS", Path("nowhere"))
    with pytest.raises(EngineError) as refusal:
        open_engine("anvil")
    assert str(refusal.value) == "anvil is not installed: run make anvil, or set WATTPOST_ANVIL to the binary."


def test_start__of_something_that_is_no_program__refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTPOST_ANVIL", str(tmp_path / "anvil"))
    with pytest.raises(EngineError, match="not a program that can be run"):
        open_engine("anvil")


def test_start__of_a_program_that_is_not_anvil__says_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "anvil"
    fake.write_text("#!/bin/sh\necho out of order\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("WATTPOST_ANVIL", str(fake))
    with pytest.raises(EngineError, match="anvil ended at once: out of order"):
        open_engine("anvil")


def test_find_anvil__on_path__is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "anvil").write_text("")
    (tmp_path / "anvil").chmod(0o755)
    monkeypatch.delenv("WATTPOST_ANVIL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(anvil, "TOOLS", Path("nowhere"))
    assert anvil.find_anvil() == tmp_path / "anvil"


def test_leaving__after_an_error__ends_the_process() -> None:
    engine = start("anvil")
    assert isinstance(engine, Anvil)
    with pytest.raises(RuntimeError), engine:
        raise RuntimeError
    assert gone(engine.pid)
    engine.close()  # a second time does no harm


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children of a killed process")
def test_killing__the_parent_outright__ends_anvil_too() -> None:
    start("anvil").close()  # skips without the binary
    program = (
        "import time; from wattpost.chain.engine import open_engine; "
        "e = open_engine('anvil'); print(e.pid, e.url, flush=True); time.sleep(60)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(anvil.__file__).parents[3])}
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout
    pid, url = parent.stdout.readline().split()
    assert runs(int(pid))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(int(pid))
    with pytest.raises(NodeUnreachable):
        Rpc(url).chain_id()


def test_calls__after_anvil_was_killed__say_that_nobody_answers() -> None:
    with start("anvil") as engine:
        assert isinstance(engine, Anvil)
        os.kill(engine.pid, signal.SIGKILL)
        assert gone(engine.pid)
        with pytest.raises(NodeUnreachable, match="No node answers"):
            engine.mine()
