"""Linker and InstancePre: the same rows on wasm_facade and on wasmtime-py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import apis
import wasm_facade

USES = '(module (import "a" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f)))'


class Place:
    """An API with an engine, a store and a linker."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.engine = api.Engine()
        self.store = api.Store(self.engine)
        self.linker = api.Linker(self.engine)
        self.to_i32 = api.FuncType([], [api.ValType.i32()])

    def module(self, wat: str) -> Any:
        return self.api.Module(self.engine, wat)

    def run(self, wat: str, name: str, *args: Any) -> Any:
        return self.linker.instantiate(self.store, self.module(wat)).exports(self.store)[name](self.store, *args)

    def constant(self, value: int) -> Any:
        return self.api.Func(self.store, self.to_i32, lambda: value)


@pytest.fixture(params=apis.ALL)
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


def test_define(place: Place) -> None:
    place.linker.define(place.store, "a", "f", place.constant(4))
    assert place.run(USES, "run") == 4


def test_define_func_serves_many_stores(place: Place) -> None:
    place.linker.define_func("a", "f", place.to_i32, lambda: 6)
    for _ in range(3):
        store = place.api.Store(place.engine)
        assert place.linker.instantiate(store, place.module(USES)).exports(store)["run"](store) == 6


def test_define_func_with_caller(place: Place) -> None:
    place.linker.define_func("a", "f", place.to_i32, lambda caller: caller["memory"].size(caller), access_caller=True)
    wat = '(module (import "a" "f" (func $f (result i32))) (memory (export "memory") 3) (func (export "run") (result i32) (call $f)))'
    assert place.run(wat, "run") == 3


def test_shadowing(place: Place) -> None:
    define: Callable[[], Any]
    place.linker.define_func("a", "f", place.to_i32, lambda: 1)
    for define in (
        lambda: place.linker.define_func("a", "f", place.to_i32, lambda: 2),
        lambda: place.linker.define(place.store, "a", "f", place.constant(2)),
    ):
        with pytest.raises(place.api.WasmtimeError, match="import of `a::f` defined twice"):
            define()
    place.linker.allow_shadowing = True
    place.linker.define_func("a", "f", place.to_i32, lambda: 2)
    assert place.run(USES, "run") == 2
    place.linker.allow_shadowing = False
    with pytest.raises(place.api.WasmtimeError, match="defined twice"):
        place.linker.define_func("a", "f", place.to_i32, lambda: 2)


def test_missing_import(place: Place) -> None:
    instantiate: Callable[[], Any]
    for instantiate in (lambda: place.linker.instantiate(place.store, place.module(USES)), lambda: place.linker.instantiate_pre(place.module(USES))):
        with pytest.raises(place.api.WasmtimeError, match="unknown import: `a::f` has not been defined"):
            instantiate()


@pytest.mark.parametrize(
    "wanted",
    ["(func (param i32))", "(func)", "(global i32)", "(memory 1)", "(table 1 funcref)"],
)
def test_import_of_another_type(place: Place, wanted: str) -> None:
    place.linker.define(place.store, "a", "f", place.constant(4))
    with pytest.raises(place.api.WasmtimeError, match="incompatible import type for `a::f`"):
        place.linker.instantiate(place.store, place.module(f'(module (import "a" "f" {wanted}))'))


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [((1, 2), "1", True), ((1, 2), "1 2", True), ((1, 2), "1 3", True), ((1, 2), "0", True), ((1, 2), "2", False), ((1, 2), "1 1", False),
     ((1, None), "1", True), ((1, None), "1 5", False)],
)  # fmt: skip
def test_limits_of_imports(place: Place, given: tuple[int, int | None], wanted: str, fits: bool) -> None:
    api = place.api
    place.linker.define(place.store, "a", "m", api.Memory(place.store, api.MemoryType(api.Limits(*given))))
    place.linker.define(place.store, "a", "t", api.Table(place.store, api.TableType(api.ValType.funcref(), api.Limits(*given)), None))
    for item in (f'"m" (memory {wanted})', f'"t" (table {wanted} funcref)'):
        module = place.module(f'(module (import "a" {item}))')
        if fits:
            place.linker.instantiate(place.store, module)
        else:
            with pytest.raises(api.WasmtimeError, match="incompatible import type"):
                place.linker.instantiate(place.store, module)


@pytest.mark.parametrize(("mutable", "wanted", "fits"), [(True, "(mut i32)", True), (False, "i32", True), (True, "i32", False), (False, "(mut i32)", False)])
def test_mutability_of_imports(place: Place, mutable: bool, wanted: str, fits: bool) -> None:
    api = place.api
    place.linker.define(place.store, "a", "g", api.Global(place.store, api.GlobalType(api.ValType.i32(), mutable), 1))
    module = place.module(f'(module (import "a" "g" (global {wanted})))')
    if fits:
        place.linker.instantiate(place.store, module)
    else:
        with pytest.raises(api.WasmtimeError, match="incompatible import type"):
            place.linker.instantiate(place.store, module)


def test_define_instance(place: Place) -> None:
    instance = place.linker.instantiate(place.store, place.module('(module (func (export "f") (result i32) (i32.const 8)))'))
    place.linker.define_instance(place.store, "a", instance)
    assert place.run(USES, "run") == 8
    with pytest.raises(place.api.WasmtimeError, match="defined twice"):
        place.linker.define_instance(place.store, "a", instance)
    with pytest.raises(TypeError, match="expected an `Instance`"):
        place.linker.define_instance(place.store, "a", 3)


COUNTER = """(module (global $n (mut i32) (i32.const 0)) {}
  (func (export "f") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"""


@pytest.mark.parametrize(("extra", "second"), [('(func (export "_start"))', 1), ("", 2), ('(func (export "_initialize") (global.set $n (i32.const 10)))', 12)])
def test_define_module(place: Place, extra: str, second: int) -> None:
    """A command is instantiated for every call, a reactor once."""
    place.linker.define_module(place.store, "a", place.module(COUNTER.format(extra)))
    assert place.run(USES, "run") == max(1, second - 1)
    assert place.run(USES, "run") == second


def test_define_module_misuse(place: Place) -> None:
    with pytest.raises(TypeError, match="expected a `Module`"):
        place.linker.define_module(place.store, "a", 3)


def test_get(place: Place) -> None:
    place.linker.define(place.store, "a", "f", place.constant(4))
    place.linker.define_func("a", "g", place.to_i32, lambda: 5)
    assert place.linker.get(place.store, "a", "f")(place.store) == 4
    assert place.linker.get(place.store, "a", "g")(place.store) == 5
    with pytest.raises(place.api.WasmtimeError, match="item not defined in linker"):
        place.linker.get(place.store, "a", "h")


def test_get_default(place: Place) -> None:
    assert place.linker.get_default(place.store, "nobody")(place.store) is None
    place.linker.define(place.store, "a", "_start", place.constant(1))
    assert place.linker.get_default(place.store, "a")(place.store) == 1
    place.linker.define(place.store, "a", "", place.constant(2))
    assert place.linker.get_default(place.store, "a")(place.store) == 2


def test_unknown_imports_as_traps(place: Place) -> None:
    module = place.module(USES)
    place.linker.define_unknown_imports_as_traps(module)
    run = place.linker.instantiate(place.store, module).exports(place.store)["run"]
    with pytest.raises(place.api.WasmtimeError, match="unknown import: `a::f` has not been defined"):
        run(place.store)
    with pytest.raises(TypeError, match="expected a `Module`"):
        place.linker.define_unknown_imports_as_traps(3)


def test_unknown_imports_as_default_values(place: Place) -> None:
    module = place.module(
        """(module (import "a" "f" (func $f (param i32) (result i32 f64 externref))) (import "a" "v" (func)) (import "a" "g" (global $g i64))
           (import "a" "m" (memory 2)) (import "a" "t" (table 3 funcref))
           (func (export "run") (param i32) (result i32 f64 externref) (call $f (local.get 0)))
           (func (export "g") (result i64) (global.get $g)) (func (export "m") (result i32) (memory.size))
           (func (export "t") (result i32) (table.size)))"""
    )
    place.linker.define_unknown_imports_as_default_values(place.store, module)
    exports = place.linker.instantiate(place.store, module).exports(place.store)
    assert exports["run"](place.store, 1) == [0, 0.0, None]
    assert [exports[name](place.store) for name in "gmt"] == [0, 2, 3]


def test_instance_pre(place: Place) -> None:
    place.linker.define_func("a", "f", place.to_i32, lambda: 6)
    module = place.module(USES)
    pre = place.linker.instantiate_pre(module)
    assert len(pre.module.imports) == 1
    for _ in range(3):
        store = place.api.Store(place.engine)
        assert pre.instantiate(store).exports(store)["run"](store) == 6
    with pytest.raises(TypeError, match="expected a `Module`"):
        place.linker.instantiate_pre(3)


def test_start_functions_that_trap(place: Place) -> None:
    with pytest.raises(place.api.Trap):
        place.linker.instantiate(place.store, place.module("(module (func $f unreachable) (start $f))"))


@pytest.mark.parametrize(("module", "name", "item", "error"), [("a", "b", 5, TypeError), ("a", 3, None, Exception), (3, "b", None, Exception)])
def test_define_misuse(place: Place, module: Any, name: Any, item: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        place.linker.define(place.store, module, name, place.constant(1) if item is None else item)


def test_close(place: Place) -> None:
    with place.linker as linker:
        linker.define_func("a", "f", place.to_i32, lambda: 6)
    with pytest.raises(ValueError, match="already closed"):
        linker.define_func("a", "g", place.to_i32, lambda: 6)


# What only ours says

def test_ours_says_what_was_offered() -> None:
    place = Place(wasm_facade)
    with pytest.raises(wasm_facade.LinkError, match="nothing is defined in this linker"):
        place.run(USES, "run")
    with pytest.raises(wasm_facade.LinkError, match=r"`wasi_snapshot_preview1::fd_write` has not been defined \(func\); Linker.define_wasi\(\) defines these"):
        place.run('(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))', "run")
    place.linker.define_func("b", "f", place.to_i32, lambda: 1)
    with pytest.raises(wasm_facade.LinkError, match="defined modules: 'b'"):
        place.run(USES, "run")
    place.linker.define_func("a", "fd_write", place.to_i32, lambda: 1)
    with pytest.raises(wasm_facade.LinkError, match=r"`a::fd_wirte` has not been defined \(func\); 'a' offers fd_write, did you mean 'fd_write'\?"):
        place.run('(module (import "a" "fd_wirte" (func)))', "run")
    with pytest.raises(wasm_facade.LinkError, match=r"also missing: `c::g`, `d::h`"):
        place.run('(module (import "a" "f" (func)) (import "c" "g" (func)) (import "d" "h" (memory 1)))', "run")


def test_ours_says_what_differs() -> None:
    place = Place(wasm_facade)
    place.linker.define(place.store, "a", "f", place.constant(4))
    with pytest.raises(wasm_facade.LinkError) as found:
        place.run('(module (import "a" "f" (func (param i64))))', "run")
    assert "i64" in str(found.value)
    assert "i32" in str(found.value)


def test_ours_refuses_items_of_another_store_when_defined() -> None:
    place = Place(wasm_facade)
    with pytest.raises(wasm_facade.WasmtimeError, match="store"):
        place.linker.define(wasm_facade.Store(place.engine), "a", "f", place.constant(4))


def test_ours_refuses_modules_of_another_engine() -> None:
    place = Place(wasm_facade)
    with pytest.raises(wasm_facade.WasmtimeError, match="another engine"):
        place.linker.instantiate(place.store, wasm_facade.Module(wasm_facade.Engine(), "(module)"))
