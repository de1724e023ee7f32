"""Documentation of a component's items, which its binary lacks: from a `package-docs` section, or from the WIT package that it was made of."""

from __future__ import annotations

import json

from wasm_environ.component import syntax as s
from wasm_environ.component.wit.packages import read_packages
from wasm_environ.component.wit.resolve import resolve
from wasm_environ.component.wit.worlds import interface_of_world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from wasm_environ.component.interface import Interface

    Path = tuple[str, ...]

SECTION: Final = "package-docs"
VERSIONS: Final = (b"\0", b"\1")  # of the section: its first byte, in front of JSON


def from_wit(path: str, world: str | None) -> dict[Path, str]:
    """What a world of a WIT package says of its items. Raises WitError."""
    return interface_of_world(resolve(read_packages(path)).world(world)).docs


def from_section(component: s.Component, interface: Interface) -> dict[Path, str]:
    """What the section says, where there is one that can be read: it is documentation, which nobody relies on."""
    for definition in component.definitions:
        if isinstance(definition, s.Custom) and definition.name == SECTION and bytes(definition.data[:1]) in VERSIONS:
            try:
                package = json.loads(bytes(definition.data[1:]))
                return dict(_package(package, interface))
            except (ValueError, AttributeError, TypeError):
                return {}
    return {}


def _package(package: dict[str, Any], interface: Interface) -> Iterator[tuple[Path, str]]:
    worlds = package.get("worlds", {})
    if len(worlds) == 1:  # whose name no component has
        (world,) = worlds.values()
        yield from _said((), world)
        for kind in ("func_imports", "func_exports", "types"):
            yield from _items((), world.get(kind, {}))
    for name in {*interface.imports, *interface.exports}:
        found = package.get("interfaces", {}).get(name.rpartition("/")[2].partition("@")[0], {})
        yield from _said((name,), found)
        for kind in ("funcs", "types"):
            yield from _items((name,), found.get(kind, {}))


def _items(path: Path, items: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for name, item in items.items():
        yield from _said((*path, name), item)
        for part, docs in item.get("items", {}).items():
            if isinstance(docs, str):
                yield (*path, name, part), docs


def _said(path: Path, item: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    if isinstance(item.get("docs"), str):
        yield path, item["docs"]
