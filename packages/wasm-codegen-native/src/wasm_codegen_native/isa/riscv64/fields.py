"""The verbs of garbage-collected objects in riscv64."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.fields import Fields
from wasm_codegen_native.isa.riscv64 import encodings as e
from wasm_codegen_native.isa.riscv64.assembler import Assembler, fits12, near
from wasm_codegen_native.isa.riscv64.branches import EQ, LTU, NE, condition, upper
from wasm_codegen_native.isa.riscv64.registers import KEPT, SCRATCH, SPARE, ZERO
from wasm_codegen_native.machine import T_F32, T_I64, T_V128, Machine
from wasm_codegen_native.storages import EIGHTHS, LOG2S, TYPES
from wasm_environ.heap_layout import ARRAY_ELEMENTS

REPEATING: Final[vec[i64]] = vec[i64](EIGHTHS)
# By storage. Columns: load, load of a packed field with its sign, store, store of zero bits. An i32 has its sign, a reference none; v128 has a verb.
# fmt: off
ROWS: Final = (
    (e.LBU, e.LB,  e.SB,  e.SB),
    (e.LHU, e.LH,  e.SH,  e.SH),
    (e.LW,  e.LW,  e.SW,  e.SW),
    (e.LD,  e.LD,  e.SD,  e.SD),
    (e.FLW, e.FLW, e.FSW, e.SW),
    (e.FLD, e.FLD, e.FSD, e.SD),
    (0,   0,   0,   0),
    (e.LWU, e.LWU, e.SW,  e.SW),
    (e.LD,  e.LD,  e.SD,  e.SD),
)
# fmt: on
LOADS: Final[vec[i64]] = vec[i64]([row[0] for row in ROWS])
SIGNED_LOADS: Final[vec[i64]] = vec[i64]([row[1] for row in ROWS])
STORES: Final[vec[i64]] = vec[i64]([row[2] for row in ROWS])
ZEROS: Final[vec[i64]] = vec[i64]([row[3] for row in ROWS])


@final
class RiscvFields(Fields):
    """See `Fields`. Addresses are formed in SPARE; of what is added to a base, reference or index, no more than 32 bits count."""

    def __init__(self, asm: Assembler, machine: Machine) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.machine: Machine = machine

    def address(self, storage: i64, base: i64, index: i64, scale: i64, disp: i64) -> i64:
        """SPARE <- the address, less what is returned: that an instruction adds."""
        asm = self.asm
        asm.imm(e.SLLI, SPARE, index, 32)
        asm.imm(e.SRLI, SPARE, SPARE, 32 - scale)
        asm.r3(e.ADD, SPARE, SPARE, base)
        if fits12(disp) and fits12(disp + 8):  # of a v128 there is a second half
            return disp
        asm.word(e.LUI | upper(disp) | KEPT << 7)
        asm.r3(e.ADD, SPARE, SPARE, KEPT)
        if fits12(near(disp) + 8):
            return near(disp)
        asm.imm(e.ADDI, SPARE, SPARE, near(disp))
        return 0

    def load_field(self, storage: i64, signed: bool, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        left = self.address(storage, base, index, scale, disp)
        if TYPES[storage] == T_V128:
            self.asm.load(T_V128, to, SPARE, left)
            return
        self.asm.imm(SIGNED_LOADS[storage] if signed else LOADS[storage], to, SPARE, left)

    def store_field(self, storage: i64, source: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        left = self.address(storage, base, index, scale, disp)
        if TYPES[storage] == T_V128:
            self.asm.store(T_V128, source, SPARE, left)
            return
        self.asm.put(STORES[storage], source, SPARE, left)

    def store_field_constant(self, storage: i64, low: i64, base: i64, index: i64, scale: i64, disp: i64) -> bool:
        if low != 0 or TYPES[storage] == T_V128:
            return False
        left = self.address(storage, base, index, scale, disp)
        self.asm.put(ZEROS[storage], ZERO, SPARE, left)
        return True

    def fill_elements(self, storage: i64, source: i64, base: i64, object: i64, n: i64, temporary: i64, pointer: i64) -> None:
        asm = self.asm
        step: i64 = 8
        log2: i64 = LOG2S[storage]
        row = STORES[storage]
        self.machine.zero_extend(n)
        if log2 < 3:
            if TYPES[storage] == T_F32:
                asm.r2(e.FMV_X_W, temporary, source)
            self.repeat(log2, temporary, pointer)
            source = temporary
            row = e.SD
            asm.imm(e.ADDI, n, n, shl(1, 3 - log2) - 1)
            asm.imm(e.SRLI, n, n, 3 - log2)
        elif log2 == 4:
            asm.move_vector(SCRATCH, source)
        asm.r3(e.ADD, pointer, base, object)
        asm.imm(e.ADDI, pointer, pointer, ARRAY_ELEMENTS)
        done = asm.skip(condition(EQ, n, ZERO))
        top = self.code.here()
        if log2 == 4:
            asm.store(T_V128, SCRATCH, pointer, 0)
            step = 16
        else:
            asm.put(row, source, pointer, 0)
        asm.imm(e.ADDI, pointer, pointer, step)
        asm.imm(e.ADDI, n, n, -1)
        self.machine.branch_back(condition(NE, n, ZERO), top)
        asm.land(done)

    def repeat(self, log2: i64, register: i64, scratch: i64) -> None:
        """Every 1, 2 or 4 bytes of a register <- the lowest."""
        unused = 64 - shl(8, log2)
        self.asm.imm(e.SLLI, register, register, unused)
        self.asm.imm(e.SRLI, register, register, unused)
        self.machine.constant(T_I64, scratch, REPEATING[log2], 0, False)
        self.asm.r3(e.MUL, register, register, scratch)

    def array_size(self, to: i64, length: i64, log2: i64, more: i64) -> None:
        self.asm.imm(e.SLLI, to, length, 32)
        self.asm.imm(e.SRLI, to, to, 32 - log2)
        self.asm.add(to, to, more)
        self.asm.imm(e.ANDI, to, to, -8)

    def exceeds(self, register: i64, number: i64) -> i64:
        self.asm.number(KEPT, number)
        return condition(LTU, KEPT, register)

    def add_registers(self, to: i64, a: i64, b: i64) -> None:
        self.asm.r3(e.ADD, to, a, b)

    def add_memory(self, to: i64, base: i64, disp: i64) -> None:
        self.asm.load(T_I64, KEPT, base, disp)
        self.asm.r3(e.ADD, to, to, KEPT)

    def add_to_memory(self, base: i64, disp: i64, amount: i64) -> None:
        self.asm.load(T_I64, KEPT, base, disp)
        self.asm.add(KEPT, KEPT, amount)
        self.asm.store(T_I64, KEPT, base, disp)

    def shift_left(self, register: i64, count: i64) -> None:
        self.asm.imm(e.SLLI, register, register, count)

    def tag(self, register: i64) -> None:
        self.asm.imm(e.SLLI, register, register, 33)  # a reference has no sign
        self.asm.imm(e.SRLI, register, register, 32)
        self.asm.imm(e.ORI, register, register, 1)

    def untag(self, register: i64, signed: bool) -> None:
        self.asm.imm(e.SRAIW if signed else e.SRLIW, register, register, 1)

    def masked(self, to: i64, register: i64, mask: i64) -> None:
        self.asm.imm(e.ANDI, to, register, mask)

    def equals_number(self, register: i64, number: i64) -> i64:
        self.asm.imm(e.ADDI, KEPT, register, -number)
        return condition(EQ, KEPT, ZERO)
