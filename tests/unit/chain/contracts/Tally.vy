# pragma version 0.4.3
"""
@title Tally
@notice A small contract for tests of the chain package: storage, logs, refusals, an immutable.
"""
from modules import addition


event Added:
    who: indexed(address)
    amount: uint256
    total: uint256


STEP: public(immutable(uint256))
total: public(uint256)
parts: public(HashMap[address, uint256])


@deploy
def __init__(step: uint256):
    STEP = step


@external
def add(amount: uint256) -> uint256:
    assert amount > 0, "tally: nothing to add"
    self.parts[msg.sender] += amount
    self.total = addition._sum(self.total, amount)
    log Added(who=msg.sender, amount=amount, total=self.total)
    return self.total


@external
def clear():
    self.parts[msg.sender] = 0


@external
def refuse():
    """
    @notice A custom error, as wallets decode it: Refused(uint256).
    """
    raw_revert(concat(method_id("Refused(uint256)"), convert(convert(7, uint256), bytes32)))


@external
def burn(rounds: uint256):
    x: uint256 = 0
    for i: uint256 in range(rounds, bound=100000):
        x = unsafe_add(unsafe_mul(x, 3), i)
        self.total = x | 1


@external
def waste():
    """
    @notice Uses up all the gas it is given, in no time.
    """
    assert self.total == max_value(uint256), UNREACHABLE


@view
@external
def clock() -> (uint256, uint256):
    return block.number, block.timestamp
