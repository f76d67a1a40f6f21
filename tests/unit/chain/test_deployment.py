"""deployment.json: written whole, read with care, compared with the node."""

import dataclasses
import json
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.unit.chain.support import call, funded_wallet, start, tally_on

from wattpost.chain import deployment as deploying
from wattpost.chain.compile import Artifact
from wattpost.chain.deployment import Deployment, DeploymentError, deploy
from wattpost.chain.engine import Engine
from wattpost.chain.keccak import keccak


def deployed(engine: Engine, artifact: Artifact) -> Deployment:
    tally = tally_on(engine, artifact)
    return Deployment(engine.chain_id, engine.name, engine.rpc.genesis_hash(), {"Tally": tally})


def test_deploy__a_contract__records_what_stands_on_chain(each_chain: Engine, tally_artifact: Artifact) -> None:
    tally = deployed(each_chain, tally_artifact).contracts["Tally"]
    code = each_chain.rpc.code(tally.address)
    assert len(code) == tally_artifact.size
    assert tally.code_hash == "0x" + keccak(code).hex()
    assert (tally.block, tally.arguments) == (1, [3])
    assert tally.block_hash == each_chain.rpc.block(1)["hash"]
    assert int.from_bytes(each_chain.rpc.view(tally.address, call("STEP()"))) == 3
    assert tally.settings["optimize"] == "codesize"


def test_deploy__with_wrong_arguments__refuses_before_anything_is_sent(chain: Engine, tally_artifact: Artifact) -> None:
    for arguments in ([], [-1], [2**256], ["x"], [1, 2]):
        with pytest.raises(DeploymentError, match="does not take these arguments"):
            deploy(funded_wallet(chain), tally_artifact, arguments)
    assert chain.pending().total == 0


def test_deploy__that_runs_out_of_gas__says_the_contract_was_not_deployed(
    each_chain: Engine, tally_artifact: Artifact
) -> None:
    with pytest.raises(DeploymentError, match="Tally was not deployed"):
        deploy(funded_wallet(each_chain), tally_artifact, [3], mine=each_chain.mine, gas=150_000)


def test_deploy__never_asks_for_2_to_the_24_gas(chain: Engine, tally_artifact: Artifact) -> None:
    wallet = funded_wallet(chain)
    sent = deploying.start(wallet, tally_artifact, [3], gas=10**9)
    assert int(chain.rpc.call("eth_getTransactionByHash", sent.hash)["gas"], 16) == 2**24 - 1


def test_deploy__of_other_code_than_compiled__is_noticed(chain: Engine, tally_artifact: Artifact) -> None:
    forged = dataclasses.replace(tally_artifact, runtime="00" + tally_artifact.runtime[2:])
    with pytest.raises(DeploymentError, match="not what was compiled"):
        deploy(funded_wallet(chain), forged, [3], mine=chain.mine)


def test_save_and_load__give_the_same_deployment_back(chain: Engine, tally_artifact: Artifact, tmp_path: Path) -> None:
    there = deployed(chain, tally_artifact)
    there.save(tmp_path / "run" / "deployment.json")
    back = Deployment.load(tmp_path / "run" / "deployment.json")
    assert back == there
    assert back.address("Tally") == there.contracts["Tally"].address
    back.check(chain.rpc)


def test_save__on_a_full_disk__keeps_the_old_file_and_says_so(
    chain: Engine, tally_artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = deployed(chain, tally_artifact)
    path = tmp_path / "deployment.json"
    there.save(path)
    before = path.read_bytes()

    def full(_: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wattpost.chain.files.os.fsync", full)
    with pytest.raises(DeploymentError, match=r"cannot be written: No space left on device\.$"):
        dataclasses.replace(there, chain_id=1).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_save__into_an_unwritable_folder__says_so(chain: Engine, tally_artifact: Artifact, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeploymentError, match="cannot be written"):
        deployed(chain, tally_artifact).save(tmp_path / "file" / "deployment.json")


def test_load__of_a_missing_file__says_deploy_first(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match=r"There is no deployment file .*: deploy first\."):
        Deployment.load(tmp_path / "deployment.json")


@pytest.mark.parametrize(
    "content", ["", "[]", "7", '{"version": 1}', '{"version": 1, "contracts": {"a": {}}, "chain_id": 1}']
)
def test_load__of_something_else__refuses(tmp_path: Path, content: str) -> None:
    (tmp_path / "d.json").write_text(content)
    with pytest.raises(DeploymentError, match="is not a deployment file"):
        Deployment.load(tmp_path / "d.json")


def test_load__of_another_version__names_both(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(json.dumps({"version": 2}))
    with pytest.raises(DeploymentError, match="has version 2, and this program reads 1"):
        Deployment.load(tmp_path / "d.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chain_id": 5}, "runs chain 131277322940537, and the deployment is on chain 5"),
        ({"genesis_hash": "0x" + "00" * 32}, "restarted without its state"),
    ],
)
def test_check__of_a_node_on_another_chain__refuses(
    chain: Engine, tally_artifact: Artifact, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(DeploymentError, match=words):
        dataclasses.replace(deployed(chain, tally_artifact), **change).check(chain.rpc)


def test_check__of_a_node_restarted_without_its_state__refuses(tally_artifact: Artifact) -> None:
    for name in ("eth-tester", "anvil"):
        with start(name) as first:
            there = deployed(first, tally_artifact)
        with start(name) as second, pytest.raises(DeploymentError, match="restarted without its state"):
            there.check(second.rpc)


def test_check__of_other_code_at_the_address__refuses(chain: Engine, tally_artifact: Artifact) -> None:
    there = deployed(chain, tally_artifact)
    forged = dataclasses.replace(there.contracts["Tally"], code_hash="0x" + "11" * 32)
    with pytest.raises(DeploymentError, match="is not what was deployed"):
        dataclasses.replace(there, contracts={"Tally": forged}).check(chain.rpc)
