"""py-evm, set up by eth-tester, driven block by block.

eth-tester's own pool re-encodes the whole pending block for each transaction, so a block of n costs n². Here
py-evm's virtual machine executes a block in one piece (no rule of the EVM is repeated here) and writes it out
once. The base fee is zero for ever and every header field is fixed by its parent and its timestamp, so equal
transactions give equal block hashes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

if find_spec("sha3"):  # a third faster in all than the default; read when py-evm is imported
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")

from eth.exceptions import Revert
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_tester.backends.pyevm import PyEVMBackend
from eth_utils.exceptions import ValidationError

from wattpost.chain.engine.pool import Waiting
from wattpost.chain.engine.quick import QuickVM
from wattpost.chain.keccak import keccak
from wattpost.chain.transaction import floor_gas

NOBODY = bytes(20)


class CallFailed(Exception):
    """A call or an estimate ended in a revert (with its data) or another failure of the EVM."""

    def __init__(self, message: str, data: bytes | None) -> None:
        super().__init__(message)
        self.data = data


class Evm:
    """The state and the blocks. Not safe between threads: its owner holds a lock."""

    def __init__(self, *, chain_id: int, gas_limit: int, genesis_time: int) -> None:
        genesis = PyEVMBackend.generate_genesis_params({"timestamp": genesis_time, "gas_limit": gas_limit})
        empty = {"balance": 0, "nonce": 0, "code": b"", "storage": {}}  # eth-tester wants one account or more
        backend = PyEVMBackend(genesis | {"base_fee_per_gas": 0}, {NOBODY: empty}, ((0, QuickVM),))
        self.chain = backend.chain
        self.chain.chain_id = chain_id
        self.head: Any = self.chain.get_canonical_block_header_by_number(0)
        self._root: bytes = self.head.state_root  # moves with `fund` between blocks
        self._reader: Any = None

    # Blocks

    def execute(
        self, timestamp: int, candidates: Iterable[Waiting]
    ) -> tuple[Any, list[tuple[Waiting, Any, Any]], list[Waiting]]:
        """Builds the next block: (block, [(entry, receipt, computation)], entries that can never run).

        A candidate whose gas limit no longer fits waits for a later block, and so do its sender's others.
        """
        header = self.chain.create_header_from_parent(
            self.head, timestamp=timestamp, mix_hash=keccak(self.head.hash), coinbase=NOBODY
        ).copy(base_fee_per_gas=0, state_root=self._root)
        vm = self.chain.get_vm(header)
        vm.block_preprocessing(vm.get_block())
        done: list[tuple[Waiting, Any, Any]] = []
        invalid: list[Waiting] = []
        held: set[str] = set()
        for entry in candidates:
            if entry.sender in held:
                continue
            if header.gas_used + entry.gas > header.gas_limit:
                held.add(entry.sender)
                continue
            try:
                receipt, computation = vm.apply_transaction(header, entry.transaction)
            except ValidationError:
                invalid.append(entry)
                held.add(entry.sender)
                continue
            header = vm.add_receipt_to_header(header, receipt)
            done.append((entry, receipt, computation))
        block = vm.set_block_transactions_and_withdrawals(
            vm.get_block(), header, [entry.transaction for entry, _, _ in done], [r for _, r, _ in done]
        )
        block = vm.finalize_block(vm.pack_block(block)).block
        self.chain.chaindb.persist_block(block)
        self.head, self._root, self._reader = block.header, block.header.state_root, None
        return block, done, invalid

    def fund(self, addresses: Iterable[bytes], wei: int) -> None:
        """Sets balances outside any transaction, as only a test engine can."""
        state = self.chain.get_vm(self.head.copy(state_root=self._root)).state
        for address in addresses:
            state.set_balance(address, wei)
        state.persist()
        self._root, self._reader = state.state_root, None

    # Looking

    def decode(self, raw: bytes) -> Any:
        return PragueVM.get_transaction_builder().decode(raw)

    def state(self, header: Any = None) -> Any:
        """The state after a block, by default the latest."""
        return self._vm(header).state

    def call(self, call: dict[str, Any], header: Any = None) -> bytes:
        output: bytes = self._try(self._vm(header), call, call["gas"]).output
        return output

    def estimate(self, call: dict[str, Any], header: Any = None) -> int:
        """The smallest gas limit, to a hundredth, with which the call succeeds."""
        vm = self._vm(header)
        high: int = call["gas"]
        low: int = self._gas_used(vm, call, high)
        if self._succeeds(vm, call, low):
            return low
        while high - low > low // 100:
            middle = (low + high) // 2
            if self._succeeds(vm, call, middle):
                high = middle
            else:
                low = middle
        return high

    def _vm(self, header: Any) -> Any:
        if header is not None and header.block_number != self.head.block_number:
            return self.chain.get_vm(header)
        if self._reader is None:  # kept until the next block: its caches make later calls cheap
            self._reader = self.chain.get_vm(self.head.copy(state_root=self._root))
        return self._reader

    def _try(self, vm: Any, call: dict[str, Any], gas: int) -> Any:
        computation = self._apply(vm, call, gas)
        if computation.is_error:
            error = computation.error
            if isinstance(error, Revert):
                raise CallFailed("execution reverted", bytes(error.args[0]) if error.args else b"")
            raise CallFailed(type(error).__name__, None)
        return computation

    def _gas_used(self, vm: Any, call: dict[str, Any], gas: int) -> int:
        """Before refunds, with the gas that contract creation or call data cost."""
        spent: int = self._try(vm, call, gas).get_gas_used()
        intrinsic: int = self._spoof(vm, call, gas).intrinsic_gas
        return max(intrinsic + spent, floor_gas(call["data"]))

    def _succeeds(self, vm: Any, call: dict[str, Any], gas: int) -> bool:
        try:
            return bool(self._apply(vm, call, gas).is_success)
        except CallFailed:
            return False

    def _apply(self, vm: Any, call: dict[str, Any], gas: int) -> Any:
        state = vm.state
        snapshot = state.snapshot()
        try:
            return state.apply_transaction(self._spoof(vm, call, gas))
        except ValidationError as error:
            raise CallFailed(str(error), None) from None
        finally:
            state.revert(snapshot)

    def _spoof(self, vm: Any, call: dict[str, Any], gas: int) -> Any:
        build: Callable[..., Any] = vm.get_transaction_builder().new_unsigned_dynamic_fee_transaction
        unsigned = build(
            chain_id=self.chain.chain_id,
            nonce=vm.state.get_nonce(call["from"]),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=gas,
            to=call["to"],
            value=call["value"],
            data=call["data"],
            access_list=[],
        )
        return SpoofTransaction(unsigned, from_=call["from"])
