# pragma version 0.4.3
"""
@title Sulky
@license MIT
@notice A token whose moods are those of the worst there are: it says no, keeps a part, says nothing, shuts people out
    or stops altogether. For tests.
"""

# Moods.
KIND: constant(uint256) = 0
SAYS_NO: constant(uint256) = 1  # returns false and moves nothing
KEEPS_A_PART: constant(uint256) = 2  # a tenth of whatever moves disappears
SAYS_NOTHING: constant(uint256) = 3  # moves, and returns no word at all
SHUTS_OUT: constant(uint256) = 4  # reverts for whoever is on its list
STOPPED: constant(uint256) = 5  # reverts for everybody
ONLY_SAYS_YES: constant(uint256) = 6  # returns true and moves nothing

mood: public(uint256)
shut_out: public(HashMap[address, bool])
decimals: public(uint8)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(holder: address, supply: uint256, decimals: uint8):
    self.totalSupply = supply
    self.balanceOf[holder] = supply
    self.decimals = decimals


@external
def set_mood(mood: uint256):
    self.mood = mood


@external
def shut(account: address):
    self.shut_out[account] = True


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
@raw_return
def transfer(to: address, amount: uint256) -> Bytes[32]:
    return self._move(msg.sender, to, amount)


@external
@raw_return
def transferFrom(owner: address, to: address, amount: uint256) -> Bytes[32]:
    self.allowance[owner][msg.sender] -= amount
    return self._move(owner, to, amount)


@internal
def _move(owner: address, to: address, amount: uint256) -> Bytes[32]:
    assert self.mood != STOPPED, "sulky: stopped"
    assert self.mood != SHUTS_OUT or not (self.shut_out[owner] or self.shut_out[to]), "sulky: not you"
    if self.mood == SAYS_NO:
        return abi_encode(False)
    if self.mood == ONLY_SAYS_YES:
        return abi_encode(True)
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - (amount // 10 if self.mood == KEEPS_A_PART else 0)
    if self.mood == SAYS_NOTHING:
        return b""
    return abi_encode(True)
