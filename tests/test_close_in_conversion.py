"""Python code that runs inside a call of the core closes the store: the call says so, and reads nothing that was freed."""

from __future__ import annotations

import gc

import pytest

import wasm_facade as w


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
