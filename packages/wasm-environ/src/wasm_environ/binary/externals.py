"""Imports, exports, and the sections of functions, tables, memories, globals, tags, start (spec: binary/modules)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.expressions import const_expr
from wasm_environ.binary.reader import Reader
from wasm_environ.binary.type_section import mutability
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.module import FUNC, GLOBAL, MEMORY, TABLE, TAG, Export, ExternType, Global, Import, Module, Table
from wasm_environ.types import EXACT_FUNC, GlobalType, Limits, MemoryType, TableType, TagType

# Bits of the flags byte of limits.
HAS_MAX: Final = 1
SHARED: Final = 2
IS64: Final = 4
PAGE_SIZE: Final = 8


def import_section(r: Reader, m: Module, count: i64) -> None:
    bound(count, limits.IMPORTS, "imports", r.pos)
    i: i64 = 0
    while i < count:
        module = r.name()
        name = r.name()
        at = r.pos
        kind = r.byte()
        type: ExternType
        index: int
        if kind in (FUNC, EXACT_FUNC):
            if kind == EXACT_FUNC:
                r.need("custom_descriptors", "an exact function import", at)
                m.exact_imports.add(len(m.functions))
                kind = FUNC
            index = len(m.functions)
            type = r.u32()
            m.functions.append(type)
            m.imported_functions += 1
        elif kind == TABLE:
            index = len(m.tables)
            type = table_type(r)
            m.tables.append(Table(type))
            m.imported_tables += 1
        elif kind == MEMORY:
            index = len(m.memories)
            type = memory_type(r)
            m.memories.append(type)
            m.imported_memories += 1
        elif kind == GLOBAL:
            index = len(m.globals)
            type = global_type(r)
            if type.mutable:
                r.need("mutable_global", "the import of a mutable global", at)
            m.globals.append(Global(type))
            m.imported_globals += 1
        elif (kind == TAG and "exceptions" in r.features) or (kind == TAG and "legacy_exceptions" in r.features):
            index = len(m.tags)
            type = tag_type(r)
            m.tags.append(type)
            m.imported_tags += 1
        else:
            raise MalformedError("malformed import kind", at)
        m.imports.append(Import(module, name, kind, type, index))
        i += 1


def bound(count: int, limit: int, name: str, at: int) -> None:
    """Refuse a count beyond an implementation limit."""
    if count > limit:
        raise InvalidError(limits.exceeded(name, count), at)


def function_section(r: Reader, m: Module, count: i64) -> None:
    bound(len(m.functions) + count, limits.FUNCTIONS, "functions", r.pos)
    i: i64 = 0
    while i < count:
        m.functions.append(r.u32())
        i += 1


def table_section(r: Reader, m: Module, count: i64) -> None:
    bound(len(m.tables) + count, limits.TABLES, "tables", r.pos)
    i: i64 = 0
    while i < count:
        at = r.pos
        if r.byte() == 0x40:  # with an initializer
            r.need("function_references", "a table with an initializer", at)
            if r.byte() != 0:
                raise MalformedError("malformed table", at)
            type = table_type(r)
            m.tables.append(Table(type, const_expr(r)))
        else:
            r.pos = at
            m.tables.append(Table(table_type(r)))
        i += 1


def memory_section(r: Reader, m: Module, count: i64) -> None:
    bound(len(m.memories) + count, limits.MEMORIES, "memories", r.pos)
    i: i64 = 0
    while i < count:
        m.memories.append(memory_type(r))
        i += 1


def global_section(r: Reader, m: Module, count: i64) -> None:
    bound(len(m.globals) + count, limits.GLOBALS, "globals", r.pos)
    i: i64 = 0
    while i < count:
        type = global_type(r)
        m.globals.append(Global(type, const_expr(r)))
        i += 1


def tag_section(r: Reader, m: Module, count: i64) -> None:
    bound(len(m.tags) + count, limits.TAGS, "tags", r.pos)
    i: i64 = 0
    while i < count:
        m.tags.append(tag_type(r))
        i += 1


def export_section(r: Reader, m: Module, count: i64) -> None:
    bound(count, limits.EXPORTS, "exports", r.pos)
    i: i64 = 0
    while i < count:
        name = r.name()
        at = r.pos
        kind = r.byte()
        if kind > TAG:
            raise MalformedError("malformed export kind", at)
        index = r.u32()
        m.exports.append(Export(name, kind, index))
        if kind == FUNC:
            m.declared_functions.add(index)
        i += 1


def table_type(r: Reader) -> TableType:
    element = r.reference_type()
    return TableType(element, table_limits(r))


def table_limits(r: Reader) -> Limits:
    at = r.pos
    flags = r.byte()
    if flags & ~(HAS_MAX | IS64):
        raise MalformedError("malformed limits flags", at)
    return bounds(r, flags, at)


def memory_type(r: Reader) -> MemoryType:
    at = r.pos
    flags = r.byte()
    if flags & ~(HAS_MAX | SHARED | IS64 | PAGE_SIZE):
        raise MalformedError("malformed limits flags", at)
    if flags & SHARED:
        r.need("threads", "a shared memory", at)
    size = bounds(r, flags, at)
    page_size_log2: int = 16
    if flags & PAGE_SIZE:
        at = r.pos
        r.need("custom_page_sizes", "a page size", at)
        page_size_log2 = r.u32()
        if page_size_log2 >= 64:
            raise MalformedError("invalid custom page size: not less than 2**64", at)
    return MemoryType(size, page_size_log2)


def bounds(r: Reader, flags: i64, at: int) -> Limits:
    is64 = (flags & IS64) != 0
    if is64:
        r.need("memory64", "64-bit limits", at)
    low: int = size_word(r, is64)
    high: int | None = size_word(r, is64) if flags & HAS_MAX else None
    return Limits(low, high, is64, (flags & SHARED) != 0)


def size_word(r: Reader, is64: bool) -> int:
    """A u64 whatever the address type; validation bounds it. Without memory64 it is a u32."""
    if not is64 and "memory64" not in r.features:
        return r.u32()
    word: int = r.u64()
    return word if word >= 0 else word + (1 << 64)


def global_type(r: Reader) -> GlobalType:
    type = r.value_type()
    return GlobalType(type, mutability(r))


def tag_type(r: Reader) -> TagType:
    at = r.pos
    if r.byte() != 0:
        raise MalformedError("malformed tag attribute", at)
    return TagType(r.u32())
