"""riscv64's instructions of 16 bits: what LLVM's assembler makes of the same instructions, and every one of 32 that has none of them as it was."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from wasm_codegen_native.isa.riscv64 import encodings as e
from wasm_codegen_native.isa.riscv64.compressed import compressed

sys.path.insert(0, str(Path(__file__).parent))
REGISTERS = (0, 1, 2, 3, 5, 8, 9, 15, 16, 30, 31)
FLOATING = (0, 7, 8, 15, 16, 31)
NUMBERS = (-2048, -513, -512, -496, -33, -32, -16, -8, -1, 0, 1, 4, 8, 12, 15, 16, 31, 32, 60, 64, 248, 252, 256, 496, 504, 508, 511, 512, 1008, 1020, 1023, 1024, 2047)
UPPER = (0, 1, 31, 32, 0x7FFFF, 0x80000, 0xFFFDF, 0xFFFE0, 0xFFFFF)


def instructions() -> Iterator[tuple[str, int]]:
    """(text, word) of those that may have a short form, with operands around what fits one."""
    for d in REGISTERS:
        for value in UPPER:
            yield f"lui x{d}, {value}", e.LUI | d << 7 | value << 12
        for a in REGISTERS:
            registers = d << 7 | a << 15
            for value in NUMBERS:
                yield f"addi x{d}, x{a}, {value}", e.ADDI | registers | (value & 0xFFF) << 20
                yield f"addiw x{d}, x{a}, {value}", e.ADDIW | registers | (value & 0xFFF) << 20
                yield f"ld x{d}, {value}(x{a})", e.LD | registers | (value & 0xFFF) << 20
                stored = d << 20 | a << 15 | (value & 31) << 7 | (value >> 5 & 127) << 25
                yield f"sd x{d}, {value}(x{a})", e.SD | stored
                yield f"jalr x{d}, {value}(x{a})", e.JALR | registers | (value & 0xFFF) << 20
            for count in (0, 1, 31, 32, 63):
                yield f"slli x{d}, x{a}, {count}", e.SLLI | registers | count << 20
                yield f"srli x{d}, x{a}, {count}", e.SRLI | registers | count << 20
            for b in REGISTERS:
                for name in ("ADD", "SUB", "ADDW", "MUL", "SLL", "SLT"):
                    yield f"{name.lower()} x{d}, x{a}, x{b}", getattr(e, name) | registers | b << 20
    for d in FLOATING:
        for a in REGISTERS:
            for value in NUMBERS:
                yield f"fld f{d}, {value}(x{a})", e.FLD | d << 7 | a << 15 | (value & 0xFFF) << 20
                yield f"fsd f{d}, {value}(x{a})", e.FSD | d << 20 | a << 15 | (value & 31) << 7 | (value >> 5 & 127) << 25


def pieces(text: bytes) -> list[bytes]:
    """By the lowest two bits of each."""
    found, at = [], 0
    while at < len(text):
        size = 4 if text[at] & 3 == 3 else 2
        found.append(text[at : at + size])
        at += size
    return found


def test_as_clang_assembles_them(tmp_path: Path) -> None:
    assemblers = importlib.import_module("test_native_encodings")
    options, _ = assemblers.CLANG["riscv64"]
    cases = list(instructions())
    assemblers.CLANG["riscv64 with C"] = (tuple(option.replace("+v+", "+c+v+") for option in options), ".option rvc")
    text, _ = assemblers.assembled("riscv64 with C", [line for line, _ in cases], tmp_path)
    del assemblers.CLANG["riscv64 with C"]
    found = pieces(text)
    assert len(found) == len(cases)
    wrong, missed, short = [], set(), 0
    for (line, word), theirs in zip(cases, found, strict=True):
        half = compressed(word)
        ours = half.to_bytes(2, "little") if half else word.to_bytes(4, "little")
        short += half != 0
        if ours != theirs:
            if half or len(theirs) == 4:
                wrong.append(f"{line}: {ours.hex()}, clang {theirs.hex()}")
            elif "x0" not in line:
                missed.add(line.split()[0])
    assert not wrong, f"{len(wrong)} wrong, the first:\n" + "\n".join(wrong[:20])
    # With three bits for a register. What reads x0, or changes nothing else, is written as something that is short.
    assert missed <= {"ld", "sd", "fld", "fsd", "sub", "addw", "srli"}, missed
    assert short > 1000


def test_no_other_has_one() -> None:
    """Of every row, with random operands: those that `instructions` names alone."""
    named = {line.split()[0].upper() for line, _ in instructions()} | {"MV", "SEXT.W"}  # ADDI and ADDIW
    for row, data, text in importlib.import_module("encoding_cases_riscv64").cases():
        assert row.split()[0] in named or compressed(int.from_bytes(data, "little")) == 0, text
