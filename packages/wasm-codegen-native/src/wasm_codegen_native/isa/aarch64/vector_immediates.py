"""Constants of 128 bits that one instruction makes: eight bits in each lane, or a bit for each byte (manual, AdvSIMDExpandImm)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.aarch64.immediates import LOW32, NONE
from wasm_codegen_native.isa.aarch64.vector_encodings import word

MOVI_ZERO: Final[i64] = word("MOVI Vd.2D, 0")
BYTES: Final[i64] = word("MOVI Vd.2D, bytes8")
EVERY_BYTE: Final[i64] = word("MOVI Vd.16B, byte")
EVERY_HALF: Final[i64] = word("MOVI Vd.8H, byte, LSL 0")
EVERY_WORD: Final[i64] = word("MOVI Vd.4S, byte, LSL 0")
LEFT8: Final = 0b0010 << 12  # cmode for a byte moved up by eight bits


def with_byte(row: i64, byte: i64) -> i64:
    """The instruction with its eight bits."""
    return row | (byte >> 5) << 16 | (byte & 31) << 5


def repeated(half: i64) -> i64:
    """The instruction, its Rd zero, that gives both halves of a register this value; NONE if there is none."""
    if half == 0:
        return MOVI_ZERO
    lane = half & LOW32
    if (half >> 32) & LOW32 == lane:
        byte = lane & 0xFF
        if lane == byte * 0x01010101:
            return with_byte(EVERY_BYTE, byte)
        if lane & 0xFFFF == (lane >> 16):
            if (lane & 0xFF00) == 0:
                return with_byte(EVERY_HALF, byte)
            if byte == 0:
                return with_byte(EVERY_HALF | LEFT8, (lane >> 8) & 0xFF)
        k: i64 = 0
        while k < 4:
            if lane & ~shl(0xFF, 8 * k) == 0:
                return with_byte(EVERY_WORD | k * LEFT8, lane >> (8 * k))
            k += 1
    bits: i64 = 0
    k = 0
    while k < 8:
        byte = (half >> (8 * k)) & 0xFF
        if byte == 0xFF:
            bits |= shl(1, k)
        elif byte != 0:
            return NONE
        k += 1
    return with_byte(BYTES, bits)
