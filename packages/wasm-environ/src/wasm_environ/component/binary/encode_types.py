"""Types, names with attributes, sorts and external types to bytes: the inverse of `cursor` and `decode_types` (Binary.md: core:type, type)."""

from __future__ import annotations

from wasm_environ.binary import encode as core
from wasm_environ.binary.type_section import REC_CODE, SUB_CODE
from wasm_environ.binary.writer import name, signed, unsigned, vector
from wasm_environ.binary.writer import value_type as core_value_type
from wasm_environ.component.binary import cursor, decode_alias
from wasm_environ.component.binary import decode_types as code
from wasm_environ.component.syntax import (
    COMPONENT_SORT,
    EQ,
    VALUE,
    AliasExport,
    AliasOuter,
    Borrow,
    ComponentType,
    CoreExportDecl,
    CoreImport,
    CoreModuleType,
    CoreOuterType,
    CoreRecType,
    CoreTypeDef,
    Declaration,
    DefinedType,
    Enum,
    ExportDecl,
    ExternName,
    ExternType,
    FixedList,
    Flags,
    Func,
    Future,
    ImportDecl,
    InstanceType,
    List,
    Map,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Stream,
    Tuple,
    TypeDef,
    Variant,
)
from wasm_environ.types import GlobalType, MemoryType, TableType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.module import ExternType as CoreExternType


# ---- parts


def value_type(t: int) -> bytes:
    """A value type: a primitive type is one byte, as is a type index below 64."""
    return signed(t)


def optional(t: int | None) -> bytes:
    """A value type that may be missing."""
    return b"\0" if t is None else b"\1" + value_type(t)


def result_list(t: int | None) -> bytes:
    return b"\1\0" if t is None else b"\0" + value_type(t)


def sort(of: int) -> bytes:
    return bytes((of - COMPONENT_SORT,)) if of & COMPONENT_SORT else bytes((cursor.CORE_SORT, of))


def extern_name(n: ExternName) -> bytes:
    attributes = [bytes((i,)) + name(text) for i, text in enumerate(n[1:]) if text is not None]
    if attributes:
        return bytes((cursor.NAME_WITH_ATTRIBUTES,)) + name(n.name) + vector(attributes)
    return b"\0" + name(n.name)


def extern_type(t: ExternType) -> bytes:
    if t.sort not in cursor.BOUNDED:
        return sort(t.sort) + unsigned(t.item)
    if t.bound == EQ:
        return sort(t.sort) + bytes((EQ,)) + unsigned(t.item)
    return sort(t.sort) + bytes((t.bound,)) + (value_type(t.item) if t.sort == VALUE else b"")


def alias(a: AliasExport | AliasOuter) -> bytes:
    if isinstance(a, AliasOuter):
        return sort(a.sort) + bytes((decode_alias.OUTER,)) + unsigned(a.depth) + unsigned(a.item)
    target = decode_alias.CORE_EXPORT if a.core else decode_alias.EXPORT
    return sort(a.sort) + bytes((target,)) + unsigned(a.instance) + name(a.name)


# ---- core types


def core_type(t: CoreRecType | CoreModuleType) -> bytes:
    """A core type that is a definition or a declaration of a component."""
    if isinstance(t, CoreModuleType):
        return bytes((code.MODULE_TYPE,)) + vector([module_declaration(d) for d in t.declarations])
    data = rec_type(t)
    return bytes((code.NESTED_SUB,)) + data if data[0] == SUB_CODE else data


def rec_type(t: CoreRecType) -> bytes:
    members = [core.sub_type(sub, int) for sub in t.types]
    return bytes((REC_CODE,)) + vector(members) if t.is_group else members[0]


def module_declaration(d: CoreImport | CoreRecType | CoreOuterType | CoreExportDecl) -> bytes:
    if isinstance(d, CoreImport):
        return bytes((code.MODULE_IMPORT,)) + name(d.module) + name(d.name) + core_extern_type(d.kind, d.type)
    if isinstance(d, CoreRecType):
        return bytes((code.MODULE_TYPEDEF,)) + rec_type(d)
    if isinstance(d, CoreOuterType):
        return bytes((code.MODULE_ALIAS, code.OUTER_TYPE, code.OUTER)) + unsigned(d.depth) + unsigned(d.item)
    return bytes((code.MODULE_EXPORT,)) + name(d.name) + core_extern_type(d.kind, d.type)


def core_extern_type(kind: int, t: CoreExternType) -> bytes:
    if isinstance(t, int):
        described = unsigned(t)
    elif isinstance(t, TableType):
        described = core.table_type(t)
    elif isinstance(t, MemoryType):
        described = core.memory_type(t)
    elif isinstance(t, GlobalType):
        described = core.global_type(t)
    else:
        described = core.tag_type(t)
    return bytes((kind,)) + described


# ---- types


def labeled(pairs: tuple[tuple[str, int], ...]) -> bytes:
    return vector([name(label) + value_type(t) for label, t in pairs])


def labels(texts: tuple[str, ...]) -> bytes:
    return vector([name(text) for text in texts])


def defined_type(t: DefinedType) -> bytes:
    match t:
        case int():
            return value_type(t)
        case Record(fields):
            return b"\x72" + labeled(fields)
        case Variant(cases):
            return b"\x71" + vector([name(label) + optional(payload) + b"\0" for label, payload in cases])
        case FixedList(element, length):
            return b"\x67" + value_type(element) + unsigned(length)
        case Map(key, value):
            return b"\x63" + value_type(key) + value_type(value)
        case Tuple(types):
            return b"\x6f" + vector([value_type(each) for each in types])
        case Flags(texts):
            return b"\x6e" + labels(texts)
        case Enum(texts):
            return b"\x6d" + labels(texts)
        case List(inner):
            return b"\x70" + value_type(inner)
        case Option(inner):
            return b"\x6b" + value_type(inner)
        case Result(ok, error):
            return b"\x6a" + optional(ok) + optional(error)
        case Own(resource):
            return b"\x69" + unsigned(resource)
        case Borrow(resource):
            return b"\x68" + unsigned(resource)
        case Stream(element):
            return b"\x66" + optional(element)
        case Future(element):
            return b"\x65" + optional(element)
    return other_type(t)


def other_type(t: Func | Resource | ComponentType | InstanceType) -> bytes:
    """The types that are no value types."""
    if isinstance(t, Func):
        return bytes((code.ASYNC_FUNCTION if t.is_async else code.FUNCTION,)) + labeled(t.params) + result_list(t.result)
    if isinstance(t, Resource):
        destructor = b"\0" if t.destructor is None else b"\1" + unsigned(t.destructor)
        return bytes((code.RESOURCE,)) + core_value_type(t.rep) + destructor
    which = code.COMPONENT if isinstance(t, ComponentType) else code.INSTANCE
    return bytes((which,)) + vector([declaration(d) for d in t.declarations])


def declaration(d: Declaration) -> bytes:
    if isinstance(d, CoreTypeDef):
        return bytes((code.CORE_TYPE_DECL,)) + core_type(d.type)
    if isinstance(d, TypeDef):
        return bytes((code.TYPE_DECL,)) + defined_type(d.type)
    if isinstance(d, AliasExport | AliasOuter):
        return bytes((code.ALIAS_DECL,)) + alias(d)
    if isinstance(d, ImportDecl):
        return bytes((code.IMPORT_DECL,)) + extern_name(d.name) + extern_type(d.type)
    assert isinstance(d, ExportDecl)
    return bytes((code.EXPORT_DECL,)) + extern_name(d.name) + extern_type(d.type)
