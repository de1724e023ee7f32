"""Configurations and engines."""

from __future__ import annotations

from wasm_capi.handlers.bridge import define, facade, fallible, ffi, handler, lib, new, object_of
from wasm_capi.settings import POOL_SETTINGS, SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@handler
def capi_attach() -> bool:
    """Called once on every thread, which has its Python thread state by then: cffi would keep its own until the thread ends, and no longer."""
    return True


@handler
def wasm_config_new() -> Any:
    return new("wasm_config_t", facade.Config())


@handler
def wasm_engine_new() -> Any:
    return new("wasm_engine_t", facade.Engine())


@handler
def wasm_engine_new_with_config(config: Any) -> Any:
    try:
        return new("wasm_engine_t", facade.Engine(object_of(config)))
    finally:
        lib.wasm_config_delete(config)


@handler
def wasmtime_engine_increment_epoch(engine: Any) -> None:
    object_of(engine).increment_epoch()


# Words for wasmtime's numbers of a choice.
_CHOICES = {
    "strategy": ("auto", "cranelift", "winch"), "cranelift_opt_level": ("none", "speed", "speed_and_size"), "profiler": ("none", "jitdump", "vtune", "perfmap"),
}  # fmt: skip


# What C has no function for, and has off with a setting: a program without exceptions has none of the older form.
_PARTS = {"wasm_exceptions": "wasm_legacy_exceptions"}


def _setter(attribute: str) -> Any:
    choices, part = _CHOICES.get(attribute), _PARTS.get(attribute)

    def setter(config: Any, value: Any) -> None:
        found = object_of(config)
        if hasattr(found, attribute):
            setattr(found, attribute, value if choices is None else choices[value])
        if part and not value:
            setattr(found, part, False)

    return setter


def _define_setters() -> None:
    for name, _, attribute in SETTINGS:
        define(f"wasmtime_config_{name}_set", _setter(attribute))
    for name, _ in POOL_SETTINGS:
        define(f"wasmtime_pooling_allocation_config_{name}_set", _setter(name))


_define_setters()


@fallible
def wasmtime_config_target_set(config: Any, target: Any) -> None:
    object_of(config).target = ffi.string(target).decode()


@fallible
def wasmtime_config_cache_config_load(config: Any, path: Any) -> None:
    object_of(config).cache = ffi.string(path).decode() if path else True


@handler
def wasmtime_config_cranelift_flag_enable(config: Any, flag: Any) -> None:
    object_of(config).cranelift_flag_enable(ffi.string(flag).decode())


@handler
def wasmtime_config_cranelift_flag_set(config: Any, key: Any, value: Any) -> None:
    object_of(config).cranelift_flag_set(ffi.string(key).decode(), ffi.string(value).decode())


@handler
def wasmtime_pooling_allocation_config_new() -> Any:
    return new("wasmtime_pooling_allocation_config_t", facade.PoolingAllocationConfig())


@handler
def wasmtime_pooling_allocation_strategy_set(config: Any, pool: Any) -> None:
    object_of(config).allocation_strategy = object_of(pool)
