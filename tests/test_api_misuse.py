"""Misuse of wasm_facade: wrong store, closed things, other threads, re-entrance, things that outlive their store. All of it raises."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from wasm_facade import (
    Engine,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    Memory,
    MemoryType,
    Module,
    SharedMemory,
    Store,
    Table,
    TableType,
    Trap,
    TrapCode,
    ValType,
    WasmtimeError,
)

WAT = """(module (import "" "host" (func $host))
  (func (export "f") (call $host)) (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "spin") (loop (br 0))) (memory (export "m") 1) (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 3)))"""
engine = Engine()
module = Module(engine, WAT)
REFUSED = (WasmtimeError, ValueError)


def exports(store: Store, host: Callable[[], Any] = lambda: None) -> Any:
    return Instance(store, module, [Func(store, FuncType([], []), host)]).exports(store)


USES: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("call", lambda e, s: e["add"](s, 1, 2)),
    ("func type", lambda e, s: e["add"].type(s)),
    ("memory read", lambda e, s: e["m"].read(s, 0, 1)),
    ("memory write", lambda e, s: e["m"].write(s, b"a")),
    ("memory grow", lambda e, s: e["m"].grow(s, 1)),
    ("memory type", lambda e, s: e["m"].type(s)),
    ("table get", lambda e, s: e["t"].get(s, 0)),
    ("table set", lambda e, s: e["t"].set(s, 0, None)),
    ("table grow", lambda e, s: e["t"].grow(s, 1, None)),
    ("global value", lambda e, s: e["g"].value(s)),
    ("global set", lambda e, s: e["g"].set_value(s, 1)),
]
uses = pytest.mark.parametrize("use", [use for _, use in USES], ids=[name for name, _ in USES])


@uses
def test_wrong_store(use: Callable[[Any, Any], Any]) -> None:
    store = Store(engine)
    found = exports(store)
    with pytest.raises(REFUSED):
        use(found, Store(engine))
    with pytest.raises(REFUSED):
        use(found, Store(Engine()))
    use(found, store)


@uses
@pytest.mark.parametrize("wrong", [None, 3, "store", engine, module])
def test_no_store_at_all(use: Callable[[Any, Any], Any], wrong: Any) -> None:
    found = exports(Store(engine))
    with pytest.raises(TypeError):
        use(found, wrong)


@uses
def test_closed_store(use: Callable[[Any, Any], Any]) -> None:
    with Store(engine) as store:
        found = exports(store)
        used = {name: found[name] for name in found}
    with pytest.raises(REFUSED):
        use(used, store)


@uses
def test_after_the_store_is_gone(use: Callable[[Any, Any], Any]) -> None:
    found = exports(Store(engine))
    used = {name: found[name] for name in found}
    del found
    gc.collect()
    with pytest.raises((*REFUSED, TypeError)):
        use(used, Store(engine))


def test_items_of_another_store_as_values_and_imports() -> None:
    store, other = Store(engine), Store(engine)
    host = Func(other, FuncType([], []), lambda: None)
    with pytest.raises(REFUSED):
        Instance(store, module, [host])
    with pytest.raises(REFUSED):
        exports(store)["t"].set(store, 0, host)
    with pytest.raises(REFUSED):
        Global(store, GlobalType(ValType.funcref(), False), host)
    linker = Linker(engine)
    linker.define(other, "", "host", host)
    with pytest.raises(REFUSED):
        linker.instantiate(store, module)


def test_modules_of_another_engine() -> None:
    with pytest.raises(REFUSED):
        Instance(Store(engine), Module(Engine(), "(module)"), [])


@pytest.mark.parametrize(
    "make",
    [lambda s: Func(s, FuncType([], []), print), lambda s: Memory(s, MemoryType(Limits(1, 1))), lambda s: Instance(s, module, []),
     lambda s: Table(s, TableType(ValType.funcref(), Limits(1, 1)), None), lambda s: Global(s, GlobalType(ValType.i32(), False), 1),
     lambda s: s.set_limits(memory_size=1), lambda s: s.gc(), lambda s: s.set_epoch_deadline(1)],
    ids=["Func", "Memory", "Instance", "Table", "Global", "set_limits", "gc", "set_epoch_deadline"],
)  # fmt: skip
def test_making_things_in_a_closed_store(make: Callable[[Store], Any]) -> None:
    store = Store(engine)
    store.close()
    store.close()
    with pytest.raises(REFUSED):
        make(store)


def test_a_closed_module() -> None:
    closed = Module(engine, "(module)")
    closed.close()
    with pytest.raises(ValueError, match="already closed"):
        Instance(Store(engine), closed, [])
    with pytest.raises(ValueError, match="already closed"):
        Linker(engine).instantiate(Store(engine), closed)


def test_closing_the_store_inside_a_call() -> None:
    store = Store(engine)
    found = exports(store, lambda: store.close())
    with pytest.raises(REFUSED):
        found["f"](store)
    assert exports(store)["add"](store, 1, 1) == 2  # it is still open


def test_reentrance_is_fine() -> None:
    store = Store(engine)
    results: list[int] = []
    found = exports(store, lambda: results.append(found["add"](store, 2, 3)))
    found["f"](store)
    assert results == [5]


def test_another_thread_while_one_is_inside() -> None:
    store = Store(engine)
    inside, leave = threading.Event(), threading.Event()

    def host() -> None:
        inside.set()
        leave.wait(30)

    found = exports(store, host)
    thread = threading.Thread(target=lambda: found["f"](store))
    thread.start()
    try:
        assert inside.wait(30)
        for _, use in USES:
            with pytest.raises(REFUSED):
                use(found, store)
        with pytest.raises(REFUSED):
            store.close()
    finally:
        leave.set()
        thread.join(30)
    assert found["add"](store, 1, 1) == 2  # one after the other is fine


def test_two_stores_in_two_threads() -> None:
    results: list[int] = []

    def work() -> None:
        store = Store(engine)
        add = exports(store)["add"]
        for number in range(2000):
            results.append(add(store, number, 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == sorted([n + 1 for n in range(2000)] * 4)


def test_timeouts() -> None:
    store = Store(engine)
    spin = exports(store)["spin"]
    started = time.monotonic()
    with pytest.raises(Trap) as found:
        spin(store, timeout=0.2)
    assert found.value.trap_code is TrapCode.INTERRUPT
    assert time.monotonic() - started < 20
    assert exports(store)["add"](store, 1, 1, timeout=10) == 2
    store.timeout = 0.2
    with pytest.raises(Trap):
        spin(store)
    wrong: Any
    for wrong in ("1", []):
        with pytest.raises((TypeError, ValueError)):
            spin(store, timeout=wrong)
    with pytest.raises(TypeError):
        spin(store, nonsense=1)


def test_host_exceptions_get_the_frames_as_a_note() -> None:
    store = Store(engine)

    def fail() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as found:
        exports(store, fail)["f"](store)
    notes = getattr(found.value, "__notes__", [])
    assert any("wasm" in note for note in notes), notes


def test_recursion_between_wasm_and_python_ends() -> None:
    store = Store(engine)
    found = exports(store, lambda: found["f"](store))
    with pytest.raises((RecursionError, Trap)):
        found["f"](store)
    assert found["add"](store, 1, 1) == 2


def test_cycles_of_stores_and_closures_are_collected() -> None:
    class Mark:
        """Something whose end can be seen."""

    import weakref

    def make() -> Any:
        store = Store(engine)
        mark = Mark()
        found = exports(store, lambda: (store, mark, found))
        return weakref.ref(mark)

    marks = [make() for _ in range(10)]
    gc.collect()
    assert not any(mark() for mark in marks)


def test_shared_memories_know_their_engine() -> None:
    memory = SharedMemory(Engine(), MemoryType(Limits(1, 1), shared=True))
    wants = Module(engine, '(module (import "" "" (memory 1 1 shared)))')
    with pytest.raises((*REFUSED, TypeError)):
        Instance(Store(engine), wants, [memory])


@pytest.mark.parametrize("size", [1 << 40, 1 << 62])
def test_memories_larger_than_the_machine(size: int) -> None:
    store = Store(engine)
    with pytest.raises((*REFUSED, MemoryError)):
        Memory(store, MemoryType(Limits(size >> 16, None), is_64=True)).grow(store, 1 << 50)


def test_everything_has_a_repr() -> None:
    store = Store(engine)
    found = exports(store)
    for thing in (engine, module, store, Linker(engine), found, *[found[name] for name in found], Instance(Store(engine), Module(engine, "(module)"), [])):
        text = repr(thing)
        assert text
        assert len(text) < 400
    assert "add" in repr(found) or len(repr(found)) < 400
