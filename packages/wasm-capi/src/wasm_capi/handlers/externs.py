"""Functions, globals, tables and memories: made, and asked for their types."""

from __future__ import annotations

from wasm_capi.handlers.bridge import facade, fallible, ffi, give, handler, lib, new_extern, object_at, object_of, taken
from wasm_capi.kinds import NUMBERS
from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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

    type = global_in(globaltype)
    kind = KINDS.get(type.content._type)
    if kind is not None and kind != val.kind:
        raise WasmError("the value is not of the global's type")
    return new_extern(facade.Global(object_of(store), type, _plain(val)))


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
    return taken(address)


@handler
def wasm_table_new(store: Any, tabletype: Any, init: Any) -> Any:
    from wasm_capi.handlers.types import table_in

    return new_extern(facade.Table(object_of(store), table_in(tabletype), _reference(init)))


@handler
def wasm_memory_new(store: Any, memorytype: Any) -> Any:
    from wasm_capi.handlers.types import memory_in

    return new_extern(facade.Memory(object_of(store), memory_in(memorytype)))


def _given(address: int) -> Any:
    """An object of C's; None for null."""
    return object_at(address) if address else None


@fallible
def capi_global_new(store: int, globaltype: Any, val: Any, address: int, out: Any) -> None:
    from wasm_capi.handlers.refs import NUMBERS as MEMBERS
    from wasm_capi.handlers.refs import V128, kind_of
    from wasm_capi.handlers.types import global_in

    type = global_in(globaltype)
    if val.kind != kind_of(type.content):
        raise WasmError("the value is not of the global's type")
    if val.kind < V128:
        value = getattr(val.of, MEMBERS[val.kind])
    else:
        value = bytes(ffi.buffer(val.of.v128, 16)) if val.kind == V128 else _given(address)
    give(facade.Global(object_at(store), type, value), out)


@fallible
def capi_table_new(store: int, tabletype: Any, kind: int, init: int, out: Any) -> None:
    from wasm_capi.handlers.refs import kind_of
    from wasm_capi.handlers.types import table_in

    type = table_in(tabletype)
    if kind != kind_of(type.element):
        raise WasmError("the value is not of the table's type")
    give(facade.Table(object_at(store), type, _given(init)), out)


@fallible
def capi_memory_new(store: int, memorytype: Any, out: Any) -> None:
    from wasm_capi.handlers.types import memory_in

    give(facade.Memory(object_at(store), memory_in(memorytype)), out)


@fallible
def wasmtime_sharedmemory_new(engine: Any, memorytype: Any, out: Any) -> None:
    from wasm_capi.handlers.types import memory_in

    made = ffi.cast("wasmtime_sharedmemory_t *", new_extern(facade.SharedMemory(object_of(engine), memory_in(memorytype))))
    lib.capi_set_kind(made, NUMBERS["wasmtime_sharedmemory_t"])
    out[0] = made


@fallible
def capi_tag_new(store: int, tagtype: Any, out: Any) -> None:
    from wasm_capi.handlers.types import tag_in

    give(facade.Tag(object_at(store), tag_in(tagtype)), out)
