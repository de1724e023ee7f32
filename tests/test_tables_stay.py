"""A table's elements have one address for as long as it lives: compiled code reads base and element in two steps, and Python can grow it in between."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

import pytest

import wasm_facade as wasm
from patience import SLOWER

STRATEGIES = ("native", "llvm")
ALLOCATIONS = ("on_demand", "pooling")
POINTER_BITS = 64


def engine_of(strategy: str, allocation: str = "on_demand") -> wasm.Engine:
    config = wasm.Config()
    config.strategy, config.allocation_strategy, config.cache = strategy, allocation, False
    return wasm.Engine(config)


def base_of(table: wasm.Table) -> tuple[int, int]:
    """(address of the elements, how many) in VMTableDefinition, which is where the hash is made of."""
    rotated = hash(table) & (1 << POINTER_BITS) - 1
    address = (rotated << 4 | rotated >> POINTER_BITS - 4) & (1 << POINTER_BITS) - 1
    base, length = (ctypes.c_uint64 * 2).from_address(address)
    return base, length


def text_of(low: int, high: int | None) -> str:
    return f"""(module (type $ft (func (result i32))) (table $t (export "t") {low} {"" if high is None else high} funcref)
      (func $one (export "one") (result i32) (i32.const 1)) (func $two (export "two") (result i32) (i32.const 2)) (elem declare func $one)
      (func (export "grow") (param i32) (result i32) (table.grow $t (ref.func $one) (local.get 0)))
      (func (export "size") (result i32) (table.size $t))
      (func (export "get") (param i32) (result funcref) (table.get $t (local.get 0)))
      (func (export "call") (param i32) (result i32) (call_indirect $t (type $ft) (local.get 0))))"""


#         minimum, maximum, what it grows by
LIMITS = [
    (0, None, (0, 1, 2, 500, 3, 8_000, 30_000, 200_000)),
    (5, None, (1, 600, 20_000)),
    (20_000, None, (1, 20_000)),
    (4, 9, (1, 4)),
    (4, 600, (1, 500, 95)),
    (3, 100_000, (1, 10_000, 89_996)),
    (9_000, 9_001, (1,)),
    (40_000, 70_000, (1, 29_999)),
]


@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("low", "high", "steps"), LIMITS, ids=str)
def test_the_base_never_changes(low: int, high: int | None, steps: tuple[int, ...], strategy: str, allocation: str) -> None:
    engine = engine_of(strategy, allocation)
    bound = 20_000 if allocation == "pooling" else 1 << 32
    module = wasm.Module(engine, text_of(low, high))
    for _ in range(2):  # the second time in the first one's room
        store = wasm.Store(engine)
        if low > bound:
            with pytest.raises(wasm.ExhaustedError, match="table_elements"):
                wasm.Instance(store, module, [])
            return
        exports: Any = wasm.Instance(store, module, []).exports(store)
        table = exports["t"]
        base, size = base_of(table)
        assert size == low
        assert all(table.get(store, index) is None for index in range(size)), "what another store left"
        for number, step in enumerate(steps):
            fits = size + step <= min(bound, 1 << 32 if high is None else high)
            if number % 2:
                if fits:
                    assert table.grow(store, step, exports["two"]) == size
                else:
                    with pytest.raises(wasm.WasmtimeError, match="failed to grow"):
                        table.grow(store, step, exports["two"])
            else:
                assert exports["grow"](store, step) == (size if fits else -1)
            for index in {size, size + step // 2, size + step - 1} if fits and step else ():
                assert exports["call"](store, index) == (2 if number % 2 else 1)
            size += step if fits else 0
            assert base_of(table) == (base, size)
            assert exports["size"](store) == table.size(store) == size
        if high is not None:
            assert exports["grow"](store, high - size + 1) == -1
        for index in range(low):
            assert exports["get"](store, index) is None
        store.close()


def test_a_table_ends_where_it_may_grow_no_more() -> None:
    engine = engine_of("native")
    store = wasm.Store(engine)
    table = wasm.Table(store, wasm.TableType(wasm.ValType.externref(), wasm.Limits(1, None)), None)
    base, _ = base_of(table)
    with pytest.raises(wasm.WasmtimeError, match="failed to grow"):
        table.grow(store, 1 << 27, "x")  # one beyond the room that every table has
    assert table.grow(store, (1 << 27) - 1, None) == 1
    last = (1 << 27) - 1
    table.set(store, last, "last")
    assert table.get(store, last) == "last"
    assert base_of(table) == (base, 1 << 27)


def in_a_child(body: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-c", PRELUDE + body, *arguments], capture_output=True, text=True, timeout=300 * SLOWER, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr


PRELUDE = """
import faulthandler, os, resource, signal, sys, wasm_facade as wasm
faulthandler.dump_traceback_later(200 * float(os.environ.get("WASM_TESTS_SLOWER", "1")), exit=True)
config = wasm.Config()
config.strategy, config.allocation_strategy, config.cache = sys.argv[1], sys.argv[2], False
"""

STORM = """
engine = wasm.Engine(config)
body = '(drop (call_indirect $t (type $ft) (i32.and (local.get $i) (i32.const 63))))' * 4
module = wasm.Module(engine, '''(module (table $t (export "t") 64 funcref) (elem (i32.const 0) $a) (func $a (result i32) (i32.const 1)) (type $ft (func (result i32)))
 (func (export "fill") (table.fill $t (i32.const 0) (ref.func $a) (i32.const 64)))
 (func (export "run") (local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) %s (br $l))))''' % body)
class Stop(Exception): pass
grown = 0
for _ in range(8):
    store = wasm.Store(engine)
    exports = wasm.Instance(store, module, []).exports(store)
    exports["fill"](store)
    table, keep, left = exports["t"], [], 12
    def on_alarm(*_):
        global grown, left
        size = table.size(store)
        table.grow(store, size // 2 + 10, None)
        keep.extend(bytearray(b"A" * size * 8) for _ in range(2)) # what was freed, if anything was
        grown, left = grown + 1, left - 1
        if not left:
            raise Stop
        signal.setitimer(signal.ITIMER_REAL, 0.003)
    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.003)
    try:
        exports["run"](store)
    except Stop:
        pass
assert grown == 96
print("done")
"""


@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_signal_handler_that_grows_a_table_while_code_calls_through_it(strategy: str, allocation: str) -> None:
    in_a_child(STORM, strategy, allocation)


WITHOUT_ROOM = """
resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))
config.memory_reservation = 0
engine = wasm.Engine(config)
store = wasm.Store(engine)
ty = wasm.TableType(wasm.ValType.externref(), wasm.Limits(2, None))
tables = [wasm.Table(store, ty, "first") for _ in range(500)] # far more than there is address space for
for table in tables:
    assert table.size(store) == 2 and table.get(store, 1) == "first"
    assert table.grow(store, 1000, "more") == 2
    assert table.get(store, 1001) == "more" and table.get(store, 0) == "first"
refused = 0
for table in tables:
    try:
        table.grow(store, 1 << 26, None)
    except wasm.WasmtimeError:
        refused += 1
assert refused > 400
print("done")
"""


def test_tables_without_address_space_grow_less() -> None:
    in_a_child(WITHOUT_ROOM, "native", "on_demand")


@pytest.mark.parametrize(("index", "most"), [("i32", (1 << 32) - 1), ("i64", 1 << 32)])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_largest_table(strategy: str, index: str, most: int) -> None:
    """A table with 32-bit indexes never has 2^32 elements, of whose number its bounds checks would see half; one with 64-bit indexes may."""
    text = f"""(module (type $ft (func (result i32))) (table $t {index} {{}} funcref) (func $one (result i32) (i32.const 1)) (elem declare func $one)
      (func (export "grow") (param {index}) (result {index}) (table.grow $t (ref.null func) (local.get 0)))
      (func (export "size") (result {index}) (table.size $t))
      (func (export "set") (param {index}) (table.set $t (local.get 0) (ref.func $one)))
      (func (export "call") (param {index}) (result i32) (call_indirect $t (type $ft) (local.get 0))))"""
    engine = engine_of(strategy)
    if index == "i32":
        with pytest.raises(wasm.WasmtimeError, match="table size must be at most 4294967295 elements"):
            wasm.Module(engine, text.format(most + 1))
    store = wasm.Store(engine)
    try:
        exports = wasm.Instance(store, wasm.Module(engine, text.format(most)), []).exports(store)
    except wasm.ExhaustedError as error:
        pytest.skip(f"32 GiB are more than this machine promises: {error}")

    def number(value: int) -> int:
        return value - (1 << 32) if index == "i32" and value >> 31 else value

    assert exports["size"](store) == number(most)
    for at in (0, most - 1):
        exports["set"](store, number(at))
        assert exports["call"](store, number(at)) == 1
    if index == "i64":
        with pytest.raises(wasm.Trap, match="undefined element"):
            exports["call"](store, most)
    assert exports["grow"](store, 1) == -1
