"""Configurations of WASI."""

from __future__ import annotations

from typing import Any

from wasm_capi.handlers.bridge import WASI, bytes_of, define, ffi, handler, lib, new, object_of


@handler
def wasi_config_new() -> Any:
    from wasm_facade import WasiConfig

    return new(WASI, WasiConfig())


def _inherits(name: str) -> Any:
    def inherit(config: Any) -> None:
        getattr(object_of(config), name)()

    return inherit


for _name in ("inherit_argv", "inherit_env", "inherit_stdin", "inherit_stdout", "inherit_stderr", "inherit_network"):
    define(f"wasi_config_{_name}", _inherits(_name))


def _strings(array: Any, count: int) -> list[str]:
    return [ffi.string(array[i]).decode() for i in range(count)]


@handler
def wasi_config_set_argv(config: Any, count: int, argv: Any) -> bool:
    object_of(config).argv = _strings(argv, count)
    return True


@handler
def wasi_config_set_env(config: Any, count: int, names: Any, values: Any) -> bool:
    object_of(config).env = list(zip(_strings(names, count), _strings(values, count), strict=True))
    return True


@handler
def wasi_config_set_stdin_file(config: Any, path: Any) -> bool:
    object_of(config).stdin_file = ffi.string(path).decode()
    return True


@handler
def wasi_config_set_stdin_bytes(config: Any, binary: Any) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(bytes_of(binary))
    lib.wasm_byte_vec_delete(binary)
    object_of(config).stdin_file = file.name


def _writes(name: str) -> Any:
    def to_file(config: Any, path: Any) -> bool:
        setattr(object_of(config), name, ffi.string(path).decode())
        return True

    return to_file


for _name in ("stdout_file", "stderr_file"):
    define(f"wasi_config_set_{_name}", _writes(_name))


@handler
def wasi_config_preopen_dir(config: Any, host: Any, guest: Any, mutable: bool) -> bool:
    object_of(config).preopen_dir(ffi.string(host).decode(), ffi.string(guest).decode(), bool(mutable))
    return True
