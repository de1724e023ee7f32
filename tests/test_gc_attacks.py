"""Attacks on garbage-collected objects: handles whose class was changed, code that runs in the middle of things, signals, greenlets, timeouts."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
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
    for use in (lambda o: o.x, lambda o: (dir(o), o.type), lambda o: (o.__setattr__("x", 1), o.type)):
        with pytest.raises((TypeError, AttributeError)):
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
    w.StructRef(store, kind, [0, 7])  # Python itself gives a handler a module half made, when it comes during the module's first import
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


@pytest.mark.parametrize("type", ["(ref null noextern)", "(ref noextern)", "(ref null none)", "(ref null nofunc)", "(ref null noexn)"])
def test_bottom_types_have_no_values(type: str) -> None:
    """Compiled code takes what is of a type without values for null, or for not there."""
    engine, store = make()
    is_null = exports_of(engine, store, f'(module (tag) (func (export "f") (param {type}) (result i32) (ref.is_null (local.get 0))))')["f"]
    for value in (object(), 5, w.I31Ref(3), w.StructRef(store, ints(), [1, 2]), is_null):
        with pytest.raises(TypeError):
            is_null(store, value)
    if "null " in type:
        assert is_null(store, None) == 1


@pytest.mark.parametrize("stress", [False, True])
def test_exceptions_with_many_values(strategy: str, stress: bool) -> None:
    """Objects made by wasm and by the host have the same layout: the collector goes from one to the next by their sizes."""
    engine, store = make(strategy, stress)
    values = (("i32", "(i32.const 5)"), ("v128", "(v128.const i64x2 7 8)"), ("i64", "(i64.const 9)"), ("externref", "(ref.null extern)")) * 50
    types, operands = (" ".join(v[i] for v in values) for i in (0, 1))
    throw = exports_of(engine, store, f'(module (tag $t (param {types})) (func (export "f") (throw $t {operands})))')["f"]
    kept: list[Any] = []
    for _ in range(20):
        with pytest.raises(w.WasmException) as caught:
            throw(store)
        kept.append(caught.value.exnref)
        kept.append(w.ExnRef(store, kept[-1].tag(store), kept[-1].fields(store)))
        store.gc()
    assert all(e.fields(store) == [5, 8 << 64 | 7, 9, None] * 50 for e in kept)


GREENLETS = """
import sys
import greenlet
import wasm_facade as w
strategy = sys.argv[1]
config=w.Config(); config.strategy, config.cache = strategy, False; config.gc_stress = len(sys.argv)>2
e=w.Engine(config); s=w.Store(e); I32=w.ValType.i32()
wat='''(module (import "" "y" (func $y (param anyref) (result anyref))) (type $n (struct (field i32) (field (ref null $n)))) (type $h (struct (field anyref)))
 (func (export "f") (param $k i32) (result i32) (local $l (ref null $n)) (local $i i32) (local $s i32) (local $h (ref null $h))
  (loop $b (local.set $l (struct.new $n (local.get $i) (local.get $l)))
    (local.set $h (struct.new $h (call $y (local.get $l))))
    (local.set $s (i32.add (local.get $s) (struct.get $n 0 (ref.cast (ref $n) (struct.get $h 0 (local.get $h))))))
    (br_if $b (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $k))))
  (loop $c (local.set $s (i32.sub (local.get $s) (struct.get $n 0 (local.get $l))))
    (br_if $c (i32.eqz (ref.is_null (local.tee $l (struct.get $n 1 (local.get $l)))))))
  (local.get $s)))'''
main=greenlet.getcurrent(); kind=w.StructType([I32])
def y(r):
    w.StructRef(s,kind,[-1])
    g=greenlet.getcurrent()
    if g is not main: main.switch(0)
    return r
A=w.ValType.anyref()
x=w.Instance(s,w.Module(e,wat),[w.Func(s,w.FuncType([A],[A]),y)]).exports(s)["f"]
gs=[greenlet.greenlet(lambda k=k: x(s,k)) for k in range(1,40)]
live=set(gs); n=0; res=[]
while live:
    for g in list(live):
        r=g.switch(); n+=1
        if g.dead: live.discard(g); res.append(r)
        if n%7==0: assert x(s,20)==0; s.gc()
assert not any(res), res
assert x(s,300)==0
before=s.gc_stats()["collections"]; s.gc(); assert s.gc_stats()["collections"]==before+1
print("fine")
"""


@pytest.mark.parametrize("stress", [False, True])
def test_greenlets_that_allocate(strategy: str, stress: bool) -> None:
    """39 greenlets wait in the middle of wasm that holds a list, while others allocate and the host asks for collections."""
    environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":replace_intrin=0"}  # greenlets copy whole pieces of stacks
    command = [sys.executable, "-c", GREENLETS, strategy] + ["stress"] * stress
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
