"""What the numeric ops become: rows of `wasm_codegen_native.lowering_rows`, in the notation of Arm's manual."""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

REFERENCES: Final = {"eq": " ref.eq"}  # compared alike
# fmt: off
INTEGER: Final = (
    # ---- arithmetic
    Row("i{32,64}.add", "r imm12",     "ADD d, a, b"),
    Row("i{32,64}.add", "r negative",  "SUB d, a, b"),
    Row("i{32,64}.add", "r high",      "ADD d, a, b"),
    Row("i{32,64}.add", "r r",         "ADD d, a, b"),
    Row("i{32,64}.sub", "r imm12",     "SUB d, a, b"),
    Row("i{32,64}.sub", "r negative",  "ADD d, a, b"),
    Row("i{32,64}.sub", "r high",      "SUB d, a, b"),
    Row("i{32,64}.sub", "r r",         "SUB d, a, b"),
    Row("i{32,64}.mul", "d 1",         ""),
    Row("i{32,64}.mul", "r power",     "LSL d, a, b"),
    Row("i{32,64}.mul", "r r",         "MUL d, a, b"),
    *(row for width in (32, 64) for row in (
        Row(f"i{width}.and", f"r mask{width}", "AND d, a, b"),
        Row(f"i{width}.or",  f"r mask{width}", "ORR d, a, b"),
        Row(f"i{width}.xor", f"r mask{width}", "EOR d, a, b"),
    )),
    Row("i{32,64}.and", "r r", "AND d, a, b"),
    Row("i{32,64}.or",  "r r", "ORR d, a, b"),
    Row("i{32,64}.xor", "r r", "EOR d, a, b"),
    # ---- division: neither by zero nor of the least number by -1 does the machine trap
    Row("i{32,64}.div_u", "r r", "CMP b, 0; TRAP EQ, INTEGER_DIVISION_BY_ZERO; UDIV d, a, b"),
    Row("i{32,64}.div_s", "r r", "CMP b, 0; TRAP EQ, INTEGER_DIVISION_BY_ZERO; CMN b, 1; CCMP a, 1, 0, EQ; TRAP VS, INTEGER_OVERFLOW; SDIV d, a, b"),
    Row("i{32,64}.rem_u", "r r", "CMP b, 0; TRAP EQ, INTEGER_DIVISION_BY_ZERO; UDIV s, a, b; MSUB d, s, b, a"),
    Row("i{32,64}.rem_s", "r r", "CMP b, 0; TRAP EQ, INTEGER_DIVISION_BY_ZERO; SDIV s, a, b; MSUB d, s, b, a"),
    # ---- shifts
    *(row for width in (32, 64) for row in (
        Row(f"i{width}.shl i{width}.shr_s i{width}.shr_u i{width}.rotl i{width}.rotr", f"d none{width}", ""),
        Row(f"i{width}.shl",   f"r count{width}", "LSL d, a, b"),
        Row(f"i{width}.shr_s", f"r count{width}", "ASR d, a, b"),
        Row(f"i{width}.shr_u", f"r count{width}", "LSR d, a, b"),
        Row(f"i{width}.rotl",  f"r count{width}", "EXTR d, a, a, -b"),
        Row(f"i{width}.rotr",  f"r count{width}", "EXTR d, a, a, b"),
    )),
    Row("i{32,64}.shl",   "r r", "LSL d, a, b"),
    Row("i{32,64}.shr_s", "r r", "ASR d, a, b"),
    Row("i{32,64}.shr_u", "r r", "LSR d, a, b"),
    Row("i{32,64}.rotl",  "r r", "NEG s, b; ROR d, a, s"),
    Row("i{32,64}.rotr",  "r r", "ROR d, a, b"),
    # ---- comparisons
    Row("i{32,64}.eqz ref.is_null", "r", "CMP a, 0", "cc EQ"),
    *(row for name, condition in (
        ("eq", "EQ"), ("ne", "NE"), ("lt_s", "LT"), ("lt_u", "LO"), ("gt_s", "GT"), ("gt_u", "HI"), ("le_s", "LE"), ("le_u", "LS"), ("ge_s", "GE"),
        ("ge_u", "HS"),
    ) for row in (
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "r imm12",    "CMP a, b", f"cc {condition}"),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "r negative", "CMN a, b", f"cc {condition}"),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "r r",        "CMP a, b", f"cc {condition}"),
    )),
    # ---- widths
    Row("i32.wrap_i64",                    "r", "MOV d32, a32"),
    Row("i64.extend_i32_s i64.extend32_s", "r", "SXTW d64, a32"),
    Row("i{32,64}.extend8_s",              "r", "SXTB d, a32"),
    Row("i{32,64}.extend16_s",             "r", "SXTH d, a32"),
    # ---- bits
    Row("i{32,64}.clz", "r", "CLZ d, a"),
    Row("i{32,64}.ctz", "r", "RBIT d, a; CLZ d, d"),
    Row("i32.popcnt",   "r", "FMOV v31.32, a; CNT v31.8B, v31.8B; ADDV v31.B, v31.8B; FMOV d, v31.32"),
    Row("i64.popcnt",   "r", "FMOV v31.64, a; CNT v31.8B, v31.8B; ADDV v31.B, v31.8B; FMOV d32, v31.32"),
)

# Conversions that trap, by (from, to): the largest value below what converts, and how what is as large compares; the least above. As bits of a float.
BOUNDS: Final = (
    ("f32", "i32", "s", "LT", 0xCF000000,         0x4F000000),
    ("f32", "i32", "u", "LE", 0xBF800000,         0x4F800000),
    ("f32", "i64", "s", "LT", 0xDF000000,         0x5F000000),
    ("f32", "i64", "u", "LE", 0xBF800000,         0x5F800000),
    ("f64", "i32", "s", "LE", 0xC1E0000000200000, 0x41E0000000000000),
    ("f64", "i32", "u", "LE", 0xBFF0000000000000, 0x41F0000000000000),
    ("f64", "i64", "s", "LT", 0xC3E0000000000000, 0x43E0000000000000),
    ("f64", "i64", "u", "LE", 0xBFF0000000000000, 0x43F0000000000000),
)


def of_type(t: str) -> tuple[Row, ...]:
    """Arithmetic of f32 or f64."""
    sign = "MOVI v31.4S, 0x80, LSL 24" if t == "f32" else "MOVI v31.2D, 0; FNEG v31.2D, v31.2D"
    return (
        Row(f"{t}.add", "r r", "FADD d, a, b"),
        Row(f"{t}.sub", "r r", "FSUB d, a, b"),
        Row(f"{t}.mul", "r r", "FMUL d, a, b"),
        Row(f"{t}.div", "r r", "FDIV d, a, b"),
        Row(f"{t}.min", "r r", "FMIN d, a, b"),
        Row(f"{t}.max", "r r", "FMAX d, a, b"),
        Row(f"{t}.copysign", "d r", f"{sign}; BIT d.8B, b.8B, v31.8B"),
        Row(f"{t}.abs",     "r", "FABS d, a"),
        Row(f"{t}.neg",     "r", "FNEG d, a"),
        Row(f"{t}.sqrt",    "r", "FSQRT d, a"),
        Row(f"{t}.ceil",    "r", "FRINTP d, a"),
        Row(f"{t}.floor",   "r", "FRINTM d, a"),
        Row(f"{t}.trunc",   "r", "FRINTZ d, a"),
        Row(f"{t}.nearest", "r", "FRINTN d, a"),
        *(Row(f"{t}.{name}", "r r", "FCMP a, b", f"cc {condition}")
          for name, condition in (("eq", "EQ"), ("ne", "NE"), ("lt", "MI"), ("gt", "GT"), ("le", "LS"), ("ge", "GE"))),
    )


def conversions(t: str, to: str, sign: str, low: str, least: int, beyond: int) -> tuple[Row, ...]:
    """trunc, with the checks that the machine, which saturates, does not make; trunc_sat; and back."""
    width, bits = t[1:], to[1:]
    compare = f"MOV s{width}, {{:#x}}; FMOV v31.{width}, s{width}; FCMP a, v31.{width}"
    below = "MI" if low == "LT" else "LS"  # false when unordered
    convert = f"FCVTZ{sign.upper()} d{bits}, a"
    return (
        Row(f"{to}.trunc_{t}_{sign}", "r", f"""{compare.format(beyond)}; TRAP VS, BAD_CONVERSION_TO_INTEGER; TRAP GE, INTEGER_OVERFLOW
            {compare.format(least)}; TRAP {below}, INTEGER_OVERFLOW; {convert}"""),
        Row(f"{to}.trunc_sat_{t}_{sign}", "r", convert),
        Row(f"{t}.convert_{to}_{sign}", "r", f"{sign.upper()}CVTF d, a{bits}"),
    )


FLOAT: Final = (
    *(row for t in ("f32", "f64") for row in of_type(t)),
    *(row for bounds in BOUNDS for row in conversions(*bounds)),
    Row("f32.demote_f64",      "r", "FCVT d, a"),
    Row("f64.promote_f32",     "r", "FCVT d, a"),
    Row("i32.reinterpret_f32", "r", "FMOV d, a"),
    Row("i64.reinterpret_f64", "r", "FMOV d, a"),
    Row("f32.reinterpret_i32", "r", "FMOV d, a"),
    Row("f64.reinterpret_i64", "r", "FMOV d, a"),
)
# fmt: on
