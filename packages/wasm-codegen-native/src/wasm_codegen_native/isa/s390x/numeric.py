"""What the numeric ops become: rows of `wasm_codegen_native.lowering_rows`, in the notation of the Principles of Operation.

The high half of every i32's register is zero, before and after (see `machine`).
"""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

REFERENCES: Final = {"eq": " ref.eq"}  # compared alike
DIVISOR: Final = "TRAP E, INTEGER_DIVISION_BY_ZERO"
# fmt: off
INTEGER: Final = (
    # ---- arithmetic
    Row("i32.add", "d i16",      "AHI d, b"),
    Row("i32.add", "d i32",      "AFI d, b"),
    Row("i32.add", "d r",        "AR d, b"),
    Row("i64.add", "d! i16",     "AGHI d, b"),
    Row("i64.add", "r i16",      "AGHIK d, a, b"),
    Row("i64.add", "r disp",     "LAY d, b(a)"),
    Row("i64.add", "d i32",      "AGFI d, b"),
    Row("i64.add", "r r",        "AGRK d, a, b"),
    Row("i32.sub", "d minus16",  "AHI d, -b"),
    Row("i32.sub", "d minus32",  "AFI d, -b"),
    Row("i32.sub", "d r",        "SR d, b"),
    Row("i64.sub", "d! minus16", "AGHI d, -b"),
    Row("i64.sub", "r minus16",  "AGHIK d, a, -b"),
    Row("i64.sub", "d minus32",  "AGFI d, -b"),
    Row("i64.sub", "r r",        "SGRK d, a, b"),
    Row("i{32,64}.mul", "d 1",   ""),
    Row("i32.mul", "r power",    "RISBGN d, a, b"),
    Row("i64.mul", "r power",    "SLLG d, a, b"),
    Row("i32.mul", "d i16",      "MHI d, b"),
    Row("i32.mul", "d i32",      "MSFI d, b"),
    Row("i32.mul", "d r",        "MSR d, b"),
    Row("i64.mul", "d i16",      "MGHI d, b"),
    Row("i64.mul", "d i32",      "MSGFI d, b"),
    Row("i64.mul", "r r",        "MSGRKC d, a, b"),
    Row("i{32,64}.and", "r 0xFF",   "LLGCR d, a"),
    Row("i{32,64}.and", "r 0xFFFF", "LLGHR d, a"),
    Row("i64.and", "r 0xFFFFFFFF",  "LLGFR d, a"),
    Row("i{32,64}.and", "r mask",   "RISBGN d, a, b, 0"),
    Row("i32.and", "d i32",      "NILF d, b"),
    Row("i32.or",  "d i32",      "OILF d, b"),
    Row("i32.xor", "d i32",      "XILF d, b"),
    Row("i64.and", "d ones",     "NILF d, b"),
    Row("i64.and", "d filled",   "NIHF d, b"),
    Row("i64.or",  "d u32",      "OILF d, b"),
    Row("i64.or",  "d zeros",    "OIHF d, b"),
    Row("i64.xor", "d u32",      "XILF d, b"),
    Row("i64.xor", "d zeros",    "XIHF d, b"),
    Row("i32.and", "d! r",       "NR d, b"),
    Row("i32.or",  "d! r",       "OR d, b"),
    Row("i32.xor", "d! r",       "XR d, b"),
    Row("i{32,64}.and", "r r",   "NGRK d, a, b"),
    Row("i{32,64}.or",  "r r",   "OGRK d, a, b"),
    Row("i{32,64}.xor", "r r",   "XGRK d, a, b"),
    # ---- division: the dividend in the pair r0, r1, which the remainder and the quotient replace. By zero, and where the quotient is too large, the machine
    # would raise a signal
    Row("i32.div_u", "r1 r", f"LTR b, b; {DIVISOR}; LGHI r0, 0; DLR r0, b", "=r1"),
    Row("i64.div_u", "r1 r", f"LTGR b, b; {DIVISOR}; LGHI r0, 0; DLGR r0, b", "=r1"),
    Row("i32.rem_u", "r1 r", f"LTR b, b; {DIVISOR}; LGHI r0, 0; DLR r0, b; LGR r1, r0", "=r1"),
    Row("i64.rem_u", "r1 r", f"LTGR b, b; {DIVISOR}; LGHI r0, 0; DLGR r0, b; LGR r1, r0", "=r1"),
    Row("i32.div_s", "r1 r", f"""LTR b, b; {DIVISOR}; CHI b, -1; JNE 1; LCR r0, r1; TRAP O, INTEGER_OVERFLOW; 1:
        LGFR r1, r1; DSGFR r0, b; LLGFR r1, r1""", "=r1"),
    Row("i64.div_s", "r1 r", f"LTGR b, b; {DIVISOR}; CGHI b, -1; JNE 1; LCGR r0, r1; TRAP O, INTEGER_OVERFLOW; 1:; DSGR r0, b", "=r1"),
    Row("i32.rem_s", "r1 r", f"LTR b, b; {DIVISOR}; LGFR r1, r1; DSGFR r0, b; LLGFR r1, r0", "=r1"),
    Row("i64.rem_s", "r1 r", f"LTGR b, b; {DIVISOR}; LGHI r0, 0; CGHI b, -1; JE 1; DSGR r0, b; 1:; LGR r1, r0", "=r1"),
    # ---- shifts: an address as the count of which six bits matter, and of a rotation of 32 bits five
    *(Row(f"i{width}.shl i{width}.shr_s i{width}.shr_u i{width}.rotl i{width}.rotr", f"d none{width}", "") for width in (32, 64)),
    Row("i32.shl",   "r count32", "RISBGN d, a, b"),
    Row("i32.shr_s", "d count32", "SRA d, b"),
    Row("i32.shr_u", "r count32", "SRLG d, a, b"),
    Row("i32.rotl",  "d count32", "RLL d, d, b"),
    Row("i32.rotr",  "d count32", "RLL d, d, -b"),
    Row("i64.shl",   "r count64", "SLLG d, a, b"),
    Row("i64.shr_s", "r count64", "SRAG d, a, b"),
    Row("i64.shr_u", "r count64", "SRLG d, a, b"),
    Row("i64.rotl",  "r count64", "RLLG d, a, b"),
    Row("i64.rotr",  "r count64", "RLLG d, a, -b"),
    Row("i32.shl",   "d r", "RISBGN r14, b, 59, 191, 0; SLL d, 0(r14)"),
    Row("i32.shr_s", "d r", "RISBGN r14, b, 59, 191, 0; SRA d, 0(r14)"),
    Row("i32.shr_u", "r r", "RISBGN r14, b, 59, 191, 0; SRLG d, a, 0(r14)"),
    Row("i32.rotl",  "d r", "RLL d, d, 0(b)"),
    Row("i32.rotr",  "d r", "LCR r14, b; RLL d, d, 0(r14)"),
    Row("i64.shl",   "r r", "SLLG d, a, 0(b)"),
    Row("i64.shr_s", "r r", "SRAG d, a, 0(b)"),
    Row("i64.shr_u", "r r", "SRLG d, a, 0(b)"),
    Row("i64.rotl",  "r r", "RLLG d, a, 0(b)"),
    Row("i64.rotr",  "r r", "LCGR r14, b; RLLG d, a, 0(r14)"),
    # ---- comparisons: signed and unsigned ones are different instructions with the same conditions
    Row("i32.eqz", "r", "LTR a, a", "cc E"),
    Row("i64.eqz ref.is_null", "r", "LTGR a, a", "cc E"),
    *(row for name, condition in (("eq", "E"), ("ne", "NE"), ("lt_s", "L"), ("gt_s", "H"), ("le_s", "LE"), ("ge_s", "HE")) for row in (
        Row(f"i32.{name}", "r i16", "CHI a, b", f"cc {condition}"),
        Row(f"i32.{name}", "r i32", "CFI a, b", f"cc {condition}"),
        Row(f"i32.{name}", "r r",   "CR a, b",  f"cc {condition}"),
        Row(f"i64.{name}{REFERENCES.get(name, '')}", "r i16", "CGHI a, b", f"cc {condition}"),
        Row(f"i64.{name}{REFERENCES.get(name, '')}", "r i32", "CGFI a, b", f"cc {condition}"),
        Row(f"i64.{name}{REFERENCES.get(name, '')}", "r r",   "CGR a, b",  f"cc {condition}"),
    )),
    *(row for name, condition in (("lt_u", "L"), ("gt_u", "H"), ("le_u", "LE"), ("ge_u", "HE")) for row in (
        Row(f"i32.{name}", "r i32", "CLFI a, b",  f"cc {condition}"),
        Row(f"i32.{name}", "r r",   "CLR a, b",   f"cc {condition}"),
        Row(f"i64.{name}", "r u32", "CLGFI a, b", f"cc {condition}"),
        Row(f"i64.{name}", "r r",   "CLGR a, b",  f"cc {condition}"),
    )),
    # ---- widths
    Row("i32.wrap_i64",                    "r", "LLGFR d, a"),
    Row("i64.extend_i32_s i64.extend32_s", "r", "LGFR d, a"),
    Row("i32.extend8_s",                   "d", "LBR d, d"),
    Row("i32.extend16_s",                  "d", "LHR d, d"),
    Row("i64.extend8_s",                   "r", "LGBR d, a"),
    Row("i64.extend16_s",                  "r", "LGHR d, a"),
    # ---- bits
    Row("i32.clz", "r", "FLOGR r0, a; AGHIK d, r0, -32", clobbers="r1"),
    Row("i64.clz", "r", "FLOGR r0, a; LGR d, r0", clobbers="r1"),
    Row("i32.ctz", "r", "LGR r14, a; OIHL r14, 1; LCGR r0, r14; NGR r14, r0; FLOGR r0, r14; LGHI d, 63; SGR d, r0", clobbers="r1"),
    Row("i64.ctz", "r", "AGHIK r0, a, -1; NGRK r14, r0, a; XGR r14, r0; FLOGR r0, r14; LGHI d, 64; SGR d, r0", clobbers="r1"),
    Row("i{32,64}.popcnt", "r", "VLVGG v31, a, 0; VPOPCTG v31, v31; VLGVG d, v31, 0"),
)


def of_type(t: str, letter: str, element: str) -> tuple[Row, ...]:
    """Arithmetic of f32 or f64: S or D in mnemonics of floats, F or G in those of elements."""
    return (
        Row(f"{t}.add", "r r", f"WFA{letter}B d, a, b"),
        Row(f"{t}.sub", "r r", f"WFS{letter}B d, a, b"),
        Row(f"{t}.mul", "r r", f"WFM{letter}B d, a, b"),
        Row(f"{t}.div", "r r", f"WFD{letter}B d, a, b"),
        Row(f"{t}.min", "r r", f"WFMIN{letter}B d, a, b, 1"),
        Row(f"{t}.max", "r r", f"WFMAX{letter}B d, a, b, 1"),
        Row(f"{t}.copysign", "r r", f"VGM{element} v31, 0, 0; VSEL d, b, a, v31"),
        Row(f"{t}.abs",     "r", f"WFLP{letter}B d, a"),
        Row(f"{t}.neg",     "r", f"WFLC{letter}B d, a"),
        Row(f"{t}.sqrt",    "r", f"WFSQ{letter}B d, a"),
        Row(f"{t}.nearest", "r", f"WFI{letter}B d, a, 4, 4"),
        Row(f"{t}.trunc",   "r", f"WFI{letter}B d, a, 4, 5"),
        Row(f"{t}.ceil",    "r", f"WFI{letter}B d, a, 4, 6"),
        Row(f"{t}.floor",   "r", f"WFI{letter}B d, a, 4, 7"),
        *(Row(f"{t}.{name}", "r r", f"WFC{letter}B a, b", f"cc {condition}")
          for name, condition in (("eq", "E"), ("ne", "NE"), ("lt", "L"), ("gt", "H"), ("le", "LE"), ("ge", "HE"))),
    )


def truncations(t: str, to: str, sign: str) -> tuple[Row, ...]:
    """trunc and trunc_sat. Where the value does not fit, the condition code is 3 and the number the nearest that does; of NaN it is the least."""
    letter = "E" if t == "f32" else "D"
    compare = f"WFC{'S' if t == 'f32' else 'D'}B a, a"
    convert = f"VLR f7, a; C{'L' if sign == 'u' else ''}{'F' if to == 'i32' else 'G'}{letter}BR d, 5, f7{', 0' if sign == 'u' else ''}"
    clear = "LLGFR d, d" if to == "i32" else ""
    return (
        Row(f"{to}.trunc_{t}_{sign}", "r", f"{convert}; JNO 1; {compare}; TRAP O, BAD_CONVERSION_TO_INTEGER; TRAP ALWAYS, INTEGER_OVERFLOW; 1:; {clear}"),
        Row(f"{to}.trunc_sat_{t}_{sign}", "r", f"{convert}; {clear}; {compare}; LOCGHI d, 0, O"),
    )


FLOAT: Final = (
    *of_type("f32", "S", "F"),
    *of_type("f64", "D", "G"),
    *(row for t in ("f32", "f64") for to in ("i32", "i64") for sign in "su" for row in truncations(t, to, sign)),
    # an i32 is exact as f64; f32 from that is rounded once
    Row("f64.convert_i32_s", "r", "LGFR r0, a; VLVGG v31, r0, 0; WCDGB d, v31, 0, 0"),
    Row("f64.convert_i32_u f64.convert_i64_s", "r", "VLVGG v31, a, 0; WCDGB d, v31, 0, 0"),
    Row("f64.convert_i64_u", "r", "VLVGG v31, a, 0; WCDLGB d, v31, 0, 0"),
    Row("f32.convert_i32_s", "r", "LGFR r0, a; CEGBR f7, r0; VLR d, f7"),
    Row("f32.convert_i32_u f32.convert_i64_s", "r", "CEGBR f7, a; VLR d, f7"),
    Row("f32.convert_i64_u", "r", "CELGBR f7, 0, a, 0; VLR d, f7"),
    Row("f32.demote_f64",      "r", "WLEDB d, a, 0, 0"),
    Row("f64.promote_f32",     "r", "WLDEB d, a"),
    Row("i32.reinterpret_f32", "r", "VLGVF d, a, 0"),
    Row("i64.reinterpret_f64", "r", "VLGVG d, a, 0"),
    Row("f32.reinterpret_i32", "r", "VLVGF d, a, 0"),
    Row("f64.reinterpret_i64", "r", "VLVGG d, a, 0"),
)
# fmt: on
