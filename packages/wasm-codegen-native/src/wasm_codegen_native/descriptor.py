"""Custom descriptors: structs with one, reading it, and casts by it.

A struct's descriptor is a reference in a field of its own behind the type id, never null and never changed.
"""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.aggregate import Aggregates
from wasm_codegen_native.cast import Casts
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.machine import T_I32, T_I64, Machine
from wasm_codegen_native.storages import REFERENCE
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import REG, Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.body import NEVER_NULL, WORDS
from wasm_environ.heap_layout import DESCRIPTOR_AT
from wasm_environ.op import (
    BR_ON_CAST_DESC_EQ,
    BR_ON_CAST_DESC_EQ_FAIL,
    REF_CAST_DESC_EQ,
    REF_CAST_DESC_EQ_NULL,
    REF_GET_DESC,
    STRUCT_NEW_DEFAULT_DESC,
    STRUCT_NEW_DESC,
)  # fmt: skip
from wasm_environ.types import NULLABLE


@final
class Descriptors:
    """Lowers the proposal's instructions."""

    def __init__(self, bench: Workbench, aggregates: Aggregates, casts: Casts) -> None:
        self.machine: Machine = bench.machine
        self.fields: Fields = aggregates.fields
        self.v: Values = bench.values
        self.traps: Traps = bench.traps
        self.aggregates: Aggregates = aggregates
        self.casts: Casts = casts

    def lower(self, op: i64) -> None:
        """Lower one op."""
        p = self.v.pc - WORDS
        a = self.v.ops[p + 1]
        b = self.v.ops[p + 2]
        if op == STRUCT_NEW_DESC or op == STRUCT_NEW_DEFAULT_DESC:
            self.check(self.v.operands(1), b)
            self.aggregates.struct_new(a, op == STRUCT_NEW_DEFAULT_DESC, True)
        elif op == REF_GET_DESC:
            self.get_descriptor(b)
        elif op == REF_CAST_DESC_EQ or op == REF_CAST_DESC_EQ_NULL:
            self.ref_cast(a, b, self.v.ops[p + 3])
        else:
            assert op == BR_ON_CAST_DESC_EQ or op == BR_ON_CAST_DESC_EQ_FAIL
            self.br_on_cast(a, b, op == BR_ON_CAST_DESC_EQ_FAIL)

    def check(self, i: i64, never_null: i64) -> None:
        """Entry i, a descriptor, gets into a register, and must not be null."""
        register = self.v.reg(i)
        if not never_null & NEVER_NULL:
            self.traps.trap_if(self.machine.test(T_I32, register) ^ 1, traps.NULL_DESCRIPTOR)

    def get_descriptor(self, operand: i64) -> None:
        """ref.get_desc"""
        v = self.v
        i = v.operands(1)
        reference = self.aggregates.checked(i, 0 if operand & NULLABLE else NEVER_NULL)
        to = self.aggregates.base()
        self.fields.load_field(REFERENCE, False, to, to, reference, 0, DESCRIPTOR_AT)
        v.release(i)
        v.pop(1)
        v.push_reg(T_I64, to)

    def ref_cast(self, target: i64, operand: i64, never_null: i64) -> None:
        """ref.cast_desc_eq"""
        v = self.v
        i = v.operands(2)
        self.check(i + 1, never_null)
        self.locate(i + 1)
        self.casts.by_descriptor = True
        self.casts.trap_unless(i, target, operand, traps.DESCRIPTOR_CAST_FAILURE)
        self.casts.by_descriptor = False
        v.drop(1)

    def locate(self, i: i64) -> None:
        """Entry i is the descriptor to compare with."""
        casts = self.casts
        casts.descriptor = self.v.in_reg(i)
        if casts.descriptor < 0:
            casts.descriptor_disp = self.v.memory_disp(i)

    def br_on_cast(self, label: i64, extra: i64, fails: bool) -> None:
        """br_on_cast_desc_eq, br_on_cast_desc_eq_fail; `extra`: index of values carried (with the reference), operand's type, target type, NEVER_NULL."""
        v = self.v
        control = self.casts.control
        assert control is not None
        n = control.extra[extra]
        operand = control.extra[extra + 1]
        target = control.extra[extra + 2]
        i = v.operands(1)
        self.check(i, control.extra[extra + 3])
        self.casts.by_descriptor = True
        if control.in_register(label, n):
            v.pop(1)  # entry i still says where the descriptor is: settling may move it
            v.operands(0)
            control.settle(label, n)
            self.locate(i)
            self.casts.branch_in_register(label, target, operand, fails)
            v.release(i)
        else:
            if v.kind[i] == REG:  # the test needs all temporaries
                v.spill(i)
            self.locate(i)
            v.pop(1)  # its slot is not written before the test is done
            self.casts.branch_by_number(label, n, target, operand, fails)
        self.casts.by_descriptor = False
