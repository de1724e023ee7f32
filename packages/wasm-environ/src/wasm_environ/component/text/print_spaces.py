"""What a definition adds to which index spaces, as far as that can be told without validating it."""

from __future__ import annotations

from wasm_environ.component import canons
from wasm_environ.component.syntax import (
    COMPONENT,
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MODULE,
    CORE_TYPE,
    FUNC,
    INSTANCE,
    TYPE,
    VALUE,
    AliasExport,
    AliasOuter,
    Canon,
    CoreExports,
    CoreInstantiate,
    CoreModule,
    CoreRecType,
    CoreTypeDef,
    Export,
    ExportDecl,
    Exports,
    Import,
    ImportDecl,
    Instantiate,
    Start,
    SubComponent,
    TypeDef,
    Value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.component.syntax import Declaration, Definition

FIXED: Final[dict[type, int]] = {
    CoreModule: CORE_MODULE, CoreInstantiate: CORE_INSTANCE, CoreExports: CORE_INSTANCE, SubComponent: COMPONENT, Instantiate: INSTANCE,
    Exports: INSTANCE, TypeDef: TYPE, Value: VALUE,
}  # fmt: skip


def defined(d: Definition | Declaration) -> list[int]:
    """The sorts of what it defines, in order."""
    match d:
        case AliasExport() | AliasOuter() | Export():
            return [d.sort]
        case Import() | ImportDecl() | ExportDecl():
            return [d.type.sort]
        case CoreTypeDef():
            return [CORE_TYPE] * (len(d.type.types) if isinstance(d.type, CoreRecType) else 1)
        case Canon():
            return [FUNC if d.code == canons.LIFT else CORE_FUNC]
        case Start():
            return [VALUE] * d.results
    sort = FIXED.get(type(d))
    return [] if sort is None else [sort]
