"""Rules of tables (spec: validation/instructions, table)."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_environ.function.state import State
from wasm_environ.op import TABLE_COPY, TABLE_FILL, TABLE_GET, TABLE_GROW, TABLE_INIT, TABLE_SET, TABLE_SIZE
from wasm_environ.types import I32, I64, value_type_name


def table_index(s: State) -> i64:
    i = s.r.u32()
    if i >= len(s.context.tables):
        raise s.unknown("table", i, len(s.context.tables))
    return i


def element_index(s: State) -> i64:
    return check_element(s, s.r.u32())


def check_element(s: State, i: i64) -> i64:
    """An element segment's index."""
    if i >= len(s.context.elements):
        raise s.unknown("elem segment", i, len(s.context.elements))
    return i


def table(s: State, op: i64) -> None:
    """All of them; a = table or, for elem.drop, segment; b = element segment or source table."""
    context = s.context
    a: i64
    b: i64 = 0
    if op == TABLE_GET:
        a = table_index(s)
        s.pop_t(context.table_address[a])
        s.push(context.tables[a])
    elif op == TABLE_SET:
        a = table_index(s)
        s.pop_t(context.tables[a])
        s.pop_t(context.table_address[a])
    elif op == TABLE_SIZE:
        a = table_index(s)
        s.push(context.table_address[a])
    elif op == TABLE_GROW:
        a = table_index(s)
        s.pop_t(context.table_address[a])
        s.pop_t(context.tables[a])
        s.push(context.table_address[a])
    elif op == TABLE_FILL:
        a = table_index(s)
        s.pop_t(context.table_address[a])
        s.pop_t(context.tables[a])
        s.pop_t(context.table_address[a])
    elif op == TABLE_COPY:
        a = table_index(s)
        b = table_index(s)
        copies(s, context.tables[b], context.tables[a])
        both64 = context.table_address[a] == I64 and context.table_address[b] == I64
        s.pop_t(I64 if both64 else I32)
        s.pop_t(context.table_address[b])
        s.pop_t(context.table_address[a])
    elif op == TABLE_INIT:
        b = s.r.u32()
        a = table_index(s)
        check_element(s, b)
        copies(s, context.elements[b], context.tables[a])
        s.pop_t(I32)
        s.pop_t(I32)
        s.pop_t(context.table_address[a])
    else:
        a = element_index(s)
    if s.live:
        s.emit(op, a, b, 0)


def copies(s: State, source: i64, target: i64) -> None:
    """Elements of type source go to a table of type target."""
    if not s.context.matches(source, target):
        raise s.fail(f"type mismatch: {value_type_name(source)} elements into a table of {value_type_name(target)}")
