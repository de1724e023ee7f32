"""Instances, imports, tables, globals, exports, segments, constant expressions; what belongs to which store."""

import gc
import weakref

import pytest
from vm_handmade import Vm, call_import, ft, function, immediate, libcall

from wasm_environ import types as t
from wasm_environ.types import GlobalType, Limits, MemoryType, TableType
from wasm_vm import Func, Global, Instance, LinkError, Memory, StoreError, Table, Tag, Trap, WasmError, loading

RET = b"\xc3"


def test_exports_mapping(vm):
    from collections.abc import Mapping

    text = '(module (func (export "f")) (memory (export "m") 1) (table (export "t") 2 funcref) (global (export "g") i32 (i32.const 7)))'
    store = vm.store()
    instance = vm.module(text, [RET]).instantiate(store, [])
    exports = instance.exports(store)
    assert instance.exports(store) is exports
    assert isinstance(exports, Mapping)
    assert list(exports) == exports.keys() == ["f", "m", "t", "g"]
    assert len(exports) == 4
    assert "f" in exports
    assert "x" not in exports
    assert exports[0] is exports["f"] is exports.by_index[0] is exports.values()[0]
    assert exports[-1].value(store) == 7
    assert dict(exports.items())["m"] is exports["m"]
    assert exports.get("x") is None
    assert exports.get("x", 3) == 3
    with pytest.raises(KeyError, match="did you mean 'f'"):
        exports["ff"]
    with pytest.raises(IndexError, match="there are 4 exports"):
        exports[4]
    with pytest.raises(TypeError, match="by name"):
        exports[1.5]
    assert "InstanceExports" in repr(exports)


def host(store, params="", results=""):
    return Func(store, ft(params, results), lambda *args: None)


# Columns: import in text, what is given (store -> object), words of the message.
MISMATCHES = [
    ("(func)", lambda s: host(s, "i"), "expected func [] -> [], found func <Func [i32] -> []"),
    ("(func)", lambda s: Global(s, GlobalType(t.I32, False), 1), "another kind of item: expected func [] -> [], found global <immutable i32 Global: 1>"),
    ("(memory 2)", lambda s: Memory(s, MemoryType(Limits(1, None))), "memory limits do not fit"),
    ("(memory 1 2)", lambda s: Memory(s, MemoryType(Limits(1, None))), "memory limits do not fit"),
    ("(memory 1 2)", lambda s: Memory(s, MemoryType(Limits(1, 3))), "memory limits do not fit"),
    ("(memory i64 1)", lambda s: Memory(s, MemoryType(Limits(1, 3))), "address types differ"),
    ("(memory 1 3 shared)", lambda s: Memory(s, MemoryType(Limits(1, 3))), "expected a shared memory"),
    ("(table 3 funcref)", lambda s: Table(s, TableType(t.FUNCREF, Limits(2, None)), None), "table limits do not fit"),
    ("(table 1 externref)", lambda s: Table(s, TableType(t.FUNCREF, Limits(2, None)), None), "table types incompatible"),
    ("(global i32)", lambda s: Global(s, GlobalType(t.I64, False), 1), "global types incompatible"),
    ("(global i32)", lambda s: Global(s, GlobalType(t.I32, True), 1), "expected an immutable global"),
    ("(global (mut i32))", lambda s: Global(s, GlobalType(t.I32, False), 1), "expected a mutable global"),
    ("(tag (param i32))", lambda s: Tag(s, ft("I")), "tag types incompatible"),
]


@pytest.mark.parametrize(("wanted", "given", "message"), MISMATCHES)
def test_imports_that_do_not_fit(vm, wanted, given, message):
    store = vm.store()
    with pytest.raises(LinkError) as caught:
        vm.module(f'(module (import "mod" "name" {wanted}))').instantiate(store, [given(store)])
    assert str(caught.value).startswith("incompatible import type for `mod::name`")
    assert message in str(caught.value)


# Columns: item of the plan, its row (of the module's one import and one export, a function).
BAD_ITEMS = [("import", ("m", "n", 5, 0)), ("import", ("m", "n", 255, 0)), ("import", ("m", "n", 4, 0)), ("import", ("m", "n", 0, 1)),
             ("export", ("e", 5, 0)), ("export", ("e", 255, 0)), ("export", ("e", 4, 0)), ("export", ("e", 0, 1))]  # fmt: skip


@pytest.mark.parametrize(("item", "row"), BAD_ITEMS)
def test_plans_whose_items_do_not_exist(vm, monkeypatch, item, row):
    plan, at = loading._plan, ("import", "export").index(item) + 4
    monkeypatch.setattr(loading, "_plan", lambda *args: (*(rows := plan(*args))[:at], (row,), *rows[at + 1 :]))
    with pytest.raises(ValueError, match=f"^plan: {item} index$"):
        vm.module('(module (import "m" "n" (func)) (export "e" (func 0)))')


def test_imports_of_other_stores_and_wrong_things(vm):
    store, other = vm.store(), vm.store()
    for wanted, given in (
        ("(func)", host(other)), ("(memory 1)", Memory(other, MemoryType(Limits(1, None)))),
        ("(table 1 funcref)", Table(other, TableType(t.FUNCREF, Limits(1, None)), None)),
        ("(global i32)", Global(other, GlobalType(t.I32, False), 1)), ("(tag)", Tag(other, ft())),
    ):  # fmt: skip
        with pytest.raises(StoreError, match="`m::n`: object used with the wrong store"):
            vm.module(f'(module (import "m" "n" {wanted}))').instantiate(store, [given])
    module = vm.module('(module (import "m" "n" (func)))')
    with pytest.raises(TypeError, match=r"`m::n`: expected a Func.*not int"):
        module.instantiate(store, [5])
    with pytest.raises(LinkError, match="expected 1 imports, found 0"):
        module.instantiate(store, [])
    with pytest.raises(StoreError, match="different engines"):
        module.instantiate(Vm().store(), [])
    with pytest.raises(TypeError, match="expected a Module, not int"):
        Instance(store, 5, [])
    assert isinstance(Instance(store, module, (host(store),)), Instance)


def test_globals(vm):
    text = """(module (import "" "i" (global $i i32)) (import "" "m" (global $m (mut i64)))
      (global (export "a") i32 (i32.add (global.get $i) (i32.mul (i32.const 3) (i32.sub (i32.const 10) (i32.const 2)))))
      (global (export "b") (mut i64) (i64.add (i64.const -1) (i64.mul (i64.const 5) (i64.sub (i64.const 1) (i64.const 2)))))
      (global (export "c") f32 (f32.const 1.5)) (global (export "d") (mut f64) (f64.const -0x1p-1074)) (global (export "e") externref (ref.null extern))
      (global (export "f") (mut funcref) (ref.func 0)) (global (export "v") v128 (v128.const i64x2 1 -1)) (export "i" (global $i)) (export "m" (global $m))
      (func (result i32) i32.const 9))"""
    store = vm.store()
    i, m = Global(store, GlobalType(t.I32, False), 100), Global(store, GlobalType(t.I64, True), 5)
    _, exports = vm.exports(text, [bytes.fromhex("b809000000c3")], [i, m], store)
    assert [exports[n].value(store) for n in "abcde"] == [124, -6, 1.5, -5e-324, None]
    assert exports["f"].value(store)(store) == 9
    assert exports["v"].value(store) == (2**64 - 1) << 64 | 1
    exports["m"].set_value(store, 6)
    assert m.value(store) == 6
    assert exports["m"] == m
    exports["b"].set_value(store, 2**63)
    assert exports["b"].value(store) == -(2**63)
    exports["f"].set_value(store, None)
    assert exports["f"].value(store) is None
    assert exports["d"].type(store) == GlobalType(t.F64, True)
    with pytest.raises(WasmError, match="immutable global cannot be set"):
        i.set_value(store, 1)
    with pytest.raises(TypeError, match="expected i64"):
        m.set_value(store, "x")
    with pytest.raises(TypeError, match="expected a GlobalType, not str"):
        Global(store, "i32", 1)
    assert repr(i) == "<immutable i32 Global: 100>"


def test_tables(vm):
    store = vm.store()
    table = Table(store, TableType(t.FUNCREF, Limits(2, 5)), None)
    f = host(store, "i")
    table.set(store, 1, f)
    assert table.get(store, 0) is None
    assert table.get(store, 1) == f
    assert table.get(store, 2) is None
    assert table.get(store, 2**64 - 1) is None
    assert table.grow(store, 2, f) == 2
    assert table.get(store, 3) == f
    assert table.size(store) == 4
    assert table.type(store) == TableType(t.FUNCREF, Limits(2, 5))
    for delta in (2, 2**32, 2**63):
        with pytest.raises(WasmError, match="failed to grow table"):
            table.grow(store, delta, None)
    with pytest.raises(WasmError, match="out of bounds table access"):
        table.set(store, 4, None)
    with pytest.raises(TypeError, match="expected funcref"):
        table.set(store, 0, 5)
    with pytest.raises(OverflowError, match="index"):
        table.get(store, -1)
    with pytest.raises(TypeError, match="numbers"):
        Table(store, TableType(t.I32, Limits(1, None)), 0)
    things = Table(store, TableType(t.EXTERNREF, Limits(2, None)), "init")
    assert things.get(store, 1) == "init"
    store.set_limits(table_elements=3, tables=2)
    with pytest.raises(WasmError, match="failed to grow"):
        things.grow(store, 2, None)
    with pytest.raises(WasmError, match="table count too high at 3"):
        Table(store, TableType(t.FUNCREF, Limits(1, None)), None)


def bulk(name, *values):
    registers = (6, 2, 1, 8, 9)
    return function(*[immediate(r, v) for r, v in zip(registers, values, strict=False)], libcall(name))


# Columns: libcall, arguments, traps, table after it as function results; the table starts as [0, 1, 2, null], segment 0 (passive) is [2, 1, 0].
TABLE_LIBCALLS = [
    ("table_copy", (0, 0, 1, 0, 2), False, [0, 0, 1, None]),
    ("table_copy", (0, 0, 0, 1, 3), False, [1, 2, None, None]),
    ("table_copy", (0, 0, 4, 4, 0), False, [0, 1, 2, None]),
    ("table_copy", (0, 0, 3, 0, 2), True, [0, 1, 2, None]),
    ("table_copy", (0, 0, 5, 0, 0), True, [0, 1, 2, None]),
    ("table_fill", (0, 1, 0, 2), False, [0, None, None, None]),
    ("table_fill", (0, 3, 0, 2), True, [0, 1, 2, None]),
    ("table_fill", (0, -1, 0, 2), True, [0, 1, 2, None]),
    ("table_init", (0, 0, 1, 0, 3), False, [0, 2, 1, 0]),
    ("table_init", (0, 0, 0, 2, 2), True, [0, 1, 2, None]),
    ("table_init", (0, 0, 2, 0, 3), True, [0, 1, 2, None]),
    ("table_set", (0, 0, 0), False, [None, 1, 2, None]),
    ("table_set", (0, 4, 0), True, [0, 1, 2, None]),
    ("table_get", (0, 3), False, [0, 1, 2, None]),
    ("table_get", (0, 4), True, [0, 1, 2, None]),
    ("table_grow", (0, 2, 0), False, [0, 1, 2, None, None, None]),
    ("table_grow", (0, 2**40, 0), False, [0, 1, 2, None]),
]


@pytest.mark.parametrize(("name", "arguments", "traps", "after"), TABLE_LIBCALLS)
def test_table_libcalls(vm, name, arguments, traps, after):
    text = """(module (table (export "t") 4 funcref) (elem func 2 1 0) (elem (i32.const 0) func 0 1 2)
      (func (result i32) i32.const 0) (func (result i32) i32.const 1) (func (result i32) i32.const 2)
      (func (export "f")) (func (export "drop")))"""
    constant = [b"\xb8" + bytes([n, 0, 0, 0, 0xC3]) for n in range(3)]
    store, exports = vm.exports(text, [*constant, bulk(name, *arguments), bulk("elem_drop", 0)])
    if traps:
        with pytest.raises(Trap, match="out of bounds table access"):
            exports["f"](store)
    else:
        exports["f"](store)
    table = exports["t"]
    assert [f and f(store) for f in (table.get(store, i) for i in range(table.size(store)))] == [a if a != 0 else 0 for a in after]
    exports["drop"](store)
    if name == "table_init" and not traps:
        with pytest.raises(Trap):
            exports["f"](store)


def test_element_expressions(vm):
    text = """(module (import "" "g" (global $g funcref)) (table (export "t") 3 funcref)
      (elem (i32.const 0) funcref (ref.func 0) (global.get $g) (ref.null func)) (func (result i32) i32.const 4))"""
    store = vm.store()
    f = host(store)
    g = Global(store, GlobalType(t.FUNCREF, False), f)
    _, exports = vm.exports(text, [bytes.fromhex("b804000000c3")], [g], store)
    assert exports["t"].get(store, 0)(store) == 4
    assert exports["t"].get(store, 1) == f
    assert exports["t"].get(store, 2) is None


def test_segments_keep_earlier_effects_and_the_instance(vm):
    """A trap in a later segment leaves functions of the failed instance in an imported table: they must stay callable."""
    store = vm.store()
    table = Table(store, TableType(t.FUNCREF, Limits(4, None)), None)
    text = """(module (import "" "t" (table 4 funcref)) (memory 1) (elem (i32.const 2) func 0) (data (i32.const 70000) "x")
      (func (result i32) i32.const 7))"""
    module = vm.module(text, [bytes.fromhex("b807000000c3")])
    with pytest.raises(Trap, match="out of bounds memory access"):
        module.instantiate(store, [table])
    del module
    gc.collect()
    assert table.get(store, 2)(store) == 7


def test_imported_functions_of_wasm_and_host_re_exported(vm):
    store = vm.store()
    f = Func(store, ft("", "i"), lambda: 5)
    text = '(module (import "" "f" (func (result i32))) (export "g" (func 0)) (func (export "h") (result i32) call 0))'
    module = vm.module(text, [lambda layout: function(call_import(layout, 0))])
    first = module.instantiate(store, [f]).exports(store)
    assert first["g"] == f
    assert first["g"](store) == first["h"](store) == 5
    second = module.instantiate(store, [first["h"]]).exports(store)
    assert second["g"] == first["h"]
    assert second["h"](store) == 5
    third = module.instantiate(store, [second["g"]]).exports(store)
    assert third["h"](store) == 5


def test_caller_is_the_instance_that_calls(vm):
    store = vm.store()
    seen = []
    f = Func(store, ft(), lambda caller: seen.append(caller["id"].value(caller)), True)
    text = '(module (import "" "f" (func)) (import "" "id" (global i32)) (export "id" (global 0)) (func (export "call")))'
    module = vm.module(text, [lambda layout: function(call_import(layout, 0))])
    instances = [module.instantiate(store, [f, Global(store, GlobalType(t.I32, False), n)]) for n in range(3)]
    for instance in reversed(instances):
        instance.exports(store)["call"](store)
    assert seen == [2, 1, 0]


def test_start_function(vm):
    store = vm.store()
    calls = []
    f = Func(store, ft(), lambda: calls.append(1))
    vm.module('(module (import "" "f" (func)) (start 0))').instantiate(store, [f])
    assert calls == [1]

    def fail():
        raise KeyError("start")

    with pytest.raises(KeyError, match="start"):
        vm.module('(module (import "" "f" (func)) (start 0))').instantiate(store, [Func(store, ft(), fail)])


def test_tags(vm):
    store, exports = vm.exports('(module (tag (export "a") (param i32)) (tag (export "b") (param i32)))')
    a, b = exports["a"], exports["b"]
    assert a != b
    assert not a.eq(store, b)
    assert a.type(store) == ft("i")
    _, more = vm.exports('(module (import "" "t" (tag (param i32))) (export "t" (tag 0)))', [], [a], store)
    assert more["t"].eq(store, a)
    with pytest.raises(WasmError, match="no results"):
        Tag(store, ft("", "i"))


def test_limits_of_instances(vm):
    store = vm.store()
    store.set_limits(instances=2)
    module = vm.module("(module)")
    for _ in range(2):
        module.instantiate(store, [])
    with pytest.raises(WasmError, match="instance count too high at 3"):
        module.instantiate(store, [])


def test_closed_stores(vm):
    text = '(module (func (export "f")) (memory (export "m") 1) (table (export "t") 2 funcref) (global (export "g") i32 (i32.const 7)))'
    store, exports = vm.exports(text, [RET])
    f, m, table, g = exports.values()
    with store as inside:
        assert inside is store
    assert store.closed
    store.close()
    for attempt in (
        lambda: f(store), lambda: m.size(store), lambda: table.get(store, 0), lambda: g.value(store), lambda: f.type(store), store.data, store.gc,
        lambda: Func(store, ft(), print), lambda: vm.module("(module)").instantiate(store, []), store.__enter__, lambda: table.size(store),
        lambda: Memory(store, MemoryType(Limits(1, None))), lambda: store.set_limits(1), lambda: m.read(store, 0, 1), lambda: m.grow(store, 1),
    ):  # fmt: skip
        with pytest.raises(StoreError, match="already closed"):
            attempt()
    for thing in (f, m, table, g, store, exports):
        repr(thing)
        assert thing == thing


def test_close_during_a_call_is_refused(vm):
    store = vm.store()
    f = Func(store, ft(), store.close)
    _, exports = vm.exports('(module (import "" "f" (func)) (func (export "g")))', [lambda layout: function(call_import(layout, 0))], [f], store)
    for call in (f, exports["g"]):
        with pytest.raises(StoreError, match="cannot be closed"):
            call(store)

    class Closing:
        def __index__(self):
            store.close()
            return 1

    takes = Func(store, ft("i"), lambda x: None)
    with pytest.raises(StoreError, match="cannot be closed"):
        takes(store, Closing())


def test_objects_keep_the_store_alive(vm):
    store, exports = vm.exports('(module (func (export "f") (result i32) i32.const 1) (memory (export "m") 1))', [bytes.fromhex("b801000000c3")])
    alive = weakref.ref(store)
    m = exports["m"]
    del store, exports
    gc.collect()
    assert alive() is not None
    assert len(m) == 65536
    del m
    gc.collect()
    assert alive() is None


def test_cycles_through_host_closures_are_collected(vm):
    def make():
        store = vm.store({})
        f = Func(store, ft(), lambda: exports["g"](store))
        _, exports = vm.exports('(module (import "" "f" (func)) (func (export "g")))', [lambda layout: function(call_import(layout, 0))], [f], store)
        store.data()["self"] = exports
        table = Table(store, TableType(t.EXTERNREF, Limits(1, None)), exports)
        store.data()["table"] = table
        return weakref.ref(store)

    gone = [make() for _ in range(5)]
    gc.collect()
    assert [g() for g in gone] == [None] * 5


def test_no_leak_over_many_instances(vm):
    import resource

    module = vm.module('(module (import "" "f" (func)) (memory (export "m") 1) (table 10 funcref) (func (export "g")))', [RET])
    broken = vm.module('(module (import "" "f" (func)) (memory 1) (data (i32.const 70000) "x"))')

    def once():
        store = vm.store()
        f = Func(store, ft(), lambda: exports)
        exports = module.instantiate(store, [f]).exports(store)
        exports["g"](store)
        exports["m"][0] = 1
        with pytest.raises(Trap):
            broken.instantiate(store, [f])

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    for _ in range(300):
        once()
    gc.collect()
    before = resident()
    for _ in range(3000):
        once()
    gc.collect()
    assert resident() - before < 8 << 20
