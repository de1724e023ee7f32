"""Func, Instance, Global, Table, Trap, host functions: the same rows on wasm_facade and on wasmtime-py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import apis


class Place:
    """An API with an engine and a store of it."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.engine = api.Engine()
        self.store = api.Store(self.engine)

    def exports(self, wat: str, *imports: Any) -> Any:
        return self.api.Instance(self.store, self.api.Module(self.engine, wat), list(imports)).exports(self.store)

    def type(self, params: str, results: str) -> Any:
        kinds = self.api.ValType
        return self.api.FuncType([getattr(kinds, p)() for p in params.split()], [getattr(kinds, r)() for r in results.split()])

    def func(self, params: str, results: str, call: Callable[..., Any], access_caller: bool = False) -> Any:
        return self.api.Func(self.store, self.type(params, results), call, access_caller)


@pytest.fixture(params=apis.ALL)
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


IDENTITY = """(module
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "externref") (param externref) (result externref) (local.get 0))
  (func (export "funcref") (param funcref) (result funcref) (local.get 0))
  (func (export "none"))
  (func (export "two") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0)))"""


@pytest.mark.parametrize(
    ("kind", "given", "back"),
    [("i32", 5, 5), ("i32", 2**32 - 1, -1), ("i32", -(2**31), -(2**31)), ("i64", 2**64 - 1, -1), ("i64", 2**62, 2**62), ("f32", 0.5, 0.5),
     ("f64", 0.1, 0.1), ("externref", "text", "text"), ("externref", None, None), ("funcref", None, None)],
)  # fmt: skip
def test_values_go_through(place: Place, kind: str, given: Any, back: Any) -> None:
    result = place.exports(IDENTITY)[kind](place.store, given)
    assert result == back
    assert type(result) is type(back)


def test_conventions_of_results(place: Place) -> None:
    exports = place.exports(IDENTITY)
    assert exports["none"](place.store) is None
    assert exports["two"](place.store, 1, 2.5) == [2.5, 1]
    assert type(exports["two"](place.store, 1, 2.5)) is list


def test_a_val_as_argument(place: Place) -> None:
    exports, val = place.exports(IDENTITY), place.api.Val
    assert exports["i32"](place.store, val.i32(7)) == 7
    with pytest.raises(TypeError):
        exports["i32"](place.store, val.i64(7))


def test_externrefs_keep_identity(place: Place) -> None:
    thing = {"a": object()}
    assert place.exports(IDENTITY)["externref"](place.store, thing) is thing


def test_funcrefs(place: Place) -> None:
    exports = place.exports(IDENTITY)
    again = exports["funcref"](place.store, exports["i32"])
    assert isinstance(again, place.api.Func)
    assert again(place.store, 3) == 3


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [("i32", (), "WasmtimeError"), ("i32", (1, 2), "WasmtimeError"), ("i32", (1.5,), TypeError), ("i32", ("1",), TypeError),
     ("i32", (None,), TypeError), ("f64", ("x",), TypeError), ("funcref", (3,), TypeError), ("i64", ([],), TypeError)],
)  # fmt: skip
def test_wrong_arguments(place: Place, name: str, args: tuple[Any, ...], error: Any) -> None:
    with pytest.raises(place.api.WasmtimeError if error == "WasmtimeError" else error):
        place.exports(IDENTITY)[name](place.store, *args)


def test_counts_in_messages(place: Place) -> None:
    exports = place.exports(IDENTITY)
    with pytest.raises(place.api.WasmtimeError, match="too few parameters provided: given 0, expected 1"):
        exports["i32"](place.store)
    with pytest.raises(place.api.WasmtimeError, match="too many parameters provided: given 2, expected 1"):
        exports["i32"](place.store, 1, 2)


def test_func_type(place: Place) -> None:
    found = place.exports(IDENTITY)["two"].type(place.store)
    assert found.params == [place.api.ValType.i32(), place.api.ValType.f64()]
    assert found.results == [place.api.ValType.f64(), place.api.ValType.i32()]


# Instances

def test_exports_are_a_mapping(place: Place) -> None:
    exports = place.exports(IDENTITY)
    assert list(exports) == ["i32", "i64", "f32", "f64", "externref", "funcref", "none", "two"]
    assert len(exports) == 8
    assert exports.get("missing") is None
    assert "i32" in exports
    assert "missing" not in exports
    assert len(exports.by_index) == 8
    assert exports.by_index[0](place.store, 9) == 9
    assert {name: type(item).__name__ for name, item in exports.items()}["two"] == "Func"
    with pytest.raises(KeyError):
        exports["missing"]


def test_instance_imports(place: Place) -> None:
    seen: list[int] = []
    func = place.func("i32", "", seen.append)
    exports = place.exports('(module (import "" "" (func (param i32))) (func (export "f") (call 0 (i32.const 3))))', func)
    exports["f"](place.store)
    assert seen == [3]


@pytest.mark.parametrize("count", [0, 2])
def test_wrong_number_of_imports(place: Place, count: int) -> None:
    func = place.func("", "", lambda: None)
    with pytest.raises(place.api.WasmtimeError, match=f"expected 1 imports, found {count}"):
        place.exports('(module (import "" "" (func)))', *[func] * count)


@pytest.mark.parametrize(
    "wanted", ["(func (param i32))", "(func (result i32))", "(global i32)", "(memory 1)", "(table 1 funcref)"]
)  # fmt: skip
def test_imports_of_another_type(place: Place, wanted: str) -> None:
    func = place.func("", "", lambda: None)
    with pytest.raises(place.api.WasmtimeError, match="incompatible import type"):
        place.exports(f'(module (import "" "" {wanted}))', func)


def test_imports_that_are_no_externs(place: Place) -> None:
    with pytest.raises(TypeError):
        place.exports('(module (import "" "" (func)))', 3)


def test_the_start_function_runs(place: Place) -> None:
    seen: list[int] = []
    place.exports('(module (import "" "" (func $f)) (start $f))', place.func("", "", lambda: seen.append(1)))
    assert seen == [1]
    with pytest.raises(place.api.Trap):
        place.exports("(module (func $f unreachable) (start $f))")


# Host functions

def test_host_results(place: Place) -> None:
    wat = """(module (import "" "" (func $f (param i32) (result {})))
      (func (export "f") (param i32) (result {}) (call $f (local.get 0))))"""
    rows: list[tuple[str, Any, Any]] = [
        ("i32", 7, 7), ("i64", 2**40, 2**40), ("f64", 1.5, 1.5), ("i32 i64", (1, 2), [1, 2]), ("i32 i64", [1, 2], [1, 2]),
    ]  # fmt: skip
    for results, given, back in rows:
        exports = place.exports(wat.format(results, results), place.func("i32", results, lambda _, given=given: given))
        assert exports["f"](place.store, 1) == back


@pytest.mark.parametrize(("results", "given"), [("", 3), ("i32", None), ("i32", "x"), ("i32 i32", (1,)), ("i32 i32", (1, 2, 3)), ("i32 i32", 5)])
def test_host_results_that_do_not_fit(place: Place, results: str, given: Any) -> None:
    func = place.func("", results, lambda: given)
    with pytest.raises((place.api.WasmtimeError, TypeError)):
        func(place.store)


class Odd(BaseException):
    """Not even an Exception."""


@pytest.mark.parametrize("raised", [ValueError("v"), KeyboardInterrupt(), Odd(), SystemExit(3)], ids=repr)
def test_host_exceptions_keep_identity(place: Place, raised: BaseException) -> None:
    def fail() -> None:
        raise raised

    exports = place.exports('(module (import "" "" (func $f)) (func (export "f") (call $f)))', place.func("", "", fail))
    with pytest.raises(type(raised)) as found:
        exports["f"](place.store)
    assert found.value is raised
    with pytest.raises(type(raised)):  # and nothing is left behind
        exports["f"](place.store)


def test_caller(place: Place) -> None:
    seen: list[Any] = []

    def look(caller: Any, number: int) -> None:
        seen.append(number)
        seen.append(type(caller["memory"]).__name__)
        seen.append(bytes(caller["memory"].read(caller, 0, 3)))
        seen.append(caller.get("nothing"))
        with pytest.raises(KeyError):
            caller["nothing"]
        kept.append(caller)

    kept: list[Any] = []
    exports = place.exports(
        '(module (import "" "" (func $f (param i32))) (memory (export "memory") 1) (data (i32.const 0) "abc")'
        ' (func (export "f") (call $f (i32.const 5))))',
        place.func("i32", "", look, access_caller=True),
    )
    exports["f"](place.store)
    assert seen == [5, "Memory", b"abc", None]
    assert kept[0].get("memory") is None
    with pytest.raises(KeyError):
        kept[0]["memory"]


def test_a_host_function_may_call_wasm(place: Place) -> None:
    wat = """(module (import "" "" (func $down (param i32) (result i32)))
      (func (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))"""
    box: list[Any] = []
    exports = place.exports(wat, place.func("i32", "i32", lambda n: box[0](place.store, n)))
    box.append(exports["f"])
    assert exports["f"](place.store, 20) == 20


def test_func_needs(place: Place) -> None:
    with pytest.raises(TypeError, match="expected a Store"):
        place.api.Func(3, place.type("", ""), print)
    with pytest.raises(TypeError, match="expected a FuncType"):
        place.api.Func(place.store, 3, print)


# Traps

@pytest.mark.parametrize(
    ("body", "code"),
    [("unreachable", "UNREACHABLE"), ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "INTEGER_DIVISION_BY_ZERO"),
     ("(drop (i32.load (i32.const 65536)))", "MEMORY_OUT_OF_BOUNDS"), ("(drop (i32.trunc_f32_s (f32.const 1e20)))", "INTEGER_OVERFLOW"),
     ("(drop (i32.trunc_f32_s (f32.const nan)))", "BAD_CONVERSION_TO_INTEGER"), ("(call $f)", "STACK_OVERFLOW"),
     ("(call_indirect (i32.const 0))", "INDIRECT_CALL_TO_NULL"), ("(call_indirect (param i32) (i32.const 0) (i32.const 1))", "BAD_SIGNATURE"),
     ("(call_indirect (i32.const 9))", "TABLE_OUT_OF_BOUNDS"), ("(drop (table.get 0 (i32.const 9)))", "TABLE_OUT_OF_BOUNDS"),
     ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "INTEGER_OVERFLOW")],
)  # fmt: skip
def test_traps(place: Place, body: str, code: str) -> None:
    exports = place.exports(f'(module (memory 1) (table 3 funcref) (elem (i32.const 1) $f) (func $f (export "f") {body}))')
    with pytest.raises(place.api.Trap) as found:
        exports["f"](place.store)
    trap = found.value
    assert trap.trap_code is place.api.TrapCode[code]
    assert str(trap) == trap.message
    assert trap.frames[0].func_index == 0
    assert trap.frames[0].func_name == "f"


def test_frames(place: Place) -> None:
    exports = place.exports('(module $m (func $inner unreachable) (func $outer (export "f") (call $inner)))')
    with pytest.raises(place.api.Trap) as found:
        exports["f"](place.store)
    frames = found.value.frames
    assert [(f.func_index, f.func_name, f.module_name) for f in frames] == [(0, "inner", "m"), (1, "outer", "m")]
    assert all(f.module_offset > 0 and f.func_offset >= 0 for f in frames)
    assert "inner" in str(found.value)


def test_traps_of_ones_own(place: Place) -> None:
    trap = place.api.Trap("a message")
    assert trap.message == str(trap) == "a message"
    assert trap.frames == []
    assert trap.trap_code is None

    def fail() -> None:
        raise trap

    exports = place.exports('(module (import "" "" (func $f)) (func (export "f") (call $f)))', place.func("", "", fail))
    with pytest.raises(place.api.Trap) as found:
        exports["f"](place.store)
    assert found.value is trap


# Globals and tables

def test_global(place: Place) -> None:
    api, store = place.api, place.store
    made = api.Global(store, api.GlobalType(api.ValType.i64(), True), 5)
    assert made.value(store) == 5
    made.set_value(store, api.Val.i64(2**63))
    assert made.value(store) == -(2**63)
    assert made.type(store).mutable
    fixed = api.Global(store, api.GlobalType(api.ValType.i32(), False), 1)
    with pytest.raises(api.WasmtimeError, match="immutable global cannot be set"):
        fixed.set_value(store, 2)
    with pytest.raises(TypeError):
        api.Global(store, api.GlobalType(api.ValType.i32(), False), "x")
    with pytest.raises(TypeError, match="expected a GlobalType"):
        api.Global(store, 3, 1)
    exports = place.exports('(module (import "" "" (global $g (mut i64))) (func (export "f") (global.set $g (i64.const 7))))', made)
    exports["f"](store)
    assert made.value(store) == 7


def test_table(place: Place) -> None:
    api, store = place.api, place.store
    table = api.Table(store, api.TableType(api.ValType.externref(), api.Limits(2, 4)), "first")
    assert table.size(store) == 2
    assert table.get(store, 0) == "first"
    assert table.get(store, 2) is None
    table.set(store, 1, "second")
    assert table.get(store, 1) == "second"
    assert table.grow(store, 2, "more") == 2
    assert table.get(store, 3) == "more"
    assert table.type(store).limits == api.Limits(2, 4)
    with pytest.raises(api.WasmtimeError):
        table.grow(store, 1, None)
    with pytest.raises(api.WasmtimeError):
        table.set(store, 4, None)
    funcs = api.Table(store, api.TableType(api.ValType.funcref(), api.Limits(1, None)), None)
    with pytest.raises(TypeError):
        funcs.set(store, 0, 3)
    funcs.set(store, 0, place.func("", "i32", lambda: 11))
    assert funcs.get(store, 0)(store) == 11
    exports = place.exports('(module (import "" "" (table 1 funcref)) (func (export "f") (result i32) (call_indirect (result i32) (i32.const 0))))', funcs)
    assert exports["f"](store) == 11


# Tags

def test_tag(place: Place) -> None:
    api, store = place.api, place.store
    tag = api.Tag(store, api.TagType(place.type("i32 f64", "")))
    assert tag.type(store).functype.params == [api.ValType.i32(), api.ValType.f64()]
    assert tag.eq(store, tag)
    assert not tag.eq(store, api.Tag(store, api.TagType(place.type("i32 f64", ""))))
    with pytest.raises(TypeError, match="expected a TagType"):
        api.Tag(store, 3)
    exports = place.exports('(module (import "" "" (tag (param i32 f64))) (export "t" (tag 0)))', tag)
    assert exports["t"].eq(store, tag)


# Stores

def test_store_data(place: Place) -> None:
    thing = object()
    assert place.api.Store(place.engine, thing).data() is thing
    assert place.api.Store(place.engine).data() is None
    assert place.api.Store().data() is None
    with pytest.raises(TypeError, match="expected an Engine"):
        place.api.Store(3)


def test_fuel(place: Place) -> None:
    api = place.api
    for operation in (lambda: place.store.set_fuel(1), place.store.get_fuel):
        with pytest.raises(api.WasmtimeError, match="fuel is not configured in this store"):
            operation()
    config = api.Config()
    config.consume_fuel = True
    engine = api.Engine(config)
    store = api.Store(engine)
    assert store.get_fuel() == 0
    store.set_fuel(1000)
    assert store.get_fuel() == 1000
    exports = api.Instance(store, api.Module(engine, '(module (func (export "f") (loop (br 0))) (func (export "g")))'), []).exports(store)
    exports["g"](store)
    assert 900 < store.get_fuel() < 1000
    with pytest.raises(api.Trap) as found:
        exports["f"](store)
    assert found.value.trap_code is api.TrapCode.OUT_OF_FUEL


def test_epochs(place: Place) -> None:
    api = place.api
    config = api.Config()
    config.epoch_interruption = True
    engine = api.Engine(config)
    store = api.Store(engine)
    store.set_epoch_deadline(1)
    exports = api.Instance(store, api.Module(engine, '(module (func (export "f") (loop (br 0))))'), []).exports(store)
    engine.increment_epoch()
    with pytest.raises(api.Trap) as found:
        exports["f"](store)
    assert found.value.trap_code is api.TrapCode.INTERRUPT


def test_limits(place: Place) -> None:
    api = place.api
    store = api.Store(place.engine)
    store.set_limits(memory_size=2 << 16)
    wat = '(module (memory (export "m") {}) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'
    exports = api.Instance(store, api.Module(place.engine, wat.format(1)), []).exports(store)
    assert exports["grow"](store, 1) == 1
    assert exports["grow"](store, 1) == -1
    with pytest.raises(api.WasmtimeError):
        api.Instance(store, api.Module(place.engine, wat.format(3)), [])
    store.set_limits(instances=1)
    empty = api.Module(place.engine, "(module)")
    with pytest.raises(api.WasmtimeError):
        [api.Instance(store, empty, []) for _ in range(3)]


def test_gc(place: Place) -> None:
    exports = place.exports(IDENTITY)
    exports["externref"](place.store, object())
    assert place.store.gc() is None
