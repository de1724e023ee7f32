"""Configurations and engines."""

from __future__ import annotations

from typing import Any

from wasm_capi.handlers.bridge import CONFIG, ENGINE, handler, lib, new, object_of
from wasm_facade import Config, Engine


@handler
def capi_attach() -> bool:
    """Called once on every thread: cffi gives it a Python thread state, and keeps that until the thread ends."""
    return True


@handler
def wasm_config_new() -> Any:
    return new(CONFIG, Config())


@handler
def wasm_engine_new() -> Any:
    return new(ENGINE, Engine())


@handler
def wasm_engine_new_with_config(config: Any) -> Any:
    try:
        return new(ENGINE, Engine(object_of(config)))
    finally:
        lib.wasm_config_delete(config)
