"""Transactions and keys against the reference libraries."""

import eth_account
import rlp as reference_rlp
from eth_account.typed_transactions import TypedTransaction
from eth_utils import keccak as reference_keccak
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st

from wattpost.chain import rlp
from wattpost.chain.keccak import keccak
from wattpost.chain.keys import Key
from wattpost.chain.transaction import contract_address, sign

SECRET = bytes(range(1, 33))
ITEMS: st.SearchStrategy[object] = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=5))


@given(ITEMS)
def test_rlp_encode__of_anything__agrees_with_pyrlp(item: object) -> None:
    assert rlp.encode(item) == reference_rlp.encode(item)


@given(st.binary(max_size=300))
def test_keccak__of_anything__agrees_with_eth_utils(data: bytes) -> None:
    assert keccak(data) == reference_keccak(data)


def test_address__of_a_key__is_eth_accounts() -> None:
    assert Key(SECRET).address == eth_account.Account.from_key(SECRET).address.lower()


@given(st.integers(0, 2**60), st.integers(0, 2**64 - 2), st.integers(0, 10**18), st.binary(max_size=100), st.booleans())
def test_sign__of_any_transaction__gives_the_bytes_of_eth_account(
    chain_id: int, nonce: int, value: int, data: bytes, creates: bool
) -> None:
    to = None if creates else "0x" + "ab" * 20
    signed = sign(
        Key(SECRET), chain_id=chain_id, nonce=nonce, to=to, data=data, gas=70_000, max_fee=9, tip=7, value=value
    )
    fields: dict[str, object] = {"chainId": chain_id, "nonce": nonce, "value": value, "data": data, "type": 2}
    fields |= {"gas": 70_000, "maxFeePerGas": 9, "maxPriorityFeePerGas": 7} | (
        {"to": bytes.fromhex(to[2:])} if to else {}
    )
    expected = eth_account.Account.sign_transaction(fields, SECRET)
    assert HexBytes(signed.raw) == expected.raw_transaction
    assert HexBytes(signed.hash) == expected.hash
    assert TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()["nonce"] == nonce


def test_contract_address__of_nonce_200__needs_a_longer_prefix() -> None:
    sender = "0x" + "11" * 20
    expected = reference_keccak(reference_rlp.encode([bytes.fromhex("11" * 20), (200).to_bytes(1, "big")]))[12:]
    assert contract_address(sender, 200) == "0x" + expected.hex()
