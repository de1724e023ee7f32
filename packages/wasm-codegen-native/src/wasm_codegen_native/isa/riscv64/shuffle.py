"""Vector ops that move lanes: shuffle, swizzle, splat, lanes from and to other registers."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.riscv64.assembler import TYPES as WIDTHS
from wasm_codegen_native.isa.riscv64.assembler import Assembler
from wasm_codegen_native.isa.riscv64.encodings import ADD, AND, ANDI, LBU, LD, LHU, LWU, MUL, SB, SD, SH, SLLI, SLTIU, SRLI, SUB, SW
from wasm_codegen_native.isa.riscv64.lanes import Lanes
from wasm_codegen_native.isa.riscv64.registers import KEPT, S0, ZERO
from wasm_codegen_native.isa.riscv64.vector import KINDS
from wasm_codegen_native.isa.riscv64.vector_encodings import VMV_V_X
from wasm_codegen_native.isa.riscv64.vector_registers import VectorRegisters
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, T_V128
from wasm_codegen_native.storages import EIGHTHS
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS

SPLAT: Final = 1
EXTRACT: Final = 2
REPLACE: Final = 3
SHUFFLE: Final = 4
SWIZZLE: Final = 5
# Columns: mnemonic, form, kind of lane, type of what is extracted.
# fmt: off
ROWS: Final = (
    ("i8x16.splat",          SPLAT,   "u8",  0), ("i16x8.splat",          SPLAT,   "u16", 0), ("i32x4.splat",          SPLAT,   "i32", 0),
    ("i64x2.splat",          SPLAT,   "i64", 0), ("f32x4.splat",          SPLAT,   "f32", 0), ("f64x2.splat",          SPLAT,   "f64", 0),
    ("i8x16.extract_lane_s", EXTRACT, "i8",  T_I32), ("i8x16.extract_lane_u", EXTRACT, "u8",  T_I32), ("i16x8.extract_lane_s", EXTRACT, "i16", T_I32),
    ("i16x8.extract_lane_u", EXTRACT, "u16", T_I32), ("i32x4.extract_lane",   EXTRACT, "i32", T_I32), ("i64x2.extract_lane",   EXTRACT, "i64", T_I64),
    ("f32x4.extract_lane",   EXTRACT, "f32", T_F32), ("f64x2.extract_lane",   EXTRACT, "f64", T_F64),
    ("i8x16.replace_lane",   REPLACE, "i8",  0), ("i16x8.replace_lane",   REPLACE, "i16", 0), ("i32x4.replace_lane",   REPLACE, "i32", 0),
    ("i64x2.replace_lane",   REPLACE, "i64", 0), ("f32x4.replace_lane",   REPLACE, "f32", 0), ("f64x2.replace_lane",   REPLACE, "f64", 0),
    ("i8x16.shuffle",        SHUFFLE, "u8",  0), ("i8x16.swizzle",        SWIZZLE, "u8",  0), ("i8x16.relaxed_swizzle", SWIZZLE, "u8", 0),
)
# fmt: on
# By op id.
FORMS: Final[bytes] = bytes(by_op([(row[0], row[1]) for row in ROWS]))
LOADS: Final[vec[i64]] = vec[i64](by_op([(row[0], KINDS[row[2]][0]) for row in ROWS]))
STORES: Final[vec[i64]] = vec[i64](by_op([(row[0], KINDS[row[2]][1]) for row in ROWS]))
SIZES: Final[bytes] = bytes(by_op([(row[0], KINDS[row[2]][2]) for row in ROWS]))
TYPES: Final[bytes] = bytes(by_op([(row[0], row[3]) for row in ROWS]))
REPEATING: Final[vec[i64]] = vec[i64](EIGHTHS)
UNSIGNED: Final[vec[i64]] = vec[i64]([LBU, LHU, LWU, LD])  # by log2 of the size
PLAIN: Final[vec[i64]] = vec[i64]([SB, SH, SW, SD])


def run(lanes: vec[i64], k: i64) -> i64:
    """The log2 of how many lanes from k on are neighbours where they come from, aligned in both places."""
    size: i64 = 3
    while size > 0:
        n = shl(1, size)
        j: i64 = 0
        while j < n and k & (n - 1) == 0 and lanes[k] & (n - 1) == 0 and lanes[k + j] == lanes[k] + j:
            j += 1
        if j == n:
            return size
        size -= 1
    return 0


@final
class Shuffle:
    """Lowers the ops of ROWS; with V those of a lane and i8x16.shuffle."""

    def __init__(self, asm: Assembler, values: Values, lanes: Lanes) -> None:
        self.asm: Assembler = asm
        self.v: Values = values
        self.lanes: Lanes = lanes
        self.registers: VectorRegisters = VectorRegisters(asm)

    def lower(self, op: i64) -> None:
        """Lower one op."""
        form: i64 = FORMS[op]
        if form == SPLAT:
            self.splat(op)
        elif form == EXTRACT:
            self.extract(op)
        elif form == REPLACE:
            self.replace(op)
        elif form == SHUFFLE:
            self.shuffle()
        else:
            self.swizzle()

    # ---- single lanes
    def splat(self, op: i64) -> None:
        """i8x16.splat to f64x2.splat"""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        source = v.reg(i)
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        self.repeat(STORES[op], SIZES[op], source, to)
        v.release(i)
        v.finish(1, T_V128, to, target)

    def repeat(self, row: i64, size: i64, source: i64, to: i64) -> None:
        """All lanes <- a register; what is above a lane in it does not count."""
        v = self.v
        asm = self.asm
        if asm.vectors:
            asm.set_lanes(WIDTHS[size])
            asm.r2(VMV_V_X, to, source)
            return
        step: i64 = shl(1, size)
        t: i64 = -1
        if size < 2:
            t = v.alloc(T_I64)
            asm.imm(SLLI, t, source, 64 - 8 * step)
            asm.imm(SRLI, t, t, 64 - 8 * step)
            asm.number(KEPT, REPEATING[size])
            asm.r3(MUL, t, t, KEPT)
            source, row, step = t, SD, 8
        at: i64 = 0
        while at < 16:
            asm.put(row, source, S0, asm.place(to) + at)
            at += step
        if t >= 0:
            v.free_reg(t)

    def extract(self, op: i64) -> None:
        """i8x16.extract_lane_s to f64x2.extract_lane"""
        v = self.v
        lane = v.ops[v.pc - WORDS + 1]
        type: i64 = TYPES[op]
        i = v.operands(1)
        target = v.target(type)
        if self.asm.vectors:
            source = v.reg(i)
            to: i64 = target if target >= 0 else v.alloc(type)
            self.registers.take_lane(SIZES[op], to, source, lane, LOADS[op] == UNSIGNED[SIZES[op]])
        else:
            place = self.lanes.place(i)
            to = target if target >= 0 else v.alloc(type)
            self.asm.imm(LOADS[op], to, S0, place + shl(lane, SIZES[op]))
        v.release(i)
        v.finish(1, type, to, target)

    def replace(self, op: i64) -> None:
        """i8x16.replace_lane to f64x2.replace_lane"""
        v = self.v
        lane = v.ops[v.pc - WORDS + 1]
        i = v.operands(2)
        to = v.own(i)
        value = v.reg(i + 1)
        if self.asm.vectors:
            self.registers.put_lane(SIZES[op], to, value, lane)
        else:
            self.asm.put(STORES[op], value, S0, self.asm.place(to) + shl(lane, SIZES[op]))
        v.release(i + 1)
        v.pop(2)
        v.push_reg(T_V128, to)

    # ---- all lanes
    def shuffle(self) -> None:
        """i8x16.shuffle: without V as many bytes at once as are neighbours."""
        v = self.v
        asm = self.asm
        p = v.pc - WORDS
        i = v.operands(2)
        target = v.target(T_V128)
        if asm.vectors:
            one = v.reg(i)
            two = v.reg(i + 1)
            to: i64 = target if target >= 0 else v.alloc(T_V128)
            self.registers.shuffle(to, one, two, v.ops[p + 1], v.ops[p + 2])
            self.lanes.finish(i, 2, to, target)
            return
        a = self.lanes.place(i)
        b = self.lanes.place(i + 1)
        to = self.lanes.result(i, 2, target, False)
        place = asm.place(to)
        t = v.alloc(T_I64)
        lanes = vec[i64]([v.ops[p + 1 + (k >> 3)] >> 8 * (k & 7) & 0xFF for k in range(16)])
        k: i64 = 0
        while k < 16:
            size = run(lanes, k)
            lane = lanes[k]
            asm.imm(UNSIGNED[size], t, S0, a + lane if lane < 16 else b + lane - 16)
            asm.put(PLAIN[size], t, S0, place + k)
            k += shl(1, size)
        v.free_reg(t)
        self.lanes.finish(i, 2, to, target if to == target else -1)

    def swizzle(self) -> None:
        """i8x16.swizzle: bytes by the numbers in the second operand, zero beyond."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        target = v.target(T_V128)
        a = self.lanes.place(i)
        b = self.lanes.place(i + 1)
        to = self.lanes.result(i, 2, target, False)
        base = v.alloc(T_I64)
        t = v.alloc(T_I64)
        asm.add(base, S0, a)
        k: i64 = 0
        while k < 16:
            asm.imm(LBU, t, S0, b + k)
            asm.imm(SLTIU, KEPT, t, 16)
            asm.r3(SUB, KEPT, ZERO, KEPT)
            asm.imm(ANDI, t, t, 15)
            asm.r3(ADD, t, t, base)
            asm.imm(LBU, t, t, 0)
            asm.r3(AND, t, t, KEPT)
            asm.put(SB, t, S0, asm.place(to) + k)
            k += 1
        v.free_reg(t)
        v.free_reg(base)
        self.lanes.finish(i, 2, to, target if to == target else -1)
