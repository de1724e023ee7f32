"""The driver's verbs in x86-64."""

from __future__ import annotations

from typing import Final, final

from librt.strings import write_i32_le
from librt.vecs import append, vec
from mypy_extensions import i32, i64

from wasm_codegen_native.code import NO_CHAIN, Code, shl
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ADD,
    ALU_ADD,
    ALU_CMP,
    ALU_IMM8,
    ALU_SUB,
    CALL_REG,
    CC_A,
    CC_AE,
    CC_B,
    CC_E,
    CC_FLOAT_E,
    CC_FLOAT_NE,
    CC_L,
    CC_NE,
    CC_P,
    CMOVCC,
    CMP,
    JMP_REG,
    LEA,
    MOV_IMM,
    MOV_LOAD,
    MOV_STORE,
    MOVAPS,
    MOVSD_LOAD,
    MOVSD_STORE,
    MOVSS_LOAD,
    MOVSS_STORE,
    MOVSXD,
    MOVUPS_LOAD,
    MOVUPS_STORE,
    MOVZX8,
    SETCC,
    TEST,
    TEST_IMM,
    XCHG,
    XOR,
    XORPS,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import PUSHED, RAX, RBP, RDI, RSI, RSP, SCRATCH
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, Machine
from wasm_codegen_native.register_sets import numbers
from wasm_environ.libcalls import INDEX
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_STORE, FUNC_REF_CODE, FUNC_REF_CONTEXT, STORE_FUEL

FOUR_BYTE: Final = 0x7FFFFFFF
TRAP: Final[i64] = INDEX["trap"]
RELATIONS: Final[bytes] = bytes((CC_NE, CC_A, CC_AE))  # by DIFFERS, EXCEEDS, REACHES


@final
class X86Machine(Machine):
    """See `Machine`."""

    def __init__(self, asm: Assembler) -> None:
        super().__init__()
        self.frame_register = RBP
        self.stack_register = RSP
        self.vector_scratch = SCRATCH
        self.red_zone = 112  # System V ABI, AMD64, 3.2.2: 128, less what a trap's stub pushes
        self.grown: bool = False  # whether the function being compiled moved its stack pointer below the saved registers
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.saved_order: vec[i64] = numbers(PUSHED)
        self.table_bases: vec[i64] = vec[i64]()  # per jump table: rodata offset, code offset that entries count from

    # ---- moves
    def move(self, type: i64, to: i64, source: i64) -> None:
        if type >= T_F32:
            self.asm.v2(MOVAPS, to, source)
        elif type == T_I32:
            self.asm.rr(MOV_LOAD, to, source)
        else:
            if to != source:
                self.asm.rr(MOV_LOAD | W, to, source)

    def exchange(self, type: i64, a: i64, b: i64) -> None:
        if type >= T_F32:
            self.asm.v2(MOVAPS, SCRATCH, a)
            self.asm.v2(MOVAPS, a, b)
            self.asm.v2(MOVAPS, b, SCRATCH)
        else:
            self.asm.rr(XCHG | W, a, b)

    def constant(self, type: i64, to: i64, low: i64, high: i64, keep_flags: bool) -> None:
        if type >= T_F32:
            if low == 0 and (type < 4 or high == 0):
                self.asm.v3(XORPS, to, to, to)
            elif type == T_F32:
                self.asm.v3r(MOVSS_LOAD, to, to, self.code.constant(low, 0, 4))
            elif type == T_F64:
                self.asm.v3r(MOVSD_LOAD, to, to, self.code.constant(low, 0, 8))
            else:
                self.asm.v3r(MOVUPS_LOAD, to, to, self.code.constant(low, high, 16))
            return
        if type == T_I32:
            low &= 0xFFFFFFFF
        if low == 0 and not keep_flags:
            self.asm.rr(XOR, to, to)
        elif low >= -0x80000000 and low < 0:
            self.asm.rr(MOV_IMM | W, 0, to)
            self.code.word(low)
        else:
            self.asm.number(to, low)

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        if type == T_I64:
            self.asm.rm(MOV_LOAD | W, to, base, disp)
        elif type == T_I32:
            self.asm.rm(MOV_LOAD, to, base, disp)
        elif type == T_F32:
            self.asm.v2m_plain(MOVSS_LOAD, to, base, disp)
        elif type == T_F64:
            self.asm.v2m_plain(MOVSD_LOAD, to, base, disp)
        else:
            self.asm.v2m_plain(MOVUPS_LOAD, to, base, disp)

    def load_indexed(self, type: i64, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        self.asm.rx(MOV_LOAD | W if type == T_I64 else MOV_LOAD, to, base, index, scale, disp)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        if type == T_I64:
            self.asm.rm(MOV_STORE | W, source, base, disp)
        elif type == T_I32:
            self.asm.rm(MOV_STORE, source, base, disp)
        elif type == T_F32:
            self.asm.v2m_plain(MOVSS_STORE, source, base, disp)
        elif type == T_F64:
            self.asm.v2m_plain(MOVSD_STORE, source, base, disp)
        else:
            self.asm.v2m_plain(MOVUPS_STORE, source, base, disp)

    def store_constant(self, type: i64, base: i64, disp: i64, low: i64, high: i64) -> bool:
        if type == T_I32 or type == T_F32:
            self.asm.rm(MOV_IMM, 0, base, disp)
            self.code.word(low)
            return True
        if (type == T_I64 or type == T_F64) and low >= -0x80000000 and low <= FOUR_BYTE:
            self.asm.rm(MOV_IMM | W, 0, base, disp)
            self.code.word(low)
            return True
        return False

    def add_address(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.rm(LEA | W, to, base, disp)

    def add_unsigned(self, type: i64, to: i64, other: i64) -> i64:
        self.asm.rr(ADD | W if type == T_I64 else ADD, to, other)
        return CC_B

    # ---- comparisons
    def compares(self, relation: i64, type: i64, register: i64, base: i64, disp: i64) -> i64:
        self.asm.rm(CMP | W if type == T_I64 else CMP, register, base, disp)
        condition: i64 = RELATIONS[relation]
        return condition

    def equals(self, a: i64, b: i64) -> i64:
        self.asm.rr(CMP, a, b)
        return CC_E

    def equals_indexed(self, register: i64, base: i64, index: i64, disp: i64) -> i64:
        self.asm.rx(CMP, register, base, index, 0, disp)
        return CC_E

    def set_condition(self, condition: i64, to: i64) -> None:
        if condition >= CC_FLOAT_E:
            over = self.asm.skip(CC_P)
            self.asm.rr(SETCC | CC_E | condition & 1, 0, to)
            done = self.asm.skip(-1)
            self.asm.land(over)
            self.asm.rr(SETCC | CC_P | (condition & 1 ^ 1), 0, to)  # the parity flag is set here
            self.asm.land(done)
        else:
            self.asm.rr(SETCC | condition, 0, to)
        self.asm.rr(MOVZX8, to, to)

    def move_if(self, condition: i64, type: i64, to: i64, source: i64) -> None:
        self.asm.rr(CMOVCC | condition | (W if type == T_I64 else 0), to, source)

    # ---- jumps
    def here(self) -> i64:
        return self.code.here()

    def skip(self, condition: i64) -> i64:
        return self.asm.skip(condition)

    def land(self, skip: i64) -> None:
        self.asm.land(skip)

    def jump(self, chain: i64) -> i64:
        self.code.byte(0xE9)
        at = self.code.here()
        self.code.word(chain)
        return at

    def branch(self, condition: i64, chain: i64) -> i64:
        if condition >= CC_FLOAT_E:
            if condition == CC_FLOAT_NE:
                return self.branch(CC_NE, self.branch(CC_P, chain))
            over = self.asm.skip(CC_P)
            chain = self.branch(4, chain)
            self.asm.land(over)
            return chain
        self.code.byte(0x0F)
        self.code.byte(0x80 | condition)
        at = self.code.here()
        self.code.word(chain)
        return at

    def jump_back(self, target: i64) -> None:
        distance = target - self.code.here()
        if distance >= -126:
            self.code.byte(0xEB)
            self.code.byte(distance - 2)
        else:
            self.code.byte(0xE9)
            self.code.word(distance - 5)

    def branch_back(self, condition: i64, target: i64) -> None:
        if condition >= CC_FLOAT_E:
            if condition == CC_FLOAT_NE:
                self.branch_back(CC_P, target)
                self.branch_back(CC_NE, target)
            else:
                over = self.asm.skip(CC_P)
                self.branch_back(4, target)
                self.asm.land(over)
            return
        distance = target - self.code.here()
        if distance >= -126:
            self.code.byte(0x70 | condition)
            self.code.byte(distance - 2)
        else:
            self.code.byte(0x0F)
            self.code.byte(0x80 | condition)
            self.code.word(distance - 6)

    def bind(self, chain: i64) -> None:
        code = self.code
        here = code.here()
        while chain != NO_CHAIN:
            following = code.read(chain)
            code.patch(chain, here - chain - 4)
            chain = following

    def test(self, type: i64, register: i64) -> i64:
        if not self.code.flags_tell(type, register):
            self.asm.rr(TEST | W if type == T_I64 else TEST, register, register)
        return CC_NE

    def test_low_bits(self, register: i64, mask: i64) -> i64:
        self.asm.rr(TEST_IMM, 0, register)
        self.code.word(mask)
        return CC_NE

    def jump_table(self, index: i64, scratch: i64, count: i64) -> i64:
        code = self.code
        asm = self.asm
        self.constant(T_I32, scratch, count, 0, False)
        asm.rr(CMP, index, scratch)
        asm.rr(CMOVCC | CC_B, scratch, index)
        code.align_rodata(4)
        table: i64 = len(code.rodata)
        k: i64 = 0
        while k <= count:
            write_i32_le(code.rodata, i32(0))
            k += 1
        # lea index, [rip + table]; movsxd scratch, [index + scratch * 4]; lea index, [rip + 0]; add scratch, index; jmp scratch
        asm.legacy(LEA | W, index, 0, 5, False)
        code.byte((index & 7) << 3 | 5)
        code.refer_rodata(code.here(), table - 4)
        code.word(0)
        asm.rx(MOVSXD, scratch, index, scratch, 2, 0)
        asm.legacy(LEA | W, index, 0, 5, False)
        code.byte((index & 7) << 3 | 5)
        code.word(0)
        anchor = code.here()
        asm.rr(ADD | W, scratch, index)
        asm.rr(JMP_REG, 0, scratch)
        self.table_bases = append(self.table_bases, table)
        self.table_bases = append(self.table_bases, anchor)
        return len(self.table_bases) - 2

    def fill_table(self, handle: i64, entry: i64, target: i64) -> None:
        distance = target - self.table_bases[handle + 1]
        self.code.patch_rodata(self.table_bases[handle] + 4 * entry, distance)

    # ---- calls and frames
    def call_function(self, index: i64) -> None:
        self.code.byte(0xE8)
        self.code.refer_function(self.code.here(), index)
        self.code.word(0)

    def call_register(self, register: i64) -> None:
        self.asm.rr(CALL_REG, 0, register)

    def call_memory(self, base: i64, disp: i64) -> None:
        self.asm.rm(CALL_REG, 0, base, disp)

    def jump_function(self, index: i64) -> None:
        self.code.byte(0xE9)
        self.code.refer_function(self.code.here(), index)
        self.code.word(0)

    def jump_register(self, register: i64) -> None:
        self.asm.rr(JMP_REG, 0, register)

    def enter(self, saved: i64) -> None:
        self.grown = False
        self.code.byte(0x55)
        self.asm.rr(MOV_LOAD | W, RBP, RSP)
        i: i64 = 0
        while i < len(self.saved_order):
            if (saved & shl(1, self.saved_order[i])) != 0:
                self.asm.legacy(0x50 | (self.saved_order[i] & 7), 0, 0, self.saved_order[i], False)
            i += 1

    def grow_frame(self, size: i64) -> None:
        if size != 0:
            self.grown = True
            self.asm.alu_immediate(ALU_SUB, W, RSP, size)

    def shrink_frame(self, size: i64) -> None:
        self.asm.alu_immediate(ALU_ADD, W, RSP, size)

    def check_stack(self, context: i64, size: i64, store_offset: i64) -> i64:
        self.asm.rm(MOV_LOAD | W, RAX, context, CONTEXT_STORE)
        if size <= 1024:
            self.asm.rm(CMP | W, RSP, RAX, store_offset)
        else:
            self.asm.rm(MOV_LOAD | W, RAX, RAX, store_offset)
            self.asm.alu_immediate(0, W, RAX, size)
            self.asm.rr(CMP | W, RSP, RAX)
        return CC_B

    def leave(self, saved: i64) -> None:
        disp: i64 = 0
        i: i64 = 0
        while i < len(self.saved_order):
            if (saved & shl(1, self.saved_order[i])) != 0:
                disp -= 8
                self.asm.rm(MOV_LOAD | W, self.saved_order[i], RBP, disp)
            i += 1
        # The stack pointer is where `push rbp` left it in a leaf that lives in the red zone; popping is a third of leave's work.
        self.code.byte(0xC9 if self.grown or saved != 0 else 0x5D)

    def ret(self) -> None:
        self.code.byte(0xC3)

    def load_code_and_context(self, pointer: i64, context: i64) -> None:
        self.asm.rm(MOV_LOAD | W, context, pointer, FUNC_REF_CONTEXT)
        self.asm.rm(MOV_LOAD | W, pointer, pointer, FUNC_REF_CODE)

    def trap_stub(self, code: i64, chain: i64) -> i64:
        self.constant(T_I32, RSI, code, 0, False)
        self.code.byte(0xE8)
        at = self.code.here()
        self.code.word(chain)
        return at

    def trap_end(self, context: i64) -> None:
        self.move(T_I64, RDI, context)
        self.asm.rm(MOV_LOAD | W, RAX, RDI, CONTEXT_BUILTINS)
        self.asm.rm(JMP_REG, 0, RAX, 8 * TRAP)

    def use_fuel(self, context: i64, scratch: i64, amount: i64) -> None:
        self.asm.rm(MOV_LOAD | W, scratch, context, CONTEXT_STORE)
        small = amount <= 127
        self.asm.rm((ALU_IMM8 if small else ALU_IMM8 & ~0xFF | 0x81) & ~(15 << 16) | (ALU_SUB + 1) << 16 | W, 0, scratch, STORE_FUEL)
        if small:
            self.code.byte(amount)
        else:
            self.code.word(amount)

    def fuel_empty(self, context: i64, scratch: i64) -> i64:
        self.asm.rm(MOV_LOAD | W, scratch, context, CONTEXT_STORE)
        self.asm.rm(ALU_IMM8 & ~(15 << 16) | (ALU_CMP + 1) << 16 | W, 0, scratch, STORE_FUEL)
        self.code.byte(0)
        return CC_L
