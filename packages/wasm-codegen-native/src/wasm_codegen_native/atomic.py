"""memory.atomic.notify and wait: libcalls, which may wait; atomic accesses are each instruction set's (`isa/NAME/atomic.py`)."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.bulk import Bulk
from wasm_codegen_native.calls import Calls
from wasm_codegen_native.machine import T_I32, Machine
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.libcalls import INDEX

NOTIFY: Final[i64] = INDEX["atomic_notify"]  # wait32 and wait64 follow


@final
class Waits:
    """Lowers the three."""

    def __init__(self, bench: Workbench, calls: Calls, bulk: Bulk) -> None:
        self.machine: Machine = bench.machine
        self.values: Values = bench.values
        self.traps: Traps = bench.traps
        self.calls: Calls = calls
        self.bulk: Bulk = bulk

    def lower(self, n: i64, offset: i64, memory: i64) -> None:
        """memory.atomic.notify wait32 wait64: an aligned address below 2**64 (or 2**32), then a libcall, which checks the bounds."""
        calls = self.calls
        values = self.values
        operands: i64 = 2 if n == 0 else 3
        i = values.operands(operands)
        address = values.own(i)
        if offset != 0:
            type = values.type[i]
            t = values.alloc(type)
            self.machine.constant(type, t, offset, 0, False)
            self.traps.trap_if(self.machine.add_unsigned(type, address, t), traps.MEMORY_OUT_OF_BOUNDS)
            values.free_reg(t)
        self.traps.trap_if(self.machine.test_low_bits(address, 7 if n == 2 else 3), traps.HEAP_MISALIGNED)
        calls.begin_libcall()
        calls.argument(-1, memory)
        k: i64 = 0
        while k < operands:
            calls.argument(i + k, 0)
            k += 1
        calls.libcall(NOTIFY + n, operands)
        calls.libcall_result(T_I32)
        self.bulk.normalize()
