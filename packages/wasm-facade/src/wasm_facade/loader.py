"""`import wasm_facade.loader`: what wasmtime-py calls `wasm_facade.importer`."""

from __future__ import annotations

from wasm_facade.importer import EXPORTS, WasmFinder, WasmLoader, store

__all__ = ["EXPORTS", "WasmFinder", "WasmLoader", "store"]
