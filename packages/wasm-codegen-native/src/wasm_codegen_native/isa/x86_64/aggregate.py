"""Structs and arrays: inline allocation, fields and elements. No address derived from a reference outlives the op that made it."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code, shl
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ADD,
    ALU_ADD,
    ALU_AND,
    ALU_CMP,
    ALU_SUB,
    CALL_REG,
    CC_A,
    CC_AE,
    CC_E,
    CC_NE,
    CMP,
    IMUL,
    LEA,
    MOV_IMM,
    MOV_IMM8,
    MOV_IMM16,
    MOV_LOAD,
    MOV_STORE,
    MOV_STORE8,
    MOV_STORE16,
    MOVD_FROM,
    MOVSD_LOAD,
    MOVSD_STORE,
    MOVSS_LOAD,
    MOVSS_STORE,
    MOVSX8,
    MOVSX16,
    MOVUPS_LOAD,
    MOVUPS_STORE,
    MOVZX8,
    MOVZX16,
    SHL_IMM,
    SHR_IMM,
    TEST,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RAX, RDI, RDX, RSI, SCRATCH
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, T_V128, Machine
from wasm_codegen_native.references import save
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, REG, Values
from wasm_environ import traps
from wasm_environ.body import NEVER_NULL, WORDS
from wasm_environ.heap_layout import ARRAY_ELEMENTS, ARRAY_LENGTH, DESCRIPTOR_AT, INLINE_LIMIT, is_func
from wasm_environ.libcalls import INDEX
from wasm_environ.op import (
    ARRAY_GET,
    ARRAY_GET_S,
    ARRAY_GET_U,
    ARRAY_LEN,
    ARRAY_NEW,
    ARRAY_NEW_DEFAULT,
    ARRAY_NEW_FIXED,
    ARRAY_SET,
    STRUCT_GET,
    STRUCT_GET_S,
    STRUCT_GET_U,
    STRUCT_NEW,
    STRUCT_NEW_DEFAULT,
    STRUCT_SET,
)  # fmt: skip
from wasm_environ.types import F32, F64, I8, I16, I32, I64, REF, V128
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_GC_HEAP, HEAP_BASE, HEAP_BUMP, HEAP_LIMIT

EIGHTHS: Final[vec[i64]] = vec[i64]([0x0101010101010101, 0x0001000100010001, 0x0000000100000001])  # by log2 of the size: what repeats a value in 8 bytes
GC_ALLOC: Final[i64] = INDEX["gc_alloc"]
ARRAY_ALLOC: Final[i64] = INDEX["array_alloc"]

# Storage types. Columns: zero-extending load, sign-extending load, store, store of an immediate (0: none), bytes of that, type of the value, log2 of the size.
# fmt: off
STORAGES: Final = (
    (I8,   MOVZX8,       MOVSX8,       MOV_STORE8,    MOV_IMM8,    1, T_I32,  0),
    (I16,  MOVZX16,      MOVSX16,      MOV_STORE16,   MOV_IMM16,   2, T_I32,  1),
    (I32,  MOV_LOAD,     MOV_LOAD,     MOV_STORE,     MOV_IMM,     4, T_I32,  2),
    (I64,  MOV_LOAD | W, MOV_LOAD | W, MOV_STORE | W, MOV_IMM | W, 4, T_I64,  3),
    (F32,  MOVSS_LOAD,   MOVSS_LOAD,   MOVSS_STORE,   MOV_IMM,     4, T_F32,  2),
    (F64,  MOVSD_LOAD,   MOVSD_LOAD,   MOVSD_STORE,   MOV_IMM | W, 4, T_F64,  3),
    (V128, MOVUPS_LOAD,  MOVUPS_LOAD,  MOVUPS_STORE,  0,           0, T_V128, 4),
    (REF,  MOV_LOAD,     MOV_LOAD,     MOV_STORE,     MOV_IMM,     4, T_I64,  2),
    (-1,   MOV_LOAD | W, MOV_LOAD | W, MOV_STORE | W, MOV_IMM | W, 4, T_I64,  3),
)
# fmt: on
REFERENCE: Final[i64] = 7
FUNC_REFERENCE: Final[i64] = 8
KINDS: Final = {row[0]: kind for kind, row in enumerate(STORAGES)}
LOADS: Final[vec[i64]] = vec[i64]([row[1] for row in STORAGES])
SIGNED_LOADS: Final[vec[i64]] = vec[i64]([row[2] for row in STORAGES])
STORES: Final[vec[i64]] = vec[i64]([row[3] for row in STORAGES])
IMMEDIATES: Final[vec[i64]] = vec[i64]([row[4] for row in STORAGES])
IMMEDIATE_SIZES: Final = bytes([row[5] for row in STORAGES])
TYPES: Final = bytes([row[6] for row in STORAGES])
LOG2S: Final = bytes([row[7] for row in STORAGES])

COLD_WORDS: Final = 9  # chain, resume at, registers in use, base register, amount register or -1, amount, libcall, type index, wasm offset
NONE: Final = -1


@final
class Aggregates:
    """Lowers struct.* and array.* but for what the vm does (bulk.py)."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, frame: Frame) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps
        self.frame: Frame = frame
        self.cold: vec[i64] = vec[i64]()

    def lower(self, op: i64) -> None:
        """Lower one op."""
        p = self.v.pc - WORDS
        a = self.v.ops[p + 1]
        b = self.v.ops[p + 2]
        storage = self.v.ops[p + 3]
        if op == STRUCT_GET or op == STRUCT_GET_S or op == STRUCT_GET_U:
            self.struct_get(a, b, self.kind(storage), op == STRUCT_GET_S)
        elif op == STRUCT_SET:
            self.struct_set(a, b, self.kind(storage))
        elif op == STRUCT_NEW or op == STRUCT_NEW_DEFAULT:
            self.struct_new(a, op == STRUCT_NEW_DEFAULT, False)
        elif op == ARRAY_GET or op == ARRAY_GET_S or op == ARRAY_GET_U:
            self.array_get(b, self.kind(storage), op == ARRAY_GET_S)
        elif op == ARRAY_SET:
            self.array_set(b, self.kind(storage))
        elif op == ARRAY_LEN:
            self.array_len(b)
        elif op == ARRAY_NEW_FIXED:
            self.array_new_fixed(a, b, self.kind(storage))
        else:
            assert op == ARRAY_NEW or op == ARRAY_NEW_DEFAULT
            self.array_new(a, self.kind(storage), op == ARRAY_NEW_DEFAULT)

    def kind(self, storage: i64) -> i64:
        """The row of a storage type in STORAGES."""
        if storage & REF:
            return FUNC_REFERENCE if is_func(storage, self.frame.tables.is_func_type) else REFERENCE
        found: i64 = KINDS[storage]
        return found

    # ---- fields
    def base(self) -> i64:
        """A register that holds what references are added to."""
        register = self.v.alloc(T_I64)
        self.load_base(register)
        return register

    def load_base(self, register: i64) -> None:
        self.asm.rm(MOV_LOAD | W, register, self.frame.context, CONTEXT_GC_HEAP)
        self.asm.rm(MOV_LOAD | W, register, register, HEAP_BASE)

    def checked(self, i: i64, b: i64) -> i64:
        """A register with the reference of entry i; traps on null unless word b of the record says that it never is."""
        register = self.v.reg(i)
        if not b & NEVER_NULL:
            self.asm.rr(TEST, register, register)
            self.traps.trap_if(CC_E, traps.NULL_REFERENCE)
        return register

    def struct_get(self, type_index: i64, b: i64, kind: i64, signed: bool) -> None:
        """struct.get, struct.get_s, struct.get_u"""
        v = self.v
        i = v.operands(1)
        field: i64 = b & (NEVER_NULL - 1)
        offset: i64 = self.frame.tables.struct_layout(type_index).offsets[field]
        reference = self.checked(i, b)
        base = self.base()
        to: i64 = base
        if TYPES[kind] >= T_F32:
            to = v.alloc(TYPES[kind])
        self.load_field(kind, signed, to, base, reference, 0, offset)
        if to != base:
            v.free_reg(base)
        v.release(i)
        v.pop(1)
        v.push_reg(TYPES[kind], to)

    def load_field(self, kind: i64, signed: bool, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """to <- the field at base + (index << scale) + disp."""
        row: i64 = SIGNED_LOADS[kind] if signed else LOADS[kind]
        if TYPES[kind] >= T_F32:
            self.asm.v2x(row, to, base, index, scale, disp)
        else:
            self.asm.rx(row, to, base, index, scale, disp)

    def struct_set(self, type_index: i64, b: i64, kind: i64) -> None:
        """struct.set"""
        v = self.v
        i = v.operands(2)
        field: i64 = b & (NEVER_NULL - 1)
        offset: i64 = self.frame.tables.struct_layout(type_index).offsets[field]
        reference = self.checked(i, b)
        base = self.base()
        self.store_field(i + 1, kind, base, reference, 0, offset)
        v.free_reg(base)
        v.drop(2)

    def store_field(self, value: i64, kind: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """Write entry `value` to base + (index << scale) + disp."""
        v = self.v
        size: i64 = IMMEDIATE_SIZES[kind]
        if v.kind[value] == CONST and size != 0 and (LOG2S[kind] <= 2 or (v.low[value] >= -0x80000000 and v.low[value] <= 0x7FFFFFFF)):
            self.asm.rx(IMMEDIATES[kind], 0, base, index, scale, disp)
            if size == 4:
                self.code.word(v.low[value])
            elif size == 2:
                self.code.half(v.low[value])
            else:
                self.code.byte(v.low[value])
            return
        register = v.in_reg(value)
        if TYPES[kind] >= T_F32:
            if register < 0:
                register = SCRATCH
                v.load_into(value, register)
            self.asm.v2x(STORES[kind], register, base, index, scale, disp)
            return
        temporary: i64 = NONE
        if register < 0:
            register = temporary = v.alloc(T_I64)
            v.load_into(value, register)
        self.asm.rx(STORES[kind], register, base, index, scale, disp)
        if temporary != NONE:
            v.free_reg(temporary)

    # ---- elements
    def element(self, i: i64, b: i64, kind: i64) -> i64:
        """A register from which `index << scale_of(kind)` + ARRAY_ELEMENTS leads to element (entry i + 1) of the array (entry i), checked."""
        v = self.v
        reference = self.checked(i, b)
        address = self.base()
        self.asm.rr(ADD | W, address, reference)
        index: i64 = v.own(i + 1) if LOG2S[kind] == 4 else v.reg(i + 1)
        self.asm.rm(CMP, index, address, ARRAY_LENGTH)
        self.traps.trap_if(CC_AE, traps.ARRAY_OUT_OF_BOUNDS)
        if LOG2S[kind] == 4:  # no address has so large a scale
            self.asm.rr(SHL_IMM | W, 0, index)
            self.code.byte(4)
        return address

    def scale_of(self, kind: i64) -> i64:
        log2: i64 = LOG2S[kind]
        return log2 if log2 < 4 else 0

    def array_get(self, b: i64, kind: i64, signed: bool) -> None:
        """array.get, array.get_s, array.get_u"""
        v = self.v
        i = v.operands(2)
        address = self.element(i, b, kind)
        to: i64 = address
        if TYPES[kind] >= T_F32:
            to = v.alloc(TYPES[kind])
        self.load_field(kind, signed, to, address, v.in_reg(i + 1), self.scale_of(kind), ARRAY_ELEMENTS)
        if to != address:
            v.free_reg(address)
        v.release(i)
        v.release(i + 1)
        v.pop(2)
        v.push_reg(TYPES[kind], to)

    def array_set(self, b: i64, kind: i64) -> None:
        """array.set"""
        v = self.v
        i = v.operands(3)
        address = self.element(i, b, kind)
        self.store_field(i + 2, kind, address, v.in_reg(i + 1), self.scale_of(kind), ARRAY_ELEMENTS)
        v.free_reg(address)
        v.drop(3)

    def array_len(self, b: i64) -> None:
        """array.len"""
        v = self.v
        i = v.operands(1)
        reference = self.checked(i, b)
        to = self.base()
        self.asm.rx(MOV_LOAD, to, to, reference, 0, ARRAY_LENGTH)
        v.release(i)
        v.pop(1)
        v.push_reg(T_I32, to)

    # ---- allocation
    def make_room(self, first: i64) -> None:
        """Operands from entry `first` on keep at most two general registers: allocation takes three, and filling one more."""
        v = self.v
        held: i64 = 0
        i = v.sp - 1
        while i >= first:
            if v.kind[i] == REG and v.type[i] < T_F32:
                held += 1
                if held > 2:
                    v.spill(i)
            i -= 1

    def struct_new(self, type_index: i64, default: bool, described: bool) -> None:
        """struct.new, struct.new_default; `described`: with a descriptor on top, not null."""
        v = self.v
        tables = self.frame.tables
        layout = tables.struct_layout(type_index)
        storages: list[int] = [] if default else tables.field_storages(type_index)
        n: i64 = len(storages)
        operands: i64 = n + 1 if described else n
        first = v.operands(operands)
        self.make_room(first)
        base = self.allocate(type_index, layout.size, NONE, GC_ALLOC, layout.size)
        k: i64 = 0
        while k < n:
            if not self.is_zero(first + k):
                self.store_field(first + k, self.kind(storages[k]), base, RAX, 0, layout.offsets[k])
            v.consume(first + k)
            k += 1
        if described:
            self.store_field(first + n, REFERENCE, base, RAX, 0, DESCRIPTOR_AT)
        v.free_reg(base)
        v.drop(operands)
        v.push_reg(T_I64, RAX)

    def is_zero(self, i: i64) -> bool:
        """Whether entry i is a constant of zero bits, which new objects consist of."""
        v = self.v
        return v.kind[i] == CONST and v.low[i] == 0 and (v.type[i] != T_V128 or v.high[i] == 0)

    def allocate(self, type_index: i64, size: i64, length: i64, libcall: i64, amount: i64) -> i64:
        """RAX <- a new object of `size` bytes, a constant; returns the register of the heap's base. `length`: of an array, else NONE."""
        v = self.v
        asm = self.asm
        v.take(RAX)
        base = v.alloc(T_I64)
        other = v.alloc(T_I64)
        if size <= INLINE_LIMIT:
            self.begin_allocation(base)
            asm.rm(LEA | W, other, RAX, size)
            slow = self.compare_limit(base, other)
            self.write_header(base, other, type_index)
            if length != NONE:
                asm.rx(MOV_IMM, 0, base, RAX, 0, ARRAY_LENGTH)
                self.code.word(length)
            asm.rm(MOV_LOAD | W, other, self.frame.context, CONTEXT_GC_HEAP)
            asm.alu_memory(ALU_ADD, W, other, HEAP_BUMP, size)
        else:
            slow = v.machine.jump(NO_CHAIN)
        self.add_cold(slow, base, other, NONE, amount, libcall, type_index)
        v.free_reg(other)
        return base

    def begin_allocation(self, heap: i64) -> None:
        """heap <- the heap, RAX <- where it would put an object."""
        self.asm.rm(MOV_LOAD | W, heap, self.frame.context, CONTEXT_GC_HEAP)
        self.asm.rm(MOV_LOAD | W, RAX, heap, HEAP_BUMP)

    def compare_limit(self, heap: i64, end: i64) -> i64:
        """The jumps taken if an object that ends at `end` does not fit."""
        self.asm.rm(CMP | W, end, heap, HEAP_LIMIT)
        return self.v.machine.branch(CC_A, NO_CHAIN)

    def write_header(self, base: i64, other: i64, type_index: i64) -> None:
        """base <- what references are added to, from the heap in it; the object's type id is written. Only then may the bump pointer pass it: a thread
        that is interrupted has no object without header."""
        self.asm.rm(MOV_LOAD | W, base, base, HEAP_BASE)
        self.asm.rm(MOV_LOAD, other, self.frame.context, self.frame.tables.type_ids + 4 * type_index)
        self.asm.rx(MOV_STORE, other, base, RAX, 0, 0)

    def array_new_fixed(self, type_index: i64, n: i64, kind: i64) -> None:
        """array.new_fixed"""
        v = self.v
        first = v.operands(n)
        self.make_room(first)
        size: i64 = (ARRAY_ELEMENTS + shl(n, LOG2S[kind]) + 7) & ~7
        base = self.allocate(type_index, size, n, ARRAY_ALLOC, n)
        k: i64 = 0
        while k < n:
            if not self.is_zero(first + k):
                self.store_field(first + k, kind, base, RAX, 0, ARRAY_ELEMENTS + shl(k, LOG2S[kind]))
            v.consume(first + k)
            k += 1
        v.free_reg(base)
        v.drop(n)
        v.push_reg(T_I64, RAX)

    def array_new(self, type_index: i64, kind: i64, default: bool) -> None:
        """array.new, array.new_default"""
        v = self.v
        asm = self.asm
        operands: i64 = 1 if default else 2
        i = v.operands(operands)
        length = i + operands - 1
        fill = not default and not self.is_zero(i)
        if fill and v.kind[i] == REG and v.type[i] < T_F32:
            v.spill(i)
        v.take(RAX)
        n: i64 = v.own(length) if fill else v.reg(length)
        base = v.alloc(T_I64)
        other = v.alloc(T_I64)
        size = v.alloc(T_I64)
        log2: i64 = LOG2S[kind]
        asm.rr(MOV_LOAD, size, n)
        if log2 != 0:
            asm.rr(SHL_IMM | W, 0, size)
            self.code.byte(log2)
        asm.alu_immediate(ALU_ADD, W, size, ARRAY_ELEMENTS + 7)
        asm.alu_immediate(ALU_AND, W, size, -8)
        asm.alu_immediate(ALU_CMP, W, size, INLINE_LIMIT)
        slow = v.machine.branch(CC_A, NO_CHAIN)
        self.begin_allocation(base)
        asm.rx(LEA | W, other, RAX, size, 0, 0)
        asm.rm(CMP | W, other, base, HEAP_LIMIT)
        slow = v.machine.branch(CC_A, slow)
        self.write_header(base, other, type_index)
        asm.rx(MOV_STORE, n, base, RAX, 0, ARRAY_LENGTH)
        asm.rm(MOV_LOAD | W, other, self.frame.context, CONTEXT_GC_HEAP)
        asm.rm(ADD | W, size, other, HEAP_BUMP)
        asm.rm(MOV_STORE | W, size, other, HEAP_BUMP)
        self.add_cold(slow, base, other, n, 0, ARRAY_ALLOC, type_index)
        if fill:
            self.fill(i, kind, base, n, other, size)
        v.free_reg(base)
        v.free_reg(other)
        v.free_reg(size)
        v.drop(operands)
        v.push_reg(T_I64, RAX)

    def repeat(self, value: i64, kind: i64, to: i64, scratch: i64) -> None:
        """to <- entry `value` in 1, 2 or 4 bytes, as often as these fit into 8."""
        v = self.v
        if TYPES[kind] == T_F32:
            register = v.in_reg(value)
            if register < 0:
                register = SCRATCH
                v.load_into(value, register)
            self.asm.v2(MOVD_FROM, register, to)
        else:
            v.load_into(value, to)
        log2: i64 = LOG2S[kind]
        self.asm.rr(MOVZX8 if log2 == 0 else MOVZX16 if log2 == 1 else MOV_LOAD, to, to)
        v.machine.constant(T_I64, scratch, EIGHTHS[log2], 0, False)
        self.asm.rr(IMUL | W, to, scratch)

    def fill(self, value: i64, kind: i64, base: i64, n: i64, temporary: i64, pointer: i64) -> None:
        """Write entry `value` to all n elements of the new array in RAX, at least 8 bytes at a time, which is what objects end at; n is used up."""
        v = self.v
        asm = self.asm
        log2: i64 = LOG2S[kind]
        register = v.in_reg(value)
        if log2 < 3:
            register = temporary
            self.repeat(value, kind, register, pointer)
            asm.alu_immediate(ALU_ADD, 0, n, shl(1, 3 - log2) - 1)  # no carry: the array has less than 2**32 bytes
            asm.rr(SHR_IMM, 0, n)
            self.code.byte(3 - log2)
        elif register < 0:
            register = SCRATCH if TYPES[kind] >= T_F32 else temporary
            v.load_into(value, register)
        asm.rx(LEA | W, pointer, base, RAX, 0, ARRAY_ELEMENTS)
        asm.rr(TEST, n, n)
        done = asm.skip(CC_E)
        top = self.code.here()
        if log2 < 3:
            asm.rm(MOV_STORE | W, register, pointer, 0)
        elif TYPES[kind] >= T_F32:
            asm.v2m_plain(STORES[kind], register, pointer, 0)
        else:
            asm.rm(STORES[kind], register, pointer, 0)
        asm.alu_immediate(ALU_ADD, W, pointer, shl(1, log2) if log2 > 3 else 8)
        asm.alu_immediate(ALU_SUB, 0, n, 1)
        v.machine.branch_back(CC_NE, top)
        asm.land(done)

    # ---- the slow way
    def add_cold(self, chain: i64, base: i64, other: i64, register: i64, amount: i64, libcall: i64, type_index: i64) -> None:
        """Note the out-of-line call of `libcall` with the amount in a register, or constant; what is in use is kept, the result is in RAX."""
        v = self.v
        in_use = ((v.temporaries & ~v.free) | v.volatile_locals) & ~(shl(1, RAX) | shl(1, base) | shl(1, other))
        cold = append(append(append(self.cold, chain), self.code.here()), in_use)
        cold = append(append(append(cold, base), register), amount)
        self.cold = append(append(append(cold, libcall), type_index), self.code.wasm_offset)

    def emit_cold(self, machine: Machine) -> None:
        """Write those calls."""
        asm = self.asm
        context = self.frame.context
        at: i64 = 0
        while at < len(self.cold):
            cold = self.cold
            self.code.wasm_offset = cold[at + 8]
            machine.bind(cold[at])
            in_use = cold[at + 2]
            save(machine, in_use, True)
            if cold[at + 4] != NONE:
                asm.rr(MOV_LOAD, RDX, cold[at + 4])
            else:
                machine.constant(T_I64, RDX, cold[at + 5], 0, False)
            asm.rm(MOV_LOAD, RSI, context, self.frame.tables.type_ids + 4 * cold[at + 7])
            asm.rr(MOV_LOAD | W, RDI, context)
            self.code.mark()
            asm.rm(MOV_LOAD | W, RAX, context, CONTEXT_BUILTINS)
            asm.rm(CALL_REG, 0, RAX, 8 * cold[at + 6])
            save(machine, in_use, False)
            self.load_base(cold[at + 3])
            machine.jump_back(cold[at + 1])
            at += COLD_WORDS
        self.cold = vec[i64]()
