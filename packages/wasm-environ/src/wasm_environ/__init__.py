"""WebAssembly modules as data: read, check, write and describe them. Attributes load the module that defines them on first use."""

from __future__ import annotations

import sys

if "t" in sys.abiflags:
    raise ImportError("wasm_environ relies on the GIL: it works on a CPython without free threading (python3.13, not python3.13t)")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.binary.decode import decode as decode
    from wasm_environ.binary.encode import encode as encode
    from wasm_environ.compile_errors import CompileError as CompileError
    from wasm_environ.compile_errors import InvalidError as InvalidError
    from wasm_environ.compile_errors import MalformedError as MalformedError
    from wasm_environ.errors import WasmError as WasmError
    from wasm_environ.features import ALL as ALL
    from wasm_environ.features import DEFAULT as DEFAULT
    from wasm_environ.features import Features as Features
    from wasm_environ.function.validator import BodyValidator as BodyValidator
    from wasm_environ.module import Module as Module
    from wasm_environ.names import Names as Names
    from wasm_environ.names import decode_names as decode_names
    from wasm_environ.registry import TypeRegistry as TypeRegistry
    from wasm_environ.validation import validate as validate
    from wasm_environ.validation import validate_module as validate_module

# What the package offers, and where it is defined.
_WHERE = {
    "ALL": "features",
    "DEFAULT": "features",
    "BodyValidator": "function.validator",
    "CompileError": "compile_errors",
    "Features": "features",
    "InvalidError": "compile_errors",
    "MalformedError": "compile_errors",
    "Module": "module",
    "WasmError": "errors",
    "Names": "names",
    "TypeRegistry": "registry",
    "decode": "binary.decode",
    "decode_names": "names",
    "encode": "binary.encode",
    "validate": "validation",
    "validate_module": "validation",
}

__all__ = sorted(_WHERE)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_WHERE]
