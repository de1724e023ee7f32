"""WASI preview 1 and 0 as host functions: `WasiConfig` says what a guest gets, `host_functions` makes the rows."""

from __future__ import annotations

from wasm_wasi_common.config import WasiConfig
from wasm_wasi_common.descriptor import INHERIT
from wasm_wasi_p1.context import WasiContext
from wasm_wasi_p1.functions import KNOWN, host_function, host_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.preopen import DirPerms, FilePerms, Preopen

__all__ = ["INHERIT", "KNOWN", "DirPerms", "FilePerms", "Preopen", "WasiConfig", "WasiContext", "host_function", "host_functions"]


def __getattr__(name: str) -> object:
    """What only a guest with directories needs."""
    if name not in ("DirPerms", "FilePerms", "Preopen"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wasm_wasi_common import preopen

    found: object = getattr(preopen, name)
    return found
