"""The custom section `package-docs` of a WIT package: its documentation and gates as JSON (`metadata` reads it)."""

from __future__ import annotations

import json

from wasm_environ.component import syntax as s
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.metadata import SECTION, VERSIONS
from wasm_environ.component.wit.names import InterfaceDef, PackageDef, WorldDef
from wasm_environ.component.wit.worlds import elaborated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Object = dict[str, Any]


def section_of(package: PackageDef) -> s.Custom | None:
    """The section; None where there is nothing to tell."""
    worlds = {item.name: _world(item) for item in package.items.values() if isinstance(item, WorldDef)}
    interfaces = {item.name: _interface(item) for item in package.items.values() if isinstance(item, InterfaceDef)}
    data = _told(docs=package.docs, worlds=_told(**worlds), interfaces=_told(**interfaces))
    return s.Custom(-1, SECTION, bytes(VERSIONS[-1:]) + json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()) if data else None


def _told(**parts: Any) -> Object:
    """What is not empty."""
    return {name: part for name, part in parts.items() if part}


def _stability(gate: w.Gate) -> Object:
    if gate.unstable:
        return {"unstable": {"feature": gate.unstable, **_told(deprecated=gate.deprecated)}}
    return {"stable": {"since": gate.since, **_told(deprecated=gate.deprecated)}} if gate.since else {}


def _head(head: w.Head) -> Object:
    return _told(docs=head.docs, stability=_stability(head.gate))


def _interface(interface: InterfaceDef) -> Object:
    return {**_head(interface.head), **_told(funcs=_functions(interface), types=_types(interface))}


def _functions(interface: InterfaceDef) -> Object:
    return _told(**{w.full_name(resource, func): _head(func.head) for resource, func in interface.functions})


def _types(interface: InterfaceDef) -> Object:
    return _told(**{name: _type(interface, name) for name in interface.order})


def _type(interface: InterfaceDef, name: str) -> Object:
    definition = interface.types.get(name)
    if definition is not None:
        return {**_head(definition.head), **_told(items=_told(**{field.name.text: field.docs for field in definition.fields}))}
    uses = [item for item in interface.items if isinstance(item, w.Use)]
    return _head(next(use.head for use in uses if any((other or written).text == name for written, other in use.names)))


def _world(world: WorldDef) -> Object:
    """A world with all that it includes."""
    found: dict[str, Object] = {key: {} for key in KEYS}
    imports, exports = elaborated(world)
    for is_import, entries in ((True, imports), (False, exports)):
        for name, entry in entries.items():
            which = "import" if is_import else "export"
            if entry.type:
                found["types"][name] = _type(entry.world.body, entry.type)
            elif entry.interface is not None and name == entry.interface.id and entry.interface.name:
                found[f"interface_{which}_stability"][name] = _stability(entry.head.gate)
                found[f"interface_{which}_docs"][name] = entry.head.docs
            else:
                kind = "func" if entry.interface is None else "interface"
                told = _head(entry.head) if entry.interface is None else _interface(entry.interface)
                found[f"{kind}s" if is_import else f"{kind}_exports"][name] = told
    return {**_head(world.head), **_told(**{key: _told(**parts) for key, parts in found.items()})}


KEYS = (
    "interfaces", "types", "funcs", "interface_exports", "func_exports", "interface_import_stability", "interface_export_stability",
    "interface_import_docs", "interface_export_docs",
)  # fmt: skip
