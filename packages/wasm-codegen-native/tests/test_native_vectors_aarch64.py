"""aarch64's vectors: constants that an instruction makes, and shuffles, read back from the code and compared with what they must give."""

from __future__ import annotations

import random
import re

import capstone
import pytest

import wasm_environ
from wasm_codegen_native import create
from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.immediates import NONE
from wasm_codegen_native.isa.aarch64.shuffle import ONE, TWICE, TWO
from wasm_codegen_native.isa.aarch64.vector_immediates import repeated
from wasm_environ.compiler import SYMBOL_RODATA, Target, Tunables
from wasm_environ.text import parse_module


def disassembled(data: bytes) -> list[str]:
    return [f"{i.mnemonic} {i.op_str}" for i in capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN).disasm(data, 0)]


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def moved(line: str) -> int:
    """Sixty-four bits of what a MOVI leaves in its register."""
    lanes, number, shift = re.fullmatch(r"movi v\d+\.(\w+), #(\w+)(?:, lsl #(\d+))?", line).groups()  # type: ignore[union-attr] # it fails the test
    value = int(number, 16 if number.startswith("0x") or len(number) == 16 else 10) << int(shift or 0)
    bits = {"16b": 8, "8h": 16, "4s": 32, "2d": 64}[lanes]
    return sum(value << at for at in range(0, 64, bits))


def test_constants_of_one_instruction() -> None:
    chance = random.Random(5)
    halves = {0, (1 << 64) - 1, 0xFF00FF00FF00FF00, 0x8000000080000000, 0x00FF0000FFFF00FF}
    for _ in range(200):
        byte = chance.randrange(256)
        bits = chance.choice((8, 16, 32))
        halves.add(sum(byte << chance.choice(range(0, bits, 8)) * (bits > 8) << at for at in range(0, 64, bits)))
        halves.add(sum((byte << bits - 8) << at for at in range(0, 64, bits)))
        halves.add(sum(0xFF << 8 * k for k in range(8) if byte >> k & 1))
    made = 0
    for half in halves:
        row = repeated(signed(half))
        if row != NONE:
            made += 1
            assert moved(disassembled(row.to_bytes(4, "little"))[0]) == half, hex(half)
    assert made > 300


@pytest.mark.parametrize("half", [0x0102, 0x1FF, 0x0102030405060708, 0x3F800000 << 32, 0xFFFFFFFFFFFFFF01, 0x8080808080808081])
def test_other_constants_lie_in_rodata(half: int) -> None:
    assert repeated(signed(half)) == NONE
    code = Code()
    Assembler(code).vector_number(39, signed(half), signed(half))
    assert code.rodata.getvalue() == half.to_bytes(8, "little") * 2
    assert disassembled(code.out.getvalue()) == ["adrp x16, #0", "ldr q7, [x16]"]
    assert list(code.rodata_relocations) == [0, 275, 0, 4, 299, 0]


def test_equal_constants_are_one() -> None:
    text = "(module (func (result v128) (v128.const i32x4 1 2 3 4)) (func (result v128) (v128.const i32x4 1 2 3 4)))"
    module = wasm_environ.decode(parse_module(text), wasm_environ.ALL)
    (code,) = create(Target("aarch64"), Tunables()).compile_functions(module, wasm_environ.ALL)
    assert len(code.rodata) == 16
    assert [(kind, index, addend) for _, _, kind, index, addend in code.relocations] == [(SYMBOL_RODATA, 0, 0)] * 4


WIDTH = {"b": 1, "h": 2, "s": 4, "d": 8}


def permuted(line: str) -> list[int]:
    """The bytes that an instruction takes, of Rn 0 to 15 and of Rm 16 to 31, by what the manual says of it."""
    name, _, rest = line.partition(" ")
    arrangement = re.search(r"\.(\d+)([bhsd])", rest)
    assert arrangement
    count, size = int(arrangement[1]), WIDTH[arrangement[2]]
    a, b = list(range(count)), list(range(count, 2 * count))
    both = a + b
    if name == "ext":
        at = int(rest.rpartition("#")[2], 0)
        lanes = both[at : at + 16]
    elif name == "dup":
        lanes = [int(re.findall(r"\[(\w+)\]", rest)[0], 0)] * count
    elif name.startswith("rev"):
        group = int(name[3:]) // 8 // size
        lanes = [lane for at in range(0, count, group) for lane in reversed(a[at : at + group])]
    else:
        part = int(name[3]) - 1
        half = count // 2
        pairs = {"zip": list(zip(a, b, strict=True))[half * part : half * (part + 1)], "trn": list(zip(a[part::2], b[part::2], strict=True))}
        lanes = both[part::2] if name[:3] == "uzp" else [lane for pair in pairs[name[:3]] for lane in pair]
    return [size * lane + k for lane in lanes for k in range(size)]


@pytest.mark.parametrize(("patterns", "first"), [(TWO, 32), (TWICE, 16), (ONE, 16)], ids=["two", "twice", "one"])
def test_patterns_are_what_the_instruction_does(patterns: dict[tuple[int, int], int], first: int) -> None:
    assert len(patterns) > 30
    for (low, high), row in patterns.items():
        line = disassembled((row | 1 << 5).to_bytes(4, "little"))[0]
        wanted = low.to_bytes(8, "little", signed=True) + high.to_bytes(8, "little", signed=True)
        assert [lane % first for lane in permuted(line)] == list(wanted), line
