"""Type classes, limits and values: the same on wasm_facade and on wasmtime-py, but for what ours adds."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import wasmtime

import wasm_facade

both = pytest.mark.parametrize("api", [wasm_facade, wasmtime], ids=["ours", "wasmtime"])


@both
@pytest.mark.parametrize("name", ["i32", "i64", "f32", "f64", "funcref"])
def test_valtype_name_and_equality(api: ModuleType, name: str) -> None:
    made = getattr(api.ValType, name)()
    assert str(made) == repr(made) == name
    assert made == getattr(api.ValType, name)()
    assert made != api.ValType.externref()
    assert made != name


@both
def test_valtype_cannot_be_constructed(api: ModuleType) -> None:
    with pytest.raises(api.WasmtimeError, match="cannot construct directly"):
        api.ValType()


@both
def test_functype(api: ModuleType) -> None:
    i32, i64 = api.ValType.i32(), api.ValType.i64()
    made = api.FuncType([i32, i64], [i64])
    assert made.params == [i32, i64]
    assert made.results == [i64]
    for params, results in (([1], []), ([], ["i32"])):
        with pytest.raises(TypeError, match="expected ValType"):
            api.FuncType(params, results)


@both
def test_globaltype(api: ModuleType) -> None:
    made = api.GlobalType(api.ValType.f32(), True)
    assert made.content == api.ValType.f32()
    assert made.mutable is True
    assert api.GlobalType(api.ValType.f32(), False).mutable is False
    with pytest.raises(TypeError, match="valtype"):
        api.GlobalType(3, True)


@both
def test_limits(api: ModuleType) -> None:
    assert api.Limits(1, 2) == api.Limits(1, 2)
    assert api.Limits(1, None) != api.Limits(1, 2)
    assert api.Limits(1, None) != 1
    made = api.Limits(3, None)
    assert (made.min, made.max) == (3, None)


@both
def test_tabletype(api: ModuleType) -> None:
    made = api.TableType(api.ValType.funcref(), api.Limits(1, 5))
    assert made.element == api.ValType.funcref()
    assert made.limits == api.Limits(1, 5)
    with pytest.raises(TypeError, match="expected Limits"):
        api.TableType(api.ValType.funcref(), 5)


@both
def test_memorytype(api: ModuleType) -> None:
    made = api.MemoryType(api.Limits(1, None))
    assert made.limits == api.Limits(1, None)
    assert (made.is_64, made.is_shared, made.page_size, made.page_size_log2) == (False, False, 65536, 16)
    wide = api.MemoryType(api.Limits(1, 2), is_64=True)
    assert wide.is_64
    assert api.MemoryType(api.Limits(1, 2), shared=True).is_shared
    with pytest.raises(TypeError, match="expected Limits"):
        api.MemoryType(1)
    with pytest.raises(api.WasmtimeError, match="minimum size too large"):
        api.MemoryType(api.Limits(1 << 32, None))
    with pytest.raises(api.WasmtimeError, match="maximum size too large"):
        api.MemoryType(api.Limits(1, 1 << 32))
    with pytest.raises(api.WasmtimeError):
        api.MemoryType(api.Limits(1, None), shared=True)


@both
def test_tagtype(api: ModuleType) -> None:
    assert api.TagType(api.FuncType([api.ValType.i32()], [])).functype.params == [api.ValType.i32()]
    with pytest.raises(TypeError, match="expected a FuncType"):
        api.TagType(3)


VALUES: list[tuple[str, Any, Any]] = [
    ("i32", 7, 7),
    ("i32", 2**31, -(2**31)),
    ("i32", -1, -1),
    ("i32", 2**40 + 5, 5),
    ("i64", 2**63, -(2**63)),
    ("i64", -(2**63), -(2**63)),
    ("f32", 1.5, 1.5),
    ("f32", 0.1, 0.10000000149011612),
    ("f32", 1e300, float("inf")),
    ("f64", 0.1, 0.1),
]


@both
@pytest.mark.parametrize(("kind", "given", "kept"), VALUES)
def test_val(api: ModuleType, kind: str, given: Any, kept: Any) -> None:
    made = getattr(api.Val, kind)(given)
    assert made.value == kept
    assert made == kept
    assert made == getattr(api.Val, kind)(given)
    assert made.type == getattr(api.ValType, kind)()
    for other in ("i32", "i64", "f32", "f64"):
        assert getattr(made, f"as_{other}")() == (kept if other == kind else None)
    assert made.as_funcref() is None
    assert made.as_externref() is None


@both
def test_val_of_references(api: ModuleType) -> None:
    thing = object()
    assert api.Val.externref(thing).as_externref() is thing
    assert api.Val.externref(thing).value is thing
    assert api.Val.ref_null(api.ValType.externref()).value is None
    assert api.Val.ref_null(api.ValType.funcref()).type == api.ValType.funcref()
    with pytest.raises(api.WasmtimeError, match="Invalid reference type"):
        api.Val.ref_null(api.ValType.i32())


@both
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda api: api.Val.i32(1.0), "expected an integer"),
        (lambda api: api.Val.i64("1"), "expected an integer"),
        (lambda api: api.Val.f32(1), "expected a float"),
        (lambda api: api.Val.f64(None), "expected a float"),
    ],
)
def test_val_refuses(api: ModuleType, make: Callable[[ModuleType], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make(api)


def test_ours_adds_hash_equality_and_repr() -> None:
    from wasm_facade import FuncType, GlobalType, Limits, MemoryType, TableType, TagType, Val, ValType

    i32 = ValType.i32()
    rows: list[tuple[Callable[[], object], str]] = [
        (lambda: FuncType([i32], [ValType.f64()]), "FuncType([i32], [f64])"),
        (lambda: GlobalType(i32, True), "GlobalType(i32, mutable)"),
        (lambda: TableType(ValType.funcref(), Limits(1, None)), "TableType(funcref, Limits(1, None))"),
        (lambda: MemoryType(Limits(1, 2), shared=True), "MemoryType(Limits(1, 2), shared=True)"),
        (lambda: TagType(FuncType([], [])), "TagType(FuncType([], []))"),
        (lambda: Val.i32(5), "Val.i32(5)"),
        (lambda: i32, "i32"),
    ]
    for make, text in rows:
        assert make() == make()
        assert hash(make()) == hash(make())
        assert repr(make()) == text


def test_ours_adds_v128() -> None:
    from wasm_facade import Val, ValType

    assert Val.v128(bytes(range(16))).value == int.from_bytes(bytes(range(16)), "little")
    assert Val.v128(-1).as_v128() == 2**128 - 1
    assert Val.v128(0).type == ValType.v128()
    with pytest.raises(TypeError, match="16 bytes"):
        Val.v128(b"short")


def test_ours_checks_limits() -> None:
    from wasm_facade import Limits, MemoryType, TableType, ValType, WasmtimeError

    with pytest.raises(WasmtimeError, match="minimum must not be greater than maximum"):
        MemoryType(Limits(2, 1))
    with pytest.raises(WasmtimeError, match="negative"):
        TableType(ValType.funcref(), Limits(-1, None))
    with pytest.raises(WasmtimeError, match="a table holds references"):
        TableType(ValType.i32(), Limits(1, None))


@both
def test_which_exception_is_which(api: ModuleType) -> None:
    assert not issubclass(api.Trap, api.WasmtimeError)
    assert issubclass(api.ExitTrap, api.WasmtimeError)
    assert not issubclass(api.WasmtimeError, api.Trap)
