"""References to garbage-collected objects and exceptions: what they are, made and looked into."""

from __future__ import annotations

from wasm_capi.handlers.bridge import define, facade, fallible, ffi, handler, lib, new, object_at, object_of, taken
from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Kinds of wasmtime.h's values: numbers, then references.
V128, FUNCREF, EXTERNREF, ANYREF, EXNREF = range(4, 9)
NUMBERS = ("i32", "i64", "f32", "f64")
_HEAPS = {"func": FUNCREF, "nofunc": FUNCREF, "extern": EXTERNREF, "noextern": EXTERNREF, "exn": EXNREF, "noexn": EXNREF}


def kind_of(type: Any) -> int:
    """The kind of the values of a ValType, "i8" or "i16"."""
    from wasm_capi.handlers.types import KINDS
    from wasm_environ import types as environ

    if isinstance(type, str):
        return 0
    return _HEAPS.get(environ.HEAP_NAMES[environ.heap_of(type._abstract)], ANYREF) if type.is_ref else KINDS[type._type]


def value_in(context: Any, type: Any, val: Any) -> Any:
    """A wasmtime_val_t as Python has it. Raises WasmError where it is of another type."""
    if val.kind != kind_of(type):
        raise WasmError(f"a value is not of its type, {type}")
    if val.kind < V128:
        return getattr(val.of, NUMBERS[val.kind])
    if val.kind == V128:
        return bytes(ffi.buffer(val.of.v128, 16))
    misfit = ffi.new("bool *")
    found = taken(lib.capi_value_object(context, val, misfit))
    if misfit[0]:
        raise WasmError("a reference belongs to another store, or there is no memory for it")
    return found


def value_out(context: Any, type: Any, value: Any, out: Any) -> None:
    """Fill a wasmtime_val_t, whose reference the caller owns."""
    kind = kind_of(type)
    ffi.memmove(out, ffi.new("wasmtime_val_t *"), ffi.sizeof("wasmtime_val_t"))
    out.kind = kind
    if kind < V128:
        setattr(out.of, NUMBERS[kind], value)
    elif kind == V128:
        ffi.memmove(out.of.v128, value if isinstance(value, bytes) else int(value).to_bytes(16, "little"), 16)
    elif value is not None:
        place = ffi.addressof(out.of, "funcref" if kind == FUNCREF else "externref")
        if not (lib.capi_object_func(context, id(value), place) if kind == FUNCREF else _give(context, value, place)):
            raise MemoryError


def _give(context: Any, value: Any, out: Any) -> bool:
    """Fill a reference of any kind: all are laid out alike."""
    given: bool = lib.capi_object_ref(context, id(value), ffi.cast("wasmtime_externref_t *", out))
    return given


_FOREIGN = object()  # stands for data of C's, which have no object here


def _object(ref: Any) -> Any:
    """What a reference of any kind refers to; None of null and NULL."""
    if not ref or not ref.store_id:
        return None
    address = lib.capi_object(ref.__private3)
    return object_at(address) if address else _FOREIGN


def _must(ref: Any, what: str) -> Any:
    found = _object(ref)
    if found is None:
        raise WasmError(f"non-null {what} required")
    return found


# ---- what a reference to anything is ----


def _is(cls: Callable[[], Any]) -> Any:
    def test(context: Any, ref: Any) -> bool:
        return isinstance(_object(ref), cls())

    return test


def _as(cls: Callable[[], Any]) -> Any:
    def cast(context: Any, ref: Any, out: Any) -> bool:
        out.store_id = 0
        found = _object(ref)
        return isinstance(found, cls()) and _give(context, found, out)

    return cast


def _i31(attribute: str) -> Any:
    def get(context: Any, ref: Any, out: Any) -> bool:
        found = _object(ref)
        if not isinstance(found, facade.I31Ref):
            return False
        out[0] = getattr(found, attribute)
        return True

    return get


def _from_i31(context: Any, value: int, out: Any) -> None:
    out.store_id = 0
    _give(context, facade.I31Ref(((value & 0x7FFFFFFF) ^ 0x40000000) - 0x40000000), out)


def _type(context: Any, ref: Any, out: Any) -> bool:
    from wasm_capi.handlers.gc_types import heap_out

    found = _object(ref)
    if found is not None:
        heap_out("i31" if isinstance(found, facade.I31Ref) else found.type if isinstance(found, (facade.StructRef, facade.ArrayRef)) else "any", out)
    return found is not None


_CLASSES = (
    ("eqref", lambda: facade.EqRef), ("struct", lambda: facade.StructRef), ("array", lambda: facade.ArrayRef),
)  # fmt: skip
for _ref, _known in (("anyref", _CLASSES), ("eqref", _CLASSES[1:])):
    for _kind, _cls in _known:
        define(f"wasmtime_{_ref}_is_{_kind}", _is(_cls))
        define(f"wasmtime_{_ref}_as_{_kind}", _as(_cls))
    define(f"wasmtime_{_ref}_is_i31", _is(lambda: facade.I31Ref))
    define(f"wasmtime_{_ref}_i31_get_s", _i31("value"))
    define(f"wasmtime_{_ref}_i31_get_u", _i31("unsigned"))
    define(f"wasmtime_{_ref}_from_i31", _from_i31)
    define(f"wasmtime_{_ref}_type", _type)

# ---- structs and arrays ----


@handler
def wasmtime_struct_ref_pre_new(context: Any, type: Any) -> Any:
    return new("wasmtime_struct_ref_pre_t", object_of(type))


@fallible
def wasmtime_structref_new(context: Any, pre: Any, fields: Any, count: int, out: Any) -> None:
    out.store_id = 0
    type = object_of(pre)
    declared = type.fields
    if count != len(declared):
        raise WasmError(f"expected {len(declared)} fields, got {count}")
    values = [value_in(context, field.type, fields + i) for i, field in enumerate(declared)]
    _give(context, facade.StructRef(object_of(context), type, values), out)


def _unsigned(type: Any, value: Any) -> Any:
    return value & (0xFF if type == "i8" else 0xFFFF) if isinstance(type, str) else value


def _field(struct: Any, index: int) -> Any:
    fields = struct.type.fields
    if index >= len(fields):
        raise WasmError("cannot access field: field index out of bounds")
    return fields[index]


@fallible
def wasmtime_structref_field(context: Any, ref: Any, index: int, out: Any) -> None:
    struct = _must(ref, "structref")
    type = _field(struct, index).type
    value_out(context, type, _unsigned(type, struct[index]), out)


@fallible
def wasmtime_structref_set_field(context: Any, ref: Any, index: int, val: Any) -> None:
    struct = _must(ref, "structref")
    struct[index] = value_in(context, _field(struct, index).type, val)


@handler
def wasmtime_structref_type(context: Any, ref: Any) -> Any:
    return new("wasmtime_struct_type_t", _must(ref, "structref").type)


@handler
def wasmtime_array_ref_pre_new(context: Any, type: Any) -> Any:
    return new("wasmtime_array_ref_pre_t", object_of(type))


@fallible
def wasmtime_arrayref_new(context: Any, pre: Any, elem: Any, length: int, out: Any) -> None:
    out.store_id = 0
    type = object_of(pre)
    _give(context, facade.ArrayRef.new(object_of(context), type, value_in(context, type.element.type, elem), length), out)


@fallible
def wasmtime_arrayref_len(context: Any, ref: Any, out: Any) -> None:
    out[0] = len(_must(ref, "arrayref"))


def _element(array: Any, index: int) -> Any:
    if index >= len(array):
        raise WasmError("array index out of bounds")
    return array.type.element.type


@fallible
def wasmtime_arrayref_get(context: Any, ref: Any, index: int, out: Any) -> None:
    array = _must(ref, "arrayref")
    type = _element(array, index)
    value_out(context, type, _unsigned(type, array[index]), out)


@fallible
def wasmtime_arrayref_set(context: Any, ref: Any, index: int, val: Any) -> None:
    array = _must(ref, "arrayref")
    array[index] = value_in(context, _element(array, index), val)


@handler
def wasmtime_arrayref_type(context: Any, ref: Any) -> Any:
    return new("wasmtime_array_type_t", _must(ref, "arrayref").type)


# ---- exceptions ----


def _carried(store: Any, tag: Any) -> Any:
    return tag.type(store).functype.params


@fallible
def wasmtime_exnref_new(context: Any, tag: Any, fields: Any, count: int, out: Any) -> None:
    out.store_id = 0
    store = object_of(context)
    address = lib.capi_tag_object(context, tag)
    if not address:
        raise WasmError("the tag belongs to another store")
    kind = object_at(address)
    types = _carried(store, kind)
    if count != len(types):
        raise WasmError(f"expected {len(types)} fields, got {count}")
    _give(context, facade.ExnRef(store, kind, [value_in(context, type, fields + i) for i, type in enumerate(types)]), out)


@fallible
def wasmtime_exnref_tag(context: Any, exn: Any, out: Any) -> None:
    tag = _must(exn, "exnref").tag(object_of(context))
    if not lib.capi_object_tag(context, id(tag), out):
        raise MemoryError


@handler
def wasmtime_exnref_field_count(context: Any, exn: Any) -> int:
    return len(_must(exn, "exnref").fields(object_of(context)))


@fallible
def wasmtime_exnref_field(context: Any, exn: Any, index: int, out: Any) -> None:
    store, found = object_of(context), _must(exn, "exnref")
    types = _carried(store, found.tag(store))
    if index >= len(types):
        raise WasmError("cannot access field: field index out of bounds")
    value_out(context, types[index], found.field(store, index), out)


@handler
def wasmtime_exnref_type(context: Any, exn: Any) -> Any:
    store = object_of(context)
    return new("wasmtime_exn_type_t", _must(exn, "exnref").tag(store).type(store))


@handler
def wasmtime_context_set_exception(context: Any, exn: Any) -> Any:
    try:
        object_of(context).throw(_must(exn, "exnref"))
    except BaseException as error:  # C gets it whatever it is
        if isinstance(error, facade.WasmException):
            taken(lib.capi_swap_thrown(context, id(error)))
        return new("wasm_trap_t", error)


@handler
def wasmtime_context_take_exception(context: Any, out: Any) -> bool:
    out.store_id = 0
    error = taken(lib.capi_swap_thrown(context, 0))
    return error is not None and _give(context, error.exnref, out)
