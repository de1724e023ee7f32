"""The driver: one validated function body in, machine code out; dispatches each record to its chapter."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.bulk import Bulk
from wasm_codegen_native.calls import Calls
from wasm_codegen_native.code import Code
from wasm_codegen_native.control import Control
from wasm_codegen_native.exceptions import Exceptions
from wasm_codegen_native.frame import Frame, ModuleTables, local_types
from wasm_codegen_native.kinds import CONSTANT, CONTROL, DROP, EXCEPTION, EXTEND_U, FIRST_OF_MACHINE, KIND, LIBCALL, NUMBER, OWN, TYPE, VARIABLE, WAIT
from wasm_codegen_native.lowering import Lowering
from wasm_codegen_native.machine import T_I32, T_I64, T_V128, Machine
from wasm_codegen_native.plan import Plan, Registers
from wasm_codegen_native.setup_frame import Setup
from wasm_codegen_native.signatures import register_type
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, LOCAL, REG, Values
from wasm_environ import fuel, traps
from wasm_environ.body import KIND_TRY_TABLE, LABEL_WORDS, OFFSET_SHIFT, OP_MASK, WORDS, FunctionBody
from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.libcalls import INDEX
from wasm_environ.nans import RESULTS, unseen
from wasm_environ.op import (
    ANY_CONVERT_EXTERN,
    BLOCK,
    BR,
    BR_IF,
    BR_ON_NON_NULL,
    BR_ON_NULL,
    BR_TABLE,
    CALL,
    CALL_INDIRECT,
    CALL_REF,
    ELSE,
    END,
    EXTERN_CONVERT_ANY,
    GLOBAL_GET,
    IF,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    LOOP,
    NOP,
    REF_AS_NON_NULL,
    REF_NULL,
    RETURN,
    RETURN_CALL,
    RETURN_CALL_INDIRECT,
    TABLE_SIZE,
    UNREACHABLE,
    V128_CONST,
)  # fmt: skip
from wasm_environ.opcodes import BY_ID

NANS: Final[bytes] = RESULTS
NOTIFY: Final[i64] = INDEX["atomic_notify"]  # wait32 and wait64 follow

COSTS: Final[bytes] = fuel.COSTS
UPDATES: Final[bytes] = fuel.UPDATES


@final
class Driver:
    """Compiles functions one after the other into one Code."""

    def __init__(
        self, machine: Machine, code: Code, values: Values, lowering: Lowering, traps: Traps, frame: Frame, plan: Plan, calling: Registers,
        leaf: Registers,
    ) -> None:
        self.machine: Machine = machine
        self.code: Code = code
        self.values: Values = values
        self.lowering: Lowering = lowering
        self.traps: Traps = traps
        self.frame: Frame = frame
        self.tables: ModuleTables = frame.tables
        self.plan: Plan = plan
        self.setup: Setup = Setup(machine, code, values, traps, frame, plan, calling, leaf)
        self.control: Control = Control(machine, code, values, frame)
        self.calls: Calls = Calls(machine, code, values, traps, frame, plan)
        self.bulk: Bulk = Bulk(self.calls, frame)
        self.exceptions: Exceptions = Exceptions(machine, code, values, traps, frame, plan, self.calls, self.control)
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
        signature = self.tables.signature(body.type_index)
        self.setup.choose_registers(types, ops, signature)
        self.exceptions.begin(ops, labels)
        height = body.max_height
        if plan.tries and len(signature.results) > height:  # of a catch clause that ends the function
            height = len(signature.results)
        self.setup.lay_out(height, types, signature)
        self.control.begin(labels, body.types, body.extra)
        self.code.wasm_offset = body.offset
        self.setup.prologue(signature, types)
        if self.tables.consume_fuel:
            self.fuel = 1
            self.settle_fuel()
            self.check_fuel()
        self.records(ops)
        self.exceptions.emit()
        self.traps.emit(self.frame.context)
        self.calls.references.emit_cold()
        self.machine.emit_cold()
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
        counting = self.tables.consume_fuel
        canonical_nans = self.tables.canonical_nans
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
                self.variable(op, ops[p + 1], ops[p + 2])
            elif kind == CONSTANT:
                values.push_const(TYPE[op], ops[p + 1], 0)
            elif kind >= FIRST_OF_MACHINE:
                if not self.lowering.lower(op):
                    self.machine.lower(op, kind)
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
        self.machine.canonicalize(floats, register)

    def count_fuel(self, op: i64) -> None:
        """Before an op."""
        self.fuel += COSTS[op]
        if UPDATES[op] != 0:
            self.settle_fuel()

    def variable(self, op: i64, x: i64, type: i64) -> None:
        """local.get local.set local.tee global.get global.set"""
        values = self.values
        if op == LOCAL_GET:
            values.push(LOCAL, values.local_type[x], x)
        elif op == LOCAL_SET or op == LOCAL_TEE:
            self.set_local(x, op == LOCAL_TEE)
        elif op == GLOBAL_GET:
            type = register_type(type)
            values.operands(0)
            target = values.target(type)
            register: i64 = target if target >= 0 else values.alloc(type)
            base = self.global_base(x, register)
            self.machine.load(type, register, base, self.global_disp(x))
            values.finish(0, type, register, target)
        else:
            i = values.operands(1)
            type = values.type[i]
            base = self.frame.context
            if self.tables.global_indirect[x] != 0:
                base = values.alloc(T_I64)
                self.machine.load(T_I64, base, self.frame.context, self.tables.global_places[x])
            values.store_entry_at(i, base, self.global_disp(x))
            if base != self.frame.context:
                values.free_reg(base)
            values.drop(1)

    def global_base(self, x: i64, register: i64) -> i64:
        """The register from which global x is reached; may use `register` if that is a general one."""
        if self.tables.global_indirect[x] == 0:
            return self.frame.context
        base = register
        if register >= 32:
            base = self.values.alloc(T_I64)
            self.values.free_reg(base)
        self.machine.load(T_I64, base, self.frame.context, self.tables.global_places[x])
        return base

    def global_disp(self, x: i64) -> i64:
        """Where global x is from there."""
        if self.tables.global_indirect[x] != 0:
            return 0
        return self.tables.global_places[x]

    def set_local(self, x: i64, tee: bool) -> None:
        """local.set local.tee"""
        values = self.values
        i = values.operands(1)
        type = values.type[i]
        to = values.local_reg[x]
        if to >= 0:
            values.detach(to, i)
            values.load_into(i, to)
        else:
            values.detach_slot(x, i)
            values.store_entry(i, values.local_disp[x])
        if tee and (to >= 0 or values.kind[i] != REG):
            constant = values.kind[i] == CONST
            if not constant:
                values.drop(1)
                values.push(LOCAL, type, x)
        elif not tee:
            values.drop(1)

    # ---- control
    def control_op(self, op: i64, a: i64, b: i64, c: i64) -> None:
        """unreachable to return_call_ref"""
        control = self.control
        if op == BR_IF:
            control.br_if(a, b)
        elif op == CALL:
            self.calls.call(a, self.tables.signature(b))
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
            self.calls.call_indirect(a, b, self.tables.signature(b))
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
        signature = self.tables.signature(b)
        if op == RETURN_CALL:
            calls.tail_call(a, signature)
        elif op == RETURN_CALL_INDIRECT:
            first = self.values.operands(len(signature.params) + 1)
            self.code.mark()
            calls.tail_pointer(signature, self.calls.references.find_function(a, b, first + len(signature.params)))
        elif op == CALL_REF:
            calls.call_ref(signature)
        else:
            calls.tail_pointer(signature, calls.reference(signature))

    # ---- the rest
    def rare(self, op: i64, kind: i64, a: i64, b: i64, c: i64) -> None:
        """Everything else that the machine does not lower."""
        values = self.values
        if kind == EXTEND_U:
            if values.kind[values.sp - 1] == CONST or not self.lowering.lower(op):
                self.lowering.conditions.extend_unsigned()
        elif kind == LIBCALL:
            self.bulk.lower(op, a, b)
        elif kind == EXCEPTION:
            self.exceptions.lower(op, a, b, c)
        elif kind == WAIT:
            self.wait_or_notify(NUMBER[op], a, b)
        elif kind == OWN:
            self.own(op, a, b)
        else:
            self.unsupported(op)

    def own(self, op: i64, a: i64, b: i64) -> None:
        """What the driver lowers, by name."""
        values = self.values
        if op == V128_CONST:
            values.push_const(T_V128, a, b)
        elif op == REF_NULL:
            values.push_const(T_I64, 0, 0)
        elif op == REF_AS_NON_NULL:
            i = values.operands(1)
            self.traps.trap_if(self.machine.test(T_I64, values.reg(i)) ^ 1, traps.NULL_REFERENCE)
        elif op == BR_ON_NULL:
            self.branch_on_null(a, b)
        elif op == BR_ON_NON_NULL:
            self.branch_on_non_null(a, b)
        elif op == TABLE_SIZE:
            self.calls.references.table_size(a)
        else:
            assert op == ANY_CONVERT_EXTERN or op == EXTERN_CONVERT_ANY  # the value is the same

    def wait_or_notify(self, n: i64, offset: i64, memory: i64) -> None:
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

    def branch_on_null(self, label: i64, n: i64) -> None:
        """br_on_null: the reference is not carried and stays on the stack where it is not null."""
        values = self.values
        i = values.operands(1)
        register = values.own(i)
        values.pop(1)
        condition = self.machine.keep(self.machine.test(T_I64, register) ^ 1)
        values.operands(0)
        values.keep_flags = True
        if n > 0 and register == self.tables.convention.integer_result:
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

    def unsupported(self, op: i64) -> None:
        """Say by name what is missing."""
        row = BY_ID[op]
        raise UnsupportedError(
            f"the native backend does not support {row.mnemonic} yet (feature {row.feature})", self.code.wasm_offset
        )
