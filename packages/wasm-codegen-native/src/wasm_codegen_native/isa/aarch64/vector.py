"""What the vector ops become: rows, as in `numeric`. Memory and shuffles have a file of their own."""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

# fmt: off
# Shape, arrangement, bits of a lane, letter of a lane; for those that extend: the low half's arrangement, and that of lanes half as wide.
INTEGERS: Final = (("i8x16", "16B", 8, "B"), ("i16x8", "8H", 16, "H"), ("i32x4", "4S", 32, "S"), ("i64x2", "2D", 64, "D"))
FLOATS: Final = (("f32x4", "4S", "S"), ("f64x2", "2D", "D"))
WIDENED: Final = (("i16x8", "8H", "i8x16", "16B", "8B"), ("i32x4", "4S", "i16x8", "8H", "4H"), ("i64x2", "2D", "i32x4", "4S", "2S"))
SIGNS: Final = (("s", "S"), ("u", "U"))


def three(name: str, instruction: str, t: str, swapped: bool = False) -> Row:
    """An op that is an instruction of two operands."""
    a, b = ("b", "a") if swapped else ("a", "b")
    return Row(name, "r r", f"{instruction} d.{t}, {a}.{t}, {b}.{t}")


def two(name: str, instruction: str, t: str) -> Row:
    """An op that is an instruction of one operand."""
    return Row(name, "r", f"{instruction} d.{t}, a.{t}")


def comparisons(shape: str, t: str, kinds: tuple[tuple[str, str, str], ...], equal: str) -> tuple[Row, ...]:
    """lt to ge of each kind, (suffix, greater, greater or equal); eq and ne."""
    return (
        three(f"{shape}.eq", equal, t), Row(f"{shape}.ne", "r r", f"{equal} d.{t}, a.{t}, b.{t}; NOT d.16B, d.16B"),
        *(row for suffix, greater, reaches in kinds for row in (
            three(f"{shape}.gt{suffix}", greater, t), three(f"{shape}.lt{suffix}", greater, t, True),
            three(f"{shape}.ge{suffix}", reaches, t), three(f"{shape}.le{suffix}", reaches, t, True),
        )),
    )


def shifts(shape: str, t: str, bits: int) -> tuple[Row, ...]:
    """Shifts take their count modulo the lane's width; the machine's by a register go to the left, and to the right by negative numbers."""
    general = "64" if bits == 64 else "32"
    count = f"AND s32, b, {bits - 1}"
    return (
        Row(f"{shape}.shl {shape}.shr_s {shape}.shr_u", f"d none{bits}", ""),
        Row(f"{shape}.shl",   f"r count{bits}", f"SHL d.{t}, a.{t}, b"),
        Row(f"{shape}.shr_s", f"r count{bits}", f"SSHR d.{t}, a.{t}, b"),
        Row(f"{shape}.shr_u", f"r count{bits}", f"USHR d.{t}, a.{t}, b"),
        Row(f"{shape}.shl",   "r r", f"{count}; DUP v31.{t}, s{general}; USHL d.{t}, a.{t}, v31.{t}"),
        Row(f"{shape}.shr_s", "r r", f"{count}; NEG s{general}, s{general}; DUP v31.{t}, s{general}; SSHL d.{t}, a.{t}, v31.{t}"),
        Row(f"{shape}.shr_u", "r r", f"{count}; NEG s{general}, s{general}; DUP v31.{t}, s{general}; USHL d.{t}, a.{t}, v31.{t}"),
    )


def widening(wide: str, w: str, narrow: str, t: str, half: str) -> tuple[Row, ...]:
    """extend and extmul."""
    return tuple(row for s, letter in SIGNS for row in (
        Row(f"{wide}.extend_low_{narrow}_{s}",  "r", f"{letter}XTL d.{w}, a.{half}"),
        Row(f"{wide}.extend_high_{narrow}_{s}", "r", f"{letter}XTL2 d.{w}, a.{t}"),
        Row(f"{wide}.extmul_low_{narrow}_{s}",  "r r", f"{letter}MULL d.{w}, a.{half}, b.{half}"),
        Row(f"{wide}.extmul_high_{narrow}_{s}", "r r", f"{letter}MULL2 d.{w}, a.{t}, b.{t}"),
    ))


SIGNED: Final = ("_s", "CMGT", "CMGE")
UNSIGNED: Final = ("_u", "CMHI", "CMHS")
INTEGER: Final = (
    *(row for shape, t, bits, _ in INTEGERS for row in (
        three(f"{shape}.add", "ADD", t), three(f"{shape}.sub", "SUB", t), two(f"{shape}.abs", "ABS", t), two(f"{shape}.neg", "NEG", t),
        *shifts(shape, t, bits), *comparisons(shape, t, (SIGNED,) if bits == 64 else (SIGNED, UNSIGNED), "CMEQ"),
    )),
    *(three(f"{shape}.{name}_{s}", f"{letter}{name.upper()}", t) for shape, t, _, _ in INTEGERS[:3] for name in ("min", "max") for s, letter in SIGNS),
    *(three(f"{shape}.{name}_sat_{s}", f"{letter}Q{name.upper()}", t) for shape, t, _, _ in INTEGERS[:2] for name in ("add", "sub") for s, letter in SIGNS),
    *(three(f"{shape}.avgr_u", "URHADD", t) for shape, t, _, _ in INTEGERS[:2]),
    *(three(f"{shape}.mul", "MUL", t) for shape, t, _, _ in INTEGERS[1:3]),
    # high * low of both, crosswise, added and moved up; then low * low
    Row("i64x2.mul", "r r", """REV64 v31.4S, b.4S; MUL v31.4S, v31.4S, a.4S; XTN s.2S, a.2D; XTN t.2S, b.2D; ADDP v31.4S, v31.4S, v31.4S
        SHLL d.2D, v31.2S, 32; UMLAL d.2D, s.2S, t.2S"""),
    two("i8x16.popcnt", "CNT", "16B"),
    three("i16x8.q15mulr_sat_s i16x8.relaxed_q15mulr_s", "SQRDMULH", "8H"),
    *(row for sizes in WIDENED for row in widening(*sizes)),
    *(Row(f"{wide}.extadd_pairwise_{narrow}_{s}", "r", f"{letter}ADDLP d.{w}, a.{t}") for wide, w, narrow, t, _ in WIDENED[:2] for s, letter in SIGNS),
    *(Row(f"{narrow}.narrow_{wide}_{s}", "r r", f"SQXT{u}N d.{half}, a.{w}; SQXT{u}N2 d.{t}, b.{w}")
      for wide, w, narrow, t, half in WIDENED[:2] for s, u in (("s", ""), ("u", "U"))),
    Row("i32x4.dot_i16x8_s", "r r", "SMULL v31.4S, a.4H, b.4H; SMULL2 d.4S, a.8H, b.8H; ADDP d.4S, v31.4S, d.4S"),
    Row("i16x8.relaxed_dot_i8x16_i7x16_s", "r r", "SMULL v31.8H, a.8B, b.8B; SMULL2 d.8H, a.16B, b.16B; ADDP d.8H, v31.8H, d.8H"),
    Row("i32x4.relaxed_dot_i8x16_i7x16_add_s", "r r d", """SMULL v31.8H, a.8B, b.8B; SMULL2 s.8H, a.16B, b.16B; ADDP v31.8H, v31.8H, s.8H
        SADALP d.4S, v31.8H"""),
)

BITS: Final = (
    three("v128.and", "AND", "16B"), three("v128.andnot", "BIC", "16B"), three("v128.or", "ORR", "16B"), three("v128.xor", "EOR", "16B"),
    two("v128.not", "NOT", "16B"),
    Row("v128.bitselect i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect", "r r d",
        "BSL d.16B, a.16B, b.16B"),
    Row("v128.any_true", "r", "UMAXP v31.4S, a.4S, a.4S; FMOV s64, v31.64; CMP s64, 0", "cc NE"),
    *(Row(f"{shape}.all_true", "r", f"UMINV v31.{letter}, a.{t}; FMOV s32, v31.32; CMP s32, 0", "cc NE") for shape, t, _, letter in INTEGERS[:3]),
    # -1 for each lane that is zero; as a float the sum is zero or a NaN
    Row("i64x2.all_true", "r", "CMEQ v31.2D, a.2D, 0; ADDP v31.2D, v31.2D, v31.2D; FCMP v31.64, v31.64", "cc EQ"),
    # The sign bits move together, as each half of 64 bits is shifted and added to itself.
    Row("i8x16.bitmask", "r", """USHR v31.16B, a.16B, 7; USRA v31.8H, v31.8H, 7; USRA v31.4S, v31.4S, 14; USRA v31.2D, v31.2D, 28
        UMOV s32, v31.B[8]; UMOV d32, v31.B[0]; ORR d32, d32, s32, LSL 8"""),
    Row("i16x8.bitmask", "r", """USHR v31.8H, a.8H, 15; USRA v31.4S, v31.4S, 15; USRA v31.2D, v31.2D, 30
        UMOV s32, v31.B[8]; UMOV d32, v31.B[0]; ORR d32, d32, s32, LSL 4"""),
    Row("i32x4.bitmask", "r", "USHR v31.4S, a.4S, 31; USRA v31.2D, v31.2D, 31; UMOV s32, v31.B[8]; UMOV d32, v31.B[0]; ORR d32, d32, s32, LSL 2"),
    Row("i64x2.bitmask", "r", "USHR v31.2D, a.2D, 63; UMOV s32, v31.B[8]; FMOV d32, v31.32; ORR d32, d32, s32, LSL 1"),
)

LANES: Final = (
    *(Row(f"{shape}.splat", "r", f"DUP d.{t}, a") for shape, t, _, _ in INTEGERS),
    *(Row(f"{shape}.splat", "r", f"DUP d.{t}, a.{letter}[0]") for shape, t, letter in FLOATS),
    *(Row(f"{shape}.extract_lane_{s}", "r", f"{sign}MOV d32, a.{letter}[lane]") for shape, _, _, letter in INTEGERS[:2] for s, sign in SIGNS),
    *(Row(f"{shape}.extract_lane", "r", f"UMOV d, a.{letter}[lane]") for shape, _, _, letter in INTEGERS[2:]),
    *(Row(f"{shape}.extract_lane", "r", f"DUP d.{letter}, a.{letter}[lane]") for shape, _, letter in FLOATS),
    *(Row(f"{shape}.replace_lane", "d r", f"INS d.{letter}[lane], b") for shape, _, _, letter in INTEGERS),
    *(Row(f"{shape}.replace_lane", "d r", f"INS d.{letter}[lane], b.{letter}[0]") for shape, _, letter in FLOATS),
    Row("i8x16.swizzle i8x16.relaxed_swizzle", "r r", "TBL d.16B, {a.16B}, b.16B"),
)

FLOAT: Final = (
    *(row for shape, t, _ in FLOATS for row in (
        *(three(f"{shape}.{name}", f"F{name.upper()}", t) for name in ("add", "sub", "mul", "div", "min", "max")),
        Row(f"{shape}.relaxed_madd", "r r d", f"FMLA d.{t}, a.{t}, b.{t}"),
        Row(f"{shape}.relaxed_nmadd", "r r d", f"FMLS d.{t}, a.{t}, b.{t}"),
        # b where it is less, or greater; else a, and so where they are unordered. The relaxed ones are as on x86-64, and as LLVM's.
        Row(f"{shape}.pmin {shape}.relaxed_min", "d r", f"FCMGT v31.{t}, d.{t}, b.{t}; BIT d.16B, b.16B, v31.16B"),
        Row(f"{shape}.pmax {shape}.relaxed_max", "d r", f"FCMGT v31.{t}, b.{t}, d.{t}; BIT d.16B, b.16B, v31.16B"),
        *(two(f"{shape}.{name}", f"F{name.upper()}", t) for name in ("abs", "neg", "sqrt")),
        *(two(f"{shape}.{name}", f"FRINT{way}", t) for name, way in (("ceil", "P"), ("floor", "M"), ("trunc", "Z"), ("nearest", "N"))),
        *comparisons(shape, t, (("", "FCMGT", "FCMGE"),), "FCMEQ"),
    )),
    *(row for s, letter in SIGNS for row in (
        two(f"i32x4.trunc_sat_f32x4_{s} i32x4.relaxed_trunc_f32x4_{s}", f"FCVTZ{letter}", "4S"),
        Row(f"i32x4.trunc_sat_f64x2_{s}_zero i32x4.relaxed_trunc_f64x2_{s}_zero", "r", f"FCVTZ{letter} d.2D, a.2D; {letter}QXTN d.2S, d.2D"),
        two(f"f32x4.convert_i32x4_{s}", f"{letter}CVTF", "4S"),
        Row(f"f64x2.convert_low_i32x4_{s}", "r", f"{letter}XTL d.2D, a.2S; {letter}CVTF d.2D, d.2D"),
    )),
    Row("f32x4.demote_f64x2_zero",   "r", "FCVTN d.2S, a.2D"),
    Row("f64x2.promote_low_f32x4",   "r", "FCVTL d.2D, a.2S"),
)
VECTOR: Final = (*INTEGER, *BITS, *LANES, *FLOAT)
# fmt: on
