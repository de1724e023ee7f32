"""Linkers."""

from __future__ import annotations

from wasm_capi.handlers.bridge import facade, fallible, give, handler, lib, new, object_at, object_of, text_of
from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@handler
def wasmtime_linker_new(engine: Any) -> Any:
    return new("wasmtime_linker_t", facade.Linker(object_of(engine)))


@handler
def wasmtime_linker_clone(linker: Any) -> Any:
    model = object_of(linker)
    made = facade.Linker(model.engine)
    made.allow_shadowing = model.allow_shadowing
    made._defined.update(model._defined)
    return new("wasmtime_linker_t", made)


@handler
def wasmtime_linker_allow_shadowing(linker: Any, allow: bool) -> None:
    object_of(linker).allow_shadowing = allow


@fallible
def wasmtime_linker_define_unknown_imports_as_traps(linker: Any, module: Any) -> None:
    object_of(linker).define_unknown_imports_as_traps(object_of(module))


@fallible
def wasmtime_linker_define_unknown_imports_as_default_values(linker: Any, store: Any, module: Any) -> None:
    object_of(linker).define_unknown_imports_as_default_values(object_of(store), object_of(module))


@fallible
def wasmtime_linker_define_wasi(linker: Any) -> None:
    object_of(linker).define_wasi()


@fallible
def wasmtime_linker_module(linker: Any, store: Any, name: Any, size: int, module: Any) -> None:
    object_of(linker).define_module(object_of(store), text_of(name, size), object_of(module))


@fallible
def wasmtime_linker_instantiate_pre(linker: Any, module: Any, out: Any) -> None:
    out[0] = new("wasmtime_instance_pre_t", object_of(linker).instantiate_pre(object_of(module)))


@handler
def wasmtime_instance_pre_module(pre: Any) -> Any:
    return new("wasmtime_module_t", object_of(pre).module)


@fallible
def capi_linker_define(linker: Any, store: int, module: Any, module_len: int, name: Any, name_len: int, item: int) -> None:
    object_of(linker).define(object_at(store), text_of(module, module_len), text_of(name, name_len), object_at(item))


@fallible
def capi_linker_define_func(linker: Any, module: Any, module_len: int, name: Any, name_len: int, functype: Any, host: int) -> None:
    from wasm_capi.handlers.types import func_in

    object_of(linker).define_func(text_of(module, module_len), text_of(name, name_len), func_in(functype), object_at(host))


@fallible
def capi_linker_define_instance(linker: Any, store: int, name: Any, size: int, instance: int) -> None:
    object_of(linker).define_instance(object_at(store), text_of(name, size), object_at(instance))


@handler
def capi_linker_instantiate(linker: Any, store: int, module: Any, made: Any, error: Any) -> None:
    try:
        give(object_of(linker).instantiate(object_at(store), object_of(module)), made)
    except BaseException as raised:  # C gets it whatever it is
        give(raised, error)


@fallible
def capi_linker_get_default(linker: Any, store: int, name: Any, size: int, out: Any) -> None:
    give(object_of(linker).get_default(object_at(store), text_of(name, size)), out)


@handler
def capi_linker_get(linker: Any, store: int, module: Any, module_len: int, name: Any, name_len: int) -> int:
    try:
        found = object_of(linker).get(object_at(store), text_of(module, module_len), text_of(name, name_len))
    except WasmError:
        return 0
    lib.capi_keep(id(found))
    return id(found)
