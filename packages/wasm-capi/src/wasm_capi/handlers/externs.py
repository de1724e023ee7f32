"""Functions, globals, tables and memories: made, and asked for their types."""

from __future__ import annotations

from typing import Any

from wasm_capi.handlers.bridge import ffi, handler, lib, object_at, object_of
from wasm_environ.errors import WasmError


@handler
def capi_func_type(functype: Any) -> int:
    from wasm_capi.handlers.types import func_in

    made = func_in(functype)
    lib.capi_keep(id(made))
    return id(made)


def _type(item: Any) -> Any:
    from wasm_capi.handlers.types import extern_out

    address = lib.capi_store_of(item)
    return extern_out(object_of(item).type(object_at(address)) if address else object_of(item).type())


@handler
def wasm_func_type(func: Any) -> Any:
    return ffi.cast("wasm_functype_t *", _type(func))


@handler
def wasm_global_type(item: Any) -> Any:
    return ffi.cast("wasm_globaltype_t *", _type(item))


@handler
def wasm_table_type(table: Any) -> Any:
    return ffi.cast("wasm_tabletype_t *", _type(table))


@handler
def wasm_memory_type(memory: Any) -> Any:
    return ffi.cast("wasm_memorytype_t *", _type(memory))


@handler
def wasm_extern_type(item: Any) -> Any:
    return _type(item)


@handler
def wasm_global_new(store: Any, globaltype: Any, val: Any) -> Any:
    from wasm_capi.handlers.types import KINDS, global_in
    from wasm_facade import Global

    type = global_in(globaltype)
    kind = KINDS.get(type.content._type)
    if kind is not None and kind != val.kind:
        raise WasmError("the value is not of the global's type")
    return lib.capi_extern(id(Global(object_of(store), type, _plain(val))))


def _plain(val: Any) -> Any:
    """A wasm_val_t as Python has it."""
    if val.kind < 4:
        return getattr(val.of, ("i32", "i64", "f32", "f64")[val.kind])
    return _reference(val.of.ref)


def _reference(ref: Any) -> Any:
    """What wasm refers to for a wasm_ref_t."""
    if not ref:
        return None
    address = lib.capi_reference(ref)
    if not address:
        raise MemoryError
    found = object_at(address)
    lib.capi_drop(address)
    return found


@handler
def wasm_table_new(store: Any, tabletype: Any, init: Any) -> Any:
    from wasm_capi.handlers.types import table_in
    from wasm_facade import Table

    return lib.capi_extern(id(Table(object_of(store), table_in(tabletype), _reference(init))))


@handler
def wasm_memory_new(store: Any, memorytype: Any) -> Any:
    from wasm_capi.handlers.types import memory_in
    from wasm_facade import Memory

    return lib.capi_extern(id(Memory(object_of(store), memory_in(memorytype))))
