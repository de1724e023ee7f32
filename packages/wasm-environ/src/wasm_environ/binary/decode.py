"""Binary to Module: section order, sizes and counts, custom sections, code section (spec: binary/modules)."""

from __future__ import annotations

import gc
from typing import Final

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary import externals, segments
from wasm_environ.binary.expressions import declare, instruction
from wasm_environ.binary.reader import Reader
from wasm_environ.binary.type_section import type_section
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.features import DEFAULT, Features
from wasm_environ.module import CustomSection, Module

CUSTOM: Final = 0
TYPE: Final = 1
IMPORT: Final = 2
FUNCTION: Final = 3
TABLE: Final = 4
MEMORY: Final = 5
GLOBAL: Final = 6
EXPORT: Final = 7
START: Final = 8
ELEMENT: Final = 9
CODE: Final = 10
DATA: Final = 11
DATA_COUNT: Final = 12
TAG: Final = 13

LARGE: Final = 100_000  # bytes of a module for which the garbage collector is paused

# By section id: its place among the sections. Tags stand after memories, the data count before the code.
ORDER: Final = (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6)


def decode(data: bytes, features: Features = DEFAULT) -> Module:
    """Read a binary module. Raises MalformedError with the offset; InvalidError for a switched off feature or a limit."""
    if len(data) > limits.MODULE_SIZE:
        raise InvalidError(limits.exceeded("module size", len(data)), 0)
    data = bytes(data)
    if len(data) < 4:
        raise MalformedError("unexpected end: magic header is incomplete", len(data))
    if data[:4] != b"\0asm":
        raise MalformedError("magic header not detected", 0)
    if data[4:8] != b"\1\0\0\0":
        if len(data) < 8:
            raise MalformedError("unexpected end: version is incomplete", len(data))
        if data[4:8] == b"\x0d\0\1\0":
            raise MalformedError("unknown binary version: this is a component, not a core module", 4)
        raise MalformedError("unknown binary version", 4)
    m = Module(data)
    # What is made here lives on: looking for cycles in it again and again would take longer than all else.
    pause = len(data) > LARGE and gc.isenabled()
    if pause:
        gc.disable()
    try:
        sections(m, Reader(data, 8, len(data), features, m.types))
        finish(m)
    except MalformedError as error:
        raise earliest(m, features, error) from None
    finally:
        if pause:
            gc.enable()
    return m


def sections(m: Module, r: Reader) -> None:
    """Read section after section, each in its place."""
    data = m.data
    features = r.features
    last: i64 = 0
    place: i64 = 0
    while r.pos < len(data):
        at = r.pos
        id = r.byte()
        if id > TAG or (id == TAG and not has_tags(features)):
            raise MalformedError("malformed section id", at)
        size = r.u32()
        start = r.pos
        if size > len(data) - start:
            raise MalformedError("length out of bounds: a section ends beyond the module", at)
        if id == CUSTOM:
            r.end = start + size
            name = r.name()
            m.customs.append(CustomSection(name, data[r.pos : r.end], last))
        else:
            if ORDER[id] <= place:
                raise MalformedError("unexpected content after last section: section out of order", at)
            place = ORDER[id]
            last = id
            r.end = start + size
            section(r, m, id)
            if r.pos != r.end:
                raise MalformedError("section size mismatch", r.pos)
        r.pos = start + size
        r.end = len(data)


def has_tags(features: Features) -> bool:
    return "exceptions" in features or "legacy_exceptions" in features


def section(r: Reader, m: Module, id: i64) -> None:
    """Decode the contents of one known section, from r.pos to r.end."""
    if id == START:
        m.start = r.u32()
        return
    if id == DATA_COUNT:
        r.need("bulk_memory", "a data count section", r.pos)
        m.data_count = r.u32()
        return
    n = r.u32()
    if id == TYPE:
        type_section(r, n)
    elif id == IMPORT:
        externals.import_section(r, m, n)
    elif id == FUNCTION:
        externals.function_section(r, m, n)
    elif id == TABLE:
        externals.table_section(r, m, n)
    elif id == MEMORY:
        externals.memory_section(r, m, n)
    elif id == TAG:
        externals.tag_section(r, m, n)
    elif id == GLOBAL:
        externals.global_section(r, m, n)
    elif id == EXPORT:
        externals.export_section(r, m, n)
    elif id == ELEMENT:
        segments.element_section(r, m, n)
    elif id == CODE:
        code_section(r, m, n)
    else:
        segments.data_section(r, m, n)


def code_section(r: Reader, m: Module, count: i64) -> None:
    """Note where each body is; its contents are read when it is validated."""
    i: i64 = 0
    while i < count:
        at = r.pos
        size = r.u32()
        if size > limits.FUNCTION_SIZE:
            raise InvalidError(limits.exceeded("function size", size), at, m.imported_functions + i)
        start = r.skip(size)
        m.code_starts.append(start)
        m.code_ends.append(start + size)
        i += 1


def finish(m: Module) -> None:
    """What can be said only after the last section."""
    if len(m.code_starts) != len(m.functions) - m.imported_functions:
        raise MalformedError("function and code section have inconsistent lengths", len(m.data))
    if m.data_count >= 0 and m.data_count != segments.data_count(m):
        raise MalformedError("data count and data section have inconsistent lengths", len(m.data))
    for segment in m.elements:
        declare(m, segment.offset)
        for expression in segment.expressions or ():
            declare(m, expression)
    for glob in m.globals:
        declare(m, glob.init)
    for table in m.tables:
        declare(m, table.init)
    m.escaping_functions = set(m.declared_functions)


def earliest(m: Module, features: Features, error: MalformedError) -> MalformedError:
    """The error to report: one inside of a body, if the decoder went past it, tells better what is wrong."""
    for start, end in zip(m.code_starts, m.code_ends, strict=False):
        r = Reader(m.data, start, end, features, m.types)
        try:
            groups = r.u32()
            while groups > 0:
                r.u32()
                r.value_type()
                groups -= 1
            while r.pos < end:
                instruction(r)
        except MalformedError as inside:
            return inside
        except InvalidError:
            break
    return error
