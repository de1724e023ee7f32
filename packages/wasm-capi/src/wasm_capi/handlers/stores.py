"""What stores are told and asked."""

from __future__ import annotations

from wasm_capi.handlers.bridge import fallible, handler, lib, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@handler
def wasmtime_store_limiter(store: Any, memory_size: int, table_elements: int, instances: int, tables: int, memories: int) -> None:
    object_of(store).set_limits(memory_size, table_elements, instances, tables, memories)


@fallible
def wasmtime_context_gc(context: Any) -> None:
    object_of(context).gc()


@fallible
def wasmtime_context_set_fuel(context: Any, fuel: int) -> None:
    object_of(context).set_fuel(fuel)


@fallible
def wasmtime_context_get_fuel(context: Any, fuel: Any) -> None:
    fuel[0] = object_of(context).get_fuel()


@fallible
def wasmtime_context_set_wasi(context: Any, wasi: Any) -> None:
    try:
        object_of(context).set_wasi(object_of(wasi))
    finally:
        lib.wasi_config_delete(wasi)


@handler
def wasmtime_context_set_epoch_deadline(context: Any, ticks: int) -> None:
    object_of(context).set_epoch_deadline(ticks)


@handler
def wasmtime_context_set_wasi_http(context: Any) -> None:
    object_of(context).set_wasi_http()
