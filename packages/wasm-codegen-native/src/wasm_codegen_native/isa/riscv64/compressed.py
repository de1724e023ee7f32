"""Instructions of 16 bits (manual, chapter 26), which every machine has: those whose operands are any registers.

Branches and jumps stay long, as their targets are filled in later; and so do accesses with three bits for a register, which are never the addresses here.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.isa.riscv64.registers import RA, SP, ZERO

EBREAK: Final = 0x9002


def compressed(word: i64) -> i64:
    """The 16 bits that do what an instruction of 32 does; 0: there are none."""
    kind = word & 0x707F  # funct3 and opcode
    d = word >> 7 & 31
    a = word >> 15 & 31
    b = word >> 20 & 31
    value = (word >> 20 & 0xFFF ^ 0x800) - 0x800
    if kind == 0x3023 or kind == 0x3027:  # SD, FSD
        value = value & ~31 | d
        if a == SP and value >= 0 and value < 512 and value & 7 == 0:
            return (0xE002 if kind == 0x3023 else 0xA002) | (value & 0x38) << 7 | value >> 6 << 7 | b << 2
    elif d == ZERO:
        return 0x8002 | a << 7 if word & ~0xF8000 == 0x67 and a != ZERO else 0  # C.JR
    elif kind == 0x13:  # ADDI
        return add_number(d, a, value)
    elif kind == 0x33 and word >> 25 == 0 and b != ZERO:  # ADD
        if d == a or d == b:
            other = b if d == a else a
            return 0x9002 | d << 7 | other << 2 if other != ZERO else 0
        return 0x8002 | d << 7 | b << 2 if a == ZERO else 0
    elif kind == 0x1B:  # ADDIW
        return 0x2001 | six(value) | d << 7 if d == a and fits6(value) else 0
    elif kind == 0x3003 or kind == 0x3007:  # LD, FLD
        if a == SP and value >= 0 and value < 512 and value & 7 == 0:
            return (0x6002 if kind == 0x3003 else 0x2002) | (value & 32) << 7 | (value & 24) << 2 | value >> 6 << 2 | d << 7
    elif kind == 0x1013:  # SLLI
        return 0x0002 | six(value) | d << 7 if d == a and value > 0 and value < 64 else 0
    elif kind & 0x7F == 0x37 and d != SP:  # LUI
        value = (word >> 12 & 0xFFFFF ^ 0x80000) - 0x80000
        return 0x6001 | six(value) | d << 7 if value != 0 and fits6(value) else 0
    elif word == 0x67 | RA << 7 | a << 15 and a != ZERO:  # JALR
        return 0x9002 | a << 7
    return 0


def add_number(d: i64, a: i64, value: i64) -> i64:
    """ADDI, which C.MV and C.LI are, too."""
    if value == 0 and a != ZERO:
        return 0x8002 | d << 7 | a << 2
    if fits6(value) and (a == d or a == ZERO):
        return (0x0001 if a == d else 0x4001) | six(value) | d << 7
    if a == SP and d == SP and value & 15 == 0 and value >= -512 and value < 512:
        return 0x6101 | (value & 512) << 3 | (value & 16) << 2 | (value & 64) >> 1 | (value & 384) >> 4 | (value & 32) >> 3
    if a == SP and d >> 3 == 1 and value & 3 == 0 and value > 0 and value < 1024:
        return (value & 48) << 7 | (value & 960) << 1 | (value & 4) << 4 | (value & 8) << 2 | (d & 7) << 2
    return 0


def fits6(value: i64) -> bool:
    """Whether a number is one of six bits, signed."""
    return value >= -32 and value < 32


def six(value: i64) -> i64:
    """Six bits where most of these instructions have them."""
    return (value & 32) << 7 | (value & 31) << 2
