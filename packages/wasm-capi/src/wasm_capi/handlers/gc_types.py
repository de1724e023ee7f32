"""Types of garbage-collected objects, and value types as wasmtime.h has them."""

from __future__ import annotations

from wasm_capi.handlers.bridge import facade, fallible, ffi, handler, lib, made, new, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

I8, I16, VALTYPE = range(3)  # storage types
PACKED = ("i8", "i16")
REF = 5  # the value type that is a reference
# Heap types by number; the names of those that have no type of their own.
HEAPS = (
    "extern", "noextern", "func", "", "nofunc", "any", "none", "eq", "i31", "array", "", "struct", "", "exn", "", "noexn",
)  # fmt: skip
CONCRETE_FUNC, CONCRETE_ARRAY, CONCRETE_STRUCT, CONCRETE_EXN = 3, 10, 12, 14


def field_in(field: Any) -> Any:
    """A FieldType."""
    from wasm_capi.handlers.types import value_in

    storage = field.storage
    return facade.FieldType(PACKED[storage.kind] if storage.kind < VALTYPE else value_in(storage.valtype), bool(field.mutable_))


def field_out(field: Any, out: Any) -> None:
    """Fill a wasmtime_field_type_t."""
    from wasm_capi.handlers.types import value_out

    out.mutable_ = field.mutable
    packed = isinstance(field.type, str)
    out.storage.kind = PACKED.index(field.type) if packed else VALTYPE
    out.storage.valtype = ffi.NULL if packed else value_out(field.type)


@handler
def wasmtime_struct_type_new(engine: Any, fields: Any, count: int) -> Any:
    return new("wasmtime_struct_type_t", facade.StructType([field_in(fields[i]) for i in range(count)]))


@handler
def wasmtime_struct_type_num_fields(type: Any) -> int:
    return len(object_of(type).fields)


@handler
def wasmtime_struct_type_field(type: Any, index: int, out: Any) -> bool:
    fields = object_of(type).fields
    if index < len(fields):
        field_out(fields[index], out)
    return index < len(fields)


@handler
def wasmtime_array_type_new(engine: Any, field: Any) -> Any:
    return new("wasmtime_array_type_t", facade.ArrayType(field_in(field)))


@handler
def wasmtime_array_type_element(type: Any, out: Any) -> None:
    field_out(object_of(type).element, out)


@fallible
def wasmtime_exn_type_new(engine: Any, params: Any, out: Any) -> None:
    from wasm_capi.handlers.types import values_in

    out[0] = new("wasmtime_exn_type_t", facade.TagType(facade.FuncType(values_in(params), [])))


@handler
def wasmtime_exn_type_tag_type(type: Any) -> Any:
    from wasm_capi.handlers.types import extern_out

    return ffi.cast("wasm_tagtype_t *", extern_out(object_of(type)))


@handler
def wasmtime_wasm_valtype_equal(a: Any, b: Any) -> bool:
    from wasm_capi.handlers.types import value_in

    return value_in(a) == value_in(b)


def heap_out(heap: Any, out: Any) -> None:
    """Fill a wasmtime_heaptype_t with a heap type's name, or a declared type."""
    from wasm_capi.handlers.types import func_out

    if isinstance(heap, str):
        out.kind = HEAPS.index(heap)
    elif isinstance(heap, facade.FuncType):
        out.kind, out.of.concrete_func = CONCRETE_FUNC, func_out(heap)
    elif isinstance(heap, facade.ArrayType):
        out.kind, out.of.concrete_array = CONCRETE_ARRAY, new("wasmtime_array_type_t", heap)
    else:
        out.kind, out.of.concrete_struct = CONCRETE_STRUCT, new("wasmtime_struct_type_t", heap)


def _heap_in(heap: Any) -> Any:
    from wasm_capi.handlers.types import func_in

    if heap.kind == CONCRETE_FUNC:
        return func_in(heap.of.concrete_func)
    if heap.kind in (CONCRETE_ARRAY, CONCRETE_STRUCT):
        return object_of(heap.of.concrete_array if heap.kind == CONCRETE_ARRAY else heap.of.concrete_struct)
    return "exn" if heap.kind == CONCRETE_EXN else HEAPS[heap.kind]


@handler
def wasmtime_valtype_new(type: Any, out: Any) -> None:
    from wasm_capi.handlers.types import KINDS, value_in

    found = value_in(type)
    out.kind = REF if found.is_ref else KINDS[found._type]
    if found.is_ref:
        out.reftype.nullable = found.is_nullable
        heap_out(found.heap_type, out.reftype.heaptype)


@handler
def wasmtime_valtype_to_wasm(engine: Any, type: Any) -> Any:
    from wasm_capi.handlers.types import value_out

    if type.kind < REF:
        return made(lib.capi_valtype(type.kind, 0))
    return value_out(facade.ValType.ref(_heap_in(type.reftype.heaptype), bool(type.reftype.nullable)))
