"""Module to binary: the inverse of `decode`; bodies and constant expressions are copied (spec: binary/modules)."""

from __future__ import annotations

from typing import Final

from wasm_environ.binary import decode as ids
from wasm_environ.binary.externals import HAS_MAX, IS64, PAGE_SIZE, SHARED
from wasm_environ.binary.type_section import (
    ARRAY_CODE,
    CONT_CODE,
    DESCRIBES_CODE,
    DESCRIPTOR_CODE,
    FUNC_CODE,
    REC_CODE,
    STRUCT_CODE,
    SUB_CODE,
    SUB_FINAL_CODE,
)
from wasm_environ.binary.writer import name, section, signed, unsigned, value_type, vector
from wasm_environ.composites import ArrayType, CompositeType, FieldType, StructType, SubType
from wasm_environ.module import (
    ACTIVE,
    DECLARED,
    FUNC,
    PASSIVE,
    DataSegment,
    ElementSegment,
    Export,
    Global,
    Import,
    Module,
    Table,
)
from wasm_environ.rec_groups import written_index
from wasm_environ.types import EXACT_FUNC, FUNCREF, FuncType, GlobalType, Limits, MemoryType, TableType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC: Final = b"\0asm\1\0\0\0"


def encode(m: Module) -> bytes:
    """The binary of a module; `decode` of it gives an equal module. Custom sections stand after the section they stood after."""
    parts = [MAGIC, *customs(m, 0)]
    for id, contents in known_sections(m):
        following = customs(m, id)
        if contents or following:  # an empty section stays where a custom section marks its place
            parts.append(section(id, contents or b"\0"))
        parts.extend(following)
    return b"".join(parts)


def customs(m: Module, after: int) -> list[bytes]:
    """The custom sections that stood after a section."""
    return [section(ids.CUSTOM, name(custom.name) + custom.data) for custom in m.customs if custom.after == after]


def known_sections(m: Module) -> list[tuple[int, bytes]]:
    """Id and contents of every section in order, empty where there is nothing to say."""

    def items(entries: list[bytes]) -> bytes:
        return vector(entries) if entries else b""

    defined = m.functions[m.imported_functions :]
    return [
        (ids.TYPE, type_section(m)),
        (ids.IMPORT, items([import_(entry, m) for entry in m.imports])),
        (ids.FUNCTION, items([unsigned(index) for index in defined])),
        (ids.TABLE, items([table(entry) for entry in m.tables[m.imported_tables :]])),
        (ids.MEMORY, items([memory_type(entry) for entry in m.memories[m.imported_memories :]])),
        (ids.TAG, items([tag_type(entry) for entry in m.tags[m.imported_tags :]])),
        (ids.GLOBAL, items([global_(entry) for entry in m.globals[m.imported_globals :]])),
        (ids.EXPORT, items([export(entry) for entry in m.exports])),
        (ids.START, unsigned(m.start) if m.start >= 0 else b""),
        (ids.ELEMENT, items([element(entry) for entry in m.elements])),
        (ids.DATA_COUNT, unsigned(m.data_count) if m.data_count >= 0 else b""),
        (ids.CODE, items([body(m.data[a:b]) for a, b in zip(m.code_starts, m.code_ends, strict=True)])),
        (ids.DATA, items([data(entry, m) for entry in m.datas])),
    ]


# ---- types


def type_section(m: Module) -> bytes:
    """One entry a rec group; a group of one is written without its frame."""
    groups: list[bytes] = []
    at = 0
    while at < len(m.types):
        size = m.types[at].rec_size
        members = [module_sub_type(m, i) for i in range(at, at + size)]
        groups.append(members[0] if size == 1 else bytes((REC_CODE,)) + vector(members))
        at += size
    return vector(groups) if groups else b""


def module_sub_type(m: Module, at: int) -> bytes:
    def index(canonical: int) -> int:
        return written_index(m.types, at, canonical)

    return sub_type(m.types[at], index)


def sub_type(sub: SubType, index: Callable[[int], int]) -> bytes:
    """A type as a member of a rec group; `index` gives the type index to write."""
    out = b""
    if sub.supers or not sub.final:
        code = SUB_FINAL_CODE if sub.final else SUB_CODE
        out = bytes((code,)) + vector([unsigned(index(i)) for i in sub.supers])
    if sub.describes >= 0:
        out += bytes((DESCRIBES_CODE,)) + unsigned(index(sub.describes))
    if sub.descriptor >= 0:
        out += bytes((DESCRIPTOR_CODE,)) + unsigned(index(sub.descriptor))
    return out + composite_type(sub.composite, index)


def composite_type(composite: CompositeType, index: Callable[[int], int]) -> bytes:
    if isinstance(composite, FuncType):
        params = vector([value_type(t, index) for t in composite.params])
        return bytes((FUNC_CODE,)) + params + vector([value_type(t, index) for t in composite.results])
    if isinstance(composite, StructType):
        return bytes((STRUCT_CODE,)) + vector([field_type(field, index) for field in composite.fields])
    if isinstance(composite, ArrayType):
        return bytes((ARRAY_CODE,)) + field_type(composite.field, index)
    return bytes((CONT_CODE,)) + signed(index(composite.func))


def field_type(field: FieldType, index: Callable[[int], int]) -> bytes:
    return value_type(field.type, index) + bytes((field.mutable,))


def limits(size: Limits, more: int = 0) -> bytes:
    flags = more | (SHARED if size.shared else 0) | (IS64 if size.is64 else 0)
    if size.max is None:
        return bytes((flags,)) + unsigned(size.min)
    return bytes((flags | HAS_MAX,)) + unsigned(size.min) + unsigned(size.max)


def table_type(type: TableType) -> bytes:
    return value_type(type.element) + limits(type.limits)


def memory_type(type: MemoryType) -> bytes:
    if type.page_size_log2 == 16:
        return limits(type.limits)
    return limits(type.limits, PAGE_SIZE) + unsigned(type.page_size_log2)


def global_type(type: GlobalType) -> bytes:
    return value_type(type.type) + bytes((type.mutable,))


def tag_type(type: TagType) -> bytes:
    return b"\0" + unsigned(type.type_index)


# ---- entries


def import_(entry: Import, m: Module) -> bytes:
    kind = EXACT_FUNC if entry.kind == FUNC and entry.index in m.exact_imports else entry.kind
    type = entry.type
    if isinstance(type, int):
        described = unsigned(type)
    elif isinstance(type, TableType):
        described = table_type(type)
    elif isinstance(type, MemoryType):
        described = memory_type(type)
    elif isinstance(type, GlobalType):
        described = global_type(type)
    else:
        described = tag_type(type)
    return name(entry.module) + name(entry.name) + bytes((kind,)) + described


def table(entry: Table) -> bytes:
    if entry.init is None:
        return table_type(entry.type)
    return b"\x40\0" + table_type(entry.type) + entry.init.code


def global_(entry: Global) -> bytes:
    assert entry.init is not None
    return global_type(entry.type) + entry.init.code


def export(entry: Export) -> bytes:
    return name(entry.name) + bytes((entry.kind,)) + unsigned(entry.index)


def element(segment: ElementSegment) -> bytes:
    """The shortest of the eight forms that says it."""
    explicit = segment.table != 0 or (segment.functions is None and segment.type != FUNCREF)
    flags = {ACTIVE: 2 if explicit else 0, PASSIVE: 1, DECLARED: 3}[segment.mode]
    out = b""
    if segment.mode == ACTIVE:
        assert segment.offset is not None
        out = (unsigned(segment.table) if explicit else b"") + segment.offset.code
    if segment.functions is not None:
        kind = b"\0" if flags else b""
        return unsigned(flags) + out + kind + vector([unsigned(index) for index in segment.functions])
    kind = value_type(segment.type) if flags else b""
    return unsigned(flags | 4) + out + kind + vector([expression.code for expression in segment.expressions or ()])


def body(code: bytes) -> bytes:
    return unsigned(len(code)) + code


def data(segment: DataSegment, m: Module) -> bytes:
    contents = m.data[segment.start : segment.end]
    if segment.offset is None:
        return b"\x01" + unsigned(len(contents)) + contents
    memory = b"\0" if segment.memory == 0 else b"\x02" + unsigned(segment.memory)
    return memory + segment.offset.code + unsigned(len(contents)) + contents
