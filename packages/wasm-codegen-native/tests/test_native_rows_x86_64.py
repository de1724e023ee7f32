"""x86-64's lowering rows: each is written as its text says, each op has one for whatever its operands are, and a wrong one is named."""

from __future__ import annotations

import importlib
import re

import capstone
import pytest

from wasm_codegen_native import lowering_rows as rows
from wasm_codegen_native import lowering_tables as t
from wasm_codegen_native.code import Code
from wasm_codegen_native.compiler import ISAS
from wasm_codegen_native.isa.x86_64 import instruction_text
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.instructions import Writer
from wasm_codegen_native.isa.x86_64.isa import make_machine
from wasm_codegen_native.isa.x86_64.numeric import FLOAT, INTEGER
from wasm_codegen_native.isa.x86_64.registers import NAMES8, NAMES16, NAMES32, NAMES64, NAMES_XMM
from wasm_codegen_native.isa.x86_64.vector import VECTOR as VECTOR_ROWS
from wasm_codegen_native.kinds import KIND, NUMERIC
from wasm_codegen_native.lowering_rows import Row, build, expand
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS
from wasm_environ.opcodes import BY_MNEMONIC, OPS

NAMES = {8: NAMES8, 16: NAMES16, 32: NAMES32, 64: NAMES64}
# What fills the placeholders: general registers that are not easily confused, vector registers, and a number.
GENERAL = {"d": 3, "a": 6, "b": 9, "c": 11, "s": 10, "t": 12, "u": 14}
VECTOR = {"d": 33, "a": 34, "b": 35, "c": 39, "s": 36, "t": 37, "u": 38}
NUMBER = 5
LANE = 1
PREDICATES = {"0": "eq", "1": "lt", "2": "le", "3": "unord", "4": "neq"}  # of CMPPS: part of the name where a disassembler shows it
WITH_W = {"movq": "movd", "pinsrq": "pinsrd", "movabs": "mov"}


def tables(isa: str) -> t.Tables:
    found = importlib.import_module(f"wasm_codegen_native.isa.{isa}.isa").lowering_rows()
    assert isinstance(found, t.Tables)
    return found


def slots_of(row: Row, mnemonic: str, scratch: int) -> dict[str, int]:
    """A register, or the number, by placeholder; `scratch`: the row's column of that name."""
    op = BY_MNEMONIC[mnemonic]
    found = {}
    for name, shape, letter in zip("abc", row.operands.split(), op.operands or "II", strict=False):
        is_number = shape in instruction_text.SHAPES
        found[name] = NUMBER if is_number else (VECTOR if letter in "fFv" else GENERAL)[name]
        if shape in instruction_text.REGISTERS:
            found[name] = instruction_text.REGISTERS[shape][0]
    if op.results and not row.result.startswith("cc"):
        found["d"] = (VECTOR if op.results in "fFv" else GENERAL)["d"]
    for k, name in enumerate("stu"):
        found[name] = (VECTOR if scratch >> 2 * k & 2 else GENERAL)[name]
    return found


def expected(text: str, mnemonic: str, slots: dict[str, int]) -> str | None:
    """How a disassembler shows an instruction; None where only its name is compared, as the text has another form."""
    name, _, rest = text.partition(" ")
    own = 64 if mnemonic.startswith(("i64", "ref")) else 32
    if "{" in rest or name in ("ZERO", "TRAP", "JMP") or name.startswith("J"):
        return None

    def operand(found: re.Match[str]) -> str:
        slot = slots[found[1]]
        return str(NUMBER) if slot == NUMBER else NAMES_XMM[slot - 32] if slot >= 32 else NAMES[int(found[2] or own)][slot]

    rest = re.sub(r"\b([dabcstu])(8|16|32|64)?\b", operand, rest).replace("lane", str(LANE))
    if name.startswith("CMPP"):
        rest, _, predicate = rest.rpartition(", ")
        name = f"CMP{PREDICATES[predicate]}{name[3:]}"
    if name == "LEA":
        head, _, address = rest.partition(", ")
        address = re.sub(r"e([a-z]+)", r"r\1", re.sub(r"(r[0-9]+)d", r"\1", address))
        rest = f"{head}, {address}"
    rest = re.sub(r"\b0x[0-9A-F]+\b|(?<![\w*])\d+\b", lambda m: hex(int(m[0], 0)) if int(m[0], 0) > 9 else m[0], rest)
    return f"{name.lower()} {rest}"


CASES = [(row, name) for row in (*INTEGER, *FLOAT, *VECTOR_ROWS) for name in expand(row.ops)]


@pytest.mark.parametrize(("row", "mnemonic"), CASES, ids=[f"{name}-{row.operands}{row.needs}" for row, name in CASES])
def test_written_as_the_text_says(row: Row, mnemonic: str) -> None:
    """Every instruction of every row, beside a disassembler: SSE forms with AVX, so that they have three operands as the text has."""
    made = build([Row(mnemonic, *row[1:])], instruction_text.notation())
    code = Code()
    asm = Assembler(code, True)
    machine = make_machine(code, frozenset())
    values = Values(machine, code)
    values.ops = t.vec[t.i64]([0, LANE])
    values.pc = WORDS
    writer = Writer(asm, values, Traps(machine, code), made.instructions, made.data)
    slots = slots_of(row, mnemonic, made.rows[t.SCRATCH])
    filled = t.vec[t.i64]([slots.get(name, 0) for name in t.SLOTS])
    writer.write(0, len(made.instructions) // 6, filled, filled)
    texts = [text.strip() for text in re.split(r"[;\n]", row.code) if text.strip() and not text.strip().endswith(":")]
    found = list(capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64).disasm(code.out.getvalue(), 0))
    assert len(found) == len(texts)
    for instruction, text in zip(found, texts, strict=True):
        name = text.split()[0]
        stem = WITH_W.get(instruction.mnemonic.removeprefix("v"), instruction.mnemonic.removeprefix("v"))
        name = name.removeprefix("V")
        wanted = expected(text, mnemonic, slots)
        if wanted is None or not name.startswith("CMPP"):
            assert stem == {"ZERO": "test", "TRAP": stem if stem[0] == "j" else ""}.get(name, name.lower())
        if wanted is not None and not (name.startswith(("CVTSI", "SQRT", "ROUND", "CVTS", "MOVD")) or instruction.mnemonic == "movabs"):
            assert f"{stem} {instruction.op_str}" == wanted.removeprefix("v")


@pytest.mark.parametrize("isa", list(ISAS))
def test_every_numeric_op_has_a_row_wherever_its_operands_are(isa: str) -> None:
    made = tables(isa)
    for op in OPS:
        if KIND[op.id] != NUMERIC:
            continue
        head = made.heads[op.id]
        assert head >= 0, op.mnemonic
        for places in range(16 if made.places[head] == 2 else 4):
            place = places if made.places[head] == 2 else places << 2
            row = made.places[head + t.HEAD_ROWS + place]
            last = row
            while made.rows[row] != t.END_OF_ROWS:
                last = row
                row += t.STRIDE
            shapes = [made.rows[last + t.SHAPE + k] for k in range(made.places[head])]
            assert all(shape in (t.REGISTER, t.TIED, t.OVERWRITTEN, t.PLACE_OR_CONSTANT) or shape >= t.FIRST_FIXED for shape in shapes) or (
                shapes == [t.PLACE] and place >> 2 != t.CONSTANT
            ) or op.mnemonic == "i32.wrap_i64", op.mnemonic  # whose constants are folded
            assert made.rows[last + t.NEEDS] == 0, op.mnemonic


@pytest.mark.parametrize("isa", list(ISAS))
def test_tables_in_a_file(isa: str) -> None:
    made = tables(isa)
    again = t.unpack(t.pack(made))
    assert [list(part) for part in t.parts(made)] == [list(part) for part in t.parts(again)]
    built = t.built_tables(f"lowerings.{isa}")
    assert built is None or t.pack(built) == t.pack(made)


# Columns: the row, what the message says besides the row.
WRONG = (
    (Row("i32.add", "d x", "ADDD d, b"), "ADDD"),
    (Row("i32.add", "d", "ADD d, b"), "one shape an operand"),
    (Row("i32.add", "d imm99", "ADD d, b"), "imm99"),
    (Row("i32.add", "d x", "ADD d, [b]"), "[b]"),
    (Row("f32.add", "r y", "ADDSS d, a"), "no encoding of ADDSS"),
    (Row("i32.shl", "d rbx", "SHL d, bl"), "no encoding of SHL"),
    (Row("i32.eqz", "r", "ZERO a", "cc Q"), "Q"),
)


@pytest.mark.parametrize(("row", "message"), WRONG)
def test_wrong_rows_are_named(row: Row, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^row {re.escape(row.ops)} .*{re.escape(message)}"):
        build([row], instruction_text.notation())


# Columns: shapes, code, operands that are read after the result is written.
CONFLICTS = (
    ("r r", "LEA d, [a + b]", 0),
    ("d x", "ADD d, b", 0b10),
    ("r r", "MOV d, a; ADD d, b", 0b100010),
    ("r r", "MOV d, b; ADD d, a", 0b010001),
    ("d r", "MOV s, b; ADD d, s", 0b10),
)


@pytest.mark.parametrize(("shapes", "code", "mask"), CONFLICTS)
def test_conflicts(shapes: str, code: str, mask: int) -> None:
    made = build([Row("i32.add", shapes, code)], instruction_text.notation())
    assert made.rows[t.CONFLICTS] == mask


def test_module_is_about_rows() -> None:
    assert rows.expand("i{32,64}.add f32.sub") == ["i32.add", "i64.add", "f32.sub"]
