"""References that need no heap: null, as_non_null, the branches on null, conversions of extern and any; the others are rows, `cast`s, or the runtime's."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.control import Control
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import T_I64, Machine
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.op import ANY_CONVERT_EXTERN, BR_ON_NON_NULL, BR_ON_NULL, EXTERN_CONVERT_ANY, REF_AS_NON_NULL, REF_NULL


@final
class References:
    """Lowers them."""

    def __init__(self, bench: Workbench, control: Control) -> None:
        self.machine: Machine = bench.machine
        self.values: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.control: Control = control

    def lower(self, op: i64, a: i64, b: i64) -> None:
        """Lower one op."""
        values = self.values
        if op == REF_NULL:
            values.push_const(T_I64, 0, 0)
        elif op == REF_AS_NON_NULL:
            i = values.operands(1)
            self.traps.trap_if(self.machine.test(T_I64, values.reg(i)) ^ 1, traps.NULL_REFERENCE)
        elif op == BR_ON_NULL:
            self.branch_on_null(a, b)
        elif op == BR_ON_NON_NULL:
            self.branch_on_non_null(a, b)
        else:
            assert op == ANY_CONVERT_EXTERN or op == EXTERN_CONVERT_ANY  # the value is the same

    def branch_on_null(self, label: i64, n: i64) -> None:
        """br_on_null: the reference is not carried and stays on the stack where it is not null."""
        values = self.values
        i = values.operands(1)
        register = values.own(i)
        values.pop(1)
        condition = self.machine.keep(self.machine.test(T_I64, register) ^ 1)
        values.operands(0)
        values.keep_flags = True
        if n > 0 and register == self.frame.tables.convention.integer_result:
            other = values.alloc(T_I64)
            self.machine.move(T_I64, other, register)
            values.free_reg(register)
            register = other
        self.control.branch_with(condition, label, n)
        values.keep_flags = False
        values.push_reg(T_I64, register)

    def branch_on_non_null(self, label: i64, n: i64) -> None:
        """br_on_non_null: the reference is the last value carried, and dropped where it is null."""
        values = self.values
        i = values.operands(1)
        condition = self.machine.keep(self.machine.test(T_I64, values.reg(i)))
        values.keep_flags = True
        values.operands(0)
        self.control.branch_with(condition, label, n)
        values.keep_flags = False
        values.drop(1)
