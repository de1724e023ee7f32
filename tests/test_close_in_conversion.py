"""Python code that runs inside a call of the core closes the store: the call says so, and reads nothing that was freed."""

from __future__ import annotations

import functools
import gc

import pytest

import wasm_facade as w
from wasm_vm import InstancePre


@pytest.mark.parametrize("method", ["set", "grow"])
def test_a_table_index_that_closes_the_store(method: str) -> None:
    config = w.Config()
    config.cache = False
    engine = w.Engine(config)
    for _ in range(20):
        store, other_store = w.Store(engine), w.Store(engine)
        table_type = w.TableType(w.ValType.externref(), w.Limits(3, None))
        table = w.Table(store, table_type, None)
        others = [w.Table(other_store, w.TableType(w.ValType.externref(), w.Limits(0, None)), None) for _ in range(30)]

        class Closes:
            def __index__(self, store: w.Store = store, others: list[w.Table] = others, other_store: w.Store = other_store) -> int:
                store.close()
                for other in others:  # what was freed is taken by something else
                    other.grow(other_store, 9, object())
                return 0

        with pytest.raises(w.WasmtimeError, match="closed"):
            getattr(table, method)(store, Closes(), 5)


def test_a_finalizer_that_closes_the_store_while_a_memory_is_wrapped() -> None:
    config = w.Config()
    config.cache = False
    engine = w.Engine(config)
    module = w.Module(engine, '(module (memory (export "memory") 1))')
    threshold, closed = gc.get_threshold(), 0
    try:
        for count in range(1, 100):
            gc.collect()
            gc.disable()
            store = w.Store(engine)
            exports = w.Instance(store, module, []).exports(store)

            class Cycle:
                armed = True

                def __init__(self, store: w.Store = store) -> None:
                    self.me, self.store = self, store

                def __del__(self) -> None:
                    if type(self).armed and not self.store.closed:
                        self.store.close()

            Cycle()
            gc.set_threshold(count)
            gc.enable()
            try:
                memory = exports["memory"]
            except w.WasmtimeError:
                memory = None
            gc.disable()
            Cycle.armed = False
            if memory is not None and store.closed:
                closed += 1
                del memory
                other = [w.Store(engine), w.Store(engine)]
                first, second = (w.Instance(each, module, []).exports(each)["memory"] for each in other)
                first.write(other[0], b"first")
                assert bytes(second.read(other[1], 0, 5)) == bytes(5)
    finally:
        gc.set_threshold(*threshold)
        gc.enable()
    assert closed


def small_engine() -> w.Engine:
    config = w.Config()
    config.cache = False
    return w.Engine(config)


def test_a_timeout_that_closes_the_store() -> None:
    engine = small_engine()
    store = w.Store(engine)
    exports = w.Instance(store, w.Module(engine, '(module (func (export "f")))'), []).exports(store)

    class Closes:
        def __float__(self) -> float:
            store.close()
            return 1.0

    with pytest.raises(w.WasmtimeError, match="closed"):
        exports["f"](store, timeout=Closes())


def test_a_value_that_closes_the_store_and_is_a_function_of_it() -> None:
    engine = small_engine()
    store = w.Store(engine)
    cell = w.Global(store, w.GlobalType(w.ValType.funcref(), True), None)
    func = w.Func(store, w.FuncType([], []), lambda: None)

    class Closes:
        @property
        def value(self) -> w.Func:
            store.close()
            return func

    with pytest.raises(w.WasmtimeError, match="closed"):
        cell.set_value(store, Closes())


def test_an_argument_error_of_a_class_of_its_own_stays_as_it_is() -> None:
    engine = small_engine()
    store = w.Store(engine)

    class Odd(TypeError):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(one, two)

    class Raises:
        def __index__(self) -> int:
            raise Odd(1, 2)

    func = w.Func(store, w.FuncType([w.ValType.i32()], []), lambda n: None)
    with pytest.raises(Odd) as caught:
        func(store, Raises())
    assert caught.value.args == (1, 2)


def test_a_repr_that_closes_the_store_whose_function_it_describes() -> None:
    engine = small_engine()
    store = w.Store(engine)

    class Closes:
        def __repr__(self) -> str:
            store.close()
            return "closes"

    func = w.Func(store, w.FuncType([], []), functools.partial(print, Closes(), "after"))
    assert "'after'" in repr(func)
    assert store.closed


def test_a_definition_that_closes_what_is_being_instantiated() -> None:
    engine = small_engine()
    store = w.Store(engine)
    module = w.Module(engine, '(module (import "m" "f" (func)) (import "m" "g" (func)))')

    class Closes:
        def into(self, store: w.Store) -> w.Func:
            pre.close()
            return w.Func(store, w.FuncType([], []), lambda: None)

    pre = InstancePre(module, module._loaded, (Closes(), Closes()))
    assert isinstance(pre.instantiate(store), w.Instance)


def test_a_tag_made_before_a_subclass_of_store_changes_its_engine() -> None:
    engines = small_engine(), small_engine()

    class Early(w.Store):
        def __init__(self, first: w.Engine, second: w.Engine) -> None:
            self.tag = w.Tag(self, w.TagType(w.FuncType([w.ValType.i32()], [])))
            super().__init__(second)

    with pytest.raises(w.WasmtimeError, match="in use"):
        Early(*engines)
