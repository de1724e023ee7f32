"""Run WebAssembly: the API of wasmtime-py 50, faster, with more on top. Start at `load`, or at `Engine`, `Module`, `Store`, `Instance`.

Names are imported when first asked for: a program that runs one cached module needs few of them, and starts sooner.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.compile_errors import CompileError, InvalidError, MalformedError, TextError, UnsupportedError
    from wasm_environ.errors import ArtifactError, ExhaustedError, ExitTrap, LinkError, WasmError
    from wasm_environ.errors import WasmError as WasmtimeError
    from wasm_facade.as_wasmtime import install_as_wasmtime
    from wasm_facade.bound_module import load
    from wasm_facade.build import build_info
    from wasm_facade.compilation import wat2wasm
    from wasm_facade.config import Config
    from wasm_facade.engine import Engine
    from wasm_facade.linker import Linker
    from wasm_facade.module import Module
    from wasm_facade.rec_group import RecGroup
    from wasm_facade.types import ExportType, FuncType, GlobalType, ImportType, Limits, MemoryType, TableType, TagType, ValType
    from wasm_facade.value import Val
    from wasm_facade.value_types import ArrayType, FieldType, StructType
    from wasm_pool import PoolingAllocationConfig
    from wasm_vm import (
        AnyRef,
        ArrayRef,
        Caller,
        EqRef,
        ExnRef,
        Frame,
        Func,
        Global,
        I31Ref,
        Instance,
        InstanceExports,
        InstancePre,
        Memory,
        SharedMemory,
        Store,
        StoreError,
        StructRef,
        Table,
        Tag,
        Trap,
        TrapCode,
        WasmException,
    )
    from wasm_vm import Caller as StoreContext
    from wasm_wasi_p1 import DirPerms, FilePerms, WasiConfig

__version__ = "0.1.0"

__all__ = [
    "AnyRef", "ArrayRef", "ArrayType", "ArtifactError", "Caller", "CompileError", "Config", "DirPerms",
    "Engine", "EqRef", "ExhaustedError", "ExitTrap", "ExnRef", "ExportType", "FieldType", "FilePerms", "Frame",
    "Func", "FuncType", "Global", "GlobalType", "I31Ref", "ImportType", "Instance", "InstanceExports",
    "InstancePre", "InvalidError", "Limits", "LinkError", "Linker", "MalformedError", "Memory", "MemoryType",
    "Module", "PoolingAllocationConfig", "RecGroup", "SharedMemory", "Store", "StoreContext", "StoreError", "StructRef",
    "StructType", "Table", "TableType", "Tag", "TagType", "TextError", "Trap", "TrapCode", "UnsupportedError",
    "Val", "ValType", "WasiConfig", "WasmError", "WasmException", "WasmtimeError", "build_info",
    "install_as_wasmtime", "load", "wat2wasm",
]  # fmt: skip

# Columns: module, the names it defines.
_HOMES = (
    ("wasm_environ.errors", "ArtifactError ExhaustedError ExitTrap LinkError WasmError"),
    ("wasm_environ.compile_errors", "CompileError InvalidError MalformedError TextError UnsupportedError"),
    ("wasm_vm", "Caller ExnRef Frame Func Global Instance InstanceExports InstancePre Memory SharedMemory Store StoreError Table Tag Trap TrapCode"),
    ("wasm_vm", "AnyRef ArrayRef EqRef I31Ref StructRef WasmException"),
    ("wasm_facade.value_types", "ArrayType FieldType StructType"),
    ("wasm_facade.config", "Config"),
    ("wasm_facade.engine", "Engine"),
    ("wasm_facade.module", "Module"),
    ("wasm_facade.linker", "Linker"),
    ("wasm_facade.rec_group", "RecGroup"),
    ("wasm_facade.types", "ExportType FuncType GlobalType ImportType Limits MemoryType TableType TagType ValType"),
    ("wasm_facade.value", "Val"),
    ("wasm_facade.as_wasmtime", "install_as_wasmtime"),
    ("wasm_facade.bound_module", "load"),
    ("wasm_facade.build", "build_info"),
    ("wasm_facade.compilation", "wat2wasm"),
)
# wasmtime-py's names for what we call otherwise. StoreContext is what host functions are given besides a Store.
_ALIASES = {"WasmtimeError": ("wasm_environ.errors", "WasmError"), "StoreContext": ("wasm_vm", "Caller")}
# Columns: name, how `discovery` finds the package, which may be absent.
_OPTIONAL = {"DirPerms": "wasi_common", "FilePerms": "wasi_common", "WasiConfig": "wasi_common", "PoolingAllocationConfig": "pooling"}


def __getattr__(name: str) -> object:
    found: object
    if name in _OPTIONAL:
        from wasm_environ.errors import WasmError
        from wasm_facade import discovery

        try:
            found = getattr(getattr(discovery, _OPTIONAL[name])(), name)
        except WasmError as error:
            from wasm_facade.absent import Absent

            return Absent(name, str(error))
    else:
        home, there = _ALIASES.get(name) or (next((module for module, names in _HOMES if name in names.split()), ""), name)
        if not home:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        __import__("wasm_vm")  # first: refuses a sub-interpreter before compiled modules are loaded, which all interpreters would share
        __import__("wasm_facade.engine")  # which binds the vm's classes to ours
        found = getattr(__import__(home, fromlist=[there]), there)  # importlib would cost a start a millisecond
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
