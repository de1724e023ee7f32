"""Calls both ways: every kind of value, counts and types of arguments, errors that name them."""

import math

import pytest
from vm_handmade import call_import, ft, function, load_register

import wasm_vm
from wasm_vm import Func, Store, StoreError, Trap, WasmError

IDENTITY_INT = bytes.fromhex("48 89 f0 c3")  # mov rax, rsi; ret
IDENTITY_VECTOR = bytes.fromhex("c3")  # xmm0 in, xmm0 out
LETTERS = {"i32": "i", "i64": "I", "f32": "f", "f64": "F", "v128": "v", "externref": "r", "funcref": "c"}

# Columns: type, given, got back.
VALUES = [
    ("i32", 0, 0), ("i32", -1, -1), ("i32", 2**31, -(2**31)), ("i32", 0xFFFFFFFF, -1), ("i32", 2**32 + 5, 5), ("i32", True, 1),
    ("i32", -(2**100) + 3, 3),
    ("i64", 2**63, -(2**63)), ("i64", 2**64 - 1, -1), ("i64", -(2**63), -(2**63)), ("i64", 2**62, 2**62), ("i64", 2**30, 2**30),
    ("f32", 1.5, 1.5), ("f32", 1e300, math.inf), ("f32", 3, 3.0), ("f64", 1e300, 1e300), ("f64", -0.0, -0.0), ("f64", 7, 7.0),
    ("v128", 5, 5), ("v128", 2**128 - 1, 2**128 - 1), ("v128", -1, 2**128 - 1), ("v128", bytes(range(16)), int.from_bytes(range(16), "little")),
    ("externref", None, None), ("funcref", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("ty", "given", "back"), VALUES)
def test_values_there_and_back(vm, ty, given, back):
    body = IDENTITY_VECTOR if ty in ("f32", "f64", "v128") else IDENTITY_INT
    store, exports = vm.exports(f'(module (func (export "f") (param {ty}) (result {ty}) local.get 0))', [body])
    assert exports["f"](store, given) == back
    if isinstance(back, float):
        assert math.copysign(1, exports["f"](store, given)) == math.copysign(1, back)


@pytest.mark.parametrize(("ty", "given", "back"), VALUES)
def test_values_through_a_host_function(vm, ty, given, back):
    store = vm.store()
    seen = []
    host = Func(store, ft(LETTERS[ty], LETTERS[ty]), lambda value: seen.append(value) or given)
    text = f'(module (import "" "h" (func (param {ty}) (result {ty}))) (func (export "f") (param {ty}) (result {ty}) local.get 0 call 0))'
    _, exports = vm.exports(text, [lambda layout: function(call_import(layout, 0))], [host], store)
    assert exports["f"](store, given) == back
    assert seen == [back]


def test_nan_payload_survives(vm):
    import struct

    nan = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_DEAD_BEEF))[0]
    store, exports = vm.exports('(module (func (export "f") (param f64) (result f64) local.get 0))', [IDENTITY_VECTOR])
    assert struct.pack("<d", exports["f"](store, nan)) == struct.pack("<d", nan)


def test_many_parameters_and_results(vm):
    store = vm.store()
    host = Func(store, ft("iIfFi", "iII"), lambda a, b, c, d, e: (a + e, b, int(c + d)))
    text = """(module (import "" "h" (func (param i32 i64 f32 f64 i32) (result i32 i64 i64)))
      (func (export "f") (param i32 i64 f32 f64 i32) (result i32 i64 i64) unreachable))"""
    # the callee's registers are the callee's of `f`: a tail of loads and a call that keeps rsi (`more`)
    _, exports = vm.exports(text, [lambda layout: function(call_import(layout, 0))], [host], store)
    assert exports["f"](store, 1, 2**40, 1.5, 2.5, 10) == [11, 2**40, 4]


class Val:
    def __init__(self, value, code=None):
        self.value = value
        if code is not None:
            self._code = code


class Index:
    def __index__(self):
        return 41


@pytest.mark.parametrize(("given", "back"), [(Val(7), 7), (Val(7, 0x7F), 7), (Index(), 41)])
def test_other_objects_as_integers(vm, given, back):
    store, exports = vm.exports('(module (func (export "f") (param i32) (result i32) local.get 0))', [IDENTITY_INT])
    assert exports["f"](store, given) == back


@pytest.mark.parametrize(
    ("ty", "given", "message"),
    [
        ("i32", "7", "argument 1: expected i32 (an int), got str: '7'"),
        ("i32", 7.0, "argument 1: expected i32 (an int), got float"),
        ("i64", None, "argument 1: expected i64"),
        ("f32", "x", "argument 1: expected f32 (a float), got str"),
        ("f64", b"", "argument 1: expected f64"),
        ("v128", b"short", "argument 1: expected v128 as an int or 16 bytes, got 5 bytes"),
        ("v128", 1.0, "argument 1: expected v128"),
        ("funcref", 3, "argument 1: expected funcref (a Func or None), got int"),
        ("i32", Val("x"), "argument 1: expected i32"),
        ("i32", Val(Val(1)), "argument 1: expected i32"),
        ("i32", Val(1, 0x7E), "argument 1: wrong type of `Val` provided"),
    ],
)
def test_wrong_arguments(vm, ty, given, message):
    store, exports = vm.exports(f'(module (func (export "f") (param {ty})))', [b"\xc3"])
    with pytest.raises(TypeError) as caught:
        exports["f"](store, given)
    assert message in str(caught.value)


def test_wrong_counts(vm):
    store, exports = vm.exports('(module (func (export "f") (param i32 i32)))', [b"\xc3"])
    f = exports["f"]
    with pytest.raises(WasmError, match="too few parameters provided: given 1, expected 2"):
        f(store, 1)
    with pytest.raises(WasmError, match="too many parameters provided: given 3, expected 2"):
        f(store, 1, 2, 3)
    with pytest.raises(TypeError, match="called with a Store"):
        f()
    with pytest.raises(TypeError, match="expected a Store or Caller, not int"):
        f(1, 2, 3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        f(store, 1, 2, speed=3)
    with pytest.raises(ValueError, match="timeout: expected seconds >= 0"):
        f(store, 1, 2, timeout=-1)
    with pytest.raises(ValueError, match="timeout"):
        f(store, 1, 2, timeout=math.nan)
    assert f(store, 1, 2, timeout=None) is None


def test_wrong_store(vm):
    store, exports = vm.exports('(module (func (export "f")))', [b"\xc3"])
    with pytest.raises(StoreError, match="wrong store") as caught:
        exports["f"](vm.store())
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, WasmError)
    assert exports["f"](store) is None


def host_call(vm, params, results, fn, *args, access_caller=False):
    store = vm.store("data")
    names = {v: k for k, v in LETTERS.items()}
    signature = "".join(f"(param {names[p]})" for p in params) + "".join(f"(result {names[r]})" for r in results)
    host = Func(store, ft(params, results), fn, access_caller)
    text = f'(module (import "" "h" (func {signature})) (memory (export "memory") 1) (func (export "f") {signature} unreachable))'
    _, exports = vm.exports(text, [lambda layout: function(call_import(layout, 0))], [host], store)
    return exports["f"](store, *args)


@pytest.mark.parametrize(
    ("results", "given", "error", "message"),
    [
        ("", 1, WasmError, "shouldn't"),
        ("i", None, TypeError, "expected i32"),
        ("i", "x", TypeError, "expected i32"),
        ("iI", (1,), WasmError, "wrong number of results: expected 2, got 1"),
        ("iI", 5, TypeError, "not iterable"),
        ("iI", (1, "x"), TypeError, "expected i64"),
    ],
)
def test_wrong_results_of_host_functions(vm, results, given, error, message):
    with pytest.raises(error, match=message):
        host_call(vm, "", results, lambda: given)


@pytest.mark.parametrize("error", [KeyError("k"), KeyboardInterrupt(), SystemExit(3), Trap("mine"), wasm_vm.ExitTrap(4)])
def test_host_exceptions_keep_their_identity(vm, error):
    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        host_call(vm, "", "", fail)
    assert caught.value is error
    notes = getattr(error, "__notes__", [])
    assert bool(notes) != isinstance(error, wasm_vm.ExitTrap)
    assert all("wasm backtrace:\n" in note and "<wasm function 1>" in note for note in notes)


def test_caller(vm):
    kept = []

    def fn(caller):
        kept.append(caller)
        assert caller.data() == "data"
        assert isinstance(caller.store, Store)
        assert caller["memory"].size(caller) == 1
        assert caller.get("nothing") is None
        assert caller.get("nothing", 5) == 5
        with pytest.raises(KeyError, match="nothing"):
            caller["nothing"]
        view = caller.memory()
        view[3] = 77
        assert caller["memory"].read(caller, 3, 4) == b"\x4d"

    host_call(vm, "", "", fn, access_caller=True)
    (caller,) = kept
    assert caller.get("memory") is None
    assert "no longer valid" in repr(caller)
    with pytest.raises(wasm_vm.LinkError):
        caller.memory()
    with pytest.raises(StoreError, match="no longer valid"):
        caller.data()


def test_host_function_called_directly(vm):
    store = vm.store()
    f = Func(store, ft("ii", "I"), lambda a, b: a * b)
    assert f(store, 2**31, -1) == 2**31
    with pytest.raises(TypeError, match="argument 2"):
        f(store, 1, "x")

    def recurse():
        return g(store)

    g = Func(store, ft(), recurse)
    with pytest.raises(RecursionError):
        g(store)


def test_func_new_checks(vm):
    store = vm.store()
    with pytest.raises(TypeError, match="expected a FuncType, not str"):
        Func(store, "nope", print)
    with pytest.raises(TypeError, match="callable"):
        Func(store, ft(), 5)
    with pytest.raises(TypeError, match="Store"):
        Func(None, ft(), print)
    f = Func(store, ft("i", "I"), print)
    assert f.type(store) == ft("i", "I")
    assert "[i32] -> [i64]" in repr(f)


def test_funcs_are_equal_when_the_same(vm):
    text = '(module (func (export "f")) (func (export "g")) (export "h" (func 0)))'
    _, exports = vm.exports(text, [b"\xc3", b"\xc3"])
    f, g, h = (exports[n] for n in "fgh")
    assert f == h
    assert hash(f) == hash(h)
    assert f != g
    assert exports["f"] is f


def test_externrefs_keep_identity_and_lifetime(vm):
    import gc
    import weakref

    class Thing:
        pass

    store, exports = vm.exports('(module (func (export "f") (param externref) (result externref) local.get 0))', [IDENTITY_INT])
    thing = Thing()
    assert exports["f"](store, thing) is thing
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is not None  # the store holds it
    store.gc()
    assert gone() is None
    for _ in range(20000):  # collected now and then without asking
        exports["f"](store, Thing())
    assert sum(isinstance(o, Thing) for o in gc.get_objects()) < 10000


def test_funcref_arguments(vm):
    store, exports = vm.exports('(module (func (export "f") (param funcref) (result funcref) local.get 0))', [IDENTITY_INT])
    assert exports["f"](store, exports["f"]) == exports["f"]
    host = Func(store, ft("i", "i"), lambda x: x + 1)
    back = exports["f"](store, host)
    assert back == host
    assert back(store, 4) == 5
    other, _ = vm.exports("(module)")
    with pytest.raises(StoreError, match="wrong store"):
        exports["f"](store, Func(other, ft(), print))


def test_load_register_is_tested_by_use():
    assert load_register(0, 7, 8) == bytes.fromhex("48 8b 87 08000000")
