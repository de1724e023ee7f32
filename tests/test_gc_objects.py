"""Garbage-collected objects in Python: made, read, written, passed both ways, kept alive by handles, let go of."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

import wasm_facade as w

POINT = {"x": w.FieldType(w.ValType.f64(), mutable=True), "y": w.FieldType(w.ValType.f64(), mutable=True)}


def make(strategy: str = "native", stress: bool = False) -> tuple[w.Engine, w.Store]:
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    config.gc_stress = stress
    engine = w.Engine(config)
    return engine, w.Store(engine)


@pytest.fixture(params=["native", "llvm"])
def strategy(request: Any) -> str:
    return str(request.param)


def exports_of(engine: w.Engine, store: w.Store, wat: str, *imports: Any) -> Any:
    return w.Instance(store, w.Module(engine, wat), list(imports)).exports(store)


def test_struct() -> None:
    _, store = make()
    point = w.StructRef(store, w.StructType(POINT), [1, 2.5])
    assert (list(point), len(point), point["y"], point[-2]) == ([1.0, 2.5], 2, 2.5, 1.0)
    point["x"] = 7
    point[1] = -1
    assert list(point) == [7.0, -1.0]
    assert repr(point) == "<StructRef [7.0, -1.0]>"
    assert point.type == w.StructType(POINT)
    assert point.type.names == ("x", "y")
    assert isinstance(point, w.EqRef)
    assert isinstance(point, w.AnyRef)
    assert point.store is store


# Columns: what is done, exception, what the message says.
WRONG = (
    (lambda s, p: p[2], IndexError, "field 2 of a struct that has 2"),
    (lambda s, p: p["z"], KeyError, "no field 'z'; the type's names are 'x', 'y'"),
    (lambda s, p: p.__setitem__(0, "a"), TypeError, "expected f64"),
    (lambda s, p: w.StructRef(s, w.StructType(POINT), [1]), w.WasmError, "the struct has 2 fields, got 1 values"),
    (lambda s, p: w.StructRef(s, w.ArrayType(w.ValType.i32()), []), TypeError, "type: expected a StructType"),
    (lambda s, p: w.StructRef(s, 3, []), TypeError, "type: expected a StructType or ArrayType, not 3"),
    (lambda s, p: w.StructRef(s, w.StructType([w.ValType.i32()]), [1]).__setitem__(0, 2), w.WasmError, "field 0 of the struct is immutable"),
    (lambda s, p: w.AnyRef(), TypeError, "use I31Ref, StructRef or ArrayRef"),
    (lambda s, p: w.I31Ref(1 << 31), OverflowError, "an i31 holds -2\\*\\*30 to 2\\*\\*31 - 1"),
    (lambda s, p: w.ArrayRef(s, w.ArrayType("i8"), [1])[1], IndexError, "element 1 of an array of 1"),
    (lambda s, p: memoryview(w.ArrayRef(s, w.ArrayType(w.ValType.anyref()), [p])), BufferError, "only an array of numbers"),
    (lambda s, p: w.FieldType("i9"), TypeError, 'expected a ValType, "i8" or "i16"'),
    (lambda s, p: w.StructType([], supertype=w.StructType([])), w.WasmError, "that is final"),
)  # fmt: skip


@pytest.mark.parametrize(("do", "error", "says"), WRONG, ids=[row[2][:30] for row in WRONG])
def test_wrong(do: Any, error: type[Exception], says: str) -> None:
    _, store = make()
    point = w.StructRef(store, w.StructType(POINT), [1, 2])
    with pytest.raises(error, match=says):
        do(store, point)


# Columns: element type, values, what is read, format of the buffer.
ARRAYS = (
    ("i8", [1, -1, 200], [1, -1, -56], "b"),
    ("i16", [1, 70000], [1, 4464], "h"),
    (w.ValType.i32(), [1, 2**31], [1, -(2**31)], "i"),
    (w.ValType.i64(), [1, -1], [1, -1], "q"),
    (w.ValType.f32(), [0.5, 2], [0.5, 2.0], "f"),
    (w.ValType.f64(), [0.1], [0.1], "d"),
    (w.ValType.v128(), [1 << 100], [1 << 100], None),
    (w.ValType.externref(), ["a", None], ["a", None], None),
)  # fmt: skip


@pytest.mark.parametrize(("element", "values", "read", "format"), ARRAYS, ids=[str(row[0]) for row in ARRAYS])
def test_array(element: Any, values: list[Any], read: list[Any], format: str | None) -> None:
    _, store = make()
    array = w.ArrayRef(store, w.ArrayType(w.FieldType(element, mutable=True)), values)
    assert (list(array), len(array), array[0:1], array[-1]) == (read, len(read), read[:1], read[-1])
    array[0] = values[-1]
    assert array[0] == read[-1]
    if format:
        view = memoryview(array)
        assert (view.format, view.tolist(), view.readonly) == (format, [read[-1], *read[1:]], True)
        array[0] = values[0]
        assert view[0] == read[-1]  # a copy
        store.close()
        assert view.tolist() == [read[-1], *read[1:]]
    else:
        filled = w.ArrayRef.new(store, w.ArrayType(element), values[0], 1000)
        assert list(filled) == [read[0]] * 1000


def test_i31() -> None:
    assert (w.I31Ref(-5).value, int(w.I31Ref(7)), w.I31Ref(-1).unsigned, repr(w.I31Ref(3))) == (-5, 7, 2**31 - 1, "I31Ref(3)")
    assert w.I31Ref(5) == w.I31Ref(5) != w.I31Ref(6)
    assert len({w.I31Ref(5), w.I31Ref(5)}) == 1


ECHO = """(module (type $p (struct (field (mut f64)) (field (mut f64)))) (import "" "f" (func $f (param anyref) (result anyref)))
  (global (export "g") (mut anyref) (ref.null any)) (table (export "t") 4 anyref)
  (func (export "echo") (param anyref) (result anyref) (local.get 0))
  (func (export "host") (param anyref) (result anyref) (call $f (local.get 0)))
  (func (export "extern") (param anyref) (result externref) (extern.convert_any (local.get 0)))
  (func (export "any") (param externref) (result anyref) (any.convert_extern (local.get 0)))
  (func (export "sum") (param (ref $p)) (result f64) (f64.add (struct.get $p 0 (local.get 0)) (struct.get $p 1 (local.get 0))))
  (func (export "eq") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1))))"""


def test_over_the_border(strategy: str) -> None:
    engine, store = make(strategy)
    seen: list[Any] = []

    def echo(ref: Any) -> Any:
        seen.append(ref)
        return ref

    host = w.Func(store, w.FuncType([w.ValType.anyref()], [w.ValType.anyref()]), echo)
    exports = exports_of(engine, store, ECHO, host)
    point = w.StructRef(store, w.StructType(POINT), [1, 2])
    thing = object()
    for value in (None, w.I31Ref(-3), point, w.ArrayRef(store, w.ArrayType("i8"), b"abc"), thing):
        assert exports["echo"](store, value) == value
        assert exports["host"](store, value) == value == seen[-1]
        assert exports["any"](store, exports["extern"](store, value)) == value
        exports["g"].set_value(store, value)
        assert exports["g"].value(store) == value
        exports["t"].set(store, 1, value)
        assert exports["t"].get(store, 1) == value
    assert exports["echo"](store, thing) is thing
    assert exports["sum"](store, point) == 3.0
    assert exports["eq"](store, point, exports["echo"](store, point)) == 1
    assert exports["eq"](store, point, w.I31Ref(1)) == 0
    with pytest.raises(TypeError, match=r"expected \(ref .*, got I31Ref\(1\)"):
        exports["sum"](store, w.I31Ref(1))
    with pytest.raises(TypeError, match="AnyRef or None"):
        exports["echo"](store, 5)
    with pytest.raises(w.StoreError, match="wrong store"):
        exports["echo"](w.Store(engine), point)


def test_other_stores_objects_are_refused() -> None:
    engine, store = make()
    exports = exports_of(engine, store, ECHO, w.Func(store, w.FuncType([w.ValType.anyref()], [w.ValType.anyref()]), print))
    foreign = w.StructRef(w.Store(engine), w.StructType(POINT), [1, 2])
    with pytest.raises(w.StoreError, match="belongs to another store"):
        exports["echo"](store, foreign)


class Thing:
    pass


def test_handles_keep_alive_and_let_go() -> None:
    _, store = make()
    thing = Thing()
    there = weakref.ref(thing)
    holder = w.StructRef(store, w.StructType([w.ValType.externref(), w.ValType.anyref()]), [thing, None])
    outer = w.StructRef(store, w.StructType([w.ValType.anyref()]), [holder])
    del thing, holder
    store.gc()
    assert there() is outer[0][0]
    del outer
    gc.collect()
    store.gc()
    assert there() is None


def test_handles_die_on_any_thread() -> None:
    _, store = make()
    refs = [w.StructRef(store, w.StructType([w.ValType.i32()]), [k]) for k in range(1000)]
    thread = threading.Thread(target=refs.clear)
    thread.start()
    thread.join()
    store.gc()
    assert [r[0] for r in [w.StructRef(store, w.StructType([w.ValType.i32()]), [k]) for k in range(1000)]] == list(range(1000))


def test_closed_store() -> None:
    _, store = make()
    point, array = w.StructRef(store, w.StructType(POINT), [1, 2]), w.ArrayRef(store, w.ArrayType("i8"), b"ab")
    store.close()
    for ref in (point, array):
        assert "closed" in repr(ref)
        for do in (len, list, lambda r: r.type):
            with pytest.raises(w.StoreError, match="closed"):
                do(ref)


def test_named_fields_belong_to_the_type() -> None:
    _, store = make()
    unnamed = w.StructRef(store, w.StructType([w.ValType.i64()]), [5])
    with pytest.raises(KeyError, match="give the StructType a mapping"):
        unnamed["a"]
    named = w.StructRef(store, w.StructType({"a": w.ValType.i64()}), [6])
    assert (named["a"], unnamed["a"]) == (6, 5)  # one type to wasm


def test_python_makes_many(strategy: str) -> None:
    """Objects made from Python are collected as well."""
    _, store = make(strategy)
    type = w.ArrayType(w.ValType.i64())
    for _ in range(3000):
        w.ArrayRef.new(store, type, 1, 10000)  # 240 MB in all, but for collections
    assert store.gc_stats()["heap_bytes"] < 64 << 20


FULL = """(module (type $n (struct (field (ref null $n)) (field i64))) (global $l (mut (ref null $n)) (ref.null $n))
  (func (export "fill") (loop $l (global.set $l (struct.new $n (global.get $l) (i64.const 1))) (br $l)))
  (func (export "drop") (global.set $l (ref.null $n)))
  (func (export "churn") (param i32) (loop $l (drop (struct.new $n (ref.null $n) (i64.const 1)))
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""


def test_a_full_heap_is_a_trap(strategy: str) -> None:
    engine, store = make(strategy)
    store.set_limits(gc_heap_size=8 << 20)
    exports = exports_of(engine, store, FULL)
    for _ in range(2):
        with pytest.raises(w.Trap) as caught:
            exports["fill"](store)
        assert caught.value.trap_code == w.TrapCode.ALLOCATION_TOO_LARGE
        with pytest.raises(w.ExhaustedError, match="heap is full"):
            w.ArrayRef.new(store, w.ArrayType(w.ValType.i64()), 0, 1 << 20)
        exports["drop"](store)
        exports["churn"](store, 1_000_000)  # 24 MB in all
    stats = store.gc_stats()
    assert stats["collections"] > 5
    assert stats["heap_bytes"] <= 8 << 20
    assert 0 < stats["longest_pause_seconds"] <= stats["pause_seconds"]
