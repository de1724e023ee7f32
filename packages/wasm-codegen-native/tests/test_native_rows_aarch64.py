"""aarch64's lowering rows: each instruction is written as its text says; constants, patterns and floats are what they should be."""

from __future__ import annotations

import random
import re
import struct

import capstone
import pytest

from wasm_codegen_native import lowering_tables as t
from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.aarch64 import instruction_text
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.immediates import NONE, bitmask, float8
from wasm_codegen_native.isa.aarch64.instructions import WORDS, Writer
from wasm_codegen_native.isa.aarch64.machine import Arm64Machine
from wasm_codegen_native.isa.aarch64.numeric import FLOAT, INTEGER
from wasm_codegen_native.isa.aarch64.vector import VECTOR
from wasm_codegen_native.lowering_rows import Row, build, expand
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS as RECORD_WORDS
from wasm_environ.opcodes import BY_MNEMONIC

REGISTERS = {"d": 3, "a": 6, "b": 9, "c": 12, "s": 10, "t": 11}
NUMBERS = {
    "imm12": 77, "negative": -77, "high": 0x5000, "power": 8, "count8": 3, "count16": 11, "count32": 5, "count64": 45, "mask32": 0xFF0, "mask64": 0xFF00,
}  # fmt: skip
LANE = 1  # the immediate of the op
LETTERS = {"i": "w", "I": "x", "f": "s", "F": "d"}
# What a disassembler calls an instruction.
ALIASES = {"not": "mvn", "ins": "mov", "sxtl": "sshll", "uxtl": "ushll", "sxtl2": "sshll2", "uxtl2": "ushll2"}
CASES = [(row, name, text.strip()) for row in (*INTEGER, *FLOAT, *VECTOR) for name in expand(row.ops) for text in re.split(r"[;\n] *", row.code) if text.strip()]
REGISTER = re.compile(r"(?:([dabcst])(32|64)?|v31(?:\.(32|64))?)(?:\.(\w+))?(?:\[(\w+)\])?$")


def disassembled(data: bytes) -> list[str]:
    lines = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN).disasm(data, 0)
    return [re.sub(r"(?<=[#\[])-?0x[0-9a-f]+", lambda found: str(int(found[0], 16)), f"{i.mnemonic} {i.op_str}") for i in lines]


def written(row: Row, mnemonic: str, text: str) -> bytes:
    """One instruction of a row."""
    made = build([row._replace(ops=mnemonic, code=text)], instruction_text.notation())
    code = Code()
    asm = Assembler(code)
    machine = Arm64Machine(asm)
    values = Values(machine, code)
    values.ops = t.vec[t.i64]([0, LANE, 0, 0])
    values.pc = RECORD_WORDS
    slots = dict(REGISTERS)
    for name, shape in zip("ab", row.operands.split(), strict=False):
        value = NUMBERS.get(shape)
        if value is not None:
            slots[name] = value.bit_length() - 1 if shape == "power" else value
    writer = Writer(asm, values, Traps(machine, code), made.instructions)
    writer.write(0, len(made.instructions) // WORDS, t.vec[t.i64]([slots.get(n, 0) for n in t.SLOTS]), t.vec[t.i64]())
    return code.out.getvalue()


def number(word: str, shape: str, mnemonic: str) -> str:
    """An operand that is a number: of a shape, or in the text."""
    if not shape:
        return f"#{int(word, 0)}"
    value = NUMBERS[shape]
    value = value.bit_length() - 1 if shape == "power" else (32 if mnemonic < "i64" else 64) - value if word[0] == "-" else abs(value)
    return f"#{value >> 12}, lsl #12" if shape == "high" else f"#{value}"


def expected(row: Row, mnemonic: str, text: str) -> str:
    """How a disassembler shows it."""
    op = BY_MNEMONIC[mnemonic]
    shapes = dict(zip("abc", row.operands.split(), strict=False))

    def operand(word: str) -> str:
        if word[0] == "{":
            return "{" + operand(word.strip("{}")) + "}"
        name = word.strip("-")[0]
        shape = shapes.get(name, "")
        if word[0].isdigit() or shape in NUMBERS:
            return number(word, shape if shape in NUMBERS else "", mnemonic)
        found = REGISTER.match(word)
        if not found:
            return word.lower().replace("lsl ", "lsl #")
        n = REGISTERS[name] if found[1] else 31
        lanes, lane = found[4], LANE if found[5] == "lane" else found[5]
        if lane is not None:
            return f"v{n}.{lanes.lower()}[{lane}]"
        if lanes is not None:
            return f"{lanes.lower()}{n}" if len(lanes) == 1 else f"v{n}.{lanes.lower()}"
        letters = op.results if name == "d" else op.operands or "II"  # references
        letter = LETTERS.get((letters or "I")["abc".find(name) if name in "bc" else 0], "x")
        if name in "st":
            letter = "x" if mnemonic.startswith("i64.") else "w"
        elif name == "v":
            letter = "s"
        width = found[2] or found[3]
        return f"{letter if width is None else 'wx'[width == '64'] if letter in 'wx' else 'sd'[width == '64']}{n}"

    name, _, rest = text.partition(" ")
    operands = list(map(operand, rest.split(", ")))
    if name[1:4] == "XTL":
        operands.append("#0")
    name = ALIASES.get(name.lower(), name.lower())
    if (name == "umov" and operands[1].partition(".")[2][0] in "sd") or (name == "dup" and "." not in operands[0]):
        name = "mov"
    return f"{name} {', '.join(operands)}"


@pytest.mark.parametrize(("row", "mnemonic", "text"), CASES, ids=[f"{name}-{row.operands}-{text}" for row, name, text in CASES])
def test_written_as_the_text_says(row: Row, mnemonic: str, text: str) -> None:
    name = text.split()[0]
    code = written(row, mnemonic, text)
    if name == "TRAP":  # a branch whose target is not known yet: see `branches`
        assert code[3] >> 4 == instruction_text.CONDITIONS[text.split()[1].removesuffix(",")]
        return
    found = disassembled(code)
    if name == "MOV" and not text.endswith("a32"):
        return  # a number: below
    assert len(found) == 1
    wanted = expected(row, mnemonic, text)
    if name == "EXTR":
        wanted = re.sub(r"extr (\w+, \w+), \w+,", r"ror \1,", wanted)
    if text == "MOVI v31.2D, 0":
        wanted = "movi v31.2d, #0000000000000000"
    assert found[0] == wanted


def values() -> list[int]:
    chance = random.Random(3)
    made = [0, 1, -1, 0xFFFF, 0x10000, -0x10000, 1 << 63, 0x5555555555555555, 0xFFFF0000FFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFF, -2]
    return made + [chance.getrandbits(chance.randrange(1, 65)) & ~(0xFFFF << 16 * chance.randrange(4)) for _ in range(300)]


def run(lines: list[str], wide: bool) -> int:
    """What a sequence of moves of numbers leaves in its register."""
    mask = (1 << (64 if wide else 32)) - 1
    value = 0
    for line in lines:
        name, _, rest = line.partition(" ")
        number = int(re.findall(r"#(-?\w+)", rest)[0], 0)
        place = int((re.findall(r"lsl #(\d+)", rest) or ["0"])[0])
        assert name in ("mov", "movz", "movk", "orr")
        value = value & ~(0xFFFF << place) | number << place if name == "movk" else number << place
    return value & mask


@pytest.mark.parametrize("wide", [True, False])
def test_numbers(wide: bool) -> None:
    mask = (1 << (64 if wide else 32)) - 1
    for value in values():
        code = Code()
        Assembler(code).number(7, (value & mask) - (1 << 64) if (value & mask) >> 63 else value & mask, wide)
        lines = disassembled(code.out.getvalue())
        assert run(lines, wide) == value & mask, (hex(value), lines)
        assert len(lines) <= (4 if wide else 2)


def test_patterns() -> None:
    """All 5334 patterns of 64 bits, each once; none of their neighbours by accident."""
    found = {}
    for log in range(1, 7):
        size = 1 << log
        for ones in range(1, size):
            for turn in range(size):
                element = (1 << ones) - 1
                element = (element >> turn | element << (size - turn)) & (1 << size) - 1
                value = sum(element << at for at in range(0, 64, size))
                found[value] = (int(size == 64) << 12) | turn << 6 | (~(2 * size - 1) & 0x3F | ones - 1)
    assert len(found) == 5334
    for value, bits in found.items():
        assert bitmask(value - (1 << 64) if value >> 63 else value, True) == bits
        for other in (value ^ 1, value ^ 1 << 40):
            if other not in found:
                assert bitmask(other - (1 << 64) if other >> 63 else other, True) == NONE


def test_floats() -> None:
    """Plus and minus n / 16 * 2**r, n from 16 to 31, r from -3 to 4."""
    for double, form, whole in ((True, "<d", "<q"), (False, "<f", "<i")):
        seen = set()
        for eight in range(256):
            power = (eight >> 4 & 7 ^ 4) - 3
            value = (-1 if eight >> 7 else 1) * (16 + (eight & 15)) / 16 * 2.0**power
            bits = struct.unpack(whole, struct.pack(form, value))[0]
            assert float8(bits, double) == eight
            assert float8(bits + 1, double) == NONE
            seen.add(value)
        assert len(seen) == 256
        assert float8(0, double) == NONE
