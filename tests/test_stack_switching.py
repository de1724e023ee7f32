"""Stack switching where it meets the runtime: instructions refused by name on every backend, null references to continuations like any others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wasm_facade as w

STRATEGIES = ("native", "llvm")
TYPES = """(type $f (func (param i32) (result i64))) (type $k (cont $f)) (rec (type $sf (func (param (ref null $s)) (result i64))) (type $s (cont $sf)))
  (tag $e (param i32)) (tag $o (result i64))"""
INSTRUCTIONS = (
    ("cont.new", "(cont.new $k (ref.null $f)) drop (i64.const 0)"),
    ("cont.bind", "(cont.bind $k $k (ref.null $k)) drop (i64.const 0)"),
    ("suspend", "(suspend $o)"),
    ("resume", "(resume $k (on $o switch) (i32.const 1) (ref.null $k))"),
    ("resume_throw", "(resume_throw $k $e (i32.const 1) (ref.null $k))"),
    ("resume_throw_ref", "(resume_throw_ref $k (ref.null exn) (ref.null $k))"),
    ("switch", "(switch $s $o (ref.null $s)) drop (i64.const 0)"),
)


def engine_of(strategy: str, on: bool = True) -> w.Engine:
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    config.wasm_stack_switching = on
    return w.Engine(config)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("mnemonic", "body"), INSTRUCTIONS, ids=[row[0] for row in INSTRUCTIONS])
def test_instructions_are_valid_and_refused_by_name(strategy: str, mnemonic: str, body: str) -> None:
    text = f"(module {TYPES} (func (result i64) {body}))"
    engine = engine_of(strategy)
    w.Module.validate(engine, w.wat2wasm(text))
    with pytest.raises(w.UnsupportedError, match=rf"^the {strategy} backend does not support {mnemonic} yet \(feature:? stack_switching\)"):
        w.Module(engine, text)
    off = engine_of(strategy, on=False)
    with pytest.raises(w.InvalidError, match="stack_switching support is not enabled: a continuation type"):
        w.Module(off, text)


CONT = "a contref (None: continuations cannot be made yet)"
# Fields of a module, and what is done with its exports: the outcome, or the message of the TypeError.
ROWS: tuple[tuple[str, Callable[[Any, w.Store], Any], Any], ...] = (
    ('(func (export "f") (param (ref null $k)) (result i32) (ref.is_null (local.get 0)))', lambda e, s: e["f"](s, None), 1),
    ('(func (export "f") (param nullcontref) (result (ref null $k)) (local.get 0))', lambda e, s: e["f"](s, None), None),
    ('(func (export "f") (param (ref null $k)) (local.get 0) drop)', lambda e, s: e["f"](s, 5), f"argument 1: expected {CONT}, got int: 5"),
    ('(func (export "f") (param contref))', lambda e, s: e["f"](s, w.I31Ref(5)), f"argument 1: expected {CONT}, got"),
    ('(func (export "f") (param contref))', lambda e, s: e["f"](s, e["f"]), f"argument 1: expected {CONT}, got"),
    ('(func (export "f") (type $f) (i64.const 1)) (func (export "g") (param (ref null $k)))', lambda e, s: e["g"](s, e["f"]), f"argument 1: expected {CONT}, got"),
    ('(func (export "f") (param (ref $k)))', lambda e, s: e["f"](s, None), "argument 1: expected (ref $k), a reference that is not null, got None"),
    ('(global (export "g") (mut (ref null $k)) (ref.null $k))', lambda e, s: [e["g"].set_value(s, None), e["g"].value(s)], [None, None]),
    ('(global (export "g") (mut contref) (ref.null nocont))', lambda e, s: e["g"].set_value(s, 1), f"expected {CONT}, got int: 1"),
    ('(table (export "t") 3 (ref null $k))', lambda e, s: [e["t"].get(s, 2), e["t"].grow(s, 2, None), e["t"].size(s)], [None, 3, 5]),
    ("""(type $p (struct (field (mut i32)) (field (ref null $k)) (field i32)))
        (func (export "f") (result (ref $p)) (struct.new $p (i32.const -1) (ref.null $k) (i32.const -1)))""",
     lambda e, s: list(e["f"](s)), [-1, None, -1]),
    ("""(type $a (array (mut contref))) (func (export "f") (result i32) (local $a (ref null $a)) (local.set $a (array.new_default $a (i32.const 9)))
        (array.set $a (local.get $a) (i32.const 8) (ref.null nocont)) (ref.is_null (array.get $a (local.get $a) (i32.const 8))))""",
     lambda e, s: e["f"](s), 1),
    ('(tag (export "t") (param i32 (ref null $k)) (result i64 contref))', lambda e, s: repr(e["t"].type(s)), "TagType(FuncType([i32, (ref null $k)], [i64, contref]))"),
    ('(func (export "f") (param (ref null $k) contref nullcontref))', lambda e, s: [t.heap_type for t in e["f"].type(s).params], ["cont", "cont", "nocont"]),
    ('(tag $x (param (ref null $k))) (func (export "f") (result i32) (block $h (result (ref null $k)) (try_table (catch $x $h) (throw $x (ref.null $k))) unreachable) ref.is_null)',
     lambda e, s: e["f"](s), 1),
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("fields", "use", "expected"), ROWS, ids=[row[0][:60] for row in ROWS])
def test_null_continuations(strategy: str, fields: str, use: Callable[[Any, w.Store], Any], expected: Any) -> None:
    engine = engine_of(strategy)
    module = w.Module(engine, f"(module {TYPES} {fields})")
    for loaded in (module, w.Module.deserialize(engine, module.serialize())):
        store = w.Store(engine)
        exports = w.Instance(store, loaded, []).exports(store)
        if isinstance(expected, str) and "expected" in expected:
            with pytest.raises(TypeError) as caught:
                use(exports, store)
            assert str(caught.value).startswith(expected)
        else:
            assert use(exports, store) == expected


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_types_agree_over_modules(strategy: str) -> None:
    """Continuation types are equal by structure, and only to such: what one module exports another one imports."""
    engine = engine_of(strategy)
    store = w.Store(engine)
    a = w.Instance(store, w.Module(engine, f'(module {TYPES} (global (export "g") (ref null $k) (ref.null $k)))'), [])
    exported = a.exports(store)["g"]
    same = '(module (type (struct)) (type $f (func (param i32) (result i64))) (type $k (cont $f)) (import "" "g" (global (ref null $k))))'
    above = '(module (import "" "g" (global contref)))'
    for text in (same, above):
        w.Instance(store, w.Module(engine, text), [exported])
    for other in ("(ref null $other)", "(ref null $g)", "nullcontref", "anyref"):
        text = f'(module (type $g (func (param i32) (result i32))) (type $other (cont $g)) (import "" "g" (global {other})))'
        with pytest.raises(w.LinkError):
            w.Instance(store, w.Module(engine, text), [exported])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_tag_with_results_is_no_exceptions(strategy: str) -> None:
    engine = engine_of(strategy)
    store = w.Store(engine)
    tag = w.Instance(store, w.Module(engine, '(module (tag (export "t") (param i32) (result i64)))'), []).exports(store)["t"]
    with pytest.raises(w.WasmError, match=r"^the tag is not one of exceptions"):
        w.ExnRef(store, tag, [1])
    again = w.Module(engine, '(module (import "" "t" (tag (param i32) (result i64))) (export "t" (tag 0)))')
    assert w.Instance(store, again, [tag]).exports(store)["t"].eq(store, tag)
    for other in ("(param i32)", "(param i32) (result i32)"):
        with pytest.raises(w.LinkError):
            w.Instance(store, w.Module(engine, f'(module (import "" "t" (tag {other})))'), [tag])
