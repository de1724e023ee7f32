"""The verbs of garbage-collected objects in s390x. Objects have the machine's byte order, v128s in them excepted."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.isa.s390x.assembler import FAR, FIRST_HIGH, LOADS, NEAR, STORES, VECTOR_LOADS, VECTOR_STORES, Assembler
from wasm_codegen_native.isa.s390x.encodings import (
    AGFI,
    AGR,
    AGRK,
    AHI,
    ALGR,
    CHI,
    CLGFI,
    CLGR,
    EQUAL,
    HIGH,
    LAY,
    LG,
    LGB,
    LGH,
    LGR,
    LLGC,
    LLGCR,
    LLGF,
    LLGFR,
    LLGH,
    LLGHR,
    LTR,
    MSGR,
    NILL,
    NOT_EQUAL,
    OILF,
    RISBGN_LEFT,
    RISBGN_MASK,
    SLLG_COUNT,
    SRA_COUNT,
    SRLG_COUNT,
    STCY,
    STG,
    STHY,
    STY,
    VLGVF,
)  # fmt: skip
from wasm_codegen_native.isa.s390x.immediates import run_of_ones
from wasm_codegen_native.isa.s390x.instructions import LEFT, number_bits
from wasm_codegen_native.isa.s390x.registers import R0, R14
from wasm_codegen_native.machine import T_F32, T_I64, T_V128, Machine
from wasm_codegen_native.storages import EIGHTHS, LOG2S, TYPES
from wasm_environ.heap_layout import ARRAY_ELEMENTS

REPEATING: Final[vec[i64]] = vec[i64](EIGHTHS)
CLEARS: Final[vec[i64]] = vec[i64]([LLGCR, LLGHR, LLGFR])  # what lies above a value, by log2 of its size
# By storage. Columns: zero-extending load, sign-extending load, store, all of a general register; floats and vectors have `assembler`'s.
# fmt: off
ROWS: Final = (
    (LLGC, LGB,  STCY),
    (LLGH, LGH,  STHY),
    (LLGF, LLGF, STY),
    (LG,   LG,   STG),
    (0,    0,    STY),
    (0,    0,    STG),
    (0,    0,    0),
    (LLGF, LLGF, STY),
    (LG,   LG,   STG),
)
# fmt: on
FIELD_LOADS: Final[vec[i64]] = vec[i64]([row[0] for row in ROWS])
SIGNED_LOADS: Final[vec[i64]] = vec[i64]([row[1] for row in ROWS])
FIELD_STORES: Final[vec[i64]] = vec[i64]([row[2] for row in ROWS])


@final
class S390xFields(Fields):
    """See `Fields`. Addresses are formed in r14."""

    def __init__(self, asm: Assembler, machine: Machine) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.machine: Machine = machine

    def access(self, row: i64, vector: bool, register: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """A load or store of a field."""
        asm = self.asm
        if scale != 0:
            asm.shift(SLLG_COUNT, R14, index, 0, scale)
            index = R14
        if disp < 0 or disp >= (NEAR if vector else FAR):
            if index == R14:
                asm.long(AGFI, R14, disp)
            else:
                asm.number(R14, disp)
                asm.two(ALGR, R14, index)
            index = R14
            disp = 0
        if vector:
            asm.vector_address(row, register, index, base, disp)
        else:
            asm.address(row, register, index, base, disp)

    def load_field(self, storage: i64, signed: bool, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        type: i64 = TYPES[storage]
        if type >= T_F32:
            vector = type == T_V128 or to >= FIRST_HIGH
            self.access(VECTOR_LOADS[type] if vector else LOADS[type], vector, to, base, index, scale, disp)
        elif signed:
            self.access(SIGNED_LOADS[storage], False, to, base, index, scale, disp)
            self.asm.two(LLGFR, to, to)
        else:
            self.access(FIELD_LOADS[storage], False, to, base, index, scale, disp)

    def store_field(self, storage: i64, source: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        type: i64 = TYPES[storage]
        if type >= T_F32:
            vector = type == T_V128 or source >= FIRST_HIGH
            self.access(VECTOR_STORES[type] if vector else STORES[type], vector, source, base, index, scale, disp)
        else:
            self.access(FIELD_STORES[storage], False, source, base, index, scale, disp)

    def store_field_constant(self, storage: i64, low: i64, base: i64, index: i64, scale: i64, disp: i64) -> bool:
        row = FIELD_STORES[storage]
        if row == 0:
            return False
        self.asm.number(R0, low)
        self.access(row, False, R0, base, index, scale, disp)
        return True

    def fill_elements(self, storage: i64, source: i64, base: i64, object: i64, n: i64, temporary: i64, pointer: i64) -> None:
        asm = self.asm
        log2: i64 = LOG2S[storage]
        type: i64 = TYPES[storage]
        size: i64 = log2
        if log2 < 3:
            if type == T_F32:
                asm.extract(VLGVF, temporary, source)
            asm.two(CLEARS[log2], temporary, temporary)
            asm.number(pointer, REPEATING[log2])
            asm.two(MSGR, temporary, pointer)
            source = temporary
            type = T_I64
            size = 3
            asm.short(AHI, n, shl(1, 3 - log2) - 1)  # no carry: the array has less than 2**32 bytes
            asm.shift(SRLG_COUNT, n, n, 0, 3 - log2)
        asm.address(LAY, pointer, object, base, ARRAY_ELEMENTS)
        asm.two(LTR, n, n)
        done = asm.skip(EQUAL)
        top = self.code.here()
        asm.store(type, source, pointer, 0)
        asm.add(pointer, pointer, shl(1, size))
        asm.short(AHI, n, -1)
        self.machine.branch_back(NOT_EQUAL, top)
        asm.land(done)

    def array_size(self, to: i64, length: i64, log2: i64, more: i64) -> None:
        if log2 != 0:
            self.asm.shift(SLLG_COUNT, to, length, 0, log2)
        else:
            self.asm.two(LGR, to, length)
        self.asm.add(to, to, more)
        self.asm.short(NILL, to, 0xFFF8)

    def exceeds(self, register: i64, number: i64) -> i64:
        if number >= 0 and number < 0x100000000:
            self.asm.long(CLGFI, register, number)
        else:
            self.asm.number(R14, number)
            self.asm.two(CLGR, register, R14)
        return HIGH

    def add_registers(self, to: i64, a: i64, b: i64) -> None:
        self.asm.three(AGRK, to, a, b)

    def add_memory(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.load(T_I64, R14, base, disp)
        self.asm.two(AGR, to, R14)

    def add_to_memory(self, base: i64, disp: i64, amount: i64) -> None:
        self.asm.load(T_I64, R14, base, disp)
        self.asm.long(AGFI, R14, amount)
        self.asm.store(T_I64, R14, base, disp)

    def shift_left(self, register: i64, count: i64) -> None:
        self.asm.shift(SLLG_COUNT, register, register, 0, count)

    def tag(self, register: i64) -> None:
        self.asm.emit(RISBGN_LEFT | (register & 15) << 36 | (register & 15) << 32 | number_bits(LEFT, 1) << 8)
        self.asm.long(OILF, register, 1)

    def untag(self, register: i64, signed: bool) -> None:
        if signed:
            self.asm.emit(SRA_COUNT | (register & 15) << 20 | 1)
        else:
            self.asm.shift(SRLG_COUNT, register, register, 0, 1)

    def masked(self, to: i64, register: i64, mask: i64) -> None:
        self.asm.emit(RISBGN_MASK | (to & 15) << 36 | (register & 15) << 32 | run_of_ones(mask) << 16)

    def equals_number(self, register: i64, number: i64) -> i64:
        self.asm.short(CHI, register, number)
        return EQUAL
