"""Backtraces through calls from component to component name the functions on both sides, as wasmtime-py's do."""

from __future__ import annotations

import re

import pytest
import wasmtime
import wasmtime.component

import wasm_facade
import wasm_facade.component

# A string's call goes through C, a number's through an adapter in wasm. Holes: type of the parameter, its core type, where it is in memory.
NESTED = """(component
  (component $Callee
    (core module $M (func $boom (export "boom") (param {core}) unreachable) (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" {type}) (canon lift (core func $m "boom") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))
  (component $Caller
    (import "f" (func $f (param "x" {type})))
    (core module $Memory (memory (export "memory") 1))
    (core instance $memory (instantiate $Memory))
    (core func $f (canon lower (func $f) (memory (core memory $memory "memory"))))
    (core module $M (import "" "f" (func $f (param {core}))) (func $run (export "run") (call $inner)) (func $inner (call $f {given})))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
    (func (export "run") (canon lift (core func $m "run"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
  (export "run" (func $caller "run")))"""
KINDS = (("string", "i32 i32", "(i32.const 0) (i32.const 3)"), ("u32", "i32", "(i32.const 7)"))


@pytest.mark.parametrize(("type", "core", "given"), KINDS)
@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_names_on_both_sides(type: str, core: str, given: str, strategy: str) -> None:
    text = NESTED.format(type=type, core=core, given=given)
    config = wasm_facade.Config()
    config.strategy = strategy
    config.cache = False
    engine = wasm_facade.Engine(config)
    store = wasm_facade.Store(engine)
    run = wasm_facade.component.Linker(engine).instantiate(store, wasm_facade.component.Component(engine, text)).get_func(store, "run")
    assert run is not None
    with pytest.raises(wasm_facade.Trap) as ours:
        run(store)
    assert named(str(ours.value)) == theirs(text) == ["boom", "inner", "run"]


def named(message: str) -> list[str]:
    """The functions of a backtrace that the text names."""
    return [name for name in re.findall(r"!(\S+)", message) if name in ("boom", "inner", "run")]


def theirs(text: str) -> list[str]:
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    component = wasmtime.component.Component(engine, text)
    run = wasmtime.component.Linker(engine).instantiate(store, component).get_func(store, "run")
    assert run is not None
    with pytest.raises(wasmtime.WasmtimeError) as error:
        run(store)
    return named(str(error.value))
