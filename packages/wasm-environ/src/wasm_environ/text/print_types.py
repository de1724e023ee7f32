"""Types as text: value and heap types with identifiers, type definitions and rec groups, limits, external types."""

from __future__ import annotations

from typing import final

from wasm_environ import types
from wasm_environ.composites import ArrayType, ContType, FieldType, StructType, SubType
from wasm_environ.module import ExternType, Import, Module
from wasm_environ.rec_groups import map_composite
from wasm_environ.text.ids import Ids
from wasm_environ.types import (
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    TableType,
    TagType,
)


@final
class TypePrinter:
    """Prints types with the identifiers of one module."""

    def __init__(self, module: Module, ids: Ids, fields: dict[int, Ids]) -> None:
        self.module = module
        self.ids = ids
        self.fields = fields
        self.types = [_as_written(module.types, i) for i in range(len(module.types))]

    def value(self, t: int) -> str:
        """A value type."""
        if not t & types.CONCRETE:
            return types.value_type_name(t)
        return f"(ref null {self.heap(t)})" if t & types.NULLABLE else f"(ref {self.heap(t)})"

    def heap(self, t: int) -> str:
        """The heap type of a reference type."""
        if not t & types.CONCRETE:
            return types.HEAP_NAMES[types.heap_of(t)]
        name = self.ids.ref(types.heap_of(t))
        return f"(exact {name})" if t & types.EXACT else name

    def signature(self, params: tuple[int, ...], results: tuple[int, ...]) -> str:
        """(param ...) (result ...) with a space before each."""
        out = f" (param {' '.join(map(self.value, params))})" if params else ""
        return out + (f" (result {' '.join(map(self.value, results))})" if results else "")

    def func_type(self, index: int) -> FuncType:
        """The function type at an index; the empty one where there is none (a module that does not validate)."""
        found = self.types[index].composite if index < len(self.types) else None
        return found if isinstance(found, FuncType) else FuncType((), ())

    def continued(self, index: int) -> FuncType:
        """The function behind a continuation's type index; the empty one where there is none."""
        found = self.types[index].composite if index < len(self.types) else None
        return self.func_type(found.func) if isinstance(found, ContType) else FuncType((), ())

    def use(self, index: int) -> str:
        """A type use: the index and, as a courtesy, the signature."""
        signature = self.func_type(index)
        return f" (type {self.ids.ref(index)}){self.signature(signature.params, signature.results)}"

    def field(self, field: FieldType) -> str:
        """A field's storage type and mutability."""
        return f"(mut {self.value(field.type)})" if field.mutable else self.value(field.type)

    def composite(self, index: int, sub: SubType) -> str:
        """The structure behind a type."""
        body = sub.composite
        if isinstance(body, FuncType):
            return f"(func{self.signature(body.params, body.results)})"
        if isinstance(body, ArrayType):
            return f"(array {self.field(body.field)})"
        if isinstance(body, ContType):
            return f"(cont {self.ids.ref(body.func)})"
        assert isinstance(body, StructType)
        names = self.fields.get(index)
        parts: list[str] = []
        for i, field in enumerate(body.fields):
            name = names.by_index.get(i, "") if names is not None else ""
            parts.append(f" (field {name} {self.field(field)})" if name else f" (field {self.field(field)})")
        return f"(struct{''.join(parts)})"

    def definition(self, index: int) -> str:
        """One (type ...)."""
        sub = self.types[index]
        body = self.composite(index, sub)
        if sub.descriptor >= 0:
            body = f"(descriptor {self.ids.ref(sub.descriptor)}) {body}"
        if sub.describes >= 0:
            body = f"(describes {self.ids.ref(sub.describes)}) {body}"
        if not sub.final or sub.supers:
            supers = "".join(f" {self.ids.ref(i)}" for i in sub.supers)
            body = f"(sub{' final' if sub.final else ''}{supers} {body})"
        return f"(type{self.ids.define(index)} {body})"

    def definitions(self) -> list[str]:
        """All types; a rec group of one needs no (rec ...)."""
        lines: list[str] = []
        entries = self.types
        i = 0
        while i < len(entries):
            size = entries[i].rec_size
            if size < 2:
                lines.append("  " + self.definition(i))
                i += 1
                continue
            lines.append("  (rec")
            lines += ["    " + self.definition(j) for j in range(i, i + size)]
            lines.append("  )")
            i += size
        return lines

    def limits(self, limits: Limits) -> str:
        """Address type, bounds and sharing."""
        return repr(limits)

    def memory(self, memory: MemoryType) -> str:
        """Limits and page size."""
        page = f" (pagesize {1 << memory.page_size_log2})" if memory.page_size_log2 != 16 else ""
        return self.limits(memory.limits) + page

    def table(self, table: TableType) -> str:
        """Limits and element type."""
        return f"{self.limits(table.limits)} {self.value(table.element)}"

    def global_type(self, kind: GlobalType) -> str:
        """Value type and mutability."""
        return f"(mut {self.value(kind.type)})" if kind.mutable else self.value(kind.type)

    def external(self, item: Import) -> str:
        """What an import is of, a space before."""
        kind: ExternType = item.type
        if isinstance(kind, TableType):
            return " " + self.table(kind)
        if isinstance(kind, MemoryType):
            return " " + self.memory(kind)
        if isinstance(kind, GlobalType):
            return " " + self.global_type(kind)
        if isinstance(kind, TagType):
            return self.use(kind.type_index)
        if item.index in self.module.exact_imports:
            return f" (exact (type {self.ids.ref(kind)}))"
        return self.use(kind)


def _as_written(entries: list[SubType], index: int) -> SubType:
    """A type whose references to its own rec group are to that group, not to the equal one before it that is canonical."""
    sub = entries[index]
    if sub.canonical == index:
        return sub
    start, size = sub.rec_start, sub.rec_size
    first = entries[start].canonical

    def own(i: int) -> int:
        return i - first + start if first <= i < first + size else i

    return SubType(
        map_composite(sub.composite, own), sub.final, tuple(map(own, sub.supers)), start, size, sub.canonical,
        own(sub.descriptor), own(sub.describes),
    )  # fmt: skip
