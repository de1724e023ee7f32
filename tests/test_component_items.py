"""Modules, instances and versions as items of components: imported, exported, handed on; and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest
import wasmtime
import wasmtime.component as theirs

import wasm_facade
from wasm_facade import component as ours

EXPORTS = """(component
  (core module $M (memory (export "mem") 1 2) (func (export "f") (result i32) (i32.const 7)))
  (core instance $m (instantiate $M))
  (func $f (result u32) (canon lift (core func $m "f")))
  (instance $i (export "f" (func $f)) (export "inner" (core module $M)))
  (export "a:b/c@1.2.0" (instance $i))
  (export "a:b/c@1.1.7" (instance $i))
  (export "mod" (core module $M))
  (export "f" (func $f)))"""
WANTS = """(component
  (import "m" (core module $M {imports} (export "f" {export})))
  (core module $P (global (export "g") i32 (i32.const 3)))
  (core instance $p (instantiate $P))
  (core instance $m (instantiate $M (with "a" (instance $p))))
  (export "again" (core module $M)))"""
FUNC = "(func (param i32) (result i32))"


@pytest.fixture(scope="module", params=["native", "llvm"])
def engine(request: pytest.FixtureRequest) -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.strategy = request.param
    return wasm_facade.Engine(config)


def linked(api: Any, engine: Any, text: str, module: str) -> Any:
    """The linker's instance of the component with this core module, and the module."""
    linker = api.Linker(engine)
    made = (wasm_facade.Module if api is ours else wasmtime.Module)(engine, module)
    with linker.root() as root:
        root.add_module("m", made)
    store = (wasm_facade.Store if api is ours else wasmtime.Store)(engine)
    return store, linker.instantiate(store, api.Component(engine, text)), made


# Columns: imports and the export of the type that the component wants, the module given, what is wrong with it.
MODULES = (
    ("", FUNC, '(module (func (export "f") (param i32) (result i32) (local.get 0)))', ""),
    ("", FUNC, '(module (func (export "f") (param i32) (result i32) (local.get 0)) (func (export "g")))', ""),
    ("", FUNC, '(module (func (export "g")))', "module export `f` not defined"),
    ("", FUNC, '(module (func (export "f")))', "module export `f` has the wrong type: expected: (func (param i32) (result i32)), found: (func)"),
    ("", FUNC, '(module (memory (export "f") 1))', "module export `f` has the wrong type: expected func, found memory"),
    ("", "(memory 2)", '(module (memory (export "f") 1))', "module export `f` has the wrong type: mismatch in memory limits"),
    ("", "(memory 1 4)", '(module (memory (export "f") 1 3))', ""),
    ("", "(global (mut i32))", '(module (global (export "f") i32 (i32.const 1)))', "module export `f` has the wrong type: global types differ in mutability"),
    ("", "(table 1 funcref)", '(module (table (export "f") 1 externref))', "module export `f` has the wrong type: expected table element type funcref"),
    ("", FUNC, '(module (import "a" "g" (global i32)) (func (export "f") (param i32) (result i32) (local.get 0)))', "module import `a::g` not defined"),
    ('(import "a" "g" (global i32))', FUNC, '(module (import "a" "g" (global i32)) (func (export "f") (param i32) (result i32) (global.get 0)))', ""),
    ('(import "a" "g" (global i32))', FUNC, '(module (import "a" "g" (global i64)) (func (export "f") (param i32) (result i32) (local.get 0)))',
     "module import `a::g` has the wrong type: expected global type i64, found i32"),
    ('(import "a" "g" (global i32))', FUNC, '(module (func (export "f") (param i32) (result i32) (local.get 0)))', ""),
)  # fmt: skip


@pytest.mark.parametrize(("imports", "export", "module", "message"), MODULES)
def test_imported_modules_are_of_the_type_that_is_wanted(engine: wasm_facade.Engine, imports: str, export: str, module: str, message: str) -> None:
    text = WANTS.format(imports=imports, export=export)
    theirs_fits = True
    try:
        linked(theirs, wasmtime.Engine(), text, module)
    except wasmtime.WasmtimeError:
        theirs_fits = False
    assert theirs_fits == (message == "")
    if message:
        with pytest.raises(wasm_facade.LinkError) as caught:
            linked(ours, engine, text, module)
        assert str(caught.value).startswith(f"import `m`: {message}")
        return
    store, instance, made = linked(ours, engine, text, module)
    assert instance.exports(store)["again"] is made


def test_types_that_refer_to_types_are_refused_by_name(engine: wasm_facade.Engine) -> None:
    text = '(component (import "m" (core module (type $s (struct)) (export "f" (func (param (ref $s)))))))'
    config = wasm_facade.Config()
    config.wasm_gc = True
    with pytest.raises(wasm_facade.UnsupportedError, match="imported core modules whose types refer to declared types are not supported: import 'm'"):
        ours.Component(wasm_facade.Engine(config), text)


def test_exported_modules_are_modules(engine: wasm_facade.Engine) -> None:
    store = wasm_facade.Store(engine)
    component = ours.Component(engine, EXPORTS)
    exports = ours.Linker(engine).instantiate(store, component).exports(store)
    module = exports["mod"]
    assert isinstance(module, wasm_facade.Module)
    assert exports["a:b/c@1.2.0"]["inner"] is module, "one module, by two names"
    for each in (module, wasm_facade.Module.deserialize(engine, module.serialize())):
        found: Any = wasm_facade.Instance(store, each, []).exports(store)
        assert found["f"](store) == 7
    linker = ours.Linker(engine)
    with linker.root() as root:
        root.add_module("m", module)
    text = WANTS.format(imports="", export="(func (result i32))")
    assert linker.instantiate(store, ours.Component(engine, text)).exports(store)["again"] is module


def test_types_of_modules_say_what_they_import_and_export(engine: wasm_facade.Engine) -> None:
    type = ours.Component(engine, EXPORTS).type.exports()["mod"].ty
    assert isinstance(type, ours.ModuleType)
    assert repr(type.exports()) == "[ExportType('mem', MemoryType(Limits(1, 2))), ExportType('f', FuncType([], [i32]))]"
    wanted = ours.Component(engine, WANTS.format(imports='(import "a" "g" (global i32))', export="(table 1 funcref)")).type.imports()["m"].ty
    assert isinstance(wanted, ours.ModuleType)
    assert repr(wanted.imports()) == "[ImportType('a', 'g', GlobalType(i32, immutable))]"
    assert repr(wanted.exports()) == "[ExportType('f', TableType(funcref, Limits(1, None)))]"
    assert repr(wanted) == "<ModuleType, imports 1, exports f>"


# Columns: the name asked for, the name that is found.
VERSIONS = (
    ("a:b/c@1.0.0", "a:b/c@1.2.0"), ("a:b/c@1.9.0", "a:b/c@1.2.0"), ("a:b/c@1.1.7", "a:b/c@1.1.7"), ("a:b/c@2.0.0", None), ("a:b/c", None), ("f", "f"), ("g", None),
)  # fmt: skip


@pytest.mark.parametrize(("asked", "found"), VERSIONS)
def test_exports_are_found_by_compatible_versions(engine: wasm_facade.Engine, asked: str, found: str | None) -> None:
    component = ours.Component(engine, EXPORTS)
    other = theirs.Component(wasmtime.Engine(), EXPORTS)
    index = component.get_export_index(asked)
    assert (index is None) == (other.get_export_index(asked) is None)
    assert repr(index) == (f"<ExportIndex {found}>" if found else "None")
    if found and "/" in found:
        store = wasm_facade.Store(engine)
        instance = ours.Linker(engine).instantiate(store, component)
        inner = instance.get_export_index(store, "f", instance.get_export_index(store, asked))
        assert inner is not None
        func: Any = instance.get_func(store, inner)
        assert func(store) == 7
