"""What the numeric ops become: rows of `wasm_codegen_native.lowering_rows`, in the notation of the RISC-V manual. What an i32 is: see `registers`."""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

REFERENCES: Final = {"eq": " ref.eq"}  # compared alike
# Columns: name, the condition on two registers, and on one and zero.
COMPARISONS: Final = (
    ("eq", "EQ a, b"), ("ne", "NE a, b"), ("lt_s", "LT a, b"), ("lt_u", "LTU a, b"), ("gt_s", "LT b, a"), ("gt_u", "LTU b, a"), ("le_s", "GE b, a"),
    ("le_u", "GEU b, a"), ("ge_s", "GE a, b"), ("ge_u", "GEU a, b"),
)  # fmt: skip
WITH_ZERO: Final = ("eq", "ne", "lt_s", "ge_s")  # of which one operand may be zero
LEAST: Final = {"i32": -0x80000000, "i64": 1 << 63}


# fmt: off
def shifts(t: str, width: int, w: str) -> tuple[Row, ...]:
    """Shifts and rotations; the machine takes as many bits of a count as there are."""
    return (
        Row(f"{t}.shl {t}.shr_s {t}.shr_u {t}.rotl {t}.rotr", f"d none{width}", ""),
        Row(f"{t}.shl",   f"r count{width}", f"SLLI{w} d, a, b"),
        Row(f"{t}.shr_s", f"r count{width}", f"SRAI{w} d, a, b"),
        Row(f"{t}.shr_u", f"r count{width}", f"SRLI{w} d, a, b"),
        Row(f"{t}.rotl",  f"r count{width}", f"RORI{w} d, a, -b", needs="zbb"),
        Row(f"{t}.rotr",  f"r count{width}", f"RORI{w} d, a, b", needs="zbb"),
        Row(f"{t}.rotl",  f"r count{width}", f"SRLI{w} x31, a, -b; SLLI{w} d, a, b; OR d, d, x31"),
        Row(f"{t}.rotr",  f"r count{width}", f"SLLI{w} x31, a, -b; SRLI{w} d, a, b; OR d, d, x31"),
        Row(f"{t}.shl",   "r r", f"SLL{w} d, a, b"),
        Row(f"{t}.shr_s", "r r", f"SRA{w} d, a, b"),
        Row(f"{t}.shr_u", "r r", f"SRL{w} d, a, b"),
        Row(f"{t}.rotl",  "r r", f"ROL{w} d, a, b", needs="zbb"),
        Row(f"{t}.rotr",  "r r", f"ROR{w} d, a, b", needs="zbb"),
        Row(f"{t}.rotl",  "r r", f"SUB x31, x0, b; SRL{w} x31, a, x31; SLL{w} d, a, b; OR d, d, x31"),
        Row(f"{t}.rotr",  "r r", f"SUB x31, x0, b; SLL{w} x31, a, x31; SRL{w} d, a, b; OR d, d, x31"),
    )


def integers(t: str, width: int, w: str) -> tuple[Row, ...]:
    """i32 or i64; `w`: what instructions of this width end in."""
    zero = "BEQ b, x0, INTEGER_DIVISION_BY_ZERO"
    return (
        # ---- arithmetic
        Row(f"{t}.add", "r imm12",   f"ADDI{w} d, a, b"),
        Row(f"{t}.add", "r r",       f"ADD{w} d, a, b"),
        Row(f"{t}.sub", "r negated", f"ADDI{w} d, a, b"),
        Row(f"{t}.sub", "r r",       f"SUB{w} d, a, b"),
        Row(f"{t}.mul", "d 1",       ""),
        Row(f"{t}.mul", "r power",   f"SLLI{w} d, a, b"),
        *(Row(f"{t}.mul", f"r {(1 << k) + 1}", f"SH{k}ADD d, a, a", needs="zba") for k in (1, 2, 3) if w == ""),
        Row(f"{t}.mul", "r r",       f"MUL{w} d, a, b"),
        Row(f"{t}.and", "r imm12",   "ANDI d, a, b"),
        Row(f"{t}.and", "r r",       "AND d, a, b"),
        Row(f"{t}.or",  "r imm12",   "ORI d, a, b"),
        Row(f"{t}.or",  "r power",   "BSETI d, a, b", needs="zbs"),
        Row(f"{t}.or",  "r r",       "OR d, a, b"),
        Row(f"{t}.xor", "r imm12",   "XORI d, a, b"),
        Row(f"{t}.xor", "r power",   "BINVI d, a, b", needs="zbs"),
        Row(f"{t}.xor", "r r",       "XOR d, a, b"),
        # ---- division: neither by zero nor of the least number by -1 does the machine trap
        Row(f"{t}.div_u", "r power",   f"SRLI{w} d, a, b"),
        Row(f"{t}.div_u", "r divisor", f"LI x31, b; DIVU{w} d, a, x31"),
        Row(f"{t}.div_u", "r r",       f"{zero}; DIVU{w} d, a, b"),
        Row(f"{t}.div_s", "r divisor", f"LI x31, b; DIV{w} d, a, x31"),
        Row(f"{t}.div_s", "r r", f"{zero}; ADDI x31, b, 1; BNE x31, x0, 1; LI x31, {LEAST[t]}; BEQ a, x31, INTEGER_OVERFLOW; 1:; DIV{w} d, a, b"),
        Row(f"{t}.rem_u", "r divisor", f"LI x31, b; REMU{w} d, a, x31"),
        Row(f"{t}.rem_u", "r r",       f"{zero}; REMU{w} d, a, b"),
        Row(f"{t}.rem_s", "r divisor", f"LI x31, b; REM{w} d, a, x31"),
        Row(f"{t}.rem_s", "r r",       f"{zero}; REM{w} d, a, b"),
        *shifts(t, width, w),
        # ---- comparisons
        Row(f"{t}.eqz" + (" ref.is_null" if w == "" else ""), "r", "", "cc EQ a, x0"),
        *(row for name, condition in COMPARISONS for row in (
            *((Row(f"{t}.{name}{REFERENCES.get(name, '') if w == '' else ''}", "r 0", "", f"cc {condition[:-1]}x0"),) if name in WITH_ZERO else ()),
            Row(f"{t}.{name}{REFERENCES.get(name, '') if w == '' else ''}", "r r", "", f"cc {condition}"),
        )),
        # ---- widths
        Row(f"{t}.extend8_s",  "r", "SEXT.B d, a", needs="zbb"),
        Row(f"{t}.extend16_s", "r", "SEXT.H d, a", needs="zbb"),
        Row(f"{t}.extend8_s",  "r", "SLLI d, a, 56; SRAI d, d, 56"),
        Row(f"{t}.extend16_s", "r", "SLLI d, a, 48; SRAI d, d, 48"),
        # ---- bits: without these instructions see below
        Row(f"{t}.clz",    "r", f"CLZ{w} d, a", needs="zbb"),
        Row(f"{t}.ctz",    "r", f"CTZ{w} d, a", needs="zbb"),
        Row(f"{t}.popcnt", "r", f"CPOP{w} d, a", needs="zbb"),
    )


# What the exponent of a double tells, which is 1023 more than the number of the highest bit set: no double is made with more bits than there were.
INTEGER: Final = (
    *integers("i32", 32, "W"),
    *integers("i64", 64, ""),
    Row("i32.wrap_i64 i64.extend32_s", "r", "SEXT.W d, a"),
    Row("i64.extend_i32_s",            "d", ""),
    Row("i64.extend_i32_u",            "r", "ADD.UW d, a, x0", "", "zba"),
    Row("i64.extend_i32_u",            "r", "SLLI d, a, 32; SRLI d, d, 32"),
    Row("i32.clz", "r", "FCVT.D.WU f31, a; FMV.X.D x31, f31; SRLI x31, x31, 52; LI d, 32; BEQ x31, x0, 1; LI d, 1054; SUB d, d, x31; 1:"),
    Row("i64.clz", "r", "FCVT.D.LU f31, a, rtz; FMV.X.D x31, f31; SRLI x31, x31, 52; LI d, 64; BEQ x31, x0, 1; LI d, 1086; SUB d, d, x31; 1:"),
    Row("i32.ctz", "r", """SUB x31, x0, a; AND x31, x31, a; FCVT.D.WU f31, x31; FMV.X.D x31, f31; SRLI x31, x31, 52
        LI d, 32; BEQ x31, x0, 1; ADDI d, x31, -1023; 1:"""),
    Row("i64.ctz", "r", """SUB x31, x0, a; AND x31, x31, a; FCVT.D.LU f31, x31, rtz; FMV.X.D x31, f31; SRLI x31, x31, 52
        LI d, 64; BEQ x31, x0, 1; ADDI d, x31, -1023; 1:"""),
    Row("i32.popcnt", "r", """LI x31, 0x55555555; SRLIW x30, a, 1; AND x30, x30, x31; SUBW d, a, x30; LI x31, 0x33333333; AND x30, d, x31
        SRLIW d, d, 2; AND d, d, x31; ADDW d, d, x30; SRLIW x30, d, 4; ADDW d, d, x30; LI x31, 0x0F0F0F0F; AND d, d, x31
        LI x31, 0x01010101; MULW d, d, x31; SRLIW d, d, 24"""),
    Row("i64.popcnt", "r", """LI x31, 0x5555555555555555; SRLI x30, a, 1; AND x30, x30, x31; SUB d, a, x30; LI x31, 0x3333333333333333; AND x30, d, x31
        SRLI d, d, 2; AND d, d, x31; ADD d, d, x30; SRLI x30, d, 4; ADD d, d, x30; LI x31, 0x0F0F0F0F0F0F0F0F; AND d, d, x31
        LI x31, 0x0101010101010101; MUL d, d, x31; SRLI d, d, 56"""),
)

# Of f32 and f64: the instructions' letter, width of an integer of the same bits, bits above the exponent, bits from its end to the lowest, the exponent from
# which on all is integral.
FORMATS: Final = {"f32": ("S", "W", 33, 56, 150), "f64": ("D", "D", 1, 53, 1075)}


def of_type(t: str) -> tuple[Row, ...]:
    """Arithmetic of f32 or f64. What a NaN becomes is a canonical one, by every instruction but those of signs; the lesser or greater of two is not."""
    s, x, above, below, integral = FORMATS[t]
    both = f"FEQ.{s} x31, a, a; FEQ.{s} x30, b, b; AND x31, x31, x30"
    exponent = f"FMV.X.{x} x31, a; SLLI x31, x31, {above}; SRLI x31, x31, {below}; ADDI x31, x31, -{integral}"
    return (
        Row(f"{t}.add", "r r", f"FADD.{s} d, a, b"),
        Row(f"{t}.sub", "r r", f"FSUB.{s} d, a, b"),
        Row(f"{t}.mul", "r r", f"FMUL.{s} d, a, b"),
        Row(f"{t}.div", "r r", f"FDIV.{s} d, a, b"),
        *(Row(f"{t}.{name}", "r r", f"{both}; F{name.upper()}.{s} f31, a, b; BNE x31, x0, 1; FADD.{s} f31, a, b; 1:; FSGNJ.{s} d, f31, f31")
          for name in ("min", "max")),
        Row(f"{t}.copysign", "r r", f"FSGNJ.{s} d, a, b"),
        Row(f"{t}.abs",  "r", f"FSGNJX.{s} d, a, a"),
        Row(f"{t}.neg",  "r", f"FSGNJN.{s} d, a, a"),
        Row(f"{t}.sqrt", "r", f"FSQRT.{s} d, a"),
        *(Row(f"{t}.{name}", "r", f"""{exponent}; FMIN.{s} f31, a, a; BGE x31, x0, 1; FCVT.L.{s} x31, a, {mode}; FCVT.{s}.L f31, x31, rne
            FSGNJ.{s} f31, f31, a; 1:; FSGNJ.{s} d, f31, f31""") for name, mode in (("ceil", "rup"), ("floor", "rdn"), ("trunc", "rtz"), ("nearest", "rne"))),
        Row(f"{t}.eq", "r r", f"FEQ.{s} x31, a, b", "cc NE x31, x0"),
        Row(f"{t}.ne", "r r", f"FEQ.{s} x31, a, b", "cc EQ x31, x0"),
        Row(f"{t}.lt", "r r", f"FLT.{s} x31, a, b", "cc NE x31, x0"),
        Row(f"{t}.gt", "r r", f"FLT.{s} x31, b, a", "cc NE x31, x0"),
        Row(f"{t}.le", "r r", f"FLE.{s} x31, a, b", "cc NE x31, x0"),
        Row(f"{t}.ge", "r r", f"FLE.{s} x31, b, a", "cc NE x31, x0"),
    )


# Conversions to i64 that trap: least and greatest float that bound what converts, whether the least itself does. As bits.
BOUNDS: Final = {
    ("f32", "s"): (0xDF000000, "FLT", 0x5F000000), ("f64", "s"): (0xC3E0000000000000, "FLT", 0x43E0000000000000),
    ("f32", "u"): (0xBF800000, "FLE", 0x5F800000), ("f64", "u"): (0xBFF0000000000000, "FLE", 0x43F0000000000000),
}


def conversions(t: str, to: str, sign: str) -> tuple[Row, ...]:
    """trunc, with the checks that the machine, which saturates, does not make; trunc_sat, where a NaN is no large number; and back."""
    s, x = FORMATS[t][:2]
    width = ("W" if to == "i32" else "L") + ("U" if sign == "u" else "")
    number = f"FEQ.{s} x31, a, a; BEQ x31, x0, BAD_CONVERSION_TO_INTEGER"
    if to == "i32":  # a longer integer holds all near the bounds
        extended = "SEXT.W x31, d" if sign == "s" else "SLLI x31, d, 32; SRLI x31, x31, 32"
        trapping = f"{number}; FCVT.L.{s} d, a, rtz; {extended}; BNE x31, d, INTEGER_OVERFLOW" + ("" if sign == "s" else "; SEXT.W d, d")
    else:
        least, below, beyond = BOUNDS[t, sign]
        load = f"LI x31, {{}}; FMV.{x}.X f31, x31"
        bits = (lambda word: word - (word >> 31 << 32)) if t == "f32" else int
        trapping = f"""{number}; {load.format(bits(beyond))}; FLE.{s} x31, f31, a; BNE x31, x0, INTEGER_OVERFLOW
            {load.format(bits(least))}; {below}.{s} x31, a, f31; BNE x31, x0, INTEGER_OVERFLOW; FCVT.{width}.{s} d, a, rtz"""
    return (
        Row(f"{to}.trunc_{t}_{sign}", "r", trapping),
        Row(f"{to}.trunc_sat_{t}_{sign}", "r", f"FEQ.{s} x31, a, a; FCVT.{width}.{s} d, a, rtz; CZERO.EQZ d, d, x31", needs="zicond"),
        Row(f"{to}.trunc_sat_{t}_{sign}", "r", f"FEQ.{s} x31, a, a; SUB x31, x0, x31; FCVT.{width}.{s} d, a, rtz; AND d, d, x31"),
        Row(f"{t}.convert_{to}_{sign}", "r", f"FCVT.{s}.{width} d, a" + ("" if t == "f64" and to == "i32" else ", dyn")),
    )


FLOAT: Final = (
    *(row for t in ("f32", "f64") for row in of_type(t)),
    *(row for t in ("f32", "f64") for to in ("i32", "i64") for sign in "su" for row in conversions(t, to, sign)),
    Row("f32.demote_f64",      "r", "FCVT.S.D d, a, dyn"),
    Row("f64.promote_f32",     "r", "FCVT.D.S d, a"),
    Row("i32.reinterpret_f32", "r", "FMV.X.W d, a"),
    Row("i64.reinterpret_f64", "r", "FMV.X.D d, a"),
    Row("f32.reinterpret_i32", "r", "FMV.W.X d, a"),
    Row("f64.reinterpret_i64", "r", "FMV.D.X d, a"),
)
# fmt: on
