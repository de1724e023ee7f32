"""What no guest catches, and what else happens while exceptions fly: traps, Python's exceptions, time that ends, signals, threads, greenlets, closed stores."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

import wasm_facade as wasm
from patience import SLOWER
from throwing import CATCHERS, RUN, SPIN, World, engine_of, passed, thrown, world_of
from wasm_facade import Instance, Module, Store, Trap, TrapCode, WasmException


@pytest.fixture(params=RUN)
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Own(BaseException):
    pass


ERRORS = (Own("x"), KeyboardInterrupt(), SystemExit(2), wasm.ExitTrap(3), ValueError("x"), Trap("x"), StopIteration(), GeneratorExit(), MemoryError())


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", CATCHERS)
def test_python_exceptions_are_not_caught(strategy: str, error: BaseException, name: str) -> None:
    def host(n: int) -> int:
        raise error

    world = World(strategy, host)
    with pytest.raises(type(error)) as caught:
        world.call(name, 1)
    assert caught.value is error


# Columns: the body of a function that traps inside a try, its trap.
TRAPS = (
    ("unreachable", TrapCode.UNREACHABLE), ("(drop (i32.load (i32.const 70000)))", TrapCode.MEMORY_OUT_OF_BOUNDS),
    ("(drop (i32.div_u (i32.const 1) (local.get 0)))", TrapCode.INTEGER_DIVISION_BY_ZERO), ("(call $deep (local.get 0))", TrapCode.STACK_OVERFLOW),
    ("(call_indirect (i32.const 0))", TrapCode.INDIRECT_CALL_TO_NULL), ("(throw_ref (ref.null exn))", TrapCode.NULL_REFERENCE),
    ("(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))", TrapCode.MEMORY_OUT_OF_BOUNDS),
    ("(loop $l (br_if $l (i32.const 1)))", TrapCode.INTERRUPT),
)  # fmt: skip
TRAPPING = """(module (memory 1) (table 1 funcref)
  (func $deep (param i32) (call $deep (local.get 0)) (call $deep (local.get 0)))
  (func $inner (param i32) {body})
  (func (export "f") (param i32) (result i32) (block $h (try_table (catch_all $h) (call $inner (local.get 0))) (return (i32.const 1))) (i32.const 2))
  (func (export "g") (param i32) (result i32) (block $h (try_table (catch_all $h) {body}) (return (i32.const 1))) (i32.const 2)))"""


@pytest.mark.parametrize(("body", "code"), TRAPS)
def test_traps_are_not_caught(strategy: str, body: str, code: TrapCode) -> None:
    store = Store(engine_of(strategy))
    exports: Any = Instance(store, Module(store.engine, TRAPPING.format(body=body)), []).exports(store)
    for name in "fg":
        with pytest.raises(Trap) as caught:
            exports[name](store, 0, timeout=0.2 if code is TrapCode.INTERRUPT else 60 * SLOWER)
        assert caught.value.trap_code is code
        assert not isinstance(caught.value, WasmException)


def test_fuel_that_ends_inside_a_try(strategy: str) -> None:
    store = Store(engine_of(strategy, consume_fuel=True))
    exports: Any = Instance(store, Module(store.engine, TRAPPING.format(body="(loop $l (br $l))")), []).exports(store)
    store.set_fuel(10000)
    with pytest.raises(Trap, match="fuel"):
        exports["f"](store, 0)
    used = []
    exports = Instance(store, Module(store.engine, SPIN), []).exports(store)
    for count in (1, 2, 3):
        store.set_fuel(10000)
        assert exports["count"](store, count) == count
        used.append(10000 - store.get_fuel())
    assert used[0] < used[1]
    assert used[2] - used[1] == used[1] - used[0]
    with pytest.raises(Trap, match="fuel"):
        exports["spin"](store)


DEEP = """(module (tag $e (param i32))
  (func $down (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 42))))
    (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (local.get 0)))
  (func (export "down") (param i32) (result i32) (block $h (result i32) (try_table (result i32) (catch $e $h) (call $down (local.get 0))) return))
  (func $tries (export "tries") (param i32) (result i32)
    (block $h (result i32) (try_table (result i32) (catch $e $h)
      (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 0)))) (call $tries (i32.sub (local.get 0) (i32.const 1)))) return)
    (i32.add (i32.const 1)) (throw $e))
  (func $overflow (export "overflow") (result i32)
    (block $h (try_table (result i32) (catch_all $h) (throw $e (i32.const 1))) return) (call $overflow) (i32.add (i32.const 1))))"""


def test_deep(strategy: str) -> None:
    """Many frames; a handler in each of them; and a stack that ends inside a handler."""
    store = Store(engine_of(strategy, max_wasm_stack=1 << 20))
    exports: Any = Instance(store, Module(store.engine, DEEP), []).exports(store)
    for depth in (0, 1, 5000, 5000):
        assert exports["down"](store, depth) == 42
    with pytest.raises(WasmException) as caught:
        exports["tries"](store, 3000)
    assert caught.value.values == (3001,)
    for _ in range(3):
        with pytest.raises(Trap) as trap:
            exports["overflow"](store)
        assert trap.value.trap_code is TrapCode.STACK_OVERFLOW
        with pytest.raises(Trap) as trap:
            exports["down"](store, 10**6)
        assert trap.value.trap_code is TrapCode.STACK_OVERFLOW


def test_between_wasm_and_python_deep(strategy: str) -> None:
    """Every second frame is Python's: the exception goes through all of them."""
    seen = []

    def host(world: World, n: int) -> int:
        try:
            return int(world.call("throw", n) or 0) if n == 0 else int(world.call("rethrow", n - 1))
        except WasmException as error:
            seen.append(error)
            raise

    world = world_of(strategy, host)
    assert world.call("caught", 30) == 100
    assert len(seen) == 31
    assert all(error is seen[0] for error in seen)


@pytest.mark.parametrize("epochs", [False, True])
def test_time_that_ends_while_exceptions_fly(strategy: str, epochs: bool) -> None:
    store = Store(engine_of(strategy, epoch_interruption=epochs))
    exports: Any = Instance(store, Module(store.engine, SPIN), []).exports(store)
    if epochs:
        store.set_epoch_deadline(1)
        threading.Timer(0.1, store.engine.increment_epoch).start()
    for timeout in (0.05,) if epochs else (0.05, 0.01, 0.1):
        with pytest.raises(Trap) as caught:
            exports["spin"](store, timeout=None if epochs else timeout)
        assert caught.value.trap_code is TrapCode.INTERRUPT
    assert epochs or exports["count"](store, 1000) == 1000


def test_signal_handlers_while_exceptions_fly(strategy: str) -> None:
    """A handler of Python's runs wasm of the same store that throws and catches; then raises, which no guest catches."""
    world = World(strategy, lambda n: world.call("throw", n))
    spinning: Any = Instance(world.store, Module(world.store.engine, SPIN), []).exports(world.store)
    count = 0

    def handler(*_: Any) -> None:
        nonlocal count
        count += 1
        assert world.call("caught", count) == 100 + count
        with pytest.raises(WasmException):
            world.call("pass", count)
        if count == 5:
            world.call("pass", 77)
        signal.setitimer(signal.ITIMER_REAL, 0.02)  # not before: handlers interrupt handlers

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(WasmException) as caught:
            spinning["spin"](world.store, timeout=60 * SLOWER)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert caught.value.values == (77,)
    assert spinning["count"](world.store, 1000) == 1000


def test_threads(strategy: str) -> None:
    """Each with a store; code comes and goes meanwhile."""
    engine = engine_of(strategy)
    module = Module(engine, SPIN)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            store = Store(engine)
            exports: Any = Instance(store, module, []).exports(store)
            for _ in range(20):
                assert exports["count"](store, 2000) == 2000
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        world = world_of(strategy, thrown)
        assert world.call("caught", 1) == 101
        del world
        gc.collect()
    assert not errors


def test_the_gil_is_free_in_handlers(strategy: str) -> None:
    """After an exception came through a host function other threads run while wasm does."""
    world = world_of(strategy, thrown)
    source = """(module (import "" "f" (func $f (param i32) (result i32)))
      (func (export "f") (block $h (try_table (catch_all $h) (drop (call $f (i32.const 1))))) (loop $l (br $l))))"""
    exports: Any = Instance(world.store, Module(world.store.engine, source), [world.host]).exports(world.store)
    calling = threading.Event()

    def tick() -> None:
        calling.wait()
        for _ in range(5):
            time.sleep(0.005)
        while not world.store.interrupt():
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.monotonic()
    calling.set()
    with pytest.raises(Trap):
        exports["f"](world.store, timeout=60 * SLOWER)
    assert time.monotonic() - started < 60 * SLOWER
    thread.join()


def test_the_store_can_be_closed_once_the_exception_is_out(strategy: str) -> None:
    world = world_of(strategy, passed)
    with pytest.raises(WasmException) as caught:
        world.call("pass", 5)
    world.store.close()
    error = caught.value
    assert error.values == (5,)
    assert "with values (5)" in str(error)
    assert "closed" in repr(error.exnref)
    with pytest.raises(wasm.StoreError):
        error.exnref.fields(world.store)


def test_garbage(strategy: str) -> None:
    """Store -> host function -> exception -> store is a cycle that Python's collector finds."""
    import weakref

    world = world_of(strategy, passed)
    with pytest.raises(WasmException) as caught:
        world.call("pass", 5)
    world.store.data  # noqa: B018
    world.kept = caught.value  # type: ignore[attr-defined]
    gone = weakref.ref(world.store)
    del world, caught
    gc.collect()
    assert gone() is None


GREENLETS = """
import greenlet
import wasm_facade as wasm
import wasm_vm
I32 = wasm.ValType.i32()
config = wasm.Config()
config.strategy, config.cache = "STRATEGY", False
engine = wasm.Engine(config)
store = wasm.Store(engine)
tag = wasm.Tag(store, wasm.TagType(wasm.FuncType([I32], [])))
main = greenlet.getcurrent()
def host(n):
    if main.switch(n) == "throw":
        raise wasm.WasmException(wasm.ExnRef(store, tag, [n]))
    return n
source = '''(module (import "" "f" (func $f (param i32) (result i32))) (import "" "e" (tag $e (param i32)))
  (func $g (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
  (func (export "run") (param i32) (result i32)
    (block $h (result i32) (try_table (result i32) (catch $e $h) (call $g (local.get 0))) return) (i32.add (i32.const 100))))'''
exports = wasm.Instance(store, wasm.Module(engine, source), [wasm.Func(store, wasm.FuncType([I32], [I32]), host), tag]).exports(store)
made = [greenlet.greenlet(lambda n=n: exports["run"](store, n)) for n in range(20)]
for n, g in enumerate(made):
    assert g.switch() == n
for n, g in list(enumerate(made))[::3] + list(enumerate(made))[1::3] + list(enumerate(made))[2::3]:
    result = g.switch("throw" if n % 2 else "return")
    assert g.dead and result == (100 + n if n % 2 else n + 1), (n, result)
print("fine")
"""


def test_greenlets(strategy: str) -> None:
    environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":replace_intrin=0"}  # greenlets copy whole pieces of stacks
    done = subprocess.run(
        [sys.executable, "-c", GREENLETS.replace("STRATEGY", strategy)], capture_output=True, text=True, timeout=120 * SLOWER, check=False, env=environment
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
