"""Python code that runs inside a call of the core closes the store: the call says so, and reads nothing that was freed."""

from __future__ import annotations

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
