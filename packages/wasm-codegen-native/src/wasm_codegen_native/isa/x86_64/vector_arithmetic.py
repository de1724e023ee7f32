"""v128 ops of several instructions: rows as in `numeric`. xmm15 is nobody's: what a row leaves there is lost."""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

ZERO: Final = "PXOR xmm15, xmm15, xmm15"
ONES: Final = "PCMPEQD xmm15, xmm15, xmm15"
NIBBLES: Final = "{x2 0x0F0F0F0F0F0F0F0F}"
BITS: Final = "{0x04030302030202010302020102010100}"  # how many bits are set in 0 to 15
ONES8: Final = "{x2 0x0101010101010101}"
ONES16: Final = "{x4 0x00010001}"
SIGNS16: Final = "{x4 0x80008000}"
# Lanes of 16 bits and more, the letter of their instructions.
LANES: Final = (("i16x8", 16, "W"), ("i32x4", 32, "D"), ("i64x2", 64, "Q"))
# Of floats: letters, the shift that clears a NaN's payload in a mask, the sign, the rest.
FLOATS: Final = (("f32x4", "PS", "PSRLD d, d, 10", "{x4 0x80000000}", "{x4 0x7FFFFFFF}"),
                 ("f64x2", "PD", "PSRLQ d, d, 13", "{x2 0x8000000000000000}", "{x2 0x7FFFFFFFFFFFFFFF}"))  # fmt: skip


# fmt: off
def byte_shift(shift: str) -> str:
    """A shift of 16 bits, and what came from the neighbour masked away: 0xFF of each 16 bits is shifted as well, its byte spread."""
    return f"""AND b32, 7; MOVD s, b32; {shift} d, d, s; {ONES}; PSRLW xmm15, xmm15, 8; {shift} xmm15, xmm15, s; PXOR s, s, s
        PSHUFB xmm15, xmm15, s; PAND d, d, xmm15"""


def greater(x: str, y: str) -> str:
    """i64x2.gt_s without SSE4.2: the high halves decide, or where they are equal the borrow of y - x."""
    return f"""MOVAPS d, {y}; PSUBQ d, d, {x}; MOVAPS xmm15, {x}; PCMPEQD xmm15, xmm15, {y}; PAND d, d, xmm15
        MOVAPS xmm15, {x}; PCMPGTD xmm15, xmm15, {y}; POR d, d, xmm15; PSHUFD d, d, 0xF5; PSRAD d, d, 31"""


# lt_s and ge_s are gt_s and le_s with their operands exchanged; le_s is not gt_s.
INVERTED: Final = f"; {ONES}; PXOR d, d, xmm15"
COMPARISONS: Final = (("gt_s", "a", "b", ""), ("lt_s", "b", "a", ""), ("le_s", "a", "b", INVERTED), ("ge_s", "b", "a", INVERTED))


INTEGERS: Final = (
    # ---- shifts: by a constant; the machine's counts do not wrap
    *(Row(f"{t}.{name}", f"r count{width}", f"PS{way}{letter} d, a, b")
      for t, width, letter in LANES for name, way in (("shl", "LL"), ("shr_s", "RA"), ("shr_u", "RL")) if (width, way) != (64, "RA")),
    *(Row(f"{t}.{name}", "d o", f"AND b32, {width - 1}; MOVD s, b32; PS{way}{letter} d, d, s")
      for t, width, letter in LANES for name, way in (("shl", "LL"), ("shr_s", "RA"), ("shr_u", "RL")) if (width, way) != (64, "RA")),
    # (x >>> c ^ m) - m with m = the sign bit >>> c
    Row("i64x2.shr_s", "d o", """AND b32, 63; MOVD s, b32; PSRLQ d, d, s; MOVAPS xmm15, {x2 0x8000000000000000}; PSRLQ xmm15, xmm15, s
        PXOR d, d, xmm15; PSUBQ d, d, xmm15"""),
    Row("i8x16.shl",   "d o", byte_shift("PSLLW")),
    Row("i8x16.shr_u", "d o", byte_shift("PSRLW")),
    Row("i8x16.shr_s", "d o", """AND b32, 7; ADD b32, 8; MOVD s, b32; MOVAPS xmm15, d; PUNPCKHBW xmm15, xmm15, xmm15; PUNPCKLBW d, d, d
        PSRAW xmm15, xmm15, s; PSRAW d, d, s; PACKSSWB d, d, xmm15"""),
    # ---- one operand
    *(Row(f"{t}.neg", "r", f"PXOR d, d, d; PSUB{letter} d, d, a") for t, letter in (("i8x16", "B"), ("i16x8", "W"), ("i32x4", "D"), ("i64x2", "Q"))),
    Row("i64x2.abs", "r", "PSHUFD xmm15, a, 0xF5; PSRAD xmm15, xmm15, 31; PXOR d, a, xmm15; PSUBQ d, d, xmm15"),
    Row("i8x16.popcnt", "r", f"""MOVAPS s, a; PSRLW d, a, 4; PAND s, s, {NIBBLES}; PAND d, d, {NIBBLES}; MOVAPS xmm15, {BITS}; PSHUFB xmm15, xmm15, s
        MOVAPS s, {BITS}; PSHUFB s, s, d; PADDB d, s, xmm15"""),
    Row("i16x8.extadd_pairwise_i8x16_s", "r", f"MOVAPS d, {ONES8}; PMADDUBSW d, d, a"),
    Row("i16x8.extadd_pairwise_i8x16_u", "r", f"PMADDUBSW d, a, {ONES8}"),
    Row("i32x4.extadd_pairwise_i16x8_s", "r", f"PMADDWD d, a, {ONES16}"),
    # as signed numbers, less 0x8000 each, which is made good afterwards
    Row("i32x4.extadd_pairwise_i16x8_u", "r", f"PXOR d, a, {SIGNS16}; PMADDWD d, d, {ONES16}; PADDD d, d, {{x4 0x00010000}}"),
    # ---- two and three
    Row("i16x8.q15mulr_sat_s", "r r", f"PMULHRSW d, a, b; MOVAPS xmm15, {SIGNS16}; PCMPEQW xmm15, xmm15, d; PXOR d, d, xmm15"),  # -1 * -1 alone wraps
    # low * low + (high * low + low * high << 32)
    Row("i64x2.mul", "r r", """PSRLQ s, a, 32; PMULUDQ s, s, b; PSRLQ xmm15, b, 32; PMULUDQ xmm15, xmm15, a; PADDQ s, s, xmm15; PSLLQ s, s, 32
        PMULUDQ d, a, b; PADDQ d, d, s"""),
    *(Row(f"i64x2.{name}", "r r", f"PCMPGTQ d, {x}, {y}{end}", needs="sse4_2") for name, x, y, end in COMPARISONS),
    *(Row(f"i64x2.{name}", "r r", greater(x, y) + end) for name, x, y, end in COMPARISONS),
    Row("i32x4.relaxed_dot_i8x16_i7x16_add_s", "r r r", f"MOVAPS xmm15, b; PMADDUBSW xmm15, xmm15, a; PMADDWD xmm15, xmm15, {ONES16}; PADDD d, c, xmm15"),
)


def of_floats(t: str, p: str, clear: str, sign: str, rest: str) -> tuple[Row, ...]:
    """f32x4 or f64x2."""
    return (
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
# fmt: on
VECTOR: Final = (*INTEGERS, *(row for each in FLOATS for row in of_floats(*each)), *CONVERSIONS)
