"""Fixtures: a chain, each chain, a compiled contract, a bad network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.chain.support import LossyNetwork, start

from wattpost.chain.compile import Artifact, compile_contract
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


@pytest.fixture(scope="session")
def tally_artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        return compile_contract("Tally", folder=HERE / "contracts")


@pytest.fixture
def lossy(chain: Engine) -> Iterator[LossyNetwork]:
    network = LossyNetwork(chain.url)
    yield network
    network.close()
