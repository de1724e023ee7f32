"""Core definitions in a component: modules, their types, instances, and what is taken out of those."""

from __future__ import annotations

from wasm_environ import limits
from wasm_environ.binary.decode import decode
from wasm_environ.compile_errors import CompileError, InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.validation import core_types
from wasm_environ.component.validation.core_validity import check_extern, check_group, check_supertype
from wasm_environ.component.validation.scope import Scope
from wasm_environ.component.validation.table import CoreEntity, Module
from wasm_environ.component.validation.validator import CheckedModule, Validator
from wasm_environ.validation import validate, validate_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


# By kind: what an export that is another thing is told not to be.
KINDS: Final = ("function", "table", "memory", "global", "tag")


def moved(error: CompileError, offset: int) -> CompileError:
    """An error of a module that lies at `offset`, by its place in the whole."""
    return type(error)(error.message, error.offset + offset if error.offset >= 0 and offset >= 0 else offset)


def core_module(v: Validator, scope: Scope, d: s.CoreModule) -> None:
    """A module: valid itself, its imports all different. Its bodies, too, unless whoever asked does that."""
    try:
        if v.bodies:
            module = validate(d.data, v.features)
        else:
            module = decode(d.data, v.features)
            validate_module(module, v.features)
    except CompileError as error:
        raise moved(error, d.offset) from None
    v.modules[id(d)] = CheckedModule(d, module)
    scope.add(s.CORE_MODULE, v.table.module(core_types.module_type(v.registry, module)))


def core_instantiate(v: Validator, scope: Scope, d: s.CoreInstantiate) -> None:
    """Every import of the module is an export of the argument with the module's name."""
    module: Module = v.table.rows[scope.at(s.CORE_MODULE, d.module)]
    args: dict[str, dict[str, CoreEntity]] = {}
    for name, index in d.args:
        instance = scope.at(s.CORE_INSTANCE, index)
        if name in args:
            raise InvalidError(f"duplicate module instantiation argument named `{name}`")
        args[name] = instance
    for (name, field), wanted in module.imports.items():
        if name not in args:
            raise InvalidError(f"missing module instantiation argument named `{name}`")
        given = args[name].get(field)
        if given is None:
            raise InvalidError(f"module instantiation argument `{name}` does not export an item named `{field}`")
        v.subtyping.core(given, wanted, f"type mismatch for export `{field}` of module instantiation argument `{name}`")
    scope.add(s.CORE_INSTANCE, module.exports)


def core_exports(v: Validator, scope: Scope, d: s.CoreExports) -> None:
    """An instance made of items."""
    made: dict[str, CoreEntity] = {}
    for name, sort, index in d.exports:
        if sort > s.CORE_TAG:
            raise InvalidError(f"a core instance cannot export a {s.SORT_NAMES[sort]}")
        entity = CoreEntity(sort, scope.at(sort, index))
        if name in made:
            raise InvalidError(f"duplicate instantiation export name `{name}` already defined")
        made[name] = entity
    scope.add(s.CORE_INSTANCE, made)


def alias_export(scope: Scope, d: s.AliasExport) -> None:
    """An export of a core instance."""
    if d.sort > s.CORE_TAG:
        raise InvalidError(f"a core instance cannot export a {s.SORT_NAMES[d.sort]}")
    found: CoreEntity | None = scope.at(s.CORE_INSTANCE, d.instance).get(d.name)
    if found is None:
        raise InvalidError(f"core instance {d.instance} has no export named `{d.name}`")
    if found.kind != d.sort:
        raise InvalidError(f"export `{d.name}` for core instance {d.instance} is not a {KINDS[d.sort]}")
    scope.add(d.sort, found.type)


# ---- types


def core_type(v: Validator, scope: Scope, d: s.CoreTypeDef) -> None:
    if isinstance(d.type, s.CoreModuleType):
        scope.add(s.CORE_TYPE, -1 - v.table.module(module_type(v, scope, d.type)))
        return
    for id in rec_group(v, scope.spaces[s.CORE_TYPE], d.type):
        scope.add(s.CORE_TYPE, id)


def rec_group(v: Validator, space: list[int], type: s.CoreRecType) -> list[int]:
    """The ids of a rec group whose types follow those of an index space."""
    check_group(type.types, space)
    ids = v.registry.register_group(list(type.types), space)
    for id in ids:
        check_supertype(v.registry, id)
    return ids


def module_type(v: Validator, scope: Scope, type: s.CoreModuleType) -> Module:
    """A module type: it has type indices of its own."""
    space: list[int] = []
    imports: dict[tuple[str, str], CoreEntity] = {}
    exports: dict[str, CoreEntity] = {}
    size = 1
    for d in type.declarations:
        if isinstance(d, s.CoreRecType):
            space += rec_group(v, space, d)
        elif isinstance(d, s.CoreOuterType):
            space.append(_outer_type(scope, space, d))
        else:
            check_extern(v.registry, d.kind, d.type, space)
            entity = core_types.entity(d.kind, d.type, space.__getitem__)
            size += core_types.size(v.registry, entity)
            if isinstance(d, s.CoreImport):
                core_types.add_import(imports, d.module, d.name, entity)
            elif d.name in exports:
                raise InvalidError(f"duplicate export name `{d.name}` already defined")
            else:
                exports[d.name] = entity
        if len(space) > limits.TYPES:
            raise InvalidError(limits.exceeded("types", len(space)))
    return Module(imports, exports, size)


def _outer_type(scope: Scope, space: list[int], d: s.CoreOuterType) -> int:
    if d.depth == 0:
        if d.item >= len(space):
            raise InvalidError(f"unknown type {d.item}: type index out of bounds")
        return space[d.item]
    found: int = scope.level(d.depth - 1).at(s.CORE_TYPE, d.item)
    if found < 0:
        raise InvalidError("not implemented: aliasing core module types into a core module's types index space")
    return found

