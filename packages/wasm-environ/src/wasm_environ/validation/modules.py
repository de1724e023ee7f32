"""Validation of all of a module but its bodies: index spaces, limits, initializers, segments, exports (spec: validation/modules)."""

from __future__ import annotations

from wasm_environ import limits
from wasm_environ.binary.segments import plain_datas
from wasm_environ.compile_errors import InvalidError, unknown
from wasm_environ.features import Features
from wasm_environ.function.context import Context
from wasm_environ.module import ACTIVE, FUNC, GLOBAL, KIND_NAMES, MEMORY, TABLE, Module
from wasm_environ.types import CONCRETE, HEAP_SHIFT, I32, Limits, MemoryType, TableType, value_type_name
from wasm_environ.types import FUNC as FUNC_HEAP
from wasm_environ.validation.constants import ConstValidator
from wasm_environ.validation.types import check_types


def checked_context(module: Module, features: Features) -> Context:
    """Check everything outside of bodies; returns the context that validating them needs."""
    context = Context(module, features)
    try:
        check_all(context)
    except InvalidError as error:
        error.item = (context.checking, int(context.item))
        raise
    return context


def check_all(context: Context) -> None:
    check_types(context)
    check_functions(context)
    check_tables(context)
    check_memories(context)
    check_tags(context)
    constants = ConstValidator(context)
    check_globals(context, constants)
    check_table_initializers(context, constants)
    constants.globals = len(context.globals)
    check_elements(context, constants)
    check_datas(context, constants)
    check_start(context)
    check_exports(context)
    check_declared(context)


def check_value_type(context: Context, t: int, what: str) -> None:
    if t & CONCRETE and t >> HEAP_SHIFT >= context.type_count:
        raise InvalidError(unknown("type", t >> HEAP_SHIFT, context.type_count, f"in {what}"))


def check_function_type(context: Context, index: int, what: str) -> None:
    if index >= context.type_count:
        raise InvalidError(unknown("type", index, context.type_count, f"of {what}"))
    if context.kind[index] != FUNC_HEAP:
        raise InvalidError(f"type mismatch: type {index} of {what} is not a function type")


def check_functions(context: Context) -> None:
    for i, index in enumerate(context.module.functions):
        context.checking, context.item = "func", i
        check_function_type(context, index, f"function {i}")


def check_limits(size: Limits, most: int, message: str) -> None:
    if size.min > most or (size.max is not None and size.max > most):
        raise InvalidError(message)
    if size.max is not None and size.min > size.max:
        raise InvalidError(f"size minimum must not be greater than maximum: {size.min}, {size.max}")


def check_tables(context: Context) -> None:
    module = context.module
    context.checking, context.item = "table", 1
    if len(module.tables) > 1 and "reference_types" not in context.features:
        raise InvalidError("multiple tables: reference_types support is not enabled")
    for i, table in enumerate(module.tables):
        context.checking, context.item = "table", i
        check_table_type(context, table.type, f"table {i}")


def check_table_type(context: Context, type: TableType, what: str) -> None:
    most = limits.TABLE64_ELEMENTS if type.limits.is64 else limits.TABLE32_ELEMENTS
    check_limits(type.limits, most, f"table size must be at most {most} elements: {what}")
    check_value_type(context, type.element, what)


def check_memories(context: Context) -> None:
    memories = context.module.memories
    context.checking, context.item = "memory", 1
    if len(memories) > 1 and "multi_memory" not in context.features:
        raise InvalidError("multiple memories: multi_memory support is not enabled")
    for i, type in enumerate(memories):
        context.checking, context.item = "memory", i
        check_memory_type(type)


def check_memory_type(type: MemoryType) -> None:
    size = type.limits
    if type.page_size_log2 not in (0, 16):
        raise InvalidError(f"invalid custom page size: {1 << type.page_size_log2}, only 1 and 65536 are allowed")
    if type.page_size_log2 == 16:
        most = limits.MEMORY64_PAGES if size.is64 else limits.MEMORY32_PAGES
        bytes_ = "16 EiB" if size.is64 else "4GiB"
        check_limits(size, most, f"memory size must be at most {most} pages ({bytes_})")
    else:
        most = (1 << 64 if size.is64 else 1 << 32) - 1
        check_limits(size, most, f"memory size must be at most {most} pages of one byte")
    if size.shared and size.max is None:
        raise InvalidError("shared memory must have maximum")


def check_tags(context: Context) -> None:
    for i, tag in enumerate(context.module.tags):
        context.checking, context.item = "tag", i
        check_function_type(context, tag.type_index, f"tag {i}")
        if context.results[tag.type_index] and "stack_switching" not in context.features:
            raise InvalidError(f"non-empty tag result type: tag {i}")


def check_globals(context: Context, constants: ConstValidator) -> None:
    """An initializer may read the globals before it: imported ones, with gc also defined ones."""
    for i, item in enumerate(context.module.globals):
        context.checking, context.item = "global", i
        check_value_type(context, item.type.type, f"global {i}")
        if item.init is not None:
            if "gc" in context.features:
                constants.globals = i
            constants.check(item.init, item.type.type)


def check_table_initializers(context: Context, constants: ConstValidator) -> None:
    constants.globals = context.imported_globals
    for i, table in enumerate(context.module.tables):
        context.checking, context.item = "table", i
        if table.init is not None:
            constants.check(table.init, table.type.element)
        elif i >= context.module.imported_tables and not context.defaultable(table.type.element):
            raise InvalidError(f"type mismatch: table {i} of {value_type_name(table.type.element)} needs an initializer")


def check_elements(context: Context, constants: ConstValidator) -> None:
    for i, segment in enumerate(context.module.elements):
        context.checking, context.item = "elem", i
        check_value_type(context, segment.type, f"elem segment {i}")
        for expression in segment.expressions or ():
            constants.check(expression, segment.type)
        if segment.mode == ACTIVE:
            if segment.table >= len(context.tables):
                raise InvalidError(unknown("table", segment.table, len(context.tables), f"of elem segment {i}"))
            element = context.tables[segment.table]
            if not context.matches(segment.type, element):
                got = value_type_name(segment.type)
                raise InvalidError(f"type mismatch: elem segment {i} holds {got}, its table {value_type_name(element)}")
            assert segment.offset is not None
            constants.check(segment.offset, context.table_address[segment.table])


def check_datas(context: Context, constants: ConstValidator) -> None:
    if plain_datas(context.module, 1 if context.memories and context.memories[0] == I32 else 0):
        return
    for i, segment in enumerate(context.module.datas):
        context.checking, context.item = "data", i
        if segment.mode == ACTIVE:
            if segment.memory >= len(context.memories):
                raise InvalidError(unknown("memory", segment.memory, len(context.memories), f"of data segment {i}"))
            assert segment.offset is not None
            constants.check(segment.offset, context.memories[segment.memory])


def check_start(context: Context) -> None:
    start = context.module.start
    if start < 0:
        return
    context.checking, context.item = "start", 0
    if start >= len(context.functions):
        raise InvalidError(unknown("function", start, len(context.functions), "as start function"))
    type = context.functions[start]
    if context.count[type] or context.results[type]:
        raise InvalidError(f"start function {start} must have no parameters and no results")


def check_exports(context: Context) -> None:
    module = context.module
    spaces = {
        FUNC: len(module.functions), TABLE: len(module.tables), MEMORY: len(module.memories), GLOBAL: len(module.globals)
    }  # fmt: skip
    names: set[str] = set()
    for i, export in enumerate(module.exports):
        context.checking, context.item = "export", i
        count = spaces.get(export.kind, len(module.tags))
        if export.index >= count:
            kind = "function" if export.kind == FUNC else KIND_NAMES[export.kind]
            raise InvalidError(unknown(kind, export.index, count, f"exported as {export.name!r}"))
        if export.name in names:
            raise InvalidError(f"duplicate export name {export.name!r}")
        names.add(export.name)
        if export.kind == GLOBAL and module.globals[export.index].type.mutable and "mutable_global" not in context.features:
            raise InvalidError(f"mutable_global support is not enabled: the export of mutable global {export.name!r}")


def check_declared(context: Context) -> None:
    """What else names functions: lists of indices in element segments."""
    for i in context.module.declared_functions:
        if i >= len(context.functions):
            for at, segment in enumerate(context.module.elements):
                if i in (segment.functions or ()):
                    context.checking, context.item = "elem", at
            raise InvalidError(unknown("function", i, len(context.functions)))
