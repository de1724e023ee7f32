"""What the vector ops become: the code of one lane, as rows in the notation of `numeric`; `lanes` writes it for each.

rv64gc has no vector registers. A v128 lies in sixteen bytes of the frame (`registers.AREA`), lane by lane in the order of memory. A row's `a`, `b`, `c` are a
lane of each operand, in general or floating-point registers by the kind of lane, `d` becomes the result's. Bytes and halfwords are added eight or four at a
time, in a general register. It is correct and, beside a machine with vectors, slow.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from wasm_codegen_native.isa.riscv64.encodings import FLD, FLW, FSD, FSW, LB, LBU, LD, LH, LHU, LW, LWU, SB, SD, SH, SW
from wasm_codegen_native.isa.riscv64.numeric import FLOAT
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.lowering_rows import Row, expand
from wasm_codegen_native.machine import T_F32, T_F64, T_I64
from wasm_environ.opcodes import BY_MNEMONIC

# Ways: which lanes become which.
EACH: Final = 1  # lane k of each operand; the result's lanes beyond the operands' are zero
HIGH: Final = 2  # the same of the operands' upper half
PAIRS: Final = 3  # a and b are neighbours
DOTS: Final = 4  # a and b lanes of the first and second operand, c and x their neighbours
NARROW: Final = 5  # those of the first operand, then those of the second
SHIFT: Final = 6  # b is a count
ALL: Final = 7  # d is 1, then goes through all lanes, the last first
ANY: Final = 8  # the same, from 0


class Lanes(NamedTuple):
    """Ops, the kinds of lanes read and written (KINDS), a lane's code, the way, an extension that it needs."""

    ops: str
    source: str
    result: str
    code: str
    way: int = EACH
    needs: str = ""


# Kinds of lanes: load, store, log2 of the size, type of the register, its letter in signatures.
# fmt: off
KINDS: Final = {
    "i8":  (LB,  SB,  0, T_I64, "i"), "u8":  (LBU, SB,  0, T_I64, "i"), "i16": (LH,  SH,  1, T_I64, "i"), "u16": (LHU, SH,  1, T_I64, "i"),
    "i32": (LW,  SW,  2, T_I64, "i"), "u32": (LWU, SW,  2, T_I64, "i"), "i64": (LD,  SD,  3, T_I64, "i"), "f32": (FLW, FSW, 2, T_F32, "f"),
    "f64": (FLD, FSD, 3, T_F64, "F"),
}
INTEGERS: Final = (("i8x16", 8), ("i16x8", 16), ("i32x4", 32), ("i64x2", 64))
FLOATS: Final = (("f32x4", "f32", "S", 32), ("f64x2", "f64", "D", 64))
WIDENED: Final = (("i16x8", 16, "i8x16", 8), ("i32x4", 32, "i16x8", 16), ("i64x2", 64, "i32x4", 32))
ONES: Final = "SUB d, x0, d"  # of one
NOT_ONES: Final = "ADDI d, d, -1"


def at_most(limit: str) -> str:
    """d, but no more than a number."""
    return f"LI x31, {limit}; BGE x31, d, 1; MV d, x31; 1:"


def at_least(limit: str) -> str:
    """d, but no less than a number."""
    return f"LI x31, {limit}; BGE d, x31, 2; MV d, x31; 2:"


def saturated(code: str, bits: int, sign: str) -> str:
    """A sum or difference within the bounds of a lane."""
    least, most = (0, (1 << bits) - 1) if sign == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return f"{code}; {at_most(str(most))}; {at_least(str(least))}"


def comparisons(shape: str, bits: int) -> tuple[Lanes, ...]:
    """eq to ge_u"""
    kind = f"i{bits}"
    return (
        Lanes(f"{shape}.eq", kind, kind, f"XOR d, a, b; SLTIU d, d, 1; {ONES}"),
        Lanes(f"{shape}.ne", kind, kind, f"XOR d, a, b; SLTU d, x0, d; {ONES}"),
        *(row for sign, name in (("s", "SLT"), ("u", "SLTU")) if sign == "s" or bits < 64 for row in (  # both extended alike, which keeps their order
            Lanes(f"{shape}.lt_{sign}", kind, kind, f"{name} d, a, b; {ONES}"), Lanes(f"{shape}.gt_{sign}", kind, kind, f"{name} d, b, a; {ONES}"),
            Lanes(f"{shape}.le_{sign}", kind, kind, f"{name} d, b, a; {NOT_ONES}"), Lanes(f"{shape}.ge_{sign}", kind, kind, f"{name} d, a, b; {NOT_ONES}"),
        )),
    )


def least_and_greatest(shape: str, bits: int) -> tuple[Lanes, ...]:
    """min_s to max_u, avgr_u"""
    rows: list[Lanes] = []
    for sign in "su":
        kind = f"{'i' if sign == 's' else 'u'}{bits}"
        for name, first, second in (("min", "b", "a"), ("max", "a", "b")):
            rows.append(Lanes(f"{shape}.{name}_{sign}", kind, kind, f"{name.upper()} d, a, b", needs="zbb"))
            rows.append(Lanes(f"{shape}.{name}_{sign}", kind, kind, f"MV d, a; BGE {first}, {second}, 1; MV d, b; 1:"))
    if bits < 32:
        rows.append(Lanes(f"{shape}.avgr_u", f"u{bits}", f"u{bits}", "ADD d, a, b; ADDI d, d, 1; SRLI d, d, 1"))
    return tuple(rows)


def sums(shape: str, bits: int) -> tuple[Lanes, ...]:
    """add, sub, and those of bytes and halfwords that saturate. No sum of the lower bits reaches another lane; the highest are added without carry."""
    kind = f"i{bits}"
    if bits >= 32:
        return (Lanes(f"{shape}.add", kind, kind, "ADD d, a, b"), Lanes(f"{shape}.sub", kind, kind, "SUB d, a, b"))
    lower = f"LI x31, {sum((1 << bits - 1) - 1 << at for at in range(0, 64, bits)):#x}"
    return (
        Lanes(f"{shape}.add", "i64", "i64", f"""{lower}; AND d, a, x31; AND x30, b, x31; ADD d, d, x30; XORI x31, x31, -1
            XOR x30, a, b; AND x30, x30, x31; XOR d, d, x30"""),
        Lanes(f"{shape}.sub", "i64", "i64", f"""{lower}; AND x30, b, x31; XORI x31, x31, -1; OR d, a, x31; SUB d, d, x30
            XOR x30, a, b; XORI x30, x30, -1; AND x30, x30, x31; XOR d, d, x30"""),
        *(Lanes(f"{shape}.{name}_sat_{sign}", f"{'i' if sign == 's' else 'u'}{bits}", kind, saturated(f"{name.upper()} d, a, b", bits, sign))
          for name in ("add", "sub") for sign in "su"),
    )


def integers(shape: str, bits: int) -> tuple[Lanes, ...]:
    """Of one shape."""
    kind, unsigned = f"i{bits}", f"u{bits}" if bits < 64 else "i64"
    return (
        *comparisons(shape, bits),
        *(least_and_greatest(shape, bits) if bits < 64 else ()),
        *sums(shape, bits),
        *((Lanes(f"{shape}.mul", kind, kind, "MUL d, a, b"),) if bits > 8 else ()),
        Lanes(f"{shape}.neg", kind, kind, "SUB d, x0, a"),
        Lanes(f"{shape}.abs", kind, kind, "SRAI x31, a, 63; XOR d, a, x31; SUB d, d, x31"),
        Lanes(f"{shape}.shl",   kind,     kind, "SLL d, a, b", SHIFT),
        Lanes(f"{shape}.shr_s", kind,     kind, "SRA d, a, b", SHIFT),
        Lanes(f"{shape}.shr_u", unsigned, kind, "SRL d, a, b", SHIFT),
        Lanes(f"{shape}.all_true", unsigned, "i32", "SLTU x31, x0, a; AND d, d, x31", ALL),
        Lanes(f"{shape}.bitmask",  kind,     "i32", "SLLI d, d, 1; SRLI x31, a, 63; OR d, d, x31", ANY),
    )


def widened(shape: str, bits: int, other: str, half: int) -> tuple[Lanes, ...]:
    """To and from lanes of half the width."""
    rows: list[Lanes] = []
    for sign in "su":
        source, result = f"{'i' if sign == 's' else 'u'}{half}", f"i{bits}"
        for part, way in (("low", EACH), ("high", HIGH)):
            rows.append(Lanes(f"{shape}.extend_{part}_{other}_{sign}", source, result, "MV d, a", way))
            rows.append(Lanes(f"{shape}.extmul_{part}_{other}_{sign}", source, result, "MUL d, a, b", way))
        if bits < 64:
            rows.append(Lanes(f"{shape}.extadd_pairwise_{other}_{sign}", source, result, "ADD d, a, b", PAIRS))
            rows.append(Lanes(f"{other}.narrow_{shape}_{sign}", result, f"i{half}", saturated("MV d, a", half, sign), NARROW))
    return tuple(rows)


def scalar(name: str, last: int = -1) -> str:
    """The code of a scalar op's last row."""
    return [row.code for row in FLOAT if name in expand(row.ops)][last]


def products(byte: int) -> str:
    """d <- the sum, of 16 bits, of the products of two bytes of words and the ones after."""
    one, two = (f"SLLI x31, a, {up}; SRAI x31, x31, 56; SLLI x30, b, {up}; SRAI x30, x30, 56; MUL x31, x31, x30" for up in (56 - 8 * byte, 48 - 8 * byte))
    return f"{one}; MV d, x31; {two}; ADD d, d, x31; SLLI d, d, 48; SRAI d, d, 48"


def floats(shape: str, t: str, s: str, bits: int) -> tuple[Lanes, ...]:
    """f32x4 or f64x2"""
    mask = f"i{bits}"
    return (
        *(Lanes(f"{shape}.{name}", t, t, scalar(f"{t}.{name}"))
          for name in ("add", "sub", "mul", "div", "min", "max", "abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest")),
        Lanes(f"{shape}.eq", t, mask, f"FEQ.{s} d, a, b; {ONES}"), Lanes(f"{shape}.ne", t, mask, f"FEQ.{s} d, a, b; {NOT_ONES}"),
        Lanes(f"{shape}.lt", t, mask, f"FLT.{s} d, a, b; {ONES}"), Lanes(f"{shape}.gt", t, mask, f"FLT.{s} d, b, a; {ONES}"),
        Lanes(f"{shape}.le", t, mask, f"FLE.{s} d, a, b; {ONES}"), Lanes(f"{shape}.ge", t, mask, f"FLE.{s} d, b, a; {ONES}"),
        # b where it is less, or greater; else a, and so where they are unordered. The relaxed ones are as on the other machines.
        *(Lanes(f"{shape}.p{name} {shape}.relaxed_{name}", t, t, f"FSGNJ.{s} d, a, a; FLT.{s} x31, {order}; BEQ x31, x0, 1; FSGNJ.{s} d, b, b; 1:")
          for name, order in (("min", "b, a"), ("max", "a, b"))),
        *(Lanes(f"{shape}.relaxed_{name}", t, t, f"FSGNJ.{s} f31, c, c; {fused}.{s} d, a, b, f31") for name, fused in (("madd", "FMADD"), ("nmadd", "FNMSUB"))),
    )


def conversions(s: str) -> tuple[Lanes, ...]:
    """Signed or unsigned."""
    return (
        Lanes(f"i32x4.trunc_sat_f32x4_{s} i32x4.relaxed_trunc_f32x4_{s}", "f32", "i32", scalar(f"i32.trunc_sat_f32_{s}")),
        Lanes(f"i32x4.trunc_sat_f64x2_{s}_zero i32x4.relaxed_trunc_f64x2_{s}_zero", "f64", "i32", scalar(f"i32.trunc_sat_f64_{s}")),
        Lanes(f"f32x4.convert_i32x4_{s}", "i32", "f32", scalar(f"f32.convert_i32_{s}")),
        Lanes(f"f64x2.convert_low_i32x4_{s}", "i32", "f64", scalar(f"f64.convert_i32_{s}")),
    )


LANES: Final = (
    Lanes("v128.not",    "i64", "i64", "XORI d, a, -1"),
    Lanes("v128.and",    "i64", "i64", "AND d, a, b"),
    Lanes("v128.or",     "i64", "i64", "OR d, a, b"),
    Lanes("v128.xor",    "i64", "i64", "XOR d, a, b"),
    Lanes("v128.andnot", "i64", "i64", "ANDN d, a, b", needs="zbb"),
    Lanes("v128.andnot", "i64", "i64", "XORI d, b, -1; AND d, d, a"),
    Lanes("v128.bitselect i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect", "i64", "i64",
          "XOR d, a, b; AND d, d, c; XOR d, d, b"),
    Lanes("v128.any_true", "i64", "i32", "SLTU x31, x0, a; OR d, d, x31", ANY),
    *(row for shape in INTEGERS for row in integers(*shape)),
    *(row for shape in WIDENED for row in widened(*shape)),
    Lanes("i8x16.popcnt", "i64", "i64", """LI x31, 0x5555555555555555; SRLI x30, a, 1; AND x30, x30, x31; SUB d, a, x30
        LI x31, 0x3333333333333333; AND x30, d, x31; SRLI d, d, 2; AND d, d, x31; ADD d, d, x30
        SRLI x30, d, 4; ADD d, d, x30; LI x31, 0x0F0F0F0F0F0F0F0F; AND d, d, x31"""),
    Lanes("i16x8.q15mulr_sat_s i16x8.relaxed_q15mulr_s", "i16", "i16", f"MUL d, a, b; LI x31, 0x4000; ADD d, d, x31; SRAI d, d, 15; {at_most('0x7FFF')}"),
    Lanes("i32x4.dot_i16x8_s", "i16", "i32", "MUL d, a, b; MUL x31, c, x; ADD d, d, x31", DOTS),
    Lanes("i16x8.relaxed_dot_i8x16_i7x16_s", "i8", "i16", "MUL d, a, b; MUL x31, c, x; ADD d, d, x31", DOTS),
    Lanes("i32x4.relaxed_dot_i8x16_i7x16_add_s", "i32", "i32", f"{products(0)}; ADD c, c, d; {products(2)}; ADD d, d, c"),
    *(row for shape in FLOATS for row in floats(*shape)),
    *(row for sign in "su" for row in conversions(sign)),
    Lanes("f32x4.demote_f64x2_zero",  "f64", "f32", scalar("f32.demote_f64")),
    Lanes("f64x2.promote_low_f32x4",  "f32", "f64", scalar("f64.promote_f32")),
)
# fmt: on
OPERANDS: Final = {SHIFT: "ii", DOTS: "iiii"}  # letters, where they are not the kind's


def letters() -> dict[str, str]:
    """By mnemonic the signature of a lane's code."""
    found: dict[str, str] = {}
    for row in LANES:
        for name in expand(row.ops):
            found[name] = f"{OPERANDS.get(row.way, 3 * KINDS[row.source][4])}:{KINDS[row.result][4]}"
    return found


def rows() -> tuple[Row, ...]:
    """As lowering rows, each op's own."""
    return tuple(
        Row(name, " ".join("r" for _ in BY_MNEMONIC[name].operands or ""), row.code, needs=row.needs) for row in LANES for name in expand(row.ops)
    )


def column(cells: list[tuple[str, int]]) -> list[int]:
    """By op id."""
    return by_op([(name, cell) for ops, cell in cells for name in expand(ops)])
