"""Every row of the opcode table has all it needs: decoder, rule, text, op stream operands; and nothing else lists opcodes."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from wasm_environ import BodyValidator, decode
from wasm_environ.binary.expressions import IMMEDIATES, KIND_NAMES, KNOWN, MAX_IMMEDIATES
from wasm_environ.binary.writer import section, unsigned
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.features import ALL, DEFAULT, ROWS, Features
from wasm_environ.function.op_tables import ILLEGAL, LANE, LETTERS, OFF, PLAIN, POP1, PREFIX, PUSH, RULE, classes
from wasm_environ.opcodes import BY_ID, BY_MNEMONIC, ID_LIMIT, OPS, PREFIX_BASE, Op
from wasm_environ.operands import ROWS as OPERANDS
from wasm_environ.operands import meaning
from wasm_environ.text import parse_module

CHAPTERS = {"vector_memory": "memory"}


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.mnemonic)
def test_row(op: Op) -> None:
    # decoder
    assert KNOWN[op.id] == 1
    kinds = [KIND_NAMES[IMMEDIATES[op.id * MAX_IMMEDIATES + i]] for i in range(MAX_IMMEDIATES)]
    assert len([kind for kind in kinds if kind]) == len(op.immediates)
    # rule: from the tables, or in the file of its chapter
    assert classes(ALL)[op.id] not in (ILLEGAL, OFF)
    importlib.import_module(f"wasm_environ.function.{CHAPTERS.get(op.chapter, op.chapter)}")
    if op.operands and classes(ALL)[op.id] in (PLAIN, LANE):
        assert POP1[op.id] == LETTERS[op.operands[-1]]
    if op.results and op.operands is not None:
        assert PUSH[op.id] == LETTERS[op.results[0]]
    # feature
    assert op.feature in {row[0] for row in ROWS}
    # op stream
    assert len(meaning(op)) == 3


def test_no_row_too_many() -> None:
    assert set(OPERANDS) <= set(BY_MNEMONIC)
    known = {op.id for op in OPS}
    assert {id for id in range(ID_LIMIT) if KNOWN[id]} == known
    prefixes = set(PREFIX_BASE) - {0}
    assert {id for id in range(ID_LIMIT) if classes(ALL)[id] != ILLEGAL} - prefixes == known


def test_classes_follow_features() -> None:
    off = classes(Features(off=("simd",)))
    assert {id for id in range(ID_LIMIT) if off[id] == OFF and classes(DEFAULT)[id] != OFF} == {op.id for op in OPS if op.feature == "simd"}


# Operands and immediates in the text format for rows whose rule has no fixed signature are the suite's matter; the others are put together here.
ZERO = {"i": "(i32.const 0)", "I": "(i64.const 0)", "f": "(f32.const 0)", "F": "(f64.const 0)", "v": "(v128.const i64x2 0 0)", "a": "(i32.const 0)"}
IMMEDIATE = {"memarg": "", "lane": "0", "memory": "0", "i32": "0", "i64": "0", "f32": "0", "f64": "0", "v128": "i64x2 0 0", "ordering": ""}


@pytest.mark.parametrize("op", [op for op in OPS if op.operands is not None], ids=lambda op: op.mnemonic)
def test_fixed_signatures_through_text_and_validator(op: Op) -> None:
    assert op.operands is not None
    assert op.results is not None
    lanes = "0 " * 16 if "lanes" in op.immediates else ""
    immediates = lanes + " ".join(IMMEDIATE.get(kind, "") for kind in op.immediates)
    call = f"({op.mnemonic} {immediates} {' '.join(ZERO[letter] for letter in op.operands)})"
    text = f"(module (memory 1) (func {call} {'drop ' * len(op.results)}))"
    module = decode(parse_module(text, features=ALL), ALL)
    body = BodyValidator(module, ALL).body(0)
    assert op.id in [word & 0xFFFF for word in body.ops[::4]]
    # One operand less does not validate, nor does one result more.
    if op.operands:
        fewer = f"(module (memory 1) (func ({op.mnemonic} {immediates} {' '.join(ZERO[letter] for letter in op.operands[1:])}) {'drop ' * len(op.results)}))"
        with pytest.raises(InvalidError, match=r"^type mismatch"):
            BodyValidator(decode(parse_module(fewer, features=ALL), ALL), ALL).check(0)
    more = f"(module (memory 1) (func {call} {'drop ' * (len(op.results) + 1)}))"
    with pytest.raises(InvalidError, match=r"^type mismatch"):
        BodyValidator(decode(parse_module(more, features=ALL), ALL), ALL).check(0)


@pytest.mark.parametrize("op", [op for op in OPS if op.feature != "mvp"], ids=lambda op: op.mnemonic)
def test_rows_of_features_that_are_off_name_them(op: Op) -> None:
    shared = {"exceptions", "legacy_exceptions"} if op.mnemonic == "throw" else {op.feature}
    features = Features(on=tuple(ALL.enabled), off=tuple(shared))
    code = (bytes((op.prefix,)) + unsigned(op.code) if op.prefix else bytes((op.code,))) + bytes(24)
    body = b"\0" + code + b"\x0b"
    data = b"\0asm\1\0\0\0" + section(1, b"\1\x60\0\0") + section(3, b"\1\0") + section(10, b"\1" + unsigned(len(body)) + body)
    with pytest.raises(InvalidError, match=f"^{op.feature} support is not enabled: "):
        BodyValidator(decode(data, features), features).check(0)


def test_every_unknown_opcode_is_malformed() -> None:
    known = {(op.prefix, op.code) for op in OPS}
    candidates = [(0, code) for code in range(0xFB)] + [(0, 0xFF)] + [(p, c) for p in (0xFB, 0xFC, 0xFD, 0xFE) for c in (*range(0x220), 0xFFFFFFFF)]
    for prefix, code in candidates:
        if (prefix, code) in known:
            continue
        opcode = bytes((prefix,)) + unsigned(code) if prefix else bytes((code,))
        body = b"\0\0" + opcode + b"\x0b"
        data = b"\0asm\1\0\0\0" + section(1, b"\1\x60\0\0") + section(3, b"\1\0") + section(10, b"\1" + unsigned(len(body)) + body)
        with pytest.raises(MalformedError, match=r"^illegal opcode"):
            BodyValidator(decode(data, ALL), ALL).check(0)


def test_ids_are_as_documented() -> None:
    assert all(BY_ID[op.id] is op and op.id < ID_LIMIT for op in OPS)
    assert {id for id in range(ID_LIMIT) if classes(ALL)[id] == PREFIX} == set(PREFIX_BASE) - {0}


def test_op_ids_by_name_are_fresh() -> None:
    tool = Path(__file__).parents[1] / "tools" / "make_op.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("op", [op for op in OPS if classes(ALL)[op.id] >= RULE], ids=lambda op: op.mnemonic)
def test_every_rule_is_reached(op: Op) -> None:
    """With immediates 0 and nothing known of the stack an instruction is right or wrong; without a rule the validator's assertion fails."""
    code = (bytes((op.prefix,)) + unsigned(op.code) if op.prefix else bytes((op.code,))) + bytes(24)
    body = b"\0\0" + code + b"\x0b"
    data = b"\0asm\1\0\0\0" + section(1, b"\1\x60\0\0") + section(3, b"\1\0") + section(10, b"\1" + unsigned(len(body)) + body)
    try:
        BodyValidator(decode(data, ALL), ALL).check(0)
    except (InvalidError, MalformedError):
        pass
