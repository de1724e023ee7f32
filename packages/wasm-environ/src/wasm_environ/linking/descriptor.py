"""A module's descriptor as plain tuples, so that `marshal` can store it in an artifact, and back.

What is left out is what only a compiler needs: instruction bytes, custom sections. Data segments, of which there may be 100,000, become rows of
machine words that the runtime takes as they are: mode, memory, first op and number of ops of the offset, start and end in one joined block; and their
ops, (op, a, b).
"""

from __future__ import annotations

from wasm_environ import composites, types
from wasm_environ.module import (
    ConstExpr,
    ElementSegment,
    Export,
    ExternType,
    Global,
    Import,
    Module,
    Table,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WORD, SIGN = (1 << 64) - 1, 1 << 63


def _limits(limits: types.Limits) -> tuple[Any, ...]:
    return (limits.min, limits.max, limits.is64, limits.shared)


def _extern_plain(t: ExternType) -> Any:
    if isinstance(t, int):
        return t
    if isinstance(t, types.TableType):
        return ("t", t.element, _limits(t.limits))
    if isinstance(t, types.MemoryType):
        return ("m", _limits(t.limits), t.page_size_log2)
    if isinstance(t, types.GlobalType):
        return ("g", t.type, t.mutable)
    return ("e", t.type_index)


def _extern_back(plain: Any) -> Any:
    if isinstance(plain, int):
        return plain
    kind = plain[0]
    if kind == "t":
        return types.TableType(plain[1], types.Limits(*plain[2]))
    if kind == "m":
        return types.MemoryType(types.Limits(*plain[1]), plain[2])
    if kind == "g":
        return types.GlobalType(plain[1], plain[2])
    return types.TagType(plain[1])


def _expr(e: ConstExpr | None) -> Any:
    return None if e is None else (e.code, e.ops)


def _expr_back(plain: Any) -> ConstExpr | None:
    return None if plain is None else ConstExpr(plain[0], plain[1])


def _element_plain(e: ElementSegment) -> tuple[Any, ...]:
    expressions = None if e.expressions is None else tuple(_expr(x) for x in e.expressions)
    return (e.mode, e.table, _expr(e.offset), e.type, e.functions, expressions)


def _element_back(p: tuple[Any, ...]) -> ElementSegment:
    expressions = None if p[5] is None else tuple(ConstExpr(x[0], x[1]) for x in p[5])
    return ElementSegment(p[0], p[1], _expr_back(p[2]), p[3], p[4], expressions)


def to_plain(m: Module, big: bool = False) -> tuple[tuple[Any, ...], bytes]:
    """(descriptor as plain data, all data segments joined). `big`: for a big-endian target."""
    from array import array

    from wasm_environ.linking.byte_order import words

    at = 0
    rows, ops = array("q"), array("q")
    for d in m.datas:
        expression = () if d.offset is None else d.offset.ops
        rows.extend((d.mode, d.memory, len(ops) // 3, len(expression), at, at + d.end - d.start))
        for row in expression:
            ops.extend([(word & WORD) - ((word & SIGN) << 1) for word in row])
        at += d.end - d.start
    plain = (
        tuple(composites.plain_of(t) for t in m.types),
        tuple((i.module, i.name, i.kind, _extern_plain(i.type), i.index) for i in m.imports),
        tuple((e.name, e.kind, e.index) for e in m.exports),
        tuple(m.functions),
        tuple((_extern_plain(t.type), _expr(t.init)) for t in m.tables),
        tuple(_extern_plain(t) for t in m.memories),
        tuple((_extern_plain(g.type), _expr(g.init)) for g in m.globals),
        tuple(_extern_plain(t) for t in m.tags),
        (m.imported_functions, m.imported_tables, m.imported_memories, m.imported_globals, m.imported_tags),
        m.start,
        tuple(_element_plain(e) for e in m.elements),
        (words(rows, big), words(ops, big)),
        tuple(sorted(m.escaping_functions)),
        tuple(sorted(m.exact_imports)),
    )
    return plain, b"".join(m.data[d.start : d.end] for d in m.datas)


def from_plain(plain: tuple[Any, ...], data: bytes) -> Module:
    """The module descriptor again, without data segments, whose rows are in the plain form; `data`, joined, is the new `Module.data`."""
    m = Module(data)
    m.types = [composites.from_plain(t) for t in plain[0]]
    m.imports = [Import(a, b, kind, _extern_back(t), index) for a, b, kind, t, index in plain[1]]
    m.exports = [Export(*e) for e in plain[2]]
    m.functions = list(plain[3])
    m.tables = [Table(_extern_back(t), _expr_back(init)) for t, init in plain[4]]
    m.memories = [_extern_back(t) for t in plain[5]]
    m.globals = [Global(_extern_back(t), _expr_back(init)) for t, init in plain[6]]
    m.tags = [_extern_back(t) for t in plain[7]]
    (m.imported_functions, m.imported_tables, m.imported_memories, m.imported_globals, m.imported_tags) = plain[8]
    m.start = plain[9]
    m.elements = [_element_back(e) for e in plain[10]]
    m.escaping_functions = set(plain[12])
    m.exact_imports = set(plain[13])
    return m
