"""Code of the two backends in one store: they share the calling convention, so either calls the other, directly, through tables, and unwinds through it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wasm_facade
from wasm_codegen_llvm import process
from wasm_environ.compile_errors import CompileError
from wasm_facade import Config, Engine, Instance, Module, Store, Trap, TrapCode, discovery

# Every class of parameter and result; results beyond the first go through memory, parameters beyond the registers over the stack.
CALLEE = """(module
  (type $many (func (param i32 i64 f32 f64 v128 i32 i32 i32 i32 f64) (result f64 i32 v128 i64)))
  (table (export "table") 2 funcref)
  (elem (i32.const 0) $many $trap)
  (memory (export "memory") 1)
  (func $many (export "many") (type $many)
    (f64.add (f64.promote_f32 (local.get 2)) (f64.add (local.get 3) (local.get 9)))
    (i32.sub (i32.add (local.get 0) (local.get 8)) (i32.mul (local.get 5) (i32.add (local.get 6) (local.get 7))))
    (i32x4.add (local.get 4) (i32x4.splat (local.get 0)))
    (i64.mul (local.get 1) (i64.const 3)))
  (func $trap (export "trap") (result i32) (i32.load (i32.const 70000)))
  (func (export "store") (param i32) (i32.store (i32.const 16) (local.get 0))))"""
CALLER = """(module
  (type $many (func (param i32 i64 f32 f64 v128 i32 i32 i32 i32 f64) (result f64 i32 v128 i64)))
  (import "a" "many" (func $many (type $many)))
  (import "a" "trap" (func $trap (result i32)))
  (import "a" "store" (func $store (param i32)))
  (import "a" "table" (table 2 funcref))
  (import "a" "memory" (memory 1))
  (func $args (result i32 i64 f32 f64 v128 i32 i32 i32 i32 f64)
    (i32.const -5) (i64.const 0x123456789a) (f32.const 1.5) (f64.const 2.25) (v128.const i32x4 1 2 3 4) (i32.const 6) (i32.const 7) (i32.const 8)
    (i32.const 900) (f64.const 100))
  (func (export "direct") (result f64 i32 v128 i64) (call $many (call $args)))
  (func (export "through table") (result f64 i32 v128 i64) (call_indirect (type $many) (call $args) (i32.const 0)))
  (func (export "trap") (result i32) (call $trap))
  (func (export "memory") (param i32) (result i32) (call $store (local.get 0)) (i32.load (i32.const 16))))"""
LANES = sum((lane - 5 & 0xFFFFFFFF) << 32 * number for number, lane in enumerate((1, 2, 3, 4)))
EXPECTED = [103.75, 805, LANES, 0x123456789A * 3]


def compiled(strategy: str, wat: str) -> bytearray:
    config = Config()
    config.strategy = strategy
    config.cache = False
    return Module(Engine(config), wat).serialize()


@pytest.mark.parametrize(("caller", "callee"), [("native", "llvm"), ("llvm", "native"), ("llvm", "llvm"), ("native", "native")])
def test_calls_between_backends(caller: str, callee: str) -> None:
    engine = Engine()
    store = Store(engine)
    inner = Instance(store, Module.deserialize(engine, compiled(callee, CALLEE)), []).exports(store)
    imports: list[Any] = [inner[name] for name in ("many", "trap", "store", "table", "memory")]
    outer: Any = Instance(store, Module.deserialize(engine, compiled(caller, CALLER)), imports).exports(store)
    assert outer["direct"](store) == EXPECTED
    assert outer["through table"](store) == EXPECTED
    assert outer["memory"](store, 77) == 77
    with pytest.raises(Trap) as caught:
        outer["trap"](store)
    assert caught.value.trap_code == TrapCode.MEMORY_OUT_OF_BOUNDS
    assert len(caught.value.frames) == 2


def test_recursion_across_backends_ends_in_a_trap() -> None:
    """Each module's function calls the other's through a shared table, to the limit of the stack."""
    wat = """(module (import "" "t" (table 2 funcref)) (type $f (func (param i32) (result i32)))
      (func $f (type $f) (i32.add (call_indirect (type $f) (local.get 0) (i32.const {other})) (i32.const 1)))
      (elem (i32.const {own}) $f) (export "f" (func $f)))"""
    engine = Engine()
    store = Store(engine)
    table = wasm_facade.Table(store, wasm_facade.TableType(wasm_facade.ValType.funcref(), wasm_facade.Limits(2, None)), None)
    exports: list[Any] = []
    for own, strategy in enumerate(("native", "llvm")):
        artifact = compiled(strategy, wat.format(own=own, other=1 - own))
        exports.append(Instance(store, Module.deserialize(engine, artifact), [table]).exports(store))
    for each in exports:
        with pytest.raises(Trap) as caught:
            each["f"](store, 1)
        assert caught.value.trap_code == TrapCode.STACK_OVERFLOW


# What LLVM fails on is compiled by the native backend, and the two kinds of functions call each other directly. Functions: 0 calls 1, 1 calls 2, ...
CHAIN = """(module
  (func $a (export "a") (param i64) (result i64) (i64.extend_i32_u (call $b (i32.wrap_i64 (local.get 0)) (f64.const 2.5) (local.get 0))))
  (func $b (export "b") (param i32 f64 i64) (result i32) (call $c (local.get 2) (local.get 0) (f32.demote_f64 (local.get 1))) drop)
  (func $c (export "c") (param i64 i32 f32) (result i32 f32) (return_call $d (local.get 2) (local.get 0)))
  (func $d (export "d") (param f32 i64) (result i32 f32) (i32.wrap_i64 (call $e (local.get 1))) (f32.mul (local.get 0) (f32.const 2)))
  (func $e (export "e") (param i64) (result i64) (if (i64.eqz (local.get 0)) (then unreachable)) (i64.add (local.get 0) (i64.const 0x7_0000_0000))))"""
FAULTS = ["", "f0", "f1", "f2", "f3", "f4", "f0 f2 f4", "f1 f3", "f0 f1 f2 f3 f4", "trampolines", "f2 trampolines"]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """`faulty("f0:abort!")`: LLVM fails so; see faulty_worker.py."""
    monkeypatch.setattr(process, "MODULE", "faulty_worker")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "packages" / "wasm-codegen-llvm" / "tests"))
    process.end_all()
    yield lambda faults: monkeypatch.setenv("FAULTY", faults)
    process.end_all()


@pytest.mark.parametrize("faults", FAULTS)
def test_functions_that_llvm_fails_on(faulty: Callable[[str], None], faults: str) -> None:
    faulty(" ".join(f"{name}:abort!" for name in faults.split()))
    config = Config()
    config.strategy = "llvm"
    config.cache = False
    engine = Engine(config)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module = Module(engine, CHAIN)
    told = [str(warning.message) for warning in caught]
    assert all(f"{int(name[1:])}" in told[0] for name in faults.split()[:3] if name[0] == "f")
    assert len(told) == ("f" in faults) + ("trampolines" in faults)
    assert all(message.endswith("compiled by the native backend") for message in told)
    store = Store(engine)
    exports: Any = Instance(store, module, []).exports(store)
    assert exports["a"](store, 0x5_FFFF_FFF0) == 0xFFFFFFF0
    assert exports["c"](store, -2, 0, 1.5) == [-2, 3.0]
    with pytest.raises(Trap) as trap:
        exports["a"](store, 0)
    assert [frame.func_name for frame in trap.value.frames] == ["e", "d", "b", "a"]


def test_nobody_stands_in(faulty: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    faulty("f1:abort!")
    monkeypatch.setattr(discovery, "KNOWN_COMPILERS", discovery.KNOWN_COMPILERS[1:])
    config = Config()
    config.strategy = "llvm"
    config.cache = False
    with pytest.raises(CompileError, match=r'llvm backend failed on function 1 "b" \(SIGABRT: .*\), and no other backend for this target is installed'):
        Module(Engine(config), CHAIN)


TAIL_CALLED = """(module (type $t (func (param i64) (result i32))) (table (export "t") 1 funcref) (elem (i32.const 0) $g)
  (func $g (export "g") (type $t) (i32.wrap_i64 (local.get 0))))"""
TAIL_CALLER = """(module (type $t (func (param i64) (result i32))) (import "a" "g" (func $g (type $t))) (import "a" "t" (table 1 funcref)) (memory 1)
  (func $f (type $t) (return_call $g (local.get 0))) (func $h (type $t) (return_call_indirect (type $t) (local.get 0) (i32.const 0)))
  (func (export "direct") (param i64) (result i64) (i64.extend_i32_u (call $f (local.get 0))))
  (func (export "through table") (param i64) (result i64) (i64.extend_i32_u (call $h (local.get 0))))
  (func (export "address") (param i64) (result i32) (i32.store (i32.const 4) (i32.const 9)) (i32.load (call $f (local.get 0)))))"""


@pytest.mark.parametrize(("caller", "callee"), [("native", "llvm"), ("llvm", "native"), ("llvm", "llvm"), ("native", "native")])
def test_a_tail_call_may_leave_anything_in_the_upper_half(caller: str, callee: str) -> None:
    engine = Engine()
    store = Store(engine)
    inner = Instance(store, Module.deserialize(engine, compiled(callee, TAIL_CALLED)), []).exports(store)
    outer: Any = Instance(store, Module.deserialize(engine, compiled(caller, TAIL_CALLER)), [inner["g"], inner["t"]]).exports(store)
    assert outer["direct"](store, 0x7_0000_0001) == 1
    assert outer["through table"](store, 0x7_0000_0001) == 1
    assert outer["address"](store, 0x7_0000_0004) == 9
