"""Core types and types of components from bytes (Binary.md: core:type, type)."""

from __future__ import annotations

from wasm_environ import limits
from wasm_environ.binary import externals
from wasm_environ.binary.type_section import REC_CODE, SUB_CODE, sub_type
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.component.binary.cursor import (
    extern_name,
    extern_type,
    leading,
    optional_value_type,
    result_list,
    value_type,
    vector,
)
from wasm_environ.component.binary.decode_alias import alias
from wasm_environ.component.syntax import (
    PRIMITIVE_NAMES,
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
from wasm_environ.module import FUNC, GLOBAL, MEMORY, TABLE, TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasm_environ.binary.reader import Reader
    from wasm_environ.module import ExternType as CoreExternType

NESTED_SUB: Final = 0x00  # before a sub type that is not final, whose code is also that of a module type
MODULE_TYPE: Final = 0x50
RESOURCE: Final = 0x3F
FUNCTION: Final = 0x40
COMPONENT: Final = 0x41
INSTANCE: Final = 0x42
ASYNC_FUNCTION: Final = 0x43
OUTER_TYPE: Final = 0x10
OUTER: Final = 0x01

# Codes of declarations in module types, and in component and instance types.
MODULE_IMPORT, MODULE_TYPEDEF, MODULE_ALIAS, MODULE_EXPORT = range(4)
CORE_TYPE_DECL, TYPE_DECL, ALIAS_DECL, IMPORT_DECL, EXPORT_DECL = range(5)


# ---- core types


def core_type(r: Reader) -> CoreTypeDef:
    """One core type: a module type, or a rec group."""
    at = r.pos
    code = r.byte()
    if code == MODULE_TYPE:
        return CoreTypeDef(at, CoreModuleType(vector(r, module_declaration, limits.MODULE_DECLARATIONS, "module type declarations")))
    if code == NESTED_SUB:
        code = r.byte()
        if code != SUB_CODE:
            raise leading(code, "non-final sub type", r.pos - 1)
    r.pos -= 1
    return CoreTypeDef(at, rec_type(r))


def rec_type(r: Reader) -> CoreRecType:
    """A rec group, or a type that is one by itself."""
    at = r.pos
    if r.byte() == REC_CODE:
        r.need("gc", "a rec group", at)
        return CoreRecType(vector(r, sub_type, limits.REC_GROUP, "rec group size"), True)
    r.pos = at
    return CoreRecType((sub_type(r),), False)


def module_declaration(r: Reader) -> CoreImport | CoreRecType | CoreOuterType | CoreExportDecl:
    at = r.pos
    code = r.byte()
    if code == MODULE_IMPORT:
        module = r.name()
        return CoreImport(module, r.name(), *core_extern_type(r))
    if code == MODULE_TYPEDEF:
        return module_typedef(r)
    if code == MODULE_EXPORT:
        return CoreExportDecl(r.name(), *core_extern_type(r))
    if code != MODULE_ALIAS:
        raise leading(code, "type definition", at)
    code = r.byte()
    if code != OUTER_TYPE:
        raise leading(code, "outer alias kind", r.pos - 1)
    code = r.byte()
    if code != OUTER:
        raise leading(code, "outer alias target", r.pos - 1)
    return CoreOuterType(r.u32(), r.u32())


def module_typedef(r: Reader) -> CoreRecType:
    """A type in a module type. A module type may not stand here: what begins as one is read as a sub type, and is refused where it is none."""
    at = r.pos
    first = r.byte()
    r.pos = at
    try:
        return rec_type(r)
    except MalformedError as error:
        if first == MODULE_TYPE and error.offset >= 0 and error.message.startswith("malformed definition type"):
            raise InvalidError(f"invalid leading byte (0x{r.data[error.offset]:x}) for type", error.offset) from None
        raise


def core_extern_type(r: Reader) -> tuple[int, CoreExternType]:
    """Kind and type of what a module imports or exports."""
    at = r.pos
    kind = r.byte()
    if kind == FUNC:
        return (FUNC, r.u32())
    if kind == TABLE:
        return (TABLE, externals.table_type(r))
    if kind == MEMORY:
        return (MEMORY, externals.memory_type(r))
    if kind == GLOBAL:
        return (GLOBAL, externals.global_type(r))
    if kind == TAG:
        return (TAG, externals.tag_type(r))
    raise leading(kind, "external kind", at)


# ---- types


def type_definition(r: Reader) -> TypeDef:
    return TypeDef(r.pos, defined_type(r, 0))


def defined_type(r: Reader, depth: int) -> DefinedType:
    """One type; `depth` is how many component and instance types are around it."""
    at = r.pos
    code = r.byte()
    if code in (COMPONENT, INSTANCE):
        if depth >= limits.COMPONENT_NESTING:
            raise InvalidError("component type nesting is too deep", at)
        count = r.u32()
        if count > limits.COMPONENT_DECLARATIONS:
            raise InvalidError(limits.exceeded("component type declarations", count), at)
        declarations = tuple([declaration(r, code == COMPONENT, depth + 1) for _ in range(count)])
        return ComponentType(declarations) if code == COMPONENT else InstanceType(declarations)
    if code - 0x80 in PRIMITIVE_NAMES:
        return code - 0x80
    read = TYPES.get(code)
    if read is None:
        raise leading(code, "component defined type", at)
    return read(r)


def declaration(r: Reader, in_component: bool, depth: int) -> Declaration:
    """One declaration of a component or instance type."""
    at = r.pos
    code = r.byte()
    if code == TYPE_DECL:
        return TypeDef(r.pos, defined_type(r, depth))
    if code == EXPORT_DECL:
        return ExportDecl(at, extern_name(r), extern_type(r))
    if code == ALIAS_DECL:
        return alias(r)
    if code == CORE_TYPE_DECL:
        return core_type(r)
    if code == IMPORT_DECL and in_component:
        return ImportDecl(at, extern_name(r), extern_type(r))
    raise leading(code, "component or instance type declaration", at)


def resource(r: Reader) -> Resource:
    rep = r.value_type()
    at = r.pos
    has_destructor = r.byte()
    if has_destructor > 1:
        raise leading(has_destructor, "resource destructor", at)
    return Resource(rep, r.u32() if has_destructor else None)


def function(r: Reader) -> Func:
    params = vector(r, labeled, limits.PARAMS, "function parameters")
    return Func(params, result_list(r))


def async_function(r: Reader) -> Func:
    return function(r)._replace(is_async=True)


def labeled(r: Reader) -> tuple[str, int]:
    """A parameter or field."""
    label = r.name()
    return (label, value_type(r))


def case(r: Reader) -> tuple[str, int | None]:
    label = r.name()
    payload = optional_value_type(r)
    at = r.pos
    end = r.byte()
    if end:
        raise leading(end, "zero byte required", at)
    return (label, payload)


def label(r: Reader) -> str:
    return r.name()


def fixed_list(r: Reader) -> FixedList:
    element = value_type(r)
    return FixedList(element, r.u32())


def map_type(r: Reader) -> Map:
    key = value_type(r)
    return Map(key, value_type(r))


def result(r: Reader) -> Result:
    ok = optional_value_type(r)
    return Result(ok, optional_value_type(r))


TYPES: Final[dict[int, Callable[[Reader], DefinedType]]] = {
    RESOURCE: resource,
    FUNCTION: function,
    ASYNC_FUNCTION: async_function,
    0x72: lambda r: Record(vector(r, labeled, limits.RECORD_FIELDS, "record fields")),
    0x71: lambda r: Variant(vector(r, case, limits.VARIANT_CASES, "variant cases")),
    0x70: lambda r: List(value_type(r)),
    0x6F: lambda r: Tuple(vector(r, value_type, limits.TUPLE_TYPES, "tuple types")),
    0x6E: lambda r: Flags(vector(r, label, limits.FLAG_LABELS, "flag labels")),
    0x6D: lambda r: Enum(vector(r, label, limits.ENUM_CASES, "enum cases")),
    0x6B: lambda r: Option(value_type(r)),
    0x6A: result,
    0x69: lambda r: Own(r.u32()),
    0x68: lambda r: Borrow(r.u32()),
    0x67: fixed_list,
    0x66: lambda r: Stream(optional_value_type(r)),
    0x65: lambda r: Future(optional_value_type(r)),
    0x63: map_type,
}
