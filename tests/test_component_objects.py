"""Python's objects as resources, at random beside a model: handles given, lent, dropped and handed back, by guests that keep many of one object."""

from __future__ import annotations

import random
import weakref
from collections import Counter
from typing import Any

import pytest

import wasm_facade
from wasm_facade import component as c

# Handles of the guest are numbers to Python too: `take` says which one it got.
GUEST = """(component
  (import "demo:things/types" (instance $t
    (export "thing" (type $thing (sub resource)))
    (export "other" (type $other (sub resource)))
    (export "[method]thing.id" (func (param "self" (borrow $thing)) (result u32)))
    (export "[method]other.id" (func (param "self" (borrow $other)) (result u32)))
    (export "give" (func (param "t" (own $thing))))))
  (alias export $t "thing" (type $thing))
  (alias export $t "other" (type $other))
  (core func $id (canon lower (func $t "[method]thing.id")))
  (core func $give (canon lower (func $t "give")))
  (core func $drop (canon resource.drop $thing))
  (core func $drop-other (canon resource.drop $other))
  (core module $M
    (import "" "id" (func $id (param i32) (result i32)))
    (import "" "give" (func $give (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "drop-other" (func $drop-other (param i32)))
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "id") (param i32) (result i32) (call $id (local.get 0)))
    (func (export "give") (param i32) (call $give (local.get 0)))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "drop-other") (param i32) (call $drop-other (local.get 0)))
    (func (export "lent") (param i32) (result i32) (local i32)
      (local.set 1 (call $id (local.get 0))) (call $drop (local.get 0)) (local.get 1)))
  (core instance $m (instantiate $M (with "" (instance
    (export "id" (func $id)) (export "give" (func $give)) (export "drop" (func $drop)) (export "drop-other" (func $drop-other))))))
  (export $thing' "thing" (type $thing))
  (export $other' "other" (type $other))
  (func (export "take") (param "t" (own $thing')) (result u32) (canon lift (core func $m "same")))
  (func (export "take-other") (param "t" (own $other')) (result u32) (canon lift (core func $m "same")))
  (func (export "return") (param "h" u32) (result (own $thing')) (canon lift (core func $m "same")))
  (func (export "id") (param "h" u32) (result u32) (canon lift (core func $m "id")))
  (func (export "lent") (param "t" (borrow $thing')) (result u32) (canon lift (core func $m "lent")))
  (func (export "give") (param "h" u32) (canon lift (core func $m "give")))
  (func (export "drop") (param "h" u32) (canon lift (core func $m "drop")))
  (func (export "drop-other") (param "h" u32) (canon lift (core func $m "drop-other"))))"""


class Thing:
    def __init__(self, number: int) -> None:
        self.number = number

    def id(self) -> int:
        return self.number


class Things:
    """The host, and the model: what guests own of which type, and what was left."""

    def __init__(self, engine: wasm_facade.Engine) -> None:
        self.left: list[tuple[str, Thing]] = []
        self.given: list[Thing] = []
        linker = c.Linker(engine)
        linker.resource("demo:things/types", "thing", Thing, drop=lambda thing: self.left.append(("thing", thing)))
        linker.resource("demo:things/types", "other", Thing, drop=lambda thing: self.left.append(("other", thing)))
        linker.implement("demo:things/types", self)
        self.store = wasm_facade.Store(engine)
        self.instance = linker.instantiate(self.store, c.Component(engine, GUEST))

    def give(self, thing: Thing) -> None:
        self.given.append(thing)

    def call(self, name: str, *args: Any) -> Any:
        func: Any = self.instance.get_func(self.store, name)
        return func(self.store, *args)


@pytest.fixture(scope="module")
def engine() -> wasm_facade.Engine:
    return wasm_facade.Engine()


@pytest.mark.parametrize("seed", range(4))
def test_handles_and_objects_agree_with_a_model(engine: wasm_facade.Engine, seed: int) -> None:
    rng = random.Random(seed)
    host = Things(engine)
    things = [Thing(number) for number in range(60)]
    handles: dict[int, tuple[str, Thing]] = {}
    owns: Counter[tuple[str, int]] = Counter()
    left: list[tuple[str, Thing]] = []

    def take(kind: str, thing: Thing) -> None:
        handle = host.call("take" if kind == "thing" else "take-other", thing)
        assert handle not in handles
        handles[handle] = kind, thing
        owns[kind, thing.number] += 1

    def gone(handle: int, is_dropped: bool) -> None:
        kind, thing = handles.pop(handle)
        owns[kind, thing.number] -= 1
        if is_dropped and not owns[kind, thing.number]:
            left.append((kind, thing))

    for _ in range(1500):
        thing = rng.choice(things)
        mine = [handle for handle, (kind, _) in handles.items() if kind == "thing"]
        action = rng.randrange(8)
        if action < 3 or not mine:
            take(rng.choice(("thing", "thing", "other")), thing)
        elif action == 3:
            assert host.call("lent", thing) == thing.number
        elif action == 4:
            handle = rng.choice(mine)
            assert host.call("return", handle) is handles[handle][1]
            gone(handle, False)
        elif action == 5:
            handle = rng.choice(mine)
            assert host.call("id", handle) == handles[handle][1].number
            host.call("give", handle)
            assert host.given.pop() is handles[handle][1]
            gone(handle, False)
        else:
            handle = rng.choice(list(handles))
            host.call("drop" if handles[handle][0] == "thing" else "drop-other", handle)
            gone(handle, True)
        assert host.left == left
    kept = {thing.number for _, thing in handles.values()}
    left.clear()
    host.left.clear()
    refs = [(thing.number, weakref.ref(thing)) for thing in things]
    del things, thing
    handles.clear()
    assert {number for number, ref in refs if ref() is not None} == kept
    host.store.close()
    assert [ref for _, ref in refs if ref() is not None] == []


@pytest.mark.parametrize(("limits", "most"), [({}, 100_000), ({"handles": 100_100}, 100_100)])
def test_objects_that_guests_hold_are_limited(engine: wasm_facade.Engine, limits: dict[str, int], most: int) -> None:
    """Each can be as large as the host makes it: a guest that asks for more and more of them is stopped."""
    things = Things(engine)
    things.store.set_limits(**limits)
    for number in range(most):
        things.call("take", Thing(number))
    with pytest.raises(wasm_facade.Trap, match=f"too many (objects of the host held by guests|handles in .*): there may be {most}"):
        things.call("take", Thing(-1))


def test_a_handle_that_is_not_there_is_a_trap(engine: wasm_facade.Engine) -> None:
    for name, handle in (("drop", 1), ("return", 7), ("id", 0)):
        with pytest.raises(wasm_facade.Trap, match=f"unknown handle index {handle}"):
            Things(engine).call(name, handle)
    host = Things(engine)
    handle = host.call("take", Thing(1))
    with pytest.raises(wasm_facade.Trap, match="used with the wrong type"):
        host.call("drop-other", handle)


def test_what_drop_raises_surfaces(engine: wasm_facade.Engine) -> None:
    error = OSError("disk full")

    class Leaves(Thing):
        def __enter__(self) -> Leaves:
            return self

        def __exit__(self, *exc: object) -> None:
            raise error

    host = Things(engine)
    linker = c.Linker(engine)
    linker.resource("demo:things/types", "thing", Leaves)
    linker.resource("demo:things/types", "other", Leaves)
    linker.implement("demo:things/types", host)
    host.instance = linker.instantiate(host.store, c.Component(engine, GUEST))
    handle = host.call("take", Leaves(1))
    with pytest.raises(OSError, match="disk full") as caught:
        host.call("drop", handle)
    assert caught.value is error


def test_a_class_that_checks_its_instances_may_do_anything(engine: wasm_facade.Engine) -> None:
    """It runs while arguments are converted: close the store, call the guest, take and give other objects."""
    host = Things(engine)
    said: list[str] = []

    class Checks(type):
        def __instancecheck__(cls, instance: object) -> bool:
            for use in (lambda: host.call("take", Thing(3)), host.store.close):
                try:
                    use()
                except Exception as refused:
                    said.append(str(refused))
            return True

    class Checked(metaclass=Checks):
        pass

    linker = c.Linker(engine)
    linker.resource("demo:things/types", "thing", Checked)
    linker.resource("demo:things/types", "other", Checked)
    linker.implement("demo:things/types", host)
    with pytest.raises(wasm_facade.LinkError, match="has no method 'id'"):
        linker.instantiate_pre(c.Component(engine, GUEST))
    linker.define_unknown_imports_as_traps(c.Component(engine, GUEST))
    host.instance = linker.instantiate(host.store, c.Component(engine, GUEST))
    thing = Thing(1)
    handle = host.call("take", thing)
    assert said == ["wasm trap: cannot enter component instance", "the store cannot be closed: a call into it is running"]
    assert host.call("return", handle) is thing


NESTED = """(component
  (import "r" (type $r (sub resource)))
  (type $pair' (record (field "first" (own $r)) (field "all" (list (own $r)))))
  (export $pair "pair" (type $pair'))
  (core module $M (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "take") (param i32 i32 i32)))
  (core instance $m (instantiate $M))
  (func (export "take") (param "p" $pair) (canon lift (core func $m "take") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))"""


def test_where_an_object_does_not_fit_is_said(engine: wasm_facade.Engine) -> None:
    store = wasm_facade.Store(engine)
    component = c.Component(engine, NESTED)
    number = c.ResourceType.host(1)
    for kind, good in ((Thing, lambda: Thing(1)), (number, lambda: c.ResourceHost.own(1, 1).to_any(store))):
        linker = c.Linker(engine)
        with linker.root() as root:
            root.resource("r", Thing) if kind is Thing else root.add_resource("r", number)
        take: Any = linker.instantiate(store, component).get_func(store, "take")
        for bad in ({"first": 5, "all": []}, {"first": good(), "all": [good(), 5]}, {"first": c.ResourceHost.own(1, 2).to_any(store), "all": []}):
            place = r"\.all\[1\]" if bad["all"] else r"\.first"
            with pytest.raises(TypeError, match=rf"argument 1: {place}: expected a"):
                take(store, bad)
        take(store, {"first": good(), "all": [good()]})
    gone = c.ResourceHost.own(1, 1).to_any(store)
    gone.drop(store)
    with pytest.raises(wasm_facade.WasmtimeError, match="argument 1: the resource is gone"):
        take(store, {"first": gone, "all": []})


def test_a_resource_becomes_the_hosts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python runs while it does: whoever asks then finds it gone."""
    from wasm_vm import components

    store = wasm_facade.Store()
    handle = c.ResourceHost.own(1, 5).to_any(store)
    real, asked = components.to_host, []

    def again(rep: int, number: int, owned: bool) -> Any:
        with pytest.raises(wasm_facade.WasmtimeError, match="gone"):
            handle.to_host(store)
        asked.append(rep)
        if len(asked) == 1:
            raise ZeroDivisionError
        assert real is not None
        return real(rep, number, owned)

    monkeypatch.setattr(components, "to_host", again)
    with pytest.raises(ZeroDivisionError):
        handle.to_host(store)
    assert handle.to_host(store).rep == 1
    with pytest.raises(wasm_facade.WasmtimeError, match="gone"):
        handle.to_host(store)
    assert asked == [1, 1]
