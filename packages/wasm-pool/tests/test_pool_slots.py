"""The pool's slots under memories that the host makes: bounds, wiping, views, metrics. (Instances: tests/test_pooling.py.)"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import Any

import pytest

from wasm_environ.errors import ExhaustedError
from wasm_environ.registry import TypeRegistry
from wasm_environ.types import FUNCREF, Limits, MemoryType, TableType
from wasm_pool import PoolingAllocationConfig, PoolMetrics
from wasm_vm import EngineCore, Memory, Pool, Store, Table

PAGE = 65536


class Engine:
    """What Store() wants of a facade's engine."""

    def __init__(self, **settings: int) -> None:
        self.pool: Pool = PoolingAllocationConfig(**settings).make_pool()
        self._vm = EngineCore(TypeRegistry(), None, pool=self.pool)

    def memory(self, pages: int = 1, most: int | None = None) -> tuple[Store, Memory]:
        store = Store(self)
        return store, Memory(store, MemoryType(Limits(pages, most)))

    def metrics(self) -> PoolMetrics:
        return PoolMetrics(self.pool)


@pytest.mark.parametrize("pages", [1, 3, 40])
@pytest.mark.parametrize("keep", [0, 4096, 65536, 1 << 24])
@pytest.mark.parametrize("dirty", [(0,), (5000, 70000), (65535,), tuple(range(0, 2_621_440, 4096))])
def test_nothing_is_seen_by_the_next(pages: int, keep: int, dirty: tuple[int, ...]) -> None:
    engine = Engine(total_memories=1, linear_memory_keep_resident=keep)
    for value in (1, 2):
        store, memory = engine.memory(pages)
        assert bytes(memory) == bytes(pages * PAGE)
        for at in dirty:
            if at < len(memory):
                memory[at] = value
        del store, memory
    assert engine.metrics().memories == 0


def test_growth_is_forgotten() -> None:
    engine = Engine(total_memories=1)
    for _ in range(3):
        store, memory = engine.memory(1)
        assert memory.grow(store, 100) == 1
        memory[100 * PAGE] = 255
        assert bytes(memory[PAGE : 100 * PAGE]) == bytes(99 * PAGE)
        del store, memory


def test_a_view_keeps_its_slot() -> None:
    engine = Engine(total_memories=1)
    store, memory = engine.memory()
    view = memoryview(memory)
    view[3] = 7
    store.close()
    del memory
    gc.collect()
    with pytest.raises(ExhaustedError, match="total_memories"):
        engine.memory()
    assert view[3] == 7
    view.release()
    assert engine.memory()[1][3] == 0


def test_bounds_name_their_setting() -> None:
    engine = Engine(total_memories=2, max_memory_size=4 * PAGE, total_tables=1, table_elements=10)
    store, memory = engine.memory(1, 100)
    assert (memory.grow(store, 3), memory.size(store)) == (1, 4)
    with pytest.raises(Exception, match="grow"):
        memory.grow(store, 1)
    with pytest.raises(ExhaustedError, match="max_memory_size"):
        engine.memory(5)
    table_type = TableType(FUNCREF, Limits(10, None))
    table = Table(store, table_type, None)
    with pytest.raises(Exception, match="grow"):
        table.grow(store, 1, None)
    with pytest.raises(ExhaustedError, match="total_tables"):
        Table(store, table_type, None)
    other = Engine(table_elements=9)
    with pytest.raises(ExhaustedError, match="table_elements"):
        Table(Store(other), table_type, None)


def test_metrics_and_clear() -> None:
    engine = Engine(total_memories=10, max_unused_warm_slots=3)
    live = [engine.memory() for _ in range(6)]
    now = engine.metrics()
    assert (now.memories, now.free_memories, now.unused_warm_memories) == (6, 4, 0)
    live.clear()
    now = engine.metrics()
    assert (now.memories, now.free_memories, now.unused_warm_memories) == (0, 10, 3)
    engine.pool.clear()
    assert engine.metrics().unused_warm_memories == 0
    store, memory = engine.memory(2)
    assert bytes(memory) == bytes(2 * PAGE)
    assert "memories=1" in repr(engine.metrics())
    del store


def test_a_memory_outlives_engine_and_pool() -> None:
    engine = Engine(total_memories=1)
    view = memoryview(engine.memory()[1])
    del engine
    gc.collect()
    view[0] = 9
    assert view[0] == 9


def test_a_pool_beyond_the_address_space() -> None:
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 36, 1 << 36))
from wasm_pool import PoolingAllocationConfig
from wasm_environ.errors import ExhaustedError
try: PoolingAllocationConfig(total_memories=1000).make_pool()
except ExhaustedError as error: print(error)
PoolingAllocationConfig(total_memories=2).make_pool()
print("smaller works")
"""
    out = run(code)
    assert "total_memories" in out
    assert "smaller works" in out


def test_pools_that_only_a_cycle_keeps_make_room() -> None:
    code = """
import gc, resource
gc.disable()
resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))
from wasm_pool import PoolingAllocationConfig
for _ in range(10):
    cycle = [PoolingAllocationConfig(total_memories=40).make_pool()]
    cycle.append(cycle)
print("made")
"""
    assert "made" in run(code)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_slots_are_wiped_in_a_forked_child_too() -> None:
    code = """
import os, sys
sys.path.insert(0, {here!r})
from test_pool_slots import Engine, PAGE
engine = Engine(total_memories=1)
engine.memory(4)
child = os.fork()
for round in range(3):
    store, memory = engine.memory(4)
    assert bytes(memory) == bytes(4 * PAGE), (child, round)
    memory[:] = bytes([7]) * 4 * PAGE
    del store, memory
if child == 0: os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("ok")
"""
    assert "ok" in run(code.format(here=os.path.dirname(__file__)))


def run(code: str, **options: Any) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=1200, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout
