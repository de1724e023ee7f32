"""Documentation and gates of a WIT package in binary form: the custom section `package-docs`, a version byte and JSON, read forgivingly.

    package    {docs, interfaces: {name: interface}, worlds: {name: world}}
    interface  {docs, stability, types: {name: {docs, stability, items: {field: docs}}}, funcs: {full name: {docs, stability} or docs}}
    world      as interface, and interfaces, interface_exports, func_exports by name; interface_import_docs, ..._export_docs and ..._stability by path
    stability  {stable: {since, deprecated}} or {unstable: {feature, deprecated}}
"""

from __future__ import annotations

import json
from typing import final

from wasm_environ.component import syntax as s
from wasm_environ.component.extern_names import is_kebab
from wasm_environ.component.semver import parse_version
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.lexer import FORBIDDEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

SECTION: Final = "package-docs"
VERSIONS: Final = (0, 1)


@final
class Metadata:
    """Of one package; empty where there is no section, or a malformed one."""

    def __init__(self, component: s.Component) -> None:
        self.data: dict[str, Any] = {}
        for definition in component.definitions:
            if isinstance(definition, s.Custom) and definition.name == SECTION and definition.data[:1] and definition.data[0] in VERSIONS:
                try:
                    self.data = _object(json.loads(definition.data[1:]))
                except (ValueError, RecursionError):
                    self.data = {}
        self.docs = _docs(self.data)

    def interface(self, interface: w.Interface) -> w.Interface:
        """An interface with what is told of it."""
        found = _at(self.data, "interfaces", interface.name.text)
        return interface._replace(head=_head(found), items=_items(found, interface.items))

    def world(self, package: w.PackageName, world: w.World) -> w.World:
        """A world with what is told of it."""
        found = _at(self.data, "worlds", world.name.text)
        items: list[w.WorldItem] = []
        for item in world.items:
            if isinstance(item, w.Extern):
                items.append(_extern(found, package, item))
            elif isinstance(item, w.Use):
                items += _uses(found, item)
            else:
                items.append(_definition(found, item) if isinstance(item, w.TypeDef) else item)
        return world._replace(head=_head(found), items=tuple(items))


def _items(found: dict[str, Any], items: tuple[w.InterfaceItem, ...]) -> tuple[w.InterfaceItem, ...]:
    told: list[w.InterfaceItem] = []
    for item in items:
        if isinstance(item, w.Use):
            told += _uses(found, item)
        elif isinstance(item, w.TypeDef):
            told.append(_definition(found, item))
        elif isinstance(item, w.Func):
            told.append(item._replace(head=_func_head(found, "funcs", item.name.text)))
        else:
            told.append(item)
    return tuple(told)


def _uses(found: dict[str, Any], use: w.Use) -> list[w.Use]:
    """A `use`, taken apart where its names have different gates."""
    told: list[w.Use] = []
    for name, other in use.names:
        gate = _head(_at(found, "types", (other or name).text)).gate
        if told and told[-1].head.gate == gate:
            told[-1] = told[-1]._replace(names=(*told[-1].names, (name, other)))
        else:
            told.append(use._replace(head=w.Head("", gate), names=((name, other),)))
    return told


def _definition(found: dict[str, Any], definition: w.TypeDef) -> w.TypeDef:
    type = _at(found, "types", definition.name.text)
    items = _object(type.get("items"))
    fields = [field._replace(docs=_prose(items.get(field.name.text))) for field in definition.fields]
    functions = [func._replace(head=_func_head(found, "funcs", w.full_name(definition, func))) for func in definition.functions]
    return definition._replace(head=_head(type), fields=tuple(fields), functions=tuple(functions))


def _extern(found: dict[str, Any], package: w.PackageName, extern: w.Extern) -> w.Extern:
    """An import or export; what both are called is told of the import, unless there is more of the export."""
    which = "import" if extern.is_import else "export"
    if extern.name is None:
        assert isinstance(extern.item, w.Path)
        path = str(extern.item) if extern.item.package else package.of(extern.item.name.text)
        gate = _gate(_at(found, f"interface_{which}_stability", path))
        return extern._replace(head=w.Head(_prose(_object(found.get(f"interface_{which}_docs")).get(path)), gate, extern.head.external_id))
    name = extern.name.text
    if isinstance(extern.item, w.Func):
        key = "func_exports" if not extern.is_import and name in _object(found.get("func_exports")) else "funcs"
        return extern._replace(head=_func_head(found, key, name)._replace(external_id=extern.head.external_id))
    key = "interface_exports" if not extern.is_import and name in _object(found.get("interface_exports")) else "interfaces"
    inner = _at(found, key, name)
    item = w.Inline(_items(inner, extern.item.items)) if isinstance(extern.item, w.Inline) else extern.item
    return extern._replace(head=_head(inner)._replace(external_id=extern.head.external_id), item=item)


# ---- parts, whatever is in their place


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _at(value: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    return _object(_object(value.get(key)).get(name))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _prose(value: Any) -> str:
    """Documentation, which may hold nothing that WIT may not."""
    return FORBIDDEN.sub("\ufffd", _text(value).replace("\r\n", "\n"))


def _docs(found: dict[str, Any]) -> str:
    return _prose(found.get("docs"))


def _head(found: dict[str, Any]) -> w.Head:
    return w.Head(_docs(found), _gate(_object(found.get("stability"))))


def _func_head(found: dict[str, Any], key: str, name: str) -> w.Head:
    value = _object(found.get(key)).get(name)
    return w.Head(_prose(value)) if isinstance(value, str) else _head(_object(value))


def _gate(stability: dict[str, Any]) -> w.Gate:
    stable, unstable = _object(stability.get("stable")), _object(stability.get("unstable"))
    feature = _text(unstable.get("feature"))
    deprecated = _version((unstable or stable).get("deprecated"))
    if feature and is_kebab(feature):
        return w.Gate("", feature, deprecated)
    since = _version(stable.get("since"))
    return w.Gate(since, "", deprecated) if since else w.NO_GATE


def _version(value: Any) -> str:
    try:
        parse_version(_text(value))
    except ValueError:
        return ""
    return _text(value)
