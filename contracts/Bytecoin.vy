# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title Bytecoin
@author The Wattpost authors
@license MIT
@notice The money of the electricity market: an ERC-20 whose whole supply exists from the first block.
@dev Refusals are the custom errors of ERC-6093 and ERC-2612, so that any wallet can name them.
@custom:units 18 decimals
@custom:trust Nobody is privileged: no owner, no later mint, no pause, no upgrade.
"""
from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

implements: IERC20
implements: IERC20Detailed


# What every refusal is called (ERC-6093, and EIP-2612 as OpenZeppelin spells it).
INSUFFICIENT_BALANCE: constant(bytes4) = method_id("ERC20InsufficientBalance(address,uint256,uint256)", output_type=bytes4)
INSUFFICIENT_ALLOWANCE: constant(bytes4) = method_id("ERC20InsufficientAllowance(address,uint256,uint256)", output_type=bytes4)
INVALID_RECEIVER: constant(bytes4) = method_id("ERC20InvalidReceiver(address)", output_type=bytes4)
INVALID_SPENDER: constant(bytes4) = method_id("ERC20InvalidSpender(address)", output_type=bytes4)
EXPIRED_SIGNATURE: constant(bytes4) = method_id("ERC2612ExpiredSignature(uint256)", output_type=bytes4)
INVALID_SIGNER: constant(bytes4) = method_id("ERC2612InvalidSigner(address,address)", output_type=bytes4)

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
PERMIT_TYPE: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
# Half the order of secp256k1: of a signature and its mirror twin only the lower is accepted.
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

name: public(constant(String[8])) = "Bytecoin"
symbol: public(constant(String[4])) = "BYTE"
decimals: public(constant(uint8)) = 18
version: public(constant(String[1])) = "1"

totalSupply: public(immutable(uint256))
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
nonces: public(HashMap[address, uint256])


@deploy
def __init__(holder: address, supply: uint256):
    """
    @notice Create all bytecoin there will ever be.
    @param holder Who owns it at first.
    @param supply How much, with 18 decimals.
    """
    if holder == empty(address):
        self._refuse_account(INVALID_RECEIVER, holder)

    totalSupply = supply
    self.balanceOf[holder] = supply
    log IERC20.Transfer(sender=empty(address), receiver=holder, value=supply)


# ---- HOLDERS ---------------------------------------------------------------------------------------------


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Pay `amount` to `to`.
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Pay `amount` of the owner's bytecoin to `to`, out of what the owner allowed the caller.
    @dev An allowance of 2^256 - 1 is endless and is not counted down.
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        if allowed < amount:
            self._refuse_amount(INSUFFICIENT_ALLOWANCE, msg.sender, allowed, amount)
        self._allow(owner, msg.sender, unsafe_sub(allowed, amount))  # allowed >= amount

    self._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Let `spender` take up to `amount` in place of whatever it was allowed before.
    """
    self._allow(msg.sender, spender, amount)
    return True


# ---- ANYONE ----------------------------------------------------------------------------------------------


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice Allow `spender` by the owner's signature (EIP-2612); anyone may carry it.
    @param deadline Last block timestamp, in seconds, at which the signature counts.
    """
    if block.timestamp > deadline:
        raw_revert(concat(EXPIRED_SIGNATURE, abi_encode(deadline)))

    nonce: uint256 = self.nonces[owner]
    digest: bytes32 = keccak256(
        concat(
            b"\x19\x01",
            self._domain_separator(),
            keccak256(abi_encode(PERMIT_TYPE, owner, spender, amount, nonce, deadline)),
        )
    )
    signer: address = empty(address)
    if convert(s, uint256) <= HALF_ORDER:
        signer = ecrecover(digest, v, r, s)
    if signer == empty(address) or signer != owner:
        raw_revert(concat(INVALID_SIGNER, abi_encode(signer, owner)))

    self.nonces[owner] = unsafe_add(nonce, 1)  # one a signature: never near 2^256
    self._allow(owner, spender, amount)


# ---- VIEWS -----------------------------------------------------------------------------------------------


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice What a permit's signature is bound to: this name, this chain, this contract.
    """
    return self._domain_separator()


# ---- INTERNAL --------------------------------------------------------------------------------------------


@internal
def _move(owner: address, to: address, amount: uint256):
    if to in [empty(address), self]:
        self._refuse_account(INVALID_RECEIVER, to)
    held: uint256 = self.balanceOf[owner]
    if held < amount:
        self._refuse_amount(INSUFFICIENT_BALANCE, owner, held, amount)

    self.balanceOf[owner] = unsafe_sub(held, amount)  # held >= amount
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)  # never above the supply
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)


@internal
def _allow(owner: address, spender: address, amount: uint256):
    if spender == empty(address):
        self._refuse_account(INVALID_SPENDER, spender)

    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@view
@internal
def _domain_separator() -> bytes32:
    # Read anew each time: after a fork the chain id, and with it every signature, differs.
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256(name), keccak256(version), chain.id, self))


@pure
@internal
def _refuse_account(error: bytes4, account: address):
    raw_revert(concat(error, abi_encode(account)))


@pure
@internal
def _refuse_amount(error: bytes4, account: address, available: uint256, needed: uint256):
    raw_revert(concat(error, abi_encode(account, available, needed)))
