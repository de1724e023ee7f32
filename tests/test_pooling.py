"""Pooled and unpooled instances: nothing of one is seen by the next, memories start as the module says, and bounds hold."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import wasm_facade as wasm
from patience import SLOWER

PAGE = 65536
SEGMENTS = "".join(f'(data (i32.const {i * 5000 + 3}) "segment {i:04}" )' for i in range(40))
LARGE = "".join(f'(data (i32.const {i * PAGE}) "{chr(65 + i) * PAGE}")' for i in range(4))
# Columns: name, memory with its data, what of it is expected.
SHAPES = {
    "empty": '(memory (export "memory") 1)',
    "small": '(memory (export "memory") 4) (data (i32.const 70000) "hello")',
    "several": f'(memory (export "memory") 8) {SEGMENTS}',
    "overlapping": '(memory (export "memory") 2) (data (i32.const 10) "aaaa") (data (i32.const 12) "bb") (data (i32.const 131072) "")',
    "mapped": f'(memory (export "memory") 6) {LARGE}',
    "by global": '(global $g i32 (i32.const 9)) (memory (export "memory") 2) (data (i32.const 1) "x") (data (global.get $g) "late")',
}
REST = """(table (export "table") 12 funcref) (elem (i32.const 2) func $a $b $a) (global (export "global") (mut i64) (i64.const 5))
  (func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2))
  (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))"""


@pytest.fixture(params=["on_demand", "pooling", "pool of one", "nothing resident"])
def engine(request: pytest.FixtureRequest) -> Iterator[wasm.Engine]:
    config = wasm.Config()
    config.cache = False
    if request.param == "pool of one":
        config.allocation_strategy = wasm.PoolingAllocationConfig(total_memories=1, total_core_instances=1, total_tables=1)
    elif request.param == "nothing resident":
        config.allocation_strategy = wasm.PoolingAllocationConfig(linear_memory_keep_resident=0, max_unused_warm_slots=1)
    else:
        config.allocation_strategy = request.param
    yield wasm.Engine(config)
    gc.collect()


@pytest.mark.parametrize("shape", SHAPES)
def test_poison(engine: wasm.Engine, shape: str) -> None:
    """Each instance starts as the first did, whatever the one before wrote to its memory, table and global."""
    module = wasm.Module(engine, f"(module {SHAPES[shape]} {REST})")
    first = poison(engine, module, 0, None)
    for round in range(1, 6):
        poison(engine, module, round, first)


def poison(engine: wasm.Engine, module: wasm.Module, round: int, first: bytes | None) -> bytes:
    """Check an instance, then spoil all it has. Nothing of it lives on: not its memory's object, which would keep the slot."""
    with wasm.Store(engine) as store:
        exports = wasm.Instance(store, module, []).exports(store)
        memory, table, cell = exports["memory"], exports["table"], exports["global"]
        now = bytes(memory)
        assert first is None or now == first, round
        assert [table.get(store, i) is not None for i in range(12)] == [2 <= i < 5 for i in range(12)]
        assert [exports["call"](store, i) for i in (2, 3, 4)] == [1, 2, 1]
        assert cell.value(store) == 5
        view = memoryview(memory)
        for at in range(0, len(view), (1, 4096, 70001)[round % 3]):
            view[at] = 0xEE
        view.release()
        if round % 2:
            memory.grow(store, 3)
            memory[len(memory) - 1] = 1
        for i in range(12):
            table.set(store, i, None if i % 2 else exports["call"])
        table.grow(store, 5, exports["call"])
        cell.set_value(store, -1)
    return now


def test_modules_take_turns_in_one_slot() -> None:
    config = wasm.Config()
    config.allocation_strategy = wasm.PoolingAllocationConfig(total_memories=1)
    engine = wasm.Engine(config)
    modules = [wasm.Module(engine, f"(module {shape} {REST})") for shape in SHAPES.values()]
    first = [poison(engine, module, 0, None) for module in modules]
    for round in range(1, 4):
        for module, expected in zip(modules, first, strict=True):
            poison(engine, module, round, expected)


def test_a_trapping_start_gives_its_slot_back(engine: wasm.Engine) -> None:
    module = wasm.Module(engine, "(module (memory 1) (table 1 funcref) (func $f unreachable) (start $f))")
    for _ in range(5):
        store = wasm.Store(engine)
        with pytest.raises(wasm.Trap):
            wasm.Instance(store, module, [])
        store.close()


def test_an_out_of_bounds_segment_traps_every_time(engine: wasm.Engine) -> None:
    module = wasm.Module(engine, '(module (memory 1) (data (i32.const 0) "ok") (data (i32.const 65535) "xx"))')
    for _ in range(4):
        with wasm.Store(engine) as store, pytest.raises(wasm.Trap, match="out of bounds memory access"):
            wasm.Instance(store, module, [])


def test_exhausted_names_the_setting() -> None:
    config = wasm.Config()
    config.allocation_strategy = wasm.PoolingAllocationConfig(total_core_instances=2, total_memories=5)
    engine = wasm.Engine(config)
    module = wasm.Module(engine, "(module (memory 1))")
    store = wasm.Store(engine)
    wasm.Instance(store, module, [])
    wasm.Instance(store, module, [])
    with pytest.raises(wasm.ExhaustedError, match="total_core_instances"):
        wasm.Instance(store, module, [])
    metrics = engine.pooling_allocator_metrics()
    assert metrics is not None
    assert (metrics.core_instances, metrics.memories, metrics.free_memories) == (2, 2, 3)
    store.close()
    wasm.Instance(wasm.Store(engine), module, [])


# What a memory is, besides those in slots; each counts.
MEMORIES = ("1", "i64 1", "1 (pagesize 1)", "1 1 shared")


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("total", [0, 2])
@pytest.mark.parametrize("reservation", [0, 1 << 33])
def test_total_memories_bounds_every_kind(memory: str, total: int, reservation: int) -> None:
    config = wasm.Config()
    config.wasm_custom_page_sizes = True
    config.memory_reservation = reservation
    config.allocation_strategy = wasm.PoolingAllocationConfig(total_memories=total)
    engine = wasm.Engine(config)
    module = wasm.Module(engine, f"(module (memory {memory}))")
    store = wasm.Store(engine)
    for _ in range(total):
        wasm.Instance(store, module, [])
    with pytest.raises(wasm.ExhaustedError, match="total_memories"):
        wasm.Instance(store, module, [])
    metrics = engine.pooling_allocator_metrics()
    assert metrics is not None
    assert (metrics.core_instances, metrics.memories, metrics.free_memories) == (total, total, 0)
    store.close()
    metrics = engine.pooling_allocator_metrics()
    assert metrics is not None
    assert (metrics.core_instances, metrics.memories, metrics.free_memories) == (0, 0, total)


def test_shared_memories_of_the_host_are_bounded() -> None:
    config = wasm.Config()
    config.allocation_strategy = wasm.PoolingAllocationConfig(total_memories=2, max_memory_size=1 << 20)
    engine = wasm.Engine(config)
    with pytest.raises(wasm.ExhaustedError, match="max_memory_size"):
        wasm.SharedMemory(engine, wasm.MemoryType(wasm.Limits(100, 400), shared=True))
    held = [wasm.SharedMemory(engine, wasm.MemoryType(wasm.Limits(1, 400), shared=True)) for _ in range(2)]
    with pytest.raises(wasm.ExhaustedError, match="total_memories"):
        wasm.SharedMemory(engine, wasm.MemoryType(wasm.Limits(1, 400), shared=True))
    held.clear()
    wasm.SharedMemory(engine, wasm.MemoryType(wasm.Limits(1, 400), shared=True))


def test_a_failed_instantiation_gives_back_what_it_took() -> None:
    """Its tables and memories count no more, for the pool and for the store's limits, though the store lives on."""
    config = wasm.Config()
    config.allocation_strategy = wasm.PoolingAllocationConfig(total_tables=2, total_memories=4, max_tables_per_module=2)
    engine = wasm.Engine(config)
    store = wasm.Store(engine)
    store.set_limits(memories=2, tables=2)
    large_table = wasm.Module(engine, "(module (memory 1) (table 1 funcref) (table 30000 funcref))")
    many_memories = wasm.Module(engine, "(module (memory 1) (memory 1) (memory 1) (table 1 funcref))")
    for _ in range(3):
        with pytest.raises(wasm.ExhaustedError, match="table_elements"):
            wasm.Instance(store, large_table, [])
        with pytest.raises(wasm.ExhaustedError, match="memory count too high"):
            wasm.Instance(store, many_memories, [])
    metrics = engine.pooling_allocator_metrics()
    assert metrics is not None
    assert (metrics.core_instances, metrics.memories, metrics.tables) == (0, 0, 0)
    wasm.Instance(store, wasm.Module(engine, "(module (memory 1) (memory 1) (table 1 funcref) (table 1 funcref))"), [])


def test_a_dropped_engine_gives_its_address_space_back_at_once() -> None:
    """Without the cycle collector: 8 TiB each, of 128."""
    gc.disable()
    try:
        for _ in range(40):
            config = wasm.Config()
            config.allocation_strategy = "pooling"
            wasm.Instance(wasm.Store(engine := wasm.Engine(config)), wasm.Module(engine, "(module (memory 1))"), [])
    finally:
        gc.enable()


def test_allocation_strategy_is_checked() -> None:
    config = wasm.Config()
    assert config.allocation_strategy == "on_demand"
    with pytest.raises(TypeError, match="allocation_strategy"):
        config.allocation_strategy = "pool"
    assert wasm.Engine().pooling_allocator_metrics() is None


def test_10000_live_instances() -> None:
    config = wasm.Config()
    config.allocation_strategy = wasm.PoolingAllocationConfig(total_memories=10_000, total_core_instances=10_000)
    engine = wasm.Engine(config)
    prepared = wasm.Linker(engine).instantiate_pre(wasm.Module(engine, f'(module {SHAPES["small"]})'))
    live = []
    for number in range(10_000):
        store = wasm.Store(engine)
        memory = prepared.instantiate(store).exports(store)["memory"]
        memory[:4] = number.to_bytes(4, "little")
        live.append((store, memory))
    for number, (_, memory) in enumerate(live):
        assert memory[:4] == number.to_bytes(4, "little")
        assert memory[70000:70005] == b"hello"


CYCLES = """
import resource, wasm_facade as wasm
config = wasm.Config()
config.allocation_strategy = {strategy}
engine = wasm.Engine(config)
text = '(module (memory (export "memory") 2) (data (i32.const 9) "x") (table 4 funcref) (elem (i32.const 0) $f) (func $f (export "run")))'
prepared = wasm.Linker(engine).instantiate_pre(wasm.Module(engine, text))
def cycles(count):
    for _ in range(count):
        store = wasm.Store(engine)
        prepared.instantiate(store).exports(store)["run"](store)
cycles(20_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
cycles({count})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("strategy", ["'on_demand'", "'pooling'"])
def test_cycles_leave_memory_flat(strategy: str) -> None:
    """KiB grown over many cycles (the benchmark does a million)."""
    done = subprocess.run([sys.executable, "-c", CYCLES.format(strategy=strategy, count=100_000)], capture_output=True, text=True, timeout=120 * SLOWER, check=True)
    assert int(done.stdout) < 1024


def test_threads_share_a_pool() -> None:
    config = wasm.Config()
    config.allocation_strategy = wasm.PoolingAllocationConfig(total_memories=8, total_core_instances=8)
    engine = wasm.Engine(config)
    prepared = wasm.Linker(engine).instantiate_pre(wasm.Module(engine, f"(module {SHAPES['mapped']} {REST})"))
    wrong = []

    def work(mark: int) -> None:
        for _ in range(300):
            store = wasm.Store(engine)
            exports = prepared.instantiate(store).exports(store)
            memory = exports["memory"]
            if memory[0] != 65 or memory[PAGE * 5] != 0 or exports["call"](store, 3) != 2:
                wrong.append(mark)
            memory[0] = memory[PAGE * 5] = mark

    threads = [threading.Thread(target=work, args=(n + 1,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


ALIVE = """
import atexit, os, sys, threading, time, wasm_facade as wasm
config = wasm.Config()
config.allocation_strategy = sys.argv[1]
engine = wasm.Engine(config)
text = '(module (import "" "host" (func $host)) (memory (export "memory") 2) (func (export "spin") (loop (br 0))) (func (export "call") (call $host)))'
module = wasm.Module(engine, text)
def make(host=lambda: None):
    store = wasm.Store(engine)
    return store, wasm.Instance(store, module, [wasm.Func(store, wasm.FuncType([], []), host)]).exports(store)
live = [make() for _ in range(20)]
views = [memoryview(exports["memory"]) for _, exports in live[:5]]
"""
# How the process ends with all that alive: what it does, its status.
ENDS = {
    "returns": ("", 0),
    "exits in a host function": ("store, exports = make(lambda: sys.exit(3)); exports['call'](store)", 3),
    "a thread spins in wasm": (
        "store, exports = make(); threading.Thread(target=exports['spin'], args=(store,), daemon=True).start(); time.sleep(0.1)", 0,
    ),
    "at exit": ("atexit.register(lambda: [exports['call'](store) for store, exports in live])", 0),
    "a cycle with a finalizer": (
        "class Last:\n    def __del__(self): live[0][1]['call'](live[0][0])\nlast = Last(); last.cycle = last; live[0][0].last = last", 0,
    ),
    "a child of a fork": ("if not os.fork(): sys.exit(0)\nos.wait()", 0),
}  # fmt: skip


@pytest.mark.parametrize("allocation", ["on_demand", "pooling"])
@pytest.mark.parametrize("end", ENDS)
def test_a_process_ends_with_instances_alive(end: str, allocation: str) -> None:
    body, status = ENDS[end]
    done = subprocess.run([sys.executable, "-c", ALIVE + body, allocation], capture_output=True, text=True, timeout=60 * SLOWER, check=False)
    assert (done.returncode, done.stderr) == (status, "")
