"""The instructions used, a row each: formats of the Principles of Operation (SA22-7832), chapters 7, 19, 22 to 24."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.isa.s390x.notation import row

# fmt: off
# ---- between registers
LGR: Final[i64] = row("LGR R1, R2",          "B904 00 R1 R2")
LGFR: Final[i64] = row("LGFR R1, R2",        "B914 00 R1 R2")
LLGFR: Final[i64] = row("LLGFR R1, R2",      "B916 00 R1 R2")
LGBR: Final[i64] = row("LGBR R1, R2",        "B906 00 R1 R2")
LGHR: Final[i64] = row("LGHR R1, R2",        "B907 00 R1 R2")
LLGCR: Final[i64] = row("LLGCR R1, R2",      "B984 00 R1 R2")
LLGHR: Final[i64] = row("LLGHR R1, R2",      "B985 00 R1 R2")
LBR: Final[i64] = row("LBR R1, R2",          "B926 00 R1 R2")
LHR: Final[i64] = row("LHR R1, R2",          "B927 00 R1 R2")
LTR: Final[i64] = row("LTR R1, R2",          "12 R1 R2")
LTGR: Final[i64] = row("LTGR R1, R2",        "B902 00 R1 R2")
LCR: Final[i64] = row("LCR R1, R2",          "13 R1 R2")
LCGR: Final[i64] = row("LCGR R1, R2",        "B903 00 R1 R2")
LRVR: Final[i64] = row("LRVR R1, R2",        "B91F 00 R1 R2")
LRVGR: Final[i64] = row("LRVGR R1, R2",      "B90F 00 R1 R2")
LOCGR: Final[i64] = row("LOCGR R1, R2, M3",  "B9E2 M3 0 R1 R2")
# ---- numbers
LGHI: Final[i64] = row("LGHI R1, i16",       "A7 R1 9 i16")
LGFI: Final[i64] = row("LGFI R1, i32",       "C0 R1 1 i32")
LLILL: Final[i64] = row("LLILL R1, u16",     "A5 R1 F u16")
LLILH: Final[i64] = row("LLILH R1, u16",     "A5 R1 E u16")
LLIHL: Final[i64] = row("LLIHL R1, u16",     "A5 R1 D u16")
LLIHH: Final[i64] = row("LLIHH R1, u16",     "A5 R1 C u16")
LLILF: Final[i64] = row("LLILF R1, u32",     "C0 R1 F u32")
LLIHF: Final[i64] = row("LLIHF R1, u32",     "C0 R1 E u32")
IILF: Final[i64] = row("IILF R1, u32",       "C0 R1 9 u32")
LOCGHI: Final[i64] = row("LOCGHI R1, i16, M3", "EC R1 M3 i16 00 46")
LARL: Final[i64] = row("LARL R1, label32",   "C0 R1 0 label32")
# ---- arithmetic
AR: Final[i64] = row("AR R1, R2",            "1A R1 R2")
AGR: Final[i64] = row("AGR R1, R2",          "B908 00 R1 R2")
AGRK: Final[i64] = row("AGRK R1, R2, R3",    "B9E8 R3 0 R1 R2")
ALR: Final[i64] = row("ALR R1, R2",          "1E R1 R2")
ALGR: Final[i64] = row("ALGR R1, R2",        "B90A 00 R1 R2")
ALGRK: Final[i64] = row("ALGRK R1, R2, R3",  "B9EA R3 0 R1 R2")
ALCGR: Final[i64] = row("ALCGR R1, R2",      "B988 00 R1 R2")
SR: Final[i64] = row("SR R1, R2",            "1B R1 R2")
SGR: Final[i64] = row("SGR R1, R2",          "B909 00 R1 R2")
SGRK: Final[i64] = row("SGRK R1, R2, R3",    "B9E9 R3 0 R1 R2")
SLGRK: Final[i64] = row("SLGRK R1, R2, R3",  "B9EB R3 0 R1 R2")
SLBGR: Final[i64] = row("SLBGR R1, R2",      "B989 00 R1 R2")
MSR: Final[i64] = row("MSR R1, R2",          "B252 00 R1 R2")
MSGR: Final[i64] = row("MSGR R1, R2",        "B90C 00 R1 R2")
MSGRKC: Final[i64] = row("MSGRKC R1, R2, R3", "B9ED R3 0 R1 R2")
MLGR: Final[i64] = row("MLGR R1, R2",        "B986 00 R1 R2")  # R1 is a pair, even and odd: R1 and R1 + 1 <- R1 + 1 times R2
MGRK: Final[i64] = row("MGRK R1, R2, R3",    "B9EC R3 0 R1 R2")  # the same, signed: the pair <- R2 times R3
DLR: Final[i64] = row("DLR R1, R2",          "B997 00 R1 R2")  # R1 <- remainder, R1 + 1 <- quotient of both, as twice the width, by R2
DLGR: Final[i64] = row("DLGR R1, R2",        "B987 00 R1 R2")
DSGR: Final[i64] = row("DSGR R1, R2",        "B90D 00 R1 R2")  # the same of R1 + 1 alone, signed
DSGFR: Final[i64] = row("DSGFR R1, R2",      "B91D 00 R1 R2")
AHI: Final[i64] = row("AHI R1, i16",         "A7 R1 A i16")
AHI_NEGATED: Final[i64] = row("AHI R1, -i16", "A7 R1 A -i16")
AGHI: Final[i64] = row("AGHI R1, i16",       "A7 R1 B i16")
AGHI_NEGATED: Final[i64] = row("AGHI R1, -i16", "A7 R1 B -i16")
AGHIK: Final[i64] = row("AGHIK R1, R3, i16", "EC R1 R3 i16 00 D9")
AGHIK_NEGATED: Final[i64] = row("AGHIK R1, R3, -i16", "EC R1 R3 -i16 00 D9")
AFI: Final[i64] = row("AFI R1, i32",         "C2 R1 9 i32")
AFI_NEGATED: Final[i64] = row("AFI R1, -i32", "C2 R1 9 -i32")
AGFI: Final[i64] = row("AGFI R1, i32",       "C2 R1 8 i32")
AGFI_NEGATED: Final[i64] = row("AGFI R1, -i32", "C2 R1 8 -i32")
ALGFI: Final[i64] = row("ALGFI R1, u32",     "C2 R1 A u32")
MHI: Final[i64] = row("MHI R1, i16",         "A7 R1 C i16")
MGHI: Final[i64] = row("MGHI R1, i16",       "A7 R1 D i16")
MSFI: Final[i64] = row("MSFI R1, i32",       "C2 R1 1 i32")
MSGFI: Final[i64] = row("MSGFI R1, i32",     "C2 R1 0 i32")
AGSI: Final[i64] = row("AGSI D1(B1), i8",    "EB i8 B1 DL DH 7A")
LA: Final[i64] = row("LA R1, D2(X2, B2)",    "41 R1 X2 B2 D2")
LAY: Final[i64] = row("LAY R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 71")
LAY_NUMBER: Final[i64] = row("LAY R1, disp(B2)", "E3 R1 0 B2 disp 71")
# ---- logic
NR: Final[i64] = row("NR R1, R2",            "14 R1 R2")
OR: Final[i64] = row("OR R1, R2",            "16 R1 R2")
XR: Final[i64] = row("XR R1, R2",            "17 R1 R2")
NGR: Final[i64] = row("NGR R1, R2",          "B980 00 R1 R2")
XGR: Final[i64] = row("XGR R1, R2",          "B982 00 R1 R2")
NGRK: Final[i64] = row("NGRK R1, R2, R3",    "B9E4 R3 0 R1 R2")
OGRK: Final[i64] = row("OGRK R1, R2, R3",    "B9E6 R3 0 R1 R2")
XGRK: Final[i64] = row("XGRK R1, R2, R3",    "B9E7 R3 0 R1 R2")
NILF: Final[i64] = row("NILF R1, u32",       "C0 R1 B u32")
NIHF: Final[i64] = row("NIHF R1, high",      "C0 R1 A high")
NILL: Final[i64] = row("NILL R1, u16",       "A5 R1 7 u16")
OILF: Final[i64] = row("OILF R1, u32",       "C0 R1 D u32")
OIHF: Final[i64] = row("OIHF R1, high",      "C0 R1 C high")
OIHL: Final[i64] = row("OIHL R1, u16",       "A5 R1 9 u16")
XILF: Final[i64] = row("XILF R1, u32",       "C0 R1 7 u32")
XIHF: Final[i64] = row("XIHF R1, high",      "C0 R1 6 high")
TMLL: Final[i64] = row("TMLL R1, u16",       "A7 R1 1 u16")
# ---- shifts and bits: the last six bits of an address are the count
SLL: Final[i64] = row("SLL R1, 0(B2)",       "89 R1 0 B2 000")
SRA: Final[i64] = row("SRA R1, 0(B2)",       "8A R1 0 B2 000")
SRA_COUNT: Final[i64] = row("SRA R1, count", "8A R1 0 0 count")
SLLG: Final[i64] = row("SLLG R1, R3, 0(B2)", "EB R1 R3 B2 000 00 0D")
SLLG_COUNT: Final[i64] = row("SLLG R1, R3, count", "EB R1 R3 0 count 00 0D")
SRLG: Final[i64] = row("SRLG R1, R3, 0(B2)", "EB R1 R3 B2 000 00 0C")
SRLG_COUNT: Final[i64] = row("SRLG R1, R3, count", "EB R1 R3 0 count 00 0C")
SRAG: Final[i64] = row("SRAG R1, R3, 0(B2)", "EB R1 R3 B2 000 00 0A")
SRAG_COUNT: Final[i64] = row("SRAG R1, R3, count", "EB R1 R3 0 count 00 0A")
RLL: Final[i64] = row("RLL R1, R3, D2(B2)",  "EB R1 R3 B2 DL DH 1D")
RLL_REGISTER: Final[i64] = row("RLL R1, R3, 0(B2)", "EB R1 R3 B2 000 00 1D")
RLL_COUNT: Final[i64] = row("RLL R1, R3, count", "EB R1 R3 0 count 00 1D")
RLL_BACK: Final[i64] = row("RLL R1, R3, -count32", "EB R1 R3 0 -count32 00 1D")
RLLG: Final[i64] = row("RLLG R1, R3, 0(B2)", "EB R1 R3 B2 000 00 1C")
RLLG_COUNT: Final[i64] = row("RLLG R1, R3, count", "EB R1 R3 0 count 00 1C")
RLLG_BACK: Final[i64] = row("RLLG R1, R3, -count64", "EB R1 R3 0 -count64 00 1C")
RISBGN_MASK: Final[i64] = row("RISBGN R1, R2, mask, 0", "EC R1 R2 mask 00 59")  # the bits of a mask; 128 in the second makes the others zero
RISBGN_LEFT: Final[i64] = row("RISBGN R1, R2, left", "EC R1 R2 left 59")  # the low half, shifted to the left: three numbers
RISBGN_31: Final[i64] = row("RISBGN R1, R2, 59, 191, 0", "EC R1 R2 3B BF 00 59")  # the low five bits
RISBGN_8: Final[i64] = row("RISBGN R1, R2, 56, 63, 0", "EC R1 R2 38 3F 00 59")  # the low eight bits into the others
RISBGN_16: Final[i64] = row("RISBGN R1, R2, 48, 63, 0", "EC R1 R2 30 3F 00 59")
FLOGR: Final[i64] = row("FLOGR R1, R2",      "B983 00 R1 R2")  # R1 <- zeros before the first one, R1 + 1 <- something
# ---- comparisons
CR: Final[i64] = row("CR R1, R2",            "19 R1 R2")
CGR: Final[i64] = row("CGR R1, R2",          "B920 00 R1 R2")
CLR: Final[i64] = row("CLR R1, R2",          "15 R1 R2")
CLGR: Final[i64] = row("CLGR R1, R2",        "B921 00 R1 R2")
CHI: Final[i64] = row("CHI R1, i16",         "A7 R1 E i16")
CGHI: Final[i64] = row("CGHI R1, i16",       "A7 R1 F i16")
CFI: Final[i64] = row("CFI R1, i32",         "C2 R1 D i32")
CGFI: Final[i64] = row("CGFI R1, i32",       "C2 R1 C i32")
CLFI: Final[i64] = row("CLFI R1, u32",       "C2 R1 F u32")
CLGFI: Final[i64] = row("CLGFI R1, u32",     "C2 R1 E u32")
CLY: Final[i64] = row("CLY R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 55")
CLG: Final[i64] = row("CLG R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 21")
# ---- control
BCR: Final[i64] = row("BCR M1, R2",          "07 M1 R2")
BC: Final[i64] = row("BC M1, D2(X2, B2)",    "47 M1 X2 B2 D2")
BRC: Final[i64] = row("BRC M1, label16",     "A7 M1 4 label16")
BRCL: Final[i64] = row("BRCL M1, label32",   "C0 M1 4 label32")
BRASL: Final[i64] = row("BRASL R1, label32", "C0 R1 5 label32")
BASR: Final[i64] = row("BASR R1, R2",        "0D R1 R2")
TRAP2: Final[i64] = row("TRAP2",             "01FF")
# ---- memory
LG: Final[i64] = row("LG R1, D2(X2, B2)",    "E3 R1 X2 B2 DL DH 04")
LLGF: Final[i64] = row("LLGF R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 16")
LLGC: Final[i64] = row("LLGC R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 90")
LLGH: Final[i64] = row("LLGH R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 91")
LGH: Final[i64] = row("LGH R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 15")
LGB: Final[i64] = row("LGB R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 77")
LRV: Final[i64] = row("LRV R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 1E")  # with the bytes in the other order
LRVG: Final[i64] = row("LRVG R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 0F")
LRVH: Final[i64] = row("LRVH R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 1F")
STRV: Final[i64] = row("STRV R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 3E")
STRVG: Final[i64] = row("STRVG R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 2F")
STRVH: Final[i64] = row("STRVH R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 3F")
STG: Final[i64] = row("STG R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 24")
ST: Final[i64] = row("ST R1, D2(X2, B2)",    "50 R1 X2 B2 D2")
STY: Final[i64] = row("STY R1, D2(X2, B2)",  "E3 R1 X2 B2 DL DH 50")
STHY: Final[i64] = row("STHY R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 70")
STCY: Final[i64] = row("STCY R1, D2(X2, B2)", "E3 R1 X2 B2 DL DH 72")
LMG: Final[i64] = row("LMG R1, R3, D2(B2)",  "EB R1 R3 B2 DL DH 04")
STMG: Final[i64] = row("STMG R1, R3, D2(B2)", "EB R1 R3 B2 DL DH 24")
LE: Final[i64] = row("LE F1, D2(X2, B2)",    "78 F1 X2 B2 D2")
LD: Final[i64] = row("LD F1, D2(X2, B2)",    "68 F1 X2 B2 D2")
STE: Final[i64] = row("STE F1, D2(X2, B2)",  "70 F1 X2 B2 D2")
STD: Final[i64] = row("STD F1, D2(X2, B2)",  "60 F1 X2 B2 D2")
LEY: Final[i64] = row("LEY F1, D2(X2, B2)",  "ED F1 X2 B2 DL DH 64")
LDY: Final[i64] = row("LDY F1, D2(X2, B2)",  "ED F1 X2 B2 DL DH 65")
STEY: Final[i64] = row("STEY F1, D2(X2, B2)", "ED F1 X2 B2 DL DH 66")
STDY: Final[i64] = row("STDY F1, D2(X2, B2)", "ED F1 X2 B2 DL DH 67")
VL: Final[i64] = row("VL V1, D2(X2, B2)",    "E7 V1 X2 B2 D2 0 RXB 06")
VST: Final[i64] = row("VST V1, D2(X2, B2)",  "E7 V1 X2 B2 D2 0 RXB 0E")
VLEF: Final[i64] = row("VLEF V1, D2(X2, B2), 0", "E7 V1 X2 B2 D2 0 RXB 03")
VLEG: Final[i64] = row("VLEG V1, D2(X2, B2), 0", "E7 V1 X2 B2 D2 0 RXB 02")
VSTEF: Final[i64] = row("VSTEF V1, D2(X2, B2), 0", "E7 V1 X2 B2 D2 0 RXB 0B")
VSTEG: Final[i64] = row("VSTEG V1, D2(X2, B2), 0", "E7 V1 X2 B2 D2 0 RXB 0A")
VLEBRF: Final[i64] = row("VLEBRF V1, D2(X2, B2), 0", "E6 V1 X2 B2 D2 0 RXB 03")
VLEBRG: Final[i64] = row("VLEBRG V1, D2(X2, B2), 0", "E6 V1 X2 B2 D2 0 RXB 02")
VSTEBRF: Final[i64] = row("VSTEBRF V1, D2(X2, B2), 0", "E6 V1 X2 B2 D2 0 RXB 0B")
VSTEBRG: Final[i64] = row("VSTEBRG V1, D2(X2, B2), 0", "E6 V1 X2 B2 D2 0 RXB 0A")
# ---- atomics
CSY: Final[i64] = row("CSY R1, R3, D2(B2)",  "EB R1 R3 B2 DL DH 14")  # memory = R1: memory <- R3; else R1 <- memory
CSG: Final[i64] = row("CSG R1, R3, D2(B2)",  "EB R1 R3 B2 DL DH 30")
LAN: Final[i64] = row("LAN R1, R3, D2(B2)",  "EB R1 R3 B2 DL DH F4")  # R1 <- memory, memory <- memory & R3
LANG: Final[i64] = row("LANG R1, R3, D2(B2)", "EB R1 R3 B2 DL DH E4")
LAO: Final[i64] = row("LAO R1, R3, D2(B2)",  "EB R1 R3 B2 DL DH F6")
LAOG: Final[i64] = row("LAOG R1, R3, D2(B2)", "EB R1 R3 B2 DL DH E6")
LAX: Final[i64] = row("LAX R1, R3, D2(B2)",  "EB R1 R3 B2 DL DH F7")
LAXG: Final[i64] = row("LAXG R1, R3, D2(B2)", "EB R1 R3 B2 DL DH E7")
# ---- floating point: element 0 of a vector register, whose left half a floating-point register is
WFASB: Final[i64] = row("WFASB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 2 RXB E3")
WFADB: Final[i64] = row("WFADB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 3 RXB E3")
WFSSB: Final[i64] = row("WFSSB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 2 RXB E2")
WFSDB: Final[i64] = row("WFSDB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 3 RXB E2")
WFMSB: Final[i64] = row("WFMSB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 2 RXB E7")
WFMDB: Final[i64] = row("WFMDB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 3 RXB E7")
WFDSB: Final[i64] = row("WFDSB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 2 RXB E5")
WFDDB: Final[i64] = row("WFDDB V1, V2, V3",  "E7 V1 V2 V3 0 0 8 3 RXB E5")
WFMINSB: Final[i64] = row("WFMINSB V1, V2, V3, 1", "E7 V1 V2 V3 0 1 8 2 RXB EE")  # 1: NaN from NaN, -0 before 0
WFMINDB: Final[i64] = row("WFMINDB V1, V2, V3, 1", "E7 V1 V2 V3 0 1 8 3 RXB EE")
WFMAXSB: Final[i64] = row("WFMAXSB V1, V2, V3, 1", "E7 V1 V2 V3 0 1 8 2 RXB EF")
WFMAXDB: Final[i64] = row("WFMAXDB V1, V2, V3, 1", "E7 V1 V2 V3 0 1 8 3 RXB EF")
WFSQSB: Final[i64] = row("WFSQSB V1, V2",    "E7 V1 V2 00 0 8 2 RXB CE")
WFSQDB: Final[i64] = row("WFSQDB V1, V2",    "E7 V1 V2 00 0 8 3 RXB CE")
# 4: without the inexact exception; 4 nearest, ties to even, 5 towards 0, 6 up, 7 down
WFISB_NEAREST: Final[i64] = row("WFISB V1, V2, 4, 4", "E7 V1 V2 00 4 C 2 RXB C7")
WFISB_TRUNC: Final[i64] = row("WFISB V1, V2, 4, 5", "E7 V1 V2 00 5 C 2 RXB C7")
WFISB_CEIL: Final[i64] = row("WFISB V1, V2, 4, 6", "E7 V1 V2 00 6 C 2 RXB C7")
WFISB_FLOOR: Final[i64] = row("WFISB V1, V2, 4, 7", "E7 V1 V2 00 7 C 2 RXB C7")
WFIDB_NEAREST: Final[i64] = row("WFIDB V1, V2, 4, 4", "E7 V1 V2 00 4 C 3 RXB C7")
WFIDB_TRUNC: Final[i64] = row("WFIDB V1, V2, 4, 5", "E7 V1 V2 00 5 C 3 RXB C7")
WFIDB_CEIL: Final[i64] = row("WFIDB V1, V2, 4, 6", "E7 V1 V2 00 6 C 3 RXB C7")
WFIDB_FLOOR: Final[i64] = row("WFIDB V1, V2, 4, 7", "E7 V1 V2 00 7 C 3 RXB C7")
WFLCSB: Final[i64] = row("WFLCSB V1, V2",    "E7 V1 V2 00 0 8 2 RXB CC")
WFLCDB: Final[i64] = row("WFLCDB V1, V2",    "E7 V1 V2 00 0 8 3 RXB CC")
WFLPSB: Final[i64] = row("WFLPSB V1, V2",    "E7 V1 V2 00 2 8 2 RXB CC")
WFLPDB: Final[i64] = row("WFLPDB V1, V2",    "E7 V1 V2 00 2 8 3 RXB CC")
WFCSB: Final[i64] = row("WFCSB V1, V2",      "E7 V1 V2 00 0 0 2 RXB CB")
WFCDB: Final[i64] = row("WFCDB V1, V2",      "E7 V1 V2 00 0 0 3 RXB CB")
WLDEB: Final[i64] = row("WLDEB V1, V2",      "E7 V1 V2 00 0 8 2 RXB C4")
WLEDB: Final[i64] = row("WLEDB V1, V2, 0, 0", "E7 V1 V2 00 0 8 3 RXB C5")
WCDGB: Final[i64] = row("WCDGB V1, V2, 0, 0", "E7 V1 V2 00 0 8 3 RXB C3")
WCDLGB: Final[i64] = row("WCDLGB V1, V2, 0, 0", "E7 V1 V2 00 0 8 3 RXB C1")
CEGBR: Final[i64] = row("CEGBR F1, R2",      "B3A4 00 F1 R2")
CELGBR: Final[i64] = row("CELGBR F1, 0, R2, 0", "B3A0 00 F1 R2")
CFEBR: Final[i64] = row("CFEBR R1, 5, F2",   "B398 50 R1 F2")
CFDBR: Final[i64] = row("CFDBR R1, 5, F2",   "B399 50 R1 F2")
CGEBR: Final[i64] = row("CGEBR R1, 5, F2",   "B3A8 50 R1 F2")
CGDBR: Final[i64] = row("CGDBR R1, 5, F2",   "B3A9 50 R1 F2")
CLFEBR: Final[i64] = row("CLFEBR R1, 5, F2, 0", "B39C 50 R1 F2")
CLFDBR: Final[i64] = row("CLFDBR R1, 5, F2, 0", "B39D 50 R1 F2")
CLGEBR: Final[i64] = row("CLGEBR R1, 5, F2, 0", "B3AC 50 R1 F2")
CLGDBR: Final[i64] = row("CLGDBR R1, 5, F2, 0", "B3AD 50 R1 F2")
# ---- vectors
VLR: Final[i64] = row("VLR V1, V2",          "E7 V1 V2 00 000 RXB 56")
VZERO: Final[i64] = row("VGBM V1, 0",        "E7 V1 0 0000 0 RXB 44")
VGMF_SIGN: Final[i64] = row("VGMF V1, 0, 0", "E7 V1 0 00 00 2 RXB 46")
VGMG_SIGN: Final[i64] = row("VGMG V1, 0, 0", "E7 V1 0 00 00 3 RXB 46")
VSEL: Final[i64] = row("VSEL V1, V2, V3, V4", "E7 V1 V2 V3 0 00 V4 RXB 8D")  # V2 where V4 has ones, V3 where it has none
VPOPCTG: Final[i64] = row("VPOPCTG V1, V2",  "E7 V1 V2 00 003 RXB 50")
VLVGF: Final[i64] = row("VLVGF V1, R3, 0",   "E7 V1 R3 0 000 2 RXB 22")
VLVGG: Final[i64] = row("VLVGG V1, R3, 0",   "E7 V1 R3 0 000 3 RXB 22")
VLGVF: Final[i64] = row("VLGVF R1, V3, 0",   "E7 R1 V3 0 000 2 RXB 21")
VLGVG: Final[i64] = row("VLGVG R1, V3, 0",   "E7 R1 V3 0 000 3 RXB 21")
VLVGP: Final[i64] = row("VLVGP V1, R2, R3",  "E7 V1 R2 R3 0 000 RXB 62")
# fmt: on

# Conditions: twice the mask of condition codes for which they hold, 8 for code 0 to 1 for code 3; one more: the opposite.
# Comparisons: 0 equal, 1 low, 2 high, 3 unordered. Arithmetic: 0, negative, positive, overflow; logical additions carry in 2 and 3.
OVERFLOW: Final = 2 * 1
HIGH: Final = 2 * 2
LOW: Final = 2 * 4
EQUAL: Final = 2 * 8
HIGH_EQUAL: Final = 2 * 10
LOW_EQUAL: Final = 2 * 12
CARRY: Final = 2 * 3
NOT_EQUAL: Final = EQUAL + 1
ALWAYS: Final = 2 * 15


def condition_mask(condition: i64) -> i64:
    """The mask of a condition, as branches have it."""
    mask = condition >> 1
    if condition & 1 != 0:
        mask ^= 15
    return mask
