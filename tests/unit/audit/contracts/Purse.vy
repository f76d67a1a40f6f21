# pragma version 0.4.3
"""
@title Purse
@license MIT
@notice An account that is a contract: it does what its owner says, several things in one transaction.
"""

OWNER: immutable(address)


@deploy
def __init__():
    OWNER = msg.sender


@external
def act(targets: DynArray[address, 8], data: DynArray[Bytes[4096], 8]):
    assert msg.sender == OWNER
    for i: uint256 in range(len(targets), bound=8):
        raw_call(targets[i], data[i])
