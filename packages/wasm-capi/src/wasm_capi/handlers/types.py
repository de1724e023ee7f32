"""Types of C and of Python, both ways."""

from __future__ import annotations

from wasm_capi.handlers.bridge import ffi, give_bytes, lib, made, object_at
from wasm_environ import types as environ
from wasm_facade.types import FuncType, GlobalType, Limits, MemoryType, TableType, TagType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Kinds of wasm.h, and the value types they are; v128 is wasmtime's.
V128, EXTERNREF, FUNCREF = 4, 128, 129
KINDS = {
    environ.I32: 0, environ.I64: 1, environ.F32: 2, environ.F64: 3, environ.V128: V128, environ.EXTERNREF: EXTERNREF, environ.FUNCREF: FUNCREF,
}  # fmt: skip
CODES = {kind: code for code, kind in KINDS.items()}
NO_MAXIMUM = 0xFFFFFFFF


def value_in(type: Any) -> ValType:
    """A ValType."""
    address = lib.capi_object(type)
    if address:
        found: ValType = object_at(address)
        return found
    return ValType._of(CODES[lib.wasm_valtype_kind(type)])


def value_out(type: ValType) -> Any:
    """A wasm_valtype_t; with the object, if wasm.h has no kind for it."""
    kind = KINDS.get(type._type) if type._home is None else None
    if kind is not None:
        return made(lib.capi_valtype(kind, 0))
    function = type._abstract in (environ.FUNCREF, environ.FUNCREF & ~environ.NULLABLE, environ.ref(environ.NOFUNC), environ.ref(environ.NOFUNC, False))
    return made(lib.capi_valtype(FUNCREF if function else EXTERNREF, id(type)))


def values_in(vec: Any) -> list[ValType]:
    return [value_in(vec.data[i]) for i in range(vec.size)]


def _values_out(types: Iterable[ValType]) -> Any:
    found = [value_out(type) for type in types]
    vec = ffi.new("wasm_valtype_vec_t *")
    lib.wasm_valtype_vec_new(vec, len(found), found)
    if vec.size != len(found):
        raise MemoryError
    return vec


def func_in(type: Any) -> FuncType:
    """A FuncType."""
    return FuncType(values_in(lib.wasm_functype_params(type)), values_in(lib.wasm_functype_results(type)))


def func_out(type: FuncType) -> Any:
    """A wasm_functype_t."""
    return made(lib.wasm_functype_new(_values_out(type.params), _values_out(type.results)))


def global_in(type: Any) -> GlobalType:
    """A GlobalType."""
    return GlobalType(value_in(lib.wasm_globaltype_content(type)), bool(lib.wasm_globaltype_mutability(type)))


def _limits_in(type: Any) -> tuple[Limits, bool, bool, int]:
    """(limits, 64 bits, shared, log2 of the page size)"""
    numbers = ffi.new("uint64_t[6]")
    lib.capi_get_limits(ffi.cast("wasm_externtype_t *", type), numbers)
    low, high, has_max, is64, shared, page_log2 = numbers
    return Limits(low, high if has_max else None), bool(is64), bool(shared), page_log2


def table_in(type: Any) -> TableType:
    """A TableType."""
    limits, is64, _, _ = _limits_in(type)
    return TableType(value_in(lib.wasm_tabletype_element(type)), limits, is64)


def memory_in(type: Any) -> MemoryType:
    """A MemoryType."""
    limits, is64, shared, page_log2 = _limits_in(type)
    return MemoryType(limits, is64, shared, page_log2)


def tag_in(type: Any) -> TagType:
    """A TagType."""
    return TagType(func_in(lib.wasm_tagtype_functype(type)))


def _short(limits: Limits) -> Any:
    """A wasm_limits_t, which has 32 bits for each."""
    return ffi.new("wasm_limits_t *", [min(limits.min, NO_MAXIMUM), NO_MAXIMUM if limits.max is None else min(limits.max, NO_MAXIMUM)])


def _with_limits(type: Any, limits: Limits, is64: bool, shared: bool, page_log2: int) -> Any:
    lib.capi_set_limits(ffi.cast("wasm_externtype_t *", made(type)), limits.min, limits.max or 0, limits.max is not None, is64, shared, page_log2)
    return type


def extern_out(type: Any) -> Any:
    """A wasm_externtype_t; as one of its kinds, after a cast."""
    if isinstance(type, FuncType):
        found = func_out(type)
    elif isinstance(type, GlobalType):
        found = lib.wasm_globaltype_new(value_out(type.content), type.mutable)
    elif isinstance(type, TableType):
        found = _with_limits(lib.wasm_tabletype_new(value_out(type.element), _short(type.limits)), type.limits, type.is_64, False, 0)
    elif isinstance(type, MemoryType):
        found = _with_limits(lib.wasm_memorytype_new(_short(type.limits)), type.limits, type.is_64, type.is_shared, type.page_size_log2)
    else:
        found = lib.wasm_tagtype_new(func_out(type.functype))
    return ffi.cast("wasm_externtype_t *", made(found))


def name_out(text: str) -> Any:
    """A wasm_name_t."""
    vec = ffi.new("wasm_name_t *")
    give_bytes(vec, text.encode())
    return vec
