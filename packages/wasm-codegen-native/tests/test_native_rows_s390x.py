"""s390x's lowering rows: each instruction is written as its text says; constants and masks are what they should be; i32s keep a high half of zeros."""

from __future__ import annotations

import random
import re

import pytest

from wasm_codegen_native import lowering_tables as t
from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.s390x import instruction_text
from wasm_codegen_native.isa.s390x.assembler import Assembler, swapped
from wasm_codegen_native.isa.s390x.disassembly import disassembled
from wasm_codegen_native.isa.s390x.encodings import condition_mask
from wasm_codegen_native.isa.s390x.immediates import NONE, run_of_ones
from wasm_codegen_native.isa.s390x.instructions import WORDS, Writer
from wasm_codegen_native.isa.s390x.machine import S390xMachine
from wasm_codegen_native.isa.s390x.numeric import FLOAT, INTEGER
from wasm_codegen_native.isa.s390x.vector import VECTOR as VECTORS
from wasm_codegen_native.lowering_rows import Row, build, expand
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS as RECORD_WORDS
from wasm_environ.opcodes import BY_MNEMONIC

GENERAL = {"d": 3, "a": 6, "b": 9, "c": 10}
VECTOR = {"d": 35, "a": 54, "b": 57, "c": 58}
SCRATCH = {"s": 59, "t": 60}  # vector registers in all rows that have any
LANE = 1
NUMBERS = {
    "1": 1, "0xFF": 0xFF, "0xFFFF": 0xFFFF, "0xFFFFFFFF": 0xFFFFFFFF, "i16": -77, "i32": 0x123456, "u32": 0x87654321, "minus16": 77, "minus32": 0x123456, "disp": -70000,
    "ones": -0x12345, "zeros": 0x1234567 << 32, "filled": 0x123456FFFFFFFF, "power": 8, "mask": 0xFF0, "count32": 5, "count64": 29,
}  # fmt: skip
CASES = [
    (row, name, text.strip()) for row in (*INTEGER, *FLOAT, *VECTORS) for name in expand(row.ops) for text in re.split(r"[;\n]", row.code) if text.strip() not in ("", "1:")
]  # fmt: skip


def register(mnemonic: str, name: str) -> int:
    """What an operand's slot holds in these tests."""
    op = BY_MNEMONIC[mnemonic]
    letters = op.results or "I" if name == "d" else (op.operands or "II") + "III"  # references
    return (VECTOR if letters[max("abc".find(name), 0)] in "fFv" else GENERAL)[name]


def value_of(row: Row, name: str) -> int | None:
    """The constant that an operand is, as the instruction is filled in with it."""
    shape = dict(zip("ab", row.operands.split(), strict=False)).get(name, "")
    return NUMBERS[shape].bit_length() - 1 if shape == "power" else NUMBERS.get(shape)


def written(row: Row, mnemonic: str, text: str) -> bytes:
    """One instruction of a row."""
    made = build([row._replace(ops=mnemonic, code=text)], instruction_text.notation())
    code = Code()
    asm = Assembler(code)
    slots = {name: register(mnemonic, name) for name in GENERAL} | SCRATCH
    for name in "ab":
        value = value_of(row, name)
        if value is not None:
            slots[name] = value
    machine = S390xMachine(asm)
    values = Values(machine, code)
    values.ops, values.pc = t.vec[t.i64]([0, LANE, 0, 0]), RECORD_WORDS
    Writer(asm, values, Traps(machine, code), made.instructions).write(0, len(made.instructions) // WORDS, t.vec[t.i64]([slots.get(n, 0) for n in t.SLOTS]), t.vec[t.i64]())
    return code.out.getvalue()


def shown(row: Row, mnemonic: str, name: str, word: str) -> str:
    """How a disassembler shows an operand."""
    found = re.match(r"(-?)([dabc])$", word)
    if word in SCRATCH or word == "lane":
        return str(LANE) if word == "lane" else f"%v{SCRATCH[word] & 31}"
    if not found:
        fixed = re.match(r"([rvf])(\d+)$", word)
        condition = instruction_text.CONDITIONS.get(word)
        return f"%{fixed[1]}{fixed[2]}" if fixed else str(condition_mask(condition)) if condition is not None else word
    value = value_of(row, found[2])
    if value is None:
        number = register(mnemonic, found[2])
        return f"%{'v' if number >= 32 else 'r'}{number & 31}"
    if name == "RISBGN" and row.operands.endswith("mask"):
        return "52, 187"
    if name == "RISBGN":  # a shift
        return f"32, {191 - value}, {value}"
    if found[1] and name in ("RLL", "RLLG"):
        return str(-value & (31 if name == "RLL" else 63))
    if name in ("OIHF", "XIHF", "NIHF"):
        return str(value >> 32)
    unsigned = name in ("NILF", "OILF", "XILF", "CLFI", "CLGFI")
    return str(value & 0xFFFFFFFF if unsigned else -value if found[1] else value)


@pytest.mark.parametrize(("row", "mnemonic", "text"), CASES, ids=[f"{name}-{row.operands}-{text}" for row, name, text in CASES])
def test_written_as_the_text_says(row: Row, mnemonic: str, text: str) -> None:
    name, _, rest = text.partition(" ")
    code = written(row, mnemonic, text)
    found = disassembled(code)
    if name == "TRAP":
        words = rest.split(", ")
        mask = 15 if words[0] == "ALWAYS" else condition_mask(instruction_text.CONDITIONS[words[0]])
        assert found == [f"brcl {mask}, 0x0"]
    elif name == "MOV":  # a number: below
        assert len(found) in (1, 2)
    elif name[0] == "J":
        assert found[0].startswith(f"brc {condition_mask(instruction_text.CONDITIONS[name[1:]])}, ")
    else:
        wanted = re.sub(r"[^\s,()]+", lambda word: shown(row, mnemonic, name, word[0]), rest)
        assert found == [f"{name.lower()} {wanted}".replace("%f7", "%f7" if name.endswith("BR") else "%v7")]


def values() -> list[int]:
    chance = random.Random(3)
    made = [0, 1, -1, 0xFFFF, 0x10000, -0x10000, 1 << 63, 0x5555555555555555, 0xFFFF0000FFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFF, -2, 0x8000, 1 << 31, 1 << 32, 3 << 48]
    return made + [chance.getrandbits(chance.randrange(1, 65)) & ~(0xFFFF << 16 * chance.randrange(4)) for _ in range(300)]


PLACES = {"lghi": (0, 16), "lgfi": (0, 32), "llill": (0, 0), "llilh": (16, 0), "llihl": (32, 0), "llihh": (48, 0), "llilf": (0, 0), "llihf": (32, 0)}


def test_numbers() -> None:
    """What a sequence of loads of numbers leaves in its register: all 64 bits of it."""
    for value in values():
        wanted = value & (1 << 64) - 1
        code = Code()
        Assembler(code).number(7, wanted - (1 << 64) if wanted >> 63 else wanted)
        made = 0
        for line in disassembled(code.out.getvalue()):
            name, number = line.split()[0], int(line.split()[-1], 0)
            made = made & ~0xFFFFFFFF | number if name == "iilf" else number << PLACES[name][0]
        assert made & (1 << 64) - 1 == wanted, hex(value)


def test_masks() -> None:
    """Every run of ones, around the end as well; none of their neighbours by accident."""
    found = {}
    for first in range(64):
        for ones in range(1, 64):
            bits = {(first + k) % 64 for k in range(ones)}
            value = sum(1 << 63 - bit for bit in bits)
            found[value] = first << 8 | 128 | (first + ones - 1) % 64
    assert len(found) == 64 * 63
    for value, bits in found.items():
        assert run_of_ones(value - (1 << 64) if value >> 63 else value) == bits
        other = value ^ 1 << 40
        if other not in found and other not in (0, (1 << 64) - 1):
            assert run_of_ones(other - (1 << 64) if other >> 63 else other) == NONE
    assert run_of_ones(0) == run_of_ones(-1) == NONE


def test_swapped() -> None:
    for value in values():
        wanted = value & (1 << 64) - 1
        signed = wanted - (1 << 64) if wanted >> 63 else wanted
        assert swapped(signed) & (1 << 64) - 1 == int.from_bytes(wanted.to_bytes(8, "big"), "little")


HALVES = {"AHI", "AFI", "AR", "SR", "MHI", "MSFI", "MSR", "NILF", "OILF", "XILF", "NR", "OR", "XR", "SLL", "SRA", "RLL", "LBR", "LHR"}  # write the low half only
CLEARING = {"LLGFR", "LLGCR", "LLGHR", "RISBGN", "LGHI", "LOCGHI", "VLGVF"}
WHOLE = {"NGRK", "OGRK", "XGRK", "SRLG", "SLLG"}  # of operands whose high half is zero, but for SLLG


@pytest.mark.parametrize("row", [row for row in INTEGER if any(name.startswith("i32") for name in expand(row.ops))], ids=lambda row: f"{row.ops}-{row.operands}")
def test_high_halves_stay_zero(row: Row) -> None:
    """What writes the low half only does so where an operand lies, in whose high half zeros are, or is followed by what clears it."""
    last = [text.split()[0] for text in re.split(r"[;\n]", row.code) if text.strip() not in ("", "1:")]
    if not last or row.result.startswith("cc "):
        return
    if last[-1] in HALVES:
        assert row.operands.split()[0] in ("d", "d!")
        assert last[-1] in ("RLL", "LBR", "LHR") or re.search(rf"{last[-1]} d, ", row.code)
    elif row.result == "=r1":
        assert last[-1] in ("DLR", "LLGFR", "LGR")
    else:
        assert last[-1] in CLEARING | (WHOLE - {"SLLG"}) | {"AGHIK", "SGR", "VLGVG"}
