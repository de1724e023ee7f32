"""The instructions used, a row each: bit patterns of the Arm Architecture Reference Manual."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.isa.aarch64.notation import row

# fmt: off
# ---- arithmetic
ADD: Final[i64] = row("ADD Rd, Rn, Rm",            "sf 0001011 000 Rm 000000 Rn Rd")
ADDS: Final[i64] = row("ADDS Rd, Rn, Rm",          "sf 0101011 000 Rm 000000 Rn Rd")
SUB: Final[i64] = row("SUB Rd, Rn, Rm",            "sf 1001011 000 Rm 000000 Rn Rd")
SUBS: Final[i64] = row("SUBS Rd, Rn, Rm",          "sf 1101011 000 Rm 000000 Rn Rd")
CMP: Final[i64] = row("CMP Rn, Rm",                "sf 1101011 000 Rm 000000 Rn 11111")
NEG: Final[i64] = row("NEG Rd, Rm",                "sf 1001011 000 Rm 000000 11111 Rd")
ADD_IMM: Final[i64] = row("ADD Rd, Rn, imm12",     "sf 00100010 0 imm12 Rn Rd")
ADD_HIGH: Final[i64] = row("ADD Rd, Rn, imm12h",   "sf 00100010 1 imm12 Rn Rd")
SUB_IMM: Final[i64] = row("SUB Rd, Rn, imm12",     "sf 10100010 0 imm12 Rn Rd")
SUB_NEGATED: Final[i64] = row("SUB Rd, Rn, imm12n", "sf 10100010 0 imm12 Rn Rd")
ADD_NEGATED: Final[i64] = row("ADD Rd, Rn, imm12n", "sf 00100010 0 imm12 Rn Rd")
SUB_HIGH: Final[i64] = row("SUB Rd, Rn, imm12h",   "sf 10100010 1 imm12 Rn Rd")
CMP_IMM: Final[i64] = row("CMP Rn, imm12",         "sf 11100010 0 imm12 Rn 11111")
CMN_IMM: Final[i64] = row("CMN Rn, imm12",         "sf 01100010 0 imm12 Rn 11111")
CMN_NEGATED: Final[i64] = row("CMN Rn, imm12n",    "sf 01100010 0 imm12 Rn 11111")
ADD_SP: Final[i64] = row("ADD Xd, SP, Xm",         "1 0001011 001 Rm 011 000 11111 Rd")
CMP_SP: Final[i64] = row("CMP SP, Xm",             "1 1101011 001 Rm 011 000 11111 11111")
ADC: Final[i64] = row("ADC Rd, Rn, Rm",            "sf 0011010000 Rm 000000 Rn Rd")
SBC: Final[i64] = row("SBC Rd, Rn, Rm",            "sf 1011010000 Rm 000000 Rn Rd")
MUL: Final[i64] = row("MUL Rd, Rn, Rm",            "sf 0011011000 Rm 0 11111 Rn Rd")
MSUB: Final[i64] = row("MSUB Rd, Rn, Rm, Ra",      "sf 0011011000 Rm 1 Ra Rn Rd")
UMULH: Final[i64] = row("UMULH Xd, Xn, Xm",        "1 0011011110 Rm 0 11111 Rn Rd")
SMULH: Final[i64] = row("SMULH Xd, Xn, Xm",        "1 0011011010 Rm 0 11111 Rn Rd")
UDIV: Final[i64] = row("UDIV Rd, Rn, Rm",          "sf 0011010110 Rm 000010 Rn Rd")
SDIV: Final[i64] = row("SDIV Rd, Rn, Rm",          "sf 0011010110 Rm 000011 Rn Rd")
# ---- logic
MVN: Final[i64] = row("MVN Rd, Rm",                "sf 0101010 001 Rm 000000 11111 Rd")
AND: Final[i64] = row("AND Rd, Rn, Rm",            "sf 0001010 000 Rm 000000 Rn Rd")
ORR: Final[i64] = row("ORR Rd, Rn, Rm",            "sf 0101010 000 Rm 000000 Rn Rd")
EOR: Final[i64] = row("EOR Rd, Rn, Rm",            "sf 1001010 000 Rm 000000 Rn Rd")
ORR_SHIFTED: Final = tuple(row(f"ORR Wd, Wn, Wm, LSL {k}", f"0 0101010 000 Rm {k:06b} Rn Rd") for k in (1, 2, 4, 8))
AND_IMM32: Final[i64] = row("AND Wd, Wn, mask32",  "0 00 100100 0 immr imms Rn Rd")
AND_IMM64: Final[i64] = row("AND Xd, Xn, mask64",  "1 00 100100 N immr imms Rn Rd")
ORR_IMM32: Final[i64] = row("ORR Wd, Wn, mask32",  "0 01 100100 0 immr imms Rn Rd")
ORR_IMM64: Final[i64] = row("ORR Xd, Xn, mask64",  "1 01 100100 N immr imms Rn Rd")
EOR_IMM32: Final[i64] = row("EOR Wd, Wn, mask32",  "0 10 100100 0 immr imms Rn Rd")
EOR_IMM64: Final[i64] = row("EOR Xd, Xn, mask64",  "1 10 100100 N immr imms Rn Rd")
TST_IMM32: Final[i64] = row("TST Wn, mask32",      "0 11 100100 0 immr imms Rn 11111")
# ---- moves
MOV: Final[i64] = row("MOV Rd, Rm",                "sf 0101010 000 Rm 000000 11111 Rd")
MOVZ: Final[i64] = row("MOVZ Rd, imm16, hw",       "sf 10 100101 hw imm16 Rd")
MOVN: Final[i64] = row("MOVN Rd, imm16, hw",       "sf 00 100101 hw imm16 Rd")
MOVK: Final[i64] = row("MOVK Rd, imm16, hw",       "sf 11 100101 hw imm16 Rd")
ADR: Final[i64] = row("ADR Xd, label",             "0 immlo 10000 immhi Rd")
CSEL: Final[i64] = row("CSEL Rd, Rn, Rm, cond",    "sf 0011010100 Rm cond 00 Rn Rd")
CSINC: Final[i64] = row("CSINC Rd, Rn, Rm, cond",  "sf 0011010100 Rm cond 01 Rn Rd")
CCMP_MIN: Final[i64] = row("CCMP Rn, 1, 0, EQ",    "sf 1111010010 00001 0000 10 Rn 0 0000")  # after CMN b, 1: V if b == -1 and Rn is the least number
# ---- shifts and bits
LSL: Final[i64] = row("LSL Rd, Rn, Rm",            "sf 0011010110 Rm 001000 Rn Rd")
LSR: Final[i64] = row("LSR Rd, Rn, Rm",            "sf 0011010110 Rm 001001 Rn Rd")
ASR: Final[i64] = row("ASR Rd, Rn, Rm",            "sf 0011010110 Rm 001010 Rn Rd")
ROR: Final[i64] = row("ROR Rd, Rn, Rm",            "sf 0011010110 Rm 001011 Rn Rd")
LSL_IMM32: Final[i64] = row("LSL Wd, Wn, left32",  "0 10 100110 0 immr imms Rn Rd")
LSL_IMM64: Final[i64] = row("LSL Xd, Xn, left64",  "1 10 100110 1 immr imms Rn Rd")
LSR_IMM32: Final[i64] = row("LSR Wd, Wn, right",   "0 10 100110 0 immr 011111 Rn Rd")
LSR_IMM64: Final[i64] = row("LSR Xd, Xn, right",   "1 10 100110 1 immr 111111 Rn Rd")
ASR_IMM32: Final[i64] = row("ASR Wd, Wn, right",   "0 00 100110 0 immr 011111 Rn Rd")
ASR_IMM64: Final[i64] = row("ASR Xd, Xn, right",   "1 00 100110 1 immr 111111 Rn Rd")
EXTR32: Final[i64] = row("EXTR Wd, Wn, Wm, low",   "0 00 100111 0 0 Rm imms Rn Rd")
EXTR64: Final[i64] = row("EXTR Xd, Xn, Xm, low",   "1 00 100111 1 0 Rm imms Rn Rd")
EXTR_LEFT32: Final[i64] = row("EXTR Wd, Wn, Wm, -low32", "0 00 100111 0 0 Rm imms Rn Rd")
EXTR_LEFT64: Final[i64] = row("EXTR Xd, Xn, Xm, -low64", "1 00 100111 1 0 Rm imms Rn Rd")
SXTB32: Final[i64] = row("SXTB Wd, Wn",            "0 00 100110 0 000000 000111 Rn Rd")
SXTB64: Final[i64] = row("SXTB Xd, Wn",            "1 00 100110 1 000000 000111 Rn Rd")
SXTH32: Final[i64] = row("SXTH Wd, Wn",            "0 00 100110 0 000000 001111 Rn Rd")
SXTH64: Final[i64] = row("SXTH Xd, Wn",            "1 00 100110 1 000000 001111 Rn Rd")
SXTW: Final[i64] = row("SXTW Xd, Wn",              "1 00 100110 1 000000 011111 Rn Rd")
CLZ: Final[i64] = row("CLZ Rd, Rn",                "sf 1011010110 00000 000100 Rn Rd")
RBIT: Final[i64] = row("RBIT Rd, Rn",              "sf 1011010110 00000 000000 Rn Rd")
# ---- control
B: Final[i64] = row("B label26",                   "000101 imm26")
BL: Final[i64] = row("BL label26",                 "100101 imm26")
BCOND: Final[i64] = row("B.cond label19",          "01010100 imm19 0 0000")  # + condition
BR: Final[i64] = row("BR Xn",                      "1101011 0000 11111 000000 Rn 00000")
BLR: Final[i64] = row("BLR Xn",                    "1101011 0001 11111 000000 Rn 00000")
RET: Final[i64] = row("RET",                       "1101011 0010 11111 000000 11110 00000")
BRK: Final[i64] = row("BRK 0",                     "11010100 001 0000000000000000 000 00")
CSDB: Final[i64] = row("CSDB",                     "1101010100 0 00 011 0010 0010 100 11111")  # later loads wait for what CSEL chose
ADRP: Final[i64] = row("ADRP Xd, page",            "1 immlo 10000 immhi Rd")
# ---- memory: how the address is formed fills mode and address, see `assembler`
LDRB: Final[i64] = row("LDRB Wd, [address]",       "00 111 0 0 mode 01 address Rn Rd")
LDRSB32: Final[i64] = row("LDRSB Wd, [address]",   "00 111 0 0 mode 11 address Rn Rd")
LDRSB64: Final[i64] = row("LDRSB Xd, [address]",   "00 111 0 0 mode 10 address Rn Rd")
STRB: Final[i64] = row("STRB Wd, [address]",       "00 111 0 0 mode 00 address Rn Rd")
LDRH: Final[i64] = row("LDRH Wd, [address]",       "01 111 0 0 mode 01 address Rn Rd")
LDRSH32: Final[i64] = row("LDRSH Wd, [address]",   "01 111 0 0 mode 11 address Rn Rd")
LDRSH64: Final[i64] = row("LDRSH Xd, [address]",   "01 111 0 0 mode 10 address Rn Rd")
STRH: Final[i64] = row("STRH Wd, [address]",       "01 111 0 0 mode 00 address Rn Rd")
LDR32: Final[i64] = row("LDR Wd, [address]",       "10 111 0 0 mode 01 address Rn Rd")
LDRSW: Final[i64] = row("LDRSW Xd, [address]",     "10 111 0 0 mode 10 address Rn Rd")
STR32: Final[i64] = row("STR Wd, [address]",       "10 111 0 0 mode 00 address Rn Rd")
LDR64: Final[i64] = row("LDR Xd, [address]",       "11 111 0 0 mode 01 address Rn Rd")
STR64: Final[i64] = row("STR Xd, [address]",       "11 111 0 0 mode 00 address Rn Rd")
LDR_S: Final[i64] = row("LDR Sd, [address]",       "10 111 1 0 mode 01 address Rn Rd")
STR_S: Final[i64] = row("STR Sd, [address]",       "10 111 1 0 mode 00 address Rn Rd")
LDR_D: Final[i64] = row("LDR Dd, [address]",       "11 111 1 0 mode 01 address Rn Rd")
STR_D: Final[i64] = row("STR Dd, [address]",       "11 111 1 0 mode 00 address Rn Rd")
LDR_Q: Final[i64] = row("LDR Qd, [address]",       "00 111 1 0 mode 11 address Rn Rd")
STR_Q: Final[i64] = row("STR Qd, [address]",       "00 111 1 0 mode 10 address Rn Rd")
STP: Final[i64] = row("STP Xd, Xa, [Xn, imm7]",    "10 101 0 010 0 imm7 Ra Rn Rd")
LDP: Final[i64] = row("LDP Xd, Xa, [Xn, imm7]",    "10 101 0 010 1 imm7 Ra Rn Rd")
STP_PUSH: Final[i64] = row("STP Xd, Xa, [Xn, imm7]!", "10 101 0 011 0 imm7 Ra Rn Rd")
LDP_POP: Final[i64] = row("LDP Xd, Xa, [Xn], imm7",  "10 101 0 001 1 imm7 Ra Rn Rd")
# ---- atomics: acquire and release
LDAR: Final[i64] = row("LDAR Rd, [Xn]",            "size 001000 110 11111 1 11111 Rn Rd")
STLR: Final[i64] = row("STLR Rd, [Xn]",            "size 001000 100 11111 1 11111 Rn Rd")
LDAXR: Final[i64] = row("LDAXR Rd, [Xn]",          "size 001000 010 11111 1 11111 Rn Rd")  # and watch the place
STLXR: Final[i64] = row("STLXR Wm, Rd, [Xn]",      "size 001000 000 Rm 1 11111 Rn Rd")  # if nobody else has written there, Wm is 0
LDADDAL: Final[i64] = row("LDADDAL Rm, Rd, [Xn]",  "size 111 0 00 11 1 Rm 0 000 00 Rn Rd")  # LSE: what was there to Rd
LDCLRAL: Final[i64] = row("LDCLRAL Rm, Rd, [Xn]",  "size 111 0 00 11 1 Rm 0 001 00 Rn Rd")
LDEORAL: Final[i64] = row("LDEORAL Rm, Rd, [Xn]",  "size 111 0 00 11 1 Rm 0 010 00 Rn Rd")
LDSETAL: Final[i64] = row("LDSETAL Rm, Rd, [Xn]",  "size 111 0 00 11 1 Rm 0 011 00 Rn Rd")
SWPAL: Final[i64] = row("SWPAL Rm, Rd, [Xn]",      "size 111 0 00 11 1 Rm 1 000 00 Rn Rd")
CASAL: Final[i64] = row("CASAL Rm, Rd, [Xn]",      "size 001000 1 1 1 Rm 1 11111 Rn Rd")  # Rm is compared, and gets what was there
CBNZ: Final[i64] = row("CBNZ Wd, label19",         "0 0110101 imm19 Rd")
DMB: Final[i64] = row("DMB ISH",                   "1101010100 0 00 011 0011 1011 1 01 11111")
# ---- floating point
FADD: Final[i64] = row("FADD Fd, Fn, Fm",          "00011110 ftype 1 Rm 001010 Rn Rd")
FSUB: Final[i64] = row("FSUB Fd, Fn, Fm",          "00011110 ftype 1 Rm 001110 Rn Rd")
FMUL: Final[i64] = row("FMUL Fd, Fn, Fm",          "00011110 ftype 1 Rm 000010 Rn Rd")
FDIV: Final[i64] = row("FDIV Fd, Fn, Fm",          "00011110 ftype 1 Rm 000110 Rn Rd")
FMAX: Final[i64] = row("FMAX Fd, Fn, Fm",          "00011110 ftype 1 Rm 010010 Rn Rd")
FMIN: Final[i64] = row("FMIN Fd, Fn, Fm",          "00011110 ftype 1 Rm 010110 Rn Rd")
FMOV: Final[i64] = row("FMOV Fd, Fn",              "00011110 ftype 1 000000 10000 Rn Rd")
FABS: Final[i64] = row("FABS Fd, Fn",              "00011110 ftype 1 000001 10000 Rn Rd")
FNEG: Final[i64] = row("FNEG Fd, Fn",              "00011110 ftype 1 000010 10000 Rn Rd")
FSQRT: Final[i64] = row("FSQRT Fd, Fn",            "00011110 ftype 1 000011 10000 Rn Rd")
FRINTN: Final[i64] = row("FRINTN Fd, Fn",          "00011110 ftype 1 001000 10000 Rn Rd")
FRINTP: Final[i64] = row("FRINTP Fd, Fn",          "00011110 ftype 1 001001 10000 Rn Rd")
FRINTM: Final[i64] = row("FRINTM Fd, Fn",          "00011110 ftype 1 001010 10000 Rn Rd")
FRINTZ: Final[i64] = row("FRINTZ Fd, Fn",          "00011110 ftype 1 001011 10000 Rn Rd")
FCVT_SD: Final[i64] = row("FCVT Dd, Sn",           "00011110 00 1 000101 10000 Rn Rd")
FCVT_DS: Final[i64] = row("FCVT Sd, Dn",           "00011110 01 1 000100 10000 Rn Rd")
FCMP: Final[i64] = row("FCMP Fn, Fm",              "00011110 ftype 1 Rm 001000 Rn 00000")
FCSEL: Final[i64] = row("FCSEL Fd, Fn, Fm, cond",  "00011110 ftype 1 Rm cond 11 Rn Rd")
FMOV_IMM: Final[i64] = row("FMOV Fd, imm8",        "00011110 ftype 1 imm8 100 00000 Rd")
FMOV_WS: Final[i64] = row("FMOV Wd, Sn",           "0 0011110 00 1 00 110 000000 Rn Rd")
FMOV_SW: Final[i64] = row("FMOV Sd, Wn",           "0 0011110 00 1 00 111 000000 Rn Rd")
FMOV_XD: Final[i64] = row("FMOV Xd, Dn",           "1 0011110 01 1 00 110 000000 Rn Rd")
FMOV_DX: Final[i64] = row("FMOV Dd, Xn",           "1 0011110 01 1 00 111 000000 Rn Rd")
SCVTF: Final[i64] = row("SCVTF Fd, Rn",            "sf 0011110 ftype 1 00 010 000000 Rn Rd")
UCVTF: Final[i64] = row("UCVTF Fd, Rn",            "sf 0011110 ftype 1 00 011 000000 Rn Rd")
FCVTZS: Final[i64] = row("FCVTZS Rd, Fn",          "sf 0011110 ftype 1 11 000 000000 Rn Rd")
FCVTZU: Final[i64] = row("FCVTZU Rd, Fn",          "sf 0011110 ftype 1 11 001 000000 Rn Rd")
# fmt: on

# Conditions (manual, C1.2.4). After a comparison of floats: MI less, LS less or equal, GT, GE; all of them, and EQ, are false when unordered.
EQ: Final = 0
NE: Final = 1
HS: Final = 2
LO: Final = 3
MI: Final = 4
PL: Final = 5
VS: Final = 6
VC: Final = 7
HI: Final = 8
LS: Final = 9
GE: Final = 10
LT: Final = 11
GT: Final = 12
LE: Final = 13
AL: Final = 14
