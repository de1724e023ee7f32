"""WASI 0.2 as host functions of components: `interfaces` is the table, `Guest` what the functions of one store share."""

from __future__ import annotations

from wasm_wasi_common.config import WasiConfig
from wasm_wasi_p2.guest import Guest

__all__ = ["Guest", "WasiConfig"]
