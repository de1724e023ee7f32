"""Lowers an op by its rows (`lowering_rows`): picks the first whose shapes fit, gets its operands, result and scratch registers, and has it written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import log2, shl
from wasm_codegen_native.conditions import Conditions
from wasm_codegen_native.fold import fold_one, fold_two
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.lowering_tables import (
    APART,
    ASK_MACHINE,
    ASK_NOTHING,
    ASK_POWER,
    ASK_RANGE,
    CHECKED,
    CLOBBERS,
    CONDITION,
    CONFLICTS,
    CONSTANT,
    ELSEWHERE,
    END,
    FIRST,
    FIRST_CONSTANT,
    FIRST_FIXED,
    FIXED_RESULT,
    GIVE_LOG2,
    GIVE_MASKED,
    HEAD_OPERANDS,
    HEAD_RESULT,
    HEAD_ROWS,
    IN_FRAME,
    IN_REGISTER,
    IN_RODATA,
    NEEDS,
    NOTES_FLAGS,
    OVERWRITTEN,
    OWN,
    PLACE,
    PLACE_OR_CONSTANT,
    PLAIN,
    REGISTER,
    SCRATCH,
    SHAPE,
    SHARED,
    SLOT_COUNT,
    STRIDE,
    TIED,
    TIED_FREE,
    TIED_OPERAND,
    A,
    D,
    S,
)
from wasm_codegen_native.machine import T_F32, T_F64, T_I64, Machine
from wasm_codegen_native.row_writer import RowWriter
from wasm_codegen_native.values import CONST, REG, Values, lowest
from wasm_codegen_native.workbench import Workbench
from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT

if TYPE_CHECKING:
    from wasm_codegen_native.lowering_tables import Tables

CONSTANT_SIZE: Final = bytes((4, 8, 4, 8, 16))  # by type

# Ops that give the same with their operands exchanged as another, or the same, op: a constant is brought to the right.
SYMMETRIC: Final = ("add", "mul", "and", "or", "xor")
MIRRORED: Final = {"eq": "eq", "ne": "ne", **{f"{a}_{s}": f"{b}_{s}" for a, b in (("lt", "gt"), ("gt", "lt"), ("le", "ge"), ("ge", "le")) for s in "su"}}


def mirrors() -> vec[i64]:
    """By op id the op with its operands exchanged, -1 for none."""
    column: vec[i64] = vec[i64]([-1] * ID_LIMIT)
    for bits in ("i32.", "i64."):
        for name, mirrored in {**MIRRORED, **{name: name for name in SYMMETRIC}}.items():
            column[BY_MNEMONIC[bits + name].id] = BY_MNEMONIC[bits + mirrored].id
    return column


MIRROR: Final[vec[i64]] = mirrors()
# Ops whose operands may change places.
# fmt: off
COMMUTATIVE_ROWS: Final = (
    ("i32 i64",                 " ".join(SYMMETRIC)),
    ("f32 f64 f32x4 f64x2",     "add mul"),
    ("i8x16 i16x8 i32x4",       "eq add min_s min_u max_s max_u"),
    ("i8x16 i16x8",             "add_sat_s add_sat_u avgr_u"),
    ("i16x8 i32x4",             "mul"),
    ("i64x2",                   "eq add"),
    ("v128",                    "and or xor"),
    ("i32x4",                   "dot_i16x8_s"),
    ("i16x8",                   "relaxed_q15mulr_s"),
)
# fmt: on
COMMUTATIVE: Final[bytes] = bytes(by_op([(f"{type}.{name}", 1) for types, names in COMMUTATIVE_ROWS for type in types.split() for name in names.split()]))


@final
class Lowering:
    """The state of one op's lowering: `slot[k]` and `displacement[k]` are what its instructions are filled in with."""

    def __init__(self, bench: Workbench, tables: Tables, writer: RowWriter, features: i64) -> None:
        self.heads: vec[i64] = tables.heads
        self.places: vec[i64] = tables.places
        self.rows: vec[i64] = tables.rows
        self.ask: vec[i64] = tables.ask
        self.low: vec[i64] = tables.low
        self.high: vec[i64] = tables.high
        self.give: vec[i64] = tables.give
        self.v: Values = bench.values
        self.machine: Machine = bench.machine
        self.conditions: Conditions = bench.conditions
        self.writer: RowWriter = writer
        self.features: i64 = features
        self.slot: vec[i64] = vec[i64]([0] * SLOT_COUNT)
        self.displacement: vec[i64] = vec[i64]([0] * SLOT_COUNT)
        self.entry: vec[i64] = vec[i64]([0] * 4)  # the operands as entries of the value stack
        self.target: i64 = -1

    def lower(self, op: i64) -> bool:
        """Lower an op; False if it has no rows."""
        head = self.heads[op]
        if head < 0:
            return False
        places = self.places
        n = places[head + HEAD_OPERANDS]
        type = places[head + HEAD_RESULT]
        if n == 2:
            self.binary(op, head, type)
        elif n == 1:
            self.unary(op, head, type)
        else:
            r = places[head + HEAD_ROWS]
            i = self.v.operands(n)
            k: i64 = 0
            while k < n:
                self.entry[k] = i + k
                k += 1
            self.target = -1
            if type >= 0:
                self.target = self.v.target(type)
            if self.rows[r + CHECKED] != 0:
                while not self.fits(r, n):
                    r += STRIDE
            self.emit(r, n, type)
        return True

    def binary(self, op: i64, head: i64, type: i64) -> None:
        """An op of two operands: its rows are chosen by where these are."""
        v = self.v
        rows = self.rows
        a = v.sp - 2
        b = a + 1
        v.floor = a
        ka = v.kind[a]
        kb = v.kind[b]
        if ka == CONST:
            if kb == CONST:
                if fold_two(v, op):
                    return
            elif MIRROR[op] >= 0:
                head = self.heads[MIRROR[op]]
                a, b, ka, kb = b, a, kb, ka
        target: i64 = -1
        if type >= 0:
            target = v.target(type)
        ra = v.in_reg(a)
        rb = v.in_reg(b)
        # Of two operands that may change places, the first is the one whose register the result may take.
        if COMMUTATIVE[op] != 0 and kb != CONST and (target < 0 or ra != target) and ((target >= 0 and rb == target) or (kb == REG and ka != REG)):
            a, b, ka, kb, ra, rb = b, a, kb, ka, rb, ra
        r = self.places[head + HEAD_ROWS + 4 * place(ka, ra) + place(kb, rb)]
        self.entry[0] = a
        self.entry[1] = b
        self.target = target
        if rows[r + CHECKED] != 0:
            while not self.fits(r, 2):
                r += STRIDE
        if rows[r + PLAIN] == 0:
            self.emit(r, 2, type)
            return
        slot = self.slot
        shape = rows[r + SHAPE + 1]
        if shape >= FIRST_CONSTANT:
            slot[A + 1] = self.constant(shape, v.low[b])
        elif rb >= 0:
            slot[A + 1] = rb
        elif shape == REGISTER:
            rb = v.reg(b)
            slot[A + 1] = rb
        else:
            self.locate(1, b)
        self.plain(r, a, ra, rb, type)
        if v.kind[b] == REG and v.low[b] != slot[D]:
            v.release(b)
        self.finish(r, 2, type)

    def unary(self, op: i64, head: i64, type: i64) -> None:
        """An op of one operand."""
        v = self.v
        rows = self.rows
        i = v.sp - 1
        v.floor = i
        kind = v.kind[i]
        if kind == CONST and fold_one(v, op):
            return
        self.target = -1
        if type >= 0:
            self.target = v.target(type)
        register = v.in_reg(i)
        r = self.places[head + HEAD_ROWS + 4 * place(kind, register)]
        self.entry[0] = i
        if rows[r + CHECKED] != 0:
            while not self.fits(r, 1):
                r += STRIDE
        if rows[r + PLAIN] == 0:
            self.emit(r, 1, type)
            return
        self.plain(r, i, register, -1, type)
        self.finish(r, 1, type)

    def plain(self, r: i64, i: i64, register: i64, other: i64, type: i64) -> None:
        """Write a plain row: entry i, in `register` or none, is the first operand; the second is in its slot, and in register `other` or none."""
        v = self.v
        rows = self.rows
        slot = self.slot
        shape = rows[r + SHAPE]
        d: i64 = -1
        if shape == TIED or shape == TIED_FREE:
            d = self.target
            if d >= 0 and other == d and register != d:
                d = -1
                self.target = -1
            if d < 0:
                d = register if v.kind[i] == REG else v.own(i)
            elif register != d:
                v.load_into(i, d)
            slot[A] = d
        else:
            if register >= 0:
                slot[A] = register
            elif shape == REGISTER:
                register = v.reg(i)
                slot[A] = register
            else:
                self.locate(0, i)
            if type >= 0:
                d = self.target
                if d < 0:
                    d = self.reuse(r, i, other, type)
        slot[D] = d
        self.writer.write(rows[r + FIRST], rows[r + END], slot, self.displacement)
        if v.kind[i] == REG and v.low[i] != d:
            v.release(i)

    def reuse(self, r: i64, i: i64, other: i64, type: i64) -> i64:
        """A register for a result: that of an operand which ends here, or a new one."""
        v = self.v
        if v.kind[i] == REG and (v.type[i] >= T_F32) == (type >= T_F32) and self.rows[r + SHAPE] != APART:
            return v.low[i]
        if other >= 0:
            second = self.entry[1]
            if v.kind[second] == REG and (v.type[second] >= T_F32) == (type >= T_F32) and self.rows[r + SHAPE + 1] != APART:
                return other
        return v.alloc(type)

    def finish(self, r: i64, n: i64, type: i64) -> None:
        """Replace the operands by the result."""
        v = self.v
        if type < 0:
            v.pop(n)
            self.conditions.conclude(self.machine.condition(self.rows[r + CONDITION], self.slot))
            return
        d = self.slot[D]
        if self.rows[r + NOTES_FLAGS] != 0:
            v.code.note_flags(type, d)
        v.finish(n, type, d, self.target)

    # ---- choosing
    def fits(self, r: i64, n: i64) -> bool:
        """Whether the operands, which are where a row's shapes ask, have these shapes, and the target its features."""
        rows = self.rows
        needs = rows[r + NEEDS]
        if needs & self.features != needs:
            return False
        v = self.v
        k: i64 = 0
        while k < n:
            shape = rows[r + SHAPE + k]
            i = self.entry[k]
            if shape >= FIRST_CONSTANT:
                if shape < FIRST_FIXED and not (v.kind[i] == CONST and self.holds(shape, v.low[i])):
                    return False
            elif shape == TIED_FREE:
                if not (self.target == v.in_reg(i) if self.target >= 0 else v.kind[i] == REG):
                    return False
            elif (shape == PLACE and v.kind[i] == CONST) or (shape == IN_REGISTER and v.in_reg(i) < 0):
                return False
            k += 1
        return True

    def holds(self, shape: i64, value: i64) -> bool:
        """Whether a constant is of a shape."""
        ask = self.ask[shape]
        if ask == ASK_RANGE:
            return self.low[shape] <= value and value <= self.high[shape]
        if ask == ASK_POWER:
            return value > 0 and (value & (value - 1)) == 0
        if ask == ASK_MACHINE:
            return self.machine.holds(self.low[shape], value)
        return ask == ASK_NOTHING or value & self.low[shape] == self.high[shape]

    # ---- places
    def fetch(self, r: i64, n: i64) -> None:
        """Fill the slots of the operands that are not tied."""
        v = self.v
        k: i64 = 0
        while k < n:
            shape = self.rows[r + SHAPE + k]
            if shape >= FIRST_FIXED:
                v.place(self.entry[k], shape - FIRST_FIXED)
                self.slot[A + k] = shape - FIRST_FIXED
            k += 1
        clobbers = self.rows[r + CLOBBERS]
        while clobbers != 0:
            register = lowest(clobbers)
            v.take(register)
            clobbers &= ~shl(1, register)
        k = 0
        while k < n:
            shape = self.rows[r + SHAPE + k]
            i = self.entry[k]
            if shape == REGISTER or shape == IN_REGISTER:
                self.slot[A + k] = v.reg(i)
            elif shape == PLACE or shape == PLACE_OR_CONSTANT or shape == APART:
                self.locate(k, i)
            elif shape == OVERWRITTEN:
                self.slot[A + k] = v.own(i)
            elif shape >= FIRST_CONSTANT and shape < FIRST_FIXED:
                self.slot[A + k] = self.constant(shape, v.low[i])
            k += 1

    def constant(self, shape: i64, value: i64) -> i64:
        """What of a constant goes into the instruction."""
        give = self.give[shape]
        if give == GIVE_MASKED:
            return value & self.low[shape]
        if give == GIVE_LOG2:
            return log2(value)
        return value

    def locate(self, k: i64, i: i64) -> None:
        """Fill slot k from entry i where it is: in a register, in the frame, or a constant in rodata."""
        v = self.v
        register = v.in_reg(i)
        self.slot[A + k] = register
        if register >= 0:
            return
        if v.kind[i] == CONST:
            self.slot[A + k] = IN_RODATA
            self.displacement[A + k] = v.code.constant(v.low[i], v.high[i], CONSTANT_SIZE[v.type[i]])
        else:
            self.slot[A + k] = IN_FRAME
            self.displacement[A + k] = v.memory_disp(i)

    def tie(self, r: i64, n: i64, tied: i64) -> i64:
        """The result's register, with the tied operand in it."""
        v = self.v
        i = self.entry[tied]
        if self.target >= 0:
            conflicts = self.rows[r + CONFLICTS]
            if self.collides(r, n, conflicts >> 4 if v.in_reg(i) == self.target else conflicts & 15):
                self.target = -1
        if self.target >= 0:
            v.load_into(i, self.target)
            return self.target
        return v.own(i)

    def collides(self, r: i64, n: i64, conflicts: i64) -> bool:
        """Whether one of these operands lies in the target."""
        k: i64 = 0
        while conflicts != 0:
            if conflicts & 1 != 0 and self.slot[A + k] == self.target and self.rows[r + SHAPE + k] < FIRST_CONSTANT:
                return True
            conflicts >>= 1
            k += 1
        return False

    def choose(self, r: i64, n: i64, type: i64) -> i64:
        """The result's register: the target, an operand's that ends here, or a new one."""
        v = self.v
        conflicts = self.rows[r + CONFLICTS] & 15
        if self.target >= 0 and not self.collides(r, n, conflicts):
            return self.target
        self.target = -1
        k: i64 = 0
        while k < n:
            i = self.entry[k]
            free = v.kind[i] == REG and conflicts & shl(1, k) == 0 and self.rows[r + SHAPE + k] != APART
            if free and (v.type[i] >= T_F32) == (type >= T_F32):
                return v.low[i]
            k += 1
        return v.alloc(type)

    def scratch(self, packed: i64) -> None:
        """Allocate the row's scratch registers."""
        k: i64 = 0
        while packed != 0:
            if packed & 3 != 0:
                self.slot[S + k] = self.v.alloc(T_I64 if packed & 3 == 1 else T_F64)
            packed >>= 2
            k += 1

    # ---- writing
    def emit(self, r: i64, n: i64, type: i64) -> None:
        """Write the row that was chosen, and replace the operands by its result."""
        rows = self.rows
        self.fetch(r, n)
        tied = rows[r + TIED_OPERAND]
        d: i64 = rows[r + FIXED_RESULT]
        if d >= 0:
            self.target = -1
        elif tied >= 0:
            d = self.tie(r, n, tied)
            self.slot[A + tied] = d
        elif type >= 0:
            d = self.choose(r, n, type)
        self.slot[D] = d
        scratch = rows[r + SCRATCH]
        self.scratch(scratch)
        self.writer.write(rows[r + FIRST], rows[r + END], self.slot, self.displacement)
        self.release(r, n, d, scratch)
        self.finish(r, n, type)

    def release(self, r: i64, n: i64, d: i64, scratch: i64) -> None:
        """Free what the op used but the result."""
        v = self.v
        k: i64 = 0
        while k < n:
            i = self.entry[k]
            if v.kind[i] == REG and v.low[i] != d:
                v.release(i)
            k += 1
        k = 0
        while scratch != 0:
            if scratch & 3 != 0:
                v.free_reg(self.slot[S + k])
            scratch >>= 2
            k += 1
        clobbers = self.rows[r + CLOBBERS]
        if clobbers != 0:
            self.machine.free |= clobbers
            if d >= 0:
                self.machine.free &= ~shl(1, d)


# Numbers of different names in one expression are boxed by mypyc: hence statements, here and above.
def place(kind: i64, register: i64) -> i64:
    """Where an entry of the value stack is, as `Tables.places` counts: its kind, and the register it is in or -1."""
    if kind == REG:
        return OWN
    if register >= 0:
        return SHARED
    if kind == CONST:
        return CONSTANT
    return ELSEWHERE
