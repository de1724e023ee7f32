"""A package whose files are one: what each file calls otherwise by a `use` at its top has its own name in all of it."""

from __future__ import annotations

from wasm_environ.component.wit import syntax as w

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from wasm_environ.component.wit.packages import PackageText

    Item = TypeVar("Item", w.InterfaceItem, w.WorldItem)

Names = dict[str, w.Path]


def merged(package: PackageText) -> w.File:
    """The package as one file: interfaces, then worlds, each in the order of the files."""
    interfaces: list[w.TopItem] = []
    worlds: list[w.TopItem] = []
    for _, items in package.parts:
        names = {(item.alias or item.path.name).text: item.path for item in items if isinstance(item, w.TopUse)}
        for item in items:
            if isinstance(item, w.Interface):
                interfaces.append(item._replace(items=tuple([_renamed(names, each) for each in item.items])))
            elif isinstance(item, w.World):
                worlds.append(item._replace(items=tuple([_renamed(names, each) for each in item.items])))
    return w.File(w.Package(package.docs, package.name, (*interfaces, *worlds), package.at), ())


def _renamed(names: Names, item: Item) -> Item:
    """An item with the paths that it holds as they are for the whole package."""
    if isinstance(item, (w.Use, w.Include)):
        return item._replace(path=_path(names, item.path))
    if isinstance(item, w.Extern):
        if isinstance(item.item, w.Path):
            return item._replace(item=_path(names, item.item))
        if isinstance(item.item, w.Inline):
            return item._replace(item=w.Inline(tuple([_renamed(names, each) for each in item.item.items])))
    return item


def _path(names: Names, path: w.Path) -> w.Path:
    found = names.get(path.name.text) if path.package is None else None
    return path if found is None else found
