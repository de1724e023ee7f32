"""What the vector ops become: rows, as in `numeric`. Memory, shuffles and some ops of lanes have a file of their own.

xmm15 is nobody's: what a row leaves there is lost. An instruction has three operands, as its VEX form has; where there is none, the first is moved into the
result's register before, hence shape z for the second.
"""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

ZERO: Final = "PXOR xmm15, xmm15, xmm15"
ONES: Final = "PCMPEQD xmm15, xmm15, xmm15"
NOT: Final = f"; {ONES}; PXOR d, d, xmm15"
NIBBLES: Final = "{x2 0x0F0F0F0F0F0F0F0F}"
BIT_COUNTS: Final = "{0x04030302030202010302020102010100}"  # how many bits are set in 0 to 15
ONES8: Final = "{x2 0x0101010101010101}"
ONES16: Final = "{x4 0x00010001}"
SIGNS16: Final = "{x4 0x80008000}"
# fmt: off
# Shapes, bits of a lane, the letter of their instructions.
INTEGERS: Final = (("i8x16", 8, "B"), ("i16x8", 16, "W"), ("i32x4", 32, "D"), ("i64x2", 64, "Q"))
# Wide lanes, those half as wide, the letters of what extends these, what multiplies them then.
WIDENED: Final = (("i16x8", "i8x16", "BW", "PMULLW"), ("i32x4", "i16x8", "WD", "PMULLD"), ("i64x2", "i32x4", "DQ", ""))
SIGNS: Final = (("s", "S"), ("u", "Z"))
# Of floats: letters, the shift that clears a NaN's payload in a mask, the sign, the rest.
FLOATS: Final = (("f32x4", "PS", "PSRLD d, d, 10", "{x4 0x80000000}", "{x4 0x7FFFFFFF}"),
                 ("f64x2", "PD", "PSRLQ d, d, 13", "{x2 0x8000000000000000}", "{x2 0x7FFFFFFFFFFFFFFF}"))


def three(name: str, instruction: str, end: str = "") -> Row:
    """An op that is an instruction of two operands, and what follows."""
    return Row(name, "r z", f"{instruction} d, a, b{end}")


def swapped(name: str, instruction: str, end: str = "") -> Row:
    """The same, of the second and the first."""
    return Row(name, "z r", f"{instruction} d, b, a{end}")


def two(name: str, instruction: str, end: str = "") -> Row:
    """An op that is an instruction of one operand."""
    return Row(name, "r", f"{instruction} d, a{end}")


def comparisons(t: str, letter: str) -> tuple[Row, ...]:
    """Of integers up to 32 bits: a >= b where max(a, b) == a, and what has no instruction is the opposite of what has."""
    equal = f"PCMPEQ{letter}"
    greater = f"PCMPGT{letter}"
    return (
        three(f"{t}.eq", equal), three(f"{t}.ne", equal, NOT),
        three(f"{t}.gt_s", greater), swapped(f"{t}.lt_s", greater), three(f"{t}.le_s", greater, NOT), swapped(f"{t}.ge_s", greater, NOT),
        *(Row(f"{t}.{name}_u", "r r", f"P{extreme}U{letter} d, b, a; {equal} d, d, a{end}")
          for name, extreme, end in (("ge", "MAX", ""), ("le", "MIN", ""), ("lt", "MAX", NOT), ("gt", "MIN", NOT))),
    )


def widening(wide: str, narrow: str, letters: str, multiply: str) -> tuple[Row, ...]:
    """extend and extmul."""
    rows = []
    for s, sign in SIGNS:
        extend = f"PMOV{sign}X{letters}"
        rows += [two(f"{wide}.extend_low_{narrow}_{s}", extend), Row(f"{wide}.extend_high_{narrow}_{s}", "r", f"PSHUFD d, a, 0xEE; {extend} d, d")]
        if multiply:
            rows += [Row(f"{wide}.extmul_low_{narrow}_{s}", "r r", f"{extend} s, b; {extend} d, a; {multiply} d, d, s"),
                     Row(f"{wide}.extmul_high_{narrow}_{s}", "r r",
                         f"PSHUFD s, b, 0xEE; {extend} s, s; PSHUFD d, a, 0xEE; {extend} d, d; {multiply} d, d, s")]
        else:
            product = "PMULDQ" if s == "s" else "PMULUDQ"  # which extends the even lanes of its operands itself
            rows += [Row(f"{wide}.extmul_{half}_{narrow}_{s}", "r r", f"PSHUFD s, b, {lanes}; PSHUFD d, a, {lanes}; {product} d, d, s")
                     for half, lanes in (("low", 0x50), ("high", 0xFA))]
    return tuple(rows)


def byte_shift(shift: str) -> str:
    """A shift of 16 bits, and what came from the neighbour masked away: 0xFF of each 16 bits is shifted as well, its byte spread."""
    return f"""AND b32, 7; MOVD s, b32; {shift} d, d, s; {ONES}; PSRLW xmm15, xmm15, 8; {shift} xmm15, xmm15, s; PXOR s, s, s
        PSHUFB xmm15, xmm15, s; PAND d, d, xmm15"""


def greater(x: str, y: str) -> str:
    """i64x2.gt_s without SSE4.2: the high halves decide, or where they are equal the borrow of y - x."""
    return f"""MOVAPS d, {y}; PSUBQ d, d, {x}; MOVAPS xmm15, {x}; PCMPEQD xmm15, xmm15, {y}; PAND d, d, xmm15
        MOVAPS xmm15, {x}; PCMPGTD xmm15, xmm15, {y}; POR d, d, xmm15; PSHUFD d, d, 0xF5; PSRAD d, d, 31"""


# lt_s and ge_s are gt_s and le_s with their operands exchanged; le_s is not gt_s.
COMPARISONS: Final = (("gt_s", "a", "b", ""), ("lt_s", "b", "a", ""), ("le_s", "a", "b", NOT), ("ge_s", "b", "a", NOT))


INTEGER: Final = (
    *(row for t, _, letter in INTEGERS[:3] for row in comparisons(t, letter)), three("i64x2.eq", "PCMPEQQ"), three("i64x2.ne", "PCMPEQQ", NOT),
    # ---- shifts: by a constant; the machine's counts do not wrap
    *(Row(f"{t}.{name}", f"r count{width}", f"PS{way}{letter} d, a, b")
      for t, width, letter in INTEGERS[1:] for name, way in (("shl", "LL"), ("shr_s", "RA"), ("shr_u", "RL")) if (width, way) != (64, "RA")),
    *(Row(f"{t}.{name}", "d o", f"AND b32, {width - 1}; MOVD s, b32; PS{way}{letter} d, d, s")
      for t, width, letter in INTEGERS[1:] for name, way in (("shl", "LL"), ("shr_s", "RA"), ("shr_u", "RL")) if (width, way) != (64, "RA")),
    # (x >>> c ^ m) - m with m = the sign bit >>> c
    Row("i64x2.shr_s", "d o", """AND b32, 63; MOVD s, b32; PSRLQ d, d, s; MOVAPS xmm15, {x2 0x8000000000000000}; PSRLQ xmm15, xmm15, s
        PXOR d, d, xmm15; PSUBQ d, d, xmm15"""),
    Row("i8x16.shl",   "d o", byte_shift("PSLLW")),
    Row("i8x16.shr_u", "d o", byte_shift("PSRLW")),
    Row("i8x16.shr_s", "d o", """AND b32, 7; ADD b32, 8; MOVD s, b32; MOVAPS xmm15, d; PUNPCKHBW xmm15, xmm15, xmm15; PUNPCKLBW d, d, d
        PSRAW xmm15, xmm15, s; PSRAW d, d, s; PACKSSWB d, d, xmm15"""),
    # ---- one operand
    *(two(f"{t}.abs", f"PABS{letter}") for t, _, letter in INTEGERS[:3]),
    *(Row(f"{t}.neg", "r", f"PXOR d, d, d; PSUB{letter} d, d, a") for t, _, letter in INTEGERS),
    Row("i64x2.abs", "r", "PSHUFD xmm15, a, 0xF5; PSRAD xmm15, xmm15, 31; PXOR d, a, xmm15; PSUBQ d, d, xmm15"),
    Row("i8x16.popcnt", "r", f"""MOVAPS s, a; PSRLW d, a, 4; PAND s, s, {NIBBLES}; PAND d, d, {NIBBLES}; MOVAPS xmm15, {BIT_COUNTS}; PSHUFB xmm15, xmm15, s
        MOVAPS s, {BIT_COUNTS}; PSHUFB s, s, d; PADDB d, s, xmm15"""),
    Row("i16x8.extadd_pairwise_i8x16_s", "r", f"MOVAPS d, {ONES8}; PMADDUBSW d, d, a"),
    Row("i16x8.extadd_pairwise_i8x16_u", "r", f"PMADDUBSW d, a, {ONES8}"),
    Row("i32x4.extadd_pairwise_i16x8_s", "r", f"PMADDWD d, a, {ONES16}"),
    # as signed numbers, less 0x8000 each, which is made good afterwards
    Row("i32x4.extadd_pairwise_i16x8_u", "r", f"PXOR d, a, {SIGNS16}; PMADDWD d, d, {ONES16}; PADDD d, d, {{x4 0x00010000}}"),
    *(row for sizes in WIDENED for row in widening(*sizes)),
    # ---- two and three
    *(three(f"{t}.{name}", f"P{name.upper()}{letter}") for t, _, letter in INTEGERS for name in ("add", "sub")),
    *(three(f"{t}.{name}_sat_{s}", f"P{name.upper()}{unsigned}S{letter}")
      for t, _, letter in INTEGERS[:2] for name in ("add", "sub") for s, unsigned in (("s", ""), ("u", "U"))),
    *(three(f"{t}.{name}_{s}", f"P{name.upper()}{s.upper()}{letter}") for t, _, letter in INTEGERS[:3] for name in ("min", "max") for s in "su"),
    *(three(f"{t}.avgr_u", f"PAVG{letter}") for t, _, letter in INTEGERS[:2]),
    *(three(f"{t}.mul", f"PMULL{letter}") for t, _, letter in INTEGERS[1:3]),
    three("i8x16.narrow_i16x8_s", "PACKSSWB"), three("i8x16.narrow_i16x8_u", "PACKUSWB"),
    three("i16x8.narrow_i32x4_s", "PACKSSDW"), three("i16x8.narrow_i32x4_u", "PACKUSDW"),
    three("i32x4.dot_i16x8_s", "PMADDWD"), three("i16x8.relaxed_q15mulr_s", "PMULHRSW"), swapped("i16x8.relaxed_dot_i8x16_i7x16_s", "PMADDUBSW"),
    Row("i16x8.q15mulr_sat_s", "r r", f"PMULHRSW d, a, b; MOVAPS xmm15, {SIGNS16}; PCMPEQW xmm15, xmm15, d; PXOR d, d, xmm15"),  # -1 * -1 alone wraps
    # low * low + (high * low + low * high << 32)
    Row("i64x2.mul", "r r", """PSRLQ s, a, 32; PMULUDQ s, s, b; PSRLQ xmm15, b, 32; PMULUDQ xmm15, xmm15, a; PADDQ s, s, xmm15; PSLLQ s, s, 32
        PMULUDQ d, a, b; PADDQ d, d, s"""),
    *(Row(f"i64x2.{name}", "r r", f"PCMPGTQ d, {x}, {y}{end}", needs="sse4_2") for name, x, y, end in COMPARISONS),
    *(Row(f"i64x2.{name}", "r r", greater(x, y) + end) for name, x, y, end in COMPARISONS),
    Row("i32x4.relaxed_dot_i8x16_i7x16_add_s", "r r r", f"MOVAPS xmm15, b; PMADDUBSW xmm15, xmm15, a; PMADDWD xmm15, xmm15, {ONES16}; PADDD d, c, xmm15"),
)

BITS: Final = (
    three("v128.and", "PAND"), swapped("v128.andnot", "PANDN"), three("v128.or", "POR"), three("v128.xor", "PXOR"),
    Row("v128.not", "d", f"{ONES}; PXOR d, d, xmm15"),
    Row("v128.bitselect i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect", "d r r",
        "MOVAPS xmm15, c; PANDN xmm15, xmm15, b; PAND d, d, c; POR d, d, xmm15"),
    Row("v128.any_true", "r", "PTEST a, a", "cc NE"),
    *(Row(f"{t}.all_true", "r", f"{ZERO}; PCMPEQ{letter} xmm15, xmm15, a; PTEST xmm15, xmm15", "cc E") for t, _, letter in INTEGERS),
    Row("i8x16.bitmask", "r", "PMOVMSKB d32, a"),
    Row("i16x8.bitmask", "r", "PACKSSWB xmm15, a, a; PMOVMSKB d32, xmm15; MOVZX d32, d8"),
    Row("i32x4.bitmask", "r", "MOVMSKPS d32, a"),
    Row("i64x2.bitmask", "r", "MOVMSKPD d32, a"),
)

LANES: Final = (
    Row("i8x16.splat", "r", "MOVD d, a32; VPBROADCASTB d, d", needs="avx avx2"),
    Row("i8x16.splat", "r", f"MOVD d, a32; {ZERO}; PSHUFB d, d, xmm15"),
    Row("i16x8.splat", "r", "MOVD d, a32; VPBROADCASTW d, d", needs="avx avx2"),
    Row("i16x8.splat", "r", "MOVD d, a32; PSHUFLW d, d, 0; PSHUFD d, d, 0"),
    Row("i32x4.splat", "r", "MOVD d, a32; PSHUFD d, d, 0"),
    Row("i64x2.splat", "r", "MOVD d, a64; PSHUFD d, d, 0x44"),
    Row("f32x4.splat", "r", "PSHUFD d, a, 0"),
    Row("f64x2.splat", "r", "PSHUFD d, a, 0x44"),
    Row("i8x16.extract_lane_u", "r", "PEXTRB d32, a, lane"),
    Row("i8x16.extract_lane_s", "r", "PEXTRB d32, a, lane; MOVSX d32, d8"),
    Row("i16x8.extract_lane_u", "r", "PEXTRW d32, a, lane"),
    Row("i16x8.extract_lane_s", "r", "PEXTRW d32, a, lane; MOVSX d32, d16"),
    Row("i8x16.replace_lane", "r r", "PINSRB d, a, b32, lane"),
    Row("i16x8.replace_lane", "r r", "PINSRW d, a, b32, lane"),
    Row("i32x4.replace_lane", "r r", "PINSRD d, a, b32, lane"),
    Row("i64x2.replace_lane", "r r", "PINSRD d, a, b64, lane"),
    # PSHUFB gives zero for indices with bit 7 set; adding 0x70 with saturation sets it for all from 16 on
    Row("i8x16.swizzle i8x16.relaxed_swizzle", "r r", "PADDUSB xmm15, b, {x2 0x7070707070707070}; PSHUFB d, a, xmm15"),
)


def of_floats(t: str, p: str, clear: str, sign: str, rest: str) -> tuple[Row, ...]:
    """f32x4 or f64x2. Relaxed minimum and maximum are pmin and pmax: so do wasmtime and LLVM."""
    return (
        three(f"{t}.add", f"ADD{p}"), three(f"{t}.sub", f"SUB{p}"), three(f"{t}.mul", f"MUL{p}"), three(f"{t}.div", f"DIV{p}"),
        two(f"{t}.sqrt", f"SQRT{p}"),
        *(two(f"{t}.{name}", f"ROUND{p}", f", {mode}") for name, mode in (("ceil", 10), ("floor", 9), ("trunc", 11), ("nearest", 8))),
        *(three(f"{t}.{name}", f"CMP{p}", f", {how}") for name, how in (("eq", 0), ("lt", 1), ("le", 2), ("ne", 4))),
        *(swapped(f"{t}.{name}", f"CMP{p}", f", {how}") for name, how in (("gt", 1), ("ge", 2))),
        swapped(f"{t}.pmin {t}.relaxed_min", f"MIN{p}"), swapped(f"{t}.pmax {t}.relaxed_max", f"MAX{p}"),
        Row(f"{t}.abs", "r", f"ANDPS d, a, {rest}"),
        Row(f"{t}.neg", "r", f"XORPS d, a, {sign}"),
        # both orders or-ed give the smaller zero and any NaN, whose payload is then cleared
        Row(f"{t}.min", "d r", f"""MOVAPS xmm15, b; MIN{p} xmm15, xmm15, d; MIN{p} d, d, b; ORPS xmm15, xmm15, d; CMP{p} d, d, xmm15, 3
            ORPS xmm15, xmm15, d; {clear}; PANDN d, d, xmm15"""),
        # the same, and the difference of both orders subtracted, which makes +0 of unlike zeros
        Row(f"{t}.max", "d r", f"""MOVAPS xmm15, b; MAX{p} xmm15, xmm15, d; MAX{p} d, d, b; XORPS d, d, xmm15; ORPS xmm15, xmm15, d
            SUB{p} xmm15, xmm15, d; CMP{p} d, d, xmm15, 3; {clear}; PANDN d, d, xmm15"""),
        Row(f"{t}.relaxed_madd",  "d r r", f"VFMADD213{p} d, b, c", needs="avx fma"),
        Row(f"{t}.relaxed_nmadd", "d r r", f"VFNMADD213{p} d, b, c", needs="avx fma"),
        Row(f"{t}.relaxed_madd",  "d r r", f"MUL{p} d, d, b; ADD{p} d, d, c"),
        Row(f"{t}.relaxed_nmadd", "d r r", f"MUL{p} d, d, b; MOVAPS xmm15, c; SUB{p} xmm15, xmm15, d; MOVAPS d, xmm15"),
    )


# From floats, saturating, and back; the relaxed conversions are the same.
CONVERSIONS: Final = (
    two("f32x4.demote_f64x2_zero", "CVTPD2PS"), two("f64x2.promote_low_f32x4", "CVTPS2PD"),
    two("f32x4.convert_i32x4_s", "CVTDQ2PS"), two("f64x2.convert_low_i32x4_s", "CVTDQ2PD"),
    # NaN to 0; 0x80000000 from a positive number becomes 0x7FFFFFFF
    Row("i32x4.trunc_sat_f32x4_s i32x4.relaxed_trunc_f32x4_s", "d", """MOVAPS xmm15, d; CMPPS xmm15, xmm15, xmm15, 0; ANDPS d, d, xmm15; PXOR xmm15, xmm15, d
        CVTTPS2DQ d, d; PAND xmm15, xmm15, d; PSRAD xmm15, xmm15, 31; PXOR d, d, xmm15"""),
    # what lies above 2**31 is converted less 2**31 and added
    Row("i32x4.trunc_sat_f32x4_u i32x4.relaxed_trunc_f32x4_u", "d", f"""{ZERO}; MAXPS d, d, xmm15; {ONES}; PSRLD xmm15, xmm15, 1; CVTDQ2PS xmm15, xmm15
        MOVAPS s, d; SUBPS s, s, xmm15; CMPPS xmm15, xmm15, s, 2; CVTTPS2DQ s, s; PXOR s, s, xmm15; {ZERO}; PMAXSD s, s, xmm15
        CVTTPS2DQ d, d; PADDD d, d, s"""),
    # at most 2147483647.0, and what is no number 0
    Row("i32x4.trunc_sat_f64x2_s_zero i32x4.relaxed_trunc_f64x2_s_zero", "d", """MOVAPS xmm15, d; CMPPD xmm15, xmm15, xmm15, 0
        ANDPS xmm15, xmm15, {x2 0x41DFFFFFFFC00000}; MINPD d, d, xmm15; CVTTPD2DQ d, d"""),
    # from 0 to 4294967295.0, without a fraction, plus 2**52: the low half of the mantissa
    Row("i32x4.trunc_sat_f64x2_u_zero i32x4.relaxed_trunc_f64x2_u_zero", "d", f"""{ZERO}; MAXPD d, d, xmm15; MINPD d, d, {{x2 0x41EFFFFFFFE00000}}
        ROUNDPD d, d, 11; ADDPD d, d, {{x2 0x4330000000000000}}; SHUFPS d, d, xmm15, 0x88"""),
    # the low 16 bits exactly, the rest halved and doubled
    Row("f32x4.convert_i32x4_u", "d", f"""{ZERO}; PBLENDW xmm15, xmm15, d, 0x55; PSUBD d, d, xmm15; CVTDQ2PS xmm15, xmm15; PSRLD d, d, 1; CVTDQ2PS d, d
        ADDPS d, d, d; ADDPS d, d, xmm15"""),
    Row("f64x2.convert_low_i32x4_u", "r", "UNPCKLPS d, a, {x4 0x43300000}; SUBPD d, d, {x2 0x4330000000000000}"),
)
VECTOR: Final = (*INTEGER, *BITS, *LANES, *(row for each in FLOATS for row in of_floats(*each)), *CONVERSIONS)
# fmt: on
