"""How much memory of the host a guest takes by what it gives in one call is limited, however often it names the same bytes."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest

import wasm_facade
from wasm_facade import component

# `out(n)` gives a list of n elements, `again(n)` of n lists, each of them the same n elements; `into(n)` gives such lists of strings to the host.
GUEST = """(component
  (type $inner %(type)s)
  (export $t "t" (type $inner))
  (import "host" (func $host (param "l" (list (list string)))))
  (core module $N (memory (export "m") 32))
  (core instance $n (instantiate $N))
  (core func $give (canon lower (func $host) (memory (core memory $n "m"))))
  (core module $M
    (import "" "m" (memory 1)) (import "" "give" (func $give (param i32 i32)))
    (data (i32.const 65536) "%(bytes)s")
    (func $fill (param $n i32) (local $at i32) (local $i i32)
      (local.set $at (i32.const 131072))
      (loop $more
        (memory.copy (local.get $at) (i32.const 65536) (i32.const %(size)d))
        (local.set $at (i32.add (local.get $at) (i32.const %(size)d)))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
    (func $list (param $count i32) (param $at i32) (result i32)
      (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $count)) (i32.const 0))
    (func $lists (param $n i32) (local $at i32) (local $i i32)
      (call $fill (local.get $n))
      (local.set $at (i32.const 16))
      (loop $more
        (i32.store (local.get $at) (i32.const 131072))
        (i32.store offset=4 (local.get $at) (local.get $n))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
    (func (export "out") (param i32) (result i32) (call $fill (local.get 0)) (call $list (local.get 0) (i32.const 131072)))
    (func (export "again") (param i32) (result i32) (call $lists (local.get 0)) (call $list (local.get 0) (i32.const 16)))
    (func (export "into") (param i32) (call $lists (local.get 0)) (call $give (i32.const 16) (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance (export "m" (memory $n "m")) (export "give" (func $give))))))
  (func (export "out") (param "n" u32) (result (list $t)) (canon lift (core func $m "out") (memory (core memory $n "m"))))
  (func (export "again") (param "n" u32) (result (list (list $t))) (canon lift (core func $m "again") (memory (core memory $n "m"))))
  (func (export "into") (param "n" u32) (canon lift (core func $m "into"))))"""

# type, its bytes in memory: of what Python makes many objects. Numbers are larger than those that CPython has but once.
TEXT = r"\00\00\01\00\40\00\00\00"  # 64 bytes of the data itself, which are zero
TYPES = {
    "bool": ("bool", r"\01"),
    "s8": ("s8", r"\80"),
    "s16": ("s16", r"\34\12"),
    "u32": ("u32", r"\34\12\34\12"),
    "u64": ("u64", r"\34\12\34\12\34\12\34\92"),
    "f32": ("f32", r"\34\12\34\12"),
    "char": ("char", r"\34\12\00\00"),
    "string": ("string", TEXT),
    "bytes": ("(list u8)", TEXT),
    "one": ('(record (field "a" u32))', r"\34\12\34\12"),
    "many": ("(record " + " ".join(f'(field "f{i}" u32)' for i in range(24)) + ")", r"\34\12\34\12" * 24),
    "tuple": ("(tuple u32 u32 u32)", r"\34\12\34\12" * 3),
    "option": ("(option u32)", r"\01\00\00\00\34\12\34\12"),
    "options": ("(option (option u32))", r"\01\00\00\00\01\00\00\00\34\12\34\12"),
    "variant": ('(variant (case "a") (case "b" u64))', r"\01\00\00\00\00\00\00\00\34\12\34\12\34\12\34\12"),
    "result": ("(result u32 (error string))", r"\01\00\00\00" + TEXT),
    "enum": ('(enum "a" "b")', r"\01"),
    "flags": ("(flags " + " ".join(f'"f{i}"' for i in range(32)) + ")", r"\ff\ff\ff\ff"),
}



def guest(name: str, given: list[Any] | None = None, backend: str = "native", **limits: int) -> tuple[wasm_facade.Store, component.Instance]:
    kind, data = TYPES[name]
    config = wasm_facade.Config()
    config.strategy = backend
    store = wasm_facade.Store(wasm_facade.Engine(config))
    linker = component.Linker(store.engine)
    with linker.root() as root:
        root.add_func("host", lambda caller, lists: None if given is None else given.append(lists))
    text = GUEST % {"type": kind, "bytes": data, "size": data.count("\\")}
    instance = linker.instantiate(store, component.Component(store.engine, text))
    store.set_limits(**limits)
    return store, instance


def function(store: wasm_facade.Store, instance: component.Instance, name: str) -> component.Func:
    found = instance.get_func(store, name)
    assert found is not None
    return found


def passes(name: str, count: int, fuel: int) -> bool:
    store, instance = guest(name, hostcall_fuel=fuel)
    try:
        function(store, instance, "out")(store, count)
    except wasm_facade.Trap:
        return False
    return True


@pytest.mark.parametrize("name", TYPES)
def test_what_is_counted_is_what_objects_take(name: str) -> None:
    """The least fuel with which a list passes is near what tracemalloc saw: no type is let through for much less than it costs."""
    count = 2000
    store, instance = guest(name)
    out = function(store, instance, "out")
    out(store, count)
    gc.collect()
    tracemalloc.start()
    try:
        kept = out(store, count)
        took = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(kept) == count
    assert not passes(name, count, int(took * 0.9)), took
    assert passes(name, count, took * 3 + 4096), took


@pytest.mark.parametrize("name", TYPES)
def test_the_same_bytes_many_times_are_counted_each_time(name: str) -> None:
    for count, fuel in ((100, 8 << 20), (10, 1 << 20)):
        store, instance = guest(name, hostcall_fuel=fuel)
        assert len(function(store, instance, "again")(store, count // 10)) == count // 10
    store, instance = guest(name, hostcall_fuel=100_000)
    with pytest.raises(wasm_facade.Trap, match=r"fuel allocated for hostcalls has been exhausted: values of more than 100000 bytes in one call"):
        function(store, instance, "again")(store, 1000)


@pytest.mark.parametrize("backend", ["native", "llvm"])
def test_what_a_guest_gives_a_host_function_is_counted(backend: str) -> None:
    given: list[Any] = []
    store, instance = guest("string", given, backend)
    into = function(store, instance, "into")
    into(store, 3)
    assert given == [[["\0\0\1\0\x40" + "\0" * 59] * 3] * 3]
    store.set_limits(hostcall_fuel=1000)
    with pytest.raises(wasm_facade.Trap, match="hostcalls"):
        into(store, 100)
    assert len(given) == 1


def test_each_call_has_the_whole_of_it() -> None:
    store, instance = guest("string", hostcall_fuel=20_000)
    out = function(store, instance, "out")
    for _ in range(100):
        assert len(out(store, 100)) == 100


def test_half_a_gigabyte_without_a_limit() -> None:
    store, instance = guest("string")
    with pytest.raises(wasm_facade.Trap, match=f"more than {1 << 29} bytes in one call"):
        function(store, instance, "again")(store, 8000)
