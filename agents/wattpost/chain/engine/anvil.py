"""A real node: anvil, started from its platform binary as a child that does not outlive us.

Prague, the same chain id and gas limit as the default engine, base fee zero, blocks only when asked for.
Order within a block is by fee (see `pool`). One difference remains: when a block is full, anvil may drop a
sender's later transactions instead of keeping them; `Wallet.wait` notices and sends them once more.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, Queue

from wattpost.chain.engine.base import (
    CHAIN_ID,
    ETHER,
    GAS_LIMIT,
    GENESIS_TIME,
    Engine,
    EngineError,
    Pending,
    next_timestamp,
)
from wattpost.chain.rpc import NodeUnreachable, Rpc

START_TIMEOUT = 20.0
TOOLS = Path("tools") / "anvil" / "node_modules" / "@foundry-rs"
MISSING = "anvil is not installed: run make anvil, or set WATTPOST_ANVIL to the binary."
PDEATHSIG = 1


def find_anvil() -> Path:
    """$WATTPOST_ANVIL, else what `make anvil` installed in the checkout or here, else PATH."""
    wanted = os.environ.get("WATTPOST_ANVIL")
    if wanted:
        if os.access(wanted, os.X_OK) and Path(wanted).is_file():
            return Path(wanted)
        raise EngineError(f"WATTPOST_ANVIL names {wanted}, which is not a program that can be run.")
    machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    system, suffix = ("win32", ".exe") if sys.platform == "win32" else (sys.platform, "")
    for root in (Path(__file__).resolve().parents[4], Path.cwd()):
        binary = root / TOOLS / f"anvil-{system}-{machine}" / "bin" / f"anvil{suffix}"
        if os.access(binary, os.X_OK):
            return binary
    on_path = shutil.which("anvil")
    if on_path:
        return Path(on_path)
    raise EngineError(MISSING)


class Anvil(Engine):
    name = "anvil"
    is_test = True

    def __init__(
        self,
        port: int = 0,
        *,
        chain_id: int = CHAIN_ID,
        gas_limit: int = GAS_LIMIT,
        genesis_time: int = GENESIS_TIME,
    ) -> None:
        """Start it from a thread that lives on: on Linux the child ends with the thread that started it."""
        self.chain_id = chain_id
        command = [str(find_anvil()), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id)]
        command += ["--hardfork", "prague", "--gas-limit", str(gas_limit), "--timestamp", str(genesis_time)]
        command += ["--block-base-fee-per-gas", "0", "--order", "fees", "--no-mining", "--accounts", "0"]
        command += ["--color", "never", "--no-cors"]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                preexec_fn=_die_with_parent(),
            )
        except OSError as error:
            raise EngineError(f"anvil cannot be started: {error.strerror}.") from None
        self._said: deque[str] = deque(maxlen=100)
        self._port: Queue[int | None] = Queue()
        self._listener = threading.Thread(target=self._listen, name="anvil", daemon=True)
        self._listener.start()
        try:
            self.url = f"http://127.0.0.1:{self._await_port(port)}"
            self.rpc = Rpc(self.url, timeout=120.0)
            self.rpc.block_number()
        except NodeUnreachable as error:
            self._stop()
            raise EngineError(str(error)) from None
        except BaseException:
            self._stop()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        self.rpc.close()
        self._stop()

    def mine(self, timestamp: int | None = None) -> int:
        number, last = self.head()
        self.rpc.call("evm_mine", {"timestamp": next_timestamp(timestamp, last), "blocks": 1})
        return number + 1

    def pending(self) -> Pending:
        pool = self.rpc.call("txpool_inspect")
        counts = [
            {sender.lower(): len(waiting) for sender, waiting in pool[part].items()} for part in ("pending", "queued")
        ]
        by_sender = {s: counts[0].get(s, 0) + counts[1].get(s, 0) for s in counts[0] | counts[1]}
        return Pending(sum(counts[0].values()), sum(counts[1].values()), by_sender)

    def fund(self, addresses: Iterable[str], wei: int = 1_000 * ETHER) -> None:
        self.rpc.batch(("anvil_setBalance", (address, hex(wei))) for address in addresses)

    def _listen(self) -> None:
        """Reads what anvil prints: first for its port, then so that its pipe never fills."""
        assert self._process.stdout
        for line in self._process.stdout:
            self._said.append(line.strip())
            if line.startswith("Listening on "):
                self._port.put(int(line.rpartition(":")[2]))
        self._port.put(None)

    def _await_port(self, wanted: int) -> int:
        try:
            port = self._port.get(timeout=START_TIMEOUT)
        except Empty:
            raise EngineError(f"anvil did not start within {START_TIMEOUT:g} s.") from None
        if port is not None:
            return port
        said = [line for line in self._said if line]
        if any("address already in use" in line.lower() for line in said):
            raise EngineError(f"Port {wanted} cannot be used (Address already in use): choose another one.")
        raise EngineError(f"anvil ended at once: {said[-1] if said else 'it said nothing'}")

    def _stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._listener.join(2)
        assert self._process.stdout
        self._process.stdout.close()


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux the kernel ends the child when we end, even by SIGKILL; elsewhere `close` has to."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: afterwards only the call itself is safe

    def ask() -> None:
        prctl(PDEATHSIG, signal.SIGKILL)

    return ask
