"""Values of components in Python: what is taken for them, how misfits are told, and what a guest's ill-formed bytes do."""

from __future__ import annotations

import array
import ctypes
import dataclasses
import enum
import struct
from collections import OrderedDict
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

import wasm_facade
from component_abi import HEAP, WAT, Crossing, Guest, compiled, label, libc, main
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.program import ProgramBuilder
from wasm_environ.types import I32, I64, FuncType
from wasm_vm import _core

Record, Variant = _core.Record, _core.Variant
POINT = ["record", ["u32", "string"]]  # f-0, f1
F0, F1 = label("record", 0), label("record", 1)


def echoed(t: Any, given: Any) -> Any:
    """Through a guest and back."""
    crossing = Crossing(t, True, True)
    return Guest(crossing, 0, False).func(crossing.store, *crossing.args(given))


@dataclasses.dataclass
class Point:
    f_0: int
    f1: str


class Named(NamedTuple):
    f_0: int
    f1: str


class Colour(enum.Enum):
    GREEN = "e1"


class Index:
    def __index__(self) -> int:
        return 5


class Real:
    def __float__(self) -> float:
        return 0.5


POINT_VALUE = Record(**{F0: 1, F1: "x"})
SUM = ["variant", ["u32", "f64", "string", ["list", "u16"], None]]  # told apart: bare
SAME = ["variant", ["u32", "u64", None]]  # not: Variant objects
NESTED = ["option", ["option", "u8"]]

# type, what is given, what comes back
TAKEN = [
    ("u8", Index(), 5), ("u8", True, 1), ("f64", 3, 3.0), ("f32", Real(), 0.5), ("f32", 1e300, float("inf")), ("char", "\U0001f600", "\U0001f600"),
    (POINT, Point(1, "x"), POINT_VALUE), (POINT, Named(1, "x"), POINT_VALUE), (POINT, {F0: 1, "f1": "x"}, POINT_VALUE),
    (POINT, {"f_0": 1, "f1": "x"}, POINT_VALUE), (POINT, OrderedDict(f_0=1, f1="x"), POINT_VALUE), (POINT, SimpleNamespace(f_0=1, f1="x"), POINT_VALUE),
    (POINT, MappingProxyType({F0: 1, F1: "x"}), POINT_VALUE), (POINT, Record(f_0=1, f1="x"), POINT_VALUE),
    (["list", "u32"], (1, 2), [1, 2]), (["tuple", ["u32", "u8"]], [1, 2], (1, 2)), (["list", "u8"], b"ab", b"ab"), (["list", "u8"], [1, 2], b"\1\2"),
    (["list", "u8"], bytearray(b"ab"), b"ab"), (["list", "u8"], memoryview(b"abcd")[::2], b"ac"), (["list", "u8"], range(3), b"\0\1\2"),
    (["list", "u16"], array.array("H", [1, 2]), [1, 2]), (["list", "s64"], array.array("q", [-1]), [-1]), (["list", "f64"], array.array("d", [0.5]), [0.5]),
    (["list", "f64"], array.array("f", [0.5]), [0.5]), (["list", "u64"], array.array("b", [1]), [1]), (["list", "f32"], array.array("f", []), []),
    (["list", "char"], ["a", "\xe9"], ["a", "\xe9"]), (["fixed", "u8", 2], [1, 2], b"\1\2"), (["fixed", "u16", 2], (1, 2), [1, 2]),
    (["map", "string", "u8"], {"a": 1}, {"a": 1}), (["map", "string", "u8"], [("a", 1)], {"a": 1}), (["map", "u8", "u8"], MappingProxyType({1: 2}), {1: 2}),
    (["enum", 2], "e-0", "e-0"), (["enum", 2], "e_0", "e-0"), (["enum", 2], Colour.GREEN, "e1"),
    (["flags", 3], {"g1", "g_2"}, {"g1", "g-2"}), (["flags", 3], ["g-0"], {"g-0"}), (["flags", 3], frozenset(), set()), (["flags", 3], 5, {"g-0", "g-2"}),
    (SUM, 3, 3), (SUM, 0.5, 0.5), (SUM, "x", "x"), (SUM, [1], [1]), (SUM, (1,), [1]), (SUM, None, None), (SUM, Variant("c1", 2), 2.0),
    (SUM, Variant("c-4"), None), (SAME, Variant("c-0", 1), Variant("c-0", 1)), (SAME, Variant("c_2"), Variant("c-2")),
    (["option", "u8"], None, None), (["option", "u8"], 1, 1), (["option", "u8"], Variant("some", 1), 1), (["option", "u8"], Variant("none"), None),
    (NESTED, Variant("none"), Variant("none")), (NESTED, Variant("some", None), Variant("some")), (NESTED, Variant("some", 3), Variant("some", 3)),
    (["result", "u8", "string"], "bad", "bad"), (["result", "u8", "string"], Variant("ok", 1), 1), (["result", None, None], Variant("err"), Variant("err")),
    (["result", "s8", "bool"], True, True), (["result", "s8", "bool"], 1, 1), (["result", POINT, None], Point(1, "x"), POINT_VALUE),
]  # fmt: skip


@pytest.mark.parametrize(("t", "given", "back"), TAKEN, ids=range(len(TAKEN)))
def test_taken(t: Any, given: Any, back: Any) -> None:
    found = echoed(t, given)
    assert found == back
    assert type(found) is type(back)


SURROGATE = chr(0xD800)
# type, value, exception, its words after "argument 1: "
MISFITS: list[tuple[Any, Any, type[Exception], str]] = [
    ("u8", 300, OverflowError, "300 does not fit u8"), ("u8", -1, OverflowError, "-1 does not fit u8"), ("s8", 128, OverflowError, "128 does not fit s8"),
    ("u64", 1 << 64, OverflowError, f"{1 << 64} does not fit u64"), ("u64", -1, OverflowError, "-1 does not fit u64"),
    ("s64", 1 << 63, OverflowError, f"{1 << 63} does not fit s64"), ("u32", 10**5000, OverflowError, "an int of very many digits does not fit u32"),
    ("u32", "1", TypeError, "expected an int for u32, got str: '1'"), ("u32", 1.0, TypeError, "expected an int for u32, got float: 1.0"),
    ("bool", 1, TypeError, "expected a bool, got int: 1"), ("f64", "x", TypeError, "expected a float for f64, got str: 'x'"),
    ("f64", 10**400, OverflowError, "int too large to convert to float"), ("char", "ab", TypeError, "expected a str of one character, got str: 'ab'"),
    ("char", SURROGATE, ValueError, "'\\ud800' is a surrogate, no character"), ("string", b"x", TypeError, "expected a str, got bytes: b'x'"),
    ("string", "a" + SURROGATE, ValueError, "a str with a surrogate: 'a\\ud800'"), (["list", "string"], "ab", TypeError, "expected a list, got str: 'ab'"),
    (["list", "u16"], {1: 2}, TypeError, "expected a list, got dict: {1: 2}"), (["list", "u16"], [1, 2, -3], OverflowError, "[2]: -3 does not fit u16"),
    (["list", "u8"], [1, 256], OverflowError, "[1]: 256 does not fit u8"), (["list", "u8"], 3, TypeError, "expected bytes, or a list of ints, got int: 3"),
    (["tuple", ["u8", "u8"]], (1,), TypeError, "expected a tuple of 2, got 1 items"), (["tuple", ["u8", "u8"]], (1, "a"), TypeError, "[1]: expected an int for u8, got str: 'a'"),
    (["fixed", "u8", 3], [1, 2], ValueError, "expected 3 items, got 2"), (["record", [["list", POINT]]], {"f_0": [{"f_0": 1, "f1": "x"}, {"f_0": -1, "f1": "x"}]},
     OverflowError, ".f-0[1].f-0: -1 does not fit u32"), (POINT, Record(f1="x"), AttributeError, "a record has a field 'f-0', wasm_vm.Record has none: Record(f1='x')"),
    (POINT, {}, AttributeError, "a record has a field 'f-0', dict has none: {}"), (POINT, None, AttributeError, "a record has a field 'f-0', NoneType has none: None"),
    (["map", "u8", "u8"], 3, TypeError, "expected a dict, got int: 3"), (["map", "u8", "u8"], {1: "a"}, TypeError, "[0][1]: expected an int for u8, got str: 'a'"),
    (["enum", 2], "e9", ValueError, "no case of this enum: 'e9'"), (["enum", 2], 0, TypeError, "expected a str, got int: 0"),
    (["flags", 2], {"g9"}, ValueError, "no flag of these: 'g9'"), (["flags", 2], 4, OverflowError, "4 does not fit 2 flags"),
    (["flags", 2], "g1", TypeError, "expected a set of str, got str: 'g1'"), (["flags", 2], {1}, TypeError, "expected a set of str, got int: 1"),
    (SUM, {1}, ValueError, "value not valid for this variant: {1}"), (SAME, 3, TypeError, "expected a Variant, got int: 3"),
    (SAME, Variant("x"), ValueError, "value not valid for this variant: it has no case 'x'"), (SAME, Variant(3), TypeError, "expected a str as the tag of a Variant, got int: 3"),  # type: ignore[arg-type]
    (SAME, Variant("c-2", 1), ValueError, "the case 'c-2' has no payload, got 1"), (SAME, Variant("c1", -1), OverflowError, ".c1: -1 does not fit u64"),
    (["option", "u8"], 256, OverflowError, "256 does not fit u8"), (["result", ["list", "u8"], None], [256], OverflowError, ".ok[0]: 256 does not fit u8"),
]  # fmt: skip


@pytest.mark.parametrize(("t", "given", "exception", "words"), MISFITS, ids=range(len(MISFITS)))
def test_misfits(t: Any, given: Any, exception: type[Exception], words: str) -> None:
    with pytest.raises(exception) as info:
        echoed(t, given)
    assert type(info.value) is exception
    assert str(info.value) == f"argument 1: {words}"


def test_second_argument_and_result() -> None:
    crossing = Crossing("u8", True, True)
    guest = Guest(crossing, 0, False)
    with pytest.raises(TypeError, match=r"^argument 3: expected an int for u8, got str: 'x'$"):
        guest.func(crossing.store, 1, 1, "x", *[1] * 15)
    assert guest.func(crossing.store, *crossing.args(7)) == 7  # nothing was entered
    failing = Guest(crossing, 0, False, lambda store, *args: 256)
    with pytest.raises(OverflowError, match=r"^result: 256 does not fit u8"):
        failing.func(crossing.store, *crossing.args(7))


class Angry(Exception):
    pass


class Raises:
    @property
    def f_0(self) -> int:
        raise Angry

    def __getattr__(self, name: str) -> int:
        raise Angry


def test_what_python_raises_stays() -> None:
    with pytest.raises(Angry) as info:
        echoed(POINT, Raises())
    assert info.value.args == ()


def test_a_list_that_shrinks() -> None:
    class Shrinks:
        def __index__(self) -> int:
            items.clear()
            return 1

    items: list[Any] = [Shrinks(), 1, 2]
    with pytest.raises(RuntimeError, match="changed its size"):
        echoed(["list", "u16"], items)


def test_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    for letter, t in {"i1": "s8", "u2": "u16", "i4": "s32", "u8": "u64", "f4": "f32", "f8": "f64"}.items():
        given = numpy.array([1, 2, 3], dtype=letter)
        assert echoed(["list", t], given) == [1, 2, 3]
        assert echoed(["list", t], given[::2]) == [1, 3]
    assert echoed("u16", numpy.uint8(3)) == 3
    assert echoed("f32", numpy.float64(0.5)) == 0.5


ENDS = [("s16", ctypes.c_int16), ("u32", ctypes.c_uint32), ("s64", ctypes.c_int64), ("f32", ctypes.c_float), ("f64", ctypes.c_double), ("s8", ctypes.c_int8)]


@pytest.mark.parametrize(("t", "item"), ENDS)
@pytest.mark.parametrize("order", ["__ctype_le__", "__ctype_be__"])
def test_buffers_say_their_byte_order(t: str, item: Any, order: str) -> None:
    given = (getattr(item, order) * 3)(1, 2, 100)
    assert memoryview(given).format[0] in "<>"
    assert echoed(["list", t], given) == [1, 2, 100]


# ---- what a guest says


def given_by_guest(t: Any, memory: bytes, encoding: int = 0, wide: bool = False) -> Any:
    """Lifts a result: the core value at byte 256, or the value that lies there, where that is more than one."""
    crossing = Crossing(t, False, True)
    layouts, address = crossing.layouts[wide], I64 if wide else I32
    results = layouts.core_function(s.Func((), crossing.type), False)[1]
    flat = layouts.of(crossing.type).flat
    a = "i64" if wide else "i32"
    body = f"({a}.const 256)" if len(flat) > 1 else f"({WAT[results[0]]}.load ({a}.const 256))"
    store = crossing.store
    items = wasm_facade.Instance(store, compiled(libc(address)), []).exports(store)
    items["m"].write(store, memory, 256)
    core = wasm_facade.Instance(store, compiled(main(((), results), address, body)), [items["m"]]).exports(store)["f"]
    state, signature = giving(crossing)
    return state.lift(signature, core, (0, items["m"], items["realloc"], None, encoding, False))(store)


def giving(crossing: Crossing) -> tuple[Any, int]:
    """A state of the same store for `() -> t`."""
    table = crossing.layouts[0].table
    builder = ProgramBuilder(table)
    signature = builder.signature(table.intern(s.Func((), crossing.type)))
    return _core.ComponentState(crossing.store, _core.CallProgram(*builder.program()), bytes(4), 0), signature


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


STRING = words(264, 4)
PAGE = 1 << 16
# type, bytes from 256 on, encoding (0 utf-8, 1 utf-16, 2 latin1+utf16), words of the trap
ILL_FORMED = [
    ("char", words(0xD800), 0, "invalid `char` bit pattern"), ("char", words(0x110000), 0, "invalid `char` bit pattern"),
    (["enum", 3], words(3), 0, "invalid variant discriminant"), (["option", "u8"], b"\2", 0, "invalid variant discriminant"),
    (["list", "char"], words(264, 2, 65, 0xDFFF), 0, "invalid `char` bit pattern"),
    ("string", STRING + b"ab\xffd", 0, "invalid utf-8"), ("string", STRING + b"abc\xc3", 0, "incomplete utf-8 byte sequence"),
    ("string", STRING + b"\xed\xa0\x80a", 0, "invalid utf-8"), ("string", STRING + b"\xf4\x90\x80\x80", 0, "invalid utf-8"),
    ("string", STRING + b"\xc0\x80aa", 0, "invalid utf-8"), ("string", words(PAGE - 2, 3), 0, "out of bounds"),
    ("string", words(0xFFFFFFFF, 1), 0, "out of bounds"), ("string", words(1, 0xFFFFFFFF), 0, "out of bounds"), ("string", words(0, 1 << 28), 0, "out of bounds"),
    ("string", words(265, 1), 1, "not aligned"), ("string", words(264, 1) + b"\0\xd8", 1, "surrogate"), ("string", words(264, 1) + b"\0\xdc", 1, "surrogate"),
    ("string", words(264, 0x7FFFFFFF), 1, "out of bounds"), ("string", words(264, 0xFFFFFFFF), 1, "out of bounds"),
    ("string", words(265, 0), 2, "not aligned"), ("string", words(264, 0x80000001) + b"\0\xd8", 2, "surrogate"),
    ("string", words(PAGE - 2, 0x80000002), 2, "out of bounds"), ("string", words(264, 0xFFFFFFFF), 2, "out of bounds"),
    (["list", "u32"], words(266, 1), 0, "not aligned"), (["list", "u32"], words(PAGE - 4, 2), 0, "out of bounds"),
    (["list", "u32"], words(0, 0x40000001), 0, "out of bounds"), (["list", "u64"], words(8, 0x20000001), 0, "out of bounds"),
    (["list", "u8"], words(PAGE, 1), 0, "out of bounds"), (["list", ["list", "u8"]], words(264, 1, PAGE, 1), 0, "out of bounds"),
    (["map", "string", "u8"], words(264, 0x20000000), 0, "out of bounds"),
]  # fmt: skip


@pytest.mark.parametrize(("t", "memory", "encoding", "trap"), ILL_FORMED)
def test_ill_formed(t: Any, memory: bytes, encoding: int, trap: str) -> None:
    with pytest.raises(wasm_facade.Trap, match=trap):
        given_by_guest(t, memory, encoding)


# the same with 64-bit addresses: type, bytes, words of the trap
ILL_FORMED_64 = [
    ("string", struct.pack("<QQ", 1 << 63, 1)), ("string", struct.pack("<QQ", (1 << 64) - 1, 2)), ("string", struct.pack("<QQ", 0, 1 << 63)),
    (["list", "u64"], struct.pack("<QQ", 8, 1 << 61)), (["list", "u64"], struct.pack("<QQ", (1 << 64) - 8, 1)), (["list", "u8"], struct.pack("<QQ", 0, (1 << 64) - 1)),
]  # fmt: skip


@pytest.mark.parametrize(("t", "memory"), ILL_FORMED_64)
def test_ill_formed_64(t: Any, memory: bytes) -> None:
    with pytest.raises(wasm_facade.Trap, match="out of bounds"):
        given_by_guest(t, memory, wide=True)


WELL_FORMED = [
    ("bool", words(0x100), True), ("u8", words(0x1FF), 255), ("s8", words(0x80), -128), ("s16", words(0x18000), -32768), (["flags", 2], words(0xFF), {"g-0", "g1"}),
    ("string", words(PAGE - 2, 2), "\0\0"), ("string", words(PAGE, 0), ""), (["list", "u64"], words(PAGE, 0), []), ("f32", words(0xFFFFFFFF), float("nan")),
    (["tuple", ["bool", "bool"]], b"\2\0", (True, False)), (["list", "bool"], words(264, 3) + b"\0\1\x80", [False, True, True]),
]  # fmt: skip


@pytest.mark.parametrize(("t", "memory", "found"), WELL_FORMED)
def test_more_bits_than_needed(t: Any, memory: bytes, found: Any) -> None:
    assert repr(given_by_guest(t, memory)) == repr(found) if isinstance(found, float) else given_by_guest(t, memory) == found


def test_nan_is_canonical() -> None:
    assert struct.pack("<d", given_by_guest(["tuple", ["f64", "f32"]], struct.pack("<QI", (1 << 64) - 1, 0xFFFFFFFF))[0]) == struct.pack("<Q", 0x7FF8 << 48)


@pytest.mark.parametrize(("t", "letter"), [("s8", "b"), ("u16", "H"), ("s32", "i"), ("u32", "I"), ("s64", "q"), ("u64", "Q"), ("f32", "f"), ("f64", "d")])
def test_arrays(t: str, letter: str) -> None:
    crossing = Crossing(["list", t], True, True)
    guest = Guest(crossing, 0, False)
    given = array.array(letter, [1, 0, 2])
    assert not guest.func.arrays
    listed = guest.func(crossing.store, *crossing.args(given))
    assert type(listed) is list
    assert listed == [1, 0, 2]
    guest.func.arrays = True
    assert guest.func(crossing.store, *crossing.args(listed)) == given
    back = guest.func(crossing.store, *crossing.args(given))
    assert (type(back), back.typecode, back) == (array.array, letter, given)
    assert guest.func(crossing.store, *crossing.args(array.array(letter))) == array.array(letter)


LISTS = """(component
  (import "f" (func $f (param "xs" (list u32))))
  (core module $A (memory (export "m") 1) (data (i32.const 8) "\\01\\00\\00\\00\\02\\00\\00\\00"))
  (core instance $a (instantiate $A))
  (core func $g (canon lower (func $f) (memory (core memory $a "m"))))
  (core module $M (import "" "f" (func $f (param i32 i32))) (func (export "run") (call $f (i32.const 8) (i32.const 2))))
  (core instance $m (instantiate $M (with "" (instance (export "f" (func $g))))))
  (func (export "run") (canon lift (core func $m "run"))))"""


@pytest.mark.parametrize("arrays", [False, True])
def test_arrays_of_a_linker(arrays: bool) -> None:
    from wasm_facade import component

    seen: list[Any] = []
    engine = wasm_facade.Engine()
    linker = component.Linker(engine)
    linker.arrays = arrays
    with linker.root() as root:
        root.add_func("f", lambda store, xs: seen.append(xs))
    store = wasm_facade.Store(engine)
    run = linker.instantiate(store, component.Component(engine, LISTS)).get_func(store, "run")
    assert run is not None
    run(store)
    assert seen == [array.array("I", [1, 2]) if arrays else [1, 2]]


@pytest.mark.parametrize(
    ("t", "lifted", "lowered"), [("u8", "", ""), ("string", "memory", "memory"), (["tuple", ["u8", "u8"]], "memory", "memory"), (["option", "u8"], "memory", "memory")]
)
def test_options_that_lack_something(t: Any, lifted: str, lowered: str) -> None:
    crossing = Crossing(t, False, True)
    items = wasm_facade.Instance(crossing.store, compiled(libc(I32)), []).exports(crossing.store)
    types = FuncType(*crossing.layouts[0].core_function(crossing.func, True))
    makers: dict[str, Any] = {
        lifted: lambda *options: crossing.state.lift(crossing.signature, items["realloc"], (0, *options, None, 0, False)),
        lowered + " ": lambda *options: crossing.state.lower(crossing.signature, print, (0, *options, None, 0, False), types),
    }
    for lacks, make in makers.items():
        if lacks.strip():
            with pytest.raises(ValueError, match="needs a memory"):
                make(None, items["realloc"])
            if t == "string":
                with pytest.raises(ValueError, match="needs a realloc"):
                    make(items["m"], None)
        make(items["m"], items["realloc"])


# ---- handles are lowered last: what does not fit leaves them as they were


def with_resource(t: Any) -> tuple[Crossing, Guest, _core.ResourceAny]:
    crossing = Crossing(t, True, False, resources=1)
    resource = _core.ResourceType("thing")
    crossing.state.resource(0, resource)
    return crossing, Guest(crossing, 0, False), _core.ResourceAny._make(crossing.store, resource, 42, True)


def test_own_is_given_last() -> None:
    crossing, guest, thing = with_resource(["tuple", [["own", 0], "u8"]])
    with pytest.raises(OverflowError, match=r"^argument 1: \[1\]: 300 does not fit u8$"):
        guest.func(crossing.store, *crossing.args((thing, 300)))
    assert not thing.gone
    guest.func(crossing.store, *crossing.args((thing, 3)))
    assert thing.gone
    assert bytes(guest.libc["m"].read(crossing.store, HEAP, guest.libc["heap"].value(crossing.store)))[-28:-23] == words(1) + b"\3"  # the first handle
    with pytest.raises(wasm_facade.WasmtimeError, match="gone"):
        guest.func(crossing.store, *crossing.args((thing, 3)))


def test_own_twice() -> None:
    crossing, guest, thing = with_resource(["tuple", [["own", 0], ["own", 0]]])
    with pytest.raises(wasm_facade.WasmtimeError, match="gone"):
        guest.func(crossing.store, *crossing.args((thing, thing)))
    assert not thing.gone
    with pytest.raises(TypeError, match=r"^argument 1: \[1\]: expected a ResourceAny"):
        guest.func(crossing.store, *crossing.args((thing, 3)))
    assert not thing.gone


def test_borrow_is_given_back() -> None:
    crossing, guest, thing = with_resource(["list", ["borrow", 0]])
    other = _core.ResourceAny._make(crossing.store, _core.ResourceType("other"), 1, True)
    with pytest.raises(TypeError, match=r"^argument 1: \[1\]: expected a resource of"):
        guest.func(crossing.store, *crossing.args([thing, other]))
    with pytest.raises(wasm_facade.Trap, match="borrow handles still remain"):
        guest.func(crossing.store, *crossing.args([thing]))
    thing.drop(crossing.store)
    assert thing.gone


# ---- Record and Variant


def test_record() -> None:
    record = Record(**{"a-b": 1, "c": 2})
    assert record.a_b == 1
    assert getattr(record, "a-b") == 1
    assert repr(record) == "Record(a-b=1, c=2)"
    assert record == Record(**{"c": 2, "a-b": 1})
    assert record != Record(c=2)
    assert record != Record(**{"a-b": 1, "c": 2, "d": 3})
    record.c = record
    assert repr(record) == "Record(a-b=1, c=Record(...))"
    with pytest.raises(AttributeError):
        _ = record.a_c
    with pytest.raises(TypeError):
        hash(record)


def test_variant() -> None:
    match Variant("a", 1):
        case Variant("a", payload):
            assert payload == 1
        case _:
            pytest.fail("no match")
    assert Variant("a") == Variant("a", None)
    assert Variant("a") != Variant("b")
    assert Variant("a", 1) != Variant("a", 2)
    assert repr(Variant("a", 1)) == "Variant(tag='a', payload=1)"
    assert repr(Variant("a")) == "Variant(tag='a')"


@pytest.mark.parametrize(
    ("words", "labels"),
    [(b"", ()), (b"\1", ()), (words(2, 0, 0, 0), ()), (words(1, 1, 0, 0), ()), (words(1, 1, 0, 0, 99, *[0] * 10), ()),
     (words(1, 1, 0, 0, 3, 0, 0, 2, 2, 1, 1, 1, 1, 0, 0), ()), (words(1, 1, 0, 0, 14, 0, 0, 32, 8, 4, 16, 8, 2, 0, 0), ()),
     (words(1, 1, 1, 0, 18, 0, 0, 256, 1, 1, 1, 1, 1, 0, 1, 0xFFFFFFFF, 0, 0, 0), ()), (words(1, 0, 0, 1, 0, 0), ()), (words(1, 1 << 31, 0, 0), ())],
)  # fmt: skip
def test_damaged_programs(words: bytes, labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="not a call program"):
        _core.CallProgram(words, labels)


class Replacing:
    """A key like the name of a field, which gives the record another dict when it is compared."""

    def __init__(self, record: Any, fields: dict[Any, Any]) -> None:
        self.record = record
        self.fields = fields

    def __hash__(self) -> int:
        return hash(F0)

    def __eq__(self, other: object) -> bool:
        self.record.__dict__ = self.fields
        return False


def test_a_record_that_loses_its_dict_while_it_is_read() -> None:
    for _ in range(20):
        record: Any = Record()
        record.__dict__ = {Replacing(record, {F0: 5, F1: "y"}): 0, F0: 1, F1: "x"}
        assert echoed(POINT, record) == Record(**{F0: 1, F1: "y"})
        record.__dict__ = {Replacing(record, {F0: 5}): 0}
        Record.__init__(record, **{F0: 1})
        assert record == Record(**{F0: 5})
