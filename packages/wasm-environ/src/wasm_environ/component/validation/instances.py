"""Instances: of components with arguments, and made of items (Explainer.md: Instance Definitions)."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.validation.definitions import no_borrow
from wasm_environ.component.validation.externs import EXPORT, check_name, item
from wasm_environ.component.validation.scope import Externs, Scope
from wasm_environ.component.validation.table import Component, Entity, Instance, Path, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.component.validation.validator import Validator

ARGUMENTS: Final = frozenset((s.CORE_MODULE, s.FUNC, s.VALUE, s.TYPE, s.COMPONENT, s.INSTANCE))


def given(scope: Scope, sort: int, index: int) -> Entity:
    """What is given as an argument, or put into an instance."""
    if sort not in ARGUMENTS:
        raise InvalidError(f"a {s.SORT_NAMES[sort]} cannot be an argument or export of an instance")
    return item(scope, sort, index)


def instantiate(v: Validator, scope: Scope, d: s.Instantiate) -> None:
    """The exports of the component, with what was given for the resources that it imports and fresh ones for those that it defines."""
    component: Component = v.table.row(scope.at(s.COMPONENT, d.component))
    args: dict[str, Entity] = {}
    for name, sort, index in d.args:
        entity = given(scope, sort, index)
        if name in args:
            raise InvalidError(f"instantiation argument `{name}` conflicts with previous argument `{name}`")
        args[name] = entity
    to = v.subtyping.open(args, component.imports, component.imported, "import")
    for number in component.defined:
        fresh = v.table.row(v.table.new_resource()).number
        to.resources[number] = fresh
        scope.defined[fresh] = None
    instance = Instance(to.entities(component.exports), (), to.paths(component.explicit))
    scope.add(s.INSTANCE, v.table.instance(instance))


def exports(v: Validator, scope: Scope, d: s.Exports) -> None:
    """An instance made of items."""
    made = Externs()
    explicit: dict[int, Path] = {}
    for name, sort, index in d.exports:
        entity = given(scope, sort, index)
        if sort == s.INSTANCE:
            for number, path in v.table.row(entity.type).explicit.items():
                explicit[number] = (name.name, *path)
        elif sort == s.TYPE and isinstance(row := v.table.row(entity.type), Resource):
            explicit[row.number] = (name.name,)
        elif sort == s.VALUE:
            no_borrow(scope, entity.type, "exported value type")
        check_name(scope, made, name, entity, EXPORT)
    scope.add(s.INSTANCE, v.table.instance(Instance(made.items, (), explicit)))
