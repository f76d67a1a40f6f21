"""A load on a node of our own, and the CPU time it takes: how the layer `measured` comes by its figure.

The load is what settlement is made of, payments: transfers of bytecoin between accounts, block after block, until the
node has worked for a second. Deploying and the first block warm up and do not count. On the engine of this process the
time that signing and sending take is taken out again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from wattpost.chain.compile import compile_all
from wattpost.chain.deployment import finish, start
from wattpost.chain.engine import Engine, open_engine
from wattpost.chain.keys import derive
from wattpost.chain.market import call
from wattpost.chain.wallet import Order, Wallet
from wattpost.energy import KappaError, Measurement
from wattpost.energy.measured import WATTS_PER_CORE, cpu_clock, joules_between, package_counters, watts
from wattpost.study.job import Progress

ENGINES = ("eth-tester", "anvil")
ENOUGH = 1.0  # CPU seconds: a hundred ticks of the clock that other processes' time is told in
A_BLOCK = 400  # transfers
MOST_BLOCKS = 200
SEED = 1  # of the keys, which hold nothing


def measure(engine: str, progress: Progress, watts_per_core: float = WATTS_PER_CORE) -> Measurement:
    """Start a node, load it, end it.

    Raises KappaError where its CPU time cannot be read, EngineError where it cannot be started.
    """
    watts(watts_per_core)
    if engine not in ENGINES:
        raise KappaError(
            f"The CPU time of a node on the engine {engine} cannot be read from here: measure on "
            f"{' or '.join(ENGINES)}, or state joules_per_gas."
        )
    progress.stage("measuring the node", round(100 * ENOUGH))
    with open_engine(engine) as chain:
        return load(chain, watts_per_core, lambda seconds: progress.advance(min(round(100 * seconds), 100)))


def load(chain: Engine, watts_per_core: float, tell: Callable[[float], None] = lambda _: None) -> Measurement:
    """Transfers on a chain of our own until its node has worked long enough."""
    clock = node_clock(chain)
    inside = not hasattr(chain, "pid")
    payer, payee = derive(SEED, "operator", 0), derive(SEED, "dust", 0).address
    chain.fund([payer.address])
    wallet = Wallet(chain.rpc, payer, chain_id=chain.chain_id)
    token = _money(chain, wallet)
    orders = [Order(token, call("transfer", payee, 1), 100_000)] * A_BLOCK
    wallet.send_all(orders)
    chain.mine()
    gas, seconds, blocks = 0, 0.0, 0
    before = package_counters()
    while seconds < ENOUGH and blocks < MOST_BLOCKS:
        begun, own = clock(), time.thread_time()
        sent = wallet.send_all(orders)
        own = time.thread_time() - own if inside else 0.0
        chain.mine()
        seconds += clock() - begun - own
        gas += sum(receipt.gas_used for receipt in wallet.wait_all(sent))
        blocks += 1
        tell(seconds)
    return Measurement(
        engine=chain.name,
        load=f"{blocks * A_BLOCK:,} transfers of bytecoin in {blocks} blocks",
        gas=gas,
        cpu_seconds=seconds,
        watts_per_core=watts_per_core,
        counter_joules=joules_between(before, package_counters()),
    )


def node_clock(chain: Engine) -> Callable[[], float]:
    """The CPU time of the process in which a chain runs."""
    if not chain.is_test:
        raise KappaError(f"The CPU time of the node at {chain.rpc.place} cannot be read: state joules_per_gas.")
    pid = getattr(chain, "pid", None)
    return time.process_time if pid is None else cpu_clock(pid)


def _money(chain: Engine, wallet: Wallet) -> str:
    """Bytecoin, all of it the wallet's."""
    artifact = compile_all(["Bytecoin"])["Bytecoin"]
    arguments = [wallet.address, 10**27]
    sent = start(wallet, artifact, arguments)
    chain.mine()
    return finish(wallet, artifact, arguments, sent).address
