"""Structs and functions are laid out as in wasmtime's library: its Python package has them as ctypes, made from the headers of its version."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import sys
from typing import Any

import pytest

from wasm_capi import api, generate
from wasm_capi.api_wasmtime import RELEASE_OF

cffi = pytest.importorskip("cffi")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a library of wasmtime's for Linux")


@pytest.fixture(scope="module")
def ours() -> Any:
    ffi = cffi.FFI()
    ffi.cdef(generate.types_for_cffi())
    return ffi


@pytest.fixture(scope="module")
def theirs() -> Any:
    return importlib.import_module("wasmtime._bindings")


def test_the_version_is_that_of_the_library_compared_with() -> None:
    assert ".".join(map(str, RELEASE_OF)) == importlib.metadata.version("wasmtime")


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, (ctypes.Structure, ctypes.Union))


def test_structs_have_the_same_fields_at_the_same_places(ours: Any, theirs: Any) -> None:
    seen = 0
    for name in ours.list_types()[0]:
        kind, mine = getattr(theirs, name, None), ours.typeof(name)
        if not _is_struct(kind) or mine.kind not in ("struct", "union") or mine.fields is None:
            continue
        assert ctypes.sizeof(kind) == ours.sizeof(mine), name
        # A name that is a keyword of Python's ends with "_" there.
        wanted = {field.rstrip("_"): getattr(kind, field).offset for field, *_ in getattr(kind, "_fields_", []) if not field.startswith("_anon")}
        fields = {field.rstrip("_"): place.offset for field, place in mine.fields if field}
        assert {field: place for field, place in fields.items() if field in wanted} == wanted, name
        seen += 1
    assert seen > 50


def _size(kind: Any) -> int:
    return 0 if kind is None else ctypes.sizeof(kind)


def test_functions_take_and_give_as_much(ours: Any, theirs: Any) -> None:
    seen = 0
    for row in api.rows():
        found = getattr(theirs, f"_{row.name}", None)
        if found is None:
            continue
        declared = ours.typeof(generate.OWN.sub("", row.declaration()).replace(f"{row.name}(", "(*)(", 1).rstrip(";"))
        assert [ours.sizeof(kind) if kind.kind != "array" else 8 for kind in declared.args] == [_size(kind) for kind in found.argtypes], row.name
        assert (0 if declared.result.cname == "void" else ours.sizeof(declared.result)) == _size(found.restype), row.name
        seen += 1
    assert seen > 600
