# pragma version 0.4.3
"""
@title Zoo
@notice One specimen of everything whose gas two implementations of the EVM could count differently.
"""


event Seen:
    number: indexed(uint256)
    data: Bytes[2048]


slots: HashMap[uint256, uint256]
names: HashMap[uint256, String[64]]
scratch: transient(uint256)


@deploy
@payable
def __init__():
    pass


@external
def write(first: uint256, count: uint256, number: uint256):
    for i: uint256 in range(count, bound=64):
        self.slots[first + i] = number


@external
@nonreentrant
def hashes(data: Bytes[2048]) -> bytes32:
    self.scratch = len(data)
    log Seen(number=self.scratch, data=data)
    return sha256(concat(keccak256(data), sha256(data)))


@external
def recover(digest: bytes32, v: uint8, r: uint256, s: uint256) -> address:
    return ecrecover(digest, v, r, s)


@external
def powers(base: uint256, exponent: uint256) -> uint256:
    return isqrt(pow_mod256(base, exponent)) + ecadd([convert(1, uint256), 2], [convert(1, uint256), 2])[0] % 7


@external
def store_name(at: uint256, name: String[64]):
    self.names[at] = slice(name, 0, min(len(name), 40))


@external
def clone(salt: bytes32) -> address:
    copy: address = create_minimal_proxy_to(self, salt=salt)
    return copy


@external
def inner(target: address, data: Bytes[256], allowance: uint256) -> bool:
    ok: bool = False
    answer: Bytes[64] = b""
    ok, answer = raw_call(target, data, max_outsize=64, gas=allowance, revert_on_failure=False)
    return ok


@external
@payable
def pay(target: address, amount: uint256):
    send(target, amount)


@external
def past() -> (bytes32, uint256, address, uint256):
    return blockhash(block.number - 1), block.basefee, block.coinbase, self.balance
