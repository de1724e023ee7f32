"""Validation of components: every definition in order, nested components inside out."""

from __future__ import annotations

import gc
from typing import NamedTuple

from wasm_environ.compile_errors import CompileError, InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.validation import canonical, core, definitions, instances
from wasm_environ.component.validation.externs import add_alias, add_export, add_import, declared, item
from wasm_environ.component.validation.scope import COMPONENT, COMPONENT_TYPE, INSTANCE_TYPE, Scope
from wasm_environ.component.validation.subtyping import within
from wasm_environ.component.validation.table import Component, Entity, Instance, Table, check_size
from wasm_environ.component.validation.validator import Validator
from wasm_environ.features import DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_environ.component.validation.validator import CheckedModule
    from wasm_environ.features import Features
    from wasm_environ.registry import TypeRegistry

# What a type may take from outside: sorts of aliases.
TYPE_ALIASES: Final = {s.AliasExport: (s.TYPE, s.INSTANCE), s.AliasOuter: (s.TYPE, s.CORE_TYPE)}
OUTER_SORTS: Final = frozenset((s.CORE_MODULE, s.CORE_TYPE, s.TYPE, s.COMPONENT))


class ComponentInfo(NamedTuple):
    """The type of a component that is valid: what it imports and exports, as rows of `types`; `types.plain` gives those of value and function types in
    `types.structure`. `registry`: of the types of core items. `modules`: all that are defined in it, by their definition's id."""

    types: Table
    registry: TypeRegistry
    imports: dict[str, Entity]
    exports: dict[str, Entity]
    modules: dict[int, CheckedModule]


def validate(component: s.Component, data: bytes = b"", features: Features = DEFAULT, bodies: bool = True) -> ComponentInfo:
    """Check a component completely, core modules included. `data`: its bytes, which offsets count from. Without `bodies`, all but their functions' bodies,
    which a compiler validates as it goes.

    Raises InvalidError with the byte offset of the definition that is wrong, MalformedError for a core module that is none.
    """
    if "component_model" not in features:
        raise InvalidError("unknown binary version: component_model support is not enabled", 4)
    v = Validator(features, bodies)
    pause = gc.isenabled()
    if pause:  # types are many small tuples that stay, which a collection would go through again and again
        gc.disable()
    try:
        found = _component(v, component, None)
    except RecursionError:
        raise InvalidError("type nesting is too deep") from None
    finally:
        if pause:
            gc.enable()
    return ComponentInfo(v.table, v.registry, found.imports, found.exports, v.modules)


def _component(v: Validator, component: s.Component, outer: Scope | None) -> Component:
    scope = Scope(COMPONENT, v.table, v.features, outer)
    for d in component.definitions:
        _define(v, scope, d)
    try:
        for index, (_, used) in enumerate(scope.spaces[s.VALUE]):
            if not used:
                raise InvalidError(f"value index {index} was not used as part of an instantiation, start function, or export")
        return _finish(scope)
    except InvalidError as error:
        raise _placed(error, component.end) from None


def _define(v: Validator, scope: Scope, d: s.Definition | s.Declaration) -> None:
    """One definition or declaration; an error that has no place yet gets this one's."""
    action = ACTIONS.get(type(d))
    if action is not None:
        try:
            action(v, scope, d)
        except CompileError as error:
            raise _placed(error, d.offset) from None


def _placed(error: CompileError, offset: int) -> CompileError:
    return error if error.offset >= 0 or offset < 0 else type(error)(error.message, offset)


def _finish(scope: Scope) -> Component:
    """The type: resources defined here that its exports mention are exported, and none is mentioned by its imports."""
    table = scope.table
    if not scope.defined:
        return Component(scope.imports.items, scope.exports.items, scope.imported, {}, scope.explicit)
    if table.free(scope.imports.items.values()) & scope.defined.keys():
        raise InvalidError("local resource type found in imports")
    free = table.free(scope.exports.items.values())
    mentioned = [number for number in scope.defined if number in free]
    if any(number not in scope.explicit for number in mentioned):
        raise InvalidError("local resource type found in export but not exported itself")
    defined = {number: scope.explicit[number] for number in mentioned}
    return Component(scope.imports.items, scope.exports.items, scope.imported, defined, scope.explicit)


# ---- definitions


def sub_component(v: Validator, scope: Scope, d: s.SubComponent) -> None:
    scope.add(s.COMPONENT, v.table.component(_component(v, d.component, scope)))


def type_definition(v: Validator, scope: Scope, d: s.TypeDef) -> None:
    if isinstance(d.type, s.Resource):
        found = definitions.resource(v, scope, d.type)
    elif isinstance(d.type, s.ComponentType):
        inner = _declarations(v, scope, COMPONENT_TYPE, d.type.declarations)
        found = v.table.component(_finish(inner))
    elif isinstance(d.type, s.InstanceType):
        inner = _declarations(v, scope, INSTANCE_TYPE, d.type.declarations)
        found = v.table.instance(Instance(inner.exports.items, tuple(inner.defined), inner.explicit))
    else:
        found = definitions.define(v, scope, d.type)
    scope.add(s.TYPE, found)


def _declarations(v: Validator, outer: Scope, kind: int, declarations: tuple[s.Declaration, ...]) -> Scope:
    scope = Scope(kind, v.table, v.features, outer)
    for d in declarations:
        _define(v, scope, d)
    return scope


def import_(v: Validator, scope: Scope, d: s.Import | s.ImportDecl) -> None:
    add_import(scope, d.name, d.type)


def export_declaration(v: Validator, scope: Scope, d: s.ExportDecl) -> None:
    add_export(scope, d.name, declared(scope, d.type))


def export(v: Validator, scope: Scope, d: s.Export) -> None:
    """An export is what is ascribed to it, if anything is."""
    entity = item(scope, d.sort, d.item, True)
    if d.type is not None:
        ascribed = declared(scope, d.type)
        try:
            v.subtyping.entity(entity, ascribed)
        except InvalidError as error:
            raise within(error, "ascribed type of export is not compatible with item's type") from None
        entity = ascribed
    add_export(scope, d.name, entity)


def alias_export(v: Validator, scope: Scope, d: s.AliasExport) -> None:
    _check_alias(scope, d)
    if d.core:
        core.alias_export(scope, d)
        return
    if d.sort == s.VALUE:
        scope.need_values()
    found = v.table.row(scope.at(s.INSTANCE, d.instance)).exports.get(d.name)
    if found is None:
        raise InvalidError(f"instance {d.instance} has no export named `{d.name}`")
    if found.sort != d.sort:
        what = "module" if d.sort == s.CORE_MODULE else s.SORT_NAMES[d.sort]
        raise InvalidError(f"export `{d.name}` for instance {d.instance} is not a {what}")
    add_alias(scope, found)


def alias_outer(v: Validator, scope: Scope, d: s.AliasOuter) -> None:
    """Types that are taken into another component mention no resource of this one."""
    _check_alias(scope, d)
    if d.sort not in OUTER_SORTS:
        raise InvalidError(f"outer aliases cannot refer to a {s.SORT_NAMES[d.sort]}")
    found = scope.level(d.depth).at(d.sort, d.item)
    if d.sort == s.TYPE and d.depth > 0:
        below = scope.level(d.depth - 1)
        if below.kind == COMPONENT:
            below.aliased += v.table.info(found).size
            check_size(below.aliased)
            if not v.table.is_closed(found):
                raise InvalidError("cannot alias outer type which transitively refers to resources not defined in the current component")
    scope.add(d.sort, found)


def _check_alias(scope: Scope, d: s.AliasExport | s.AliasOuter) -> None:
    if scope.kind != COMPONENT and (d.sort not in TYPE_ALIASES[type(d)] or getattr(d, "core", False)):
        raise InvalidError("aliases in a component or instance type may only refer to types or instances")


def start(v: Validator, scope: Scope, d: s.Start) -> None:
    """A function that is called with values when the component is instantiated."""
    scope.need_values()
    if scope.has_start:
        raise InvalidError("component cannot have more than one start function")
    func: s.Func = v.table.row(scope.at(s.FUNC, d.func))
    if len(func.params) != len(d.args):
        raise InvalidError(f"component start function requires {len(func.params)} arguments but was given {len(d.args)}")
    results = int(func.result is not None)
    if results != d.results:
        raise InvalidError(f"component start function has a result count of {d.results} but the function type has a result count of {results}")
    for i, ((_, t), arg) in enumerate(zip(func.params, d.args, strict=True)):
        try:
            v.subtyping.value(scope.value(arg), t)
        except InvalidError as error:
            raise within(error, f"value type mismatch for component start function argument {i}") from None
    if func.result is not None:
        scope.add(s.VALUE, [func.result, False])
    scope.has_start = True


def value(v: Validator, scope: Scope, d: s.Value) -> None:
    scope.need_values()
    scope.add(s.VALUE, [scope.value_type(d.type), False])


ACTIONS: Final[dict[type, Callable[[Validator, Scope, Any], None]]] = {
    s.CoreModule: core.core_module, s.CoreInstantiate: core.core_instantiate, s.CoreExports: core.core_exports, s.CoreTypeDef: core.core_type,
    s.SubComponent: sub_component, s.Instantiate: instances.instantiate, s.Exports: instances.exports, s.AliasExport: alias_export,
    s.AliasOuter: alias_outer, s.TypeDef: type_definition, s.Canon: canonical.canon, s.Start: start, s.Value: value, s.Import: import_,
    s.ImportDecl: import_, s.Export: export, s.ExportDecl: export_declaration,
}  # fmt: skip
