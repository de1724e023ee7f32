"""What `_core` asks Python for on its slow paths: messages, rows of type objects, ctypes views, trampolines."""

from __future__ import annotations

from wasm_environ import types
from wasm_environ.module import FUNC, GLOBAL, MEMORY, TABLE, TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_environ.registry import TypeRegistry
    from wasm_vm import Memory, SharedMemory
    from wasm_vm.loading import Described

def type_name(registry: TypeRegistry, code: int) -> str:
    """A value type in the text format's words; `registry` is the engine's."""
    if not code & types.CONCRETE:
        return types.value_type_name(code)
    from wasm_environ.type_text import value_text

    return value_text(registry, code)


def signature_text(registry: TypeRegistry, id: int) -> str:
    """A function type: `[i32] -> []`."""
    if registry.is_plain(id):
        return repr(registry.func_type(id))
    from wasm_environ.type_text import func_text

    return func_text(registry, id)


def tag_repr(registry: TypeRegistry, id: int) -> str:
    """A tag by the types of its values."""
    return f"<Tag [{' '.join([type_name(registry, t) for t in registry.func_type(id).params])}]>"


MOST_FIELDS = 8  # in a repr


def object_repr(ref: Any) -> str:
    """A struct's or array's first values; other objects in it by their kind only, as they may lead back here."""
    from wasm_vm import AnyRef, I31Ref

    shown = [type(v).__name__ if isinstance(v, AnyRef) and not isinstance(v, I31Ref) else repr(v) for v in (ref[i] for i in range(min(len(ref), MOST_FIELDS)))]
    more = f", ... {len(ref)} in all" if len(ref) > MOST_FIELDS else ""
    return f"<{type(ref).__name__} [{', '.join(shown)}{more}]>"


def struct_dir(ref: Any) -> list[str]:
    """What `dir(ref)` gives: the names of a struct's fields, too."""
    names = [] if ref.store is None or ref.store.closed else [name for name in ref.type.names if name]
    return sorted({*object.__dir__(ref), *names})


def instance_html(loaded: Any, described: Described, memories: tuple[int, ...]) -> str:
    """For notebooks: an instance, whose memories have so many bytes now."""
    from wasm_vm.html import instance_html

    return instance_html(loaded.name, memories, import_rows(described), export_rows(described))


def import_rows(described: Described) -> list[tuple[str, str, str]]:
    """(name, kind, type) of each import, as text."""
    return [(f"{module}::{name}", KINDS[kind], wanted_text(described, kind, index)) for module, name, kind, _, index in described.imports]


def export_rows(described: Described) -> list[tuple[str, str, str]]:
    """(name, kind, type) of each export, as text."""
    return [(export.name, KINDS[export.kind], wanted_text(described, export.kind, export.index)) for export in described.module.exports]


KINDS = ("func", "table", "memory", "global", "tag")


def memory_row(ty: types.MemoryType) -> tuple[int, int, bool, bool, bool, int]:
    """(min, max, has max, is64, shared, log2 of the page size)"""
    limits = ty.limits
    return limits.min, limits.max or 0, limits.max is not None, limits.is64, limits.shared, ty.page_size_log2


def table_row(ty: types.TableType) -> tuple[int, int, int, bool, bool]:
    """(element type, min, max, has max, is64)"""
    limits = ty.limits
    return ty.element, limits.min, limits.max or 0, limits.max is not None, limits.is64


Trampoline = tuple[bytes, int, tuple[memoryview, ...]]  # machine code, offset of the trampoline, tables as `loading.TABLES`


def thunk_code(compile_trampolines: Callable[..., tuple[Any, Any]], signature: types.FuncType) -> Trampoline:
    """The host thunk of a signature that no loaded module has one for."""
    return _trampoline(compile_trampolines([], [signature]))


def entry_code(compile_trampolines: Callable[..., tuple[Any, Any]], signature: types.FuncType) -> Trampoline:
    """The entry trampoline of a host function's signature."""
    return _trampoline(compile_trampolines([signature], []))


def _trampoline(made: tuple[Any, Any]) -> Trampoline:
    import os

    from wasm_environ.linking.layout import lay_out

    image = lay_out(os.uname().machine, [], made, 0, 0)
    tables = (image.functions, image.traps, image.addresses, image.frames, image.shapes, image.handlers)
    return image.text, (*image.entries, *image.thunks)[0], tuple([memoryview(rows) for rows in tables])


def component_func_type(component: Any, resources: tuple[Any, ...], type: int) -> Any:
    """The type of a component's function, in the classes of the public API. `resources`: its instance's resource types by slot."""
    from wasm_vm import components

    if components.func_type is None or component is None:
        raise TypeError("no classes for types of components: wasm_facade.component has them")
    return components.func_type(component, resources, type)


def component_to_host(rep: int, number: int, owned: bool) -> Any:
    """A resource of a host's type by number, in the public API's class."""
    from wasm_vm import components

    if components.to_host is None:
        raise TypeError("no class for resources of hosts: wasm_facade.component has it")
    return components.to_host(rep, number, owned)


def add_note(error: BaseException, backtrace: Any) -> None:
    """Tell a host exception which wasm frames it passed through."""
    from wasm_vm.frames import frame_lines, frames_of

    frames = frames_of(backtrace)
    if frames and hasattr(error, "passed_through"):  # a trap of a C host, which wants no words but the frames
        error.passed_through(backtrace)
    elif frames:
        error.add_note(f"wasm backtrace:{frame_lines(frames)}")


def _kind_of(given: Any) -> int:
    from wasm_vm import Func, Global, Table, Tag

    if isinstance(given, Func):
        return FUNC
    if isinstance(given, Table):
        return TABLE
    if isinstance(given, Tag):
        return TAG
    return GLOBAL if isinstance(given, Global) else MEMORY


def wanted_text(described: Described, kind: int, index: int) -> str:
    """What the module says of item `index` of a kind, which it imports."""
    registry, ids, module = described.registry, described.type_ids(), described.module

    def value(t: int) -> str:
        return type_name(registry, t & 0xFFF | ids[t >> types.HEAP_SHIFT] << types.HEAP_SHIFT if t & types.CONCRETE else t)

    if kind == FUNC:
        exact = " exactly" if index in module.exact_imports else ""
        return signature_text(registry, ids[module.functions[index]]) + exact
    if kind == TABLE:
        table = module.tables[index].type
        return f"(table {table.limits!r} {value(table.element)})"
    if kind == MEMORY:
        return repr(module.memories[index])
    if kind == GLOBAL:
        held = module.globals[index].type
        return f"(global (mut {value(held.type)}))" if held.mutable else f"(global {value(held.type)})"
    return signature_text(registry, ids[module.tags[index].type_index])


def import_mismatch(described: Described, index: int, given: Any, reason: str) -> str:
    """The LinkError message for import `index`: what the module wants and what it was given."""
    wanted = described.module.imports[index]
    expected = f"{KINDS[wanted.kind]} {wanted_text(described, wanted.kind, wanted.index)}"
    return f"incompatible import type for `{wanted.module}::{wanted.name}`: {reason}: expected {expected}, found {_kind_of_text(given)}"


def _kind_of_text(given: Any) -> str:
    return f"{KINDS[_kind_of(given)]} {given!r}"


def no_export(names: dict[str, int], name: str) -> str:
    """The KeyError message for an export that is not there."""
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    offers = ", ".join(map(repr, list(names)[:12])) + (" ..." if len(names) > 12 else "")
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"no export {name!r}; there {'is' if len(names) == 1 else 'are'} {offers or 'none'}{hint}"


def data_ptr(memory: Memory, address: int) -> Any:
    """A ctypes pointer to the first byte, which keeps the memory alive."""
    import ctypes

    pointer = ctypes.pointer(ctypes.c_ubyte.from_address(address))  # ctypes.cast makes ArgumentError of a MemoryError
    pointer._memory = memory  # type: ignore[attr-defined]
    return pointer


def buffer_array(memory: Memory | SharedMemory, size: int | None, offset: int | None) -> Any:
    """A ctypes array over `size` bytes from `offset`; IndexError beyond the memory."""
    import ctypes

    start = offset or 0
    length = len(memory)
    count = length - start if size is None else size
    if start < 0 or count < 0 or start + count > length:
        raise IndexError(f"size {count} at offset {start} is out of range of a memory of {length} bytes")
    return (ctypes.c_ubyte * count).from_buffer(memory, start)
