"""Run WebAssembly: the API of wasmtime-py 50, faster, with more on top. Start at `load`, or at `Engine`, `Module`, `Store`, `Instance`."""

from __future__ import annotations

from wasm_environ.errors import (
    ArtifactError,
    CompileError,
    ExhaustedError,
    InvalidError,
    LinkError,
    MalformedError,
    TextError,
    UnsupportedError,
    WasmError,
)
from wasm_environ.errors import Exit as ExitTrap
from wasm_environ.errors import WasmError as WasmtimeError
from wasm_facade.binding import bind
from wasm_facade.config import Config
from wasm_facade.engine import Engine
from wasm_facade.linker import Linker
from wasm_facade.module import Module
from wasm_facade.types import (
    ExportType,
    FuncType,
    GlobalType,
    ImportType,
    Limits,
    MemoryType,
    TableType,
    TagType,
    ValType,
)
from wasm_facade.value import Val
from wasm_vm import (
    Caller,
    Frame,
    Func,
    Global,
    Instance,
    InstanceExports,
    InstancePre,
    Memory,
    SharedMemory,
    Store,
    StoreError,
    Table,
    Tag,
    Trap,
    TrapCode,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.compilation import wat2wasm
    from wasm_facade.loaded import load
    from wasm_pool import PoolingAllocationConfig
    from wasm_wasi_p1 import DirPerms, FilePerms, WasiConfig

StoreContext = Caller  # wasmtime-py's name for what host functions are given besides a Store

__version__ = "0.1.0"

__all__ = [
    "ArtifactError", "Caller", "CompileError", "Config", "DirPerms", "Engine", "ExhaustedError", "ExitTrap",
    "ExportType", "FilePerms", "Frame", "Func", "FuncType", "Global", "GlobalType", "ImportType", "Instance",
    "InstanceExports", "InstancePre", "InvalidError", "Limits", "LinkError", "Linker", "MalformedError", "Memory",
    "MemoryType", "Module", "PoolingAllocationConfig", "SharedMemory", "Store", "StoreContext", "StoreError", "Table",
    "TableType", "Tag", "TagType", "TextError", "Trap", "TrapCode", "UnsupportedError", "Val", "ValType", "WasiConfig",
    "WasmError", "WasmtimeError", "load", "wat2wasm",
]  # fmt: skip

bind()

# What not every program needs is imported when first asked for. Columns: name, where it is; for packages that may be absent, the finder.
_LAZY = {
    "DirPerms": "wasi_preview1", "FilePerms": "wasi_preview1", "WasiConfig": "wasi_preview1", "PoolingAllocationConfig": "pooling",
    "load": "wasm_facade.loaded", "wat2wasm": "wasm_facade.compilation",
}  # fmt: skip


def __getattr__(name: str) -> object:
    home = _LAZY.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if "." in home:
        from importlib import import_module

        found: object = getattr(import_module(home), name)
    else:
        from wasm_facade import discovery

        try:
            found = getattr(getattr(discovery, home)(), name)
        except WasmError as error:
            return discovery.Absent(name, str(error))
    globals()[name] = found
    return found
