"""The plain way, measured: `benchmarks/PlainMarket.vy`, one transaction for each bid, offer and claim."""

from __future__ import annotations

import random
from pathlib import Path

from wattpost.bench.street import MOST_BID, ONE_IN, drain
from wattpost.chain import abi
from wattpost.chain.compile import compile_all
from wattpost.chain.deployment import finish, start
from wattpost.chain.engine import Engine
from wattpost.chain.keys import derive
from wattpost.chain.market import call
from wattpost.chain.wallet import Wallet

FOLDER = Path(__file__).parents[3] / "benchmarks"
LIMIT = 5_000_000


def plain_gas(engine: Engine, agents: int, periods: int, seed: int = 1) -> float | None:
    """Gas of an agent-day the plain way; None where the contract is not at hand, as in an installed package."""
    if not (FOLDER / "PlainMarket.vy").exists():
        return None
    keys = [derive(seed, "plain agent", place) for place in range(agents)]
    owner = Wallet(engine.rpc, derive(seed, "plain owner", 0), chain_id=engine.chain_id)
    engine.fund([owner.address, *(key.address for key in keys)])
    token = _deployed(engine, owner, "Bytecoin", [owner.address, agents * 10**30], None)
    market = _deployed(engine, owner, "PlainMarket", [token], FOLDER)
    wallets = [Wallet(engine.rpc, key, chain_id=engine.chain_id, rank=1 + place) for place, key in enumerate(keys)]
    for wallet in wallets:
        owner.send(token, call("transfer", wallet.address, 10**30))
        wallet.send(token, call("approve", market, 2**256 - 1))
    drain(engine)
    dice, makers = random.Random(seed), max(1, agents // ONE_IN)

    def sent(name: str, *arguments: object) -> bytes:
        kinds = {"bid": "uint256,uint256[]", "offer": "uint256,uint256[]", "claim": "uint256,uint256"}[name]
        return abi.selector(f"{name}({kinds})") + abi.encode(kinds.split(","), arguments)

    gas = 0
    for day in (1, 2):
        orders = []
        for place, wallet in enumerate(wallets):
            bids = [dice.randrange(10**7, MOST_BID) for _ in range(periods + 1)]
            orders.append(wallet.send(market, sent("bid", day, bids), gas=LIMIT))
            offers = [0, *(dice.randrange(10**7, 2 * 10**9) for _ in range(periods))] if place < makers else [10**10]
            orders.append(wallet.send(market, sent("offer", day, offers), gas=LIMIT))
        drain(engine)
        for wallet in wallets:
            orders += [wallet.send(market, sent("claim", day, post), gas=LIMIT) for post in range(periods + 1)]
        drain(engine)
        receipts = owner.wait_all(orders)
        if not all(receipt.ok for receipt in receipts):
            raise RuntimeError("A call to the plain market failed: the figure would mean nothing.")
        gas = sum(receipt.gas_used for receipt in receipts)
    return gas / agents


def _deployed(engine: Engine, owner: Wallet, name: str, arguments: list[object], folder: Path | None) -> str:
    artifact = (compile_all([name], folder=folder) if folder else compile_all([name]))[name]
    sent = start(owner, artifact, arguments, gas=600_000 + 300 * artifact.size)
    engine.mine()
    return finish(owner, artifact, arguments, sent).address
