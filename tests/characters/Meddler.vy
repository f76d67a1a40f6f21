# pragma version 0.4.3
"""
@title Meddler
@license MIT
@notice A token that calls somebody back in the middle of every transfer, and notes what came of it. For tests.
"""

target: address
data: Bytes[4096]
let_in: public(bool)
seen: public(Bytes[1024])
calls: public(uint256)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(holder: address, supply: uint256):
    self.totalSupply = supply
    self.balanceOf[holder] = supply


@external
def meddle(target: address, data: Bytes[4096]):
    """
    @notice What to call from now on, in the middle of every transfer.
    """
    self.target = target
    self.data = data


@external
def act(target: address, data: Bytes[4096]):
    """
    @notice Act as an agent of one's own.
    """
    raw_call(target, data)


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    if owner != self:
        self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    if self.target != empty(address):
        self.calls += 1
        self.let_in, self.seen = raw_call(self.target, self.data, max_outsize=1024, revert_on_failure=False)
    self.balanceOf[to] += amount
