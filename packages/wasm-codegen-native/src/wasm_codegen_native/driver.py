"""The driver: one validated function body in, machine code out; dispatches each record to its chapter."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.aggregate import Aggregates
from wasm_codegen_native.atomic import Waits
from wasm_codegen_native.bulk import Bulk
from wasm_codegen_native.calls import Calls
from wasm_codegen_native.cast import Casts
from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.code import Code
from wasm_codegen_native.control import Control
from wasm_codegen_native.descriptor import Descriptors
from wasm_codegen_native.exception import Exceptions
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.frame import Frame, local_types
from wasm_codegen_native.kinds import (
    AGGREGATE,
    CAST,
    CONSTANT,
    CONTROL,
    DESCRIPTOR,
    DROP,
    EXCEPTION,
    EXTEND_U,
    FIRST_OF_ISA,
    KIND,
    LIBCALL,
    NUMBER,
    OWN,
    REFERENCE,
    TYPE,
    VARIABLE,
    WAIT,
)
from wasm_codegen_native.lowering import Lowering
from wasm_codegen_native.machine import T_I64, T_V128, Machine
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.reference import References
from wasm_codegen_native.register_plan import Plan, Registers
from wasm_codegen_native.setup_frame import Setup
from wasm_codegen_native.table import Tables
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_codegen_native.variable import Variables
from wasm_codegen_native.workbench import Workbench
from wasm_environ import fuel, traps
from wasm_environ.body import KIND_TRY_TABLE, LABEL_WORDS, OFFSET_SHIFT, OP_MASK, WORDS, FunctionBody
from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.nans import RESULTS, unseen
from wasm_environ.op import (
    BLOCK,
    BR,
    BR_IF,
    BR_TABLE,
    CALL,
    CALL_INDIRECT,
    CALL_REF,
    ELSE,
    END,
    IF,
    LOOP,
    NOP,
    RETURN,
    RETURN_CALL,
    RETURN_CALL_INDIRECT,
    TABLE_SIZE,
    UNREACHABLE,
)  # fmt: skip
from wasm_environ.opcodes import BY_ID

NANS: Final[bytes] = RESULTS

COSTS: Final[bytes] = fuel.COSTS
UPDATES: Final[bytes] = fuel.UPDATES


@final
class Driver:
    """Compiles functions one after the other into one Code."""

    def __init__(self, bench: Workbench, lowering: Lowering, fields: Fields, chapters: Chapters, calling: Registers, leaf: Registers) -> None:
        self.machine: Machine = bench.machine
        self.code: Code = bench.code
        self.values: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.module: ModuleTables = bench.frame.tables
        self.plan: Plan = bench.plan
        self.lowering: Lowering = lowering
        self.chapters: Chapters = chapters
        self.setup: Setup = Setup(bench, calling, leaf)
        self.control: Control = Control(bench)
        self.variables: Variables = Variables(bench)
        self.tables: Tables = Tables(bench)
        self.calls: Calls = Calls(bench)
        self.bulk: Bulk = Bulk(self.calls, bench.frame)
        self.waits: Waits = Waits(bench, self.calls, self.bulk)
        self.exceptions: Exceptions = Exceptions(bench, self.calls, self.control)
        self.references: References = References(bench, self.control)
        self.aggregates: Aggregates = Aggregates(bench, fields)
        self.casts: Casts = Casts(bench, self.aggregates, self.control)
        self.descriptors: Descriptors = Descriptors(bench, self.aggregates, self.casts)
        self.fuel: i64 = 0  # used since it was last subtracted

    def compile(self, body: FunctionBody) -> None:
        """Emit one function at the end of the code."""
        ops: vec[i64] = body.ops
        labels: vec[i64] = body.labels
        locals_: vec[i64] = body.locals
        types = local_types(locals_)
        plan = self.plan
        plan.reset(len(types), body.params)
        plan.scan(ops, labels)
        signature = self.module.signature(body.type_index)
        self.setup.choose_registers(types, ops, signature)
        self.exceptions.begin(ops, labels)
        height = body.max_height
        if plan.tries and len(signature.results) > height:  # of a catch clause that ends the function
            height = len(signature.results)
        self.setup.lay_out(height, types, signature)
        self.control.begin(labels, body.types, body.extra)
        self.code.wasm_offset = body.offset
        self.setup.prologue(signature, types)
        if self.module.consume_fuel:
            self.fuel = 1
            self.settle_fuel()
            self.check_fuel()
        self.records(ops)
        self.exceptions.emit()
        self.traps.emit(self.frame.context)
        self.calls.indirect.emit_cold()
        self.aggregates.emit_cold()
        self.traps.emit(self.frame.context)

    # ---- fuel
    def settle_fuel(self) -> None:
        """Subtract what was used since the last time."""
        if self.fuel > 0:
            values = self.values
            values.operands(0)
            scratch = values.alloc(T_I64)
            self.machine.use_fuel(self.frame.context, scratch, self.fuel)
            values.free_reg(scratch)
            self.fuel = 0

    def check_fuel(self) -> None:
        """Trap when there is none left."""
        values = self.values
        values.operands(0)
        scratch = values.alloc(T_I64)
        empty = self.machine.fuel_empty(self.frame.context, scratch)
        values.free_reg(scratch)
        self.traps.trap_if(empty, traps.OUT_OF_FUEL)

    # ---- the records
    def records(self, ops: vec[i64]) -> None:
        """Lower every record."""
        values = self.values
        code = self.code
        values.ops = ops
        values.pc = 0
        counting = self.module.consume_fuel
        canonical_nans = self.module.canonical_nans
        values.fuse = not counting
        end: i64 = len(ops)
        while values.pc < end:
            p = values.pc
            word = ops[p]
            op = word & OP_MASK
            code.wasm_offset = word >> OFFSET_SHIFT
            values.pc = p + WORDS
            if counting:
                self.count_fuel(op)
            kind: i64 = KIND[op]
            if kind == VARIABLE:
                self.variables.lower(op, ops[p + 1], ops[p + 2])
            elif kind == CONSTANT:
                values.push_const(TYPE[op], ops[p + 1], 0)
            elif kind >= FIRST_OF_ISA:
                if not self.lowering.lower(op):
                    self.chapters.lower(op, kind)
            elif kind == CONTROL:
                self.control_op(op, ops[p + 1], ops[p + 2], ops[p + 3])
            elif kind == DROP:
                values.drop(1)
            else:
                self.rare(op, kind, ops[p + 1], ops[p + 2], ops[p + 3])
            if canonical_nans and NANS[op] != 0:
                self.canonicalize(NANS[op], p + WORDS)
            if code.here() > code.attention:
                self.machine.attend()
                code.check_size()
            if counting:
                self.fuel += values.fused
                values.fused = 0
                if op == LOOP:
                    self.check_fuel()

    def canonicalize(self, floats: i64, following: i64) -> None:
        """The result just made gets the canonical NaN for any other; `floats` as in `nans`, `following` the record behind its op's.
        It is a register of its own on top of the stack, or of the local that the record `following` set, done along with the op."""
        values = self.values
        register = values.low[values.sp - 1]
        if values.pc != following:
            register = values.local_reg[values.ops[following + 1]]
        elif unseen(values.ops, following, floats):
            return
        self.chapters.nans.canonicalize(floats, register)

    def count_fuel(self, op: i64) -> None:
        """Before an op."""
        self.fuel += COSTS[op]
        if UPDATES[op] != 0:
            self.settle_fuel()

    # ---- control
    def control_op(self, op: i64, a: i64, b: i64, c: i64) -> None:
        """unreachable to return_call_ref"""
        control = self.control
        if op == BR_IF:
            control.br_if(a, b)
        elif op == CALL:
            self.calls.call(a, self.module.signature(b))
        elif op == END:
            if a == 0:
                control.end_function(b != 0)
            else:
                if control.labels[a * LABEL_WORDS] >= KIND_TRY_TABLE:
                    self.exceptions.leave(a)
                control.end(a, b != 0)
        elif op == BLOCK:
            control.block(a)
        elif op == BR:
            control.br(a, b)
        elif op == LOOP:
            control.loop(a)
        elif op == IF:
            control.if_(a)
        elif op == ELSE:
            control.else_(a, b != 0)
        elif op == CALL_INDIRECT:
            self.calls.call_indirect(a, b, self.module.signature(b))
        elif op == RETURN:
            control.return_(a)
        elif op == BR_TABLE:
            control.br_table(a, b, c)
        elif op == UNREACHABLE:
            self.traps.trap(traps.UNREACHABLE)
        elif op != NOP:
            self.other_call(op, a, b)

    def other_call(self, op: i64, a: i64, b: i64) -> None:
        """Tail calls and call_ref."""
        calls = self.calls
        signature = self.module.signature(b)
        if op == RETURN_CALL:
            calls.tail_call(a, signature)
        elif op == RETURN_CALL_INDIRECT:
            first = self.values.operands(len(signature.params) + 1)
            self.code.mark()
            calls.tail_pointer(signature, self.calls.indirect.find_function(a, b, first + len(signature.params)))
        elif op == CALL_REF:
            calls.call_ref(signature)
        else:
            calls.tail_pointer(signature, calls.reference(signature))

    # ---- the rest
    def rare(self, op: i64, kind: i64, a: i64, b: i64, c: i64) -> None:
        """Everything else that is not the instruction set's."""
        if kind == EXTEND_U:
            values = self.values
            if values.kind[values.sp - 1] == CONST or not self.lowering.lower(op):
                self.lowering.conditions.extend_unsigned()
        elif kind == LIBCALL:
            self.bulk.lower(op, a, b)
        elif kind == EXCEPTION:
            self.exceptions.lower(op, a, b, c)
        elif kind == WAIT:
            self.waits.lower(NUMBER[op], a, b)
        elif kind == AGGREGATE:
            self.aggregates.lower(op)
        elif kind == CAST:
            self.casts.lower(op)
        elif kind == DESCRIPTOR:
            self.descriptors.lower(op)
        elif kind == REFERENCE:
            self.references.lower(op, a, b)
        elif kind == OWN:
            if op == TABLE_SIZE:
                self.tables.size(a)
            else:
                self.values.push_const(T_V128, a, b)
        else:
            self.unsupported(op)

    def unsupported(self, op: i64) -> None:
        """Say by name what is missing."""
        row = BY_ID[op]
        raise UnsupportedError(
            f"the native backend does not support {row.mnemonic} yet (feature {row.feature})", self.code.wasm_offset
        )
