"""Bytecoin: an ERC-20 with permit whose refusals are custom errors that wallets decode."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import decode, encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak, to_checksum_address
from tests.harness.evm import NOBODY, Contract, Evm, Reverted, role
from tests.harness.sources import trio

SUPPLY = 1_000_003
HOLDER, SPENDER, RECEIVER = role("holder"), role("spender"), role("receiver")
SIGNER = Account.from_key("0x" + "5a" * 32)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ERRORS = {
    "ERC20InsufficientBalance": ["address", "uint256", "uint256"],
    "ERC20InsufficientAllowance": ["address", "uint256", "uint256"],
    "ERC20InvalidReceiver": ["address"],
    "ERC20InvalidSpender": ["address"],
    "ERC2612ExpiredSignature": ["uint256"],
    "ERC2612InvalidSigner": ["address", "address"],
}
BY_SELECTOR = {keccak(text=f"{name}({','.join(types)})")[:4]: name for name, types in ERRORS.items()}


@pytest.fixture
def bytecoin() -> Contract:
    return Evm().deploy(trio()["Bytecoin"], HOLDER, SUPPLY)


def refusal(call: Any, *arguments: Any, by: str) -> tuple[Any, ...]:
    """The custom error of a call, decoded by selector as a wallet would."""
    with pytest.raises(Reverted) as reverted:
        call(*arguments, by=by)
    name = BY_SELECTOR[reverted.value.data[:4]]
    values = decode(ERRORS[name], reverted.value.data[4:])
    return (name, *(to_checksum_address(each) if isinstance(each, str) else each for each in values))


def sign(bytecoin: Contract, amount: int, until: int, **changes: Any) -> tuple[int, bytes, bytes]:
    message = {
        "owner": SIGNER.address,
        "spender": SPENDER,
        "value": amount,
        "nonce": bytecoin.nonces(SIGNER.address),
        "deadline": until,
    } | {key: value for key, value in changes.items() if key not in ("chainId", "verifyingContract", "name")}
    kinds = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256"}
    domain = {
        "name": changes.get("name", "Bytecoin"),
        "version": "1",
        "chainId": changes.get("chainId", bytecoin.evm.env.evm.patch.chain_id),
        "verifyingContract": changes.get("verifyingContract", bytecoin.address),
    }
    types = {"Permit": [{"name": name, "type": kind} for name, kind in kinds.items()]}
    signed = SIGNER.sign_message(encode_typed_data(domain, types, message))
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def test_the_constructor__gives_the_holder_all_there_will_ever_be(bytecoin: Contract) -> None:
    assert bytecoin.totalSupply() == bytecoin.balanceOf(HOLDER) == SUPPLY
    assert (bytecoin.name(), bytecoin.symbol(), bytecoin.decimals(), bytecoin.version()) == (
        "Bytecoin",
        "BYTE",
        18,
        "1",
    )
    assert not any("mint" in name or "burn" in name or "owner" in name for name in bytecoin.functions)


def test_the_constructor__for_nobody__is_refused() -> None:
    with pytest.raises(Reverted) as reverted:
        Evm().deploy(trio()["Bytecoin"], NOBODY, 5)

    assert BY_SELECTOR[reverted.value.data[:4]] == "ERC20InvalidReceiver"


def test_transfer__moves_what_it_says(bytecoin: Contract) -> None:
    receipt = bytecoin.transfer(RECEIVER, 411, by=HOLDER)

    assert receipt.value is True
    assert (bytecoin.balanceOf(HOLDER), bytecoin.balanceOf(RECEIVER)) == (SUPPLY - 411, 411)
    assert receipt.only("Transfer").args == {"sender": HOLDER, "receiver": RECEIVER, "value": 411}


def test_transfer__to_oneself_or_of_nothing__changes_nothing(bytecoin: Contract) -> None:
    bytecoin.transfer(HOLDER, 411, by=HOLDER)
    bytecoin.transfer(RECEIVER, 0, by=HOLDER)

    assert (bytecoin.balanceOf(HOLDER), bytecoin.balanceOf(RECEIVER)) == (SUPPLY, 0)


def test_transfer__of_more_than_is_held__names_what_is_missing(bytecoin: Contract) -> None:
    error = refusal(bytecoin.transfer, RECEIVER, SUPPLY + 1, by=HOLDER)

    assert error == ("ERC20InsufficientBalance", HOLDER, SUPPLY, SUPPLY + 1)
    assert bytecoin.balanceOf(HOLDER) == SUPPLY


def test_transfer__to_nobody_or_to_the_token__is_refused(bytecoin: Contract) -> None:
    for wrong in (NOBODY, bytecoin.address):
        assert refusal(bytecoin.transfer, wrong, 5, by=HOLDER) == ("ERC20InvalidReceiver", to_checksum_address(wrong))
        bytecoin.approve(SPENDER, 5, by=HOLDER)
        error = refusal(bytecoin.transferFrom, HOLDER, wrong, 5, by=SPENDER)
        assert error == ("ERC20InvalidReceiver", to_checksum_address(wrong))
        assert bytecoin.allowance(HOLDER, SPENDER) == 5


def test_approve__replaces_what_was_allowed(bytecoin: Contract) -> None:
    bytecoin.approve(SPENDER, 700, by=HOLDER)

    receipt = bytecoin.approve(SPENDER, 307, by=HOLDER)

    assert bytecoin.allowance(HOLDER, SPENDER) == 307
    assert receipt.only("Approval").args == {"owner": HOLDER, "spender": SPENDER, "value": 307}


def test_approve__of_nobody__is_refused(bytecoin: Contract) -> None:
    assert refusal(bytecoin.approve, NOBODY, 5, by=HOLDER) == ("ERC20InvalidSpender", NOBODY)


def test_transfer_from__spends_the_allowance(bytecoin: Contract) -> None:
    bytecoin.approve(SPENDER, 307, by=HOLDER)

    bytecoin.transferFrom(HOLDER, RECEIVER, 203, by=SPENDER)

    assert bytecoin.allowance(HOLDER, SPENDER) == 104
    assert bytecoin.balanceOf(RECEIVER) == 203
    error = refusal(bytecoin.transferFrom, HOLDER, RECEIVER, 105, by=SPENDER)
    assert error == ("ERC20InsufficientAllowance", SPENDER, 104, 105)


def test_transfer_from__an_endless_allowance__never_ends(bytecoin: Contract) -> None:
    bytecoin.approve(SPENDER, 2**256 - 1, by=HOLDER)

    bytecoin.transferFrom(HOLDER, RECEIVER, 203, by=SPENDER)

    assert bytecoin.allowance(HOLDER, SPENDER) == 2**256 - 1


def test_transfer_from__a_poor_owner__names_the_owner(bytecoin: Contract) -> None:
    bytecoin.approve(SPENDER, 50, by=RECEIVER)

    error = refusal(bytecoin.transferFrom, RECEIVER, HOLDER, 7, by=SPENDER)

    assert error == ("ERC20InsufficientBalance", RECEIVER, 0, 7)
    assert bytecoin.allowance(RECEIVER, SPENDER) == 50


def test_permit__allows_by_signature_once(bytecoin: Contract) -> None:
    deadline = bytecoin.evm.now
    signature = sign(bytecoin, 307, deadline)

    receipt = bytecoin.permit(SIGNER.address, SPENDER, 307, deadline, *signature, by=role("carrier"))

    assert bytecoin.allowance(SIGNER.address, SPENDER) == 307
    assert bytecoin.nonces(SIGNER.address) == 1
    assert receipt.only("Approval").args == {"owner": SIGNER.address, "spender": SPENDER, "value": 307}
    error = refusal(bytecoin.permit, SIGNER.address, SPENDER, 307, deadline, *signature, by=role("carrier"))
    assert error[0] == "ERC2612InvalidSigner"


def test_permit__after_its_deadline__is_refused(bytecoin: Contract) -> None:
    deadline = bytecoin.evm.now
    signature = sign(bytecoin, 307, deadline)
    bytecoin.evm.now += 1

    error = refusal(bytecoin.permit, SIGNER.address, SPENDER, 307, deadline, *signature, by=SPENDER)

    assert error == ("ERC2612ExpiredSignature", deadline)


@pytest.mark.parametrize(
    "changes",
    [
        {"value": 308},
        {"spender": RECEIVER},
        {"owner": HOLDER},
        {"nonce": 1},
        {"deadline": 2**255},
        {"chainId": 99},
        {"verifyingContract": HOLDER},
        {"name": "Bitecoin"},
    ],
    ids=str,
)
def test_permit__signed_for_anything_else__is_refused(bytecoin: Contract, changes: dict[str, Any]) -> None:
    deadline = bytecoin.evm.now + 5
    signature = sign(bytecoin, 307, deadline, **changes)

    error = refusal(bytecoin.permit, SIGNER.address, SPENDER, 307, deadline, *signature, by=SPENDER)

    assert error[0] == "ERC2612InvalidSigner"
    assert error[2] == SIGNER.address
    assert (bytecoin.allowance(SIGNER.address, SPENDER), bytecoin.nonces(SIGNER.address)) == (0, 0)


def test_permit__by_the_mirror_twin_or_of_nobody__is_refused(bytecoin: Contract) -> None:
    deadline = 2**256 - 1
    v, r, s = sign(bytecoin, 307, deadline)
    twin = (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")

    for wrong in ((55 - v, r, twin), (29, r, s), (0, r, s), (v, bytes(32), s), (v, r, bytes(32))):
        error = refusal(bytecoin.permit, SIGNER.address, SPENDER, 307, deadline, *wrong, by=SPENDER)
        assert error[0] == "ERC2612InvalidSigner"
    error = refusal(bytecoin.permit, NOBODY, SPENDER, 307, deadline, 29, r, s, by=SPENDER)
    assert error == ("ERC2612InvalidSigner", NOBODY, NOBODY)
    bytecoin.permit(SIGNER.address, SPENDER, 307, deadline, v, r, s, by=SPENDER)


def test_the_domain__follows_the_chain_id(bytecoin: Contract) -> None:
    def domain(chain: int) -> bytes:
        kinds = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        values = [keccak(text=kinds), keccak(text="Bytecoin"), keccak(text="1"), chain, bytecoin.address]
        return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], values))

    patch = bytecoin.evm.env.evm.patch
    assert bytecoin.DOMAIN_SEPARATOR() == domain(patch.chain_id)
    patch.chain_id = 424_242
    assert bytecoin.DOMAIN_SEPARATOR() == domain(424_242)
