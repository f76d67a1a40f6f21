"""Bytecoin: balances and allowances from its events, and what a call to it must do."""

from __future__ import annotations

from dataclasses import dataclass, field

from wattpost.audit.events import Event
from wattpost.audit.hashing import keccak
from wattpost.audit.signatures import recover
from wattpost.audit.state import Caller, Refused

ENDLESS = 2**256 - 1


@dataclass(slots=True)
class Token:
    address: int
    chain_id: int
    supply: int = 0
    created: bool = False
    rehearsing: bool = False
    balances: dict[int, int] = field(default_factory=dict)
    allowances: dict[tuple[int, int], int] = field(default_factory=dict)
    nonces: dict[int, int] = field(default_factory=dict)
    unseen_permits: dict[int, int] = field(default_factory=dict)  # approvals whose cause the data do not show

    def held(self, owner: int) -> int:
        return self.balances.get(owner, 0)

    # What events say

    def moved(self, sender: int, receiver: int, value: int) -> bool:
        """Follow a transfer; False if it takes more than there was."""
        if sender:
            self.balances[sender] = self.held(sender) - value
        else:
            self.supply += value
        if receiver:
            self.balances[receiver] = self.held(receiver) + value
        else:
            self.supply -= value
        return not sender or self.balances[sender] >= 0

    def allowed(self, owner: int, spender: int, value: int) -> None:
        self.allowances[owner, spender] = value

    # What calls must do

    def transfer(self, caller: Caller, to: int, amount: int) -> list[Event]:
        return self._move(caller.address, to, amount)

    def transfer_from(self, caller: Caller, owner: int, to: int, amount: int) -> list[Event]:
        return self.spend(owner, caller.address, to, amount, self.allowances.get((owner, caller.address), 0))

    def spend(self, owner: int, spender: int, to: int, amount: int, allowed: int) -> list[Event]:
        events = []
        if allowed != ENDLESS:
            if allowed < amount:
                raise Refused("money.allowance", "the allowance is smaller")
            events.append(Event(self.address, "Approval", (owner, spender, allowed - amount)))
        return events + self._move(owner, to, amount)

    def approve(self, caller: Caller, spender: int, amount: int) -> list[Event]:
        return self._allow(caller.address, spender, amount)

    def permit(
        self, caller: Caller, owner: int, spender: int, amount: int, deadline: int, v: int, r: int, s: int
    ) -> list[Event]:
        if caller.now > deadline:
            raise Refused("money.permit", "the signature has expired")
        first = self.nonces.get(owner, 0)
        for nonce in range(first, first + self.unseen_permits.get(owner, 0) + 1):
            if owner and self._signer((owner, spender, amount, nonce, deadline), v, r, s) == owner:
                events = self._allow(owner, spender, amount)
                if not self.rehearsing:
                    self.nonces[owner] = nonce + 1
                    self.unseen_permits.pop(owner, None)
                return events
        raise Refused("money.permit", "the signature is not the owner's, or was used before")

    def _move(self, owner: int, to: int, amount: int) -> list[Event]:
        if to in (0, self.address):
            raise Refused("money.transfer", "that address cannot hold bytecoin")
        if self.held(owner) < amount:
            raise Refused("money.transfer", "the holder has less")
        return [Event(self.address, "Transfer", (owner, to, amount))]

    def _allow(self, owner: int, spender: int, amount: int) -> list[Event]:
        if spender == 0:
            raise Refused("money.allowance", "nobody cannot spend")
        return [Event(self.address, "Approval", (owner, spender, amount))]

    def _signer(self, fields: tuple[int, int, int, int, int], v: int, r: int, s: int) -> int | None:
        domain = b"".join(
            (
                keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak(b"Bytecoin"),
                keccak(b"1"),
                self.chain_id.to_bytes(32, "big"),
                self.address.to_bytes(32, "big"),
            )
        )
        kind = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
        struct = keccak(kind + b"".join(field.to_bytes(32, "big") for field in fields))
        return recover(keccak(b"\x19\x01" + keccak(domain) + struct), v - 27, r, s)
