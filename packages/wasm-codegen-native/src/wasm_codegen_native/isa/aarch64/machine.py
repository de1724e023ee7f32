"""The driver's verbs in aarch64."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.aarch64.assembler import SHIFTED, SIZES, Assembler
from wasm_codegen_native.isa.aarch64.branches import CALL, JUMP, REACH, Branches, far
from wasm_codegen_native.isa.aarch64.encodings import (
    ADD,
    ADDS,
    ADR,
    BCOND,
    BL,
    BLR,
    BR,
    CMP,
    CMP_SP,
    CSEL,
    CSINC,
    EQ,
    FMOV,
    HI,
    HS,
    LDP,
    LDP_POP,
    LDR32,
    LDR64,
    LO,
    LT,
    MOV,
    NE,
    RET,
    STP,
    STP_PUSH,
    STR64,
    SUB,
    SUB_IMM,
    TST_IMM32,
    B,
)  # fmt: skip
from wasm_codegen_native.isa.aarch64.immediates import NONE, bitmask
from wasm_codegen_native.isa.aarch64.notation import D, X
from wasm_codegen_native.isa.aarch64.registers import SAVED, SCRATCH, SP, X0, X1, X16, X17, X29, X30, ZR
from wasm_codegen_native.isa.aarch64.vector_encodings import MOV_V
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, T_V128, Machine
from wasm_codegen_native.register_sets import numbers
from wasm_environ.libcalls import INDEX
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_STORE, FUNC_REF_CODE, FUNC_REF_CONTEXT, STORE_FUEL

TRAP: Final[i64] = INDEX["trap"]
RELATIONS: Final[bytes] = bytes((NE, HI, HS))  # by DIFFERS, EXCEEDS, REACHES


@final
class Arm64Machine(Machine):
    """See `Machine`."""

    def __init__(self, asm: Assembler) -> None:
        super().__init__()
        self.frame_register = X29
        self.stack_register = SP
        self.vector_scratch = SCRATCH
        self.red_zone = 0
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.branches: Branches = Branches(asm.code)
        self.saved_order: vec[i64] = numbers(SAVED)
        self.padding: i64 = 0  # bytes below the saved registers that keep the stack pointer aligned; `grow_frame` counts on them being there
        self.moved: bool = False  # whether the stack pointer is below the frame record

    # ---- moves
    def move(self, type: i64, to: i64, source: i64) -> None:
        if type == T_V128:
            self.asm.r3(MOV_V, to, source, source)
        elif type >= T_F32:
            self.asm.r2(FMOV | D if type == T_F64 else FMOV, to, source)
        elif type == T_I32:
            self.asm.move(MOV, to, source)
        elif to != source:
            if to == SP or source == SP:
                self.asm.add(to, source, 0)
            else:
                self.asm.move(MOV | X, to, source)

    def exchange(self, type: i64, a: i64, b: i64) -> None:
        scratch: i64 = SCRATCH if type >= T_F32 else X16
        kind: i64 = T_V128 if type >= T_F32 else T_I64
        self.move(kind, scratch, a)
        self.move(kind, a, b)
        self.move(kind, b, scratch)

    def constant(self, type: i64, to: i64, low: i64, high: i64, keep_flags: bool) -> None:
        if type >= T_F32:
            self.asm.float_number(type, to, low, high)
        else:
            self.asm.number(to, low, type == T_I64)

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        self.asm.load(type, to, base, disp)

    def load_indexed(self, type: i64, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        row: i64 = LDR64 if type == T_I64 else LDR32
        size: i64 = SIZES[type]
        if disp == 0 and (scale == 0 or scale == size):
            self.asm.indexed(row, to, base, index, SHIFTED if scale != 0 else 0)
        else:
            self.asm.r3(ADD | X | scale << 10, X17, base, index)
            self.asm.memory(row, size, to, X17, disp)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        self.asm.store(type, source, base, disp)

    def store_constant(self, type: i64, base: i64, disp: i64, low: i64, high: i64) -> bool:
        if low != 0 or type == T_V128:
            return False
        self.asm.store(T_I64 if type == T_I64 or type == T_F64 else T_I32, ZR, base, disp)
        return True

    def add_address(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.add(to, base, disp)

    def add_unsigned(self, type: i64, to: i64, other: i64) -> i64:
        self.asm.r3(ADDS | X if type == T_I64 else ADDS, to, to, other)
        return HS

    # ---- comparisons
    def compares(self, relation: i64, type: i64, register: i64, base: i64, disp: i64) -> i64:
        self.asm.load(type, X17, base, disp)
        self.asm.compare(CMP | X if type == T_I64 else CMP, register, X17)
        condition: i64 = RELATIONS[relation]
        return condition

    def equals(self, a: i64, b: i64) -> i64:
        self.asm.compare(CMP, a, b)
        return EQ

    def equals_indexed(self, register: i64, base: i64, index: i64, disp: i64) -> i64:
        self.load_indexed(T_I32, X17, base, index, 0, disp)
        return self.equals(register, X17)

    def set_condition(self, condition: i64, to: i64) -> None:
        self.asm.choose(CSINC, to, ZR, ZR, condition ^ 1)

    def move_if(self, condition: i64, type: i64, to: i64, source: i64) -> None:
        self.asm.choose(CSEL | X, to, source, to, condition)

    def test(self, type: i64, register: i64) -> i64:
        self.asm.compare_number(register, 0, X if type == T_I64 else 0)
        return NE

    def test_low_bits(self, register: i64, mask: i64) -> i64:
        self.code.word(TST_IMM32 | bitmask(mask, False) << 10 | register << 5)
        return NE

    # ---- jumps
    def here(self) -> i64:
        return self.code.here()

    def skip(self, condition: i64) -> i64:
        return self.asm.skip(condition)

    def land(self, skip: i64) -> None:
        self.asm.land(skip)

    def jump(self, chain: i64) -> i64:
        return self.branches.add(JUMP, chain)

    def branch(self, condition: i64, chain: i64) -> i64:
        return self.branches.add(condition, chain)

    def jump_back(self, target: i64) -> None:
        self.code.word(B | far(target - self.code.here()))

    def branch_back(self, condition: i64, target: i64) -> None:
        distance = target - self.code.here()
        if distance >= -REACH:
            self.code.word(BCOND | condition | (distance >> 2 & 0x7FFFF) << 5)
        else:
            over = self.asm.skip(condition ^ 1)
            self.jump_back(target)
            self.asm.land(over)

    def bind(self, chain: i64) -> None:
        self.branches.bind(chain)

    def attend(self) -> None:
        self.branches.attend(0)

    def jump_table(self, index: i64, scratch: i64, count: i64) -> i64:
        asm = self.asm
        self.branches.attend(4 * count)
        asm.number(scratch, count, False)
        asm.compare(CMP, index, scratch)
        asm.choose(CSEL, scratch, index, scratch, LO)
        asm.r1(ADR | 3 << 5, index)  # the table is three instructions further
        asm.r3(ADD | X | 2 << 10, index, index, scratch)
        self.code.word(BR | index << 5)
        table = self.code.here()
        k: i64 = 0
        while k <= count:
            self.code.word(B)
            k += 1
        return table

    def fill_table(self, handle: i64, entry: i64, target: i64) -> None:
        at = handle + 4 * entry
        self.code.patch(at, B | far(target - at))

    # ---- calls and frames
    def call_function(self, index: i64) -> None:
        self.code.refer_function(self.code.here(), index)
        self.code.word(BL)

    def call_register(self, register: i64) -> None:
        self.code.word(BLR | register << 5)

    def call_memory(self, base: i64, disp: i64) -> None:
        self.asm.load(T_I64, X16, base, disp)
        self.call_register(X16)

    def jump_function(self, index: i64) -> None:
        self.code.refer_function(self.code.here(), index)
        self.code.word(B)

    def jump_register(self, register: i64) -> None:
        self.code.word(BR | register << 5)

    def enter(self, saved: i64) -> None:
        self.branches.begin()
        self.asm.pair(STP_PUSH, X29, X30, SP, -16)
        self.asm.add(X29, SP, 0)
        size: i64 = 0
        i: i64 = 0
        while i < len(self.saved_order):
            if (saved & shl(1, self.saved_order[i])) != 0:
                size += 8
            i += 1
        self.padding = size & 8
        self.moved = size > 0
        if size > 0:
            self.asm.add(SP, SP, -(size + self.padding))
        self.each_saved(saved, STP, STR64)

    def each_saved(self, saved: i64, pair: i64, single: i64) -> None:
        """Store or load the saved registers, two at a time, downwards from the frame record."""
        waiting: i64 = -1
        disp: i64 = 0
        i: i64 = 0
        while i < len(self.saved_order):
            register = self.saved_order[i]
            if (saved & shl(1, register)) != 0:
                disp -= 8
                if waiting < 0:
                    waiting = register
                else:
                    self.asm.pair(pair, register, waiting, X29, disp)
                    waiting = -1
            i += 1
        if waiting >= 0:
            self.asm.memory(single, 3, waiting, X29, disp)

    def grow_frame(self, size: i64) -> None:
        if size > 0:
            size -= self.padding
            self.padding = 0
            if size > 0:
                self.moved = True
                self.asm.add(SP, SP, -size)

    def shrink_frame(self, size: i64) -> None:
        self.asm.add(SP, SP, size)

    def check_stack(self, context: i64, size: i64, store_offset: i64) -> i64:
        self.asm.load(T_I64, X17, context, CONTEXT_STORE)
        self.asm.load(T_I64, X17, X17, store_offset)
        if size > 1024:
            self.asm.add(X17, X17, size)
        self.asm.move(CMP_SP, 0, X17)
        return LO

    def leave(self, saved: i64) -> None:
        self.each_saved(saved, LDP, LDR64)
        if self.moved:
            self.asm.add(SP, X29, 0)
        self.asm.pair(LDP_POP, X29, X30, SP, 16)

    def ret(self) -> None:
        self.code.word(RET)

    def load_code_and_context(self, pointer: i64, context: i64) -> None:
        self.asm.load(T_I64, context, pointer, FUNC_REF_CONTEXT)
        self.asm.load(T_I64, pointer, pointer, FUNC_REF_CODE)

    def trap_stub(self, code: i64, chain: i64) -> i64:
        self.asm.number(X1, code, False)
        return self.branches.add(CALL, chain)

    def trap_end(self, context: i64) -> None:
        self.move(T_I64, X0, context)
        self.asm.load(T_I64, X16, X0, CONTEXT_BUILTINS)
        self.asm.load(T_I64, X16, X16, 8 * TRAP)
        self.jump_register(X16)

    def use_fuel(self, context: i64, scratch: i64, amount: i64) -> None:
        self.asm.load(T_I64, scratch, context, CONTEXT_STORE)
        self.asm.load(T_I64, X17, scratch, STORE_FUEL)
        if amount < 0x1000:
            self.code.word(SUB_IMM | X | X17 | X17 << 5 | amount << 10)
        else:
            self.asm.number(X16, amount, True)
            self.asm.r3(SUB | X, X17, X17, X16)
        self.asm.store(T_I64, X17, scratch, STORE_FUEL)

    def fuel_empty(self, context: i64, scratch: i64) -> i64:
        self.asm.load(T_I64, scratch, context, CONTEXT_STORE)
        self.asm.load(T_I64, scratch, scratch, STORE_FUEL)
        self.asm.compare_number(scratch, 0, X)
        return LT

    # ---- rows
    def holds(self, number: i64, value: i64) -> bool:
        return bitmask(value, number == 1) != NONE
