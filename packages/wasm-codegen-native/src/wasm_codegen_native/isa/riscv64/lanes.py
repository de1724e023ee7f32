"""Vector ops that are a row for each lane (`vector`): the lanes in, the row, the lane out, without a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.isa.riscv64.assembler import Assembler
from wasm_codegen_native.isa.riscv64.encodings import ANDI, SD, SW
from wasm_codegen_native.isa.riscv64.registers import S0, ZERO
from wasm_codegen_native.isa.riscv64.vector import ALL, ANY, DOTS, EACH, HIGH, KINDS, LANES, NARROW, PAIRS, SHIFT, column
from wasm_codegen_native.lowering_tables import END, FIRST, HEAD_OPERANDS, HEAD_ROWS, NEEDS, SLOT_COUNT, STRIDE, A, D
from wasm_codegen_native.machine import T_I32, T_I64, T_V128
from wasm_codegen_native.values import CONST, REG, Values
from wasm_environ.opcodes import FIRST_ATOMIC, FIRST_VECTOR

if TYPE_CHECKING:
    from wasm_codegen_native.isa.riscv64.instructions import Writer
    from wasm_codegen_native.lowering_tables import Tables

# By op id.
WAYS: Final[bytes] = bytes(column([(row.ops, row.way) for row in LANES]))
LOADS: Final[vec[i64]] = vec[i64](column([(row.ops, KINDS[row.source][0]) for row in LANES]))
SOURCE_SIZES: Final[bytes] = bytes(column([(row.ops, KINDS[row.source][2]) for row in LANES]))
SOURCE_TYPES: Final[bytes] = bytes(column([(row.ops, KINDS[row.source][3]) for row in LANES]))
STORES: Final[vec[i64]] = vec[i64](column([(row.ops, KINDS[row.result][1]) for row in LANES]))
RESULT_SIZES: Final[bytes] = bytes(column([(row.ops, KINDS[row.result][2]) for row in LANES]))
RESULT_TYPES: Final[bytes] = bytes(column([(row.ops, KINDS[row.result][3]) for row in LANES]))
NEAR: Final = -0x7F0  # from here on, below the frame register, instructions reach sixteen bytes


def hidden(tables: Tables) -> vec[i64]:
    """The heads of ops for `Lowering` without V: it shall find none of vector ops, whose rows are no whole ops, or for V."""
    heads: vec[i64] = vec[i64](tables.heads)
    op: i64 = FIRST_VECTOR
    while op < FIRST_ATOMIC:
        heads[op] = -1
        op += 1
    return heads


@final
class Lanes:
    """Lowers the ops of LANES, and knows where v128s are."""

    def __init__(self, asm: Assembler, values: Values, writer: Writer, tables: Tables, features: i64) -> None:
        self.asm: Assembler = asm
        self.v: Values = values
        self.writer: Writer = writer
        self.tables: Tables = tables
        self.features: i64 = features
        self.slot: vec[i64] = vec[i64]([0] * SLOT_COUNT)
        self.displacement: vec[i64] = vec[i64]()  # no row has an operand in the frame
        self.places: vec[i64] = vec[i64]([0] * 4)  # of the operands

    # ---- where v128s are
    def place(self, i: i64) -> i64:
        """Where entry i lies from the frame register, as near as instructions reach."""
        v = self.v
        register = v.in_reg(i)
        if register < 0 and (v.kind[i] == CONST or v.memory_disp(i) < NEAR):
            register = v.reg(i)
        return self.asm.place(register) if register >= 0 else v.memory_disp(i)

    def result(self, i: i64, n: i64, target: i64, in_place: bool) -> i64:
        """A register for the result of n operands from entry i on; `in_place`: it may be an operand's, of which each lane is read before it is written."""
        v = self.v
        k = i
        taken = False
        while k < i + n:
            if v.type[k] == T_V128:
                if target >= 0 and v.in_reg(k) == target:
                    taken = True
                elif target < 0 and in_place and v.kind[k] == REG:
                    return v.low[k]
            k += 1
        if target >= 0 and (in_place or not taken):
            return target
        return v.alloc(T_V128)

    def finish(self, i: i64, n: i64, to: i64, target: i64) -> None:
        """Replace n operands from entry i on by the result."""
        v = self.v
        k = i
        while k < i + n:
            if v.kind[k] == REG and v.low[k] != to:
                v.release(k)
            k += 1
        v.finish(n, T_V128, to, target)

    # ---- rows
    def lower(self, op: i64) -> None:
        """Lower one op."""
        tables = self.tables
        head = tables.heads[op]
        n = tables.places[head + HEAD_OPERANDS]
        r = tables.places[head + HEAD_ROWS]
        while tables.rows[r + NEEDS] & self.features != tables.rows[r + NEEDS]:
            r += STRIDE
        way: i64 = WAYS[op]
        i = self.v.operands(n)
        if way >= ALL:
            self.reduce(op, r, i, 1 if way == ALL else 0)
        else:
            self.each(op, r, i, n, way)

    def each(self, op: i64, r: i64, i: i64, n: i64, way: i64) -> None:
        """A v128 of lanes."""
        v = self.v
        asm = self.asm
        target = v.target(T_V128)
        size: i64 = RESULT_SIZES[op]
        k: i64 = 0
        while k < n:
            if v.type[i + k] == T_V128:
                self.places[k] = self.place(i + k)
            k += 1
        to = self.result(i, n, target, way in (EACH, SHIFT) and SOURCE_SIZES[op] == size)
        place = asm.place(to)
        count = self.open(op, n, way)
        if way == SHIFT:
            self.shift_count(i + 1, (8 << size) - 1)
        lanes: i64 = 16 >> size
        sources: i64 = 16 >> SOURCE_SIZES[op]
        k = 0
        while k < lanes:
            if way == EACH and k >= sources:
                asm.put(SW if size == 2 else SD, ZERO, S0, place + (k << size))
            else:
                self.load(op, way, k, lanes, n)
                self.writer.write(self.tables.rows[r + FIRST], self.tables.rows[r + END], self.slot, self.displacement)
                asm.put(STORES[op], self.slot[D], S0, place + (k << size))
            k += 1
        self.close(count)
        self.finish(i, n, to, target if to == target else -1)

    def reduce(self, op: i64, r: i64, i: i64, first: i64) -> None:
        """An i32 of all lanes, the last first."""
        v = self.v
        target = v.target(T_I32)
        place = self.place(i)
        size: i64 = SOURCE_SIZES[op]
        to: i64 = target if target >= 0 else v.alloc(T_I32)
        self.slot[D] = to
        self.slot[A] = v.alloc(T_I64)
        self.asm.number(to, first)
        k: i64 = (16 >> size) - 1
        while k >= 0:
            self.asm.imm(LOADS[op], self.slot[A], S0, place + (k << size))
            self.writer.write(self.tables.rows[r + FIRST], self.tables.rows[r + END], self.slot, self.displacement)
            k -= 1
        v.free_reg(self.slot[A])
        v.release(i)
        v.finish(1, T_I32, to, target)

    # ---- the registers of a lane
    def open(self, op: i64, n: i64, way: i64) -> i64:
        """Registers for the lanes of the operands and the result; how many."""
        count: i64 = 4 if way == DOTS else 2 if way == PAIRS or way == SHIFT else 1 if way == NARROW else n
        k: i64 = 0
        while k < count:
            self.slot[A + k] = self.v.alloc(SOURCE_TYPES[op])
            k += 1
        self.slot[D] = self.v.alloc(RESULT_TYPES[op])
        return count

    def close(self, count: i64) -> None:
        """They are free."""
        k: i64 = 0
        while k <= count:
            self.v.free_reg(self.slot[D + k])
            k += 1

    def shift_count(self, i: i64, mask: i64) -> None:
        """The second operand, as much of it as counts."""
        v = self.v
        if v.kind[i] == CONST:
            self.asm.number(self.slot[A + 1], v.low[i] & mask)
        else:
            self.asm.imm(ANDI, self.slot[A + 1], v.reg(i), mask)

    def load(self, op: i64, way: i64, k: i64, lanes: i64, n: i64) -> None:
        """The lanes that make lane k."""
        if way == NARROW:
            half = lanes >> 1
            self.load_lane(op, 0, self.places[0 if k < half else 1], k if k < half else k - half)
        elif way == PAIRS:
            self.load_lane(op, 0, self.places[0], 2 * k)
            self.load_lane(op, 1, self.places[0], 2 * k + 1)
        elif way == DOTS:
            j: i64 = 0
            while j < 4:
                self.load_lane(op, j, self.places[j & 1], 2 * k + (j >> 1))
                j += 1
        else:
            j = 0
            while j < (1 if way == SHIFT else n):
                self.load_lane(op, j, self.places[j], k + lanes if way == HIGH else k)
                j += 1

    def load_lane(self, op: i64, operand: i64, place: i64, lane: i64) -> None:
        """An operand's register <- a lane."""
        self.asm.imm(LOADS[op], self.slot[A + operand], S0, place + (lane << SOURCE_SIZES[op]))


assert ANY > ALL > max(EACH, HIGH, PAIRS, DOTS, NARROW, SHIFT)
