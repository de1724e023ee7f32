"""Structs and arrays: inline allocation, fields and elements. No address derived from a reference outlives the op that made it."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code, shl
from wasm_codegen_native.cold_paths import save
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import EXCEEDS, REACHES, T_F32, T_I32, T_I64, T_V128, Machine
from wasm_codegen_native.signatures import Convention
from wasm_codegen_native.storages import FUNC_REFERENCE, LOG2S, NUMBERS, REFERENCE, TYPES, WORD
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, REG, Values
from wasm_codegen_native.workbench import Workbench
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
from wasm_environ.types import REF
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_GC_HEAP, HEAP_BASE, HEAP_BUMP, HEAP_LIMIT

GC_ALLOC: Final[i64] = INDEX["gc_alloc"]
ARRAY_ALLOC: Final[i64] = INDEX["array_alloc"]

COLD_WORDS: Final = 9  # chain, resume at, registers in use, base register, amount register or -1, amount, libcall, type index, wasm offset
NONE: Final = -1


@final
class Aggregates:
    """Lowers struct.* and array.* but for what the vm does (bulk.py)."""

    def __init__(self, bench: Workbench, fields: Fields) -> None:
        self.machine: Machine = bench.machine
        self.fields: Fields = fields
        self.code: Code = bench.code
        self.v: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.convention: Convention = bench.frame.tables.convention
        self.object: i64 = bench.frame.tables.convention.integer_result  # where new objects are
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
        """The number of a storage type."""
        if storage & REF:
            return FUNC_REFERENCE if is_func(storage, self.frame.tables.is_func_type) else REFERENCE
        found: i64 = NUMBERS[storage]
        return found

    # ---- fields
    def base(self) -> i64:
        """A register that holds what references are added to."""
        register = self.v.alloc(T_I64)
        self.load_base(register)
        return register

    def load_base(self, register: i64) -> None:
        self.machine.load(T_I64, register, self.frame.context, CONTEXT_GC_HEAP)
        self.machine.load(T_I64, register, register, HEAP_BASE)

    def checked(self, i: i64, b: i64) -> i64:
        """A register with the reference of entry i; traps on null unless word b of the record says that it never is."""
        register = self.v.reg(i)
        if not b & NEVER_NULL:
            self.traps.trap_if(self.machine.test(T_I32, register) ^ 1, traps.NULL_REFERENCE)
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
        self.fields.load_field(kind, signed, to, base, reference, 0, offset)
        if to != base:
            v.free_reg(base)
        v.release(i)
        v.pop(1)
        v.push_reg(TYPES[kind], to)

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
        machine = self.machine
        if v.kind[value] == CONST and self.fields.store_field_constant(kind, v.low[value], base, index, scale, disp):
            return
        register = v.in_reg(value)
        if TYPES[kind] >= T_F32:
            if register < 0:
                register = machine.vector_scratch
                v.load_into(value, register)
            self.fields.store_field(kind, register, base, index, scale, disp)
            return
        temporary: i64 = NONE
        if register < 0:
            register = temporary = v.alloc(T_I64)
            v.load_into(value, register)
        self.fields.store_field(kind, register, base, index, scale, disp)
        if temporary != NONE:
            v.free_reg(temporary)

    # ---- elements
    def element(self, i: i64, b: i64, kind: i64) -> i64:
        """A register from which `index << scale_of(kind)` + ARRAY_ELEMENTS leads to element (entry i + 1) of the array (entry i), checked."""
        v = self.v
        reference = self.checked(i, b)
        address = self.base()
        self.machine.add_unsigned(T_I64, address, reference)
        index: i64 = v.own(i + 1) if LOG2S[kind] == 4 else v.reg(i + 1)
        self.traps.trap_if(self.machine.compares(REACHES, T_I32, index, address, ARRAY_LENGTH), traps.ARRAY_OUT_OF_BOUNDS)
        if LOG2S[kind] == 4:  # no address has so large a scale
            self.fields.shift_left(index, 4)
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
        self.fields.load_field(kind, signed, to, address, v.in_reg(i + 1), self.scale_of(kind), ARRAY_ELEMENTS)
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
        self.machine.load_indexed(T_I32, to, to, reference, 0, ARRAY_LENGTH)
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
                self.store_field(first + k, self.kind(storages[k]), base, self.object, 0, layout.offsets[k])
            v.consume(first + k)
            k += 1
        if described:
            self.store_field(first + n, REFERENCE, base, self.object, 0, DESCRIPTOR_AT)
        v.free_reg(base)
        v.drop(operands)
        v.push_reg(T_I64, self.object)

    def is_zero(self, i: i64) -> bool:
        """Whether entry i is a constant of zero bits, which new objects consist of."""
        v = self.v
        return v.kind[i] == CONST and v.low[i] == 0 and (v.type[i] != T_V128 or v.high[i] == 0)

    def allocate(self, type_index: i64, size: i64, length: i64, libcall: i64, amount: i64) -> i64:
        """The object's register <- a new object of `size` bytes, a constant; returns the register of the heap's base. `length`: of an array, else NONE."""
        v = self.v
        machine = self.machine
        v.take(self.object)
        base = v.alloc(T_I64)
        other = v.alloc(T_I64)
        if size <= INLINE_LIMIT:
            self.begin_allocation(base)
            machine.add_address(other, self.object, size)
            slow = self.compare_limit(base, other, NO_CHAIN)
            self.write_header(base, other, type_index)
            if length != NONE and not self.fields.store_field_constant(WORD, length, base, self.object, 0, ARRAY_LENGTH):
                machine.constant(T_I32, other, length, 0, False)
                self.fields.store_field(WORD, other, base, self.object, 0, ARRAY_LENGTH)
            machine.load(T_I64, other, self.frame.context, CONTEXT_GC_HEAP)
            self.fields.add_to_memory(other, HEAP_BUMP, size)
        else:
            slow = machine.jump(NO_CHAIN)
        self.add_cold(slow, base, other, NONE, amount, libcall, type_index)
        v.free_reg(other)
        return base

    def begin_allocation(self, heap: i64) -> None:
        """heap <- the heap, the object's register <- where it would put one."""
        self.machine.load(T_I64, heap, self.frame.context, CONTEXT_GC_HEAP)
        self.machine.load(T_I64, self.object, heap, HEAP_BUMP)

    def compare_limit(self, heap: i64, end: i64, chain: i64) -> i64:
        """The jumps taken if an object that ends at `end` does not fit."""
        return self.machine.branch(self.machine.compares(EXCEEDS, T_I64, end, heap, HEAP_LIMIT), chain)

    def write_header(self, base: i64, other: i64, type_index: i64) -> None:
        """base <- what references are added to, from the heap in it; the object's type id is written. Only then may the bump pointer pass it: a thread
        that is interrupted has no object without header."""
        self.machine.load(T_I64, base, base, HEAP_BASE)
        self.machine.load(T_I32, other, self.frame.context, self.frame.tables.type_ids + 4 * type_index)
        self.fields.store_field(WORD, other, base, self.object, 0, 0)

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
                self.store_field(first + k, kind, base, self.object, 0, ARRAY_ELEMENTS + shl(k, LOG2S[kind]))
            v.consume(first + k)
            k += 1
        v.free_reg(base)
        v.drop(n)
        v.push_reg(T_I64, self.object)

    def array_new(self, type_index: i64, kind: i64, default: bool) -> None:
        """array.new, array.new_default"""
        v = self.v
        machine = self.machine
        operands: i64 = 1 if default else 2
        i = v.operands(operands)
        length = i + operands - 1
        fill = not default and not self.is_zero(i)
        if fill and v.kind[i] == REG and v.type[i] < T_F32:
            v.spill(i)
        v.take(self.object)
        n: i64 = v.own(length) if fill else v.reg(length)
        base = v.alloc(T_I64)
        other = v.alloc(T_I64)
        size = v.alloc(T_I64)
        self.fields.array_size(size, n, LOG2S[kind], ARRAY_ELEMENTS + 7)
        slow = machine.branch(self.fields.exceeds(size, INLINE_LIMIT), NO_CHAIN)
        self.begin_allocation(base)
        self.fields.add_registers(other, self.object, size)
        slow = self.compare_limit(base, other, slow)
        self.write_header(base, other, type_index)
        self.fields.store_field(WORD, n, base, self.object, 0, ARRAY_LENGTH)
        machine.load(T_I64, other, self.frame.context, CONTEXT_GC_HEAP)
        self.fields.add_memory(size, other, HEAP_BUMP)
        machine.store(T_I64, size, other, HEAP_BUMP)
        self.add_cold(slow, base, other, n, 0, ARRAY_ALLOC, type_index)
        if fill:
            self.fill(i, kind, base, n, other, size)
        v.free_reg(base)
        v.free_reg(other)
        v.free_reg(size)
        v.drop(operands)
        v.push_reg(T_I64, self.object)

    def fill(self, value: i64, kind: i64, base: i64, n: i64, temporary: i64, pointer: i64) -> None:
        """Write entry `value` to all n elements of the new array; n is used up."""
        v = self.v
        type: i64 = TYPES[kind]
        register = v.in_reg(value)
        if LOG2S[kind] < 3 and type != T_F32:
            register = temporary
            v.load_into(value, register)
        elif register < 0:
            register = self.machine.vector_scratch if type >= T_F32 else temporary
            v.load_into(value, register)
        self.fields.fill_elements(kind, register, base, self.object, n, temporary, pointer)

    # ---- the slow way
    def add_cold(self, chain: i64, base: i64, other: i64, register: i64, amount: i64, libcall: i64, type_index: i64) -> None:
        """Note the out-of-line call of `libcall` with the amount in a register, or constant; what is in use is kept, the result is where new objects are."""
        v = self.v
        in_use = ((self.machine.temporaries & ~self.machine.free) | v.volatile_locals) & ~(shl(1, self.object) | shl(1, base) | shl(1, other))
        cold = append(append(append(self.cold, chain), self.code.label()), in_use)
        cold = append(append(append(cold, base), register), amount)
        self.cold = append(append(append(cold, libcall), type_index), self.code.wasm_offset)

    def emit_cold(self) -> None:
        """Write those calls."""
        machine = self.machine
        context = self.frame.context
        integers = self.convention.integers
        at: i64 = 0
        while at < len(self.cold):
            cold = self.cold
            self.code.wasm_offset = cold[at + 8]
            machine.bind(cold[at])
            in_use = cold[at + 2]
            save(machine, in_use, True)
            if cold[at + 4] != NONE:
                machine.move(T_I32, integers[2], cold[at + 4])
                machine.zero_extend(integers[2])
            else:
                machine.constant(T_I64, integers[2], cold[at + 5], 0, False)
            machine.load(T_I32, integers[1], context, self.frame.tables.type_ids + 4 * cold[at + 7])
            machine.move(T_I64, integers[0], context)
            self.code.mark()
            machine.load(T_I64, self.convention.code, context, CONTEXT_BUILTINS)
            machine.call_memory(self.convention.code, 8 * cold[at + 6])
            save(machine, in_use, False)
            self.load_base(cold[at + 3])
            machine.jump_back(cold[at + 1])
            at += COLD_WORDS
        self.cold = vec[i64]()
