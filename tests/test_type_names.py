"""Declared types and their fields by name: names of name sections and of Python, attributes of structs, and what messages say; never a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wasm_facade as w

I32 = w.ValType.i32()

# ---- what messages say

NAMELESS = """(module (type (struct (field f64) (field (mut f64)))) (type (struct (field (ref null 0)))) (type (array i8)) (type (func (param (ref 0))))
  (func (export "point") (param (ref 0))) (func (export "box") (param (ref null 1))) (func (export "bytes") (param (ref 2)))
  (func (export "function") (param (ref null 3))))"""
# Columns: export, argument, what is said.
SAID: tuple[tuple[str, Callable[[w.Store], Any], str], ...] = (
    ("point", lambda store: None, "expected (ref (struct f64 (mut f64))), a reference that is not null, got None"),
    ("point", lambda store: w.StructRef(store, w.StructType([I32]), [1]), "expected (ref (struct f64 (mut f64))), got <StructRef [1]>"),
    ("box", lambda store: w.ArrayRef(store, w.ArrayType(I32), [1]), "expected (ref null (struct (ref null (struct ...)))), got <ArrayRef [1]>"),
    ("bytes", lambda store: w.I31Ref(1), "expected (ref (array i8)), got I31Ref(1)"),
    ("function", lambda store: w.Func(store, w.FuncType([], [I32]), int), "expected (ref null (func (param (ref (struct ...))))), got a function of type [] -> [i32]"),
)  # fmt: skip


@pytest.mark.parametrize(("export", "argument", "said"), SAID, ids=[row[0] + str(k) for k, row in enumerate(SAID)])
def test_arguments_of_another_type(export: str, argument: Callable[[w.Store], Any], said: str) -> None:
    engine = w.Engine()
    store = w.Store(engine)
    function: Any = w.Instance(store, w.Module(engine, NAMELESS), []).exports(store)[export]
    with pytest.raises(TypeError) as caught:
        function(store, argument(store))
    assert said in str(caught.value)


# ---- names out of name sections

SHAPES = """(module (type $point (struct (field $x f64) (field $y (mut f64)))) (type $pair (struct (field $type (mut i32)) (field i32) (field $store i32)))
  (func (export "point") (result (ref $point)) (struct.new $point (f64.const 1) (f64.const 2)))
  (func (export "pair") (result (ref $pair)) (struct.new $pair (i32.const 3) (i32.const 4) (i32.const 5)))
  (func (export "take") (param (ref $point))))"""


def shapes() -> tuple[w.Store, Any]:
    engine = w.Engine()
    store = w.Store(engine)
    return store, w.Instance(store, w.Module(engine, SHAPES), []).exports(store)


def test_fields_by_name() -> None:
    store, exports = shapes()
    point = exports["point"](store)
    assert (point.x, point["y"], point.type.names) == (1.0, 2.0, ("x", "y"))
    point.y = 7
    assert (point.y, point[1]) == (7.0, 7.0)
    with pytest.raises(w.WasmError, match="immutable"):
        point.x = 7
    with pytest.raises(TypeError, match="cannot be deleted"):
        del point.y
    with pytest.raises(AttributeError, match="no attribute 'z'"):
        point.z  # noqa: B018
    with pytest.raises(KeyError, match="no field 'z'; the type's names are 'x', 'y'"):
        point["z"]
    assert {"x", "y", "type", "store"} <= set(dir(point))
    point.z = "kept by the handle"
    assert (point.z, vars(point)) == ("kept by the handle", {"z": "kept by the handle"})
    assert repr(point.type) == "StructType({'x': FieldType(f64), 'y': FieldType(f64, mutable=True)})"


def test_attributes_of_the_class_come_first() -> None:
    store, exports = shapes()
    pair = exports["pair"](store)
    assert isinstance(pair.type, w.StructType)
    assert pair.store is store
    assert (pair["type"], pair["store"], pair.type.names) == (3, 5, ("type", "", "store"))
    pair["type"] = 8
    assert pair[0] == 8
    with pytest.raises(AttributeError):
        pair.type = 9
    assert repr(pair.type) == "StructType([FieldType(i32, mutable=True), FieldType(i32), FieldType(i32)])"


def test_names_of_several_modules_and_of_python() -> None:
    """The same type to wasm: the first names are shown, all are understood."""
    store, exports = shapes()
    point = exports["point"](store)
    assert point.x == 1
    with pytest.raises(AttributeError):
        point.re  # noqa: B018
    w.Module(store.engine, "(module (type $complex (struct (field $re f64) (field $im (mut f64)))))")
    assert (point.re, point.im, point.x) == (1.0, 2.0, 1.0)
    polar = w.StructType({"y": w.ValType.f64(), "angle": w.FieldType(w.ValType.f64(), mutable=True)})
    made = w.StructRef(store, polar, [8, 9])
    assert (made.angle, made.y, polar.names, made.type.names) == (9.0, 9.0, ("y", "angle"), ("x", "y"))


def test_names_of_a_type_that_nothing_names() -> None:
    store = w.Store()
    plain = w.StructRef(store, w.StructType([I32]), [1])
    assert plain.type.names == ()
    with pytest.raises(KeyError, match="none: give the StructType a mapping"):
        plain["x"]
    store.close()
    with pytest.raises(AttributeError):
        plain.x  # noqa: B018
    assert "x" not in dir(plain)


def test_named_types_in_messages() -> None:
    store, exports = shapes()
    with pytest.raises(TypeError, match=r"expected \(ref \$point\), got I31Ref\(1\)"):
        exports["take"](store, w.I31Ref(1))
    assert repr(exports["take"].type(store)) == "FuncType([(ref $point)], [])"
    assert repr(exports["take"]).startswith("<Func [(ref $point)] -> [], wasm function ")


@pytest.mark.parametrize("end", [b"", b"\x05\x80", b"\x0a\xff\xff\xff\xff\x0f"])
def test_names_beyond_the_module(end: bytes) -> None:
    """A name section is advice: what is wrong in it names nothing."""
    names = bytes.fromhex("04 09 02 00 01") + b"p" + bytes.fromhex("7f 03") + b"far" + bytes.fromhex("0a 0b 02 00 02 00 01") + b"a" + bytes.fromhex("63 01") + b"b" + b"\x07\x00" + end
    section = b"\x04name" + names
    wasm = b"\0asm\1\0\0\0" + bytes.fromhex("01 05 01 5f 01 7f 00") + b"\0" + bytes((len(section),)) + section
    store = w.Store()
    module = w.Module(store.engine, wasm)
    assert module.exports == []
    made = w.StructRef(store, w.StructType([I32]), [5])
    assert made.a == 5
    with pytest.raises(AttributeError):
        made.b  # noqa: B018
    assert made.type.names == ("a",)
