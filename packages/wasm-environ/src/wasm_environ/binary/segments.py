"""Element and data segments (spec: binary/modules, element and data section)."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.expressions import const_expr
from wasm_environ.binary.externals import bound
from wasm_environ.binary.reader import Reader
from wasm_environ.errors import MalformedError
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


def data_section(r: Reader, m: Module, count: i64) -> None:
    bound(count, limits.DATA_SEGMENTS, "data segments", r.pos)
    i: i64 = 0
    while i < count:
        at = r.pos
        flags = r.u32()
        if flags > 2:
            raise MalformedError("malformed data segment kind", at)
        if flags == 1:
            r.need("bulk_memory", "a passive data segment", at)
        memory: int = r.u32() if flags == 2 else 0
        offset = None if flags == 1 else const_expr(r)
        size = r.u32()
        start = r.skip(size)
        m.datas.append(DataSegment(PASSIVE if flags == 1 else ACTIVE, memory, offset, start, start + size))
        i += 1
