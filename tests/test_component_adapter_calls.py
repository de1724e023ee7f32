"""What a call from component to component keeps when an adapter makes it: entering, leaving, post-return, traps, exceptions; as through C and as in wasmtime."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import wasmtime

import wasm_facade
import wasm_facade.component
from component_calls import Way, compiled, has_adapters, steps_of, ways, words
from wasm_environ.component.planning.plain import CORE_INSTANCE, LOWER
from wasm_vm import ComponentState

WAYS = ways()
ALL = pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
OURS_AND_C = pytest.mark.parametrize("way", WAYS[:3], ids=[way.name for way in WAYS[:3]])
OURS = pytest.mark.parametrize("way", WAYS[:2], ids=["native", "llvm"])
LEAVE, ENTER = "cannot leave component instance", "cannot enter component instance"


class Running:
    """An instance with functions to call; `host`: what the component's import `h` does, given this."""

    def __init__(self, way: Way, source: str, monkeypatch: pytest.MonkeyPatch, host: Any = None) -> None:
        self.way = way
        component = compiled(way, bytes(wasmtime.wat2wasm(source)), monkeypatch)
        self.store = way.api.Store(way.engine)
        linker = way.components.Linker(way.engine)
        if host is not None:
            with linker.root() as root:
                root.add_func("h", lambda store: host(self))
        self.instance = linker.instantiate(self.store, component)

    def call(self, name: str, *args: Any) -> Any:
        """The result, or the words of the trap."""
        function = self.instance.get_func(self.store, name)
        try:
            result = function(self.store, *args)
            function.post_return(self.store)
        except (wasm_facade.Trap, wasmtime.WasmtimeError, wasmtime.Trap) as error:
            return words(error)
        return result


# $A has functions of its own, and calls $B's `f`, by its own `g`. `h` is the host's.
TWO = """(component
  (import "h" (func $h (result u32)))
  (component $B
    (import "h" (func $h (result u32)))
    (core func $h (canon lower (func $h)))
    (core module $M
      (import "" "h" (func $h (result i32)))
      (global $calls (mut i32) (i32.const 0))
      (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
      (func (export "f") (param i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.eq (local.get 0) (i32.const 1)) (then (unreachable)))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (return (call $h))))
        (if (i32.eq (local.get 0) (i32.const 3)) (then (return (call $deep (local.get 0)))))
        (local.get 0))
      (func (export "calls") (result i32) (global.get $calls)))
    (core instance $m (instantiate $M (with "" (instance (export "h" (func $h))))))
    (func (export "f") (param "v" u8) (result u32) (canon lift (core func $m "f")))
    (func (export "calls") (result u32) (canon lift (core func $m "calls"))))
  (component $A
    (import "h" (func $h (result u32)))
    (import "f" (func $f (param "v" u8) (result u32)))
    (core func $h (canon lower (func $h)))
    (core func $f (canon lower (func $f)))
    (core module $M
      (import "" "h" (func $h (result i32))) (import "" "f" (func $f (param i32) (result i32)))
      (func (export "g") (param i32) (result i32) (call $f (local.get 0)))
      (func (export "host-then-g") (param i32) (result i32) (drop (call $h)) (call $f (local.get 0)))
      (func (export "post-f") (param i32) (drop (call $f (i32.const 9))))
      (func (export "self") (result i32) (i32.const 5)))
    (core instance $m (instantiate $M (with "" (instance (export "h" (func $h)) (export "f" (func $f))))))
    (func (export "g") (param "v" u32) (result u32) (canon lift (core func $m "g")))
    (func (export "host-then-g") (param "v" u32) (result u32) (canon lift (core func $m "host-then-g")))
    (func (export "posts") (param "v" u32) (result u32) (canon lift (core func $m "g") (post-return (core func $m "post-f"))))
    (func (export "self") (result u32) (canon lift (core func $m "self"))))
  (instance $b (instantiate $B (with "h" (func $h))))
  (instance $a (instantiate $A (with "h" (func $h)) (with "f" (func $b "f"))))
  (func (export "g") (alias export $a "g")) (func (export "host-then-g") (alias export $a "host-then-g"))
  (func (export "posts") (alias export $a "posts")) (func (export "self") (alias export $a "self"))
  (func (export "f") (alias export $b "f")) (func (export "calls") (alias export $b "calls")))"""


def nothing(running: Running) -> int:
    return 7


@ALL
def test_a_call_enters_and_leaves(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Again and again, and from Python in between: no flag stays behind."""
    running = Running(way, TWO, monkeypatch, nothing)
    assert [running.call("g", v) for v in (0, 0x1FF, 4, 2)] == [0, 0xFF, 4, 7]
    assert [running.call(name) for name in ("calls", "self")] == [4, 5]
    assert running.call("f", 200) == 200


@ALL
@pytest.mark.parametrize("cause", [1, 3])
def test_nobody_enters_after_a_trap(way: Way, cause: int, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(way, TWO, monkeypatch, nothing)
    assert running.call("g", cause) == ("wasm `unreachable` instruction executed" if cause == 1 else "call stack exhausted")
    assert [running.call(name, *args) for name, *args in (("g", 0), ("self",), ("f", 0), ("calls",))] == [ENTER] * 4


@OURS_AND_C
@pytest.mark.parametrize("name", ["f", "calls", "g", "self"])
def test_the_host_cannot_enter_who_called_it(way: Way, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From Python by A to B by an adapter to Python: both are entered. (wasmtime 50 lets it.)"""
    found = []

    def back(running: Running) -> int:
        found.append(running.call(name, *((0,) if name in "fg" else ())))
        return 0

    running = Running(way, TWO, monkeypatch, back)
    running.call("g", 2)
    assert found == [ENTER]


@OURS_AND_C
def test_a_guest_that_goes_on_after_a_trap_enters_nobody(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the public API leads there: whoever calls A has entered the root, so that no other call can trap meanwhile."""
    running = Running(way, TWO, monkeypatch, lambda running: running.instance._fail() or 0)
    assert running.call("host-then-g", 0) == ENTER


@ALL
def test_post_return_cannot_leave(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(way, TWO, monkeypatch, nothing)
    assert running.call("posts", 0) == LEAVE


# $C calls $B by an adapter, whose post-return is what leaves: by another adapter, to $A.
POSTS = """(component
  (component $A (core module $M (func (export "f"))) (core instance $m (instantiate $M)) (func (export "f") (canon lift (core func $m "f"))))
  (component $B
    (import "f" (func $f)) (core func $f (canon lower (func $f)))
    (core module $M (import "" "f" (func $f))
      (func (export "g") (param i32) (result i32) (call $f) (local.get 0))
      (func (export "post") (param i32) (if (local.get 0) (then (call $f)))))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
    (func (export "g") (param "v" u8) (result u8) (canon lift (core func $m "g") (post-return (core func $m "post")))))
  (component $C
    (import "g" (func $g (param "v" u8) (result u8))) (core func $g (canon lower (func $g)))
    (core module $M (import "" "g" (func $g (param i32) (result i32))) (func (export "run") (param i32) (result i32) (call $g (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "g" (func $g))))))
    (func (export "run") (param "v" u8) (result u8) (canon lift (core func $m "run"))))
  (instance $a (instantiate $A))
  (instance $b (instantiate $B (with "f" (func $a "f"))))
  (instance $c (instantiate $C (with "g" (func $b "g"))))
  (func (export "run") (alias export $c "run")))"""


@OURS_AND_C
def test_post_return_of_an_adapter_cannot_leave(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """And may_leave is on again after it. CanonicalABI.md: canon_lift. (wasmtime 50 lets it leave.)"""
    running = Running(way, POSTS, monkeypatch)
    assert [running.call("run", v) for v in (0, 0, 1, 0)] == [0, 0, LEAVE, ENTER]


# A parent's function is called by its child, which its parent calls: what surrounds the caller is not entered.
FAMILY = """(component $P
  (core module $Leaf (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
  (core instance $leaf (instantiate $Leaf))
  (func $own (param "v" u8) (result u8) (canon lift (core func $leaf "f")))
  (component $Child
    (import "own" (func $own (param "v" u8) (result u8))) (core func $own (canon lower (func $own)))
    (core module $M (import "" "own" (func $own (param i32) (result i32))) (func (export "g") (param i32) (result i32) (call $own (call $own (local.get 0)))))
    (core instance $m (instantiate $M (with "" (instance (export "own" (func $own))))))
    (func (export "g") (param "v" u8) (result u8) (canon lift (core func $m "g"))))
  (instance $child (instantiate $Child (with "own" (func $own))))
  (core func $g (canon lower (func $child "g")))
  (core func $own-again (canon lower (func $own)))
  (core module $M
    (import "" "g" (func $g (param i32) (result i32))) (import "" "own" (func $own (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (call $own (call $g (local.get 0)))))
  (core instance $m (instantiate $M (with "" (instance (export "g" (func $g)) (export "own" (func $own-again))))))
  (func (export "run") (param "v" u8) (result u8) (canon lift (core func $m "run")))
  (func (export "g") (alias export $child "g")))"""


@OURS_AND_C
def test_parents_and_children(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """CanonicalABI.md: entering_set. (wasmtime 50 does not enter a parent from its child.)"""
    running = Running(way, FAMILY, monkeypatch)
    assert [running.call(name, v) for name, v in (("run", 1), ("g", 254), ("run", 2))] == [4, 0, 5]


# A parent's function calls by a table what its parent puts there last: the child's function, which may be running.
AGAIN = """(component $P
  (core module $Leaf
    (type $t (func (param i32) (result i32)))
    (table (export "table") 1 funcref)
    (func (export "back") (param i32) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (core instance $leaf (instantiate $Leaf))
  (func $back (param "v" u8) (result u8) (canon lift (core func $leaf "back")))
  (component $Child
    (import "back" (func $back (param "v" u8) (result u8))) (core func $back (canon lower (func $back)))
    (core module $M (import "" "back" (func $back (param i32) (result i32)))
      (func (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $back (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))))
    (core instance $m (instantiate $M (with "" (instance (export "back" (func $back))))))
    (func (export "f") (param "v" u8) (result u8) (canon lift (core func $m "f"))))
  (instance $child (instantiate $Child (with "back" (func $back))))
  (core func $f (canon lower (func $child "f")))
  (core module $Last (import "" "f" (func $f (param i32) (result i32))) (import "" "table" (table 1 funcref)) (elem (i32.const 0) func $f))
  (core instance (instantiate $Last (with "" (instance (export "f" (func $f)) (export "table" (table $leaf "table"))))))
  (func (export "run") (param "v" u8) (result u8) (canon lift (core func $leaf "back"))))"""


@OURS_AND_C
def test_nobody_is_entered_twice(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent calls the child, which calls the parent, which calls the child. (wasmtime 50 lets it.)"""
    running = Running(way, AGAIN, monkeypatch)
    assert [running.call("run", v) for v in (0, 0, 1, 0)] == [7, 7, ENTER, ENTER]


# Functions that are lifted from lowered ones; a component that is instantiated twice; nested instances that are entered together.
CHAIN = """(component
  (component $Inner
    (core module $M (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
    (core instance $m (instantiate $M))
    (func (export "f") (param "v" u8) (result u8) (canon lift (core func $m "f"))))
  (component $Wrap
    (import "f" (func $f (param "v" u8) (result u8)))
    (component $Nested
      (import "f" (func $f (param "v" u8) (result u8))) (core func $f (canon lower (func $f)))
      (func (export "f") (param "v" u8) (result u8) (canon lift (core func $f))))
    (instance $n (instantiate $Nested (with "f" (func $f))))
    (export "f" (func $n "f")))
  (instance $i (instantiate $Inner))
  (instance $w1 (instantiate $Wrap (with "f" (func $i "f"))))
  (instance $w2 (instantiate $Wrap (with "f" (func $w1 "f"))))
  (func (export "f") (alias export $w2 "f")))"""


@ALL
def test_chains(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(way, CHAIN, monkeypatch)
    assert [running.call("f", v) for v in (1, 255)] == [2, 0]


def test_equal_adapters_are_one_module() -> None:
    """$w1 calls $i, and $w2 calls both nested instances of $w1: two modules. $Inner's is the third."""
    way = WAYS[0]
    component = way.components.Component(way.engine, bytes(wasmtime.wat2wasm(CHAIN)))
    assert len(component._loaded.modules) == 3
    assert steps_of(component).count(CORE_INSTANCE) == 3


# A callee with the given built-in; signatures that need C.
CONTEXT = """(component
  (component $B
    (core func $get (canon context.get i32 0)) (core func $set (canon context.set i32 0))
    (core module $M (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
      (func (export "f") (param i32) (result i32) (call $get) (call $set (local.get 0)) (i32.add (call $get))))
    (core instance $m (instantiate $M (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
    (func (export "f") (param "v" u32) (result u32) (canon lift (core func $m "f"))))
  (component $A
    (import "f" (func $f (param "v" u32) (result u32))) (core func $f (canon lower (func $f)))
    (core module $M (import "" "f" (func $f (param i32) (result i32))) (func (export "g") (param i32) (result i32) (call $f (call $f (local.get 0)))))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
    (func (export "g") (param "v" u32) (result u32) (canon lift (core func $m "g"))))
  (instance $b (instantiate $B)) (instance $a (instantiate $A (with "f" (func $b "f"))))
  (func (export "g") (alias export $a "g")))"""


def test_whoever_asks_for_its_task_has_one() -> None:
    """A context is a call's own: 0 at its beginning."""
    way = WAYS[0]
    component = way.components.Component(way.engine, bytes(wasmtime.wat2wasm(CONTEXT)))
    assert not has_adapters(component)
    store = way.api.Store(way.engine)
    function = way.components.Linker(way.engine).instantiate(store, component).get_func(store, "g")
    assert function(store, 3) == 3


TYPED = """(component
  (component $B
    (core module $M (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 64)) (func (export "f") (param {flat})))
    (core instance $m (instantiate $M))
    (func (export "f") (param "v" {type}) (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "r")))))
  (component $A
    (import "f" (func $f (param "v" {type})))
    (core module $N (memory (export "m") 1))
    (core instance $n (instantiate $N))
    (core func $f (canon lower (func $f) (memory (core memory $n "m"))))
    (core module $M (import "" "f" (func $f (param {flat}))) (func (export "g") (call $f {args})))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
    (func (export "g") (canon lift (core func $m "g"))))
  (instance $b (instantiate $B)) (instance $a (instantiate $A (with "f" (func $b "f"))))
  (func (export "g") (alias export $a "g")))"""


def nested(type: str, levels: int) -> str:
    for _ in range(levels):
        type = f"(result {type} (error {type}))"
    return type


# Columns: type, how many core values of i32, whether there is an adapter.
LIMITS = (
    ("u8", 1, True), ("string", 2, False), ("(list u8)", 2, False), ("(option (tuple u8 string))", 4, False),
    ("(tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8)", 16, True), ("(tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8)", 1, False),
    (nested("u8", 4), 5, True), (nested("u8", 8), 9, False),  # 2 ** 8 ways
)  # fmt: skip


@OURS
@pytest.mark.parametrize(("type", "flat", "adapted"), LIMITS, ids=[str(i) for i in range(len(LIMITS))])
def test_what_has_an_adapter(way: Way, type: str, flat: int, adapted: bool) -> None:
    source = TYPED.format(type=type, flat=" ".join(["i32"] * flat), args="(i32.const 0)" * flat)
    component = way.components.Component(way.engine, bytes(wasmtime.wat2wasm(source)))
    assert has_adapters(component) == adapted
    assert (LOWER in steps_of(component)) != adapted
    store = way.api.Store(way.engine)
    way.components.Linker(way.engine).instantiate(store, component).get_func(store, "g")(store)


@pytest.mark.parametrize("feature", ["exceptions", "sign_extension", "mutable_global"])
def test_no_adapters_without_what_they_are_made_of(feature: str) -> None:
    config = wasm_facade.Config()
    config.cache = False
    setattr(config, f"wasm_{feature}", False)
    engine = wasm_facade.Engine(config)
    component = wasm_facade.component.Component(engine, bytes(wasmtime.wat2wasm(CHAIN)))
    assert not has_adapters(component)
    store = wasm_facade.Store(engine)
    function = wasm_facade.component.Linker(engine).instantiate(store, component).get_func(store, "f")
    assert function is not None
    assert function(store, 1) == 2


@OURS
def test_backtraces_name_adapters_and_callers(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(way, TWO, monkeypatch, nothing)
    with pytest.raises(wasm_facade.Trap) as caught:
        running.instance.get_func(running.store, "g")(running.store, 1)
    assert [(frame.module_name, frame.func_name) for frame in caught.value.frames] == [("M", None), ("component adapter", None), ("M", None)]


@OURS
def test_an_instance_goes_with_its_adapters(way: Way) -> None:
    component = way.components.Component(way.engine, bytes(wasmtime.wat2wasm(CHAIN)))
    linker = way.components.Linker(way.engine)
    gone = []
    for _ in range(3):
        store = way.api.Store(way.engine)
        function = linker.instantiate(store, component).get_func(store, "f")
        assert function(store, 1) == 2
        gone.append(weakref.ref(store))
        del store, function
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


def test_flags_of_the_core() -> None:
    """They are the state's, which is the store's: whoever has one keeps the store, and a closed store answers for none."""
    engine = wasm_facade.Engine()
    store = wasm_facade.Store(engine)
    program = wasm_facade.component.Component(engine, bytes(wasmtime.wat2wasm(CHAIN)))._loaded.program
    state = ComponentState(store, program, bytes(4) + bytes(4), 0)
    flags = {which: state.flag(1, which) for which in range(3)}
    assert [flag.value(store) for flag in flags.values()] == [1, 0, 0]
    assert [state.flag(0, which) == flag for which, flag in flags.items()] == [False, False, True]
    for instance, which in ((2, 0), (0, 3), (1 << 31, 0)):
        with pytest.raises(IndexError, match="no such component instance or flag"):
            state.flag(instance, which)
    with pytest.raises(TypeError, match="an environ FuncType"):
        state.adapter_trap(None)
    store.close()
    with pytest.raises(wasm_facade.WasmtimeError, match="closed"):
        flags[0].value(store)
    with pytest.raises(wasm_facade.WasmtimeError, match="closed"):
        state.flag(0, 0)
