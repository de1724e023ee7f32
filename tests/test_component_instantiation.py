"""Instantiating components: what fails in the middle, what runs meanwhile, and what stays."""

from __future__ import annotations

import gc
import importlib
import threading
import weakref
from typing import Any

import pytest
import wasmtime

import wasm_facade
from bench import component_guests as guests
from wasm_facade import component

# The start function of the second of three core modules is the host's.
START = """(component
  (import "f" (func $f)) (core func $l (canon lower (func $f)))
  (core module $A (memory (export "m") 1) (func (export "one") (result i32) (i32.const 1)))
  (core instance $a (instantiate $A))
  (func (export "one") (result u32) (canon lift (core func $a "one")))
  (core module $M (import "" "f" (func $f)) (start $f))
  (core instance $m (instantiate $M (with "" (instance (export "f" (func $l))))))
  (core module $B (import "" "m" (memory 1)) (func (export "g") (result i32) (i32.const 4)))
  (core instance $b (instantiate $B (with "" (instance (export "m" (memory $a "m"))))))
  (func (export "g") (result u32) (canon lift (core func $b "g"))))"""


@pytest.fixture(scope="module", params=("native", "llvm"))
def engine(request: pytest.FixtureRequest) -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.strategy = request.param
    return wasm_facade.Engine(config)


def compiled(engine: wasm_facade.Engine, text: str) -> component.Component:
    return component.Component(engine, bytes(wasmtime.wat2wasm(text)))


def linker_with(engine: wasm_facade.Engine, function: Any) -> component.Linker:
    linker = component.Linker(engine)
    with linker.root() as root:
        root.add_func("f", function)
    return linker


class Stopped(BaseException):
    pass


def test_what_a_start_function_raises_surfaces(engine: wasm_facade.Engine) -> None:
    """All that was made for it goes with its store."""

    class Host:
        def __call__(self, store: Any) -> None:
            gc.collect()
            raise Stopped

    host = Host()
    gone = weakref.ref(host)
    store = wasm_facade.Store(engine)
    linker = linker_with(engine, host)
    for _ in range(3):
        with pytest.raises(Stopped):
            linker.instantiate(store, compiled(engine, START))
    stores = weakref.ref(store)
    linker.close()
    del host, store, linker
    gc.collect()
    assert (gone(), stores()) == (None, None)


def test_host_functions_of_start_functions_instantiate(engine: wasm_facade.Engine) -> None:
    """In the same store and in others, one inside of another; the store cannot be closed meanwhile."""
    start = compiled(engine, START)
    depths: list[int] = []

    def f(store: Any) -> None:
        with pytest.raises(wasm_facade.WasmtimeError, match="a call into it is running"):
            store.close()
        if len(depths) < 6:
            depths.append(len(depths))
            where = store if len(depths) % 2 else wasm_facade.Store(engine)
            assert called(where, linker.instantiate(where, start)) == 4

    linker = linker_with(engine, f)
    store = wasm_facade.Store(engine)
    assert called(store, linker.instantiate(store, start)) == 4
    assert depths == [0, 1, 2, 3, 4, 5]


def called(store: Any, instance: component.Instance) -> Any:
    function = instance.get_func(store, "g")
    assert function is not None
    return function(store)


@pytest.mark.parametrize("most", range(3))
def test_limits_end_it_in_the_middle(engine: wasm_facade.Engine, most: int) -> None:
    store = wasm_facade.Store(engine)
    store.set_limits(instances=most)
    ran: list[int] = []
    with pytest.raises(wasm_facade.WasmtimeError, match=f"instance count too high at {most + 1}"):
        linker_with(engine, lambda store: ran.append(1)).instantiate(store, compiled(engine, START))
    assert len(ran) == (most > 1)
    assert repr(store).endswith(f"{most} instances>")


def test_stores_and_engines_that_do_not_fit(engine: wasm_facade.Engine) -> None:
    start = compiled(engine, START)
    pre = linker_with(engine, lambda store: None).instantiate_pre(start)
    with pytest.raises(wasm_facade.WasmtimeError, match="different engines"):
        pre.instantiate(wasm_facade.Store(wasm_facade.Engine()))
    store = wasm_facade.Store(engine)
    store.close()
    with pytest.raises(wasm_facade.WasmtimeError, match="closed"):
        pre.instantiate(store)
    with pytest.raises(TypeError, match="expected a Store or Caller"):
        pre.instantiate(None)  # type: ignore[arg-type]
    for cls in (component.Instance, component.InstancePre):
        with pytest.raises(wasm_facade.WasmtimeError, match=f"Cannot directly construct an `{cls.__name__}`"):
            cls()


@pytest.mark.parametrize("name", ["THREE", "LINKED", "RESOURCE"])
def test_memory_that_is_refused(engine: wasm_facade.Engine, name: str) -> None:
    """At the first, second, ... allocation of Python's."""
    hooks: Any = importlib.import_module("_testcapi")
    pre = component.Linker(engine).instantiate_pre(compiled(engine, getattr(guests, name)))
    refused = 0
    for nth in range(30):
        store = wasm_facade.Store(engine)
        made = None
        hooks.set_nomemory(nth, nth + 1)
        try:
            made = pre.instantiate(store)
        except MemoryError:
            refused += 1
        finally:
            hooks.remove_mem_hooks()
        assert made is None or made.exports(store)
    assert refused


def test_threads_with_a_store_each(engine: wasm_facade.Engine) -> None:
    pre = component.Linker(engine).instantiate_pre(compiled(engine, guests.LINKED))
    sums: list[int] = []

    def work() -> None:
        for _ in range(500):
            store = wasm_facade.Store(engine)
            function = pre.instantiate(store).get_func(store, "add")
            assert function is not None
            sums.append(function(store, 10))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [55] * 1000


def test_nothing_grows(engine: wasm_facade.Engine) -> None:
    """Neither in a store each, nor when the exports were asked for. (Pages: what the process has resident.)"""
    pre = component.Linker(engine).instantiate_pre(compiled(engine, guests.RESOURCE))

    def many() -> int:
        for number in range(5000):
            store = wasm_facade.Store(engine)
            instance = pre.instantiate(store)
            if number % 2:
                function = instance.get_func(store, "[constructor]r")
                assert function is not None
                function(store)
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1])

    many()
    first = many()
    assert many() - first < 100
