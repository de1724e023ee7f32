"""What a component's binary says, definition by definition, in its order: plain data without meaning.

Decoder, encoder, text parser, printer, validation and plan meet here. Indices are as written, each into the index space of its sort as it
stands at that definition. Nothing here is validated by construction. `offset` is the byte offset of a definition in the outermost
component's bytes, -1 where it came from no binary.

    sort       CORE_FUNC ... CORE_INSTANCE, FUNC ... INSTANCE: the binary's codes, those of components with COMPONENT_SORT added
    valtype    an int: the type index, or a primitive type as the negative number that the binary writes (BOOL = -1 ... STRING = -13)
"""

from __future__ import annotations

from typing import Final, NamedTuple

from wasm_environ.composites import SubType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.module import ExternType as CoreExternType

# Sorts (Binary.md: core:sort, sort).
CORE_FUNC: Final = 0x00
CORE_TABLE: Final = 0x01
CORE_MEMORY: Final = 0x02
CORE_GLOBAL: Final = 0x03
CORE_TAG: Final = 0x04
CORE_TYPE: Final = 0x10
CORE_MODULE: Final = 0x11
CORE_INSTANCE: Final = 0x12
COMPONENT_SORT: Final = 0x100
FUNC: Final = 0x101
VALUE: Final = 0x102
TYPE: Final = 0x103
COMPONENT: Final = 0x104
INSTANCE: Final = 0x105
SORT_NAMES: Final = {
    CORE_FUNC: "core func", CORE_TABLE: "core table", CORE_MEMORY: "core memory", CORE_GLOBAL: "core global", CORE_TAG: "core tag",
    CORE_TYPE: "core type", CORE_MODULE: "core module", CORE_INSTANCE: "core instance", FUNC: "func", VALUE: "value", TYPE: "type",
    COMPONENT: "component", INSTANCE: "instance",
}  # fmt: skip

# Primitive value types (Binary.md: primvaltype), as s33.
BOOL: Final = -0x01
S8: Final = -0x02
U8: Final = -0x03
S16: Final = -0x04
U16: Final = -0x05
S32: Final = -0x06
U32: Final = -0x07
S64: Final = -0x08
U64: Final = -0x09
F32: Final = -0x0A
F64: Final = -0x0B
CHAR: Final = -0x0C
STRING: Final = -0x0D
ERROR_CONTEXT: Final = -0x1C
PRIMITIVE_NAMES: Final = {
    BOOL: "bool", S8: "s8", U8: "u8", S16: "s16", U16: "u16", S32: "s32", U32: "u32", S64: "s64", U64: "u64", F32: "f32", F64: "f64",
    CHAR: "char", STRING: "string", ERROR_CONTEXT: "error-context",
}  # fmt: skip

# Bounds of an imported or exported type or value (Binary.md: typebound, valuebound).
EQ: Final = 0
SUB_RESOURCE: Final = 1  # of a type: a fresh resource type; of a value: any value of the type
OF_TYPE: Final = 1


class ExternName(NamedTuple):
    """The name of an import or export with its attributes ("" or None: not there)."""

    name: str
    implements: str | None = None
    version_suffix: str | None = None
    external_id: str | None = None


class ExternType(NamedTuple):
    """What an import or export is: `item` is the type's index; for types and values as `bound` says (EQ: that of a type or value)."""

    sort: int  # CORE_MODULE, FUNC, VALUE, TYPE, COMPONENT, INSTANCE
    item: int  # for a value with OF_TYPE: its valtype; for (sub resource): -1
    bound: int = EQ


# ---- core types (Binary.md: core:type)


class CoreRecType(NamedTuple):
    """A rec group of core types, one after another in the core type index space; concrete references in them are indices of that space."""

    types: tuple[SubType, ...]
    is_group: bool  # written with `rec`, also around a single type


class CoreImport(NamedTuple):
    """module.name: a `kind` (`wasm_environ.module`) of a core external type; for functions and tags the type's index."""

    module: str
    name: str
    kind: int
    type: CoreExternType


class CoreExportDecl(NamedTuple):
    """A module type's export."""

    name: str
    kind: int
    type: CoreExternType


class CoreOuterType(NamedTuple):
    """(alias outer depth item (type)) in a module type."""

    depth: int
    item: int


class CoreModuleType(NamedTuple):
    """(module decl*)."""

    declarations: tuple[CoreImport | CoreRecType | CoreOuterType | CoreExportDecl, ...]


# ---- types (Binary.md: deftype). A primitive type that is given an index is its int.


class Record(NamedTuple):
    fields: tuple[tuple[str, int], ...]


class Variant(NamedTuple):
    cases: tuple[tuple[str, int | None], ...]


class List(NamedTuple):
    element: int


class FixedList(NamedTuple):
    element: int
    length: int


class Map(NamedTuple):
    key: int
    value: int


class Tuple(NamedTuple):
    types: tuple[int, ...]


class Flags(NamedTuple):
    labels: tuple[str, ...]


class Enum(NamedTuple):
    labels: tuple[str, ...]


class Option(NamedTuple):
    type: int


class Result(NamedTuple):
    ok: int | None
    error: int | None


class Own(NamedTuple):
    resource: int


class Borrow(NamedTuple):
    resource: int


class Stream(NamedTuple):
    element: int | None


class Future(NamedTuple):
    element: int | None


class Func(NamedTuple):
    params: tuple[tuple[str, int], ...]
    result: int | None
    is_async: bool = False


class Resource(NamedTuple):
    """(resource (rep r) (dtor f)): `rep` a core value type, `destructor` a core function index or None."""

    rep: int
    destructor: int | None


class ImportDecl(NamedTuple):
    offset: int
    name: ExternName
    type: ExternType


class ExportDecl(NamedTuple):
    offset: int
    name: ExternName
    type: ExternType


class ComponentType(NamedTuple):
    """(component decl*): CoreTypeDef, TypeDef, the aliases, ImportDecl and ExportDecl."""

    declarations: tuple[Declaration, ...]


class InstanceType(NamedTuple):
    """(instance decl*): as a component type, without imports."""

    declarations: tuple[Declaration, ...]


DefinedType = (
    int | Record | Variant | List | FixedList | Map | Tuple | Flags | Enum | Option | Result | Own | Borrow | Stream | Future
    | Func | Resource | ComponentType | InstanceType
)  # fmt: skip


# ---- definitions


class CoreModule(NamedTuple):
    """A core module: `data` is its binary, which stands at `offset`."""

    offset: int
    data: bytes


class CoreInstantiate(NamedTuple):
    """(core instance (instantiate module (with name (instance index))*))."""

    offset: int
    module: int
    args: tuple[tuple[str, int], ...]


class CoreExports(NamedTuple):
    """(core instance (export name (sort index))*): (name, sort, index)."""

    offset: int
    exports: tuple[tuple[str, int, int], ...]


class CoreTypeDef(NamedTuple):
    offset: int
    type: CoreRecType | CoreModuleType


class SubComponent(NamedTuple):
    offset: int
    component: Component


class Instantiate(NamedTuple):
    """(instance (instantiate component (with name (sort index))*)): args are (name, sort, index)."""

    offset: int
    component: int
    args: tuple[tuple[str, int, int], ...]


class Exports(NamedTuple):
    """(instance (export name (sort index))*)."""

    offset: int
    exports: tuple[tuple[ExternName, int, int], ...]


class AliasExport(NamedTuple):
    """(alias export instance name (sort)): of a core instance when the sort is a core one other than CORE_MODULE and `core`."""

    offset: int
    sort: int
    instance: int
    name: str
    core: bool  # alias core export: of a core instance


class AliasOuter(NamedTuple):
    offset: int
    sort: int
    depth: int
    item: int


class TypeDef(NamedTuple):
    offset: int
    type: DefinedType


class CanonOptions(NamedTuple):
    """Canonical options as written, in order: (code, operand or -1); codes are OPTION_*."""

    options: tuple[tuple[int, int], ...] = ()


OPTION_UTF8: Final = 0
OPTION_UTF16: Final = 1
OPTION_LATIN1_UTF16: Final = 2
OPTION_MEMORY: Final = 3
OPTION_REALLOC: Final = 4
OPTION_POST_RETURN: Final = 5
OPTION_ASYNC: Final = 6
OPTION_CALLBACK: Final = 7


class Canon(NamedTuple):
    """A canonical definition. `code` is the binary's (canons.py has the table, a row each); `operands` in the row's order."""

    offset: int
    code: int
    operands: tuple[int, ...]  # flags, indices, valtypes (None in a result list: NO_RESULT)
    options: CanonOptions = CanonOptions()


NO_RESULT: Final = -0x40  # operand of task.return without a result


class Start(NamedTuple):
    offset: int
    func: int
    args: tuple[int, ...]
    results: int


class Import(NamedTuple):
    offset: int
    name: ExternName
    type: ExternType


class Export(NamedTuple):
    offset: int
    name: ExternName
    sort: int
    item: int
    type: ExternType | None


class Value(NamedTuple):
    offset: int
    type: int
    data: bytes


class Custom(NamedTuple):
    """A custom section, kept as it stands, in its place among the definitions."""

    offset: int
    name: str
    data: bytes


Declaration = CoreTypeDef | TypeDef | AliasExport | AliasOuter | ImportDecl | ExportDecl
Definition = (
    CoreModule | CoreInstantiate | CoreExports | CoreTypeDef | SubComponent | Instantiate | Exports | AliasExport | AliasOuter
    | TypeDef | Canon | Start | Import | Export | Value | Custom
)  # fmt: skip


class Component(NamedTuple):
    """One component: its definitions in order. `end` is the offset one past its last byte, -1 when it came from no binary."""

    definitions: tuple[Definition, ...]
    end: int = -1


# Binary.md: the section that holds each definition.
SECTIONS: Final[dict[type, int]] = {
    Custom: 0, CoreModule: 1, CoreInstantiate: 2, CoreExports: 2, CoreTypeDef: 3, SubComponent: 4, Instantiate: 5, Exports: 5,
    AliasExport: 6, AliasOuter: 6, TypeDef: 7, Canon: 8, Start: 9, Import: 10, Export: 11, Value: 12,
}  # fmt: skip
