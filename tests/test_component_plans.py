"""Altered plans: the file that a component is loaded from says what is not so, and nothing but an error comes of it."""

from __future__ import annotations

import sys
import threading
from array import array
from typing import TYPE_CHECKING, Any

import pytest
import wasmtime

import wasm_facade
from wasm_environ.component.planning import plain
from wasm_environ.types import EXTERNREF
from wasm_facade import component
from wasm_facade.component import image
from wasm_vm import CallProgram
from wasm_vm.components import LoadedComponent

if TYPE_CHECKING:
    from collections.abc import Callable

I32, I64 = 0x7F, 0x7E
TEXT = f"""(component
  (import "many" (func $many {" ".join(f'(param "p{i}" u64)' for i in range(8))} (result u64)))
  (import "none" (func $none (result u64)))
  (core func $many' (canon lower (func $many)))
  (core func $none' (canon lower (func $none)))
  (type $R (resource (rep i32)))
  (core func $new (canon resource.new $R))
  (core module $M (import "" "f" (func $f (result i64))) (import "" "new" (func (param i32) (result i32)))
    (func (export "one") (result i64) (call $f))
    (func (export "big") (result {"i64 " * 100}) {"(i64.const 7)" * 100}))
  (core instance $m (instantiate $M (with "" (instance (export "f" (func $none')) (export "new" (func $new))))))
  (func $one (export "one") (result u64) (canon lift (core func $m "one"))))"""


def changed(step: tuple[Any, ...], **fields: Any) -> tuple[Any, ...]:
    """By position, as `_4`."""
    new = list(step)
    for name, value in fields.items():
        new[int(name[1:])] = value
    return tuple(new)


def lower_by_another_signature(steps: list[Any]) -> None:
    """The host's function would read seven words of whatever lies behind the one."""
    first, second = [i for i, step in enumerate(steps) if step[0] == plain.LOWER]
    steps[second] = changed(steps[second], _1=steps[first][1], _2=steps[first][2])


def lift_what_returns_a_hundred(steps: list[Any]) -> None:
    """Which would be written over the stack."""
    steps[:] = [changed(step, _2="big") if step[0] == plain.EXTRACT else changed(step, _7=(I64,) * 100) if step[0] == plain.LIFT else step for step in steps]


def lift_another_kind(steps: list[Any]) -> None:
    steps[:] = [changed(step, _7=(I32,)) if step[0] == plain.LIFT else step for step in steps]


def return_without_a_signature(steps: list[Any]) -> None:
    """Which `task.return` would follow."""
    steps[:] = [changed(step, _1=9, _2=0) if step[0] == plain.BUILT_IN else step for step in steps]


def numbers_as_references(steps: list[Any]) -> None:
    steps[:] = [changed(step, _6=(EXTERNREF,)) if step[0] == plain.BUILT_IN else step for step in steps]


@pytest.fixture(scope="module")
def engine() -> wasm_facade.Engine:
    return wasm_facade.Engine()


@pytest.mark.parametrize(
    "alter", [lower_by_another_signature, lift_what_returns_a_hundred, lift_another_kind, return_without_a_signature, numbers_as_references]
)  # fmt: skip
def test_core_types_go_with_signatures(engine: wasm_facade.Engine, monkeypatch: pytest.MonkeyPatch, alter: Callable[[list[Any]], None]) -> None:
    def loaded(engine: Any, parts: Any, modules: Any) -> LoadedComponent:
        plan = list(parts.plan)
        steps = list(plan[4])
        alter(steps)
        plan[4] = tuple(steps)
        return LoadedComponent(engine._vm, tuple(plan), CallProgram(parts.words, parts.labels), modules)

    written = component.Component(engine, bytes(wasmtime.wat2wasm(TEXT))).serialize()
    monkeypatch.setattr(image, "_loaded", loaded)
    linker = component.Linker(engine)
    with linker.root() as root:
        root.add_func("many", lambda store, *args: 1)
        root.add_func("none", lambda store: 1)
    with pytest.raises((ValueError, wasm_facade.WasmtimeError), match=r"type|value"):
        linker.instantiate(wasm_facade.Store(engine), component.Component.deserialize(engine, written))


def test_resource_types_of_another_store(engine: wasm_facade.Engine) -> None:
    """A guest's destructor runs in its own store alone."""
    gives = component.Component(engine, bytes(wasmtime.wat2wasm('(component (type $R (resource (rep i32))) (export "r" (type $R)))')))
    takes = component.Component(engine, bytes(wasmtime.wat2wasm('(component (import "r" (type $R (sub resource))))')))
    store = wasm_facade.Store(engine)
    linker = component.Linker(engine)
    with linker.root() as root:
        root.add_resource("r", component.Linker(engine).instantiate(store, gives).exports(store)["r"])
    linker.instantiate(store, takes)
    with pytest.raises(wasm_facade.WasmtimeError, match="another store"):
        linker.instantiate(wasm_facade.Store(engine), takes)


def test_no_result_is_borrowed(engine: wasm_facade.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its handle would remember a call that is over, whose count of borrows dropping it would change."""
    own, borrow, header, size = 24, 25, 4, 11  # component/abi/program.py
    text = """(component (import "t" (type $T (sub resource))) (import "get" (func $get (result (own $T))))
      (core func $get' (canon lower (func $get))) (core func $drop (canon resource.drop $T))
      (core module $M (import "" "get" (func $get (result i32))) (import "" "drop" (func $drop (param i32))) (func (export "f") (call $drop (call $get))))
      (core instance $m (instantiate $M (with "" (instance (export "get" (func $get')) (export "drop" (func $drop))))))
      (func (export "f") (canon lift (core func $m "f"))))"""

    def loaded(engine: Any, parts: Any, modules: Any) -> LoadedComponent:
        words = array("I", bytes(parts.words))
        for node in range(words[1]):
            if words[header + node * size] == own:
                words[header + node * size] = borrow
        return LoadedComponent(engine._vm, parts.plan, CallProgram(words.tobytes(), parts.labels), modules)

    written = component.Component(engine, bytes(wasmtime.wat2wasm(text))).serialize()
    monkeypatch.setattr(image, "_loaded", loaded)
    with pytest.raises((ValueError, wasm_facade.WasmtimeError), match="borrow"):
        component.Component.deserialize(engine, written)


def test_another_thread_between_steps() -> None:
    """Compiling an entry runs Python, and another thread may call into the store then: instantiation does not go on while it is in there."""
    config = wasm_facade.Config()
    config.cache = False
    engine = wasm_facade.Engine(config)
    text = """(component (import "f" (func $f (param "a" u64) (param "b" f32))) (core func $l (canon lower (func $f)))
      (core module $D (func (export "x"))) (core instance $i (export "f" (func $l)))
      (func (export "h") (param "a" u64) (param "b" f32) (canon lift (core func $i "f")))
      (core instance (instantiate $D)))"""
    inside, over = threading.Event(), threading.Event()
    store = wasm_facade.Store(engine)

    def stay() -> None:
        inside.set()
        over.wait(60)

    wait = wasm_facade.Func(store, wasm_facade.FuncType([], []), stay)
    module = wasm_facade.Module(engine, '(module (import "" "" (func $f)) (func (export "f") (call $f)))')
    busy = wasm_facade.Instance(store, module, [wait]).exports(store)["f"]
    thread = threading.Thread(target=busy, args=(store,))

    def profile(frame: Any, event: str, _: Any) -> None:
        if event == "call" and "trampoline" in frame.f_code.co_name and not thread.ident:
            thread.start()
            assert inside.wait(60)

    linker = component.Linker(engine)
    with linker.root() as root:
        root.add_func("f", lambda *args: None)
    made = component.Component(engine, bytes(wasmtime.wat2wasm(text)))
    sys.setprofile(profile)
    try:
        with pytest.raises(wasm_facade.WasmtimeError, match="used by another thread"):
            linker.instantiate(store, made)
    finally:
        sys.setprofile(None)
        over.set()
        thread.join()
