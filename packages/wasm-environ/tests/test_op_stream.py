"""The op stream of small bodies, record by record, as `body.py` promises it."""

from __future__ import annotations

import pytest

from wasm_environ import BodyValidator, decode
from wasm_environ.body import (
    LABEL_BRANCHES,
    LABEL_ELSE,
    LABEL_END,
    LABEL_HEIGHT,
    LABEL_KIND,
    LABEL_PARAM_COUNT,
    LABEL_PARAMS,
    LABEL_PARENT,
    LABEL_RESULT_COUNT,
    LABEL_RESULTS,
    LABEL_START,
    LABEL_WORDS,
    OFFSET_SHIFT,
    OP_MASK,
    WORDS,
    FunctionBody,
)
from wasm_environ.features import ALL
from wasm_environ.opcodes import BY_ID
from wasm_environ.operands import meaning
from wasm_environ.text import parse_module
from wasm_environ.types import EXTERNREF, FUNC, I31, I32, I64, V128, ref, ref_to

# A module of a bit of everything, to put a body into: types 0 to 4, functions 0 and 1, tags, memories, tables.
FRAME = """(module (type $v (func)) (type $ii (func (param i32) (result i32))) (type $two (func (param i32 i32) (result i32 i32)))
  (type $s (struct (field i8) (field (mut i64)))) (type $arr (array (mut i16)))
  (import "" "f" (func $f (type $ii))) (import "" "n" (func $n (type $v)))
  (memory $m 1) (memory $m64 i64 1) (table $t 1 funcref) (table $t64 i64 1 externref)
  (global $g (mut i64) (i64.const 0)) (tag $e (param i32)) (elem $el declare func $f) (data $d "x")
  (func (export "x") {header} {body}))"""


def body_of(body: str, header: str = "(param $p i32) (local $q i64)") -> FunctionBody:
    module = decode(parse_module(FRAME.format(header=header, body=body), features=ALL), ALL)
    return BodyValidator(module, ALL).body(0)


def records(body: FunctionBody) -> list[str]:
    """One line a record: the mnemonic and those operands that mean something."""
    ops = list(body.ops)
    lines = []
    for at in range(0, len(ops), WORDS):
        op = BY_ID[ops[at] & OP_MASK]
        values = [str(value) for value, what in zip(ops[at + 1 : at + WORDS], meaning(op), strict=True) if what]
        assert [value for value, what in zip(ops[at + 1 : at + WORDS], meaning(op), strict=True) if not what and value] == []
        lines.append(" ".join([op.mnemonic, *values]))
    return lines


END = "end 0 1 1"
G = 0  # label of the function
ROWS = [
    ("nop", ["nop", END]),
    ("(drop (local.get 0))", [f"local.get 0 {I32}", f"drop {I32}", END]),
    ("(local.set 1 (i64.const -5))", ["i64.const -5", f"local.set 1 {I64}", END]),
    ("(drop (f32.const -0)) (drop (f64.const -0))", [f"f32.const {1 << 31}", "drop 125", f"f64.const {-(1 << 63)}", "drop 124", END]),
    ("(drop (v128.const i64x2 1 -1))", ["v128.const 1 -1", f"drop {V128}", END]),
    ("(drop (i32.load8_u $m64 offset=0xffffffffffffffff (i64.const 0)))", ["i64.const 0", "i32.load8_u -1 1 0", "drop 127", END]),
    ("(i32.store offset=7 align=2 (i32.const 1) (i32.const 2))", ["i32.const 1", "i32.const 2", "i32.store 7 0 1", END]),
    ("(v128.store8_lane offset=1 3 (i32.const 0) (v128.const i64x2 0 0))", ["i32.const 0", "v128.const 0 0", f"v128.store8_lane 1 0 {3 << 8}", END]),
    ("(drop (i8x16.extract_lane_s 9 (v128.const i64x2 0 0)))", ["v128.const 0 0", "i8x16.extract_lane_s 9", "drop 127", END]),
    ("(drop (i32.add (i32.const 1) (call $f (i32.const 2))))", ["i32.const 1", "i32.const 2", "call 0 1 1", "i32.add", "drop 127", END]),
    ("(drop (call_indirect $t (type $ii) (i32.const 1) (i32.const 0)))", ["i32.const 1", "i32.const 0", "call_indirect 0 1 0", "drop 127", END]),
    ("(drop (call_ref $ii (i32.const 1) (ref.func $f)))", ["i32.const 1", f"ref.func 0 {ref_to(1, False)}", f"call_ref {ref_to(1, False)} 1 0", "drop 127", END]),
    ("(return_call $n)", ["return_call 1 0 0", "end 0 0 0"]),
    ("(global.set $g (global.get $g))", [f"global.get 0 {I64}", f"global.set 0 {I64}", END]),
    ("(drop (select (i64.const 1) (i64.const 2) (local.get 0)))", ["i64.const 1", "i64.const 2", f"local.get 0 {I32}", f"select {I64}", f"drop {I64}", END]),
    ("(drop (ref.is_null (ref.null extern)))", [f"ref.null {EXTERNREF}", f"ref.is_null {EXTERNREF}", "drop 127", END]),
    ("(memory.copy $m $m64 (i32.const 0) (i64.const 0) (i32.const 0))", ["i32.const 0", "i64.const 0", "i32.const 0", "memory.copy 0 1", END]),
    ("(memory.init $m $d (i32.const 0) (i32.const 0) (i32.const 0))", ["i32.const 0", "i32.const 0", "i32.const 0", "memory.init 0 0", END]),
    ("(data.drop $d) (elem.drop $el)", ["data.drop 0", "elem.drop 0", END]),
    ("(drop (table.grow $t64 (ref.null extern) (i64.const 1)))", [f"ref.null {EXTERNREF}", "i64.const 1", "table.grow 1", "drop 126", END]),
    # control
    ("(block)", ["block 1 -1 0", "end 1 1 1", END]),
    ("(i32.const 1) (block (param i32) (drop))", ["i32.const 1", "block 1 5 0", "drop 127", "end 1 1 1", END]),
    ("(loop (br 0))", ["loop 1 -1 0", "br 1 0 0", "end 1 0 0", "end 0 0 0"]),
    ("(block (br 0) (drop (i32.add)) (loop) (unreachable)) (nop)", ["block 1 -1 0", "br 1 0 0", "end 1 0 1", "nop", END]),
    ("(block (unreachable)) (drop (i32.const 1))", ["block 1 -1 0", "unreachable", "end 1 0 0", "end 0 0 0"]),
    ("(if (local.get 0) (then (return)) (else (unreachable))) (nop)", [f"local.get 0 {I32}", "if 1 -1 0", "return 0 0", "else 1 0 0", "unreachable", "end 1 0 0", "end 0 0 0"]),
    ("(if (local.get 0) (then (unreachable)))", [f"local.get 0 {I32}", "if 1 -1 0", "unreachable", "end 1 0 1", END]),
    ("(i64.const 7) (block (result i32) (br_if 0 (i32.const 1) (local.get 0))) (drop) (drop)",
     ["i64.const 7", "block 1 -1 1", "i32.const 1", f"local.get 0 {I32}", "br_if 1 1 1", "end 1 1 1", "drop 127", "drop 126", END]),
    ("(block (block (br_table 0 1 2 (local.get 0))))", ["block 1 -1 0", "block 2 -1 0", f"local.get 0 {I32}", "br_table 2 0 0", "end 2 0 1", "end 1 1 1", END]),
    # exceptions
    ("(throw $e (i32.const 1))", ["i32.const 1", "throw 0 5 0", "end 0 0 0"]),
    ("(block $h (result i32) (try_table (catch $e $h) (call $n)) (i32.const 3)) (drop)",
     ["block 1 -1 0", "try_table 2 -1 0", "call 1 0 0", "end 2 1 1", "i32.const 3", "end 1 1 1", "drop 127", END]),
    # aggregates
    ("(drop (struct.get_s $s 0 (struct.new_default $s)))", ["struct.new_default 3", "struct.get_s 3 4294967296 120", "drop 127", END]),
    ("(array.set $arr (array.new_fixed $arr 1 (i32.const 1)) (i32.const 0) (i32.const 2))",
     ["i32.const 1", "array.new_fixed 4 1 119", "i32.const 0", "i32.const 2", "array.set 4 4294967296 119", END]),
    ("(drop (ref.test i31ref (ref.i31 (i32.const 1))))", ["i32.const 1", "ref.i31", f"ref.test null {ref(I31)} {ref(I31, False)}", "drop 127", END]),
    ("(drop (block (result (ref func)) (br_on_non_null 0 (ref.null func)) (unreachable)))",
     ["block 1 -1 0", f"ref.null {ref(FUNC)}", "br_on_non_null 1 1 0", "unreachable", "end 1 0 1", f"drop {ref(FUNC, False)}", END]),
    # others
    ("(atomic.fence) (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))", ["atomic.fence", "i32.const 0", "i32.const 1", "i32.atomic.rmw.add 0 0 2", "drop 127", END]),
    ("(drop (i64.mul_wide_s (i64.const 1) (i64.const 2))) (drop)", ["i64.const 1", "i64.const 2", "i64.mul_wide_s", "drop 126", "drop 126", END]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_records(body: str, expected: list[str]) -> None:
    assert records(body_of(body)) == expected


def label(body: FunctionBody, index: int) -> list[int]:
    return list(body.labels[index * LABEL_WORDS : (index + 1) * LABEL_WORDS])


def test_labels() -> None:
    body = body_of("(loop (i32.const 1) (if (param i32) (result i64) (local.get 0) (then (br 1 (drop))) (else (drop) (br_if 1 (i32.const 2)) (i64.const 1))) (drop))")
    function, loop, if_ = (label(body, i) for i in range(3))
    assert (function[LABEL_KIND], function[LABEL_START], function[LABEL_PARENT]) == (0, -1, -1)
    assert function[LABEL_END] == len(body.ops) // WORDS - 1
    assert (loop[LABEL_KIND], loop[LABEL_START], loop[LABEL_PARENT], loop[LABEL_BRANCHES]) == (2, 0, 0, 2)
    assert (if_[LABEL_KIND], if_[LABEL_PARENT], if_[LABEL_HEIGHT], if_[LABEL_BRANCHES]) == (3, 1, 0, 0)
    assert list(body.types[if_[LABEL_PARAMS] : if_[LABEL_PARAMS] + if_[LABEL_PARAM_COUNT]]) == [I32]
    assert list(body.types[if_[LABEL_RESULTS] : if_[LABEL_RESULTS] + if_[LABEL_RESULT_COUNT]]) == [I64]
    mnemonics = [BY_ID[body.ops[at] & OP_MASK].mnemonic for at in range(0, len(body.ops), WORDS)]
    assert (mnemonics[if_[LABEL_START]], mnemonics[if_[LABEL_ELSE]], mnemonics[if_[LABEL_END]]) == ("if", "else", "end")


def test_br_table_lists_label_ids() -> None:
    body = body_of("(block (loop (br_table 1 0 2 1 (local.get 0))))")
    assert list(body.extra) == [1, 2, 0, 1]
    assert [label(body, i)[LABEL_BRANCHES] for i in range(3)] == [1, 2, 1]


def test_catch_clauses() -> None:
    body = body_of("(i64.const 1) (block $h (result i32 exnref) (try_table (catch_ref $e $h) (catch_all 1)) (unreachable)) (drop) (drop) (drop)")
    height, count, *clauses = body.extra
    assert (height, count) == (1, 2)
    assert clauses == [1, 0, 1, 2, -1, 0]
    assert label(body, 1)[LABEL_BRANCHES] == 1


def test_legacy_exceptions() -> None:
    body = body_of("(try (do (call $n)) (catch $e (drop) (rethrow 0)) (catch_all)) (try (do (try (do (call $n)) (delegate 0))) (catch_all (unreachable)))")
    assert records(body) == [
        "try 1 -1 0", "call 1 0 0", "catch 1 1 0", "drop 127", "rethrow 1", "catch_all 1 0", "end 1 1 1",
        "try 2 -1 0", "try 3 -1 0", "call 1 0 0", "delegate 3 3 2", "catch_all 2 1", "unreachable", "end 2 0 1", END,
    ]  # fmt: skip


def test_the_body_itself() -> None:
    body = body_of("(drop (call $f (i32.const 1)))", "(param i32) (result i64) (local f32 f32) (i64.const 0)")
    assert (body.index, body.params, list(body.locals), list(body.results)) == (2, 1, [I32, 125, 125], [I64])
    assert (body.max_height, body.is_leaf) == (2, False)
    assert body_of("nop").is_leaf


def test_offsets_are_those_of_the_bytes() -> None:
    source = FRAME.format(header="", body="(drop (i32.const 300)) (block (nop))")
    module = decode(parse_module(source, features=ALL), ALL)
    body = BodyValidator(module, ALL).body(0)
    for at in range(0, len(body.ops), WORDS):
        assert module.data[body.ops[at] >> OFFSET_SHIFT] == body.ops[at] & OP_MASK
    assert body.offset == module.code_starts[0]


def test_a_second_body_starts_afresh() -> None:
    source = "(module (func (loop (br 0))) (func (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))"
    module = decode(parse_module(source))
    validator = BodyValidator(module)
    validator.body(0)
    again = validator.body(1)
    fresh = BodyValidator(module).body(1)
    assert [list(v) for v in (again.ops, again.labels, again.types)] == [list(v) for v in (fresh.ops, fresh.labels, fresh.types)]
