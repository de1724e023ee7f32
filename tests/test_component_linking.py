"""What components import: linkers, versions that serve, modules that do not fit, how long an instance lives."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import wasmtime

import wasm_facade
from bench import component_guests as guests
from component_instances import VALUES, instance_of
from component_instances import engine as engine
from wasm_environ.types import FuncType
from wasm_facade import component as ours
from wasm_facade.component.resolve import Resolver
from wasm_vm import ComponentState


def test_missing_imports_are_named(engine: wasm_facade.Engine) -> None:
    store = wasm_facade.Store(engine)
    component = ours.Component(engine, bytes(wasmtime.wat2wasm(guests.HOST)))
    linker = ours.Linker(engine)
    with pytest.raises(wasm_facade.LinkError, match="imports function `log`, but a matching implementation was not found in the linker"):
        linker.instantiate(store, component)
    linker.define_unknown_imports_as_traps(component)
    run = linker.instantiate(store, component).get_func(store, "run")
    assert run is not None
    with pytest.raises(wasm_facade.Trap, match="unknown import: `log` has not been defined"):
        run(store, 1)


def test_a_linker_is_locked_by_its_instances(engine: wasm_facade.Engine) -> None:
    linker = ours.Linker(engine)
    with linker.root() as root:
        with pytest.raises(wasm_facade.WasmtimeError, match="in use"):
            linker.root()
        with root.add_instance("i") as inner:
            inner.add_func("f", lambda store: None)
            with pytest.raises(wasm_facade.WasmtimeError, match="in use"):
                root.add_func("g", lambda store: None)
        with pytest.raises(wasm_facade.WasmtimeError, match="map entry `i` defined twice"):
            root.add_instance("i")
    linker.root().close()


@pytest.mark.parametrize(("has", "wants", "fits"), [
    ("a:b/c@1.2.0", "a:b/c@1.1.0", True), ("a:b/c@1.1.0", "a:b/c@1.2.0", True), ("a:b/c@2.0.0", "a:b/c@1.0.0", False),
    ("a:b/c@0.2.6", "a:b/c@0.2.0", True), ("a:b/c@0.3.0", "a:b/c@0.2.0", False), ("a:b/c@0.0.1", "a:b/c@0.0.2", False),
    ("a:b/c", "a:b/c@1.0.0", False),
])  # fmt: skip
def test_versions_that_are_compatible_serve(engine: wasm_facade.Engine, has: str, wants: str, fits: bool) -> None:
    text = f"""(component (import "{wants}" (instance $i (export "f" (func (result u32)))))
      (core func $f (canon lower (func $i "f")))
      (core module $M (import "" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
      (func (export "g") (result u32) (canon lift (core func $m "g"))))"""

    def define(root: Any) -> None:
        with root.add_instance(has) as i:
            i.add_func("f", lambda store: 5)

    if not fits:
        with pytest.raises(wasm_facade.LinkError, match=f"imports instance `{wants}`"):
            instance_of(engine, text, define)
        return
    store, instance = instance_of(engine, text, define)
    g = instance.get_func(store, "g")
    assert g is not None
    assert g(store) == 5


def test_an_instance_goes_when_nobody_has_it(engine: wasm_facade.Engine) -> None:
    """Without the cycle collector: each memory reserves address space."""
    component = ours.Component(engine, VALUES)
    linker = ours.Linker(engine)
    gone = []
    gc.disable()
    try:
        for _ in range(3):
            store = wasm_facade.Store(engine)
            instance = linker.instantiate(store, component)
            add = instance.get_func(store, "add")
            assert add is not None
            assert add(store, 1, 1) == 2
            gone.append(weakref.ref(store))
            del store, instance, add
        assert [ref() for ref in gone] == [None] * 3
    finally:
        gc.enable()


def test_the_core_knows_its_resource_types(engine: wasm_facade.Engine) -> None:
    """A built-in of a type that is not set, or that does not exist, is refused before a guest can call it."""
    store = wasm_facade.Store(engine)
    state = ComponentState(store, ours.Component(engine, VALUES)._loaded.program, bytes(4), 1)
    options = (0, None, None, None, 0, 0)
    for code, operand in ((2, 0), (3, 1), (4, 2), (0x0A, 2)):
        with pytest.raises(IndexError, match="no such resource type, or slot of a task's storage"):
            state.built_in(code, operand, -1, options, FuncType((), ()))
    state.resource(0, ours.ResourceType())
    for code in (2, 3, 4):
        state.built_in(code, 0, -1, options, FuncType((0x7F,), ()))


# Columns: what to replace in GIVEN, by what, the words of the error.
GIVEN = """(module (memory (export "m") 1) (func (export "f") (param i32 i32) (result i32) (local.get 1))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8)))"""
TAKES = """(component
  (import "m" (core module $M
    (export "m" (memory 1)) (export "f" (func (param i32 i32) (result i32))) (export "realloc" (func (param i32 i32 i32 i32) (result i32)))))
  (core instance $m (instantiate $M))
  (func (export "f") (param "s" string) (result u32) (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "realloc")))))"""
OTHER_MODULES = (
    ('"f") (param i32 i32)', f'"f") (param {"i64 " * 40})', r"exports a function \[i64 .*\] -> \[i32\] where the component needs \[i32 i32\] -> \[i32\]"),
    ('(memory (export "m") 1)', '(table (export "m") 1 funcref)', "exports a table where the component needs a memory"),
    ('(memory (export "m") 1)', '(memory (export "m") i64 1)', r"exports a function .* where the component needs \[i64 i64 i64 i64\] -> \[i64\]"),
    ("i32 i32 i32 i32", "i32 i32 i32", r"exports a function \[i32 i32 i32\] -> \[i32\] where the component needs"),
    ('"realloc"', '"re"', "has no export `realloc`"),
    ("(module", '(module (import "a" "b" (func))', "imports `a::b`, which the component does not give it"),
)


@pytest.mark.parametrize(("what", "by", "message"), OTHER_MODULES)
def test_the_core_checks_given_modules_where_steps_use_them(
    engine: wasm_facade.Engine, what: str, by: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Behind the linker, which compares whole types: an artifact may say another than it uses."""
    monkeypatch.setattr(Resolver, "check_module", lambda *args: None)

    def give(text: str) -> Any:
        def define(root: Any) -> None:
            root.add_module("m", wasm_facade.Module(engine, text))

        return define

    store, instance = instance_of(engine, TAKES, give(GIVEN))
    function = instance.get_func(store, "f")
    assert function is not None
    assert function(store, "four") == 4
    with pytest.raises(wasm_facade.LinkError, match=message):
        instance_of(engine, TAKES, give(GIVEN.replace(what, by).replace("(local.get 1)", "(i32.const 0)")))


def test_exports_are_made_once(engine: wasm_facade.Engine) -> None:
    store, instance = instance_of(engine, guests.RESOURCE)
    exports = instance.exports(store)
    assert exports["[constructor]r"] is instance.get_func(store, "[constructor]r")
    assert exports["r"] is instance.exports(store)["r"]


def test_a_linker_that_instantiates_again(engine: wasm_facade.Engine) -> None:
    """It remembers what it found, until something is defined or set; and with that the component."""
    components = [ours.Component(engine, bytes(wasmtime.wat2wasm(guests.HOST)))]
    linker = ours.Linker(engine)
    linker.allow_shadowing = True
    said: list[int | None] = []

    def run(number: int | None) -> None:
        def log(store: Any, text: str) -> int:
            said.append(number)
            return 0

        if number is not None:
            with linker.root() as root:
                root.add_func("log", log)
        store = wasm_facade.Store(engine)
        function = linker.instantiate(store, components[0]).get_func(store, "run")
        assert function is not None
        function(store, 1)

    for number in (1, None, 2, None):
        run(number)
    assert said == [1, 1, 2, 2]
    linker.raises = True
    store = wasm_facade.Store(engine)
    function = linker.instantiate(store, components[0]).get_func(store, "run")
    assert function is not None
    assert function.raises
    gone = weakref.ref(components.pop())
    del function, store
    linker.close()
    gc.collect()
    assert gone() is None
