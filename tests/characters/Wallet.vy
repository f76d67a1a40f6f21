# pragma version 0.4.3
"""
@title Wallet
@license MIT
@notice A contract that acts for its owner, as smart-contract wallets do. For tests.
"""

OWNER: immutable(address)


@deploy
def __init__(owner: address):
    OWNER = owner


@external
def act(target: address, data: Bytes[4096]):
    """
    @notice Call `target` in this wallet's name.
    """
    assert msg.sender == OWNER or msg.sender == self, "wallet: owner only"
    raw_call(target, data)


@external
@payable
def __default__():
    pass
