"""The verbs of garbage-collected objects in x86-64."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ADD,
    ALU_ADD,
    ALU_AND,
    ALU_CMP,
    ALU_OR,
    ALU_SUB,
    CC_A,
    CC_E,
    CC_NE,
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
    SAR_IMM,
    SHL_IMM,
    SHR_IMM,
    TEST,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.machine import T_F32, T_I64, Machine
from wasm_codegen_native.storages import EIGHTHS, LOG2S, TYPES
from wasm_environ.heap_layout import ARRAY_ELEMENTS

REPEATING: Final[vec[i64]] = vec[i64](EIGHTHS)
# By storage. Columns: zero-extending load, sign-extending load, store, store of an immediate (0: none), bytes of that.
# fmt: off
ROWS: Final = (
    (MOVZX8,       MOVSX8,       MOV_STORE8,    MOV_IMM8,    1),
    (MOVZX16,      MOVSX16,      MOV_STORE16,   MOV_IMM16,   2),
    (MOV_LOAD,     MOV_LOAD,     MOV_STORE,     MOV_IMM,     4),
    (MOV_LOAD | W, MOV_LOAD | W, MOV_STORE | W, MOV_IMM | W, 4),
    (MOVSS_LOAD,   MOVSS_LOAD,   MOVSS_STORE,   MOV_IMM,     4),
    (MOVSD_LOAD,   MOVSD_LOAD,   MOVSD_STORE,   MOV_IMM | W, 4),
    (MOVUPS_LOAD,  MOVUPS_LOAD,  MOVUPS_STORE,  0,           0),
    (MOV_LOAD,     MOV_LOAD,     MOV_STORE,     MOV_IMM,     4),
    (MOV_LOAD | W, MOV_LOAD | W, MOV_STORE | W, MOV_IMM | W, 4),
)
# fmt: on
LOADS: Final[vec[i64]] = vec[i64]([row[0] for row in ROWS])
SIGNED_LOADS: Final[vec[i64]] = vec[i64]([row[1] for row in ROWS])
STORES: Final[vec[i64]] = vec[i64]([row[2] for row in ROWS])
IMMEDIATES: Final[vec[i64]] = vec[i64]([row[3] for row in ROWS])
IMMEDIATE_SIZES: Final = bytes([row[4] for row in ROWS])


@final
class X86Fields(Fields):
    """See `Fields`."""

    def __init__(self, asm: Assembler, machine: Machine) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.machine: Machine = machine

    def load_field(self, storage: i64, signed: bool, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        row: i64 = SIGNED_LOADS[storage] if signed else LOADS[storage]
        if TYPES[storage] >= T_F32:
            self.asm.v2x(row, to, base, index, scale, disp)
        else:
            self.asm.rx(row, to, base, index, scale, disp)

    def store_field(self, storage: i64, source: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        if TYPES[storage] >= T_F32:
            self.asm.v2x(STORES[storage], source, base, index, scale, disp)
        else:
            self.asm.rx(STORES[storage], source, base, index, scale, disp)

    def store_field_constant(self, storage: i64, low: i64, base: i64, index: i64, scale: i64, disp: i64) -> bool:
        size: i64 = IMMEDIATE_SIZES[storage]
        if size == 0 or (LOG2S[storage] > 2 and (low < -0x80000000 or low > 0x7FFFFFFF)):
            return False
        self.asm.rx(IMMEDIATES[storage], 0, base, index, scale, disp)
        if size == 4:
            self.code.word(low)
        elif size == 2:
            self.code.half(low)
        else:
            self.code.byte(low)
        return True

    def fill_elements(self, storage: i64, source: i64, base: i64, object: i64, n: i64, temporary: i64, pointer: i64) -> None:
        asm = self.asm
        log2: i64 = LOG2S[storage]
        if log2 < 3:
            if TYPES[storage] == T_F32:
                asm.v2(MOVD_FROM, source, temporary)
            source = temporary
            asm.rr(MOVZX8 if log2 == 0 else MOVZX16 if log2 == 1 else MOV_LOAD, source, source)
            self.machine.constant(T_I64, pointer, REPEATING[log2], 0, False)
            asm.rr(IMUL | W, source, pointer)
            asm.alu_immediate(ALU_ADD, 0, n, shl(1, 3 - log2) - 1)  # no carry: the array has less than 2**32 bytes
            asm.rr(SHR_IMM, 0, n)
            self.code.byte(3 - log2)
        asm.rx(LEA | W, pointer, base, object, 0, ARRAY_ELEMENTS)
        asm.rr(TEST, n, n)
        done = asm.skip(CC_E)
        top = self.code.here()
        if log2 < 3:
            asm.rm(MOV_STORE | W, source, pointer, 0)
        elif TYPES[storage] >= T_F32:
            asm.v2m_plain(STORES[storage], source, pointer, 0)
        else:
            asm.rm(STORES[storage], source, pointer, 0)
        asm.alu_immediate(ALU_ADD, W, pointer, shl(1, log2) if log2 > 3 else 8)
        asm.alu_immediate(ALU_SUB, 0, n, 1)
        self.machine.branch_back(CC_NE, top)
        asm.land(done)

    def array_size(self, to: i64, length: i64, log2: i64, more: i64) -> None:
        self.asm.rr(MOV_LOAD, to, length)
        if log2 != 0:
            self.shift_left(to, log2)
        self.asm.alu_immediate(ALU_ADD, W, to, more)
        self.asm.alu_immediate(ALU_AND, W, to, -8)

    def exceeds(self, register: i64, number: i64) -> i64:
        self.asm.alu_immediate(ALU_CMP, W, register, number)
        return CC_A

    def add_registers(self, to: i64, a: i64, b: i64) -> None:
        self.asm.rx(LEA | W, to, a, b, 0, 0)

    def add_memory(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.rm(ADD | W, to, base, disp)

    def add_to_memory(self, base: i64, disp: i64, amount: i64) -> None:
        self.asm.alu_memory(ALU_ADD, W, base, disp, amount)

    def shift_left(self, register: i64, count: i64) -> None:
        self.asm.rr(SHL_IMM | W, 0, register)
        self.code.byte(count)

    def tag(self, register: i64) -> None:
        self.asm.rr(SHL_IMM, 0, register)
        self.code.byte(1)
        self.asm.alu_immediate(ALU_OR, 0, register, 1)

    def untag(self, register: i64, signed: bool) -> None:
        self.asm.rr(SAR_IMM if signed else SHR_IMM, 0, register)
        self.code.byte(1)

    def masked(self, to: i64, register: i64, mask: i64) -> None:
        self.asm.rr(MOV_LOAD, to, register)
        self.asm.alu_immediate(ALU_AND, 0, to, mask)

    def equals_number(self, register: i64, number: i64) -> i64:
        self.asm.alu_immediate(ALU_CMP, 0, register, number)
        return CC_E
