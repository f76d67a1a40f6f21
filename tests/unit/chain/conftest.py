"""Fixtures: a chain, each chain, a compiled contract, a bad network."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.unit.chain.support import LossyNetwork, start

from wattpost.chain.compile import Artifact, compile_all
from wattpost.chain.engine import Engine

HERE = Path(__file__).parent


@pytest.fixture
def chain() -> Iterator[Engine]:
    with start("eth-tester") as engine:
        yield engine


@pytest.fixture(params=["eth-tester", "anvil"])
def each_chain(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with start(request.param) as engine:
        yield engine


@cache
def artifacts() -> dict[str, Artifact]:
    """Not a session fixture: ape's plugin, where installed, would rebase its isolation around it."""
    with TemporaryDirectory() as cache_home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", cache_home)
        return compile_all(["Tally", "Zoo"], folder=HERE / "contracts")


@pytest.fixture
def tally_artifact() -> Artifact:
    return artifacts()["Tally"]


@pytest.fixture
def zoo_artifact() -> Artifact:
    return artifacts()["Zoo"]


@pytest.fixture
def lossy(chain: Engine) -> Iterator[LossyNetwork]:
    network = LossyNetwork(chain.url)
    yield network
    network.close()
