"""Rules on a polymorphic stack, a row each: what an instruction leaves there is as much as it can know, and no more."""

from __future__ import annotations

import pytest

from wasm_environ import BodyValidator, validate
from wasm_environ.compile_errors import InvalidError
from wasm_environ.features import ALL
from wasm_environ.text import parse_module

AROUND = """(module
    (type $f (func (param i32) (result i64))) (type $s (struct (field (mut i32)))) (type $a (array (mut i64))) (type $fa (array funcref))
    (table $t 1 funcref) (table $x i64 1 externref) (memory 1) (memory $m i64 1) (tag $e (param i32)) (elem $el func) (data $d "")
    (rec (type $p (sub (descriptor $pd) (struct))) (type $pd (sub (describes $p) (struct))))
    (func (export "") (local $r (ref $s)) BODY))"""

# Columns: instructions after `unreachable`, whether they are valid there.
ROWS = (
    # a reference of unknown type is a reference
    ("ref.as_non_null drop", True),
    ("ref.as_non_null f32.neg drop", False),
    ("ref.as_non_null i32.eqz drop", False),
    ("ref.as_non_null ref.as_non_null ref.is_null drop", True),
    ("ref.as_non_null struct.get $s 0 drop", True),
    ("ref.as_non_null call_ref $f drop", True),
    ("ref.as_non_null local.set $r", True),
    ("ref.as_non_null extern.convert_any drop", True),
    ("ref.as_non_null any.convert_extern drop", True),
    ("ref.as_non_null throw_ref", True),
    ("ref.as_non_null i32.const 1 select drop", False),
    ("i32.const 1 ref.as_non_null drop", False),
    ("ref.as_non_null i32.const 1 select (result funcref) drop", True),
    ("ref.as_non_null v128.not drop", False),
    ("br_on_null 0 f32.neg drop", False),
    ("br_on_null 0 drop", True),
    ("br_on_null 0 array.len drop", True),
    ("(block (result i32) unreachable br_on_non_null 0) drop", False),
    ("(block (result i32) unreachable br_on_non_null 0 unreachable) drop", False),
    ("(block (result anyref) unreachable br_on_non_null 0 unreachable) drop", True),
    ("(block (result (ref $s)) unreachable br_on_non_null 0 unreachable) drop", True),
    ("br_on_non_null 0", False),
    ("(block (result i64 (ref $f)) unreachable br_on_non_null 0 f32.neg unreachable) drop drop", False),
    ("(block (result i64 (ref $f)) unreachable br_on_non_null 0 i64.eqz unreachable) drop drop", True),
    # what is left by others is known
    ("ref.is_null f32.neg drop", False),
    ("any.convert_extern i31.get_s drop", False),
    ("any.convert_extern ref.cast i31ref i31.get_s drop", True),
    ("extern.convert_any ref.is_null drop", True),
    ("extern.convert_any array.len drop", False),
    ("extern.convert_any local.set $r", False),
    ("ref.cast (ref $s) local.set $r", True),
    ("ref.cast (ref null $s) local.set $r", False),
    ("ref.test (ref $s) i32.eqz drop", True),
    ("(block (result (ref $s)) unreachable br_on_cast 0 anyref (ref $s) f32.neg) drop", False),
    ("(block (result (ref $s)) unreachable br_on_cast 0 anyref (ref $s) unreachable) drop", True),
    ("(block (result anyref) unreachable br_on_cast_fail 0 anyref (ref $s) local.set $r unreachable) drop", True),
    ("(block (result anyref) unreachable br_on_cast_fail 0 anyref (ref null $s) local.set $r unreachable) drop", False),
    ("call_ref $f f32.neg drop", False),
    ("call_ref $f i64.eqz drop", True),
    ("call_ref $s drop", False),
    ("struct.get $s 0 i64.eqz drop", False),
    ("struct.get $s 0 i32.eqz drop", True),
    ("struct.new $s i32.eqz drop", False),
    ("array.get $a i32.eqz drop", False),
    ("array.len i64.eqz drop", False),
    ("array.new_elem $fa $el array.len drop", True),
    ("array.new_elem $a $el drop", False),
    ("array.new_data $fa $d drop", False),
    ("ref.eq i64.eqz drop", False),
    ("ref.get_desc $p ref.get_desc $p drop", False),
    ("ref.get_desc $p ref.cast (ref $pd) drop", True),
    ("table.get $t i32.eqz drop", False),
    ("table.get $x ref.is_null drop", True),
    ("table.size $x i32.eqz drop", False),
    ("table.grow $x i64.eqz drop", True),
    ("memory.grow $m i32.eqz drop", False),
    # select takes one type of its operands, if one is known
    ("select drop", True),
    ("select i32.eqz f32.neg drop", False),
    ("i32.const 1 i32.const 1 select f32.neg drop", False),
    ("i64.const 1 i32.const 1 select i64.eqz drop", True),
    ("f32.const 1 i64.const 1 i32.const 1 select drop", False),
    ("ref.null func i32.const 1 select drop", False),
    # branches
    ("(block (result i32) (block (result f32) unreachable br_table 0 1) drop i32.const 1) drop", True),
    ("(block (result i32) (block (result f32) unreachable i32.const 1 i32.const 1 br_table 0 1) drop i32.const 1) drop", False),
    ("(block (result i32) (block unreachable br_table 0 1) i32.const 1) drop", False),
    ("(block (result i32) unreachable br_if 0 f32.neg drop i32.const 1) drop", False),
    ("(block (result i32) unreachable br_if 0 i32.eqz) drop", True),
    ("br 9", False),
    ("throw $e f32.neg i32.eqz drop", False),
    ("local.tee $r i32.eqz drop", False),
    ("(try_table (result i32) unreachable) f32.neg drop", False),
    ("unreachable f32.neg i32.eqz", False),
)  # fmt: skip


@pytest.mark.parametrize(("body", "valid"), ROWS, ids=[row[0] for row in ROWS])
def test_after_unreachable(body: str, valid: bool) -> None:
    data = parse_module(AROUND.replace("BODY", f"unreachable {body}"), features=ALL)
    if not valid:
        with pytest.raises(InvalidError):
            validate(data, ALL)
        return
    module = validate(data, ALL)
    dead = BodyValidator(module, ALL).body(0)
    assert len(dead.ops) // 4 == 2  # unreachable and end: nothing of it reaches a backend
