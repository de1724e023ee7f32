"""Element and data segments (spec: binary/modules, element and data section)."""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.expressions import const_expr, declare, skip_i32_const
from wasm_environ.binary.externals import bound
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import MalformedError
from wasm_environ.features import ALL
from wasm_environ.module import ACTIVE, DECLARED, PASSIVE, ConstExpr, DataSegment, ElementSegment, Module
from wasm_environ.types import FUNC, FUNCREF, HEAP_SHIFT, REF


def element_section(r: Reader, m: Module, count: i64) -> None:
    bound(count, limits.ELEMENT_SEGMENTS, "element segments", r.pos)
    i: i64 = 0
    while i < count:
        m.elements.append(element_segment(r, m))
        i += 1


def element_segment(r: Reader, m: Module) -> ElementSegment:
    """Flags: bit 0 passive or declarative, bit 1 declarative or with table index, bit 2 expressions instead of function indices."""
    at = r.pos
    flags = r.u32()
    if flags > 7:
        raise MalformedError("malformed elements segment kind", at)
    if flags:
        r.need("bulk_memory" if flags & 1 else "reference_types", "this form of an element segment", at)
    mode = ACTIVE
    table: int = 0
    offset: ConstExpr | None = None
    if flags & 1:
        mode = DECLARED if flags & 2 else PASSIVE
    else:
        if flags & 2:
            table = r.u32()
        offset = const_expr(r)
    type: int = FUNCREF
    if flags & 3:
        if flags & 4:
            type = r.reference_type()
        else:
            at = r.pos
            if r.byte() != 0:
                raise MalformedError("malformed element kind", at)
    if not flags & 4:
        type = REF | FUNC << HEAP_SHIFT  # function indices are never null
    at = r.pos
    n = r.u32()
    bound(n, limits.ELEMENTS, "elements", at)
    if flags & 4:
        expressions: list[ConstExpr] = []
        while n > 0:
            expressions.append(const_expr(r))
            n -= 1
        return ElementSegment(mode, table, offset, type, None, tuple(expressions))
    functions: list[int] = []
    while n > 0:
        functions.append(r.u32())
        n -= 1
    m.declared_functions.update(functions)
    return ElementSegment(mode, table, offset, type, tuple(functions), None)


# A data segment as decoded: DATA_WORDS words a row, until `Module.datas` makes objects of them.
DATA_WORDS: Final = 6
DATA_MODE: Final = 0
DATA_MEMORY: Final = 1
DATA_OFFSET: Final = 2  # where its offset expression starts ...
DATA_OFFSET_END: Final = 3  # ... and ends; both 0 for a passive segment
DATA_START: Final = 4
DATA_END: Final = 5


def data_section(r: Reader, m: Module, count: i64) -> None:
    bound(count, limits.DATA_SEGMENTS, "data segments", r.pos)
    rows = vec[i64]()
    i: i64 = 0
    while i < count:
        at = r.pos
        flags = r.u32()
        if flags > 2:
            raise MalformedError("malformed data segment kind", at)
        if flags == 1:
            r.need("bulk_memory", "a passive data segment", at)
        memory: i64 = r.u32() if flags == 2 else 0
        offset: i64 = 0
        offset_end: i64 = 0
        if flags != 1:
            offset = r.pos
            if not skip_i32_const(r):
                declare(m, const_expr(r))
            offset_end = r.pos
        size = r.u32()
        start = r.skip(size)
        rows = append(rows, PASSIVE if flags == 1 else ACTIVE)
        rows = append(rows, memory)
        rows = append(rows, offset)
        rows = append(rows, offset_end)
        rows = append(rows, start)
        rows = append(rows, start + size)
        i += 1
    m._datas = None
    m._data_rows = rows
    m._read_datas = data_segments


def data_count(m: Module) -> int:
    """How many data segments were decoded."""
    return 0 if m._data_rows is None else len(m._data_rows) // DATA_WORDS


def data_segments(m: Module) -> list[DataSegment]:
    """The objects of a module's decoded rows."""
    assert m._data_rows is not None
    rows: vec[i64] = m._data_rows
    out: list[DataSegment] = []
    r = Reader(m.data, 0, len(m.data), ALL, m.types)
    at: i64 = 0
    while at < len(rows):
        offset: ConstExpr | None = None
        if rows[at + DATA_MODE] == ACTIVE:
            r.pos = rows[at + DATA_OFFSET]
            offset = const_expr(r)
        out.append(DataSegment(rows[at + DATA_MODE], rows[at + DATA_MEMORY], offset, rows[at + DATA_START], rows[at + DATA_END]))
        at += DATA_WORDS
    return out


def plain_datas(m: Module, memories: i64) -> bool:
    """Whether all data segments, not looked at so far, are passive or stand at a constant in one of the first `memories`, 32-bit ones."""
    if m._datas is not None or m._data_rows is None:
        return False
    rows: vec[i64] = m._data_rows
    r = Reader(m.data, 0, len(m.data), ALL, m.types)
    at: i64 = 0
    while at < len(rows):
        if rows[at + DATA_MODE] == ACTIVE:
            r.pos = rows[at + DATA_OFFSET]
            if rows[at + DATA_MEMORY] >= memories or not skip_i32_const(r):
                return False
        at += DATA_WORDS
    return True
