"""riscv64's lowering rows: each instruction is written as its text says; constants, and jumps that reach far, are what they should be."""

from __future__ import annotations

import random
import re

import capstone
import pytest

from wasm_codegen_native import lowering_tables as t
from wasm_codegen_native.code import Code
from wasm_codegen_native.documentation import code_of, wat_of
from wasm_codegen_native.isa.riscv64 import branches, encodings, instruction_text, notation, shuffle, vector_encodings, vector_memory
from wasm_codegen_native.isa.riscv64.assembler import Assembler
from wasm_codegen_native.isa.riscv64.instructions import WORDS, Writer
from wasm_codegen_native.isa.riscv64.isa import make
from wasm_codegen_native.isa.riscv64.machine import RiscvMachine
from wasm_codegen_native.isa.riscv64.numeric import FLOAT, INTEGER
from wasm_codegen_native.isa.riscv64.vector_rows import VECTOR
from wasm_codegen_native.lowering_rows import Row, build, expand
from wasm_codegen_native.traps import Traps
from wasm_environ.opcodes import BY_MNEMONIC, FIRST_ATOMIC, FIRST_VECTOR, OPS

REGISTERS = {"d": 7, "a": 11, "b": 9}
GENERAL = {"d": "t2", "a": "a1", "b": "s1", "x0": "zero", "x30": "t5", "x31": "t6"}
NUMBERED = {"zero": 0, "t5": 30, "t6": 31}
FLOATING = {"d": "ft7", "a": "fa1", "b": "fs1"}
NUMBERS = {"0": 0, "1": 1, "imm12": -77, "negated": 78, "3": 3, "5": 5, "9": 9, "power": 8, "divisor": 10, "count32": 5, "count64": 45}
CASES = [(row, name, text) for row in (*INTEGER, *FLOAT) for name in expand(row.ops) for text in re.split(r"[;\n] *", row.code) if text]


def disassembled(data: bytes) -> list[str]:
    """Those of 16 bits as what they are short for: `test_native_compressed` compares their bytes."""
    return [long(f"{i.mnemonic} {i.op_str}") for i in capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64 + capstone.CS_MODE_RISCVC).disasm(data, 0)]


def long(text: str) -> str:
    """C.ADDI d, n: ADDI d, d, n."""
    if not text.startswith("c."):
        return text
    name, first, rest = re.match(r"c\.(\w+) (\w+)(.*)", text).groups()  # type: ignore[union-attr] # there is one
    if name == "li":
        return f"mv {first}, zero" if rest == ", 0" else f"addi {first}, zero{rest}"
    if name == "addiw" and rest == ", 0":
        return f"sext.w {first}, {first}"
    return f"{name} {first}, {first}{rest}" if name in ("add", "addi", "addiw", "slli") else f"{name} {first}{rest}"


def written(row: Row, mnemonic: str, text: str) -> bytes:
    """One instruction of a row."""
    made = build([row._replace(ops=mnemonic, code=text)], instruction_text.notation())
    code = Code()
    asm = Assembler(code)
    slots = dict(REGISTERS)
    for name, shape in zip("ab", row.operands.split(), strict=False):
        value = NUMBERS.get(shape)
        if value is not None:
            slots[name] = value.bit_length() - 1 if shape == "power" else value
    Writer(asm, Traps(RiscvMachine(asm), code), made.instructions).write(0, len(made.instructions) // WORDS, t.vec[t.i64]([slots.get(n, 0) for n in t.SLOTS]), t.vec[t.i64]())
    return code.out.getvalue()


def expected(row: Row, mnemonic: str, text: str) -> str:
    """How a disassembler shows it."""
    op = BY_MNEMONIC[mnemonic]
    shapes = dict(zip("ab", row.operands.split(), strict=False))
    bits = 32 if mnemonic < "i64" else 64

    def operand(word: str) -> str:
        name = word.removeprefix("-")
        if name in shapes and shapes[name] in NUMBERS:
            value = NUMBERS[shapes[name]]
            value = value.bit_length() - 1 if shapes[name] == "power" else bits - value if word[0] == "-" else -value if shapes[name] == "negated" else value
            word = str(value)
        elif word in REGISTERS:
            letters = op.results if word == "d" else op.operands or "II"  # references
            letter = (letters or "I")["ab".find(word) if word == "b" else 0]
            return (FLOATING if letter in "fF" else GENERAL)[word]
        elif word in GENERAL or word == "f31":
            return GENERAL.get(word, "ft11")
        if word.lstrip("-").isdigit():
            value = int(word)
            return f"{'-' if value < 0 else ''}{hex(abs(value)) if abs(value) > 9 else abs(value)}"
        return word

    name, _, rest = text.partition(" ")
    words = [operand(word) for word in rest.split(", ") if word != "dyn"]
    name = name.lower()
    if name.startswith("fsgnj") and words[1] == words[2]:  # the names that disassemblers prefer
        name, words = {"fsgnj": "fmv", "fsgnjn": "fneg", "fsgnjx": "fabs"}[name[:-2]] + name[-2:], words[:2]
    elif name == "sub" and words[1] == "zero":
        name, words = "neg", [words[0], words[2]]
    elif name.startswith("fmv"):
        name = name.replace(".d", ".d")
    return f"{name} {', '.join(words)}"


def encoded(row: Row, mnemonic: str, text: str) -> int:
    """The word of an instruction that is not in every processor: its encoding row, which an assembler is compared with, filled in by hand."""
    name, _, rest = text.partition(" ")
    shapes = dict(zip("ab", row.operands.split(), strict=False))
    shown = [word if word in REGISTERS and shapes.get(word) not in NUMBERS else expected(row, mnemonic, f"{name} {word}").split()[1] for word in rest.split(", ")]
    word = next(word for syntax, _, word, _ in notation.ROWS if syntax.partition(" ")[0] == name)
    numbers = [REGISTERS[w] if w in REGISTERS else NUMBERED[w] if w in NUMBERED else int(w, 0) for w in shown]
    return word | sum(n << place for n, place in zip(numbers, (7, 15, 20), strict=False))


@pytest.mark.parametrize(("row", "mnemonic", "text"), CASES, ids=[f"{name}-{row.operands}-{text}" for row, name, text in CASES])
def test_written_as_the_text_says(row: Row, mnemonic: str, text: str) -> None:
    name = text.split()[0]
    code = written(row, mnemonic, text)
    if name == "LI":
        return  # below
    if text.endswith(":"):
        assert code == b""
    elif name[1:] in instruction_text.RELATIONS and not text[-1].isdigit():  # to a trap: not known where yet
        assert code == bytes(4)
    elif name[1:] in instruction_text.RELATIONS:
        word = int.from_bytes(code, "little")
        numbers = [int(w[1:]) if w[0] == "x" else REGISTERS[w] for w in text.split(" ", 1)[1].split(", ")[:2]]
        assert word == encodings.BRANCH | branches.condition(instruction_text.RELATIONS[name[1:]], *numbers) << 12
    elif row.needs and disassembled(code) == []:
        assert int.from_bytes(code, "little") == encoded(row, mnemonic, text)
    else:
        assert disassembled(code) == [expected(row, mnemonic, text)]


# ---- rows for V, which the disassembler does not know: encoding rows, which an assembler is compared with, filled in by hand
VECTORS = {"d": 7, "a": 11, "b": 9, "c": 5}
LANES = [(row, name, text) for row in VECTOR for name in expand(row.ops) for text in re.split(r"[;\n] *", row.code) if text]
GENERAL_TEXTS = ("LI ", "SLLI ", "SRLI ", "ANDI ")  # as in other rows


def vector_word(text: str, row: Row) -> int:
    name, _, rest = text.partition(" ")
    shapes = dict(zip("abc", row.operands.split(), strict=False))
    words = [str(NUMBERS_OF_LANES[shapes[w]]) if shapes.get(w) in NUMBERS_OF_LANES else w for w in rest.split(", ")]
    for syntax, _, word, _ in notation.ROWS:
        mnemonic, _, kinds = syntax.partition(" ")
        if mnemonic != name or len(kinds.split(", ")) != len(words) or (name == "VSETIVLI" and kinds != rest):
            continue
        for kind, text_ in zip(kinds.split(", "), words, strict=True):
            if kind in ("simm5", "uimm5"):
                word |= (int(text_) & 31) << 15
            elif kind != text_:
                word |= (VECTORS[text_] if text_ in VECTORS else int(text_[1:])) << {"d": 7, "1": 15, "2": 20}[kind[-1]]
        return word
    raise AssertionError(text)


NUMBERS_OF_LANES = {"count8": 5, "count16": 11, "count32": 19}


@pytest.mark.parametrize(("row", "mnemonic", "text"), LANES, ids=[f"{name}-{row.operands}-{text}" for row, name, text in LANES])
def test_rows_of_vectors_are_written_as_the_text_says(row: Row, mnemonic: str, text: str) -> None:
    made = build([row._replace(ops=mnemonic, code=text, result="")], instruction_text.notation())
    code = Code()
    asm = Assembler(code, True)
    values = [NUMBERS_OF_LANES.get(shape, VECTORS[name]) for name, shape in zip("abc", row.operands.split(), strict=False)]
    slots = t.vec[t.i64]([VECTORS["d"], *values, *[0] * (t.SLOT_COUNT - 1 - len(values))])
    Writer(asm, Traps(RiscvMachine(asm), code), made.instructions).write(0, len(made.instructions) // WORDS, slots, t.vec[t.i64]())
    data = code.out.getvalue()
    if text == "NEW d":
        assert data == b""
    elif text == "ANY":
        assert int.from_bytes(data, "little") == vector_encodings.WHOLE[3]
    elif not text.startswith(GENERAL_TEXTS):
        assert data.hex() == vector_word(text, row).to_bytes(4, "little").hex()


def words_of(wat: str, *features: str) -> list[int]:
    code = code_of(wat, "riscv64", frozenset(features))
    words, at = [], 0
    while at < len(code):
        size = 4 if code[at] & 3 == 3 else 2
        words.append(int.from_bytes(code[at : at + size], "little"))
        at += size
    return words


# Columns: body of a function of two v128s and an i32, the types that are set, in turn.
E8, E16, E32, E64 = vector_encodings.WHOLE
TYPES = (
    ("(i32x4.add (i32x4.mul (local.get 0) (local.get 1)) (v128.and (local.get 0) (local.get 1)))", [E8, E32]),  # parameters are bytes in the side area
    ("(i16x8.extend_low_i8x16_s (i16x8.add (local.get 0) (local.get 1)))", [E8, E16]),
    ("(i16x8.extmul_low_i8x16_s (local.get 0) (local.get 1))", [E8, vector_encodings.HALF[0]]),
    ("(i32x4.add (block (result v128) (drop (br_if 0 (local.get 0) (local.get 2))) (i32x4.neg (local.get 1))) (local.get 1))", [E8, E32, E32]),
    ("(call 0) (i32x4.add (local.get 0) (local.get 1))", [E8, E64, E32]),  # they are kept in the frame, by any type
)


@pytest.mark.parametrize(("body", "types"), TYPES)
def test_types_of_vectors_are_set_where_they_are_others(body: str, types: list[int]) -> None:
    """Behind labels and calls, which may leave any, again. The result leaves as two numbers of 64 bits."""
    wat = f'(module (import "" "" (func)) (func (param v128 v128 i32) (result v128) {body}))'
    assert [word for word in words_of(wat, "v") if word & 0xC000707F == 0xC0007057] == [*types, E64]


FIRST_LANES = (
    '(module (import "" "" (func (result v128))) (func (result v128) (call 0)))',
    *(f"(module (func (param v128 {t}) (result v128) ({shape}.replace_lane 0 (local.get 0) (local.get 1))))"
      for shape, t in (("i8x16", "i32"), ("i16x8", "i32"), ("i32x4", "i32"), ("i64x2", "i64"), ("f32x4", "f32"), ("f64x2", "f64"))),
    *(f"(module (memory 1) (func (param v128) (result v128) (v128.load{bits}_lane 0 (i32.const 0) (local.get 0))))" for bits in (8, 16, 32, 64)),
)  # fmt: skip


@pytest.mark.parametrize("wat", [*FIRST_LANES, *(wat_of(op) for op in OPS if FIRST_VECTOR <= op.id < FIRST_ATOMIC)])
def test_a_vector_is_never_written_by_its_first_lane_alone(wat: str) -> None:
    """VMV.S.X leaves open what the other lanes become where the tail is agnostic, though emulators leave them alone: it is for masks, v0, whose other bits
    do not count."""
    written = [word >> 7 & 31 for word in words_of(wat, "v") if word & ~(31 << 15 | 31 << 7) == vector_encodings.VMV_S_X]
    assert written == [0] * len(written)


def test_no_vector_instruction_without_v() -> None:
    for op in OPS:
        if FIRST_VECTOR <= op.id < FIRST_ATOMIC:
            assert not [word for word in words_of(wat_of(op), "zba", "zbb", "zbs", "zicond") if word & 0x7F == 0x57], op.mnemonic


def test_each_vector_op_has_a_form_for_v() -> None:
    """A row, or the file of what rows do not say: none is scalar code over the frame, which knows nothing of vector registers."""
    rows = {name for row in VECTOR for name in expand(row.ops)}
    others = {row[0] for row in vector_memory.ROWS} | {row[0] for row in shuffle.ROWS if row[1] in (shuffle.EXTRACT, shuffle.REPLACE, shuffle.SHUFFLE)}
    assert rows & others == set()
    assert rows | others | {"v128.const"} == {op.mnemonic for op in OPS if FIRST_VECTOR <= op.id < FIRST_ATOMIC}


def value_of(code: Code) -> int:
    """What a sequence that makes a number leaves, constants in rodata read where they are."""
    value = 0
    for line in disassembled(code.out.getvalue()):
        name, _, rest = line.partition(" ")
        words = rest.replace("(", ", ").replace(")", "").split(", ")
        if name == "auipc":
            place, offset = code.rodata_places
            data = code.rodata.getvalue()
            assert (place, len(data)) == (0, offset + 8)
            return int.from_bytes(data[offset:], "little")
        last = 0 if words[-1] == "zero" else int(words[-1], 0)
        if name == "mv":
            value = 0
        elif name == "lui":
            value = ((last & 0xFFFFF) << 12 ^ 1 << 31) - (1 << 31)
        elif name == "addi":
            assert words[1] == "zero"
            value = last
        elif name == "addiw":
            value = ((value + last & 0xFFFFFFFF) ^ 1 << 31) - (1 << 31)
        elif name == "slli":
            value <<= last
        else:
            assert name == "srli"
            value = (value & (1 << 64) - 1) >> last
    return value & (1 << 64) - 1


def test_numbers() -> None:
    chance = random.Random(3)
    numbers = [0, 1, -1, 0x7FF, 0x800, -0x800, -0x801, 0x7FFFF7FF, 0x7FFFF800, 0x7FFFFFFF, -0x80000000, -0x80000001, 0x80000000, 0xFFFFFFFF, 1 << 63]
    numbers += [0x5555555555555555, 0x43E0000000000000, 0x7FFFFFFFFFFFFFFF, 0x100000800, 0xFFFFFFFF00000000]
    numbers += [chance.getrandbits(chance.randrange(1, 65)) << chance.randrange(40) & (1 << 64) - 1 for _ in range(2000)]
    for number in numbers:
        code = Code()
        word = number & (1 << 64) - 1
        Assembler(code).number(7, word - (1 << 64) if word >> 63 else word)
        assert value_of(code) == word, hex(number)
        assert len(code.out) <= 12


def target_of(code: bytes, at: int) -> int:
    """Where control goes from a branch that is taken, or a jump: through islands."""
    while True:
        word = int.from_bytes(code[at : at + 4], "little")
        if word & 0x7F == 0x63:
            distance = (word >> 8 & 15) << 1 | (word >> 25 & 63) << 5 | (word >> 7 & 1) << 11 | (word >> 31) << 12
            at += (distance ^ 0x1000) - 0x1000
        elif word & 0x7F == 0x6F:
            distance = (word >> 21 & 0x3FF) << 1 | (word >> 20 & 1) << 11 | (word >> 12 & 0xFF) << 12 | (word >> 31) << 20
            at += (distance ^ 0x100000) - 0x100000
        elif word & 0x7F == 0x17:
            high = (word & 0xFFFFF000 ^ 1 << 31) - (1 << 31)
            low = int.from_bytes(code[at + 4 : at + 8], "little") >> 20
            at += high + (low ^ 0x800) - 0x800
        else:
            return at


@pytest.mark.parametrize(("count", "gap"), [(4000, 0), (100_000, 0), (2000, 7), (1000, 400)])
@pytest.mark.parametrize("kind", [branches.condition(branches.NE, 5, 6), branches.JUMP, 0])
def test_jumps_that_wait_reach_their_targets(count: int, gap: int, kind: int) -> None:
    """Thousands of jumps, bound long after, over megabytes: each finds its target. Kind 0: branches, jumps and calls."""
    code = Code()
    asm = Assembler(code)
    jumps = asm.branches
    jumps.begin()
    nop = 0x13
    kinds = [branches.condition(branches.LTU, 7, 8), branches.JUMP, branches.CALL]
    waiting: list[tuple[int, int]] = []
    found: list[tuple[int, int]] = []
    chance = random.Random(gap)
    for k in range(count):
        chain = jumps.add(kind or kinds[k % 3], 0)
        waiting.append((code.here() - 4, chain))
        for _ in range(gap):
            asm.word(nop)
        if chance.random() < 0.3:
            at, chain = waiting.pop(chance.randrange(len(waiting)))
            jumps.bind(chain)
            found.append((at, code.here()))
            asm.word(nop)
    for at, chain in waiting:
        jumps.bind(chain)
        found.append((at, code.here()))
        asm.word(0x00000513)
    text = code.out.getvalue()
    for at, target in found:
        word = int.from_bytes(text[at : at + 4], "little")
        assert word & 0x7F in (0x63, 0x6F)
        assert target_of(text, at) == target_of(text, target)  # an island may begin there


def test_link_registers() -> None:
    """A call that goes through an island still says from where."""
    code = Code()
    jumps = Assembler(code).branches
    jumps.begin()
    chain = jumps.add(branches.CALL, 0)
    while code.here() < 1 << 21:
        code.word(0x13)
        jumps.attend(0)
    jumps.bind(chain)
    text = code.out.getvalue()
    assert int.from_bytes(text[:4], "little") >> 7 & 31 == 1
    assert target_of(text, 0) == len(text)


def test_features_are_used() -> None:
    """Zba forms an address in one instruction, and extends."""
    wat = "(module (memory 1) (func (param i32) (result i64) (i64.add (i64.extend_i32_u (local.get 0)) (i64.load (local.get 0)))))"
    without, with_zba = (code_of(wat, "riscv64", features) for features in (frozenset[str](), frozenset(("zba",))))
    words = [int.from_bytes(with_zba[at : at + 4], "little") for at in range(0, len(with_zba), 4)]
    assert sum(word & 0xFE00707F == encodings.ADD_UW for word in words) == 2
    assert len(with_zba) < len(without)
    assert make(frozenset(("zba",))).name == "riscv64"
