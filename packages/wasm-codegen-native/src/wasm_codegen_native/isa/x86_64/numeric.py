"""What the numeric ops become: rows of `wasm_codegen_native.lowering_rows`, in the notation of Intel's manual."""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

REFERENCES: Final = {"eq": " ref.eq"}  # compared alike
# fmt: off
INTEGER: Final = (
    # ---- arithmetic: LEA where the sum goes to a third register
    Row("i{32,64}.add", "d! imm8",  "ADD d, b"),
    Row("i{32,64}.add", "d! imm32", "ADD d, b"),
    Row("i{32,64}.add", "r! imm32", "LEA d, [a + b]"),
    Row("i{32,64}.add", "d! x",     "ADD d, b"),
    Row("i{32,64}.add", "r! r!",    "LEA d, [a + b]"),
    Row("i{32,64}.add", "d imm8",   "ADD d, b"),
    Row("i{32,64}.add", "d imm32",  "ADD d, b"),
    Row("i{32,64}.add", "d x",      "ADD d, b"),
    Row("i{32,64}.add", "d r",      "ADD d, b"),
    Row("i{32,64}.sub", "d imm8",   "SUB d, b"),
    Row("i{32,64}.sub", "d imm32",  "SUB d, b"),
    Row("i{32,64}.sub", "d x",      "SUB d, b"),
    Row("i{32,64}.sub", "d r",      "SUB d, b"),
    Row("i{32,64}.mul", "d 1",      ""),
    Row("i{32,64}.mul", "d power",  "SHL d, b"),
    Row("i{32,64}.mul", "r 3",      "LEA d, [a + a*2]"),
    Row("i{32,64}.mul", "r 5",      "LEA d, [a + a*4]"),
    Row("i{32,64}.mul", "r 9",      "LEA d, [a + a*8]"),
    Row("i{32,64}.mul", "r imm8",   "IMUL d, a, b"),
    Row("i{32,64}.mul", "r imm32",  "IMUL d, a, b"),
    Row("i{32,64}.mul", "d x",      "IMUL d, b"),
    Row("i{32,64}.mul", "d r",      "IMUL d, b"),
    Row("i{32,64}.and", "d imm8",   "AND d, b"),
    Row("i{32,64}.and", "d imm32",  "AND d, b"),
    Row("i{32,64}.and", "d x",      "AND d, b"),
    Row("i{32,64}.and", "d r",      "AND d, b"),
    Row("i{32,64}.or",  "d imm8",   "OR d, b"),
    Row("i{32,64}.or",  "d imm32",  "OR d, b"),
    Row("i{32,64}.or",  "d x",      "OR d, b"),
    Row("i{32,64}.or",  "d r",      "OR d, b"),
    Row("i{32,64}.xor", "d imm8",   "XOR d, b"),
    Row("i{32,64}.xor", "d imm32",  "XOR d, b"),
    Row("i{32,64}.xor", "d x",      "XOR d, b"),
    Row("i{32,64}.xor", "d r",      "XOR d, b"),
    # ---- shifts
    *(row for width in (32, 64) for row in (
        Row(f"i{width}.shl i{width}.shr_s i{width}.shr_u i{width}.rotl i{width}.rotr", f"d none{width}", ""),
        Row(f"i{width}.shl",   f"d count{width}", "SHL d, b"),
        Row(f"i{width}.shr_s", f"d count{width}", "SAR d, b"),
        Row(f"i{width}.shr_u", f"d count{width}", "SHR d, b"),
        Row(f"i{width}.rotl",  f"d count{width}", "ROL d, b"),
        Row(f"i{width}.rotr",  f"d count{width}", "ROR d, b"),
    )),
    Row("i{32,64}.shl",   "r r",   "SHLX d, a, b", needs="bmi2"),
    Row("i{32,64}.shr_s", "r r",   "SARX d, a, b", needs="bmi2"),
    Row("i{32,64}.shr_u", "r r",   "SHRX d, a, b", needs="bmi2"),
    Row("i{32,64}.shl",   "d rcx", "SHL d, cl"),
    Row("i{32,64}.shr_s", "d rcx", "SAR d, cl"),
    Row("i{32,64}.shr_u", "d rcx", "SHR d, cl"),
    Row("i{32,64}.rotl",  "d rcx", "ROL d, cl"),
    Row("i{32,64}.rotr",  "d rcx", "ROR d, cl"),
    # ---- comparisons
    Row("i{32,64}.eqz ref.is_null", "r",  "ZERO a", "cc E"),
    Row("i{32,64}.eq ref.eq",  "r 0",     "ZERO a", "cc E"),
    Row("i{32,64}.ne",  "r 0",      "ZERO a", "cc NE"),
    *(row for name, condition in (
        ("eq", "E"), ("ne", "NE"), ("lt_s", "L"), ("lt_u", "B"), ("gt_s", "G"), ("gt_u", "A"), ("le_s", "LE"), ("le_u", "BE"), ("ge_s", "GE"), ("ge_u", "AE"),
    ) for row in (
        *(() if name in ("eq", "ne") else (Row(f"i{{32,64}}.{name}", "r 0", "TEST a, a", f"cc {condition}"),)),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "x imm8",  "CMP a, b", f"cc {condition}"),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "x imm32", "CMP a, b", f"cc {condition}"),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "r imm8",  "CMP a, b", f"cc {condition}"),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "r imm32", "CMP a, b", f"cc {condition}"),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "r x",     "CMP a, b", f"cc {condition}"),
        Row(f"i{{32,64}}.{name}{REFERENCES.get(name, '')}", "r r",     "CMP a, b", f"cc {condition}"),
    )),
    # ---- widths
    Row("i32.wrap_i64",                  "x", "MOV d32, a32"),
    Row("i64.extend_i32_s i64.extend32_s", "x", "MOVSXD d64, a32"),
    Row("i64.extend_i32_s i64.extend32_s", "r", "MOVSXD d64, a32"),
    Row("i{32,64}.extend8_s",            "x", "MOVSX d, a8"),
    Row("i{32,64}.extend8_s",            "r", "MOVSX d, a8"),
    Row("i{32,64}.extend16_s",           "x", "MOVSX d, a16"),
    Row("i{32,64}.extend16_s",           "r", "MOVSX d, a16"),
    # ---- bits
    Row("i{32,64}.clz",    "r", "LZCNT d, a", needs="abm"),
    Row("i32.clz",         "r", "BSR d, a; MOV s, 63; CMOVE d, s; XOR d, 31"),
    Row("i64.clz",         "r", "BSR d, a; MOV s32, 127; CMOVE d, s; XOR d, 63"),
    Row("i{32,64}.ctz",    "r", "TZCNT d, a", needs="bmi1"),
    Row("i32.ctz",         "r", "BSF d, a; MOV s, 32; CMOVE d, s"),
    Row("i64.ctz",         "r", "BSF d, a; MOV s32, 64; CMOVE d, s"),
    Row("i{32,64}.popcnt", "r", "POPCNT d, a", needs="popcnt"),
    # sums of 2, 4, 8 bits, then one multiplication: Hacker's Delight, 5-1
    Row("i32.popcnt",      "r", """MOV d, a; MOV s, a; SHR s, 1; MOV t, 0x55555555; AND s, t; SUB d, s;
        MOV t, 0x33333333; MOV s, d; SHR s, 2; AND d, t; AND s, t; ADD d, s;
        MOV s, d; SHR s, 4; ADD d, s; MOV t, 0x0F0F0F0F; AND d, t; MOV t, 0x01010101; IMUL d, t; SHR d, 24"""),
    Row("i64.popcnt",      "r", """MOV d, a; MOV s, a; SHR s, 1; MOV t, 0x5555555555555555; AND s, t; SUB d, s;
        MOV t, 0x3333333333333333; MOV s, d; SHR s, 2; AND d, t; AND s, t; ADD d, s;
        MOV s, d; SHR s, 4; ADD d, s; MOV t, 0x0F0F0F0F0F0F0F0F; AND d, t; MOV t, 0x0101010101010101; IMUL d, t; SHR d, 56"""),
)
# fmt: on

SIGN32: Final = "{x4 0x80000000}"
SIGN64: Final = "{x2 0x8000000000000000}"
# Names of the two types with what their instructions end in, and constants.
# fmt: off
TYPES: Final = (("f32", "SS", SIGN32, "{x4 0x7FFFFFFF}",         "{0x5F000000}",         "{0xDF000000}"),
                ("f64", "SD", SIGN64, "{x2 0x7FFFFFFFFFFFFFFF}", "{0x43E0000000000000}", "{0xC3E0000000000000}"))
# ROUNDSS: bit 3 suppresses the inexact exception.
ROUNDINGS: Final = (("ceil", 10), ("floor", 9), ("trunc", 11), ("nearest", 8))


def of_type(t: str, s: str, sign: str, rest: str) -> tuple[Row, ...]:
    """Arithmetic of f32 and f64."""
    return (
        Row(f"{t}.add", "r y", f"ADD{s} d, a, b"),
        Row(f"{t}.sub", "r y", f"SUB{s} d, a, b"),
        Row(f"{t}.mul", "r y", f"MUL{s} d, a, b"),
        Row(f"{t}.div", "r y", f"DIV{s} d, a, b"),
        # MINSD and MAXSD give their second operand for NaN and equal zeros, so those two cases are apart
        Row(f"{t}.min", "d r", f"UCOMI{s} d, b; JNE 1; JP 2; ORPS d, d, b; JMP 3; 2:; ADD{s} d, d, b; JMP 3; 1:; MIN{s} d, d, b; 3:"),
        Row(f"{t}.max", "d r", f"UCOMI{s} d, b; JNE 1; JP 2; ANDPS d, d, b; JMP 3; 2:; ADD{s} d, d, b; JMP 3; 1:; MAX{s} d, d, b; 3:"),
        Row(f"{t}.copysign", "d r", f"MOVAPS xmm15, {sign}; ANDNPS s, xmm15, d; ANDPS xmm15, xmm15, b; ORPS d, s, xmm15"),
        Row(f"{t}.abs",  "r", f"ANDPS d, a, {rest}"),
        Row(f"{t}.neg",  "r", f"XORPS d, a, {sign}"),
        Row(f"{t}.sqrt", "r", f"SQRT{s} d, a"),
        *(Row(f"{t}.{name}", "r", f"ROUND{s} d, a, {mode}") for name, mode in ROUNDINGS),
        # `above` is false for unordered, so lt and le compare the other way round
        Row(f"{t}.eq", "r y", f"UCOMI{s} a, b", "cc FE"),
        Row(f"{t}.ne", "r y", f"UCOMI{s} a, b", "cc FNE"),
        Row(f"{t}.lt", "y r", f"UCOMI{s} b, a", "cc A"),
        Row(f"{t}.gt", "r y", f"UCOMI{s} a, b", "cc A"),
        Row(f"{t}.le", "y r", f"UCOMI{s} b, a", "cc AE"),
        Row(f"{t}.ge", "r y", f"UCOMI{s} a, b", "cc AE"),
    )


def to_integers(t: str, s: str, two63: str, minus_two63: str) -> tuple[Row, ...]:
    """trunc and trunc_sat: CVTTSD2SI gives the most negative number for everything it cannot represent."""
    fail = f"UCOMI{s} a, a; TRAP P, BAD_CONVERSION_TO_INTEGER; TRAP ALWAYS, INTEGER_OVERFLOW; 1:"
    sign = f"XOR d32, d32; UCOMI{s} a, a; JP 1; XORPS xmm15, xmm15, xmm15; UCOMI{s} a, xmm15"  # 0 and done at 1: for NaN
    signed32 = f"CVTT{s}2SI d64, a; MOVSXD s64, d32; CMP s64, d64; JE 1"
    unsigned32 = f"CVTT{s}2SI d64, a; MOV s32, d32; CMP s64, d64; JE 1"
    signed64 = f"CVTT{s}2SI d, a; CMP d, 1; JNO 1"
    below = f"CVTT{s}2SI d, a; TEST d, d"  # 2**63
    above = f"MOVAPS xmm15, a; SUB{s} xmm15, xmm15, {two63}; CVTT{s}2SI d, xmm15; MOV s, 0x8000000000000000; TEST d, d"
    return (
        Row(f"i32.trunc_{t}_s", "r", f"{signed32}; {fail}; MOV d, d"),
        Row(f"i32.trunc_{t}_u", "r", f"{unsigned32}; {fail}; MOV d, d"),
        Row(f"i64.trunc_{t}_s", "r", f"{signed64}; UCOMI{s} a, a; TRAP P, BAD_CONVERSION_TO_INTEGER; UCOMI{s} a, {minus_two63}; TRAP NE, INTEGER_OVERFLOW; 1:"),
        Row(f"i64.trunc_{t}_u", "r", f"""UCOMI{s} a, {two63}; TRAP P, BAD_CONVERSION_TO_INTEGER; JAE 2; {below}; TRAP S, INTEGER_OVERFLOW; JMP 3
            2:; {above}; TRAP S, INTEGER_OVERFLOW; XOR d, s; 3:"""),
        Row(f"i32.trunc_sat_{t}_s", "r", f"{signed32}; {sign}; JBE 2; MOV d, 0x7FFFFFFF; JMP 1; 2:; MOV d, 0x80000000; 1:; MOV d, d"),
        Row(f"i32.trunc_sat_{t}_u", "r", f"{unsigned32}; {sign}; JBE 1; MOV d, 0xFFFFFFFF; 1:; MOV d, d"),
        Row(f"i64.trunc_sat_{t}_s", "r", f"{signed64}; {sign}; JBE 2; MOV d, 0x7FFFFFFFFFFFFFFF; JMP 1; 2:; MOV d, 0x8000000000000000; 1:"),
        Row(f"i64.trunc_sat_{t}_u", "r", f"""UCOMI{s} a, {two63}; JP 1; JAE 2; {below}; JNS 3; 1:; XOR d32, d32; JMP 3
            2:; {above}; JNS 4; MOV d, 0x7FFFFFFFFFFFFFFF; 4:; XOR d, s; 3:"""),
    )


def from_integers(t: str, s: str) -> tuple[Row, ...]:
    """convert: CVTSI2SD merges into its destination, so the dependency is cut. Half of a large u64, rounded to odd, is converted and doubled."""
    return (
        Row(f"{t}.convert_i32_s", "r", f"XORPS d, d, d; CVTSI2{s} d, a32"),
        Row(f"{t}.convert_i32_u", "r", f"XORPS d, d, d; CVTSI2{s} d, a64"),
        Row(f"{t}.convert_i64_s", "r", f"XORPS d, d, d; CVTSI2{s} d, a64"),
        Row(f"{t}.convert_i64_u", "r", f"""XORPS d, d, d; TEST a64, a64; JS 1; CVTSI2{s} d, a64; JMP 2
            1:; MOV s64, a64; MOV t64, a64; SHR s64, 1; AND t32, 1; OR s64, t64; CVTSI2{s} d, s64; ADD{s} d, d, d; 2:"""),
    )


FLOAT: Final = (
    *(row for t, s, sign, rest, _, _ in TYPES for row in of_type(t, s, sign, rest)),
    *(row for t, s, _, _, two63, minus_two63 in TYPES for row in to_integers(t, s, two63, minus_two63)),
    *(row for t, s, *_ in TYPES for row in from_integers(t, s)),
    Row("f32.demote_f64",      "r", "CVTSD2SS d, a"),
    Row("f64.promote_f32",     "r", "CVTSS2SD d, a"),
    Row("i32.reinterpret_f32", "r", "MOVD d32, a"),
    Row("i64.reinterpret_f64", "r", "MOVD d64, a"),
    Row("f32.reinterpret_i32", "r", "MOVD d, a32"),
    Row("f64.reinterpret_i64", "r", "MOVD d, a64"),
)
# fmt: on
