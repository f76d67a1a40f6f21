"""EIP-2612: letting the market take bytecoin by a signature instead of a transaction."""

from __future__ import annotations

from wattpost.chain import abi
from wattpost.chain.keccak import keccak
from wattpost.chain.keys import Key, Signature

DOMAIN = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
PERMIT = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


def sign_permit(
    key: Key, *, chain_id: int, token: str, spender: str, amount: int, nonce: int, deadline: int
) -> Signature:
    """The owner's signature under a permit of `amount` (18 decimals) to `spender`, good up to `deadline`."""
    domain = keccak(
        abi.encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [DOMAIN, keccak(b"Bytecoin"), keccak(b"1"), chain_id, token],
        )
    )
    body = keccak(
        abi.encode(
            ["bytes32", "address", "address", "uint256", "uint256", "uint256"],
            [PERMIT, key.address, spender, amount, nonce, deadline],
        )
    )
    return key.sign(keccak(b"\x19\x01" + domain + body))
