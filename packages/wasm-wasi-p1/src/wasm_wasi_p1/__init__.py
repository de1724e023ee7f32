"""WASI preview 1 and 0 as host functions: `WasiConfig` says what a guest gets, `host_functions` makes the rows."""

from __future__ import annotations

from wasm_wasi_p1.config import DirPerms, FilePerms, Preopen, WasiConfig
from wasm_wasi_p1.context import WasiContext
from wasm_wasi_p1.descriptor import INHERIT
from wasm_wasi_p1.table import host_function, host_functions

__all__ = ["INHERIT", "DirPerms", "FilePerms", "Preopen", "WasiConfig", "WasiContext", "host_function", "host_functions"]
