"""Modules: compiled, described, written and read."""

from __future__ import annotations

from wasm_capi.handlers.bridge import bytes_of, facade, fallible, ffi, give_bytes, handler, lib, made, new, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_facade import Module


def _compile(engine: Any, binary: bytes) -> Module:
    """A module of a binary; text has a function of its own."""
    if not binary.startswith(b"\0asm"):
        facade.Module.validate(engine, binary)  # says what it is
    return facade.Module(engine, binary)


@handler
def wasm_module_new(store: Any, binary: Any) -> Any:
    return new("wasm_module_t", _compile(object_of(store).engine, bytes_of(binary)))


@handler
def wasm_module_validate(store: Any, binary: Any) -> bool:
    facade.Module.validate(object_of(store).engine, bytes_of(binary))
    return True


@handler
def wasm_module_imports(module: Any, out: Any) -> None:
    give_imports(object_of(module), out)


@handler
def wasm_module_exports(module: Any, out: Any) -> None:
    give_exports(object_of(module), out)


@handler
def wasm_module_serialize(module: Any, out: Any) -> None:
    lib.wasm_byte_vec_new_empty(out)
    give_bytes(out, bytes(object_of(module).serialize()))


@handler
def wasm_module_deserialize(store: Any, binary: Any) -> Any:
    return new("wasm_module_t", facade.Module.deserialize(object_of(store).engine, bytes_of(binary)))


def import_out(row: Any) -> Any:
    """A wasm_importtype_t."""
    from wasm_capi.handlers.types import extern_out, name_out

    return made(lib.wasm_importtype_new(name_out(row.module), name_out(row.name or ""), extern_out(row.type)))


def export_out(row: Any) -> Any:
    """A wasm_exporttype_t."""
    from wasm_capi.handlers.types import extern_out, name_out

    return made(lib.wasm_exporttype_new(name_out(row.name), extern_out(row.type)))


def give_imports(module: Module, out: Any) -> None:
    """What a module imports, as a vector."""
    found = [import_out(row) for row in module.imports]
    lib.wasm_importtype_vec_new(out, len(found), ffi.new("wasm_importtype_t *[]", found))


def give_exports(module: Module, out: Any) -> None:
    """What a module exports, as a vector."""
    found = [export_out(row) for row in module.exports]
    lib.wasm_exporttype_vec_new(out, len(found), ffi.new("wasm_exporttype_t *[]", found))


@fallible
def wasmtime_module_new(engine: Any, wasm: Any, size: int, out: Any) -> None:
    out[0] = new("wasmtime_module_t", _compile(object_of(engine), bytes(ffi.buffer(wasm, size))))


@handler
def wasmtime_module_imports(module: Any, out: Any) -> None:
    give_imports(object_of(module), out)


@handler
def wasmtime_module_exports(module: Any, out: Any) -> None:
    give_exports(object_of(module), out)


@fallible
def wasmtime_module_validate(engine: Any, wasm: Any, size: int) -> None:
    facade.Module.validate(object_of(engine), bytes(ffi.buffer(wasm, size)))


@fallible
def wasmtime_module_serialize(module: Any, out: Any) -> None:
    lib.wasm_byte_vec_new_empty(out)
    give_bytes(out, bytes(object_of(module).serialize()))


@fallible
def wasmtime_module_deserialize(engine: Any, data: Any, size: int, out: Any) -> None:
    out[0] = new("wasmtime_module_t", facade.Module.deserialize(object_of(engine), bytes(ffi.buffer(data, size))))


@fallible
def wasmtime_module_deserialize_file(engine: Any, path: Any, out: Any) -> None:
    out[0] = new("wasmtime_module_t", facade.Module.deserialize_file(object_of(engine), ffi.string(path).decode()))
