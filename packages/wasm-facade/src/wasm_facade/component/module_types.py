"""Types of core modules that components import and export, in the classes of modules."""

from __future__ import annotations

from wasm_environ.component.planning.module_types import core_entity
from wasm_facade.component.types import ModuleType
from wasm_facade.module_types import ModuleTypes, public
from wasm_facade.types import ExportType, ImportType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_environ.registry import TypeRegistry
    from wasm_facade.types import AsExternType
    from wasm_vm.loading import Described


def declared(registry: TypeRegistry, wanted: tuple[Any, ...]) -> ModuleType:
    """Of a module that is imported: what it must be."""
    imports, exports = wanted
    return ModuleType(
        [ImportType(module, name, _public(registry, item)) for module, name, item in imports],
        [ExportType(name, _public(registry, item)) for name, item in exports],
    )


def _public(registry: TypeRegistry, item: tuple[Any, ...]) -> AsExternType:
    return public(registry, *core_entity(registry, item))


def described(described: Described) -> ModuleType:
    """Of a module that is there."""
    types = ModuleTypes(described)
    module = described.module
    return ModuleType(
        [ImportType(i.module, i.name, types.of_import(i)) for i in module.imports], [ExportType(e.name, types.of_export(e)) for e in module.exports]
    )  # fmt: skip
