"""Components: compiled, linked, instantiated and called; resources."""

from __future__ import annotations

from wasm_capi.handlers.bridge import NULL, Owned, fallible, ffi, give_bytes, handler, lib, new, object_at, object_of, text_of
from wasm_capi.handlers.component_types import lent, of
from wasm_capi.kinds import NUMBERS
from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_capi.handlers.component_values import Values

INSTANCE, FUNC = NUMBERS["wasmtime_component_instance"], NUMBERS["wasmtime_component_func"]
COMPONENT, INDEX, LINKER_INSTANCE = "wasmtime_component_t", "wasmtime_component_export_index_t", "wasmtime_component_linker_instance_t"


@fallible
def wasmtime_component_new(engine: Any, data: Any, size: int, out: Any) -> None:
    from wasm_facade.component import Component

    out[0] = new(COMPONENT, Component(object_of(engine), bytes(ffi.buffer(data, size))))


@fallible
def wasmtime_component_serialize(component: Any, out: Any) -> None:
    lib.wasm_byte_vec_new_empty(out)
    give_bytes(out, bytes(object_of(component).serialize()))


@fallible
def wasmtime_component_deserialize(engine: Any, data: Any, size: int, out: Any) -> None:
    from wasm_facade.component import Component

    out[0] = new(COMPONENT, Component.deserialize(object_of(engine), bytes(ffi.buffer(data, size))))


@fallible
def wasmtime_component_deserialize_file(engine: Any, path: Any, out: Any) -> None:
    from wasm_facade.component import Component

    out[0] = new(COMPONENT, Component.deserialize_file(object_of(engine), ffi.string(path).decode()))


@handler
def wasmtime_component_type(component: Any) -> Any:
    return lent("type", object_of(component).type)


def _index(found: Any) -> Any:
    return NULL if found is None else new(INDEX, found)


@handler
def wasmtime_component_get_export_index(component: Any, inside: Any, name: Any, size: int) -> Any:
    return _index(object_of(component).get_export_index(text_of(name, size), object_of(inside) if inside else None))


# ---- instances and functions, which are places of their store ----


def _at(context: Any, kind: int, store_id: int, index: int) -> Any:
    address = lib.capi_component_at(context, kind, store_id, index)
    if not address:
        raise WasmError("it belongs to another store")
    return object_at(address)


def _place(context: Any, kind: int, found: object, out: Any, member: str) -> None:
    store_id, index = ffi.new("uint64_t *"), ffi.new("uint32_t *")
    if not lib.capi_component_place(context, kind, id(found), store_id, index):
        raise MemoryError
    out.store_id = store_id[0]
    setattr(out, member, index[0])


def _instance(context: Any, instance: Any) -> Any:
    return _at(context, INSTANCE, instance.store_id, instance.__private)


def _func(context: Any, func: Any) -> Any:
    return _at(context, FUNC, func.store_id, func.__private2)


@handler
def wasmtime_component_instance_get_export_index(instance: Any, context: Any, inside: Any, name: Any, size: int) -> Any:
    found = _instance(context, instance)
    return _index(found.get_export_index(object_of(context), text_of(name, size), object_of(inside) if inside else None))


@handler
def wasmtime_component_instance_get_func(instance: Any, context: Any, index: Any, out: Any) -> bool:
    found = _instance(context, instance).get_func(object_of(context), object_of(index))
    if found is None or not hasattr(found, "_info"):
        return False
    _place(context, FUNC, found, out, "__private2")
    return True


@handler
def wasmtime_component_func_type(func: Any, context: Any) -> Any:
    return lent("func_type", _func(context, func).type(object_of(context)))


_known: dict[int, Values] = {}  # by the id of the types, which they hold, but not the component with its code
MANY = 64


def _values(component: Any) -> Values:
    """The conversions of a component's types, made once."""
    types = component.types
    found = _known.get(id(types))
    if found is None:
        from wasm_capi.handlers.component_values import Values

        if len(_known) >= MANY:
            _known.clear()
        found = _known[id(types)] = Values(types)
    return found


@fallible
def wasmtime_component_func_call(func: Any, context: Any, args: Any, count: int, results: Any, room: int) -> None:
    found = _func(context, func)
    component, type = found._info
    values = _values(component)
    row = component.types.rows[type]
    if count != len(row.params) or room != (row.result is not None):
        raise WasmError(f"expected {len(row.params)} argument(s) and room for {int(row.result is not None)} result(s), got {count} and {room}")
    given = [values.value_in(t, args[i]) for i, (_, t) in enumerate(row.params)]
    result = found(object_of(context), *given)
    if row.result is not None:
        _give_value(values, row.result, result, results)


def _give_value(values: Values, type: int, value: Any, out: Any) -> None:
    """Fill what C gave room for, whatever was there."""
    ffi.memmove(out, ffi.new("wasmtime_component_val_t *"), ffi.sizeof("wasmtime_component_val_t"))
    try:
        values.value_out(type, value, out)
    except BaseException:
        lib.wasmtime_component_val_delete(out)
        raise


# ---- linkers ----


@handler
def wasmtime_component_linker_new(engine: Any) -> Any:
    from wasm_facade.component import Linker

    return new("wasmtime_component_linker_t", Linker(object_of(engine)))


@handler
def wasmtime_component_linker_allow_shadowing(linker: Any, allow: bool) -> None:
    object_of(linker).allow_shadowing = allow


@handler
def wasmtime_component_linker_root(linker: Any) -> Any:
    return new(LINKER_INSTANCE, object_of(linker).root())


@fallible
def wasmtime_component_linker_instantiate(linker: Any, context: Any, component: Any, out: Any) -> None:
    _place(context, INSTANCE, object_of(linker).instantiate(object_of(context), object_of(component)), out, "__private")


@fallible
def wasmtime_component_linker_define_unknown_imports_as_traps(linker: Any, component: Any) -> None:
    object_of(linker).define_unknown_imports_as_traps(object_of(component))


@fallible
def wasmtime_component_linker_add_wasip2(linker: Any) -> None:
    object_of(linker).add_wasip2()


@fallible
def wasmtime_component_linker_add_wasi_http(linker: Any) -> None:
    object_of(linker).add_wasi_http()


@fallible
def wasmtime_component_linker_instance_add_instance(inside: Any, name: Any, size: int, out: Any) -> None:
    out[0] = new(LINKER_INSTANCE, object_of(inside).add_instance(text_of(name, size)))


@fallible
def wasmtime_component_linker_instance_add_module(inside: Any, name: Any, size: int, module: Any) -> None:
    object_of(inside).add_module(text_of(name, size), object_of(module))


class _Borrowed:
    """A handle that Python lends to C."""

    __slots__ = ("handle",)

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def __del__(self) -> None:
        lib.wasmtime_component_func_type_delete(self.handle)


def _raise(error: Any) -> None:
    """What a host function returned, if it returned anything: it is deleted."""
    from wasm_capi.handlers.errors import exception_of

    if error:
        found = exception_of(error)
        lib.wasmtime_error_delete(error)
        try:
            raise found
        finally:
            del found  # else it would hold this frame, which holds it, and what the host gave would end when Python looks for cycles


def _context(store: Any) -> Any:
    found = lib.capi_context_at(id(getattr(store, "store", store)))
    if not found:
        raise WasmError("the store was not made by wasmtime_store_new")
    return found


def _host_function(callback: Any, owned: Owned, component: Any, type: int) -> Any:
    """The function that a component imports by a type, of C's."""
    from wasm_facade.component import ResourceType
    from wasm_facade.component.types import Types

    resources: dict[int, ResourceType] = {}
    described = Types(component.types, lambda slot: resources.setdefault(slot, ResourceType())).value(type)
    lender = _Borrowed(lent("func_type", described))
    values = _values(component)
    row = component.types.rows[type]
    params = [t for _, t in row.params]

    def call(store: Any, *args: Any) -> Any:
        given = ffi.new("wasmtime_component_val_t[]", len(params) or 1)
        results = ffi.new("wasmtime_component_val_t[]", 1)
        try:
            for i, t in enumerate(params):
                values.value_out(t, args[i], given[i])
            _raise(callback(owned.data, _context(store), lender.handle, given, len(params), results, int(row.result is not None)))
            return None if row.result is None else values.value_in(row.result, results[0])
        finally:
            for i in range(len(params)):
                lib.wasmtime_component_val_delete(given + i)
            lib.wasmtime_component_val_delete(results)

    return call


@fallible
def wasmtime_component_linker_instance_add_func(inside: Any, name: Any, size: int, callback: Any, data: Any, finalizer: Any) -> None:
    from wasm_facade.component.definitions import TypedFunction

    owned = Owned(data, finalizer)
    object_of(inside)._insert(text_of(name, size), TypedFunction(lambda component, type: _host_function(callback, owned, component, type)))


@fallible
def wasmtime_component_linker_instance_add_resource(inside: Any, name: Any, size: int, type: Any, destructor: Any, data: Any, finalizer: Any) -> None:
    owned = Owned(data, finalizer)

    def destroy(store: Any, rep: int) -> None:
        if destructor:
            _raise(destructor(owned.data, _context(store), rep))

    object_of(inside).add_resource(text_of(name, size), of(type), destroy)


# ---- resources ----


@handler
def wasmtime_component_resource_any_type(resource: Any) -> Any:
    return lent("resource_type", object_of(resource).type)


@handler
def wasmtime_component_resource_any_owned(resource: Any) -> bool:
    return bool(object_of(resource).owned)


@fallible
def wasmtime_component_resource_any_drop(context: Any, resource: Any) -> None:
    object_of(resource).drop(object_of(context))


@fallible
def wasmtime_component_resource_any_to_host(context: Any, resource: Any, out: Any) -> None:
    import wasm_facade.component as makes_them  # noqa: F401 # the vm asks it for them

    out[0] = new("wasmtime_component_resource_host_t", object_of(resource).to_host(object_of(context)))


@fallible
def wasmtime_component_resource_host_to_any(context: Any, resource: Any, out: Any) -> None:
    out[0] = new("wasmtime_component_resource_any_t", object_of(resource).to_any(object_of(context)))


@handler
def wasmtime_component_resource_host_new(owned: bool, rep: int, type: int) -> Any:
    from wasm_facade.component import ResourceHost

    return new("wasmtime_component_resource_host_t", (ResourceHost.own if owned else ResourceHost.borrow)(rep, type))


@handler
def wasmtime_component_resource_host_rep(resource: Any) -> int:
    return int(object_of(resource).rep)


@handler
def wasmtime_component_resource_host_type(resource: Any) -> int:
    return int(object_of(resource).type)


@handler
def wasmtime_component_resource_host_owned(resource: Any) -> bool:
    return bool(object_of(resource).owned)
