"""Engines: the same chain to an agent, whether it runs in this process, in another one, or far away."""

from wattpost.chain.engine.base import CHAIN_ID, GAS_LIMIT, GENESIS_TIME, Engine, EngineError, Pending
from wattpost.chain.engine.opening import ENGINES, open_engine

__all__ = [
    "CHAIN_ID",
    "ENGINES",
    "GAS_LIMIT",
    "GENESIS_TIME",
    "Engine",
    "EngineError",
    "Pending",
    "open_engine",
]
