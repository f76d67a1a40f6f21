"""The contracts as an Ape project: what Ape compiles and deploys is what the package deploys."""

from __future__ import annotations

import shutil

import pytest

from wattpost.chain.compile import compile_contract

ape = pytest.importorskip("ape")
pytestmark = [
    pytest.mark.skipif(shutil.which("vyper") is None, reason="ape looks for vyper on PATH"),
    pytest.mark.filterwarnings("ignore"),  # of Ape's own settings
    pytest.mark.xdist_group("ape"),  # one process compiles into .build
]


def test_ape__compiles_the_same_code(project) -> None:  # type: ignore[no-untyped-def]
    compiled = project.load_contracts(use_cache=False)  # Ape's cache does not see that a module changed
    for name in ("Bytecoin", "Registry", "Market"):
        own, theirs = compile_contract(name), compiled[name]
        assert theirs.deployment_bytecode.bytecode.removeprefix("0x") == own.bytecode, name


def test_ape__moves_bytecoin(project, accounts) -> None:  # type: ignore[no-untyped-def]
    holder, payee = accounts[0], accounts[1]
    bytecoin = holder.deploy(project.Bytecoin, holder, 700)
    bytecoin.transfer(payee, 300, sender=holder)
    assert (bytecoin.balanceOf(holder), bytecoin.balanceOf(payee)) == (400, 300)
    with ape.reverts():
        bytecoin.transfer(payee, 401, sender=holder)
