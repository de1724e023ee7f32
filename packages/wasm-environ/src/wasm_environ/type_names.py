"""Names of types and of their fields: out of modules' name sections, read when somebody asks, and given in Python.

Types are known by structure, so one may have names from several modules: the first one's are shown, all are understood.
"""

from __future__ import annotations

import marshal

from wasm_environ.artifact import MARSHAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from wasm_environ.module import Module

    class Named(Protocol):
        """What the registry of types keeps of their names; see there."""

        unread_names: dict[bytes, list[int]]
        type_names: dict[int, str]
        field_names: dict[int, dict[str, int]]


def section_of(module: Module) -> bytes:
    """What an artifact keeps of a module's names: marshal of ({type index: name}, {type index: {field index: name}}); empty without structs and arrays."""
    from wasm_environ.composites import StructType
    from wasm_environ.names import decode_names
    from wasm_environ.types import FuncType

    if all(isinstance(sub.composite, FuncType) and sub.rec_size == 1 for sub in module.types):
        return b""
    names = decode_names(module)
    types = {index: name for index, name in names.types.items() if index < len(module.types)}
    fields: dict[int, dict[int, str]] = {}
    for index, named in names.fields.items():
        composite = module.types[index].composite if index < len(module.types) else None
        if isinstance(composite, StructType):
            fields[index] = {field: name for field, name in named.items() if field < len(composite.fields)}
    return marshal.dumps((types, fields), MARSHAL) if types or fields else b""


def learn(registry: Named) -> None:
    """Read the names of all modules loaded since.

    Not by `items()`: where no memory is left for the pair that its iterator keeps, CPython 3.11 crashes.
    """
    for section in list(registry.unread_names):
        ids = registry.unread_names.get(section)
        if ids is None:  # read by another thread
            continue
        try:
            types, fields = marshal.loads(section)
        except (EOFError, TypeError, ValueError):  # a mapped file that was cut short while it was loaded, which is refused
            types, fields = {}, {}
        for index in types:
            registry.type_names.setdefault(ids[index], types[index])
        for index in fields:
            named = fields[index]
            give(registry, ids[index], [(field, named[field]) for field in named])
        registry.unread_names.pop(section, None)  # at the end: who asks meanwhile reads it, too


def give(registry: Named, id: int, names: Iterable[tuple[int, str]]) -> None:
    """Name fields, by index, of a struct type; a name that it has already stays where it is."""
    known = registry.field_names.setdefault(id, {})
    for index, name in names:
        known.setdefault(name, index)


def fields_of(registry: Named, id: int) -> dict[str, int]:
    """The index of every name of a field; the registry's own, which grows."""
    learn(registry)
    return registry.field_names.setdefault(id, {})


def type_name(registry: Named, id: int) -> str:
    """The name that a module gave a type; "" where none did."""
    learn(registry)
    return registry.type_names.get(id, "")
