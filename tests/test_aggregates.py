"""Structs and arrays on both backends: every storage type through every instruction, as wasmtime does them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import wasmtime

import wasm_facade as w

STRATEGIES = ("native", "llvm")
# Columns: storage type, type of the value, suffixes of get, a value as an operand, another one.
STORAGES = (
    ("i8", "i32", ("_s", "_u"), "(i32.const -200)", "(local.get $i)"),
    ("i16", "i32", ("_s", "_u"), "(i32.const 70000)", "(local.get $i)"),
    ("i32", "i32", ("",), "(i32.const -5)", "(local.get $i)"),
    ("i64", "i64", ("",), "(i64.const 0x123456789abc)", "(i64.extend_i32_s (local.get $i))"),
    ("f32", "f32", ("",), "(f32.const -0.0)", "(f32.convert_i32_s (local.get $i))"),
    ("f64", "f64", ("",), "(f64.const 1e300)", "(f64.convert_i32_s (local.get $i))"),
    ("v128", "v128", ("",), "(v128.const i64x2 7 0x7fffffffffffffff)", "(i32x4.splat (local.get $i))"),
    ("(ref null $box)", "(ref null $box)", ("",), "(struct.new $box (i32.const 77))", "(struct.new $box (local.get $i))"),
    ("funcref", "funcref", ("",), "(ref.func $seven)", "(ref.null func)"),
)  # fmt: skip
# How a value becomes the i64 that the test sees.
NUMBERS = {
    "i32": "(i64.extend_i32_s {})",
    "i64": "{}",
    "f32": "(i64.extend_i32_s (i32.reinterpret_f32 {}))",
    "f64": "(i64.reinterpret_f64 {})",
    "v128": "(i64x2.extract_lane 1 {})",
    "(ref null $box)": "(i64.extend_i32_s (struct.get $box 0 {}))",
    "funcref": "(i64.extend_i32_s (ref.is_null {}))",
}
HEAD = """(type $box (struct (field (mut i32)))) (elem declare func $seven) (func $seven (result i32) (i32.const 7))
  (type $s (struct (field (mut i8)) (field $f (mut {t})) (field i16) (field (mut {t}))))
  (type $a (array (mut {t}))) (global $s (mut (ref null $s)) (ref.null $s)) (global $a (mut (ref null $a)) (ref.null $a))"""
# Columns: name, its body with $i a parameter; {x} and {y} are the values, {get} reads, {get:a} an array's element, {n} makes an i64 of it.
BODIES = (
    ("struct new", "(global.set $s (struct.new $s (i32.const 1) {x} (i32.const 2) {y}))", "(struct.get{u} $s $f (global.get $s))"),
    ("struct new, last", "(global.set $s (struct.new $s (i32.const 1) {x} (i32.const 2) {y}))", "(struct.get{u} $s 3 (global.get $s))"),
    ("struct set", "(global.set $s (struct.new $s (i32.const 1) {x} (i32.const 2) {x})) (struct.set $s $f (global.get $s) {y})",
     "(struct.get{u} $s $f (global.get $s))"),
    ("array new", "(global.set $a (array.new $a {x} (local.get $i)))", "(array.get{u} $a (global.get $a) (i32.const 4))"),
    ("array new, of a variable", "(global.set $a (array.new $a {y} (local.get $i)))", "(array.get{u} $a (global.get $a) (i32.const 0))"),
    ("array new, long", "(global.set $a (array.new $a {x} (i32.const 3000)))", "(array.get{u} $a (global.get $a) (i32.const 2999))"),
    ("array set", "(global.set $a (array.new $a {x} (i32.const 9))) (array.set $a (global.get $a) (local.get $i) {y})",
     "(array.get{u} $a (global.get $a) (local.get $i))"),
    ("array new_fixed", "(global.set $a (array.new_fixed $a 3 {x} {y} {x}))", "(array.get{u} $a (global.get $a) (local.get $i))"),
    ("array fill", "(global.set $a (array.new $a {x} (i32.const 9))) (array.fill $a (global.get $a) (i32.const 2) {y} (local.get $i))",
     "(array.get{u} $a (global.get $a) (i32.const 3))"),
    ("array copy", """(global.set $a (array.new_fixed $a 4 {x} {y} {x} {y}))
      (array.copy $a $a (global.get $a) (i32.const 1) (global.get $a) (i32.const 0) (local.get $i))""",
     "(array.get{u} $a (global.get $a) (i32.const 2))"),
)  # fmt: skip
INPUTS = (0, 1, 2, 5, 8, 9, -1, 2047)


def module_of(row: tuple[Any, ...]) -> str:
    storage, t, suffixes, x, y = row
    parts = []
    for k, (_, body, read) in enumerate(BODIES):
        for suffix in suffixes:
            value = NUMBERS[t].format(read.format(u=suffix))
            parts.append(f'(func (export "{k}{suffix}") (param $i i32) (result i64) {body.format(x=x, y=y)} {value})')
    return f"(module {HEAD.format(t=storage)} {' '.join(parts)})"


def outcome(call: Any, argument: int, trap: type[Exception]) -> Any:
    try:
        return call(argument)
    except trap as error:
        return str(error).rpartition("wasm trap: ")[2].split("\n")[0]


@cache
def expected(storage: str) -> dict[str, list[Any]]:
    """What wasmtime gives, by export."""
    config = wasmtime.Config()
    config.wasm_gc = config.wasm_function_references = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    row = next(row for row in STORAGES if row[0] == storage)
    exports = wasmtime.Instance(store, wasmtime.Module(engine, module_of(row)), []).exports(store)
    return {name: [outcome(lambda i, f=f: f(store, i), i, wasmtime.Trap) for i in INPUTS] for name, f in exports.items()}


def ours(strategy: str, wat: str) -> tuple[w.Store, Any]:
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    engine = w.Engine(config)
    store = w.Store(engine)
    return store, w.Instance(store, w.Module(engine, wat), []).exports(store)


@pytest.mark.parametrize("storage", [row[0] for row in STORAGES])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_as_wasmtime(strategy: str, storage: str) -> None:
    row = next(row for row in STORAGES if row[0] == storage)
    store, exports = ours(strategy, module_of(row))
    for name, values in expected(storage).items():
        got = [outcome(lambda i, f=exports[name]: f(store, i), i, w.Trap) for i in INPUTS]
        assert got == values, (BODIES[int(name.split("_")[0])][0], name)


# Columns: name, operand, trap.
NULLS = (
    ("struct.get", "(drop (struct.get $s 0 (ref.null $s)))"),
    ("struct.set", "(struct.set $s 0 (ref.null $s) (i32.const 1))"),
    ("array.get", "(drop (array.get $a (ref.null $a) (i32.const 0)))"),
    ("array.set", "(array.set $a (ref.null $a) (i32.const 0) (i32.const 1))"),
    ("array.len", "(drop (array.len (ref.null $a)))"),
    ("array.fill", "(array.fill $a (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("array.copy from", "(array.copy $a $a (array.new $a (i32.const 0) (i32.const 0)) (i32.const 0) (ref.null $a) (i32.const 0) (i32.const 0))"),
    ("array.copy to", "(array.copy $a $a (ref.null $a) (i32.const 0) (array.new $a (i32.const 0) (i32.const 0)) (i32.const 0) (i32.const 0))"),
    ("array.init_data", "(array.init_data $a $d (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "body"), NULLS, ids=[row[0] for row in NULLS])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_null(strategy: str, name: str, body: str) -> None:
    wat = f'(module (type $s (struct (field (mut i32)))) (type $a (array (mut i32))) (data $d "abcd") (func (export "f") {body}))'
    store, exports = ours(strategy, wat)
    with pytest.raises(w.Trap) as caught:
        exports["f"](store)
    assert caught.value.trap_code == w.TrapCode.NULL_REFERENCE


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_many_operands_and_live_values(strategy: str) -> None:
    """Registers full of operands, and of values that wait below them, around every allocation."""
    types = ("i32", "i64", "f32", "f64", "i32", "i64", "f64", "i32", "i64", "i32", "i32", "i64")
    fields = " ".join(f"(field (mut {t}))" for t in types)
    convert = {"i32": "{}", "i64": "(i64.extend_i32_s {})", "f32": "(f32.convert_i32_s {})", "f64": "(f64.convert_i32_s {})"}
    back = {"i32": "{}", "i64": "(i32.wrap_i64 {})", "f32": "(i32.trunc_f32_s {})", "f64": "(i32.trunc_f64_s {})"}
    operand = "(i32.mul (local.get $i) (i32.add (local.get $i) (i32.const {k})))"
    values = " ".join(convert[t].format(operand.format(k=k)) for k, t in enumerate(types))
    waiting = " ".join(operand.format(k=100 + k) for k in range(8))
    reads = " ".join(f"(i32.add {back[t].format(f'(struct.get $s {k} (local.get $x))')})" for k, t in enumerate(types))
    wat = f"""(module (type $s (struct {fields})) (type $a (array (mut i32)))
      (func (export "f") (param $i i32) (result i32) (local $x (ref null $s)) (local $a (ref null $a))
        {waiting}
        (local.set $x (struct.new $s {values}))
        (local.set $a (array.new $a {operand.format(k=50)} (i32.add (local.get $i) (i32.const 1))))
        (i32.add (array.get $a (local.get $a) (local.get $i))) {"(i32.add) " * 7} {reads}))"""
    store, exports = ours(strategy, wat)
    for i in (1, 3, 10):
        numbers = [i * (i + k) for k in (*range(100, 108), 50, *range(12))]
        for _ in range(3000 if i == 3 else 1):
            assert exports["f"](store, i) == sum(numbers)
