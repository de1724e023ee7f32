"""Configurations of WASI."""

from __future__ import annotations

from wasm_capi.handlers.bridge import Owned, bytes_of, define, facade, ffi, handler, lib, new, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@handler
def wasi_config_new() -> Any:
    return new("wasi_config_t", facade.WasiConfig())


def _inherits(name: str) -> Any:
    def inherit(config: Any) -> None:
        getattr(object_of(config), name)()

    return inherit


@handler
def wasi_config_inherit_argv(config: Any) -> None:
    with open("/proc/self/cmdline", "rb") as file:  # Python was not told
        object_of(config).argv = file.read().split(b"\0")[:-1]


for _name in ("inherit_stdin", "inherit_stdout", "inherit_stderr", "inherit_network"):
    define(f"wasi_config_{_name}", _inherits(_name))


@handler
def wasi_config_inherit_env(config: Any) -> None:
    found, at = [], lib.environ  # os.environ is what there was when Python started
    while at and at[0]:
        name, _, value = ffi.string(at[0]).partition(b"=")
        if name:
            found.append((name, value))
        at += 1
    object_of(config).env = found


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
    object_of(config).stdin = bytes_of(binary)
    lib.wasm_byte_vec_delete(binary)


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


def _calls_back(name: str) -> Any:
    def to_callback(config: Any, callback: Any, data: Any, finalizer: Any) -> None:
        setattr(object_of(config), name, _writer(callback, Owned(data, finalizer)))

    return to_callback


def _writer(callback: Any, owned: Owned) -> Any:
    def write(data: bytes) -> int:
        count = callback(owned.data, ffi.from_buffer(data), len(data))
        if count < 0:
            import os

            raise OSError(-count, os.strerror(-count))
        return min(int(count), len(data))

    return write


for _name in ("stdout", "stderr"):
    define(f"wasi_config_set_{_name}_custom", _calls_back(f"{_name}_custom"))


@handler
def wasi_config_allow_ip_name_lookup(config: Any, enable: bool) -> None:
    from wasm_wasi_common.network import NetworkPolicy

    found = object_of(config)
    policy = (found.network or NetworkPolicy()).extended()
    policy.resolver = None if enable else _no_names
    found.network = policy


def _no_names(name: str) -> Any:
    raise OSError("names may not be looked up")
