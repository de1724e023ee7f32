"""A component's imports found in a linker's definitions: the slots filled, or one error that names all that is missing; traps in the place of those."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component.planning.plain import FUNC, INSTANCE, MODULE, RESOURCE
from wasm_environ.component.syntax import Result
from wasm_environ.component.versions import compatible
from wasm_environ.errors import LinkError
from wasm_facade.component.definitions import Definitions, HostResource, TypedFunction
from wasm_facade.module import Module
from wasm_vm import ResourceType, Trap
from wasm_vm.components import Imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_vm.components import LoadedComponent

KINDS = {FUNC: "function", RESOURCE: "resource", MODULE: "module", INSTANCE: "instance"}


class Missing:
    """An import that the linker lacks: the names that lead to it, what it is, and of a Python class or object why."""

    __slots__ = ("kind", "path", "why")

    def __init__(self, path: tuple[str, ...], kind: int, why: str = "") -> None:
        self.path = path
        self.kind = kind
        self.why = why

    def sentence(self) -> str:
        """In wasmtime's words."""
        where = f"instance `{self.path[-2]}` needs" if len(self.path) > 1 else "the component imports"
        return f"{where} {KINDS[self.kind]} `{self.path[-1]}`, but {self.why or 'a matching implementation was not found in the linker'}"

    def __str__(self) -> str:
        names = " ".join(f"`{name}`" for name in self.path)
        return f"{names} ({self.why})" if self.why else names


class Resolver:
    """Fills `imports` for one component."""

    __slots__ = ("component", "imports", "missing", "modules")

    def __init__(self, component: LoadedComponent, imports: Imports) -> None:
        self.component = component
        self.imports = imports
        self.missing: list[Missing] = []
        self.modules: list[Module] = []  # as imports.modules has them

    def run(self, definitions: Definitions) -> None:
        """Raise LinkError unless every import is there."""
        self.items(definitions, self.component.imports, ())
        if self.missing:
            first, *others = self.missing
            also = f"; also missing: {', '.join(map(str, others))}" if others else ""
            raise LinkError(first.sentence() + also)

    def items(self, definitions: Definitions, items: Any, path: tuple[str, ...]) -> None:
        for name, (kind, *fields) in items:
            here = (*path, name)
            if kind == INSTANCE:
                self.instance(compatible(definitions, name), fields[0], here)
            elif kind in KINDS:
                self.item(definitions, kind, fields, here)

    def instance(self, found: Any, items: Any, here: tuple[str, ...]) -> None:
        if found is not None and not isinstance(found, Definitions):
            raise wrong(here, INSTANCE, found)
        if found is None and self.needs(items):
            self.missing.append(Missing(here, INSTANCE))
            return
        self.items(Definitions() if found is None else found, items, here)

    def needs(self, items: Any) -> bool:
        """Whether anything is wanted of an instance but types that are known from elsewhere."""
        return any(
            kind in (FUNC, MODULE) or (kind == RESOURCE and fields[0] not in self.imports.resources) or (kind == INSTANCE and self.needs(fields[0]))
            for _, (kind, *fields) in items
        )

    def item(self, definitions: Definitions, kind: int, fields: Any, here: tuple[str, ...]) -> None:
        name = here[-1]
        if kind == RESOURCE and fields[0] in self.imports.resources:
            self.same(compatible(definitions, name), fields[0], here)
            return
        found: Any
        if kind == FUNC:
            found = definitions.function(name, lambda: gives_result(self.component, fields[1]))
        else:
            found = definitions.resource(name) if kind == RESOURCE else compatible(definitions, name)
        if found is None:
            self.missing.append(Missing(here, kind, definitions.lacks(name) if kind == FUNC else ""))
        else:
            self.fill(here, kind, fields, found)

    def same(self, found: Any, slot: int, here: tuple[str, ...]) -> None:
        """A resource type that another import has given: what the linker has here, if it has any, is that one."""
        type = found.type if isinstance(found, HostResource) else found
        if type is not None and type != self.imports.resources[slot]:
            where = " ".join(f"`{name}`" for name in here)
            raise LinkError(f"import {where}: the component wants the resource type of another of its imports there, and the linker has a different one")

    def fill(self, here: tuple[str, ...], kind: int, fields: Any, found: Any) -> None:
        if kind == FUNC and isinstance(found, TypedFunction):
            self.imports.functions[fields[0]] = found.make(self.component, fields[1])
        elif kind == FUNC and callable(found) and not isinstance(found, (ResourceType, type)):
            self.imports.functions[fields[0]] = found
        elif kind == RESOURCE and isinstance(found, (ResourceType, HostResource)):
            self.imports.resources[fields[0]] = found.type if isinstance(found, HostResource) else found
        elif kind == MODULE and isinstance(found, Module):
            self.check_module(found, fields[0], here)
            self.modules.append(found)
            self.imports.modules.append(found._loaded)
        else:
            raise wrong(here, kind, found)

    def check_module(self, module: Module, number: int, here: tuple[str, ...]) -> None:
        """A module is used as the type says that the component imports it by."""
        from wasm_environ.component.planning.module_types import check

        described = module._loaded.module
        try:
            check(described.registry, described.module, described.type_ids(), self.component.module_imports[number][1:])
        except InvalidError as error:
            raise LinkError(f"import {' '.join(f'`{name}`' for name in here)}: {error.message}") from None


def gives_result(component: LoadedComponent, type: int) -> bool:
    """Whether functions of this type give a `result`."""
    rows = component.types.rows
    result = rows[type].result
    return result is not None and result >= 0 and isinstance(rows[result], Result)


def wrong(path: tuple[str, ...], kind: int, found: Any) -> LinkError:
    what = "an instance" if isinstance(found, Definitions) else f"a {type(found).__name__}"
    return LinkError(f"import {' '.join(f'`{name}`' for name in path)}: expected a {KINDS[kind]}, and the linker has {what}")


def define_traps(definitions: Definitions, items: Any, path: tuple[str, ...] = (), known: set[int] | None = None) -> None:
    """Define what is not there: functions that trap, and resource types; `known`: the slots of those that were seen."""
    known = set() if known is None else known
    for name, (kind, *fields) in items:
        if kind == INSTANCE:
            found = compatible(definitions, name)
            if found is None:
                found = definitions[name] = Definitions()
            if isinstance(found, Definitions):
                define_traps(found, fields[0], (*path, name), known)
        elif kind == FUNC and definitions.function(name, bool) is None:
            definitions[name] = trap((*path, name))
        elif kind == RESOURCE and fields[0] not in known:
            known.add(fields[0])
            if definitions.resource(name) is None:
                definitions[name] = ResourceType(name)


def trap(path: tuple[str, ...]) -> Callable[..., Any]:
    def unknown(*args: object) -> Any:
        raise Trap(f"unknown import: `{'#'.join(path)}` has not been defined")

    return unknown
