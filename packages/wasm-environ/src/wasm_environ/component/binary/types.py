"""Types of components in binary (Binary.md: Type Definitions)."""

from __future__ import annotations

from typing import Final

from wasm_environ.binary import externals
from wasm_environ.binary.type_section import REC_CODE, SUB_CODE, sub_type
from wasm_environ.compile_errors import MalformedError
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.cursor import Cursor
from wasm_environ.module import FUNC, GLOBAL, MEMORY, TABLE, TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_environ.module import ExternType as CoreExternType

MODULE_TYPE: Final = 0x50

# ---- core types


def core_type(c: Cursor) -> s.CoreRecType | s.CoreModuleType:
    """A core type as a definition: 0x50 alone begins a module type, behind 0x00 a type that is not final."""
    if c.peek() == MODULE_TYPE:
        at = c.pos
        c.byte()
        c.deeper(at)
        found = s.CoreModuleType(c.vector(lambda: _module_declaration(c)))
        c.depth -= 1
        return found
    if c.peek() == 0:
        at = c.pos
        c.byte()
        if c.peek() != SUB_CODE:
            raise c.wrong(c.peek(), "core type", at + 1)
    return rec_type(c)


def rec_type(c: Cursor) -> s.CoreRecType:
    if c.peek() != REC_CODE:
        return s.CoreRecType((sub_type(c.r),), False)
    c.r.need("gc", "a rec group", c.pos)
    c.byte()
    return s.CoreRecType(c.vector(lambda: sub_type(c.r)), True)


def _module_declaration(c: Cursor) -> s.CoreImport | s.CoreRecType | s.CoreOuterType | s.CoreExportDecl:
    at = c.pos
    kind = c.byte()
    if kind == 0:
        module, name = c.name(), c.name()
        return s.CoreImport(module, name, *_core_extern(c))
    if kind == 1:
        if c.peek() == MODULE_TYPE:
            raise MalformedError("a module type is defined inside of a module type", c.pos)
        found = core_type(c)
        assert isinstance(found, s.CoreRecType)
        return found
    if kind == 2:
        if (sort := c.byte()) != s.CORE_TYPE or (how := c.byte()) != 1:
            raise c.wrong(sort if sort != s.CORE_TYPE else how, "outer alias of a module type", at + 1)
        return s.CoreOuterType(c.u32(), c.u32())
    if kind == 3:
        return s.CoreExportDecl(c.name(), *_core_extern(c))
    raise c.wrong(kind, "type definition", at)


def _core_extern(c: Cursor) -> tuple[int, CoreExternType]:
    at = c.pos
    kind = c.byte()
    if kind == FUNC:
        return kind, c.u32()
    readers: dict[int, Callable[..., CoreExternType]] = {
        TABLE: externals.table_type, MEMORY: externals.memory_type, GLOBAL: externals.global_type, TAG: externals.tag_type,
    }  # fmt: skip
    if kind not in readers:
        raise c.wrong(kind, "external kind", at)
    return kind, readers[kind](c.r)


# ---- types


def _label(c: Cursor) -> str:
    return c.name()


def _labelled(c: Cursor) -> tuple[str, int]:
    return c.name(), c.valtype()


def _case(c: Cursor) -> tuple[str, int | None]:
    label, type = c.name(), c.optional(c.valtype, "optional type of a case")
    at = c.pos
    zero = c.byte()
    if zero:
        raise MalformedError(f"zero byte expected: a case ends with 0x{zero:x}", at)
    return label, type


def _optional(c: Cursor) -> int | None:
    return c.optional(c.valtype, "optional component value type")


def _result(c: Cursor) -> int | None:
    """A function's result list."""
    at = c.pos
    kind = c.byte()
    if kind == 0:
        return c.valtype()
    if kind != 1 or c.byte() != 0:
        raise c.wrong(kind, "component function results", at)
    return None


def result_list(c: Cursor) -> int:
    """The same as an operand."""
    found = _result(c)
    return s.NO_RESULT if found is None else found


def _function(c: Cursor, is_async: bool) -> s.Func:
    return s.Func(c.vector(lambda: _labelled(c)), _result(c), is_async)


def _resource(c: Cursor) -> s.Resource:
    return s.Resource(int(c.r.value_type()), c.optional(c.u32, "optional destructor"))


def _declared(c: Cursor, make: Callable[[Any], Any], imports: bool) -> Any:
    at = c.pos
    c.deeper(at)
    found = make(c.vector(lambda: _declaration(c, imports)))
    c.depth -= 1
    return found


# By code: what reads the rest.
TYPES: Final[dict[int, Callable[[Cursor], s.DefinedType]]] = {
    0x72: lambda c: s.Record(c.vector(lambda: _labelled(c))),
    0x71: lambda c: s.Variant(c.vector(lambda: _case(c))),
    0x70: lambda c: s.List(c.valtype()),
    0x67: lambda c: s.FixedList(c.valtype(), c.u32()),
    0x6F: lambda c: s.Tuple(c.vector(c.valtype)),
    0x6E: lambda c: s.Flags(c.vector(lambda: _label(c))),
    0x6D: lambda c: s.Enum(c.vector(lambda: _label(c))),
    0x6B: lambda c: s.Option(c.valtype()),
    0x6A: lambda c: s.Result(_optional(c), _optional(c)),
    0x69: lambda c: s.Own(c.u32()),
    0x68: lambda c: s.Borrow(c.u32()),
    0x66: lambda c: s.Stream(_optional(c)),
    0x65: lambda c: s.Future(_optional(c)),
    0x63: lambda c: s.Map(c.valtype(), c.valtype()),
    0x40: lambda c: _function(c, False),
    0x43: lambda c: _function(c, True),
    0x3F: _resource,
    0x41: lambda c: s.ComponentType(_declared(c, tuple, True)),
    0x42: lambda c: s.InstanceType(_declared(c, tuple, False)),
}


def defined_type(c: Cursor) -> s.DefinedType:
    """A type as a definition."""
    at = c.pos
    code = c.byte()
    reader = TYPES.get(code)
    if reader is not None:
        return reader(c)
    primitive = code - 0x80
    if primitive not in s.PRIMITIVE_NAMES:
        raise c.wrong(code, "component defined type", at)
    return primitive


def _declaration(c: Cursor, imports: bool) -> s.Declaration:
    at = c.pos
    kind = c.byte()
    if kind == 0:
        return s.CoreTypeDef(at, core_type(c))
    if kind == 1:
        return s.TypeDef(at, defined_type(c))
    if kind == 2:
        return alias(c)
    if kind == 3 and imports:
        return s.ImportDecl(at, c.extern_name(), extern_type(c))
    if kind == 4:
        return s.ExportDecl(at, c.extern_name(), extern_type(c))
    raise c.wrong(kind, f"{'component' if imports else 'instance'} type declaration", at)


def extern_type(c: Cursor) -> s.ExternType:
    """What an import or export is."""
    at = c.pos
    kind = c.byte()
    if kind == 0:
        sort = c.byte()
        if sort != s.CORE_MODULE:
            raise c.wrong(sort, "component external type", at + 1)
        return s.ExternType(s.CORE_MODULE, c.u32())
    if kind > s.INSTANCE - s.COMPONENT_SORT:
        raise c.wrong(kind, "component external kind", at)
    sort = kind + s.COMPONENT_SORT
    if sort not in (s.TYPE, s.VALUE):
        return s.ExternType(sort, c.u32())
    at = c.pos
    bound = c.byte()
    if bound == s.EQ:
        return s.ExternType(sort, c.u32(), bound)
    if bound != s.SUB_RESOURCE:
        raise c.wrong(bound, "type bound" if sort == s.TYPE else "value bound", at)
    return s.ExternType(sort, -1 if sort == s.TYPE else c.valtype(), bound)


def alias(c: Cursor) -> s.AliasExport | s.AliasOuter:
    at = c.pos
    sort = c.sort()
    where = c.pos
    kind = c.byte()
    if kind == 2:
        return s.AliasOuter(at, sort, c.u32(), c.u32())
    if kind > 2:
        raise c.wrong(kind, "alias", where)
    return s.AliasExport(at, sort, c.u32(), c.name(), kind == 1)
