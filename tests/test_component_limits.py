"""What guests of a store may take of the host's memory through handles is limited."""

from __future__ import annotations

from typing import Any

import pytest
import wasmtime

import wasm_facade
from wasm_facade import component

# `make(n)` makes n handles and keeps them, `turn(n)` drops each at once; `lend(n)` lends the same one n times in one call.
HANDLES = """(component
  (component $A
    (type $r (resource (rep i32)))
    (export $x "r" (type $r))
    (core func $new (canon resource.new $r))
    (core module $M (import "" "new" (func $new (param i32) (result i32)))
      (memory (export "m") 16)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8))
      (func (export "one") (result i32) (call $new (i32.const 7)))
      (func (export "take") (param i32 i32)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (func (export "one") (result (own $x)) (canon lift (core func $m "one")))
    (func (export "take") (param "l" (list (borrow $x))) (canon lift (core func $m "take") (memory (core memory $m "m")) (realloc (core func $m "realloc")))))
  (instance $a (instantiate $A))
  (alias export $a "r" (type $r))
  (core func $one (canon lower (func $a "one")))
  (core func $drop (canon resource.drop $r))
  (core module $L (memory (export "m") 16))
  (core instance $l (instantiate $L))
  (core func $take (canon lower (func $a "take") (memory (core memory $l "m"))))
  (core module $M (import "" "one" (func $one (result i32))) (import "" "drop" (func $drop (param i32))) (import "" "take" (func $take (param i32 i32)))
    (import "" "m" (memory 16))
    (func (export "make") (param i32)
      (loop $again (drop (call $one)) (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "turn") (param i32)
      (loop $again (call $drop (call $one)) (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "lend") (param i32) (local i32 i32)
      (local.set 1 (call $one))
      (loop $again
        (i32.store (i32.shl (local.get 2) (i32.const 2)) (local.get 1))
        (br_if $again (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (local.get 0))))
      (call $take (i32.const 0) (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance
    (export "one" (func $one)) (export "drop" (func $drop)) (export "take" (func $take)) (export "m" (memory $l "m"))))))
  (func (export "make") (param "n" u32) (canon lift (core func $m "make")))
  (func (export "turn") (param "n" u32) (canon lift (core func $m "turn")))
  (func (export "lend") (param "n" u32) (canon lift (core func $m "lend"))))"""

BINARY = bytes(wasmtime.wat2wasm(HANDLES))
HANDLE = 24  # bytes


@pytest.fixture(scope="module", params=("native", "llvm"))
def made(request: pytest.FixtureRequest) -> Any:
    config = wasm_facade.Config()
    config.strategy = request.param
    engine = wasm_facade.Engine(config)
    return engine, component.Component(engine, BINARY)


def call(made: Any, name: str, n: int, **limits: int) -> None:
    engine, loaded = made
    store = wasm_facade.Store(engine)
    instance = component.Linker(engine).instantiate(store, loaded)
    store.set_limits(**limits)
    function = instance.get_func(store, name)
    assert function is not None
    function(store, n)


# Columns: limits, how many handles they leave.
LIMITS = (
    ({"handles": 10}, 10), ({"handles": 0}, 0), ({"memory_size": 1000 * HANDLE + 23}, 1000), ({"memory_size": 10, "handles": 5}, 5),
    ({"memory_size": 1 << 20, "handles": 50_000}, 50_000),
)  # fmt: skip


@pytest.mark.parametrize(("limits", "count"), LIMITS)
def test_handles_are_limited(made: Any, limits: dict[str, int], count: int) -> None:
    if count:
        call(made, "make", count, **limits)
    with pytest.raises(wasm_facade.Trap, match=f"too many handles in a component instance's table: there may be {count}$"):
        call(made, "make", count + 1, **limits)


def test_places_are_used_again(made: Any) -> None:
    call(made, "turn", 100_000, handles=1)
    call(made, "make", 100_000)


def test_what_a_call_borrows_is_limited(made: Any) -> None:
    call(made, "lend", 100, handles=100)
    with pytest.raises(wasm_facade.Trap, match="too many handles borrowed at once: there may be 100"):
        call(made, "lend", 101, handles=100)
