"""The driver's verbs in riscv64."""

from __future__ import annotations

from typing import Final, final

from librt.strings import write_i32_le
from librt.vecs import append, vec
from mypy_extensions import i32, i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.riscv64 import encodings as e
from wasm_codegen_native.isa.riscv64.assembler import UNIT, Assembler
from wasm_codegen_native.isa.riscv64.branches import CALL, EQ, GEU, JUMP, LT, LTU, NE, REACH, Branches, branch_word, condition
from wasm_codegen_native.isa.riscv64.registers import A0, A1, AREA_SIZE, FA0, KEPT, RA, S0, SAVED, SCRATCH, SP, SPARE, ZERO
from wasm_codegen_native.lowering_tables import FIXED_OPERAND
from wasm_codegen_native.machine import EXCEEDS, REACHES, T_F32, T_F64, T_I32, T_I64, T_V128, Machine
from wasm_codegen_native.register_sets import numbers
from wasm_codegen_native.setup_frame import count_bits
from wasm_environ.libcalls import INDEX
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_STORE, FUNC_REF_CODE, FUNC_REF_CONTEXT, STORE_FUEL

TRAP: Final[i64] = INDEX["trap"]
RECORD: Final = 16  # bytes of a frame record: the return address and the caller's frame register, below where this frame's points
FIRST_OPERAND: Final = 3  # where a row's condition has its operands: see `instruction_text`
SECOND_OPERAND: Final = 11
T_BOTH: Final = 5  # a floating-point register and the vector register of its number: what is in use is in one of them


@final
class RiscvMachine(Machine):
    """See `Machine`."""

    def __init__(self, asm: Assembler, features: i64 = 0) -> None:
        super().__init__()
        self.zicond: bool = features & e.ZICOND != 0
        self.frame_register = S0
        self.frame_record = RECORD
        self.stack_register = SP
        self.vector_scratch = SCRATCH
        self.vector_type = T_F64
        self.vector_area = 0 if asm.vectors else AREA_SIZE
        self.red_zone = 0
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.branches: Branches = asm.branches
        self.saved_order: vec[i64] = numbers(SAVED)
        self.padding: i64 = 0  # bytes below the saved registers that keep the stack pointer aligned; `grow_frame` counts on them being there
        self.tables: vec[i64] = vec[i64]()  # of each jump table: where it is in rodata, and from where its entries count
        self.held: i64 = 0  # temporaries that are free but for a condition that waits to be used

    # ---- moves
    def move(self, type: i64, to: i64, source: i64) -> None:
        if type == T_V128:
            self.asm.move_vector(to, source)
        elif type >= T_F32:
            self.asm.r3(e.FSGNJ_D, to, source, source)
        elif type == T_I32:
            self.asm.r2(e.SEXT_W, to, source)
        elif to != source:
            self.asm.r2(e.MV, to, source)

    def exchange(self, type: i64, a: i64, b: i64) -> None:
        if type >= T_F32 and self.asm.area != 0:
            self.asm.exchange_vectors(a, b)
        scratch: i64 = SCRATCH if type >= T_F32 else SPARE
        kind: i64 = T_F64 if type >= T_F32 else T_I64
        self.move(kind, scratch, a)
        self.move(kind, a, b)
        self.move(kind, b, scratch)

    def constant(self, type: i64, to: i64, low: i64, high: i64, keep_flags: bool) -> None:
        if type == T_V128:
            self.asm.vector_number(to, low, high)
        elif type >= T_F32:
            self.asm.float_number(type, to, low)
        elif type == T_I32:
            self.asm.number(to, (low & 0xFFFFFFFF ^ 0x80000000) - 0x80000000)
        else:
            self.asm.number(to, low)

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        if type == T_BOTH:
            self.asm.load(T_F64, to, base, disp)
            self.asm.load(T_V128, to, base, disp + 8)
        else:
            self.asm.load(type, to, base, disp)

    def load_indexed(self, type: i64, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        asm = self.asm
        asm.imm(e.SLLI, SPARE, index, 32)
        asm.imm(e.SRLI, SPARE, SPARE, 32 - scale)
        asm.r3(e.ADD, SPARE, SPARE, base)
        asm.imm(e.LD if type == T_I64 else e.LW, to, SPARE, disp)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        if type == T_BOTH:
            self.asm.store(T_F64, source, base, disp)
            self.asm.store(T_V128, source, base, disp + 8)
        else:
            self.asm.store(type, source, base, disp)

    def store_constant(self, type: i64, base: i64, disp: i64, low: i64, high: i64) -> bool:
        if low != 0 or (type == T_V128 and high != 0):
            return False
        if type == T_V128:
            self.asm.store(T_I64, ZERO, base, disp + 8)
        self.asm.store(T_I32 if type == T_I32 or type == T_F32 else T_I64, ZERO, base, disp)
        return True

    def add_address(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.add(to, base, disp)

    def add_unsigned(self, type: i64, to: i64, other: i64) -> i64:
        self.asm.r3(e.ADD if type == T_I64 else e.ADDW, to, to, other)
        return condition(LTU, to, other)

    def zero_extend(self, register: i64) -> None:
        self.asm.imm(e.SLLI, register, register, 32)
        self.asm.imm(e.SRLI, register, register, 32)

    # ---- comparisons: what comes from memory is in KEPT
    def compares(self, relation: i64, type: i64, register: i64, base: i64, disp: i64) -> i64:
        self.asm.load(type, KEPT, base, disp)
        if relation == EXCEEDS:
            return condition(LTU, KEPT, register)
        return condition(GEU if relation == REACHES else NE, register, KEPT)

    def equals(self, a: i64, b: i64) -> i64:
        self.asm.r3(e.SUBW, KEPT, a, b)
        return condition(EQ, KEPT, ZERO)

    def equals_indexed(self, register: i64, base: i64, index: i64, disp: i64) -> i64:
        self.load_indexed(T_I32, KEPT, base, index, 0, disp)
        return self.equals(register, KEPT)

    def set_condition(self, condition: i64, to: i64) -> None:
        asm = self.asm
        relation = condition & 6
        wanted = self.with_zero(condition, to)
        if relation != EQ:
            if wanted & 1 == 0:
                asm.imm(e.XORI, to, to, 1)
        elif condition & 1 != 0:
            asm.r3(e.SLTU, to, ZERO, wanted >> 3)
        else:
            asm.imm(e.SLTIU, to, wanted >> 3, 1)

    def with_zero(self, condition: i64, to: i64) -> i64:
        """The same as a condition of one register and zero, EQ or NE: its own, or `to`."""
        self.let_go()
        relation = condition & 6
        a = condition >> 3 & 31
        b = condition >> 8 & 31
        if relation != EQ:
            self.asm.r3(e.SLT if relation == LT else e.SLTU, to, a, b)
            return condition & 1 ^ 1 | to << 3
        if b != ZERO:
            self.asm.r3(e.XOR, to, a, b)
            a = to
        return condition & 1 | a << 3

    def choose(self, condition: i64, to: i64, source: i64, other: i64) -> None:
        """to <- source if the condition holds, else the other, by Zicond; either may be x0, and neither is in SPARE or KEPT."""
        asm = self.asm
        wanted = self.with_zero(condition, KEPT)
        test = wanted >> 3
        first: i64 = e.CZERO_EQZ if wanted & 1 != 0 else e.CZERO_NEZ
        second: i64 = e.CZERO_NEZ if wanted & 1 != 0 else e.CZERO_EQZ
        if other == ZERO:
            asm.r3(first, to, source, test)
        elif source == ZERO:
            asm.r3(second, to, other, test)
        else:
            asm.r3(first, SPARE, source, test)
            asm.r3(second, to, other, test)
            asm.r3(e.OR, to, to, SPARE)

    def move_if(self, condition: i64, type: i64, to: i64, source: i64) -> None:
        """Without a branch, which may be mispredicted: by Zicond, or the bits in which they differ, if the condition holds."""
        asm = self.asm
        if self.zicond:
            self.choose(condition, to, source, to)
            return
        self.set_condition(condition, KEPT)
        asm.r3(e.SUB, KEPT, ZERO, KEPT)
        asm.r3(e.XOR, SPARE, to, source)
        asm.r3(e.AND, SPARE, SPARE, KEPT)
        asm.r3(e.XOR, to, to, SPARE)

    def test(self, type: i64, register: i64) -> i64:
        return condition(NE, register, ZERO)

    def test_low_bits(self, register: i64, mask: i64) -> i64:
        self.asm.imm(e.ANDI, KEPT, register, mask)
        return condition(NE, KEPT, ZERO)

    def condition(self, number: i64, slot: vec[i64]) -> i64:
        a = number >> FIRST_OPERAND & 0xFF
        b = number >> SECOND_OPERAND & 0xFF
        first: i64 = a - FIXED_OPERAND if a >= FIXED_OPERAND else slot[a]
        second: i64 = b - FIXED_OPERAND if b >= FIXED_OPERAND else slot[b]
        return condition(number & 7, first, second)

    def keep(self, condition: i64) -> i64:
        registers = shl(1, condition >> 3 & 31) | shl(1, condition >> 8 & 31)
        unsafe = registers & self.temporaries
        if unsafe == 0:
            return condition
        # The result's register is where values of branches go, one that is not free may be about to be given away.
        if unsafe & shl(1, A0) == 0 and unsafe & ~self.free == 0:
            self.free &= ~unsafe
            self.held |= unsafe
            return condition
        if condition & 6 == EQ and condition >> 8 == ZERO:
            self.asm.r2(e.MV, KEPT, condition >> 3 & 31)
            return condition & 1 | KEPT << 3
        self.set_condition(condition, KEPT)
        return NE | KEPT << 3

    def let_go(self) -> None:
        """The condition is used."""
        if self.held != 0:
            self.free |= self.held
            self.held = 0

    # ---- jumps
    def here(self) -> i64:
        return self.code.label()

    def skip(self, condition: i64) -> i64:
        self.let_go()
        return self.asm.skip(condition)

    def land(self, skip: i64) -> None:
        self.asm.land(skip)

    def jump(self, chain: i64) -> i64:
        return self.branches.add(JUMP, chain)

    def branch(self, condition: i64, chain: i64) -> i64:
        self.let_go()
        return self.branches.add(condition, chain)

    def jump_back(self, target: i64) -> None:
        self.asm.room(UNIT)
        self.branches.jump_back(target)

    def branch_back(self, condition: i64, target: i64) -> None:
        self.let_go()
        self.asm.room(UNIT)
        distance = target - self.code.here()
        if distance >= -REACH:
            self.code.word(branch_word(condition, distance))
        else:
            over = self.asm.skip(condition ^ 1)
            self.jump_back(target)
            self.asm.land(over)

    def bind(self, chain: i64) -> None:
        self.code.lanes = 0
        self.branches.bind(chain)

    def attend(self) -> None:
        self.branches.attend(0)

    def jump_table(self, index: i64, scratch: i64, count: i64) -> i64:
        asm = self.asm
        code = self.code
        asm.number(scratch, count)
        within = asm.skip(condition(LTU, index, scratch))
        self.move(T_I64, index, scratch)
        asm.land(within)
        code.align_rodata(4)
        table: i64 = len(code.rodata)
        k: i64 = 0
        while k <= count:
            write_i32_le(code.rodata, i32(0))
            k += 1
        asm.imm(e.SLLI, index, index, 2)
        asm.room(2 * UNIT)
        code.refer_rodata(code.here(), table)
        asm.whole(e.AUIPC | scratch << 7)
        asm.whole(e.ADDI | scratch << 7 | scratch << 15)
        asm.r3(e.ADD, index, index, scratch)
        asm.imm(e.LW, index, index, 0)
        anchor = code.here()
        asm.word(e.AUIPC | scratch << 7)
        asm.r3(e.ADD, index, index, scratch)
        asm.word(e.JALR | index << 15)
        self.tables = append(append(self.tables, table), anchor)
        return len(self.tables) - 2

    def fill_table(self, handle: i64, entry: i64, target: i64) -> None:
        self.code.patch_rodata(self.tables[handle] + 4 * entry, target - self.tables[handle + 1])

    # ---- calls and frames
    def call_function(self, index: i64) -> None:
        self.far_call(index, RA, RA)

    def far_call(self, index: i64, through: i64, link: i64) -> None:
        """A call, or jump, that reaches everywhere."""
        self.code.lanes = 0
        self.asm.room(UNIT)
        self.code.refer_function(self.code.here(), index)
        self.code.word(e.AUIPC | through << 7)
        self.code.word(e.JALR | through << 15 | link << 7)

    def call_register(self, register: i64) -> None:
        self.code.lanes = 0
        self.asm.word(e.JALR | register << 15 | RA << 7)

    def call_memory(self, base: i64, disp: i64) -> None:
        self.asm.load(T_I64, RA, base, disp)
        self.call_register(RA)

    def jump_function(self, index: i64) -> None:
        self.far_call(index, SPARE, ZERO)

    def jump_register(self, register: i64) -> None:
        self.asm.word(e.JALR | register << 15)

    def enter(self, saved: i64) -> None:
        asm = self.asm
        self.branches.begin()
        self.held = 0
        size = RECORD + 8 * count_bits(saved)
        self.padding = size & 8
        size += self.padding
        asm.imm(e.ADDI, SP, SP, -size)
        asm.store(T_I64, RA, SP, size - 8)
        asm.store(T_I64, S0, SP, size - 16)
        asm.imm(e.ADDI, S0, SP, size)
        self.each_saved(saved, size, True)

    def each_saved(self, saved: i64, size: i64, store: bool) -> None:
        """Store or load the saved registers, downwards from the frame record, which ends `size` bytes above the stack pointer."""
        disp: i64 = size - RECORD
        i: i64 = 0
        while i < len(self.saved_order):
            register = self.saved_order[i]
            if (saved & shl(1, register)) != 0:
                disp -= 8
                if store:
                    self.asm.store(T_I64, register, SP, disp)
                else:
                    self.asm.load(T_I64, register, SP, disp)
            i += 1

    def grow_frame(self, size: i64) -> None:
        if size > 0:
            size -= self.padding
            self.padding = 0
            if size > 0:
                self.asm.add(SP, SP, -size)

    def shrink_frame(self, size: i64) -> None:
        self.asm.add(SP, SP, size)

    def check_stack(self, context: i64, size: i64, store_offset: i64) -> i64:
        self.asm.load(T_I64, KEPT, context, CONTEXT_STORE)
        self.asm.load(T_I64, KEPT, KEPT, store_offset)
        if size > 1024:
            self.asm.add(KEPT, KEPT, size)
        return condition(LTU, SP, KEPT)

    def leave(self, saved: i64) -> None:
        asm = self.asm
        size = RECORD + 8 * count_bits(saved)
        size += size & 8
        asm.imm(e.ADDI, SP, S0, -size)  # what lies below the stack pointer is not safe from signals
        self.each_saved(saved, size, False)
        asm.load(T_I64, RA, SP, size - 8)
        asm.load(T_I64, S0, SP, size - 16)
        asm.imm(e.ADDI, SP, SP, size)

    def ret(self) -> None:
        self.asm.word(e.JALR | RA << 15)

    def place_vectors(self, disp: i64) -> None:
        self.asm.area = disp
        if self.asm.vectors:
            self.vector_type = T_BOTH if disp != 0 else T_F64
            self.vector_size = 24 if disp != 0 else 8

    def arrive(self, type: i64) -> None:
        if type == T_V128 and self.asm.vectors:
            self.asm.halves(FA0, A0, A1)
        elif type == T_V128:
            self.asm.store(T_V128, A0, S0, self.asm.place(FA0))

    def depart(self, type: i64) -> None:
        if type == T_V128 and self.asm.vectors:
            self.asm.vector_to_halves(FA0)
        elif type == T_V128:
            self.asm.load(T_V128, A0, S0, self.asm.place(FA0))

    def load_code_and_context(self, pointer: i64, context: i64) -> None:
        self.asm.load(T_I64, context, pointer, FUNC_REF_CONTEXT)
        self.asm.load(T_I64, pointer, pointer, FUNC_REF_CODE)

    def trap_stub(self, code: i64, chain: i64) -> i64:
        self.asm.number(A1, code)
        return self.branches.add(CALL, chain)

    def trap_end(self, context: i64) -> None:
        self.move(T_I64, A0, context)
        self.asm.load(T_I64, SPARE, A0, CONTEXT_BUILTINS)
        self.asm.imm(e.LD, SPARE, SPARE, 8 * TRAP)
        self.jump_register(SPARE)

    def use_fuel(self, context: i64, scratch: i64, amount: i64) -> None:
        self.asm.load(T_I64, scratch, context, CONTEXT_STORE)
        self.asm.load(T_I64, KEPT, scratch, STORE_FUEL)
        self.asm.add(KEPT, KEPT, -amount)
        self.asm.store(T_I64, KEPT, scratch, STORE_FUEL)

    def fuel_empty(self, context: i64, scratch: i64) -> i64:
        self.asm.load(T_I64, KEPT, context, CONTEXT_STORE)
        self.asm.load(T_I64, KEPT, KEPT, STORE_FUEL)
        return condition(LT, KEPT, ZERO)

    # ---- rows
    def holds(self, number: i64, value: i64) -> bool:
        return value != 0 and value != -1
