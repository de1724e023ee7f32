"""The verbs of garbage-collected objects in aarch64."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.encodings import (
    ADD,
    AND_IMM32,
    AND_IMM64,
    ASR_IMM32,
    CMP,
    EQ,
    FMOV_WS,
    HI,
    LDR32,
    LDR64,
    LDR_D,
    LDR_Q,
    LDR_S,
    LDRB,
    LDRH,
    LDRSB32,
    LDRSH32,
    LSL_IMM64,
    LSR_IMM32,
    MUL,
    NE,
    ORR_IMM32,
    STR32,
    STR64,
    STR_D,
    STR_Q,
    STR_S,
    STRB,
    STRH,
    SUB_IMM,
)  # fmt: skip
from wasm_codegen_native.isa.aarch64.immediates import bitmask
from wasm_codegen_native.isa.aarch64.instructions import LEFT64, number_bits
from wasm_codegen_native.isa.aarch64.notation import X
from wasm_codegen_native.isa.aarch64.registers import X16, X17, ZR
from wasm_codegen_native.machine import T_F32, T_I64, Machine
from wasm_codegen_native.storages import EIGHTHS, LOG2S, TYPES
from wasm_environ.heap_layout import ARRAY_ELEMENTS

REPEATING: Final[vec[i64]] = vec[i64](EIGHTHS)
# By storage. Columns: zero-extending load, sign-extending load, store, store of zero bits from a general register (0: none).
# fmt: off
ROWS: Final = (
    (LDRB,  LDRSB32, STRB,  STRB),
    (LDRH,  LDRSH32, STRH,  STRH),
    (LDR32, LDR32,   STR32, STR32),
    (LDR64, LDR64,   STR64, STR64),
    (LDR_S, LDR_S,   STR_S, STR32),
    (LDR_D, LDR_D,   STR_D, STR64),
    (LDR_Q, LDR_Q,   STR_Q, 0),
    (LDR32, LDR32,   STR32, STR32),
    (LDR64, LDR64,   STR64, STR64),
)
# fmt: on
LOADS: Final[vec[i64]] = vec[i64]([row[0] for row in ROWS])
SIGNED_LOADS: Final[vec[i64]] = vec[i64]([row[1] for row in ROWS])
STORES: Final[vec[i64]] = vec[i64]([row[2] for row in ROWS])
ZEROS: Final[vec[i64]] = vec[i64]([row[3] for row in ROWS])


@final
class Arm64Fields(Fields):
    """See `Fields`. Addresses are formed in x17."""

    def __init__(self, asm: Assembler, machine: Machine) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.machine: Machine = machine

    def access(self, row: i64, storage: i64, register: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """A load or store of a field."""
        self.asm.r3(ADD | X | scale << 10, X17, base, index)
        self.asm.memory(row, LOG2S[storage], register, X17, disp)

    def load_field(self, storage: i64, signed: bool, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        self.access(SIGNED_LOADS[storage] if signed else LOADS[storage], storage, to, base, index, scale, disp)

    def store_field(self, storage: i64, source: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        self.access(STORES[storage], storage, source, base, index, scale, disp)

    def store_field_constant(self, storage: i64, low: i64, base: i64, index: i64, scale: i64, disp: i64) -> bool:
        row = ZEROS[storage]
        if row == 0 or low != 0:
            return False
        self.access(row, storage, ZR, base, index, scale, disp)
        return True

    def fill_elements(self, storage: i64, source: i64, base: i64, object: i64, n: i64, temporary: i64, pointer: i64) -> None:
        asm = self.asm
        log2: i64 = LOG2S[storage]
        row = STORES[storage]
        size: i64 = log2
        if log2 < 3:
            if TYPES[storage] == T_F32:
                asm.r2(FMOV_WS, temporary, source)
            self.repeat(log2, temporary, pointer)
            source = temporary
            row = STR64
            size = 3
            asm.add(n, n, shl(1, 3 - log2) - 1)  # no carry: the array has less than 2**32 bytes
            self.code.word(LSR_IMM32 | (3 - log2) << 16 | n << 5 | n)
        asm.r3(ADD | X, pointer, base, object)
        asm.add(pointer, pointer, ARRAY_ELEMENTS)
        asm.compare_number(n, 0, 0)
        done = asm.skip(EQ)
        top = self.code.here()
        asm.memory(row, size, source, pointer, 0)
        asm.add(pointer, pointer, shl(1, size))
        self.code.word(SUB_IMM | 1 << 10 | n << 5 | n)
        asm.compare_number(n, 0, 0)
        self.machine.branch_back(NE, top)
        asm.land(done)

    def repeat(self, log2: i64, register: i64, scratch: i64) -> None:
        """Every 1, 2 or 4 bytes of a register <- the lowest."""
        if log2 < 2:
            mask: i64 = 0xFF if log2 == 0 else 0xFFFF
            self.masked(register, register, mask)
        else:
            self.machine.move(0, register, register)  # 32 bits
        self.machine.constant(T_I64, scratch, REPEATING[log2], 0, False)
        self.asm.r3(MUL | X, register, register, scratch)

    def array_size(self, to: i64, length: i64, log2: i64, more: i64) -> None:
        self.asm.number(to, more, True)
        self.asm.r3(ADD | X | log2 << 10, to, to, length)
        self.code.word(AND_IMM64 | bitmask(-8, True) << 10 | to << 5 | to)

    def exceeds(self, register: i64, number: i64) -> i64:
        if number < 0x1000:
            self.asm.compare_number(register, number, X)
        else:
            self.asm.number(X16, number, True)
            self.asm.compare(CMP | X, register, X16)
        return HI

    def add_registers(self, to: i64, a: i64, b: i64) -> None:
        self.asm.r3(ADD | X, to, a, b)

    def add_memory(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.load(T_I64, X17, base, disp)
        self.asm.r3(ADD | X, to, to, X17)

    def add_to_memory(self, base: i64, disp: i64, amount: i64) -> None:
        self.asm.load(T_I64, X17, base, disp)
        self.asm.add(X17, X17, amount)
        self.asm.store(T_I64, X17, base, disp)

    def shift_left(self, register: i64, count: i64) -> None:
        self.asm.r2(LSL_IMM64 | number_bits(LEFT64, count), register, register)

    def tag(self, register: i64) -> None:
        self.asm.r3(ADD, register, register, register)
        self.asm.r2(ORR_IMM32 | bitmask(1, False) << 10, register, register)

    def untag(self, register: i64, signed: bool) -> None:
        self.asm.r2((ASR_IMM32 if signed else LSR_IMM32) | 1 << 16, register, register)

    def masked(self, to: i64, register: i64, mask: i64) -> None:
        self.asm.r2(AND_IMM32 | bitmask(mask, False) << 10, to, register)

    def equals_number(self, register: i64, number: i64) -> i64:
        self.asm.compare_number(register, number, 0)
        return EQ
