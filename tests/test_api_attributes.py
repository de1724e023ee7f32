"""What a program adds to the API's objects: attributes of its own, subclasses; as wasmtime-py allows."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import apis
import wasm_facade as w

WAT = '''(module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 7)) (func (export "f") (result i32) (i32.const 5)))'''


def objects(api: Any) -> dict[str, Any]:
    """One of each that holds something of a store."""
    engine = api.Engine()
    store = api.Store(engine)
    instance = api.Instance(store, api.Module(engine, WAT), [])
    exports = instance.exports(store)
    found = {"Store": store, "Instance": instance, "InstanceExports": exports}
    return {**found, "Func": exports["f"], "Memory": exports["m"], "Table": exports["t"], "Global": exports["g"]}


KINDS = ["Store", "Instance", "InstanceExports", "Func", "Memory", "Table", "Global"]


@pytest.mark.parametrize("api", apis.ALL)
@pytest.mark.parametrize("kind", KINDS)
def test_attributes(api: Any, kind: str) -> None:
    item = objects(api)[kind]
    item.mine = [1]
    assert item.mine == [1]
    assert "mine" in vars(item)
    del item.mine
    assert not hasattr(item, "mine")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cycle_through_an_attribute_is_collected(kind: str) -> None:
    class Token:
        """Weakly referenced."""

    item = objects(w)[kind]
    item.token = token = Token()
    item.itself = item
    seen = weakref.ref(token)
    del item, token
    gc.collect()
    assert seen() is None


def memory_type() -> w.MemoryType:
    return w.MemoryType(w.Limits(1, 2))


def function_type() -> w.FuncType:
    return w.FuncType([], [w.ValType.i32()])


MAKERS: dict[str, Callable[[w.Store, type], Any]] = {
    "Func": lambda store, cls: cls(store, function_type(), lambda: 5),
    "Memory": lambda store, cls: cls(store, memory_type()),
    "Table": lambda store, cls: cls(store, w.TableType(w.ValType.funcref(), w.Limits(1, None)), None),
    "Global": lambda store, cls: cls(store, w.GlobalType(w.ValType.i32(), True), 7),
    "Tag": lambda store, cls: cls(store, w.TagType(w.FuncType([w.ValType.i32()], []))),
    "SharedMemory": lambda store, cls: cls(store.engine, w.MemoryType(w.Limits(1, 2), shared=True)),
    "Instance": lambda store, cls: cls(store, w.Module(store.engine, WAT), []),
}  # fmt: skip


@pytest.mark.parametrize("kind", MAKERS)
def test_subclasses(kind: str) -> None:
    base: Any = getattr(w, kind)

    class Mine(base):  # type: ignore[misc]
        """With a slot, a class attribute and an `__init__`."""

        __slots__ = ("slot",)
        extra = 3

        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.slot = "slot"
            setattr(self, "own", ["own"])  # noqa: B010 - no slot

    store = w.Store(w.Engine())
    made = MAKERS[kind](store, Mine)
    assert type(made) is Mine
    assert (made.slot, made.own, made.extra) == ("slot", ["own"], 3)
    assert isinstance(made, base)
    plain = MAKERS[kind](store, base)
    assert type(plain) is base
    assert made != plain
    made.itself = made
    seen = weakref.ref(made)
    del made
    gc.collect()
    assert seen() is None
    store.close()


def test_subclasses_are_what_they_were() -> None:
    """They serve as imports and as values."""
    classes = {kind: type(kind, (getattr(w, kind),), {}) for kind in MAKERS}
    store = w.Store(w.Engine())
    func, memory, table, cell = (MAKERS[kind](store, classes[kind]) for kind in ("Func", "Memory", "Table", "Global"))
    assert func(store) == 5
    assert cell.value(store) == 7
    table.set(store, 0, func)
    assert table.get(store, 0)(store) == 5
    assert memory.write(store, b"bytes") == 5
    module = w.Module(store.engine, """(module (import "" "f" (func $f (result i32))) (import "" "m" (memory 1)) (import "" "t" (table 1 funcref))
      (import "" "g" (global (mut i32)))
      (func (export "sum") (result i32) (i32.add (call $f) (i32.add (global.get 0) (i32.load8_u (i32.const 0))))))""")
    instance = classes["Instance"](store, module, [func, memory, table, cell])
    assert instance.exports(store)["sum"](store) == 5 + 7 + ord("b")
    linker = w.Linker(store.engine)
    for name, item in {"f": func, "m": memory, "t": table, "g": cell}.items():
        linker.define(store, "", name, item)
    assert linker.instantiate(store, module).exports(store)["sum"](store) == 5 + 7 + ord("b")


@pytest.mark.parametrize("api", apis.ALL)
def test_a_subclass_of_store(api: Any) -> None:
    class Mine(api.Store):  # type: ignore[misc]
        def __init__(self, engine: Any, extra: int = 1) -> None:
            super().__init__(engine, data=extra)
            self.extra = [extra]

    engine = api.Engine()
    store = Mine(engine, extra=4)
    assert store.extra == [4]
    assert store.data() == 4
    assert api.Instance(store, api.Module(engine, WAT), []).exports(store)["f"](store) == 5


def test_a_subclass_of_store_with_other_arguments() -> None:
    class Named(w.Store):
        def __init__(self, name: str, engine: w.Engine) -> None:
            super().__init__(engine)
            self.name = name

    engine = w.Engine()
    store = Named("a name", engine)
    assert store.engine is engine
    assert w.Instance(store, w.Module(engine, WAT), []).exports(store)["f"](store) == 5
    with pytest.raises(w.StoreError, match="in use: its engine cannot be changed"):
        store.__init__("again", w.Engine())  # type: ignore[misc]
    assert store.engine is engine
    with pytest.raises(TypeError, match="expected an Engine, not int"):
        Named("a name", 3)  # type: ignore[arg-type]

    class Never(w.Store):
        def __init__(self) -> None:
            pass

    assert isinstance(Never().engine, w.Engine)
