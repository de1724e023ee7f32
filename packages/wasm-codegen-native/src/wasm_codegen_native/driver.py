"""The driver: one validated function body in, machine code out; dispatches each record to its chapter."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.bulk import Bulk
from wasm_codegen_native.calls import Calls
from wasm_codegen_native.catches import CATCH, CATCH_ALL, DELEGATE, RETHROW
from wasm_codegen_native.code import CODE_LIMIT, Code
from wasm_codegen_native.control import Control
from wasm_codegen_native.exceptions import THROW, THROW_REF, Exceptions
from wasm_codegen_native.frame import Frame, ModuleTables, local_types
from wasm_codegen_native.machine import T_I32, T_I64, T_V128, Machine
from wasm_codegen_native.plan import Plan, Registers
from wasm_codegen_native.setup_frame import Setup
from wasm_codegen_native.signatures import register_type
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, LOCAL, REG, WORDS, Values
from wasm_environ.body import KIND_TRY_TABLE, LABEL_WORDS, FunctionBody
from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.libcalls import INDEX
from wasm_environ.nans import RESULTS, unseen
from wasm_environ.opcodes import BY_ID, BY_MNEMONIC, ID_LIMIT

OP_MASK: Final = 0xFFFF
OFFSET_SHIFT: Final = 16
UNREACHABLE: Final = 9
OUT_OF_FUEL: Final = 11
NULL_REFERENCE: Final = 12
MEMORY_OUT_OF_BOUNDS: Final = 1
HEAP_MISALIGNED: Final = 2
NANS: Final[bytes] = RESULTS
ANY_CONVERT_EXTERN: Final[i64] = BY_MNEMONIC["any.convert_extern"].id
EXTERN_CONVERT_ANY: Final[i64] = BY_MNEMONIC["extern.convert_any"].id
FIRST_AGGREGATE: Final[i64] = BY_MNEMONIC["struct.new"].id
LAST_AGGREGATE: Final[i64] = BY_MNEMONIC["br_on_cast_desc_eq_fail"].id
NOTIFY: Final[i64] = INDEX["atomic_notify"]  # wait32 and wait64 follow

# Ops that cost no fuel (wasmtime's accounting): unreachable nop block loop else end return drop.
# The legacy catch, catch_all, delegate are as else and end.
FREE: Final = bytes([1 if i in (0x00, 0x01, 0x02, 0x03, 0x05, 0x0B, 0x0F, 0x1A, CATCH, CATCH_ALL, DELEGATE) else 0 for i in range(256)])
# Ops before which the fuel used so far is subtracted: control leaves the basic block.
SETTLING: Final = (0, 3, 4, 5, 0xD5, 0xD6, THROW, THROW_REF, RETHROW, CATCH, CATCH_ALL, DELEGATE)
SETTLES: Final = bytes([
    1 if i in SETTLING or 0x0B <= i <= 0x15 or (i in BY_ID and BY_ID[i].mnemonic.startswith("br_on_cast")) else 0 for i in range(ID_LIMIT)
])  # fmt: skip


@final
class Driver:
    """Compiles functions one after the other into one Code."""

    def __init__(
        self, machine: Machine, code: Code, values: Values, traps: Traps, frame: Frame, plan: Plan, calling: Registers, leaf: Registers
    ) -> None:
        self.machine: Machine = machine
        self.code: Code = code
        self.values: Values = values
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
        self.traps.trap_if(empty, OUT_OF_FUEL)

    # ---- the records
    def records(self, ops: vec[i64]) -> None:
        """Lower every record."""
        values = self.values
        code = self.code
        values.ops = ops
        values.pc = 0
        fuel = self.tables.consume_fuel
        canonical_nans = self.tables.canonical_nans
        values.fuse = not fuel
        end: i64 = len(ops)
        while values.pc < end:
            p = values.pc
            word = ops[p]
            op = word & OP_MASK
            code.wasm_offset = word >> OFFSET_SHIFT
            values.pc = p + WORDS
            if fuel:
                self.count_fuel(op)
            if op >= 0x20 and op <= 0x24:
                self.variable(op, ops[p + 1], ops[p + 2])
            elif op >= 0x41 and op <= 0x44:
                values.push_const(op - 0x41, ops[p + 1], 0)
            elif op >= 0x28 and op <= 0xC4 and op != 0x40:
                self.machine.lower(op)
            elif op < 0x16:
                self.control_op(op, ops[p + 1], ops[p + 2], ops[p + 3])
            elif op == 0x1A:
                values.drop(1)
            else:
                self.rare(op, ops[p + 1], ops[p + 2], ops[p + 3])
            if canonical_nans and NANS[op] != 0:
                self.canonicalize(NANS[op], p + WORDS)
            if code.here() > CODE_LIMIT:
                code.check_size()
            if fuel:
                self.fuel += values.fused
                values.fused = 0
                if op == 0x03:
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
        """One for each op, as wasmtime counts."""
        if op > 0xFF or FREE[op] == 0:
            self.fuel += 1
        if SETTLES[op] != 0:
            self.settle_fuel()

    def variable(self, op: i64, x: i64, type: i64) -> None:
        """local.get local.set local.tee global.get global.set"""
        values = self.values
        if op == 0x20:
            values.push(LOCAL, values.local_type[x], x)
        elif op <= 0x22:
            self.set_local(x, op == 0x22)
        elif op == 0x23:
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
        return 0 if self.tables.global_indirect[x] != 0 else self.tables.global_places[x]

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
        if op == 0x0D:
            control.br_if(a, b)
        elif op == 0x10:
            self.calls.call(a, self.tables.signature(b))
        elif op == 0x0B:
            if a == 0:
                control.end_function(b != 0)
            else:
                if control.labels[a * LABEL_WORDS] >= KIND_TRY_TABLE:
                    self.exceptions.leave(a)
                control.end(a, b != 0)
        elif op == 0x02:
            control.block(a)
        elif op == 0x0C:
            control.br(a, b)
        elif op == 0x03:
            control.loop(a)
        elif op == 0x04:
            control.if_(a)
        elif op == 0x05:
            control.else_(a, b != 0)
        elif op == 0x11:
            self.calls.call_indirect(a, b, self.tables.signature(b))
        elif op == 0x0F:
            control.return_(a)
        elif op == 0x0E:
            control.br_table(a, b, c)
        elif op == 0x00:
            self.traps.trap(UNREACHABLE)
        elif op >= 0x12 and op <= 0x15:
            self.other_call(op, a, b)
        elif op != 0x01 and not self.exceptions.lower(op, a, b, c):
            self.unsupported(op)

    def other_call(self, op: i64, a: i64, b: i64) -> None:
        """Tail calls and call_ref."""
        calls = self.calls
        signature = self.tables.signature(b)
        if op == 0x12:
            calls.tail_call(a, signature)
        elif op == 0x13:
            first = self.values.operands(len(signature.params) + 1)
            self.code.mark()
            calls.tail_pointer(signature, self.machine.find_function(a, b, first + len(signature.params)))
        elif op == 0x14:
            calls.call_ref(signature)
        else:
            calls.tail_pointer(signature, calls.reference(signature))

    # ---- the rest
    def rare(self, op: i64, a: i64, b: i64, c: i64) -> None:
        """Everything else."""
        values = self.values
        if op == 0x30C:
            values.push_const(T_V128, a, b)
        elif op == 0xD0:
            values.push_const(T_I64, 0, 0)
        elif op == 0xD4:
            i = values.operands(1)
            self.traps.trap_if(self.machine.test(T_I64, values.reg(i)) ^ 1, NULL_REFERENCE)
        elif op == 0xD5:
            self.branch_on_null(a, b)
        elif op == 0xD6:
            self.branch_on_non_null(a, b)
        elif self.bulk.lower(op, a, b):
            return
        elif op == ANY_CONVERT_EXTERN or op == EXTERN_CONVERT_ANY:
            return  # the value is the same
        elif op >= FIRST_AGGREGATE and op <= LAST_AGGREGATE:
            self.machine.lower(op)
        elif op >= 0x500 and op <= 0x502:
            self.wait_or_notify(op - 0x500, a, b)
        elif op == 0x1B or op == 0x1C or op == 0xD1 or op == 0xD3 or op == 0x40 or op == 0x210 or op >= 0x300 or op >= 0x200:
            self.machine.lower(op)
        elif not self.exceptions.lower(op, a, b, c):
            self.unsupported(op)

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
            self.traps.trap_if(self.machine.add_unsigned(type, address, t), MEMORY_OUT_OF_BOUNDS)
            values.free_reg(t)
        self.traps.trap_if(self.machine.test_low_bits(address, 7 if n == 2 else 3), HEAP_MISALIGNED)
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
        condition = self.machine.test(T_I64, register) ^ 1
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
        condition = self.machine.test(T_I64, values.reg(i))
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
