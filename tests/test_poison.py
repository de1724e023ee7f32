"""Random abuse of everything in an instance that can change; whatever one did, the next starts as the first did. Every kind of memory, table and
global, with every way of keeping memories between instances, on both backends."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from typing import Any

import pytest

import wasm_facade as wasm

PAGE = 65536
ROUNDS = 40
GUEST = """(module
  (import "host" "fail" (func $fail))
  (memory $m (export "m") {pages} 200) {data}
  (memory $second (export "second") 2 50) (data $d (memory $second) (i32.const 5) "second")
  (memory $wide (export "wide") i64 1 40) (data (memory $wide) (i64.const 7) "sixty-four")
  (memory $shared (export "shared") 2 20 shared) (data (memory $shared) (i32.const 70000) "shared")
  (table $t (export "functions") 10 60 funcref) (elem (table $t) (i32.const 1) func $one $two)
  (table $x (export "objects") 5 60 externref)
  (global (export "i64") (mut i64) (i64.const 11)) (global (export "v128") (mut v128) (v128.const i64x2 1 2))
  (global (export "externref") (mut externref) (ref.null extern)) (global (export "funcref") (mut funcref) (ref.func $one))
  (data $passive "passive") (elem $segment func $one $two)
  (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
  (func (export "drop_data") (memory.init $m $passive (i32.const 0) (i32.const 0) (i32.const 7)) (data.drop $passive))
  (func (export "drop_elements") (table.init $t $segment (i32.const 4) (i32.const 0) (i32.const 2)) (elem.drop $segment))
  (func (export "fill") (param i32 i32) (memory.fill $m (local.get 0) (i32.const 7) (local.get 1)))
  (func (export "fill_wide") (param i64 i64) (memory.fill $wide (local.get 0) (i32.const 7) (local.get 1)))
  (func (export "fill_shared") (param i32 i32) (memory.fill $shared (local.get 0) (i32.const 7) (local.get 1)))
  (func (export "copy") (param i32 i32 i32) (memory.copy $m $m (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy_to_second") (param i32 i32 i32) (memory.copy $second $m (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32) (memory.grow $m (local.get 0)))
  (func (export "grow_others") (drop (memory.grow $second (i32.const 3))) (drop (memory.grow $wide (i64.const 3)))
    (drop (memory.grow $shared (i32.const 3))))
  (func (export "store_atomically") (param i32) (i32.atomic.store $shared (local.get 0) (i32.const -1)))
  (func $f (export "host_fails") (i64.store $m (i32.const 64) (i64.const -1)) (call $fail))
  (func (export "trap") (i64.store $m (i32.const 72) (i64.const -1)) unreachable)
  (func (export "fill_table") (table.fill $t (i32.const 0) (ref.func $two) (i32.const 10)))
  (func (export "call") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0))))"""
MANY = "".join(f'(data (i32.const {i * 60000 + 5}) "segment {i:04}")' for i in range(40))
# Columns: name, pages and data of the first memory.
SHAPES = {
    "copied image": (1, '(data (i32.const 3) "hello")'),
    "mapped image": (5, f'(data (i32.const 70000) "{"image" * 8000}")'),
    "mostly empty": (60, f'(data (i32.const 3) "low") (data (i32.const {PAGE * 20 + 77}) "high")'),
    "many segments": (40, MANY),
}
Pool = wasm.PoolingAllocationConfig
ALLOCATIONS: dict[str, Any] = {
    "on demand": "on_demand", "pool": "pooling", "tight": Pool(total_memories=12, total_core_instances=4, total_tables=8),
    "nothing resident": Pool(linear_memory_keep_resident=0, total_memories=100), "a page resident": Pool(linear_memory_keep_resident=4096),
    "all resident": Pool(linear_memory_keep_resident=1 << 30, max_unused_warm_slots=2), "nothing warm": Pool(max_unused_warm_slots=0),
}  # fmt: skip


class HostFailure(Exception):
    """What the imported function raises."""


def _store_far_apart(r: random.Random, store: Any, x: Any) -> None:
    with memoryview(x["m"]) as view:
        for at in range(0, len(view), r.choice((4096, PAGE, 4095, 100_003))):
            view[at] = 0xEE


def _grow_table(r: random.Random, store: Any, x: Any) -> None:
    x["fill_table"](store)
    x["functions"].grow(store, r.randrange(30), x["host_fails"])


def _set_objects(r: random.Random, store: Any, x: Any) -> None:
    x["objects"].set(store, r.randrange(5), object())
    x["objects"].grow(store, 3, "text")


def _set_globals(r: random.Random, store: Any, x: Any) -> None:
    for name, value in (("i64", -5), ("v128", 2**127), ("externref", {}), ("funcref", None)):
        x[name].set_value(store, value)


def _set_bytes(r: random.Random, store: Any, x: Any) -> None:
    x["second"][r.randrange(2 * PAGE)] = x["wide"][r.randrange(PAGE)] = x["m"][0] = x["m"][len(x["m"]) - 1] = 7


def _drop_segments(r: random.Random, store: Any, x: Any) -> None:
    x["drop_data"](store)
    x["drop_elements"](store)


Abuse = Callable[[random.Random, Any, Any], object]
ABUSES: tuple[Abuse, ...] = (
    lambda r, store, x: x["grow"](store, r.randrange(90)),
    lambda r, store, x: x["fill"](store, r.randrange(len(x["m"])), r.randrange(len(x["m"]) // 2)),
    lambda r, store, x: x["fill"](store, 0, len(x["m"])),
    lambda r, store, x: x["grow_others"](store),
    lambda r, store, x: x["m"].write(store, r.randbytes(r.randrange(1, 9000)), r.randrange(len(x["m"]))),
    lambda r, store, x: x["copy"](store, *(r.randrange(len(x["m"])) for _ in range(3))),
    lambda r, store, x: x["copy_to_second"](store, r.randrange(1000), r.randrange(len(x["m"])), r.randrange(100_000)),
    lambda r, store, x: x["store_atomically"](store, 4 * r.randrange(100_000)),
    lambda r, store, x: x["host_fails"](store),
    lambda r, store, x: x["trap"](store),
    lambda r, store, x: x["functions"].set(store, r.randrange(10), None),
    lambda r, store, x: x["fill_wide"](store, r.randrange(70_000), r.randrange(70_000)),
    lambda r, store, x: x["fill_shared"](store, r.randrange(70_000), r.randrange(70_000)),
    _store_far_apart, _grow_table, _set_objects, _set_globals, _set_bytes, _drop_segments,
)  # fmt: skip


def state(store: Any, x: Any) -> dict[str, Any]:
    """All that a guest or its host can see of an instance. Memories are read without a view, which would lift the protection of their pages."""
    calls = []
    for index in range(12):
        try:
            calls.append(x["call"](store, index))
        except wasm.Trap as trap:
            calls.append(trap.trap_code)
    functions, objects, shared = x["functions"], x["objects"], x["shared"]
    return {
        "memories": [x[name].read(store) for name in ("m", "second", "wide")] + [shared.read()],
        "functions": [functions.get(store, index) is not None for index in range(functions.size(store))],
        "objects": [objects.get(store, index) for index in range(objects.size(store))],
        "globals": [x[name].value(store) for name in ("i64", "v128", "externref")] + [x["funcref"].value(store) is not None],
        "calls": calls,
    }


@pytest.mark.parametrize("strategy", ["native", "llvm"])
@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_each_instance_starts_as_the_first_did(shape: str, allocation: str, strategy: str) -> None:
    config = wasm.Config()
    config.strategy = strategy
    config.allocation_strategy = ALLOCATIONS[allocation]
    engine = wasm.Engine(config)
    pages, data = SHAPES[shape]
    module = wasm.Module(engine, GUEST.format(pages=pages, data=data))
    r = random.Random(shape + allocation)

    def fail() -> None:
        raise HostFailure

    first: dict[str, Any] | None = None
    for _ in range(ROUNDS):
        store = wasm.Store(engine)
        exports = wasm.Instance(store, module, [wasm.Func(store, wasm.FuncType([], []), fail)]).exports(store)
        now = state(store, exports)
        first = first or now
        assert now == first
        for _ in range(r.choice((0, 0, 1, 3, 12))):
            try:
                r.choice(ABUSES)(r, store, exports)
            except (wasm.Trap, HostFailure, IndexError, wasm.WasmtimeError):
                pass
        if r.random() < 0.5:
            store.close()
        elif allocation != "tight" and r.random() < 0.3:
            garbage: list[Any] = [store]
            garbage.append(garbage)  # for the cycle collector
            del garbage
        del store, exports, now
    del module
    gc.collect()
