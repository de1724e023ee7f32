"""Imports and exports: what they are, what they may be called, and what they bring into a scope."""

from __future__ import annotations

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import extern_names as n
from wasm_environ.component import syntax as s
from wasm_environ.component.validation import visibility
from wasm_environ.component.validation.definitions import no_borrow
from wasm_environ.component.validation.scope import INSTANCE_TYPE, Externs, Scope
from wasm_environ.component.validation.substitution import Substitution
from wasm_environ.component.validation.subtyping import ENTITY_NAMES, within
from wasm_environ.component.validation.table import Component, Entity, Instance, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

IMPORT: Final = "import"
EXPORT: Final = "export"

# Columns: sort of what is imported by a type index, the row that it must be, how that is told.
TYPED: Final[dict[int, tuple[type, str]]] = {
    s.FUNC: (s.Func, "a function type"), s.INSTANCE: (Instance, "an instance type"), s.COMPONENT: (Component, "a component type"),
}  # fmt: skip


def declared(scope: Scope, type: s.ExternType) -> Entity:
    """What an import or an ascription says that something is."""
    table = scope.table
    if type.sort == s.CORE_MODULE:
        found = scope.at(s.CORE_TYPE, type.item)
        if found >= 0:
            raise InvalidError(f"core type index {type.item} is not a module type")
        return Entity(s.CORE_MODULE, -1 - found)
    if type.sort == s.VALUE:
        scope.need_values()
        return Entity(s.VALUE, scope.value_type(type.item) if type.bound == s.OF_TYPE else scope.value(type.item))
    if type.sort == s.TYPE:
        if type.bound == s.SUB_RESOURCE:
            fresh = table.new_resource()
            return Entity(s.TYPE, fresh, fresh)
        referred = scope.at(s.TYPE, type.item)
        return Entity(s.TYPE, referred, table.name(referred))
    row, what = TYPED[type.sort]
    found = scope.at(s.TYPE, type.item)
    if type_of(scope, found) is not row:
        raise InvalidError(f"type index {type.item} is not {what}")
    return Entity(type.sort, found)


def type_of(scope: Scope, t: int) -> type:
    """The class of a type's row."""
    return type(scope.table.row(t))


def item(scope: Scope, sort: int, index: int, renamed: bool = False) -> Entity:
    """What an index stands for, as an argument or export; `renamed`: a type gets a new name."""
    if sort == s.VALUE:
        scope.need_values()
        return Entity(s.VALUE, scope.value(index))
    found = scope.at(sort, index)
    if sort == s.TYPE:
        return Entity(s.TYPE, found, scope.table.name(found) if renamed else found)
    return Entity(sort, found)


def add_import(scope: Scope, name: s.ExternName, type: s.ExternType) -> None:
    """An import, or the declaration of one."""
    entity = _enter(scope, declared(scope, type), name.name, IMPORT)
    _called(scope, scope.imports, name, entity, IMPORT)


def add_export(scope: Scope, name: s.ExternName, entity: Entity) -> None:
    """An export, or the declaration of one."""
    if len(scope.exports.items) >= limits.EXPORTS:
        raise InvalidError(f"exports count exceeds limit of {limits.EXPORTS}")
    entity = _enter(scope, entity, name.name, EXPORT)
    _called(scope, scope.exports, name, entity, EXPORT)


def add_alias(scope: Scope, entity: Entity) -> None:
    """What was aliased gets an index; a type keeps its name."""
    if entity.sort == s.VALUE:
        scope.need_values()
        scope.add(s.VALUE, [entity.type, False])
    else:
        scope.add(entity.sort, entity.created if entity.sort == s.TYPE else entity.type)


def _enter(scope: Scope, e: Entity, name: str, what: str) -> Entity:
    """Give an import or export its index and register its resources and types; returns it with its resources fresh."""
    table = scope.table
    externs = scope.imports if what == IMPORT else scope.exports
    if e.sort == s.TYPE:
        scope.add(s.TYPE, e.created)
        row = table.row(e.created)
        if type(row) is Resource:
            externs.resources[e.created] = name
            externs.resource_names.add(name)
            _enter_resource(scope, e, row.number, name, what)
    elif e.sort == s.INSTANCE:
        e = _enter_instance(scope, e, name, what)
        scope.add(s.INSTANCE, e.type)
    else:
        if e.sort == s.VALUE and what == EXPORT:
            no_borrow(scope, e.type, "exported value type")
        scope.add(e.sort, [e.type, what == EXPORT] if e.sort == s.VALUE else e.type)
    if scope.kind != INSTANCE_TYPE:
        if e.sort == s.TYPE and what == IMPORT and e.type in scope.exports.visible and e.type not in externs.visible:
            raise InvalidError("type not valid to be used as import")  # what an export is called
        others = (scope.exports.visible,) if what == IMPORT else ()
        if not visibility.register(table, e, externs.visible, others):
            raise InvalidError(f"{ENTITY_NAMES[e.sort]} not valid to be used as {what}")
    return e


def _enter_resource(scope: Scope, e: Entity, number: int, name: str, what: str) -> None:
    """Where the resource comes from or can be found; it is a new one when nothing else is referred to."""
    if what == IMPORT:
        if e.created == e.type:
            scope.imported[number] = (name,)
    else:
        if e.created == e.type:
            scope.defined[number] = None
        scope.explicit[number] = (name,)


def _enter_instance(scope: Scope, e: Entity, name: str, what: str) -> Entity:
    """An instance of a type that defines resources brings new ones."""
    table = scope.table
    row: Instance = table.row(e.type)
    if row.defined:
        fresh = {number: table.row(table.new_resource()).number for number in row.defined}
        for number, new in fresh.items():
            if what == IMPORT:
                scope.imported[new] = (name, *row.explicit[number])
            else:
                scope.defined[new] = None
        to = Substitution(table, fresh)
        row = Instance(to.entities(row.exports), (), to.paths(row.explicit))
        e = Entity(s.INSTANCE, table.instance(row))
    if what == EXPORT:
        for number, path in row.explicit.items():
            scope.explicit[number] = (name, *path)
    return e


# ---- names


def _called(scope: Scope, externs: Externs, name: s.ExternName, e: Entity, what: str) -> None:
    """Note an import or export under its name, which must be one, fit what it is, and be unlike the others."""
    check_name(scope, externs, name, e, what)
    externs.size += scope.table.info(e.type).size
    if externs.size >= limits.COMPONENT_TYPE_SIZE:
        raise InvalidError(f"effective type size exceeds the limit of {limits.COMPONENT_TYPE_SIZE}")


def check_name(scope: Scope, externs: Externs, name: s.ExternName, e: Entity, what: str) -> None:
    """The same without the size."""
    text = name.name
    try:
        parsed = n.parse_name(text, scope.features)
    except InvalidError as error:
        raise within(error, f"{what} name `{text}` is not a valid extern name") from None
    if what == EXPORT and parsed.kind in n.NOT_EXPORTS:
        raise InvalidError(f"name `{text}` is not a valid export name")
    _check_attributes(scope, parsed, name, e)
    try:
        n.check_version(parsed, name.version_suffix)
        rule = RULES.get(parsed.kind)
        if rule is not None:
            rule(scope, externs, parsed, e)
    except InvalidError as error:
        raise within(error, f"{what} name `{text}` is not valid") from None
    previous = externs.names.get(parsed.key) or (text if text in externs.items else None)
    if previous is not None:
        raise InvalidError(f"{what} name `{text}` conflicts with previous name `{previous}`")
    externs.names[parsed.key] = text
    externs.items[text] = e


def _check_attributes(scope: Scope, parsed: n.Name, name: s.ExternName, e: Entity) -> None:
    if name.implements is not None:
        scope.need("component_model_implements", "the `cm-implements` feature is not active")
        if parsed.kind != n.LABEL:
            raise InvalidError(f"name `{parsed.text}` is not valid with `implements`")
        if e.sort != s.INSTANCE:
            raise InvalidError("only instances can have an `implements`")
        try:
            interface = n.parse_name(name.implements, scope.features)
        except InvalidError as error:
            raise within(error, f"`{name.implements}` is not a valid name") from None
        if interface.kind != n.INTERFACE:
            raise InvalidError(f"name `{name.implements}` must be an interface")
    if name.version_suffix is not None:
        scope.need("component_model_canon_names", "the `cm-canon-names` feature is not active")
        if e.sort != s.INSTANCE:
            raise InvalidError("only instances can have an `versionsuffix`")
    if name.external_id is not None:
        scope.need("component_model_implements", "the `cm-implements` feature is not active")


def _func(scope: Scope, e: Entity) -> s.Func:
    if e.sort != s.FUNC:
        raise InvalidError("item is not a func")
    row: s.Func = scope.table.row(e.type)
    return row


def _constructor(scope: Scope, externs: Externs, name: n.Name, e: Entity) -> None:
    """It returns (own $resource), or a result of that."""
    func = _func(scope, e)
    if func.is_async:
        raise InvalidError("constructor function cannot be async")
    if func.result is None:
        raise InvalidError("function should return one value")
    row: Any = scope.table.row(func.result)
    if isinstance(row, s.Result) and row.ok is not None:
        row = scope.table.row(row.ok)
    if not isinstance(row, s.Own):
        raise InvalidError("function should return `(own $T)` or `(result (own $T))`")
    _of_resource(externs, row.resource, name)


def _method(scope: Scope, externs: Externs, name: n.Name, e: Entity) -> None:
    """It takes (borrow $resource) first."""
    params = _func(scope, e).params
    if not params:
        raise InvalidError("function should have at least one argument")
    label, t = params[0]
    if label.lower() != "self":
        raise InvalidError("function should have a first argument called `self`")
    row: Any = scope.table.row(t)
    if not isinstance(row, s.Borrow):
        raise InvalidError("function should take a first argument of `(borrow $T)`")
    _of_resource(externs, row.resource, name)


def _static(scope: Scope, externs: Externs, name: n.Name, e: Entity) -> None:
    _func(scope, e)
    if name.resource not in externs.resource_names:
        raise InvalidError("static resource name is not known in this context")


def _of_resource(externs: Externs, resource: int, name: n.Name) -> None:
    """The resource is called what the name says."""
    called = externs.resources.get(resource)
    if called is None:
        raise InvalidError("resource used in function does not have a name in this context")
    if called != name.resource:
        raise InvalidError(f"function does not match expected resource name `{called}`")


RULES: Final = {n.CONSTRUCTOR: _constructor, n.METHOD: _method, n.STATIC: _static}
