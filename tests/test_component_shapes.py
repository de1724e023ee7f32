"""Typed functions: values as objects of a program's own classes, whatever these classes do; what is no class for a type is refused."""

from __future__ import annotations

import dataclasses
import enum
import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from wasm_facade import Engine, Instance, Module, Store
from wasm_facade.component import Component, Linker, Variant
from wasm_facade.component.binding import bind
from wasm_facade.component.typed import Err, Ok, Some
from wasm_vm import WasmError

WAT = """(component
  (type $p' (record (field "a" s32) (field "from" s32)))
  (export $p "p" (type $p'))
  (type $s' (variant (case "none") (case "circle" f64) (case "point" $p)))
  (export $s "s" (type $s'))
  (type $e' (enum "red" "dark-blue"))
  (export $e "e" (type $e'))
  (type $f' (flags "read" "write"))
  (export $f "f" (type $f'))
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (memory (export "memory") 10)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "rec") (param i32 i32) (result i32) (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
    (func (export "var") (param i32 i64 i32) (result i32)
      (i32.store8 (i32.const 64) (local.get 0)) (i64.store (i32.const 72) (local.get 1))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (i32.store (i32.const 72) (i32.wrap_i64 (local.get 1))) (i32.store (i32.const 76) (local.get 2))))
      (i32.const 64))
    (func (export "id") (param i32) (result i32) (local.get 0))
    (func (export "opt") (param i32 i32 i32) (result i32)
      (i32.store8 (i32.const 0) (local.get 0)) (i32.store8 (i32.const 4) (local.get 1)) (i32.store (i32.const 8) (local.get 2)) (i32.const 0))
    (func (export "res") (param i32) (result i32) (i32.store8 (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (i32.const 7)) (i32.const 0))
    (func (export "make") (result i32) (call $new (i32.const 5)))
    (func (export "rep") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
  (func (export "rec") (param "v" $p) (result $p) (canon lift (core func $m "rec") (memory (core memory $m "memory"))))
  (func (export "var") (param "v" $s) (result $s) (canon lift (core func $m "var") (memory (core memory $m "memory"))))
  (func (export "enum") (param "v" $e) (result $e) (canon lift (core func $m "id")))
  (func (export "flags") (param "v" $f) (result $f) (canon lift (core func $m "id")))
  (func (export "opt") (param "v" (option (option u32))) (result (option (option u32))) (canon lift (core func $m "opt") (memory (core memory $m "memory"))))
  (func (export "res") (param "v" bool) (result (result u32 (error u32))) (canon lift (core func $m "res") (memory (core memory $m "memory"))))
  (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
  (func (export "rep") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "rep"))))"""


@dataclasses.dataclass(slots=True)
class P:
    a: int
    from_: int


@dataclasses.dataclass(slots=True)
class Nothing:
    pass


@dataclasses.dataclass(slots=True)
class Circle:
    value: float


@dataclasses.dataclass(slots=True)
class Point:
    value: P


class E(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark-blue"


class F(enum.Flag):
    READ = 1
    WRITE = 2


CLASSES: dict[tuple[str, ...], Any] = {("p",): P, ("s",): (Nothing, Circle, Point), ("e",): E, ("f",): F}


def typed(classes: dict[tuple[str, ...], Any] = CLASSES) -> SimpleNamespace:
    """The functions of a new instance, bound to classes and to its store."""
    engine = Engine()
    component = Component(engine, WAT)
    bind(component, classes, {})
    store = Store(engine)
    exports = Linker(engine).instantiate(store, component).exports(store)
    for name, item in exports.items():
        if name != "r":
            item._typed = True
    functions = {name: item for name, item in exports.items() if name != "r"}
    called = {name: (lambda *args, function=function: function(store, *args)) for name, function in functions.items()}
    return SimpleNamespace(store=store, functions=functions, component=component, type=exports["r"], **called)


VALUES = [
    ("rec", P(1, -2)), ("var", Nothing()), ("var", Circle(0.5)), ("var", Point(P(3, 4))), ("enum", E.RED), ("enum", E.DARK_BLUE), ("flags", F(0)), ("flags", F.READ),
    ("flags", F.READ | F.WRITE), ("opt", None), ("opt", Some(None)), ("opt", Some(7)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), VALUES, ids=range(len(VALUES)))
def test_values(name: str, value: Any) -> None:
    found = getattr(typed(), name)(value)
    assert found == value
    assert type(found) is type(value)


def test_results() -> None:
    t = typed()
    assert t.res(False) == 7
    with pytest.raises(Err) as info:
        t.res(True)
    assert (type(info.value), info.value.value, info.value.payload) == (Err, 7, 7)
    t.functions["res"]._typed = False
    assert t.functions["res"](t.store, False) == Variant("ok", 7)


# ---- classes that do as they please


class Called:
    """Not of slots: it is called."""

    __match_args__ = ("a", "b")

    def __init__(self, a: int, b: int) -> None:
        self.a, self.b = a, b


@dataclasses.dataclass(slots=True)
class After:
    a: int
    b: int

    def __post_init__(self) -> None:
        self.a += 1000


class Made:
    """Of slots, but with a __new__ of its own."""

    __slots__ = ("a", "b")
    __match_args__ = ("a", "b")

    def __new__(cls, a: int, b: int) -> Made:
        made: Any = super().__new__(cls)
        made.a, made.b = a * 2, b
        found: Made = made
        return found


class Begun:
    """Of slots, but with an __init__ of its own, which must have run: also that of a class above."""

    __slots__ = ("a", "b")
    __match_args__ = ("a", "b")

    def __init__(self, a: int, b: int) -> None:
        self.a, self.b = a + 100, b


class Below(Begun):
    __slots__ = ()


@dataclasses.dataclass(slots=True)
class Kept:
    """`dataclass` leaves an __init__ that is there."""

    a: int
    b: int

    def __init__(self, a: int, b: int) -> None:
        self.a, self.b = a + 100, b


class Base:
    __slots__ = ("a",)


class Inherited(Base):
    __slots__ = ("b",)
    __match_args__ = ("a", "b")


class Computed:
    """A field that is no slot."""

    __match_args__ = ("a", "b")
    b = 7

    def __init__(self, a: int, b: int) -> None:
        self.c = a

    @property
    def a(self) -> int:
        return self.c + 1


def inherited(a: int, b: int) -> Inherited:
    made: Any = Inherited()
    made.a, made.b = a, b
    found: Inherited = made
    return found


# Class, object, attributes a and b of what comes back.
KINDS: list[tuple[type, Any, tuple[int, int]]] = [
    (Called, Called(1, 2), (1, 2)), (After, After(1, 2), (2001, 2)), (Made, Made(1, 2), (4, 2)), (Begun, Begun(1, 2), (201, 2)), (Below, Below(1, 2), (201, 2)), (Kept, Kept(1, 2), (201, 2)),
    (Inherited, inherited(1, 2), (1, 2)), (Computed, Computed(1, 2), (3, 7)),
]  # fmt: skip


@pytest.mark.parametrize(("cls", "value", "fields"), KINDS, ids=[kind[0].__name__ for kind in KINDS])
def test_kinds_of_classes(cls: type, value: Any, fields: tuple[int, int]) -> None:
    found: Any = typed({**CLASSES, ("p",): cls}).rec(value)
    kind: type = type(found)
    assert kind is cls
    assert (found.a, found.b) == fields


class Refuses:
    __match_args__ = ("a", "b")

    def __init__(self, a: int, b: int) -> None:
        raise ZeroDivisionError("mine")


def test_exceptions_of_classes() -> None:
    t = typed({**CLASSES, ("p",): Refuses})
    with pytest.raises(ZeroDivisionError, match="mine"):
        t.rec({"a": 1, "from": 2})
    empty = P(1, 2)
    del empty.a
    with pytest.raises(AttributeError, match="argument 1: "):
        typed().rec(empty)
    with pytest.raises(AttributeError, match="argument 1: a record has a field 'a', Circle has none"):
        typed().rec(Circle(1.0))


def test_a_class_that_lost_its_slots() -> None:
    """What is bound is where slots are, not what they are called now."""

    @dataclasses.dataclass(slots=True)
    class Lost:
        a: int
        b: int

    t = typed({**CLASSES, ("p",): Lost})
    value = Lost(1, 2)
    of: Any = Lost
    del of.a
    of.b = 9
    assert isinstance(t.rec(value), Lost)


LISTED = """(component
  (type $p' (record (field "a" s32))) (export $p "p" (type $p'))
  (type $q' (record (field "x" $p) (field "y" $p))) (export $q "q" (type $q'))
  (core module $M
    (memory (export "memory") 1)
    (func (export "some") (result i32) (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 2)) (i32.const 0))
    (func (export "none") (result i32) (i64.store (i32.const 0) (i64.const 0)) (i32.const 0))
    (func (export "at") (result i32) (i32.const 64)))
  (core instance $m (instantiate $M))
  (func (export "some") (result (list $p)) (canon lift (core func $m "some") (memory (core memory $m "memory"))))
  (func (export "none") (result (list $p)) (canon lift (core func $m "none") (memory (core memory $m "memory"))))
  (func (export "pair") (result (tuple $p $p)) (canon lift (core func $m "at") (memory (core memory $m "memory"))))
  (func (export "record") (result $q) (canon lift (core func $m "at") (memory (core memory $m "memory")))))"""


@pytest.mark.parametrize("name", ["some", "pair", "record"])
def test_nobody_finds_what_is_half_made(name: str) -> None:
    """A class's code goes through all that the collector knows, while a list, tuple or fields are filled with its objects."""
    seen: list[int] = []

    class One:
        __match_args__ = ("a",)

        def __init__(self, a: int) -> None:
            seen.append(sum([found[-1] is self for found in gc.get_objects() if type(found) in (list, tuple) and len(found) == 2]))

    class Two:
        __match_args__ = ("x", "y")

        def __init__(self, x: One, y: One) -> None:
            pass

    engine = Engine()
    component = Component(engine, LISTED)
    bind(component, {("p",): One, ("q",): Two}, {})
    store = Store(engine)
    instance = Linker(engine).instantiate(store, component)
    found = []
    for function in (instance.get_func(store, name), instance.get_func(store, "none")):
        assert function is not None
        function._typed = True
        found.append(function(store))
    assert seen == [0, 0]
    assert name == "record" or gc.is_tracked(found[0])
    assert found[1] == []
    assert gc.is_tracked(found[1])


def test_nobody_finds_half_a_list_of_results() -> None:
    """Of a core function: making its items starts collections."""
    seen: list[int] = []

    def look(phase: str, info: dict[str, int]) -> None:
        seen.append(sum([found[-1] is None for found in gc.get_objects() if type(found) is list and len(found) == 2]))

    store = Store(Engine())
    source = '(module (func $f) (elem declare func $f) (func (export "g") (result funcref funcref) (ref.func $f) (ref.func $f)))'
    function: Any = Instance(store, Module(store.engine, source), []).exports(store)["g"]
    threshold = gc.get_threshold()
    gc.callbacks.append(look)
    gc.set_threshold(1)
    try:
        found = [function(store) for _ in range(10)]
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(look)
    assert seen
    assert all(gc.is_tracked(two) and len(two) == 2 for two in found)


def test_objects_that_act_when_they_die() -> None:
    """A finalizer that runs while values are made calls, collects, and closes the store."""
    acts: list[str] = []

    class Dying:
        __slots__ = ("a", "b")
        __match_args__ = ("a", "b")

        def __del__(self) -> None:
            acts.append("died")
            gc.collect()
            if len(acts) == 3:
                t.store.close()

    t = typed({**CLASSES, ("p",): Dying})
    for n in range(3):
        t.rec({"a": n, "from": n})  # the third takes the store with it when it goes
    with pytest.raises(Exception, match="closed"):
        t.rec({"a": 1, "from": 1})
    assert len(acts) == 3


# ---- what is no class for a type


class NoTuple:
    __match_args__: Any = ["a", "b"]  # noqa: RUF012 # to be refused


class NoNames:
    __match_args__: Any = (1, 2)


class Plain:
    pass


REFUSED: list[tuple[tuple[str, ...], Any, type[Exception], str]] = [
    (("p",), 3, TypeError, "expected a class, not int"), (("p",), Plain, AttributeError, "__match_args__"), (("p",), NoTuple, TypeError, "__match_args__ is no tuple of str"),
    (("p",), NoNames, TypeError, "__match_args__ is no tuple of str"), (("p",), Circle, TypeError, "has 1 fields, not 2"),
    (("s",), (Nothing, Circle), ValueError, "a node that takes 3 classes, not 2"), (("s",), (Circle, Circle, Point), TypeError, "has 1 fields, not 0"),
    (("e",), (E.RED,), ValueError, "a node that takes 2 classes, not 1"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "given", "exception", "words"), REFUSED, ids=range(len(REFUSED)))
def test_refused(path: tuple[str, ...], given: Any, exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words):
        typed({**CLASSES, path: given})


def test_a_type_without_a_class() -> None:
    with pytest.raises(WasmError, match=r'^no class was given for the type \(enum "red" "dark-blue"\)$'):
        typed({path: found for path, found in CLASSES.items() if path != ("e",)})


def test_bound_once() -> None:
    t = typed()
    with pytest.raises(ValueError, match="the type is bound already"):
        bind(t.component, CLASSES, {})


@pytest.mark.parametrize("classes", [(), (P,), (P, P), (object,), (int, str, float), (Ok, Err), (Ok, P), (None,) * 3, (E.RED, E.RED)], ids=range(9))
def test_any_node_with_anything(classes: tuple[Any, ...]) -> None:
    """Each node bound to what is no class of it is refused, or works."""
    engine = Engine()
    component = Component(engine, WAT)
    program = component._loaded.program
    for node in range(40):
        try:
            program.bind(node, classes)
        except (ValueError, TypeError, AttributeError, IndexError):
            pass
    store = Store(engine)
    exports = Linker(engine).instantiate(store, component).exports(store)
    for name in ("rec", "var", "enum", "flags", "opt", "res"):
        exports[name]._typed = True
        for value in (P(1, 2), Circle(1.0), E.RED, F.READ, None, Some(1), 3, True, Variant("circle", 1.0), "red"):
            try:
                exports[name](store, value)
            except Exception as error:
                assert not isinstance(error, SystemError), error  # noqa: PT017 # any other will do


# ---- resources


class Handle:
    __slots__ = ("context", "handle")
    __handle_args__ = ("handle", "context")
    context: Any
    handle: Any


def test_resources() -> None:
    t = typed()
    context = object()
    t.type._bind(Handle, context)
    made = t.make()
    assert (type(made), made.context) == (Handle, context)
    assert t.rep(made) == t.rep(made.handle) == 5
    made.handle = 3
    with pytest.raises(TypeError, match="argument 1: expected a ResourceAny of"):
        t.rep(made)
    del made.handle
    with pytest.raises(AttributeError, match="handle"):
        t.rep(made)
    with pytest.raises(ValueError, match="the type is bound already"):
        t.type._bind(Handle, context)
    t.functions["make"]._typed = False
    assert type(t.make()).__name__ == "ResourceAny"


class OneField:
    __handle_args__ = ("handle",)


def test_classes_that_hold_no_handle() -> None:
    t = typed()
    for cls, exception in ((OneField, ValueError), (Plain, AttributeError), (3, TypeError)):
        with pytest.raises(exception):
            t.type._bind(cls, None)


def test_all_of_it_goes() -> None:
    """A class that refers to the component that is bound to it is collected with it, and so is a context that refers to its instance."""

    @dataclasses.dataclass(slots=True)
    class Cyclic:
        a: int
        b: int

    t = typed({**CLASSES, ("p",): Cyclic})
    Cyclic.owner = t  # type: ignore[attr-defined]
    t.type._bind(type("Mine", (Handle,), {"__slots__": (), "owner": t}), t)
    t.rec(Cyclic(1, 2))
    t.make()
    gone = weakref.ref(Cyclic), weakref.ref(t.component)
    del t, Cyclic
    for _ in range(3):
        gc.collect()
    assert [reference() for reference in gone] == [None, None]
