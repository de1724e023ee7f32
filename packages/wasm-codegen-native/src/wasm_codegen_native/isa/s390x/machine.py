"""The driver's verbs in s390x.

**The high half of an i32's register is zero**, as the driver has it: an i32 is an address, an index and an i64 without another instruction. Instructions of
32 bits leave the high half of what they write as it was. So rows use these only where the result's register is an operand's (whose high half is zero), use
instructions of 64 bits, or clear the high half; loads, moves and constants of an i32 clear it.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.s390x.assembler import FAR, Assembler
from wasm_codegen_native.isa.s390x.branches import Branches
from wasm_codegen_native.isa.s390x.encodings import (
    AGR,
    AGSI,
    ALGFI,
    ALGR,
    ALR,
    ALWAYS,
    BASR,
    BC,
    BCR,
    BRASL,
    BRCL,
    CARRY,
    CLG,
    CLGR,
    CLR,
    CLY,
    EQUAL,
    HIGH,
    HIGH_EQUAL,
    LARL,
    LAY,
    LG,
    LGHI,
    LGR,
    LLGF,
    LLGFR,
    LMG,
    LOCGHI,
    LOCGR,
    LOW,
    LTGR,
    LTR,
    NOT_EQUAL,
    SLLG_COUNT,
    STMG,
    TMLL,
    TRAP2,
    VLR,
    condition_mask,
)  # fmt: skip
from wasm_codegen_native.isa.s390x.immediates import NONE, run_of_ones
from wasm_codegen_native.isa.s390x.registers import R0, R1, R2, R3, R11, R14, R15, SAVE_AREA, SCRATCH
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, Machine
from wasm_environ.libcalls import INDEX
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_STORE, FUNC_REF_CODE, FUNC_REF_CONTEXT, STORE_FUEL

TRAP: Final[i64] = INDEX["trap"]
RELATIONS: Final[bytes] = bytes((NOT_EQUAL, HIGH, HIGH_EQUAL))  # by DIFFERS, EXCEEDS, REACHES
SAVED_PLACE: Final = 8  # register n is saved n times so far above the stack pointer of the caller
ENTRY: Final = 8  # bytes of a jump table's entry, of which a jump is six
NO_FRAME: Final = -1


@final
class S390xMachine(Machine):
    """See `Machine`.

    A frame, as the ABI has it, and what the driver's displacements count from:

        the caller's stack pointer + 16 to 127   registers saved by this function, in the caller's frame
        `top` above r11                          the end of this function's frame plus 8 bytes a saved register: where the driver's displacements are 0
        r15 + 160                                what is passed on to callees: `Machine.stack_register`
        r15 (r11, unless a cold path is taken)   back chain: the caller's stack pointer
    """

    def __init__(self, asm: Assembler) -> None:
        super().__init__()
        self.frame_register = R11
        self.stack_register = R15
        self.vector_scratch = SCRATCH
        self.low_half = 4
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.branches: Branches = Branches(asm)
        self.first_saved: i64 = R11  # registers from here on are saved
        self.size: i64 = NO_FRAME  # of the frame at r11; NO_FRAME before the stack pointer has moved
        self.top: i64 = 0
        self.prologue: bool = False  # whether r11 is to point to the frame that is made next

    def place(self, base: i64, disp: i64) -> i64:
        """The displacement from the register itself."""
        if base == R11:
            return disp + self.top
        if base == R15:
            return disp + SAVE_AREA
        return disp

    # ---- moves
    def move(self, type: i64, to: i64, source: i64) -> None:
        if type >= T_F32:
            self.asm.vector(VLR, to, source, 0)
        elif type == T_I32:
            self.asm.two(LLGFR, to, source)
        elif to != source:
            if source == R15:
                self.asm.add(to, R15, SAVE_AREA)
            else:
                self.asm.two(LGR, to, source)

    def exchange(self, type: i64, a: i64, b: i64) -> None:
        scratch: i64 = SCRATCH if type >= T_F32 else R0
        kind: i64 = T_F64 if type >= T_F32 else T_I64
        self.move(kind, scratch, a)
        self.move(kind, a, b)
        self.move(kind, b, scratch)

    def constant(self, type: i64, to: i64, low: i64, high: i64, keep_flags: bool) -> None:
        if type >= T_F32:
            self.asm.float_number(type, to, low, high)
        else:
            self.asm.number(to, low & 0xFFFFFFFF if type == T_I32 else low)

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        self.asm.load(type, to, base, self.place(base, disp))

    def load_indexed(self, type: i64, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        if scale != 0:
            self.asm.shift(SLLG_COUNT, R14, index, 0, scale)
            index = R14
        assert disp >= -FAR
        assert disp < FAR
        self.asm.address(LLGF if type == T_I32 else LG, to, index, base, disp)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        self.asm.store(type, source, base, self.place(base, disp))

    def store_constant(self, type: i64, base: i64, disp: i64, low: i64, high: i64) -> bool:
        if type >= T_F32:
            return False
        self.constant(type, R0, low, high, True)
        self.store(type, R0, base, disp)
        return True

    def add_address(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.add(to, base, self.place(base, disp))

    def add_unsigned(self, type: i64, to: i64, other: i64) -> i64:
        self.asm.two(ALGR if type == T_I64 else ALR, to, other)
        return CARRY

    # ---- comparisons
    def compares(self, relation: i64, type: i64, register: i64, base: i64, disp: i64) -> i64:
        disp = self.place(base, disp)
        index = self.asm.reach(base, disp, FAR)
        if index != R0:
            disp = 0
        self.asm.address(CLG if type == T_I64 else CLY, register, index, base, disp)
        condition: i64 = RELATIONS[relation]
        return condition

    def equals(self, a: i64, b: i64) -> i64:
        self.asm.two(CLR, a, b)
        return EQUAL

    def equals_indexed(self, register: i64, base: i64, index: i64, disp: i64) -> i64:
        self.asm.address(CLY, register, index, base, disp)
        return EQUAL

    def set_condition(self, condition: i64, to: i64) -> None:
        self.asm.short(LGHI, to, 0)
        self.asm.emit(LOCGHI | (to & 15) << 36 | condition_mask(condition) << 32 | 1 << 16)

    def move_if(self, condition: i64, type: i64, to: i64, source: i64) -> None:
        self.asm.three(LOCGR, to, source, condition_mask(condition))

    def test(self, type: i64, register: i64) -> i64:
        self.asm.two(LTGR if type == T_I64 else LTR, register, register)
        return NOT_EQUAL

    def test_low_bits(self, register: i64, mask: i64) -> i64:
        self.asm.short(TMLL, register, mask)
        return NOT_EQUAL

    # ---- jumps
    def here(self) -> i64:
        return self.code.here()

    def skip(self, condition: i64) -> i64:
        return self.asm.skip(condition)

    def land(self, skip: i64) -> None:
        self.asm.land(skip)

    def jump(self, chain: i64) -> i64:
        return self.branches.add(ALWAYS, chain)

    def branch(self, condition: i64, chain: i64) -> i64:
        return self.branches.add(condition, chain)

    def jump_back(self, target: i64) -> None:
        self.branches.back(ALWAYS, target)

    def branch_back(self, condition: i64, target: i64) -> None:
        self.branches.back(condition, target)

    def bind(self, chain: i64) -> None:
        self.branches.bind(chain)

    def jump_table(self, index: i64, scratch: i64, count: i64) -> i64:
        asm = self.asm
        asm.number(scratch, count)
        asm.two(CLR, index, scratch)
        asm.three(LOCGR, index, scratch, condition_mask(HIGH))
        asm.shift(SLLG_COUNT, index, index, 0, 3)
        table = self.code.here()
        asm.long(LARL, scratch, 0)
        asm.emit(BC | 15 << 20 | (index & 15) << 16 | (scratch & 15) << 12)
        asm.aim(table, self.code.here())
        table = self.code.here()
        k: i64 = 0
        while k <= count:
            asm.long(BRCL, 15, 0)
            asm.emit(TRAP2)
            k += 1
        return table

    def fill_table(self, handle: i64, entry: i64, target: i64) -> None:
        self.asm.aim(handle + ENTRY * entry, target)

    # ---- calls and frames
    def call_function(self, index: i64) -> None:
        self.code.refer_function(self.code.here() + 2, index)
        self.asm.long(BRASL, R14, 0)

    def call_register(self, register: i64) -> None:
        self.asm.two(BASR, R14, register)

    def call_memory(self, base: i64, disp: i64) -> None:
        self.load(T_I64, R14, base, disp)
        self.call_register(R14)

    def jump_function(self, index: i64) -> None:
        self.code.refer_function(self.code.here() + 2, index)
        self.asm.long(BRCL, 15, 0)

    def jump_register(self, register: i64) -> None:
        self.asm.two(BCR, 15, register)

    def enter(self, saved: i64) -> None:
        first: i64 = R11
        self.top = 0
        r: i64 = 0
        while r < R15:
            if (saved & shl(1, r)) != 0:
                if r < first:
                    first = r
                self.top += 8
            r += 1
        self.first_saved = first
        self.size = NO_FRAME
        self.prologue = True
        self.asm.many(STMG, first, R15, R15, SAVED_PLACE * first)

    def grow_frame(self, size: i64) -> None:
        """In a prologue, which asks once, or again behind a check of a large frame, r11 goes down as well."""
        if self.size == NO_FRAME:
            size += SAVE_AREA
            self.size = 0
            self.asm.two(LGR, R14, R15)
        else:
            self.asm.load(T_I64, R14, R15, 0)
        self.lower_stack(size)
        if self.prologue:
            self.size += size
            self.top += size
            self.asm.two(LGR, R11, R15)
        self.prologue = False

    def lower_stack(self, size: i64) -> None:
        """The stack pointer goes down; the back chain is in r14."""
        if size <= FAR:
            self.asm.address(LAY, R15, 0, R15, -size)
        else:
            self.asm.number(R0, -size)
            self.asm.two(AGR, R15, R0)
        self.asm.store(T_I64, R14, R15, 0)

    def shrink_frame(self, size: i64) -> None:
        self.asm.add(R15, R15, size)

    def check_stack(self, context: i64, size: i64, store_offset: i64) -> i64:
        self.asm.load(T_I64, R14, context, CONTEXT_STORE)
        if size <= 1024:
            self.asm.address(CLG, R15, 0, R14, store_offset)
        else:
            self.asm.load(T_I64, R14, R14, store_offset)
            self.asm.long(ALGFI, R14, size)
            self.asm.two(CLGR, R15, R14)
        self.prologue = size > 0  # the rest of the frame comes next
        return LOW

    def leave(self, saved: i64) -> None:
        disp = self.size + SAVED_PLACE * self.first_saved
        base: i64 = R11
        if disp >= FAR:
            self.asm.add(R14, R11, self.size)
            base = R14
            disp -= self.size
        self.asm.many(LMG, self.first_saved, R15, base, disp)

    def ret(self) -> None:
        self.jump_register(R14)

    def load_code_and_context(self, pointer: i64, context: i64) -> None:
        self.asm.load(T_I64, context, pointer, FUNC_REF_CONTEXT)
        self.asm.load(T_I64, pointer, pointer, FUNC_REF_CODE)

    def trap_stub(self, code: i64, chain: i64) -> i64:
        self.asm.number(R3, code)
        return self.branches.call(chain)

    def trap_end(self, context: i64) -> None:
        self.move(T_I64, R2, context)
        self.asm.load(T_I64, R1, R2, CONTEXT_BUILTINS)
        self.asm.load(T_I64, R1, R1, 8 * TRAP)
        self.jump_register(R1)

    def use_fuel(self, context: i64, scratch: i64, amount: i64) -> None:
        self.asm.load(T_I64, scratch, context, CONTEXT_STORE)
        if amount <= 128:
            self.asm.emit(AGSI | (-amount & 0xFF) << 32 | (scratch & 15) << 28 | (STORE_FUEL & 0xFFF) << 16 | (STORE_FUEL >> 12) << 8)
        else:
            self.asm.number(R0, -amount)
            self.asm.load(T_I64, R14, scratch, STORE_FUEL)
            self.asm.two(AGR, R14, R0)
            self.asm.store(T_I64, R14, scratch, STORE_FUEL)

    def fuel_empty(self, context: i64, scratch: i64) -> i64:
        self.asm.load(T_I64, scratch, context, CONTEXT_STORE)
        self.asm.load(T_I64, scratch, scratch, STORE_FUEL)
        self.test(T_I64, scratch)
        return LOW

    # ---- rows
    def holds(self, number: i64, value: i64) -> bool:
        return run_of_ones(value) != NONE
