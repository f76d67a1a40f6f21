"""From the name of an engine to a running one; each is imported only when it is wanted."""

from __future__ import annotations

from wattpost.chain.engine.base import Engine, EngineError

ENGINES = ("eth-tester", "anvil", "rpc")


def open_engine(
    name: str = "eth-tester", *, port: int = 0, url: str | None = None, chain_id: int | None = None
) -> Engine:
    """Starts `eth-tester` or `anvil` at `port` (0: any free one), or reaches the node at `url` for `rpc`.

    `chain_id` is what a deployment names; `rpc` refuses a node with another one.
    """
    if name == "rpc":
        from wattpost.chain.engine.remote import Remote

        if not url:
            raise EngineError("The engine rpc needs the address of a node: give --rpc URL.")
        return Remote(url, chain_id=chain_id)
    if name == "eth-tester":
        from wattpost.chain.engine.eth_tester import EthTester

        return EthTester(port)
    if name == "anvil":
        from wattpost.chain.engine.anvil import Anvil

        return Anvil(port)
    raise EngineError(f"There is no engine {name!r}: choose {', '.join(ENGINES)}.")
