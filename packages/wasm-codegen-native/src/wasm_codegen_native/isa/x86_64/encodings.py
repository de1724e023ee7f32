"""The general-purpose and scalar instructions used, a row each, in the notation of Intel's manual, volume 2."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.isa.x86_64.notation import row

# fmt: off
# ---- integer arithmetic: r is 32 bits wide, 64 with W
ADD: Final[i64] = row("ADD r, r/m",            "03 /r")
OR: Final[i64] = row("OR r, r/m",              "0B /r")
AND: Final[i64] = row("AND r, r/m",            "23 /r")
SUB: Final[i64] = row("SUB r, r/m",            "2B /r")
XOR: Final[i64] = row("XOR r, r/m",            "33 /r")
CMP: Final[i64] = row("CMP r, r/m",            "3B /r")
ADC: Final[i64] = row("ADC r, r/m",            "13 /r")
SBB: Final[i64] = row("SBB r, r/m",            "1B /r")
ALU_IMM8: Final[i64] = row("ADD r/m, imm8",    "83 /0 ib")   # the digit chooses: ADD OR ADC SBB AND SUB XOR CMP
ALU_IMM32: Final[i64] = row("ADD r/m, imm32",  "81 /0 id")
OR_IMM8: Final[i64] = row("OR r/m, imm8",      "83 /1 ib")
OR_IMM32: Final[i64] = row("OR r/m, imm32",     "81 /1 id")
AND_IMM8: Final[i64] = row("AND r/m, imm8",      "83 /4 ib")
AND_IMM32: Final[i64] = row("AND r/m, imm32",     "81 /4 id")
SUB_IMM8: Final[i64] = row("SUB r/m, imm8",      "83 /5 ib")
SUB_IMM32: Final[i64] = row("SUB r/m, imm32",     "81 /5 id")
XOR_IMM8: Final[i64] = row("XOR r/m, imm8",      "83 /6 ib")
XOR_IMM32: Final[i64] = row("XOR r/m, imm32",     "81 /6 id")
CMP_IMM8: Final[i64] = row("CMP r/m, imm8",      "83 /7 ib")
CMP_IMM32: Final[i64] = row("CMP r/m, imm32",     "81 /7 id")
TEST: Final[i64] = row("TEST r/m, r",          "85 /r")
TEST_IMM: Final[i64] = row("TEST r/m, imm32",  "F7 /0 id")
IMUL: Final[i64] = row("IMUL r, r/m",          "0F AF /r")
IMUL_IMM8: Final[i64] = row("IMUL r, r/m, imm8",   "6B /r ib")
IMUL_IMM32: Final[i64] = row("IMUL r, r/m, imm32", "69 /r id")
MUL: Final[i64] = row("MUL r/m",               "F7 /4")
IMUL_WIDE: Final[i64] = row("IMUL r/m",        "F7 /5")
DIV: Final[i64] = row("DIV r/m",               "F7 /6")
IDIV: Final[i64] = row("IDIV r/m",             "F7 /7")
NEG: Final[i64] = row("NEG r/m",               "F7 /3")
NOT: Final[i64] = row("NOT r/m",               "F7 /2")
LEA: Final[i64] = row("LEA r, m",              "8D /r")
# ---- shifts
ROL_CL: Final[i64] = row("ROL r/m, cl",        "D3 /0")
ROR_CL: Final[i64] = row("ROR r/m, cl",        "D3 /1")
SHL_CL: Final[i64] = row("SHL r/m, cl",        "D3 /4")
SHR_CL: Final[i64] = row("SHR r/m, cl",        "D3 /5")
SAR_CL: Final[i64] = row("SAR r/m, cl",        "D3 /7")
ROL_IMM: Final[i64] = row("ROL r/m, imm8",     "C1 /0 ib")
ROR_IMM: Final[i64] = row("ROR r/m, imm8",     "C1 /1 ib")
SHL_IMM: Final[i64] = row("SHL r/m, imm8",     "C1 /4 ib")
SHR_IMM: Final[i64] = row("SHR r/m, imm8",     "C1 /5 ib")
SAR_IMM: Final[i64] = row("SAR r/m, imm8",     "C1 /7 ib")
SHLX: Final[i64] = row("SHLX r, r/m, rv",      "VEX.66.0F38.W0 F7 /r", "bmi2")
SHRX: Final[i64] = row("SHRX r, r/m, rv",      "VEX.F2.0F38.W0 F7 /r", "bmi2")
SARX: Final[i64] = row("SARX r, r/m, rv",      "VEX.F3.0F38.W0 F7 /r", "bmi2")
# ---- bits
BSF: Final[i64] = row("BSF r, r/m",            "0F BC /r")
BSR: Final[i64] = row("BSR r, r/m",            "0F BD /r")
TZCNT: Final[i64] = row("TZCNT r, r/m",        "F3 0F BC /r", "bmi1")
LZCNT: Final[i64] = row("LZCNT r, r/m",        "F3 0F BD /r", "abm")
POPCNT: Final[i64] = row("POPCNT r, r/m",      "F3 0F B8 /r", "popcnt")
# ---- moves
MOV_LOAD: Final[i64] = row("MOV r, r/m",       "8B /r")
MOV_STORE: Final[i64] = row("MOV r/m, r",      "89 /r")
MOV_STORE8: Final[i64] = row("MOV r/m8, r8",   "88 /r")
MOV_STORE16: Final[i64] = row("MOV r/m16, r16", "66 89 /r")
MOV_IMM: Final[i64] = row("MOV r/m, imm32",    "C7 /0 id")
MOV_IMM8: Final[i64] = row("MOV r/m8, imm8",   "C6 /0 ib")
MOV_IMM16: Final[i64] = row("MOV r/m16, imm16", "66 C7 /0 iw")
MOVZX8: Final[i64] = row("MOVZX r, r/m8",      "0F B6 /r")
MOVZX16: Final[i64] = row("MOVZX r, r/m16",    "0F B7 /r")
MOVSX8: Final[i64] = row("MOVSX r, r/m8",      "0F BE /r")
MOVSX16: Final[i64] = row("MOVSX r, r/m16",    "0F BF /r")
MOVSXD: Final[i64] = row("MOVSXD r64, r/m32",  "REX.W 63 /r")
XCHG: Final[i64] = row("XCHG r/m, r",          "87 /r")
XCHG8: Final[i64] = row("XCHG r/m8, r8",       "86 /r")
XCHG16: Final[i64] = row("XCHG r/m16, r16",    "66 87 /r")
LOCK_XADD: Final[i64] = row("LOCK XADD m, r",  "F0 0F C1 /r")
LOCK_XADD8: Final[i64] = row("LOCK XADD m8, r8",     "F0 0F C0 /r")
LOCK_XADD16: Final[i64] = row("LOCK XADD m16, r16",  "F0 66 0F C1 /r")
LOCK_CMPXCHG: Final[i64] = row("LOCK CMPXCHG m, r",  "F0 0F B1 /r")
LOCK_CMPXCHG8: Final[i64] = row("LOCK CMPXCHG m8, r8",    "F0 0F B0 /r")
LOCK_CMPXCHG16: Final[i64] = row("LOCK CMPXCHG m16, r16", "F0 66 0F B1 /r")
# ---- control
SETCC: Final[i64] = row("SETO r/m8",           "0F 90 /0")   # + condition code
CMOVCC: Final[i64] = row("CMOVO r, r/m",       "0F 40 /r")   # + condition code
CALL_REG: Final[i64] = row("CALL r/m64",       "FF /2")
JMP_REG: Final[i64] = row("JMP r/m64",         "FF /4")
# ---- scalar floating point
MOVSS_LOAD: Final[i64] = row("MOVSS xmm, m32",           "F3 0F 10 /r")
MOVSD_LOAD: Final[i64] = row("MOVSD xmm, m64",           "F2 0F 10 /r")
MOVSS_STORE: Final[i64] = row("MOVSS m32, xmm",          "F3 0F 11 /r")
MOVSD_STORE: Final[i64] = row("MOVSD m64, xmm",          "F2 0F 11 /r")
MOVAPS: Final[i64] = row("MOVAPS xmm, xmm/m128",         "0F 28 /r")
MOVUPS_LOAD: Final[i64] = row("MOVUPS xmm, m128",        "0F 10 /r")
MOVUPS_STORE: Final[i64] = row("MOVUPS m128, xmm",       "0F 11 /r")
MOVD_TO: Final[i64] = row("MOVD xmm, r/m32",             "66 0F 6E /r")  # MOVQ with W
MOVD_FROM: Final[i64] = row("MOVD r/m32, xmm",           "66 0F 7E /r")
ADDSS: Final[i64] = row("ADDSS xmm+, xmm/m32",           "F3 0F 58 /r")
ADDSD: Final[i64] = row("ADDSD xmm+, xmm/m64",           "F2 0F 58 /r")
MULSS: Final[i64] = row("MULSS xmm+, xmm/m32",           "F3 0F 59 /r")
MULSD: Final[i64] = row("MULSD xmm+, xmm/m64",           "F2 0F 59 /r")
SUBSS: Final[i64] = row("SUBSS xmm+, xmm/m32",           "F3 0F 5C /r")
SUBSD: Final[i64] = row("SUBSD xmm+, xmm/m64",           "F2 0F 5C /r")
MINSS: Final[i64] = row("MINSS xmm+, xmm/m32",           "F3 0F 5D /r")
MINSD: Final[i64] = row("MINSD xmm+, xmm/m64",           "F2 0F 5D /r")
DIVSS: Final[i64] = row("DIVSS xmm+, xmm/m32",           "F3 0F 5E /r")
DIVSD: Final[i64] = row("DIVSD xmm+, xmm/m64",           "F2 0F 5E /r")
MAXSS: Final[i64] = row("MAXSS xmm+, xmm/m32",           "F3 0F 5F /r")
MAXSD: Final[i64] = row("MAXSD xmm+, xmm/m64",           "F2 0F 5F /r")
SQRTSS: Final[i64] = row("SQRTSS xmm+, xmm/m32",         "F3 0F 51 /r")
SQRTSD: Final[i64] = row("SQRTSD xmm+, xmm/m64",         "F2 0F 51 /r")
UCOMISS: Final[i64] = row("UCOMISS xmm, xmm/m32",        "0F 2E /r")
UCOMISD: Final[i64] = row("UCOMISD xmm, xmm/m64",        "66 0F 2E /r")
ROUNDSS: Final[i64] = row("ROUNDSS xmm+, xmm/m32, imm8", "66 0F 3A 0A /r ib")
ROUNDSD: Final[i64] = row("ROUNDSD xmm+, xmm/m64, imm8", "66 0F 3A 0B /r ib")
CVTSS2SD: Final[i64] = row("CVTSS2SD xmm+, xmm/m32",     "F3 0F 5A /r")
CVTSD2SS: Final[i64] = row("CVTSD2SS xmm+, xmm/m64",     "F2 0F 5A /r")
CVTSI2SS: Final[i64] = row("CVTSI2SS xmm+, r/m",         "F3 0F 2A /r")
CVTSI2SD: Final[i64] = row("CVTSI2SD xmm+, r/m",         "F2 0F 2A /r")
CVTTSS2SI: Final[i64] = row("CVTTSS2SI r, xmm/m32",      "F3 0F 2C /r")
CVTTSD2SI: Final[i64] = row("CVTTSD2SI r, xmm/m64",      "F2 0F 2C /r")
ANDPS: Final[i64] = row("ANDPS xmm+, xmm/m128",          "0F 54 /r")
ANDNPS: Final[i64] = row("ANDNPS xmm+, xmm/m128",        "0F 55 /r")
ORPS: Final[i64] = row("ORPS xmm+, xmm/m128",            "0F 56 /r")
XORPS: Final[i64] = row("XORPS xmm+, xmm/m128",          "0F 57 /r")
ANDPD: Final[i64] = row("ANDPD xmm+, xmm/m128",          "66 0F 54 /r")
ANDNPD: Final[i64] = row("ANDNPD xmm+, xmm/m128",        "66 0F 55 /r")
ORPD: Final[i64] = row("ORPD xmm+, xmm/m128",            "66 0F 56 /r")
XORPD: Final[i64] = row("XORPD xmm+, xmm/m128",          "66 0F 57 /r")
# fmt: on

# Condition codes (manual, appendix B.1). The last two need the parity flag as well: unordered is not equal.
CC_O: Final = 0x0
CC_B: Final = 0x2
CC_AE: Final = 0x3
CC_E: Final = 0x4
CC_NE: Final = 0x5
CC_BE: Final = 0x6
CC_A: Final = 0x7
CC_S: Final = 0x8
CC_NS: Final = 0x9
CC_P: Final = 0xA
CC_NP: Final = 0xB
CC_L: Final = 0xC
CC_GE: Final = 0xD
CC_LE: Final = 0xE
CC_G: Final = 0xF
CC_FLOAT_E: Final = 0x10
CC_FLOAT_NE: Final = 0x11

# Digits of ALU_IMM8 and ALU_IMM32.
ALU_ADD: Final = 0
ALU_OR: Final = 1
ALU_ADC: Final = 2
ALU_SBB: Final = 3
ALU_AND: Final = 4
ALU_SUB: Final = 5
ALU_XOR: Final = 6
ALU_CMP: Final = 7
