"""Attacks on garbage-collected objects: handles whose class was changed, code that runs in the middle of things, signals, greenlets, timeouts."""

from __future__ import annotations

import gc
import signal
import time
from typing import Any

import pytest

import wasm_facade as w


def ints() -> w.StructType:
    """Two i32 that can be set; a type belongs to the first engine that it is used with."""
    return w.StructType([w.FieldType(w.ValType.i32(), mutable=True)] * 2)


class Struct(w.StructRef):
    """A struct whose class can be assigned."""


class Array(w.ArrayRef):
    """An array whose class can be assigned."""


class Small(w.I31Ref):
    """An i31 whose class can be assigned."""


@pytest.fixture(params=["native", "llvm"])
def strategy(request: Any) -> str:
    return str(request.param)


def make(strategy: str = "native", stress: bool = False) -> tuple[w.Engine, w.Store]:
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    config.gc_stress = stress
    engine = w.Engine(config)
    return engine, w.Store(engine)


def exports_of(engine: w.Engine, store: w.Store, wat: str, *imports: Any) -> Any:
    return w.Instance(store, w.Module(engine, wat), list(imports)).exports(store)


# Columns: what makes the object of a store, the class that it gets.
DISGUISES = (
    (lambda s: Struct(s, ints(), [0x7FFFFFFF, 1]), Array),
    (lambda s: Array(s, w.ArrayType(w.FieldType(w.ValType.i32(), mutable=True)), [1, 2]), Struct),
    (lambda s: Small(3), Array),
    (lambda s: Small(3), Struct),
)
# Columns: what is done with it then.
USES = (len, list, lambda o: o[0], lambda o: o[0x70000000], lambda o: o.__setitem__(0, 1), lambda o: o.type, lambda o: o[:], lambda o: o["x"])  # fmt: skip


@pytest.mark.parametrize(("made", "cls"), list(DISGUISES))
def test_class_assigned(made: Any, cls: Any) -> None:
    """What a handle is used as is looked up in the object, not in the handle's class."""
    _, store = make()
    disguised = made(store)
    disguised.__class__ = cls
    for use in USES:
        with pytest.raises(TypeError):
            use(disguised)
    assert repr(disguised)
    if cls is Array:
        with pytest.raises(TypeError):
            memoryview(disguised)


def test_class_assigned_meanwhile() -> None:
    """The conversion of a field's value makes the struct an array."""
    _, store = make()
    struct = Struct(store, ints(), [1, 2])

    class Index:
        def __index__(self) -> int:
            struct.__class__ = Array  # type: ignore[assignment]
            return 5

    with pytest.raises(TypeError):
        struct[0] = Index()
    struct.__class__ = Struct
    assert list(struct) == [1, 2]


THROWS = """(module (tag $t (export "t") (param i32)) (func (export "f") (param i32) (throw $t (local.get 0))))"""


def test_finalizer_throws_while_an_exception_is_raised(strategy: str) -> None:
    """Python's collector runs while the Python object of an exception is made, and what it finalizes throws in the same store."""
    engine, store = make(strategy)
    throw = exports_of(engine, store, THROWS)["f"]
    thrown = []

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            try:
                throw(store, -1)
            except w.WasmException as error:
                thrown.append(error)

    gc.collect()
    threshold = gc.get_threshold()
    wrong = []
    try:
        for i in range(300):
            Cycle()
            gc.set_threshold(1 + i % 40)
            try:
                throw(store, i)
            except w.WasmException as error:
                if error.exnref.fields(store) != [i]:
                    wrong.append(i)
    finally:
        gc.set_threshold(*threshold)
    assert not wrong
    assert thrown


# A list of `n` numbers, kept in a global's sibling: the caller's stack; then garbage; the sum of the list. Columns of work: numbers, garbage per number.
LIST = """(module
  (type $node (struct (field i32) (field (ref null $node)))) (type $a (array (mut i32)))
  (func (export "sum") (param $n i32) (result i32) (local $l (ref null $node)) (local $i i32) (local $s i32) (local $b (ref null $a))
    (loop $build
      (local.set $l (struct.new $node (local.get $i) (local.get $l)))
      (local.set $b (array.new_default $a (i32.and (local.get $i) (i32.const 511))))
      (if (i32.and (local.get $i) (i32.const 511)) (then
        (local.set $s (i32.or (local.get $s) (array.get $a (local.get $b) (i32.const 0))))
        (array.set $a (local.get $b) (i32.const 0) (i32.const -1))))
      (br_if $build (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (loop $count
      (local.set $s (i32.add (local.get $s) (struct.get $node 0 (local.get $l))))
      (br_if $count (i32.eqz (ref.is_null (local.tee $l (struct.get $node 1 (local.get $l)))))))
    (local.get $s))
  (func (export "forever") (loop $l (drop (struct.new $node (i32.const -1) (struct.new $node (i32.const -1) (ref.null $node)))) (br $l))))"""


def total(n: int) -> int:
    return (n * (n - 1) // 2 + (1 << 31)) % (1 << 32) - (1 << 31)


def test_signal_handlers_that_allocate(strategy: str) -> None:
    """Every millisecond a handler makes objects, and has wasm make some, while wasm does: in the middle of its allocations."""
    engine, store = make(strategy)
    run = exports_of(engine, store, LIST)["sum"]
    kind = ints()
    kept: list[Any] = []
    wrong: list[Any] = []

    def handler(_number: int, _frame: Any) -> None:
        kept.append(w.StructRef(store, kind, [len(kept), 7]))
        if run(store, 50) != total(50):
            wrong.append(len(kept))
        if len(kept) > 100:
            wrong.extend(i for i, s in enumerate(kept) if s[1] != 7)
            kept.clear()

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        end = time.monotonic() + 2
        calls = 0
        while time.monotonic() < end:
            assert run(store, 20000) == total(20000)
            calls += len(kept)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert calls
    assert not wrong


def test_timeouts_in_an_allocating_loop(strategy: str) -> None:
    """200 calls are interrupted wherever they are; what they leave in the hole must not show in the next object."""
    engine, store = make(strategy)
    exports = exports_of(engine, store, LIST)
    for i in range(200):
        with pytest.raises(w.Trap):
            exports["forever"](store, timeout=0.0005)
        if i % 10 == 0:
            assert exports["sum"](store, 2000) == total(2000)
    store.gc()
    assert exports["sum"](store, 20000) == total(20000)
