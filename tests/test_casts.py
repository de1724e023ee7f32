"""Casts on both backends: every kind of reference, null too, tested against and cast to every heap type above, below and beside it, as wasmtime does."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
import wasmtime

import wasm_facade as w

STRATEGIES = ("native", "llvm")
TYPES = """
  (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32 i64)))) (type $c (sub final $b (struct (field i32 i64 f32))))
  (type $other (struct (field f64))) (type $arr (sub (array (mut i8)))) (type $arr2 (array i64))
  (type $f (sub (func (result i32)))) (type $g (sub $f (func (result i32)))) (type $h (func (param i64)))
  (func $pf (type $f) (i32.const 1)) (func $pg (type $g) (i32.const 2)) (func $ph (type $h)) (elem declare func $pf $pg $ph)
  (rec (type $d0 (sub (struct (field i32)))) """ + " ".join(f"(type $d{k} (sub $d{k - 1} (struct (field i32))))" for k in range(1, 12)) + ")"
# By hierarchy: the top type, how to make values, the heap types to cast to.
HIERARCHIES = {
    "any": (
        ("(ref.null none)", "(ref.i31 (i32.const 5))", "(struct.new $a (i32.const 1))", "(struct.new $b (i32.const 1) (i64.const 2))",
         "(struct.new $c (i32.const 1) (i64.const 2) (f32.const 3))", "(struct.new $other (f64.const 0))", "(array.new $arr (i32.const 1) (i32.const 3))",
         "(array.new_fixed $arr2 0)", "(struct.new $d7 (i32.const 1))", "(struct.new $d8 (i32.const 1))", "(struct.new $d11 (i32.const 1))",
         "(any.convert_extern (local.get $x))"),
        ("any", "eq", "i31", "struct", "array", "none", "$a", "$b", "$c", "$other", "$arr", "$arr2", "$d0", "$d7", "$d8", "$d10", "$d11"),
    ),
    "func": (("(ref.null nofunc)", "(ref.func $pf)", "(ref.func $pg)", "(ref.func $ph)"), ("func", "nofunc", "$f", "$g", "$h")),
    "extern": (("(ref.null noextern)", "(local.get $x)", "(extern.convert_any (ref.i31 (i32.const 1)))"), ("extern", "noextern")),
}  # fmt: skip
# How the answer is found; {v} the value, {t} the target, {top} the operand's type.
HOWS = (
    ("test", "(ref.test (ref {t}) {v})"),
    ("test null", "(ref.test (ref null {t}) {v})"),
    ("cast", "(ref.is_null (ref.cast (ref {t}) {v}))"),
    ("cast null", "(ref.is_null (ref.cast (ref null {t}) {v}))"),
    ("br_on_cast", "(block $l (result (ref {t})) (br_on_cast $l (ref null {top}) (ref {t}) {v}) (drop) (return (i32.const 7))) (drop) (i32.const 8)"),
    ("br_on_cast null", "(block $l (result (ref null {t})) (br_on_cast $l (ref null {top}) (ref null {t}) {v}) (drop) (return (i32.const 7))) (drop) (i32.const 8)"),
    ("br_on_cast_fail", "(block $l (result (ref null {top})) (br_on_cast_fail $l (ref null {top}) (ref {t}) {v}) (drop) (return (i32.const 7))) (drop) (i32.const 8)"),
    ("br_on_cast_fail null",
     "(block $l (result (ref null {top})) (br_on_cast_fail $l (ref null {top}) (ref null {t}) {v}) (drop) (return (i32.const 7))) (drop) (i32.const 8)"),
)  # fmt: skip


def module_of(hierarchy: str, how: str) -> str:
    """A function for each value and target: `value.target`; the value comes out of a block, so that its type is the top of the hierarchy."""
    values, targets = HIERARCHIES[hierarchy]
    text = dict(HOWS)[how]
    functions = []
    for k, value in enumerate(values):
        hidden = f"(block (result (ref null {hierarchy})) {value})"
        functions += [
            f'(func (export "{k} {t}") (param $x externref) (result i32) {text.format(v=hidden, t=t, top=hierarchy)})' for t in targets
        ]  # fmt: skip
    return f"(module {TYPES} {' '.join(functions)})"


def outcomes(store: Any, exports: Any, trap: type[Exception]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, function in exports.items():
        try:
            found[name] = function(store, "object")
        except trap as error:
            found[name] = str(error).rpartition("wasm trap: ")[2].split("\n")[0]
    return found


@cache
def expected(hierarchy: str, how: str) -> dict[str, Any]:
    config = wasmtime.Config()
    config.wasm_gc = config.wasm_function_references = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    return outcomes(store, wasmtime.Instance(store, wasmtime.Module(engine, module_of(hierarchy, how)), []).exports(store), wasmtime.Trap)


def ours(strategy: str, wat: str, *imports: Any) -> tuple[w.Store, Any]:
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    engine = w.Engine(config)
    store = w.Store(engine)
    return store, w.Instance(store, w.Module(engine, wat), list(imports)).exports(store)


@pytest.mark.parametrize("how", [row[0] for row in HOWS])
@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_as_wasmtime(strategy: str, hierarchy: str, how: str) -> None:
    store, exports = ours(strategy, module_of(hierarchy, how))
    assert outcomes(store, exports, w.Trap) == expected(hierarchy, how)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_i31(strategy: str) -> None:
    wat = """(module (func (export "s") (param i32) (result i32) (i31.get_s (ref.i31 (local.get 0))))
      (func (export "u") (param i32) (result i32) (i31.get_u (ref.i31 (local.get 0))))
      (func (export "null") (result i32) (i31.get_u (ref.null i31))))"""
    store, exports = ours(strategy, wat)
    for n in (0, 1, -1, 2**30 - 1, 2**30, -(2**30), 2**31 - 1, 0x55555555):
        low = n & 0x7FFFFFFF
        assert exports["u"](store, n) == low
        assert exports["s"](store, n) == (low - 2**31 if low >> 30 else low)
    with pytest.raises(w.Trap) as caught:
        exports["null"](store)
    assert caught.value.trap_code == w.TrapCode.NULL_REFERENCE


CALLEES = ("$pf", "$pg", "$ph")


@pytest.mark.parametrize("kind", ["call_indirect", "return_call_indirect"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_call_indirect_takes_subtypes(strategy: str, kind: str) -> None:
    wat = f"""(module {TYPES} (table funcref (elem {' '.join(CALLEES)}))
      (func (export "f") (param i32) (result i32) ({kind} (type $f) (local.get 0)))
      (func (export "g") (param i32) (result i32) ({kind} (type $g) (local.get 0))))"""
    store, exports = ours(strategy, wat)
    found = []
    for name in "fg":
        for index in range(3):
            try:
                found.append(exports[name](store, index))
            except w.Trap as trap:
                found.append(trap.trap_code)
    bad = w.TrapCode.BAD_SIGNATURE
    assert found == [1, 2, bad, bad, 2, bad]


@pytest.mark.parametrize("type", ["(ref any)", "(ref eq)", "(ref i31)", "(ref struct)", "(ref array)", "(ref func)", "(ref extern)", "(ref exn)"])
def test_none_is_no_reference_that_is_not_null(type: str) -> None:
    store, exports = ours("native", f"""(module (func (export "f") (param {type})))""")
    with pytest.raises(TypeError, match=re.escape(f"argument 1: expected {type}, a reference that is not null, got None")):
        exports["f"](store, None)
