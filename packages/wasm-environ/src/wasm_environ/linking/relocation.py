"""ELF relocations that backends may emit: rows per machine, and the function that applies one."""

from __future__ import annotations

from typing import Final

from wasm_environ.compiler import BIG_ENDIAN

# Kinds: what is computed (S symbol, A addend, P place) and how it is stored.
PC32: Final = 0  # S + A - P, 32-bit little-endian
CALL26: Final = 1  # S + A - P, aarch64 bl/b imm26 * 4
PAGE21: Final = 2  # page(S + A) - page(P), aarch64 adrp
ADD12: Final = 3  # low 12 bits of S + A, aarch64 add
LDST12: Final = 4  # low 12 bits of S + A, scaled, aarch64 ldr/str
CALL_RISCV: Final = 5  # S + A - P, riscv auipc + jalr
PCREL_HI20: Final = 6  # S + A - P, riscv auipc
PCREL_LO12: Final = 7  # the low part of the same, riscv I-type; A counts from the auipc, so that P may be anywhere
PC32DBL: Final = 8  # (S + A - P) / 2, s390x 32-bit big-endian
PC64: Final = 9  # S + A - P, 64-bit little-endian
ADD32: Final = 10  # 32 bits + S + A, little-endian; riscv's difference of two symbols is this and the next
SUB32: Final = 11  # 32 bits - S - A

# (machine, ELF r_type) -> (name, kind, access size for LDST12)
RELOCATIONS: Final = {
    ("x86_64", 2): ("R_X86_64_PC32", PC32, 0),
    ("x86_64", 4): ("R_X86_64_PLT32", PC32, 0),
    ("x86_64", 24): ("R_X86_64_PC64", PC64, 0),
    ("aarch64", 282): ("R_AARCH64_JUMP26", CALL26, 0),
    ("aarch64", 283): ("R_AARCH64_CALL26", CALL26, 0),
    ("aarch64", 275): ("R_AARCH64_ADR_PREL_PG_HI21", PAGE21, 0),
    ("aarch64", 277): ("R_AARCH64_ADD_ABS_LO12_NC", ADD12, 0),
    ("aarch64", 278): ("R_AARCH64_LDST8_ABS_LO12_NC", LDST12, 0),
    ("aarch64", 284): ("R_AARCH64_LDST16_ABS_LO12_NC", LDST12, 1),
    ("aarch64", 285): ("R_AARCH64_LDST32_ABS_LO12_NC", LDST12, 2),
    ("aarch64", 286): ("R_AARCH64_LDST64_ABS_LO12_NC", LDST12, 3),
    ("aarch64", 299): ("R_AARCH64_LDST128_ABS_LO12_NC", LDST12, 4),
    ("aarch64", 261): ("R_AARCH64_PREL32", PC32, 0),
    ("riscv64", 18): ("R_RISCV_CALL", CALL_RISCV, 0),
    ("riscv64", 19): ("R_RISCV_CALL_PLT", CALL_RISCV, 0),
    ("riscv64", 23): ("R_RISCV_PCREL_HI20", PCREL_HI20, 0),
    ("riscv64", 24): ("R_RISCV_PCREL_LO12_I", PCREL_LO12, 0),
    ("riscv64", 35): ("R_RISCV_ADD32", ADD32, 0),
    ("riscv64", 39): ("R_RISCV_SUB32", SUB32, 0),
    ("riscv64", 57): ("R_RISCV_32_PCREL", PC32, 0),
    ("s390x", 19): ("R_390_PC32DBL", PC32DBL, 0),
    ("s390x", 20): ("R_390_PLT32DBL", PC32DBL, 0),
    ("s390x", 5): ("R_390_PC32", PC32, 0),
}


def apply(image: bytearray, isa: str, r_type: int, place: int, symbol: int, addend: int) -> None:
    """Resolve one relocation in `image`; place and symbol are offsets in it. Raises ValueError if the distance does not fit."""
    try:
        name, kind, scale = RELOCATIONS[isa, r_type]
    except KeyError:
        raise ValueError(f"relocation type {r_type} of {isa} is not one a backend may emit") from None
    value = symbol + addend - place
    if kind == PC32:
        order = "big" if isa in BIG_ENDIAN else "little"
        _store(image, place, _fit(value, 32, name), 4, order)
    elif kind == PC64:
        _store(image, place, value, 8, "little")
    elif kind == PC32DBL:
        _store(image, place, _fit(value >> 1, 32, name), 4, "big")
    elif kind in (CALL26, PAGE21, ADD12, LDST12):
        _apply_aarch64(image, kind, place, symbol + addend, scale, name)
    else:
        _apply_riscv(image, kind, place, symbol + addend, name)


def _fit(value: int, bits: int, name: str) -> int:
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise ValueError(f"{name}: distance {value} does not fit in {bits} bits; the module's code is too large")
    return value


def _store(image: bytearray, place: int, value: int, size: int, order: str) -> None:
    image[place : place + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "big" if order == "big" else "little")


def _word(image: bytearray, place: int) -> int:
    return int.from_bytes(image[place : place + 4], "little")


def _apply_aarch64(image: bytearray, kind: int, place: int, target: int, scale: int, name: str) -> None:
    word = _word(image, place)
    if kind == CALL26:
        word |= (_fit(target - place, 28, name) >> 2) & 0x3FFFFFF
    elif kind == PAGE21:
        pages = _fit((target >> 12) - (place >> 12), 21, name)
        word |= (pages & 3) << 29 | (pages >> 2 & 0x7FFFF) << 5
    else:
        word |= ((target & 0xFFF) >> scale) << 10
    _store(image, place, word, 4, "little")


def _apply_riscv(image: bytearray, kind: int, place: int, target: int, name: str) -> None:
    word = _word(image, place)
    if kind in (ADD32, SUB32):
        _store(image, place, word + (target if kind == ADD32 else -target), 4, "little")
        return
    value = _fit(target - place, 32, name)
    if kind == PCREL_LO12:
        _store(image, place, word | (value & 0xFFF) << 20, 4, "little")
        return
    high = (_fit(value + 0x800, 32, name)) & 0xFFFFF000  # the low part is signed
    _store(image, place, word | high, 4, "little")
    if kind == CALL_RISCV:
        _store(image, place + 4, _word(image, place + 4) | (value & 0xFFF) << 20, 4, "little")
