"""The vector instructions used: a row an instruction and arrangement of lanes, made of templates (Arm Architecture Reference Manual, C7)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.isa.aarch64.notation import WORDS, row

# An arrangement's Q (128 bits) and size (log2 of a lane's bytes), the one with half as many lanes twice as wide, and a lane's letter.
ARRANGEMENTS: Final = {
    "8B":  ("0", "00", "8H", "B"), "16B": ("1", "00", "8H", "B"), "4H": ("0", "01", "4S", "H"), "8H": ("1", "01", "4S", "H"),
    "2S":  ("0", "10", "2D", "S"), "4S":  ("1", "10", "2D", "S"), "2D": ("1", "11", "",   "D"),
}  # fmt: skip
LANE_FIELDS: Final = {"B": "lane4 1", "H": "lane3 10", "S": "lane2 100", "D": "lane1 1000"}  # imm5: the lane, and a bit that tells its width
LANES: Final = "16B 8H 4S 2D"
INTEGERS: Final = "16B 8H 4S"
SHORT: Final = "16B 8H"
FLOATS: Final = "4S 2D"
NARROW: Final = "8B 4H 2S"  # the low half of a register

# Columns: instruction, pattern, arrangements. T is the arrangement, W the one twice as wide, E a lane's letter; in the pattern Q, size, and sz for
# floats are T's, imm5 is the lane and its width. vleftN and vrightN: shifts of a lane of N bits.
# fmt: off
TEMPLATES: Final = (
    # ---- integers
    ("ADD Vd.T, Vn.T, Vm.T",      "0 Q 0 01110 size 1 Rm 10000 1 Rn Rd", LANES),
    ("SUB Vd.T, Vn.T, Vm.T",      "0 Q 1 01110 size 1 Rm 10000 1 Rn Rd", LANES),
    ("SQADD Vd.T, Vn.T, Vm.T",    "0 Q 0 01110 size 1 Rm 00001 1 Rn Rd", SHORT),
    ("UQADD Vd.T, Vn.T, Vm.T",    "0 Q 1 01110 size 1 Rm 00001 1 Rn Rd", SHORT),
    ("SQSUB Vd.T, Vn.T, Vm.T",    "0 Q 0 01110 size 1 Rm 00101 1 Rn Rd", SHORT),
    ("UQSUB Vd.T, Vn.T, Vm.T",    "0 Q 1 01110 size 1 Rm 00101 1 Rn Rd", SHORT),
    ("URHADD Vd.T, Vn.T, Vm.T",   "0 Q 1 01110 size 1 Rm 00010 1 Rn Rd", SHORT),
    ("MUL Vd.T, Vn.T, Vm.T",      "0 Q 0 01110 size 1 Rm 10011 1 Rn Rd", "8H 4S"),
    ("SQRDMULH Vd.T, Vn.T, Vm.T", "0 Q 1 01110 size 1 Rm 10110 1 Rn Rd", "8H"),
    ("ADDP Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 size 1 Rm 10111 1 Rn Rd", "8H 4S 2D"),
    ("SMAX Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 size 1 Rm 01100 1 Rn Rd", INTEGERS),
    ("UMAX Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 size 1 Rm 01100 1 Rn Rd", INTEGERS),
    ("SMIN Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 size 1 Rm 01101 1 Rn Rd", INTEGERS),
    ("UMIN Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 size 1 Rm 01101 1 Rn Rd", INTEGERS),
    ("UMAXP Vd.T, Vn.T, Vm.T",    "0 Q 1 01110 size 1 Rm 10100 1 Rn Rd", "4S"),
    ("CMEQ Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 size 1 Rm 10001 1 Rn Rd", LANES),
    ("CMGT Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 size 1 Rm 00110 1 Rn Rd", LANES),
    ("CMGE Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 size 1 Rm 00111 1 Rn Rd", LANES),
    ("CMHI Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 size 1 Rm 00110 1 Rn Rd", INTEGERS),
    ("CMHS Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 size 1 Rm 00111 1 Rn Rd", INTEGERS),
    ("CMEQ Vd.T, Vn.T, 0",        "0 Q 0 01110 size 10000 01001 10 Rn Rd", "2D"),
    ("ABS Vd.T, Vn.T",            "0 Q 0 01110 size 10000 01011 10 Rn Rd", LANES),
    ("NEG Vd.T, Vn.T",            "0 Q 1 01110 size 10000 01011 10 Rn Rd", LANES),
    ("CNT Vd.T, Vn.T",            "0 Q 0 01110 size 10000 00101 10 Rn Rd", "8B 16B"),
    ("UMINV Ed, Vn.T",            "0 Q 1 01110 size 11000 11010 10 Rn Rd", INTEGERS),
    ("ADDV Ed, Vn.T",             "0 Q 0 01110 size 11000 11011 10 Rn Rd", "8B"),
    # ---- integers that become wider or narrower; the number behind a mnemonic: of or to the high half
    ("SADDLP Vd.W, Vn.T",         "0 Q 0 01110 size 10000 00010 10 Rn Rd", SHORT),
    ("UADDLP Vd.W, Vn.T",         "0 Q 1 01110 size 10000 00010 10 Rn Rd", SHORT),
    ("SADALP Vd.W, Vn.T",         "0 Q 0 01110 size 10000 00110 10 Rn Rd", "8H"),
    ("XTN Vd.T, Vn.W",            "0 Q 0 01110 size 10000 10010 10 Rn Rd", "2S"),
    ("SQXTN Vd.T, Vn.W",          "0 Q 0 01110 size 10000 10100 10 Rn Rd", NARROW),
    ("SQXTN2 Vd.T, Vn.W",         "0 Q 0 01110 size 10000 10100 10 Rn Rd", SHORT),
    ("SQXTUN Vd.T, Vn.W",         "0 Q 1 01110 size 10000 10010 10 Rn Rd", "8B 4H"),
    ("SQXTUN2 Vd.T, Vn.W",        "0 Q 1 01110 size 10000 10010 10 Rn Rd", SHORT),
    ("UQXTN Vd.T, Vn.W",          "0 Q 1 01110 size 10000 10100 10 Rn Rd", "2S"),
    ("SHLL Vd.2D, Vn.2S, 32",     "0 0 1 01110 10   10000 10011 10 Rn Rd", ""),
    ("SMULL Vd.W, Vn.T, Vm.T",    "0 Q 0 01110 size 1 Rm 1100 00 Rn Rd", NARROW),
    ("SMULL2 Vd.W, Vn.T, Vm.T",   "0 Q 0 01110 size 1 Rm 1100 00 Rn Rd", INTEGERS),
    ("UMULL Vd.W, Vn.T, Vm.T",    "0 Q 1 01110 size 1 Rm 1100 00 Rn Rd", NARROW),
    ("UMULL2 Vd.W, Vn.T, Vm.T",   "0 Q 1 01110 size 1 Rm 1100 00 Rn Rd", INTEGERS),
    ("UMLAL Vd.W, Vn.T, Vm.T",    "0 Q 1 01110 size 1 Rm 1000 00 Rn Rd", "2S"),
    *((f"{name} Vd.W, Vn.T", f"0 Q {u} 011110 {high} 000 10100 1 Rn Rd", arrangement)
      for arrangements, two in (("8B 4H 2S", ""), ("16B 8H 4S", "2")) for name, u in ((f"SXTL{two}", "0"), (f"UXTL{two}", "1"))
      for arrangement, high in zip(arrangements.split(), ("0001", "0010", "0100"), strict=True)),
    # ---- shifts: left by a signed number a lane, or by a constant
    ("SSHL Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 size 1 Rm 01000 1 Rn Rd", LANES),
    ("USHL Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 size 1 Rm 01000 1 Rn Rd", LANES),
    ("SHL Vd.T, Vn.T, vleftN",     "0 Q 0 011110 shift 01010 1 Rn Rd", LANES),
    ("SSHR Vd.T, Vn.T, vrightN",   "0 Q 0 011110 shift 00000 1 Rn Rd", LANES),
    ("USHR Vd.T, Vn.T, vrightN",   "0 Q 1 011110 shift 00000 1 Rn Rd", LANES),
    ("USRA Vd.T, Vn.T, vrightN",   "0 Q 1 011110 shift 00010 1 Rn Rd", "8H 4S 2D"),  # shifts and adds
    # ---- bits
    ("AND Vd.T, Vn.T, Vm.T",      "0 Q 0 01110 00 1 Rm 00011 1 Rn Rd", "16B"),
    ("BIC Vd.T, Vn.T, Vm.T",      "0 Q 0 01110 01 1 Rm 00011 1 Rn Rd", "16B"),
    ("ORR Vd.T, Vn.T, Vm.T",      "0 Q 0 01110 10 1 Rm 00011 1 Rn Rd", "16B"),
    ("EOR Vd.T, Vn.T, Vm.T",      "0 Q 1 01110 00 1 Rm 00011 1 Rn Rd", "16B"),
    ("BSL Vd.T, Vn.T, Vm.T",      "0 Q 1 01110 01 1 Rm 00011 1 Rn Rd", "16B"),  # Vd has the mask
    ("BIT Vd.T, Vn.T, Vm.T",      "0 Q 1 01110 10 1 Rm 00011 1 Rn Rd", "8B 16B"),  # Vm has it: 1 takes Vn
    ("NOT Vd.T, Vn.T",            "0 Q 1 01110 00 10000 00101 10 Rn Rd", "16B"),
    # ---- floats
    ("FADD Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 0 sz 1 Rm 11010 1 Rn Rd", FLOATS),
    ("FSUB Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 1 sz 1 Rm 11010 1 Rn Rd", FLOATS),
    ("FMUL Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 0 sz 1 Rm 11011 1 Rn Rd", FLOATS),
    ("FDIV Vd.T, Vn.T, Vm.T",     "0 Q 1 01110 0 sz 1 Rm 11111 1 Rn Rd", FLOATS),
    ("FMAX Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 0 sz 1 Rm 11110 1 Rn Rd", FLOATS),
    ("FMIN Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 1 sz 1 Rm 11110 1 Rn Rd", FLOATS),
    ("FMLA Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 0 sz 1 Rm 11001 1 Rn Rd", FLOATS),
    ("FMLS Vd.T, Vn.T, Vm.T",     "0 Q 0 01110 1 sz 1 Rm 11001 1 Rn Rd", FLOATS),
    ("FCMEQ Vd.T, Vn.T, Vm.T",    "0 Q 0 01110 0 sz 1 Rm 11100 1 Rn Rd", FLOATS),
    ("FCMGE Vd.T, Vn.T, Vm.T",    "0 Q 1 01110 0 sz 1 Rm 11100 1 Rn Rd", FLOATS),
    ("FCMGT Vd.T, Vn.T, Vm.T",    "0 Q 1 01110 1 sz 1 Rm 11100 1 Rn Rd", FLOATS),
    ("FABS Vd.T, Vn.T",           "0 Q 0 01110 1 sz 10000 01111 10 Rn Rd", FLOATS),
    ("FNEG Vd.T, Vn.T",           "0 Q 1 01110 1 sz 10000 01111 10 Rn Rd", FLOATS),
    ("FSQRT Vd.T, Vn.T",          "0 Q 1 01110 1 sz 10000 11111 10 Rn Rd", FLOATS),
    ("FRINTN Vd.T, Vn.T",         "0 Q 0 01110 0 sz 10000 11000 10 Rn Rd", FLOATS),
    ("FRINTM Vd.T, Vn.T",         "0 Q 0 01110 0 sz 10000 11001 10 Rn Rd", FLOATS),
    ("FRINTP Vd.T, Vn.T",         "0 Q 0 01110 1 sz 10000 11000 10 Rn Rd", FLOATS),
    ("FRINTZ Vd.T, Vn.T",         "0 Q 0 01110 1 sz 10000 11001 10 Rn Rd", FLOATS),
    ("FCVTZS Vd.T, Vn.T",         "0 Q 0 01110 1 sz 10000 11011 10 Rn Rd", FLOATS),
    ("FCVTZU Vd.T, Vn.T",         "0 Q 1 01110 1 sz 10000 11011 10 Rn Rd", FLOATS),
    ("SCVTF Vd.T, Vn.T",          "0 Q 0 01110 0 sz 10000 11101 10 Rn Rd", FLOATS),
    ("UCVTF Vd.T, Vn.T",          "0 Q 1 01110 0 sz 10000 11101 10 Rn Rd", FLOATS),
    ("FCVTL Vd.2D, Vn.2S",        "0 0 0 01110 0 1  10000 10111 10 Rn Rd", ""),
    ("FCVTN Vd.2S, Vn.2D",        "0 0 0 01110 0 1  10000 10110 10 Rn Rd", ""),
    # ---- lanes
    ("DUP Vd.T, Wn",              "0 Q 0 01110000 imm5 0 0001 1 Rn Rd", INTEGERS),
    ("DUP Vd.T, Xn",              "0 Q 0 01110000 imm5 0 0001 1 Rn Rd", "2D"),
    ("DUP Vd.T, Vn.E[lane]",      "0 Q 0 01110000 imm5 0 0000 1 Rn Rd", LANES),
    ("DUP Ed, Vn.E[lane]",        "0 1 0 11110000 imm5 0 0000 1 Rn Rd", FLOATS),
    ("SMOV Wd, Vn.E[lane]",       "0 0 0 01110000 imm5 0 0101 1 Rn Rd", SHORT),
    ("UMOV Wd, Vn.E[lane]",       "0 0 0 01110000 imm5 0 0111 1 Rn Rd", INTEGERS),
    ("UMOV Xd, Vn.E[lane]",       "0 1 0 01110000 imm5 0 0111 1 Rn Rd", "2D"),
    ("INS Vd.E[lane], Wn",        "0 1 0 01110000 imm5 0 0011 1 Rn Rd", INTEGERS),
    ("INS Vd.E[lane], Xn",        "0 1 0 01110000 imm5 0 0011 1 Rn Rd", "2D"),
    ("INS Vd.E[lane], Vn.E[0]",   "0 1 1 01110000 imm5 0 0000 1 Rn Rd", FLOATS),
    # ---- permutations
    *((f"{name} Vd.T, Vn.T, Vm.T", f"0 Q 0 01110 size 0 Rm 0 {code} 10 Rn Rd", LANES)
      for name, code in (("UZP1", "001"), ("TRN1", "010"), ("ZIP1", "011"), ("UZP2", "101"), ("TRN2", "110"), ("ZIP2", "111"))),
    ("REV64 Vd.T, Vn.T",          "0 Q 0 01110 size 10000 00000 10 Rn Rd", INTEGERS),
    ("REV32 Vd.T, Vn.T",          "0 Q 1 01110 size 10000 00000 10 Rn Rd", SHORT),
    ("REV16 Vd.T, Vn.T",          "0 Q 0 01110 size 10000 00001 10 Rn Rd", "16B"),
    ("EXT Vd.16B, Vn.16B, Vm.16B, imm4", "0 1 1 01110 00 0 Rm 0 imm4 0 Rn Rd", ""),
    ("TBL Vd.16B, {Vn.16B}, Vm.16B",     "0 1 0 01110 00 0 Rm 0 00 0 00 Rn Rd", ""),
    ("TBX Vd.16B, {Vn.16B}, Vm.16B",     "0 1 0 01110 00 0 Rm 0 00 1 00 Rn Rd", ""),
    # ---- constants of eight bits
    ("MOVI Vd.2D, 0",             "0 1 1 0111100000 000 1110 01 00000 Rd", ""),
    ("MOVI Vd.2D, bytes8",        "0 1 1 0111100000 abc 1110 01 defgh Rd", ""),  # a bit for each byte: all ones or zero
    ("MOVI Vd.16B, byte",         "0 1 0 0111100000 abc 1110 01 defgh Rd", ""),
    ("MOVI Vd.8H, byte, LSL 0",   "0 1 0 0111100000 abc 1000 01 defgh Rd", ""),
    ("MOVI Vd.8H, byte, LSL 8",   "0 1 0 0111100000 abc 1010 01 defgh Rd", ""),
    *((f"MOVI Vd.4S, byte, LSL {8 * k}", f"0 1 0 0111100000 abc 0{k:02b}0 01 defgh Rd", "") for k in range(4)),
    ("MOVI Vd.4S, 0x80, LSL 24",  "0 1 0 0111100000 100 0110 01 00000 Rd", ""),
    # ---- memory: a lane, or one for all of them. `index` is the lane's first byte
    ("LD1R {Vd.T}, [Xn]",         "0 Q 0011010 10 00000 110 0 size Rn Rd", LANES),
    *((f"{name} {{Vd.{letter}}}[lane], [Xn]", f"0 Q 0011010 {load}0 00000 {code} index Rn Rd", "")
      for name, load in (("LD1", "1"), ("ST1", "0")) for letter, code in (("B", "000"), ("H", "010"), ("S", "100"))),
    *((f"{name} {{Vd.D}}[lane], [Xn]", f"0 Q 0011010 {load}0 00000 100 001 Rn Rd", "") for name, load in (("LD1", "1"), ("ST1", "0"))),
)
# fmt: on


def fill(syntax: str, pattern: str, arrangement: str) -> None:
    """The row of a template for one arrangement."""
    if arrangement:
        q, size, wide, letter = ARRANGEMENTS[arrangement]
        for part, text in ((".T", f".{arrangement}"), (".W", f".{wide}"), ("Ed,", f"{letter}d,"), (".E[", f".{letter}["), ("tN", f"t{8 << int(size, 2)}")):
            syntax = syntax.replace(part, text)
        parts = {"Q": q, "size": size, "sz": size[1], "imm5": LANE_FIELDS[letter]}
        pattern = " ".join(parts.get(part, part) for part in pattern.split())
    row(syntax, pattern)


def fill_all() -> None:
    """Every template."""
    for syntax, pattern, arrangements in TEMPLATES:
        for arrangement in arrangements.split() or ("",):
            fill(syntax, pattern, arrangement)


fill_all()


def word(syntax: str) -> i64:
    """The word of a row."""
    return WORDS[syntax]


MOV_V: Final[i64] = word("ORR Vd.16B, Vn.16B, Vm.16B")  # Vn and Vm the same
INS_HIGH: Final[i64] = word("INS Vd.D[lane], Xn") | 1 << 20
