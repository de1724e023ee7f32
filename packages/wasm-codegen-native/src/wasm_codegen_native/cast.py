"""i31 and casts: ref.test, ref.cast, br_on_cast, br_on_cast_fail.

A cast is a few tests, each of which jumps where it decides: to where the value is of the type (`passed`), or where it is not (`failed`). For a
branch one of the two is a label, reached directly if its values are in place; else a chain of jumps that is bound behind.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.aggregate import Aggregates
from wasm_codegen_native.code import NO_CHAIN
from wasm_codegen_native.control import Control
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import DIFFERS, T_I32, T_I64, Machine
from wasm_codegen_native.subtype import Subtypes
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.body import WORDS
from wasm_environ.heap_layout import DESCRIPTOR_AT, KIND_ARRAY, KIND_STRUCT, is_func
from wasm_environ.op import BR_ON_CAST, BR_ON_CAST_FAIL, I31_GET_S, I31_GET_U, REF_CAST, REF_CAST_NULL, REF_I31, REF_TEST, REF_TEST_NULL
from wasm_environ.types import ARRAY, CONCRETE, EQ, EXACT, HEAP_SHIFT, I31, NOEXN, NOEXTERN, NOFUNC, NONE, NULLABLE, STRUCT
from wasm_environ.vmtypes import CONTEXT_TYPES, FUNC_REF_TYPE_ID, TYPE_KIND

# What the last test says, beside condition codes.
ALWAYS: Final = -1
NEVER: Final = -2
CHAIN: Final = -1  # instead of a label


@final
class Casts:
    """Lowers one cast at a time."""

    def __init__(self, bench: Workbench, aggregates: Aggregates, control: Control) -> None:
        self.machine: Machine = bench.machine
        self.fields: Fields = aggregates.fields
        self.v: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.aggregates: Aggregates = aggregates
        self.subtypes: Subtypes = Subtypes(bench.machine, bench.frame)
        self.control: Control = control
        self.pass_label: i64 = CHAIN
        self.fail_label: i64 = CHAIN
        self.passed: i64 = NO_CHAIN
        self.failed: i64 = NO_CHAIN
        self.by_descriptor: bool = False  # whether the value has to have the descriptor in ...
        self.descriptor: i64 = -1  # this register, or if that is -1 ...
        self.descriptor_disp: i64 = 0  # at this place in the frame

    def lower(self, op: i64) -> None:
        """Lower one op."""
        p = self.v.pc - WORDS
        a = self.v.ops[p + 1]
        b = self.v.ops[p + 2]
        if op == REF_TEST or op == REF_TEST_NULL:
            self.ref_test(a, b)
        elif op == REF_CAST or op == REF_CAST_NULL:
            self.ref_cast(a, b)
        elif op == BR_ON_CAST or op == BR_ON_CAST_FAIL:
            self.br_on_cast(a, b, op == BR_ON_CAST_FAIL)
        elif op == REF_I31:
            self.ref_i31()
        else:
            assert op == I31_GET_S or op == I31_GET_U
            self.i31_get(op == I31_GET_S)

    # ---- i31
    def ref_i31(self) -> None:
        """ref.i31"""
        v = self.v
        i = v.operands(1)
        register = v.own(i)
        self.fields.tag(register)
        v.pop(1)
        v.push_reg(T_I64, register)

    def i31_get(self, signed: bool) -> None:
        """i31.get_s, i31.get_u"""
        v = self.v
        i = v.operands(1)
        register = v.own(i)
        self.traps.trap_if(self.machine.test(T_I32, register) ^ 1, traps.NULL_REFERENCE)
        self.fields.untag(register, signed)
        v.pop(1)
        v.push_reg(T_I32, register)

    # ---- casts
    def ref_cast(self, target: i64, operand: i64) -> None:
        """ref.cast"""
        self.trap_unless(self.v.operands(1), target, operand, traps.CAST_FAILURE)

    def trap_unless(self, i: i64, target: i64, operand: i64, trap: i64) -> None:
        """Trap if entry i is not of the target type."""
        self.begin(CHAIN, CHAIN)
        last = self.tests(self.v.reg(i), target, operand)
        self.fail_unless(last)
        if self.failed != NO_CHAIN:
            self.traps.add(self.failed, trap)
        if self.passed != NO_CHAIN:
            self.v.machine.bind(self.passed)

    def ref_test(self, target: i64, operand: i64) -> None:
        """ref.test: 1 or 0."""
        v = self.v
        i = v.operands(1)
        reference = v.reg(i)
        to = v.alloc(T_I32)
        v.machine.constant(T_I32, to, 0, 0, False)
        self.begin(CHAIN, CHAIN)
        last = self.tests(reference, target, operand)
        self.fail_unless(last)
        if self.passed != NO_CHAIN:
            v.machine.bind(self.passed)
        v.machine.constant(T_I32, to, 1, 0, False)
        if self.failed != NO_CHAIN:
            v.machine.bind(self.failed)
        v.drop(1)
        v.push_reg(T_I32, to)

    def br_on_cast(self, label: i64, extra: i64, fails: bool) -> None:
        """br_on_cast, br_on_cast_fail; `extra`: index of values carried (with the reference), operand's type, target type."""
        v = self.v
        control = self.control
        assert control is not None
        n = control.extra[extra]
        operand = control.extra[extra + 1]
        target = control.extra[extra + 2]
        if not control.in_register(label, n):
            self.branch_by_number(label, n, target, operand, fails)
            return
        v.operands(0)
        control.settle(label, n)
        self.branch_in_register(label, target, operand, fails)

    def branch_in_register(self, label: i64, target: i64, operand: i64, fails: bool) -> None:
        """Where the reference is where the label wants it: jumps straight to the label."""
        v = self.v
        control = self.control
        assert control is not None
        i = v.operands(1)
        self.begin(CHAIN if fails else label, label if fails else CHAIN)
        last = self.tests(v.reg(i), target, operand)
        if fails:
            self.fail_unless(last)
        elif last == ALWAYS:
            control.jump(label)
        elif last != NEVER:
            control.branch(last, label)
        if self.passed != NO_CHAIN:
            v.machine.bind(self.passed)
        if self.failed != NO_CHAIN:
            v.machine.bind(self.failed)

    def branch_by_number(self, label: i64, n: i64, target: i64, operand: i64, fails: bool) -> None:
        """Where the branch has to move values: the test's answer as a number, then a branch on that."""
        v = self.v
        control = self.control
        assert control is not None
        i = v.operands(1)
        v.push_reg(T_I64, self.copy(i))
        self.ref_test(target, operand)
        i = v.operands(1)
        register = v.own(i)
        v.pop(1)
        condition = v.machine.test(T_I32, register)
        v.free_reg(register)
        condition = v.machine.keep(condition)
        v.keep_flags = True
        v.operands(0)
        control.branch_with(condition ^ 1 if fails else condition, label, n)
        v.keep_flags = False

    def copy(self, i: i64) -> i64:
        """A new register with entry i's value."""
        register = self.v.alloc(T_I64)
        self.v.load_into(i, register)
        return register

    def begin(self, pass_label: i64, fail_label: i64) -> None:
        self.pass_label = pass_label
        self.fail_label = fail_label
        self.passed = NO_CHAIN
        self.failed = NO_CHAIN

    def pass_if(self, condition: i64) -> None:
        if self.pass_label == CHAIN:
            self.passed = self.v.machine.branch(condition, self.passed)
        else:
            control = self.control
            assert control is not None
            control.branch(condition, self.pass_label)

    def fail_if(self, condition: i64) -> None:
        if self.fail_label == CHAIN:
            self.failed = self.v.machine.branch(condition, self.failed)
        else:
            control = self.control
            assert control is not None
            control.branch(condition, self.fail_label)

    def fail_unless(self, last: i64) -> None:
        """The last test's other outcome."""
        if last == ALWAYS:
            return
        if last != NEVER:
            self.fail_if(last ^ 1)
        elif self.fail_label == CHAIN:
            self.failed = self.v.machine.jump(self.failed)
        else:
            control = self.control
            assert control is not None
            control.jump(self.fail_label)

    def tests(self, reference: i64, target: i64, operand: i64) -> i64:
        """All tests but the last jump; what the last one says: a condition, ALWAYS or NEVER."""
        machine = self.machine
        heap = target >> HEAP_SHIFT
        id = self.v.alloc(T_I64)  # all registers before the first jump: making room must be on every path
        wanted = self.v.alloc(T_I64)
        types = self.v.alloc(T_I64)
        if operand & NULLABLE:
            null = machine.test(T_I64, reference) ^ 1
            if target & NULLABLE:
                self.pass_if(null)
            else:
                self.fail_if(null)
        last: i64 = ALWAYS
        if self.by_descriptor:
            last = self.same_descriptor(reference, target, operand, id, wanted, types)
        elif target & CONCRETE:
            if is_func(target, self.frame.tables.is_func_type):
                machine.load(T_I32, id, reference, FUNC_REF_TYPE_ID)
            else:
                self.header(id, reference, operand)
            self.subtypes.load_wanted(wanted, heap)
            last = self.subtypes.compare(id, wanted, types, heap, (target & EXACT) != 0)
        elif heap == STRUCT or heap == ARRAY:
            self.header(id, reference, operand)
            machine.load(T_I64, types, self.frame.context, CONTEXT_TYPES)
            machine.load_indexed(T_I32, id, types, id, 0, TYPE_KIND)
            last = self.fields.equals_number(id, KIND_STRUCT if heap == STRUCT else KIND_ARRAY)
        elif heap == I31:
            last = self.v.machine.test_low_bits(reference, 1)
        elif heap == EQ:  # all but objects of the host's
            self.fields.masked(id, reference, 3)
            last = self.fields.equals_number(id, 2) ^ 1
        elif heap == NONE or heap == NOFUNC or heap == NOEXTERN or heap == NOEXN:
            last = NEVER
        self.v.free_reg(id)
        self.v.free_reg(wanted)
        self.v.free_reg(types)
        return last

    def header(self, id: i64, reference: i64, operand: i64) -> None:
        """id <- the object's type id; fails where the reference may be, and is, no address."""
        if not operand & CONCRETE and operand >> HEAP_SHIFT != STRUCT and operand >> HEAP_SHIFT != ARRAY:
            self.fail_if(self.v.machine.test_low_bits(reference, 3))
        self.aggregates.load_base(id)
        self.machine.load_indexed(T_I32, id, id, reference, 0, 0)

    def same_descriptor(self, reference: i64, target: i64, operand: i64, id: i64, wanted: i64, types: i64) -> i64:
        """The condition that holds if the object has the descriptor; fails if its type is not the target's or below it: only those have one of that
        type, and what lies where a descriptor would be is anything in other objects."""
        heap = target >> HEAP_SHIFT
        if not operand & CONCRETE or not self.frame.tables.has_descriptor[operand >> HEAP_SHIFT]:
            self.header(id, reference, operand)
            self.subtypes.load_wanted(wanted, heap)
            self.fail_if(self.subtypes.compare(id, wanted, types, heap, (target & EXACT) != 0) ^ 1)
        self.aggregates.load_base(id)
        self.machine.load_indexed(T_I32, id, id, reference, 0, DESCRIPTOR_AT)
        if self.descriptor >= 0:
            return self.machine.equals(id, self.descriptor)
        return self.machine.compares(DIFFERS, T_I32, id, self.machine.frame_register, self.descriptor_disp + self.machine.low_half) ^ 1
