"""Custom descriptors on both backends, beside what the proposal says: every kind of value cast by every descriptor, and objects that have one by the
million.
"""

from __future__ import annotations

from typing import Any

import pytest

import wasm_facade as w

HEAP_FIRST = (256 << 20) + 4  # the reference of the first object
STRATEGIES = ("native", "llvm")
TYPES = """
  (rec (type $a (sub (descriptor $da) (struct (field i32)))) (type $da (sub (describes $a) (struct)))
    (type $b (sub $a (descriptor $db) (struct (field i32 i64)))) (type $db (sub $da (describes $b) (struct (field i32)))))
  (rec (type $z (descriptor $dz) (struct)) (type $dz (sub final (describes $z) (descriptor $ddz) (struct))) (type $ddz (describes $dz) (struct)))
  (type $plain (struct (field i32))) (type $array (array i32))
  (global $da (ref (exact $da)) (struct.new $da)) (global $da2 (ref (exact $da)) (struct.new $da))
  (global $db (ref (exact $db)) (struct.new $db (i32.const 1)))
  (global $ddz (ref (exact $ddz)) (struct.new $ddz)) (global $dz (ref (exact $dz)) (struct.new_desc $dz (global.get $ddz)))
"""
# A value as an anyref: name, text, its descriptor or "".
VALUES = (
    ("null", "(ref.null none)", ""),
    ("i31", "(ref.i31 (i32.const 5))", ""),
    ("host", "(any.convert_extern (local.get $x))", ""),
    ("plain", "(struct.new $plain (i32.const 7))", ""),
    ("array", "(array.new $array (i32.const 1) (i32.const 3))", ""),
    ("descriptor", "(global.get $da)", ""),
    ("a", "(struct.new_desc $a (i32.const 1) (global.get $da))", "$da"),
    ("another a", "(struct.new_default_desc $a (global.get $da2))", "$da2"),
    ("b", "(struct.new_desc $b (i32.const 1) (i64.const 2) (global.get $db))", "$db"),
    ("z", "(struct.new_default_desc $z (global.get $dz))", "$dz"),
    ("described descriptor", "(global.get $dz)", "$ddz"),
)  # fmt: skip
# A descriptor: text, its type without null, the types that may be cast to with it.
DESCRIPTORS = (
    ("$da", "(ref (exact $da))", ("$a", "(exact $a)")),
    ("$da2", "(ref (exact $da))", ("$a", "(exact $a)")),
    ("$db", "(ref (exact $db))", ("$a", "$b", "(exact $b)")),
    ("$dz", "(ref (exact $dz))", ("$z",)),
    ("$ddz", "(ref (exact $ddz))", ("$dz",)),
)  # fmt: skip
# How the answer is found: name, text, what a failure gives (success gives 1). {v} the value, {d} the descriptor, {t} the target, {n} null or nothing.
# `carried`: with a number below the reference that the branch carries along, where other values lie below.
HOWS = (
    ("cast", "(drop (ref.cast_desc_eq (ref{n} {t}) {v} {d})) (i32.const 1)", w.TrapCode.DESCRIPTOR_CAST_FAILURE),
    ("branch", "(block $l (result (ref null {t})) (br_on_cast_desc_eq $l anyref (ref{n} {t}) {v} {d}) (drop) (return (i32.const 0))) (drop) (i32.const 1)", 0),
    ("fail", "(block $l (result anyref) (br_on_cast_desc_eq_fail $l anyref (ref{n} {t}) {v} {d}) (drop) (return (i32.const 1))) (drop) (i32.const 0)", 0),
    ("branch, carried", """(block $l (result i32 (ref null {t})) (i32.const 7) (i32.eqz (i32.const 5))
       (br_on_cast_desc_eq $l anyref (ref{n} {t}) {v} {d}) (drop) (drop) (return (i32.sub (i32.const 7)))) (drop) (i32.add (i32.const 1))""", 0),
    ("fail, carried", """(block $l (result i32 anyref) (i32.const 7) (i32.eqz (i32.const 5))
       (br_on_cast_desc_eq_fail $l anyref (ref{n} {t}) {v} {d}) (drop) (return (i32.add (i32.const 1)))) (drop)""", 0),
)  # fmt: skip


def rows() -> dict[str, tuple[str, Any]]:
    """Functions by name: the text, and what comes out."""
    found: dict[str, tuple[str, Any]] = {}
    for how, text, failure in HOWS:
        for null in ("", " null"):
            for value, v, its in VALUES:
                for descriptor, type, targets in DESCRIPTORS:
                    for target in targets:
                        passes = its == descriptor or (value == "null" and null != "")
                        body = text.format(v=f"(block (result anyref) {v})", d=f"(global.get {descriptor})", t=target, n=null)
                        found[f"{how}{null}: {value} to {target} by {descriptor}"] = body, 1 if passes else failure
                    none = f"(block (result (ref null{type[4:]}) (ref.null none))"
                    body = text.format(v=v, d=none, t=targets[0], n=null)
                    found[f"{how}{null}: {value} by null of {descriptor}"] = body, w.TrapCode.NULL_DESCRIPTOR
    return found


def ours(strategy: str, wat: str, stress: bool = False) -> tuple[w.Store, Any]:
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    config.wasm_custom_descriptors = True
    config.gc_stress = stress
    engine = w.Engine(config)
    store = w.Store(engine)
    return store, w.Instance(store, w.Module(engine, wat), []).exports(store)


@pytest.mark.parametrize("how", [row[0] for row in HOWS])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_casts(strategy: str, how: str) -> None:
    mine = {name: row for name, row in rows().items() if name.startswith((f"{how}:", f"{how} null:"))}
    functions = [f'(func (export "{name}") (param $x externref) (result i32) {body})' for name, (body, _) in mine.items()]
    store, exports = ours(strategy, f"(module {TYPES} {' '.join(functions)})")
    found = {}
    for name in mine:
        try:
            found[name] = exports[name](store, "object")
        except w.Trap as trap:
            found[name] = trap.trap_code
    assert found == {name: result for name, (_, result) in mine.items()}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_field_is_no_descriptor(strategy: str) -> None:
    """An object without descriptor that holds, where one would be, what the descriptor's reference is: each of the heap's first references is tried."""
    wat = f"""(module {TYPES} (func (export "f") (param $n i32) (result i32) (local $k i32)
      (loop $again
        (block $l (result (ref $a))
          (br_on_cast_desc_eq $l anyref (ref $a) (struct.new $plain (i32.add (i32.const {HEAP_FIRST}) (local.get $k))) (global.get $da))
          (drop)
          (local.set $k (i32.add (local.get $k) (i32.const 8)))
          (br_if $again (i32.lt_u (local.get $k) (local.get $n)))
          (return (i32.const 0)))
        (drop))
      (i32.const 1)))"""
    store, exports = ours(strategy, wat)
    assert exports["f"](store, 1024) == 0


@pytest.mark.parametrize(("n", "stress"), [(30_000, False), (300, True)])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_many(strategy: str, n: int, stress: bool) -> None:
    """A list of described objects that is longer than what is allocated in one go; fields and descriptors are what they were, in the next call too,
    and what nothing else refers to than the objects that it describes stays as well."""
    wat = """(module
      (rec (type $node (descriptor $desc) (struct (field $n i64) (field $next (ref null $node)))) (type $desc (describes $node) (struct (field i32))))
      (global $list (mut (ref null $node)) (ref.null $node))
      (func (export "make") (param $n i64)
        (loop $again
          (global.set $list (struct.new_desc $node (local.get $n) (global.get $list) (struct.new $desc (i32.wrap_i64 (local.get $n)))))
          (drop (struct.new_default_desc $node (struct.new $desc (i32.const 1000))))
          (br_if $again (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0)))))
      (func (export "sum") (result i64) (local $at (ref null $node)) (local $sum i64)
        (local.set $at (global.get $list))
        (block $end (loop $again
          (br_on_null $end (local.get $at)) (drop)
          (local.set $sum (i64.add (local.get $sum) (i64.mul (struct.get $node $n (local.get $at))
            (i64.extend_i32_u (struct.get $desc 0 (ref.get_desc $node (local.get $at)))))))
          (local.set $at (struct.get $node $next (local.get $at)))
          (br $again)))
        (local.get $sum)))"""
    store, exports = ours(strategy, wat, stress)
    exports["make"](store, n)
    expected = sum(k * k for k in range(1, n + 1))
    assert exports["sum"](store) == expected
    exports["make"](store, n)
    assert exports["sum"](store) == 2 * expected


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_exact_imports(strategy: str) -> None:
    """A function of a subtype is no import of an exact type, also from an artifact, and from a function that was imported itself."""
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    config.wasm_custom_descriptors = True
    engine = w.Engine(config)
    store = w.Store(engine)
    types = "(type $super (sub (func))) (type $sub (sub $super (func)))"
    maker = w.Instance(store, w.Module(engine, f"""(module {types} (func (export "sub") (type $sub)) (func (export "super") (type $super)))"""), [])
    importer = w.Module(engine, f"""(module {types} (import "" "" (func $f (exact (type $super)))) (export "f" (func $f)))""")
    importer = w.Module.deserialize(engine, importer.serialize())
    through = w.Module(engine, f"""(module {types} (import "" "" (func $f (type $super))) (export "f" (func $f)))""")
    exports = maker.exports(store)
    w.Instance(store, importer, [exports["super"]])
    w.Instance(store, importer, [w.Instance(store, through, [exports["super"]]).exports(store)["f"]])
    for function in (exports["sub"], w.Instance(store, through, [exports["sub"]]).exports(store)["f"]):
        with pytest.raises(w.WasmError, match="incompatible import type"):
            w.Instance(store, importer, [function])
