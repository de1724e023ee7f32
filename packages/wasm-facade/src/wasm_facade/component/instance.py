"""Instance: an instantiated component, and what it exports."""

from __future__ import annotations

from wasm_environ.component.planning.plain import INSTANCE, MODULE
from wasm_environ.component.versions import compatible
from wasm_environ.errors import ArgumentError, WasmError
from wasm_facade.component.component import ExportIndex, find_export
from wasm_vm import ComponentPre, Instantiation
from wasm_vm.components import export_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from wasm_facade.component.component import Component
    from wasm_facade.module import Module
    from wasm_vm import Caller, ComponentFunc, Store
    from wasm_vm.components import Imports

    Storelike = Store | Caller


class InstancePre(ComponentPre):
    """A component with its imports found, to instantiate many times, in any stores and threads; made by `Linker.instantiate_pre`."""

    __slots__ = ("__dict__", "_imports", "_modules", "component")
    _imports: Imports
    _modules: list[Module]  # those of the imports
    component: Component

    def __new__(cls, *args: Any) -> Self:
        raise WasmError("Cannot directly construct an `InstancePre`: Linker.instantiate_pre makes one")

    @classmethod
    def _of(cls, component: Component, imports: Imports, modules: list[Module]) -> InstancePre:
        made = ComponentPre.__new__(cls, component._loaded, *imports.by_slot(component._loaded), Instance)
        made.component = component
        made._imports = imports
        made._modules = modules
        return made

    def _exports(self, instance: Instance) -> dict[str, Any]:
        loaded = self.component._loaded
        found = export_tree(instance, loaded, self._imports, loaded.exports)
        if self.component._exports_modules:
            self._show_modules(found, loaded.exports)
        return found

    def _show_modules(self, exports: dict[str, Any], items: Any) -> None:
        """Exported core modules as what a program gave, or can give to a linker."""
        for name, (kind, *fields) in items:
            if kind == MODULE:
                exports[name] = self._modules[fields[0]] if fields[1] else self.component._core_module(fields[0])
            elif kind == INSTANCE:
                self._show_modules(exports[name], fields[0])

    def __repr__(self) -> str:
        return f"<InstancePre of {self.component!r}>"


class Instance(Instantiation):
    """An instance of a component in a store; made by `Linker.instantiate`."""

    __slots__ = ("__dict__",)
    _pre: InstancePre
    _found: dict[str, Any] | None

    @property
    def _exports(self) -> dict[str, Any]:
        """Made when it is first asked for."""
        if self._found is None:
            self._found = self._pre._exports(self)
        return self._found

    def exports(self, store: Storelike) -> dict[str, Any]:
        """Functions, resource types and modules by name, and instances as such dicts."""
        self._check(store)
        return dict(self._exports)

    def get_export_index(self, store: Storelike, name: str, instance: ExportIndex | None = None) -> ExportIndex | None:
        """Where the export `name` is, of this instance or of one that it exports; None when there is none."""
        self._check(store)
        return find_export(self._pre.component._loaded.exports, name, instance)

    def get_func(self, store: Storelike, index: ExportIndex | str) -> ComponentFunc | None:
        """The function of that name or index; None when there is none, or it is something else. An import that is exported again is what the linker has."""
        self._check(store)
        if not isinstance(index, (str, ExportIndex)):
            raise ArgumentError(f"index: expected an ExportIndex or a str, not {type(index).__name__}")
        found: Any = self._exports
        for name in (index,) if isinstance(index, str) else index._names:
            found = compatible(found, name) if isinstance(found, dict) else None
        return found if callable(found) else None

    def _check(self, store: Storelike) -> None:
        mine = self._store
        if store is not mine and getattr(store, "store", None) is not mine:
            raise WasmError("object used with the wrong store")

    def __repr__(self) -> str:
        return f"<component Instance, exports {', '.join(map(repr, self._exports)) or 'nothing'}>"
